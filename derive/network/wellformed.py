"""Checks of layers and networks when they are made, and the order in which layers can be computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from derive.language.errors import closest
from derive.network.kinds import RESIZES, Kind, NetworkError, known, whole

if TYPE_CHECKING:
    from derive.network.model import Input, Layer

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
PER_AXIS = ("kernel", "stride", "padding", "dilation", "output_padding", "output_size", "scale", "start", "stop", "step")
_FLAGS = ("ceil_mode", "align_corners", "bias", "gain", "shift")
_COUNTS = ("groups", "cin", "cout")
# fmt: on


def check(each: Layer, ndim: int) -> None:
    """Raise NetworkError, naming the layer, unless its settings are whole numbers that make sense, one per axis."""
    kind = known(each.name, each.op)
    _check_inputs(each, kind)
    for need in sorted(kind.needs):
        if getattr(each, need) in ((), ""):
            raise NetworkError(f"layer {each.name!r}: {each.op} needs {need}")
    for name in PER_AXIS:
        values = getattr(each, name)
        if values and len(values) != ndim:
            raise NetworkError(f"layer {each.name!r}: {name} has {len(values)} values; wanted one for each of {ndim} axes")
    for name, least in _LEAST:
        for value in getattr(each, name):
            if value is not None and (type(value) is not int or value < least):
                raise NetworkError(f"layer {each.name!r}: {name} {whole(each.name, name, value)}; wanted at least {least}")
    for name in _COUNTS:
        value = getattr(each, name)
        if value is not None and (type(value) is not int or value < 1):
            raise NetworkError(f"layer {each.name!r}: {name} {whole(each.name, name, value)}; wanted at least 1")
    for name in _FLAGS:
        if getattr(each, name) not in (True, False):
            raise NetworkError(f"layer {each.name!r}: {name} is {getattr(each, name)!r}; wanted true or false")
    _check_channels(each)
    _check_places(each, ndim)
    _check_resize(each)


def _check_inputs(each: Layer, kind: Kind) -> None:
    count = len(each.inputs)
    if count < kind.least or (kind.most and count > kind.most):
        more = "" if kind.least == kind.most else " or more" if not kind.most else f" to {kind.most}"
        wanted = f"{kind.least}{more}"
        raise NetworkError(f"layer {each.name!r}: {each.op} has {count} inputs, wanted {wanted}")


def _check_channels(each: Layer) -> None:
    for name in ("cin", "cout"):
        value = getattr(each, name)
        if value is not None and value % each.groups:
            raise NetworkError(f"layer {each.name!r}: {name} {value} does not divide into {each.groups} groups")


def _check_places(each: Layer, ndim: int) -> None:
    for name in ("start", "stop"):
        for value in getattr(each, name):
            if value is not None:
                whole(each.name, name, value)
    if not 0 <= whole(each.name, "axis", each.axis) < ndim:
        raise NetworkError(f"layer {each.name!r}: axis {each.axis}; wanted 0 to {ndim - 1}")
    if whole(each.name, "params", each.params) < 0:
        raise NetworkError(f"layer {each.name!r}: params {each.params}; wanted at least 0")


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


def check_input(entry: Input, ndim: int) -> None:
    """Raise NetworkError unless the size is known nowhere or a whole number along each axis."""
    if entry.size is not None:
        if len(entry.size) != ndim:
            raise NetworkError(f"input {entry.name!r}: size {list(entry.size)}; wanted one number for each of {ndim} axes")
        for value in entry.size:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise NetworkError(f"input {entry.name!r}: size {value!r}; wanted a whole number of at least 1")


def in_order(layers: Sequence[Layer], inputs: Sequence[str]) -> tuple[Layer, ...]:
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
