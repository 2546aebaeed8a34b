"""What a network costs: parameters, multiply-adds, operations by a named convention, memory of activations. Exact counts.

Counts are per sample. Sizes may be numbers or formulas: only sums and products of them are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import prod
from typing import Any

from derive.network.model import Layer, Network, NetworkError

Number = Any  # int, or a formula; None where it is not known
Shape = tuple[Number, ...]


@dataclass(frozen=True)
class Cost:
    """What one layer costs; None: not known.

    `params` are trained, `statistics` are kept but not trained (running mean and variance). `macs` are products with a
    weight, each with its addition. The other operations: `bias` additions, `norm` multiplications and additions with
    statistics, `pool` operations (comparisons, additions, a division), `other` (one per element of a sum or activation).
    `elements` come out.
    """

    params: Number = 0
    statistics: Number = 0
    macs: Number = 0
    bias: Number = 0
    norm: Number = 0
    pool: Number = 0
    other: Number = 0
    elements: Number = 0


@dataclass(frozen=True)
class Situation:
    """A layer with the channels and sizes of its first input, and its own."""

    layer: Layer
    cin: Number
    cout: Number
    inputs: Shape
    outputs: Shape

    @property
    def places(self) -> Number:
        """Output positions."""
        return times(*self.outputs)

    @property
    def elements(self) -> Number:
        """Numbers that come out."""
        return times(self.cout, self.places)


@dataclass(frozen=True)
class Price:
    """How an op is counted; `channels` are those that come out."""

    channels: Callable[[Layer, Sequence[Number], Shape], Number]
    cost: Callable[[Situation], Cost]


def times(*factors: Number) -> Number:
    """The product; None if a factor is not known."""
    return None if None in factors else prod(factors)


def plus(*terms: Number) -> Number:
    """The sum; None if a term is not known."""
    return None if None in terms else sum(terms)


def _weights(s: Situation) -> Number:
    """Numbers in the kernel: one per tap, output channel and input channel of its group."""
    return None if None in (s.cin, s.cout) else prod(s.layer.kernel) * s.cout * (s.cin // s.layer.groups)


def _with_bias(s: Situation, weights: Number, macs: Number) -> Cost:
    bias = bool(s.layer.bias)
    return Cost(params=plus(weights, s.cout) if bias else weights, macs=macs, bias=s.elements if bias else 0)


def _conv(s: Situation) -> Cost:
    """Every weight once per output position."""
    weights = _weights(s)
    return _with_bias(s, weights, times(weights, s.places))


def _conv_transpose(s: Situation) -> Cost:
    """Every weight once per input position: that is what is written from it."""
    weights = _weights(s)
    return _with_bias(s, weights, times(weights, *s.inputs))


def _linear(s: Situation) -> Cost:
    weights = times(s.cin, s.cout)
    return _with_bias(s, weights, times(weights, s.places))


def _norm(s: Situation) -> Cost:
    """A gain and a shift per channel; running mean and variance for batch norm; a product and a sum per element."""
    trained = int(s.layer.gain) + int(s.layer.shift)
    kept = 2 if s.layer.op == "bn" else 0
    return Cost(params=times(trained, s.cin), statistics=times(kept, s.cin), norm=times(2, s.elements))


def _pool(s: Situation) -> Cost:
    """One operation per tap."""
    return Cost(pool=times(prod(s.layer.kernel), s.elements))


def _pool_all(s: Situation) -> Cost:
    """One operation per element that goes in."""
    return Cost(pool=times(s.cin, *s.inputs))


def _each(s: Situation) -> Cost:
    return Cost(params=s.layer.params, other=s.elements)


def _sum(s: Situation) -> Cost:
    return Cost(other=times(len(s.layer.inputs) - 1, s.elements))


def _nothing(s: Situation) -> Cost:
    return Cost()


def _unknown(s: Situation) -> Cost:
    return Cost(s.layer.params, *[None] * (len(fields(Cost)) - 1))


def _as_before(layer: Layer, channels: Sequence[Number], size: Shape) -> Number:
    return channels[0]


def _made(layer: Layer, channels: Sequence[Number], size: Shape) -> Number:
    return layer.cout


def _made_or_before(layer: Layer, channels: Sequence[Number], size: Shape) -> Number:
    return channels[0] if layer.cout is None else layer.cout


def _joined(layer: Layer, channels: Sequence[Number], size: Shape) -> Number:
    return plus(*channels)


def _met(layer: Layer, channels: Sequence[Number], size: Shape) -> Number:
    """All alike, or one channel that serves all."""
    known = [(n, c) for n, c in enumerate(channels) if isinstance(c, int) and c != 1]
    for n, c in known[1:]:
        if c != known[0][1]:
            one, other = layer.inputs[known[0][0]], layer.inputs[n]
            raise NetworkError(
                f"layer {layer.name!r} ({layer.op}): its branches differ in channels: {one!r} has {known[0][1]}, {other!r} has {c}"
            )
    return known[0][1] if known else None if None in channels else 1


def _flat(layer: Layer, channels: Sequence[Number], size: Shape) -> Number:
    return times(channels[0], *size)


def _spread(layer: Layer, channels: Sequence[Number], size: Shape) -> Number:
    block = int(prod(layer.scale))
    if isinstance(channels[0], int) and channels[0] % block:
        raise NetworkError(f"layer {layer.name!r} ({layer.op}): {channels[0]} channels do not divide into blocks of {block}")
    return None if channels[0] is None else channels[0] // block


def _gathered(layer: Layer, channels: Sequence[Number], size: Shape) -> Number:
    return times(channels[0], int(prod(layer.scale)))


# fmt: off
PRICES: Mapping[str, Price] = {
    # op                        channels         cost
    "conv":               Price(_made,           _conv),
    "conv_transpose":     Price(_made,           _conv_transpose),
    "max_pool":           Price(_as_before,      _pool),
    "avg_pool":           Price(_as_before,      _pool),
    "lp_pool":            Price(_as_before,      _pool),
    "max_unpool":         Price(_as_before,      _nothing),
    "adaptive_avg_pool":  Price(_as_before,      _pool_all),
    "adaptive_max_pool":  Price(_as_before,      _pool_all),
    "global_pool":        Price(_as_before,      _pool_all),
    "resize":             Price(_as_before,      _each),
    "depth_to_space":     Price(_spread,         _nothing),
    "space_to_depth":     Price(_gathered,       _nothing),
    "pad":                Price(_as_before,      _nothing),
    "crop":               Price(_as_before,      _nothing),
    "slice":              Price(_as_before,      _nothing),
    "add":                Price(_met,            _sum),
    "multiply":           Price(_met,            _sum),
    "concat":             Price(_joined,         _nothing),
    "stack":              Price(_met,            _nothing),
    "gate":               Price(_met,            _sum),
    "pointwise":          Price(_made_or_before, _each),
    "bn":                 Price(_as_before,      _norm),
    "norm":               Price(_as_before,      _norm),
    "linear":             Price(_made,           _linear),
    "flatten":            Price(_flat,           _nothing),
    "attention":          Price(_made_or_before, _unknown),
    "unknown":            Price(_made,           _unknown),
}

# how many operations each kind of count stands for
CONVENTIONS: Mapping[str, Mapping[str, int]] = {
    "2 per multiply-add":  {"macs": 2},
    "1 per multiply-add":  {"macs": 1},
    "TensorFlow profiler": {"macs": 2, "bias": 1, "pool": 1},
    "all arithmetic":      {"macs": 2, "bias": 1, "norm": 1, "pool": 1, "other": 1},
}
# fmt: on


def costs(net: Network, sizes: Mapping[str, Shape]) -> tuple[dict[str, Number], dict[str, Cost], list[str]]:
    """Each layer's channels and cost, and notes on what does not fit together; `sizes` of inputs and layers, per axis.

    Parameters that a layer shares are counted where they stand first.
    """
    channels: dict[str, Number] = {i.name: i.channels for i in net.inputs}
    found: dict[str, Cost] = {}
    notes: list[str] = []
    for each in net.layers:
        before = [channels[name] for name in each.inputs] or [None]
        first = sizes[each.inputs[0]] if each.inputs else (None,) * net.ndim
        price = PRICES[each.op]
        cin = _taken(each, before[0], first, notes)
        channels[each.name] = cout = price.channels(each, before if each.cin is None else [cin, *before[1:]], first)
        _check_groups(each, cin)
        situation = Situation(each, cin, cout, first, sizes[each.name])
        cost = price.cost(situation)
        found[each.name] = _counted(cost, situation, bool(each.shares))
    return channels, found, notes


def _counted(cost: Cost, s: Situation, shares: bool) -> Cost:
    params, kept = (0, 0) if shares else (cost.params, cost.statistics)
    return Cost(params, kept, cost.macs, cost.bias, cost.norm, cost.pool, cost.other, s.elements)


def _taken(each: Layer, channels: Number, size: Shape, notes: list[str]) -> Number:
    """The channels that a layer takes: as it says, or else as its input has them; a difference is noted."""
    if each.cin is None or channels is None or each.cin == channels:
        return channels if each.cin is None else each.cin
    flat = times(channels, *size)
    if each.op == "linear" and each.cin == flat:
        raise NetworkError(f"layer {each.name!r} (linear) takes {each.cin} numbers, its input has {channels} channels: flatten it first")
    notes.append(f"layer {each.name!r} ({each.op}) says that it takes {each.cin} channels, its input has {channels}")
    return each.cin


def _check_groups(each: Layer, cin: Number) -> None:
    if isinstance(cin, int) and cin % each.groups:
        raise NetworkError(f"layer {each.name!r} ({each.op}): {cin} channels do not divide into {each.groups} groups")


def total(costs: Iterable[Cost]) -> Cost:
    """The sum over layers; None where one is not known."""
    each = list(costs)
    return Cost(**{f.name: plus(*(getattr(c, f.name) for c in each)) for f in fields(Cost)})


def operations(cost: Cost, convention: str) -> Number:
    """Operations, counted by a convention of CONVENTIONS."""
    return plus(*(times(weight, getattr(cost, name)) for name, weight in CONVENTIONS[convention].items()))


def peak(net: Network, elements: Mapping[str, Number]) -> Number:
    """The most numbers alive at once, if each result is dropped after its last reader; None where one is not known."""
    if None in elements.values():
        return None
    last = {name: n for n, each in enumerate(net.layers) for name in each.inputs}
    leaving: dict[int, list[str]] = {}
    for name, n in last.items():
        leaving.setdefault(n, []).append(name)
    alive = sum(elements[i.name] for i in net.inputs)
    most = alive
    for n, each in enumerate(net.layers):
        alive += elements[each.name]
        most = max(most, alive)
        alive -= sum(elements[name] for name in leaving.get(n, ()) if name not in net.outputs)
    return most
