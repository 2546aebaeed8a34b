"""Random networks: chains and graphs over all kinds of layers, grown layer by layer while the referee says what fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from derive.network.model import Input, Layer, Network, layer
from derive.network.referee import step
from derive.network.referee_plans import DoesNotFit

Draw = Callable[[Any], Any]
LONGEST = 120


@dataclass(frozen=True)
class Case:
    """A network, and the layer at its end that does not fit, if there is one."""

    net: Network
    misfit: str = ""

    def __repr__(self) -> str:
        rows = [f"  {self.net.inputs[0].size} misfit={self.misfit!r}"]
        for each in self.net.layers:
            plain = Layer(each.name, each.op, each.inputs)
            said = {k: v for k, v in vars(each).items() if v != getattr(plain, k)}
            rows.append(f"  {each.name} = {each.op}({', '.join(each.inputs)}) {said}")
        return "\n".join(("Case", *rows))


def whole(draw: Draw, low: int, high: int) -> int:
    return int(draw(st.integers(low, high)))


def _padding(draw: Draw, reach: int) -> Any:
    choice = whole(draw, 0, 9)
    if choice < 4:
        return (whole(draw, 0, 3),) * 2
    if choice < 7:
        return (whole(draw, -2, 4), whole(draw, -2, 4))
    return ("same", "same_lower", "causal")[choice - 7]


def _conv(draw: Draw) -> dict[str, Any]:
    kernel, dilation = whole(draw, 1, 5), draw(st.sampled_from((1, 1, 1, 2, 3)))
    return {"kernel": kernel, "dilation": dilation, "stride": draw(st.sampled_from((1, 1, 2, 3, 4))), "padding": [_padding(draw, 0)]}


def _pool(draw: Draw) -> dict[str, Any]:
    kernel, ceil = whole(draw, 1, 5), draw(st.booleans())
    half = kernel // 2
    padding = (whole(draw, 0, half), whole(draw, 0, half)) if draw(st.booleans()) else (whole(draw, 0, half),) * 2
    word = None if ceil else draw(st.sampled_from((None, None, "same", "same_lower")))
    return {"kernel": kernel, "stride": whole(draw, 1, 4), "padding": [word or padding], "ceil_mode": ceil}


def _max_pool(draw: Draw) -> dict[str, Any]:
    return {**_pool(draw), "dilation": draw(st.sampled_from((1, 1, 2)))}


def _transposed(draw: Draw) -> dict[str, Any]:
    kernel, stride, dilation = whole(draw, 1, 5), whole(draw, 1, 4), draw(st.sampled_from((1, 1, 2, 3)))
    extra = whole(draw, 0, max(stride, dilation) - 1)
    word = draw(st.sampled_from((None, None, None, "same", "same_lower", "causal")))
    padding = word or draw(st.sampled_from(((0, 0), (1, 1), (2, 2), (0, 1), (2, 0), (-1, 0), (1, -2))))
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": [padding], "output_padding": 0 if word else extra}


def _unpool(draw: Draw) -> dict[str, Any]:
    kernel = whole(draw, 1, 4)
    return {"kernel": kernel, "stride": whole(draw, 1, 4), "padding": [(whole(draw, 0, kernel // 2),) * 2]}


def _adaptive(draw: Draw) -> dict[str, Any]:
    return {"output_size": whole(draw, 1, 12)}


def _resize(draw: Draw) -> dict[str, Any]:
    mode = draw(st.sampled_from(("nearest", "nearest", "nearest_exact", "linear", "linear", "cubic")))
    corners = mode in ("linear", "cubic") and draw(st.booleans())
    if draw(st.booleans()):
        return {"mode": mode, "align_corners": corners, "output_size": whole(draw, 1, 24)}
    scale = draw(st.sampled_from((2, 2, 3, Fraction(1, 2), Fraction(3, 2), Fraction(2, 3), Fraction(1, 3))))
    return {"mode": mode, "align_corners": corners, "scale": scale}


def _pad(draw: Draw) -> dict[str, Any]:
    return {"padding": [(whole(draw, -2, 3), whole(draw, -2, 3))]}


def _crop(draw: Draw) -> dict[str, Any]:
    return {"output_size": whole(draw, 1, 6)} if draw(st.booleans()) else {"padding": [(whole(draw, 0, 2), whole(draw, 0, 2))]}


def _slice(draw: Draw) -> dict[str, Any]:
    stop = draw(st.sampled_from((None, None, -1, -2, 5, 20)))
    return {"start": draw(st.sampled_from((0, 0, 1, 3, -4, -7))), "stop": stop, "step": draw(st.sampled_from((1, 1, 2, 3)))}


def _block(draw: Draw) -> dict[str, Any]:
    return {"scale": whole(draw, 2, 3)}


def _nothing(draw: Draw) -> dict[str, Any]:
    return {}


# fmt: off
ONE: dict[str, Callable[[Draw], dict[str, Any]]] = {
    "conv": _conv, "max_pool": _max_pool, "avg_pool": _pool, "lp_pool": _pool, "conv_transpose": _transposed, "max_unpool": _unpool,
    "adaptive_avg_pool": _adaptive, "adaptive_max_pool": _adaptive, "resize": _resize, "pad": _pad, "crop": _crop, "slice": _slice,
    "depth_to_space": _block, "space_to_depth": _block, "pointwise": _nothing, "bn": _nothing, "global_pool": _nothing, "flatten": _nothing,
    "linear": _nothing, "attention": _nothing,
}
# fmt: on
OFTEN = ("conv", "conv", "conv", "max_pool", "avg_pool", "conv_transpose", "conv_transpose", "resize", *ONE)
COMMON = ("mode", "align_corners", "ceil_mode")  # settings that all axes share
JOINS = ("add", "add", "concat", "multiply")


@st.composite
def networks(draw: Draw, ndim: int = 1, most: int = 7) -> Case:
    """A network with a given input size that fits, or whose last layer does not."""
    size = tuple(whole(draw, 1, 40) for _ in range(ndim))
    marks = {"input": [[1 << n for n in range(s)] for s in size]}
    layers: list[Layer] = []
    for number in range(whole(draw, 1, most)):
        name = f"l{number}"
        each = _join(draw, name, marks, ndim) if layers and whole(draw, 0, 3) == 0 else None
        each = each or _single(draw, name, list(marks)[-1 - min(whole(draw, 0, 4) // 3, len(marks) - 1)], ndim)
        try:
            made = [step(each, axis, [marks[i][axis] for i in each.inputs]) for axis in range(ndim)]
        except DoesNotFit:
            if whole(draw, 0, 2) == 0:
                return Case(Network((*layers, each), ndim, (Input("input", None, size),)), name)
            continue
        if max(map(len, made)) > LONGEST:
            continue
        marks[name] = made
        layers.append(each)
    if not layers:
        layers.append(layer("l", "pointwise", ndim=ndim))
    return Case(Network(tuple(layers), ndim, (Input("input", None, size),)))


def _single(draw: Draw, name: str, read: str, ndim: int) -> Layer:
    op = draw(st.sampled_from(OFTEN))
    several = [ONE[op](draw)]
    for _ in range(ndim - 1):
        other = ONE[op](draw)
        several.append({k: other.get(k, v) if k not in COMMON else v for k, v in several[0].items()})
    settings = {}
    for key, value in several[0].items():
        if key in COMMON:
            settings[key] = value
        else:
            settings[key] = [s[key][0] if key == "padding" else s[key] for s in several]
    if settings.get("ceil_mode") and any(isinstance(p, str) for p in settings["padding"]):
        settings["ceil_mode"] = False
    if op in ("crop", "resize") and ndim > 1:
        settings = {k: several[0][k] if k in COMMON else [several[0][k][0] if k == "padding" else several[0][k]] * ndim
                    for k in several[0]}  # fmt: skip
    return layer(name, op, read, ndim=ndim, **settings)


def _join(draw: Draw, name: str, marks: dict[str, list[list[int]]], ndim: int) -> Layer | None:
    """A layer that reads several others of the same size, where there are any."""
    first = draw(st.sampled_from(sorted(marks)))
    sizes = [len(m) for m in marks[first]]
    others = [n for n in marks if n != first and all(len(m) in (1, s) for m, s in zip(marks[n], sizes, strict=True))]
    if not others:
        return None
    single = [n for n in others if max(map(len, marks[n])) == 1]
    if single and draw(st.booleans()):
        return layer(name, "gate" if len(sizes) == 1 else "multiply", [first, draw(st.sampled_from(sorted(single)))], ndim=ndim)
    chosen = draw(st.lists(st.sampled_from(sorted(others)), min_size=1, max_size=2, unique=True))
    equal = all([len(m) for m in marks[n]] == sizes for n in chosen)
    return layer(name, draw(st.sampled_from(JOINS if equal else ("add", "multiply"))), [first, *chosen], ndim=ndim)
