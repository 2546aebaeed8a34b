"""A network as data: layers with exact whole-number settings per axis, in an order in which each can be computed.

`layer` fills in defaults and takes one number for all axes; `Network` checks names and sorts. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from derive.language.errors import DeriveError, closest

Pad = tuple[int, int] | str
Whole = tuple[int, ...]

PADDINGS = ("same", "same_lower", "valid", "causal")
LARGEST_DENOMINATOR = 1000
RESIZES = ("nearest", "nearest_exact", "linear", "cubic")


class NetworkError(DeriveError):
    """A network that has no meaning, or none at this input size; the message names the layer."""


class UnreadableNetwork(DeriveError):
    """A file, module or text that holds no network that can be read."""


@dataclass(frozen=True)
class Kind:
    """What an op takes: names of its settings, those it cannot do without, and the least and most inputs (0: any number)."""

    settings: frozenset[str]
    needs: frozenset[str] = frozenset()
    least: int = 1
    most: int = 1


def _kind(settings: str, needs: str = "", least: int = 1, most: int = 1) -> Kind:
    return Kind(frozenset(f"{settings} {needs}".split()), frozenset(needs.split()), least, most)


_WINDOW = "stride padding dilation"

# fmt: off
OPS: Mapping[str, Kind] = {
    # op                        settings it may have                                what it needs   inputs: least, most
    "conv":               _kind(f"{_WINDOW} groups cin cout bias",                 "kernel"),
    "conv_transpose":     _kind(f"{_WINDOW} groups cin cout bias output_padding",  "kernel"),
    "max_pool":           _kind(f"{_WINDOW} ceil_mode",                            "kernel"),
    "avg_pool":           _kind("stride padding ceil_mode dilation",               "kernel"),
    "lp_pool":            _kind("stride padding ceil_mode dilation",               "kernel"),
    "max_unpool":         _kind("stride padding output_size",                      "kernel"),  # output_size chooses among those possible
    "adaptive_avg_pool":  _kind("",                                                "output_size"),
    "adaptive_max_pool":  _kind("",                                                "output_size"),
    "global_pool":        _kind(""),                                                           # max or mean over all positions
    "resize":             _kind("scale output_size mode align_corners"),                       # torch's interpolate and Upsample
    "depth_to_space":     _kind("",                                                "scale"),   # pixel shuffle: channels become positions
    "space_to_depth":     _kind("",                                                "scale"),   # pixel unshuffle
    "pad":                _kind("",                                                "padding"), # any filling; negative: crop
    "crop":               _kind("padding output_size",                             "", 1, 2),  # amounts >= 0 to take away; or to the centre
    "slice":              _kind("start stop step"),                                            # positions start, start + step, ... < stop
    "add":                _kind("",                                                "", 2, 0),
    "multiply":           _kind("",                                                "", 2, 0),
    "concat":             _kind("",                                                "", 1, 0),  # along channels
    "stack":              _kind("axis",                                            "axis", 1, 0),  # concatenation along a spatial axis
    "gate":               _kind("",                                                "", 2, 2),  # first input times second: excitation
    "pointwise":          _kind("cout params"),                        # activation, dropout, shuffle or slice of channels
    "bn":                 _kind("cin gain shift"),
    "norm":               _kind("cin gain shift"),              # layer, group and instance norm: pointwise, but for its statistics
    "linear":             _kind("cin cout bias"),
    "flatten":            _kind(""),
    "attention":          _kind("cin cout params"),             # every output position reads every input position
    "unknown":            _kind("cout params",                                     "note", 0, 0),  # whatever comes from it is not known
}
# fmt: on


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
            _check_input(entry, self.ndim)
        for each in self.layers:
            check(each, self.ndim)
        layers = _sorted(self.layers, [i.name for i in self.inputs])
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
    known = _known(name, op)
    wrong = sorted(set(settings) - known.settings - {"shares", "note"})
    if wrong:
        offered = ", ".join(sorted(known.settings)) or "nothing"
        raise NetworkError(f"layer {name!r}: {op} takes no {wrong[0]}; it takes {offered}{closest(wrong[0], known.settings)}")
    values = {key: value for key, value in settings.items() if value is not None or key in ("cin", "cout")}
    for key in known.settings & {"kernel", "stride", "dilation", "output_padding", "start", "step", "scale", "output_size", "stop"}:
        if key in values:
            values[key] = per_axis(name, key, values[key], ndim)
    for key, default in (("dilation", 1), ("output_padding", 0), ("start", 0), ("step", 1), ("stop", None)):
        if key in known.settings:
            values.setdefault(key, (default,) * ndim)
    if "stride" in known.settings:
        values.setdefault("stride", values.get("kernel", ()) if op.endswith("pool") else (1,) * ndim)
    if "scale" in values:
        values["scale"] = tuple(_fraction(name, s) for s in values["scale"])
    if "padding" in known.settings and (op != "crop" or "padding" in values):
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
        return (_whole(name, "padding", value[0]), _whole(name, "padding", value[1]))
    amount = _whole(name, "padding", value)
    return (amount, amount)


def _fraction(name: str, value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Fraction)):
        raise NetworkError(f"layer {name!r}: scale {value!r} is no number")
    try:
        exact = Fraction(repr(value) if isinstance(value, float) else value)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise NetworkError(f"layer {name!r}: scale {value!r} is no number") from None
    near = exact.limit_denominator(LARGEST_DENOMINATOR)
    if abs(near - exact) > exact / 10**12:
        raise NetworkError(f"layer {name!r}: scale {value!r} is no fraction with a denominator up to {LARGEST_DENOMINATOR}")
    return near


def _whole(name: str, what: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise NetworkError(f"layer {name!r}: {what} {value!r} is no whole number")
    return value


def _known(name: str, op: str) -> Kind:
    if op not in OPS:
        raise NetworkError(f"layer {name!r}: there is no op {op!r}{closest(op, OPS)}; an op that is not known is written as unknown")
    return OPS[op]


# fmt: off
_LEAST = (
    # setting           least value
    ("kernel",          1),
    ("stride",          1),
    ("dilation",        1),
    ("output_padding",  0),
    ("output_size",     1),
    ("step",            1),
)
_COUNTS = ("groups", "cin", "cout")
# fmt: on


def check(each: Layer, ndim: int) -> None:
    """Raise NetworkError, naming the layer, unless its settings are whole numbers that make sense, one per axis."""
    known = _known(each.name, each.op)
    _check_inputs(each, known)
    for need in sorted(known.needs):
        if getattr(each, need) in ((), ""):
            raise NetworkError(f"layer {each.name!r}: {each.op} needs {need}")
    for name in ("kernel", "stride", "dilation", "output_padding", "output_size", "scale", "start", "stop", "step", "padding"):
        values = getattr(each, name)
        if len(values) not in (0, ndim):
            raise NetworkError(f"layer {each.name!r}: {name} has {len(values)} values; wanted one for each of {ndim} axes")
    for name, least in _LEAST:
        for value in getattr(each, name):
            if value is not None and _whole(each.name, name, value) < least:
                raise NetworkError(f"layer {each.name!r}: {name} {value}; wanted at least {least}")
    for name in _COUNTS:
        value = getattr(each, name)
        if value is not None and _whole(each.name, name, value) < 1:
            raise NetworkError(f"layer {each.name!r}: {name} {value}; wanted at least 1")
    _check_channels(each)
    _check_resize(each)


def _check_inputs(each: Layer, known: Kind) -> None:
    count = len(each.inputs)
    if count < known.least or (known.most and count > known.most):
        more = "" if known.least == known.most else " or more" if not known.most else f" to {known.most}"
        wanted = f"{known.least}{more}"
        raise NetworkError(f"layer {each.name!r}: {each.op} has {count} inputs, wanted {wanted}")


def _check_channels(each: Layer) -> None:
    for name in ("cin", "cout"):
        value = getattr(each, name)
        if value is not None and value % each.groups:
            raise NetworkError(f"layer {each.name!r}: {name} {value} does not divide into {each.groups} groups")


def _check_resize(each: Layer) -> None:
    if each.op == "resize" and bool(each.scale) == bool(each.output_size):
        raise NetworkError(f"layer {each.name!r}: resize needs either scale or output_size")
    if each.mode not in RESIZES:
        raise NetworkError(f"layer {each.name!r}: mode {each.mode!r}; wanted one of {', '.join(RESIZES)}{closest(each.mode, RESIZES)}")
    for scale in each.scale:
        if scale <= 0:
            raise NetworkError(f"layer {each.name!r}: scale {scale}; wanted more than 0")
        if each.op in ("depth_to_space", "space_to_depth") and scale.denominator != 1:
            raise NetworkError(f"layer {each.name!r}: the block {scale} of {each.op} is no whole number")


def _check_input(entry: Input, ndim: int) -> None:
    if entry.size is not None:
        if len(entry.size) != ndim:
            raise NetworkError(f"input {entry.name!r}: size {list(entry.size)}; wanted one number for each of {ndim} axes")
        for value in entry.size:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise NetworkError(f"input {entry.name!r}: size {value!r}; wanted a whole number of at least 1")


def _sorted(layers: Sequence[Layer], inputs: Sequence[str]) -> tuple[Layer, ...]:
    """The layers, each after what it reads, in the given order as far as possible."""
    known = _names(layers, inputs)
    for each in layers:
        for name in each.inputs:
            if name not in known:
                raise NetworkError(f"layer {each.name!r} reads {name!r}, which is no layer and no input{closest(name, known)}")
    done = set(inputs)
    for each in layers:
        if not done.issuperset(each.inputs):
            return _finish(layers, inputs)
        done.add(each.name)
    return tuple(layers)


def _finish(layers: Sequence[Layer], inputs: Sequence[str]) -> tuple[Layer, ...]:
    """Kahn's ordering; what remains contains a cycle, which is named."""
    waits = {each.name: set(each.inputs) - set(inputs) for each in layers}
    readers: dict[str, list[str]] = {}
    for name, needs in waits.items():
        for need in needs:
            readers.setdefault(need, []).append(name)
    by_name = {each.name: each for each in layers}
    queue = [name for name, needs in waits.items() if not needs]
    order: list[Layer] = []
    for name in queue:
        order.append(by_name[name])
        for reader in readers.get(name, ()):
            waits[reader].discard(name)
            if not waits[reader]:
                queue.append(reader)
    if len(order) < len(layers):
        raise NetworkError(f"the network has a cycle: {' -> '.join(_cycle(waits))}; a layer cannot read what depends on it")
    return tuple(order)


def _cycle(waits: Mapping[str, set[str]]) -> list[str]:
    """A cycle among layers that wait for each other, in the direction in which values would flow."""
    name = next(n for n, needs in waits.items() if needs)
    seen: list[str] = []
    while name not in seen:
        seen.append(name)
        name = min(waits[name])
    return [*seen[seen.index(name) :], name][::-1]


def _names(layers: Iterable[Layer], inputs: Iterable[str]) -> set[str]:
    names: set[str] = set()
    for name in (*inputs, *(each.name for each in layers)):
        if not isinstance(name, str) or not name:
            raise NetworkError(f"a layer's name is {name!r}; wanted text")
        if name in names:
            raise NetworkError(f"two layers are named {name!r}; wanted one name for each")
        names.add(name)
    return names
