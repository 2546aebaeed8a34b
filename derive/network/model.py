"""A network as data: layers with exact whole-number settings per axis, in an order in which each can be computed.

`layer` fills in defaults and takes one number for all axes; `Network` checks names and sorts. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from derive.language.errors import closest
from derive.network.kinds import OPS, PADDINGS, RESIZES, NetworkError, Pad, UnreadableNetwork, Whole, known, whole
from derive.network.wellformed import PER_AXIS, check, check_input, in_order

LARGEST_DENOMINATOR = 1000


@dataclass(frozen=True)
class Input:
    """An input of a network: its channels and its size along each spatial axis, where they are known."""

    name: str = "input"
    channels: int | None = None
    size: Whole | None = None


@dataclass(frozen=True)
class Layer:
    """One op of a network. Settings that the op does not have keep their defaults; `layer` makes one.

    `padding` holds, per axis, (before, after) with negative numbers for a crop, or a word of PADDINGS ("same": the odd
    position goes after; "same_lower": before; "causal": all before). `output_size` is for adaptive pooling, resizing to
    a size and cropping to a size; an axis may be None there (left as it is). `scale` is the factor of a resize, or the
    block of depth_to_space. `start`, `stop`, `step` belong to a slice (stop None: to the end). `shares` names the layer
    whose parameters this one uses. `params` counts parameters that no rule knows. `note` says what an unknown op is.
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ("input",)
    kernel: Whole = ()
    stride: Whole = ()
    padding: tuple[Pad, ...] = ()
    dilation: Whole = ()
    output_padding: Whole = ()
    output_size: tuple[int | None, ...] = ()
    scale: tuple[Fraction, ...] = ()
    start: Whole = ()
    stop: tuple[int | None, ...] = ()
    step: Whole = ()
    mode: str = "nearest"
    align_corners: bool = False
    ceil_mode: bool = False
    axis: int = 0
    groups: int = 1
    cin: int | None = None
    cout: int | None = None
    bias: bool = False
    gain: bool = True
    shift: bool = True
    params: int = 0
    shares: str = ""
    note: str = ""


@dataclass(frozen=True)
class Network:
    """Layers in computing order (sorted here where need be), over inputs with `ndim` spatial axes.

    `outputs` are the layers whose results count; () means those that no other layer reads.
    """

    layers: tuple[Layer, ...]
    ndim: int
    inputs: tuple[Input, ...] = (Input(),)
    outputs: tuple[str, ...] = ()
    name: str = ""
    index: Mapping[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.ndim < 1:
            raise NetworkError(f"a network needs at least one spatial axis; got ndim {self.ndim}")
        for entry in self.inputs:
            check_input(entry, self.ndim)
        for each in self.layers:
            check(each, self.ndim)
        layers = in_order(self.layers, [i.name for i in self.inputs])
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "index", {each.name: n for n, each in enumerate(layers)})
        for name in self.outputs:
            self[name]

    def __getitem__(self, name: str) -> Layer:
        if name not in self.index:
            raise NetworkError(f"there is no layer {name!r}{closest(name, self.index)}")
        return self.layers[self.index[name]]

    def ends(self) -> tuple[str, ...]:
        """The outputs: those named, or else the layers that no other layer reads."""
        read = {name for each in self.layers for name in each.inputs}
        return self.outputs or tuple(each.name for each in self.layers if each.name not in read)


def resized(net: Network, size: Sequence[int] | None) -> Network:
    """The same network with another size of its first input (None: unknown)."""
    first, *others = net.inputs
    return replace(net, inputs=(replace(first, size=None if size is None else tuple(size)), *others))


def layer(name: str, op: str, inputs: str | Sequence[str] = ("input",), *, ndim: int, **settings: Any) -> Layer:
    """A layer with defaults filled in; a whole number stands for itself along every axis.

    `padding` is a number, a word of PADDINGS, one number or word per axis, or one pair per axis. A pool without a
    stride moves by its kernel. Raises NetworkError naming the layer.

    >>> layer("c", "conv", kernel=3, padding=1, ndim=2).padding
    ((1, 1), (1, 1))
    """
    kind = known(name, op)
    wrong = sorted(set(settings) - kind.settings - {"shares", "note"})
    if wrong:
        offered = ", ".join(sorted(kind.settings)) or "nothing"
        raise NetworkError(f"layer {name!r}: {op} takes no {wrong[0]}; it takes {offered}{closest(wrong[0], kind.settings)}")
    values = {key: value for key, value in settings.items() if value is not None or key in ("cin", "cout")}
    for key in kind.settings & {"kernel", "stride", "dilation", "output_padding", "start", "step", "scale", "output_size", "stop"}:
        if key in values:
            values[key] = per_axis(name, key, values[key], ndim)
    for key, default in (("dilation", 1), ("output_padding", 0), ("start", 0), ("step", 1), ("stop", None)):
        if key in kind.settings:
            values.setdefault(key, (default,) * ndim)
    if "stride" in kind.settings:
        values.setdefault("stride", values.get("kernel", ()) if op.endswith("pool") else (1,) * ndim)
    if "scale" in values:
        values["scale"] = tuple(_fraction(name, s) for s in values["scale"])
    if "padding" in kind.settings and (op != "crop" or "padding" in values):
        values["padding"] = pads(name, values.get("padding", 0), ndim)
    made = Layer(name, op, (inputs,) if isinstance(inputs, str) else tuple(inputs), **values)
    check(made, ndim)
    return made


def per_axis(name: str, what: str, value: Any, ndim: int) -> tuple[Any, ...]:
    """One value per axis: a single one stands for all."""
    if isinstance(value, (list, tuple)):
        found = tuple(value) * (ndim if len(value) == 1 else 1)
        if len(found) != ndim:
            raise NetworkError(f"layer {name!r}: {what} has {len(found)} values, {list(value)}; wanted one for each of {ndim} axes")
        return found
    return (value,) * ndim


def pads(name: str, value: Any, ndim: int) -> tuple[Pad, ...]:
    """Padding as (before, after) or a word, per axis."""
    return tuple(_pad(name, each) for each in per_axis(name, "padding", value, ndim))


def _pad(name: str, value: Any) -> Pad:
    if isinstance(value, str):
        word = value.lower()
        word = "same" if word == "same_upper" else word
        if word not in PADDINGS:
            known = ", ".join(PADDINGS)
            raise NetworkError(f"layer {name!r}: padding {value!r}; wanted a number, a pair or {known}{closest(word, PADDINGS)}")
        return word
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            raise NetworkError(f"layer {name!r}: padding {list(value)} of one axis; wanted a number or a pair (before, after)")
        return (whole(name, "padding", value[0]), whole(name, "padding", value[1]))
    amount = whole(name, "padding", value)
    return (amount, amount)


def _fraction(name: str, value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Fraction)):
        raise NetworkError(f"layer {name!r}: scale {value!r} is no number")
    try:
        exact = Fraction(repr(value) if isinstance(value, float) else value)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise NetworkError(f"layer {name!r}: scale {value!r} is no number") from None
    near = exact.limit_denominator(LARGEST_DENOMINATOR)
    if abs(near - exact) > abs(exact) / 10**12:
        raise NetworkError(f"layer {name!r}: scale {value!r} is no fraction with a denominator up to {LARGEST_DENOMINATOR}")
    return near


__all__ = [
    "OPS",
    "PADDINGS",
    "PER_AXIS",
    "RESIZES",
    "Input",
    "Layer",
    "Network",
    "NetworkError",
    "Pad",
    "UnreadableNetwork",
    "Whole",
    "check",
    "layer",
    "pads",
    "per_axis",
    "resized",
]
