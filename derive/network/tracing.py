"""Writing down a network while following a framework's graph: values with named axes, layers under readable names.

Shared by the readers; knows no framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from derive.network.model import Input, Layer, Network, UnreadableNetwork, layer

Shape = tuple[int, ...]
BATCH, CHANNEL = "batch", "channel"
Axis = str | int  # BATCH, CHANNEL, or the number of a spatial axis


@dataclass(frozen=True)
class Value:
    """What a layer makes: the layer's name (or the input's), what each of its axes means, and its shape where it is known."""

    name: str
    axes: tuple[Axis, ...]
    shape: Shape | None = None

    @property
    def channels(self) -> int | None:
        """How many channels it has, where that is known."""
        return self.shape[self.axes.index(CHANNEL)] if self.shape and CHANNEL in self.axes else None

    def positions(self) -> tuple[int, ...] | None:
        """Its size along each spatial axis, where it is known."""
        return tuple(n for n, a in zip(self.shape, self.axes, strict=True) if isinstance(a, int)) if self.shape else None


@dataclass(frozen=True)
class Parameter:
    """A tensor of weights: its name in the model, and its shape."""

    name: str
    shape: Shape

    @property
    def owner(self) -> str:
        """The module that it belongs to."""
        return self.name.rpartition(".")[0]

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        total = 1
        for n in self.shape:
            total *= n
        return total


@dataclass(frozen=True)
class Unclear:
    """A number that is not known here, and why."""

    why: str


class NotUnderstood(Exception):
    """An op, or a use of it, that has no layer here; the message says which."""


@dataclass
class Sheet:
    """The layers written down so far."""

    ndim: int
    inputs: list[Input] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)

    def usual(self) -> tuple[Axis, ...]:
        """The axes of an image, batch first."""
        return (BATCH, CHANNEL, *range(self.ndim))

    def enter(self, entry: Input, shape: Shape | None) -> Value:
        """An input of the network."""
        self.inputs.append(entry)
        self.names.add(entry.name)
        return Value(entry.name, self.usual(), shape)

    def write(self, wish: str, op: str, inputs: Iterable[Value], like: Value, shape: Shape | None, **settings: Any) -> Value:
        """Add a layer, under the wished name if that is free; its value has the axes of `like`."""
        name = self.free(wish)
        self.layers.append(layer(name, op, [v.name for v in inputs], ndim=self.ndim, **settings))
        return Value(name, like.axes, shape)

    def weighted(
        self, weight: Parameter | None, wish: str, op: str, inputs: Iterable[Value], like: Value, shape: Shape | None, **more: Any
    ) -> Value:
        """Add a layer with weights: named after their owner; a second use of the same weights shares them."""
        if weight is None:
            return self.write(wish, op, inputs, like, shape, **more)
        first = self.owners.get(weight.name)
        made = self.write(weight.owner or wish, op, inputs, like, shape, **more)
        if first is None:
            self.owners[weight.name] = made.name
        else:
            self.layers[-1] = replace(self.layers[-1], shares=first)
        return made

    def unknown(self, wish: str, note: str, inputs: Iterable[Value], shape: Shape | None) -> Value:
        """Add an op that has no layer here: from it on, nothing is known."""
        usual = self.usual()
        made = self.write(wish, "unknown", inputs, Value("", usual), None, note=note)
        axes = usual if shape is None or len(shape) == len(usual) else tuple([BATCH, CHANNEL, *range(9)][: len(shape)])
        return Value(made.name, axes, shape)

    def free(self, wish: str) -> str:
        """The wished name, or the first of wish_1, wish_2, ... that no layer has."""
        name, count = wish, 0
        while name in self.names:
            count += 1
            name = f"{wish}_{count}"
        self.names.add(name)
        return name

    def network(self, name: str, outputs: Sequence[str]) -> Network:
        """What was written down. Raises UnreadableNetwork where it is nothing."""
        if not self.layers:
            raise UnreadableNetwork(f"{name or 'the model'} has no layers")
        layers = _slices_joined(self.layers, outputs)
        known = {each.name for each in layers}
        return Network(tuple(layers), self.ndim, tuple(self.inputs), tuple(dict.fromkeys(o for o in outputs if o in known)), name)


def _slices_joined(layers: Sequence[Layer], outputs: Sequence[str]) -> list[Layer]:
    """A slice of a slice along another axis, which nothing else reads, as one slice: some frameworks slice one axis at a time."""
    reads = [name for each in layers for name in each.inputs] + list(outputs)
    made: dict[str, Layer] = {}
    for each in layers:
        before = made.get(each.inputs[0]) if each.inputs else None
        if each.op == "slice" and before is not None and before.op == "slice" and reads.count(before.name) == 1:
            cuts = [_one_cut(*pair) for pair in zip(_cuts(before), _cuts(each), strict=True)]
            if None not in cuts:
                start, stop, step = zip(*(c for c in cuts if c), strict=True)
                del made[before.name]
                each = replace(each, inputs=before.inputs, start=start, stop=stop, step=step)
        made[each.name] = each
    return list(made.values())


def _cuts(each: Layer) -> list[tuple[int, int | None, int]]:
    return list(zip(each.start, each.stop, each.step, strict=True))


def _one_cut(first: tuple[int, int | None, int], second: tuple[int, int | None, int]) -> tuple[int, int | None, int] | None:
    whole = (0, None, 1)
    return second if first == whole else first if second == whole else None


# What several frameworks have in common: rules over values whose axes have meanings.


def spatial_only(value: Value, sheet: Sheet) -> None:
    """Raise NotUnderstood unless the axes are batch, channel and then positions."""
    if value.axes != sheet.usual():
        raise NotUnderstood(f"of {_axes(value)}, wanted {_axes(Value('', sheet.usual()))}")


def _axes(value: Value) -> str:
    return f"({', '.join(a if isinstance(a, str) else f'axis {a}' for a in value.axes)})"


def joined(sheet: Sheet, wish: str, values: Sequence[Value], dim: int, shape: Shape | None) -> Value:
    """Values side by side along one of their axes."""
    axes = values[0].axes
    if any(v.axes != axes for v in values):
        raise NotUnderstood("of values with different axes")
    axis = axes[dim]
    if axis == CHANNEL:
        return sheet.write(wish, "concat", values, values[0], shape)
    if axis == BATCH:
        raise NotUnderstood("along the batch")
    return sheet.write(wish, "stack", values, values[0], shape, axis=axis)


def together(sheet: Sheet, wish: str, op: str, values: Sequence[Value], shape: Shape | None) -> Value:
    """Sum, product and the like of several values, position by position; one of single positions gates the other."""
    if len(values) == 1:
        return sheet.write(wish, "pointwise", values, values[0], shape)
    main = max(values, key=lambda v: len(v.axes))
    if any(v.axes != main.axes[len(main.axes) - len(v.axes) :] for v in values):
        raise NotUnderstood("of values with different axes")
    sizes = [v.positions() for v in values]
    single = [s is not None and set(s) <= {1} for s in sizes]
    if op == "multiply" and len(values) == 2 and single[0] != single[1] and None not in sizes:
        return sheet.write(wish, "gate", values[:: -1 if single[0] else 1], main, shape)
    return sheet.write(wish, op, values, main, shape)


def permuted(value: Value, order: Sequence[int], shape: Shape | None) -> Value:
    """The same values with their axes in another order: no layer at all."""
    axes = tuple(value.axes[d] for d in order)
    made = tuple(value.shape[d] for d in order) if value.shape else shape
    return Value(value.name, axes, made)


def reshaped(sheet: Sheet, wish: str, value: Value, shape: Shape | None) -> Value:
    """The same numbers in another shape: a flattening, or a regrouping of channels; else NotUnderstood."""
    if shape is None or value.shape is None:
        raise NotUnderstood("to a shape that is not known")
    if shape == value.shape:
        return value
    places = value.positions() or ()
    if value.axes[0] == BATCH and len(shape) == 2 and shape[0] == value.shape[0]:
        flat = Value("", (BATCH, CHANNEL))
        return sheet.write(wish, "flatten", [value], flat, shape) if places else Value(value.name, flat.axes, shape)
    spatial = len(places)
    kept = value.axes[len(value.axes) - spatial :] == tuple(range(spatial)) and shape[len(shape) - spatial :] == places
    if kept and shape[0] == value.shape[0] and value.axes[0] == BATCH and spatial:
        if len(shape) == spatial + 2:
            return sheet.write(wish, "pointwise", [value], Value("", sheet.usual()), shape, cout=shape[1])
        return Value(value.name, (BATCH, *(f"channel {n}" for n in range(len(shape) - spatial - 1)), *range(spatial)), shape)
    raise NotUnderstood(f"from shape {value.shape} to {shape}")


def cut(sheet: Sheet, wish: str, value: Value, cuts: dict[int, tuple[int, int | None, int]], shape: Shape | None) -> Value:
    """Some positions or channels of a value: start, stop and step by dimension."""
    cuts = {d: c for d, c in cuts.items() if c != (0, None, 1)}
    made = value
    places: dict[int, tuple[int, int | None, int]] = {}
    for dim, each in cuts.items():
        axis = value.axes[dim]
        if isinstance(axis, int):
            places[axis] = each
        elif axis == BATCH:
            raise NotUnderstood("along the batch")
    if places:
        whole = [places.get(axis, (0, None, 1)) for axis in range(sheet.ndim)]
        start, stop, step = (list(column) for column in zip(*whole, strict=True))
        made = sheet.write(wish, "slice", [value], value, shape, start=start, stop=stop, step=step)
    if len(places) < len(cuts):
        if shape is None:
            raise NotUnderstood("of channels, how many is not known")
        made = sheet.write(wish, "pointwise", [made], value, shape, cout=shape[value.axes.index(CHANNEL)])
    return Value(made.name, value.axes, shape)


def averaged(sheet: Sheet, wish: str, value: Value, dims: Iterable[int], keep: bool, shape: Shape | None) -> Value:
    """The mean, maximum or sum over whole axes: of all positions, or of channels."""
    over = {value.axes[d] for d in dims}
    left = value.axes if keep else tuple(a for a in value.axes if a not in over)
    if over == set(range(sheet.ndim)):
        made = sheet.write(wish, "global_pool", [value], value, shape)
    elif over == {CHANNEL} and keep:
        made = sheet.write(wish, "pointwise", [value], value, shape, cout=1)
    else:
        raise NotUnderstood(f"over {', '.join(str(a) for a in sorted(map(str, over)))} of {_axes(value)}")
    return Value(made.name, left, shape)


def matched(sheet: Sheet, weight: Parameter, wish: str, value: Value, shape: Shape | None, cin: int, cout: int, bias: bool) -> Value:
    """A linear layer over the last axis: of a vector, or, channels last, of each position: a convolution with one tap."""
    if value.axes[-1] != CHANNEL:
        raise NotUnderstood(f"over the last axis of {_axes(value)}")
    if not any(isinstance(a, int) for a in value.axes):
        return sheet.weighted(weight, wish, "linear", [value], value, shape, cin=cin, cout=cout, bias=bias)
    return sheet.weighted(weight, wish, "conv", [value], value, shape, kernel=1, cin=cin, cout=cout, bias=bias)
