"""A network along one axis: sizes and receptive fields of all layers, in one pass in computing order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from derive.network.arithmetic import NUMBERS
from derive.network.fields import INPUT, Field, JumpsDiffer, Mixed, NotKnown, State, apart, everything, meeting, through
from derive.network.maps import Map
from derive.network.model import PER_AXIS, Layer, Network, NetworkError
from derive.network.rules import RULES, Rule
from derive.network.windows import Along

MOST_RESIDUES = 512
FAR = 10**9
ACROSS = ("stack",)  # ops whose axis is a setting


@dataclass(frozen=True)
class Apart:
    """Two branches that meet, and by how many input positions the centres of the second lie after those of the first, by phase."""

    one: str
    other: str
    by: tuple[Fraction, ...]


@dataclass(frozen=True)
class Lane:
    """Along one axis: each layer's size, what its outputs read, and which branches that meet in it are not centred alike."""

    sizes: dict[str, int | None]
    states: dict[str, State]
    apart: dict[str, tuple[Apart, ...]]


@dataclass(frozen=True)
class Survey:
    """The lanes of an axis: one where the size is known or does not matter, else one per remainder of the size by `modulus`.

    Remainders at which the network does not fit together are left out.
    """

    lanes: tuple[Lane, ...]
    modulus: int = 1


def survey(net: Network, axis: int, source: str) -> Survey:
    """What is known along an axis about the fields on the input `source`, over all input sizes where none is given."""
    lane = follow(net, axis, source, _given(net, axis))
    if None not in _given(net, axis).values() or not any(isinstance(s, NotKnown) for s in lane.states.values()):
        return Survey((lane,))
    period = modulus(net, axis)
    if period > MOST_RESIDUES:
        return Survey((lane,))
    lanes = _remainders(net, axis, source, period)
    return Survey(tuple(replace(each, sizes=lane.sizes) for each in lanes), period)


def alike(net: Network, one: int, other: int) -> bool:
    """Whether nothing tells two axes apart."""
    sized = [i.size for i in net.inputs if i.size is not None]
    return all(size[one] == size[other] for size in sized) and all(_alike(each, one, other) for each in net.layers)


def _alike(each: Layer, one: int, other: int) -> bool:
    return each.op not in ACROSS and all(values[one] == values[other] for name in PER_AXIS if (values := getattr(each, name)))


def _given(net: Network, axis: int) -> dict[str, int | None]:
    return {i.name: None if i.size is None else i.size[axis] for i in net.inputs}


def _remainders(net: Network, axis: int, source: str, period: int) -> list[Lane]:
    lanes, failure = [], None
    given = _given(net, axis)
    for remainder in range(period):
        sizes = {name: FAR * period + remainder if size is None else size for name, size in given.items()}
        try:
            lanes.append(follow(net, axis, source, sizes, exact=False))
        except NetworkError as error:
            failure = error
    if not lanes and failure is not None:
        raise NetworkError(f"{failure} (at every input size)")
    return lanes


def modulus(net: Network, axis: int) -> int:
    """How far apart input sizes lie that all layers treat alike: sizes are then whole numbers of steps apart everywhere."""
    rates = {i.name: Fraction(1) for i in net.inputs}
    found = 1
    for each in net.layers:
        rate = max((rates[name] for name in each.inputs), default=Fraction(1))
        if each.stride:
            grows = each.op in ("conv_transpose", "max_unpool")
            rate = rate * each.stride[axis] if grows else rate / each.stride[axis]
        elif each.scale:
            rate = rate / each.scale[axis] if each.op == "space_to_depth" else rate * each.scale[axis]
        elif each.step:
            rate = rate / each.step[axis]
        rates[each.name] = rate
        found = lcm(found, rate.denominator)
    return found


def follow(net: Network, axis: int, source: str, given: Mapping[str, int | None], exact: bool = True) -> Lane:
    """Sizes and fields of all layers. Sizes that are not `exact` stand for others as far away: what they decide is left open."""
    if source not in given:
        raise NetworkError(f"there is no input {source!r}; there is {', '.join(map(repr, given))}")
    sizes: dict[str, int | None] = dict(given)
    states: dict[str, State] = {name: INPUT if name == source else None for name in given}
    different: dict[str, tuple[Apart, ...]] = {}
    for each in net.layers:
        rule, at = RULES[each.op], Along(each, axis)
        inputs = [sizes[name] for name in each.inputs]
        size = sizes[each.name] = _size(rule, at, inputs)
        reads = _reads(rule, at, inputs, size, exact)
        parts = _parts(each, reads, inputs if exact else [None] * len(inputs), states)
        states[each.name] = _met(at, parts, rule, inputs[0] if inputs and exact else None, size if exact else None)
        if len(parts) > 1:
            different[each.name] = _apart(each, parts)
    return Lane(sizes, states, different)


def _size(rule: Rule, at: Along, inputs: Sequence[int | None]) -> int | None:
    if None in inputs and not rule.partial:
        return None
    size: int | None = rule.size(at, inputs, NUMBERS)
    if size is not None and size < 1:
        raise at.fail(_too_small(at, inputs, size))
    return size


def _too_small(at: Along, inputs: Sequence[int | None], size: int) -> str:
    there = f"its input has {' and '.join(map(str, inputs))} positions"
    if at.layer.kernel and at.layer.op not in ("conv_transpose", "max_unpool"):
        return f"the window spans {at.span} positions and does not fit; {there}, padding {_text(at.layer.padding[at.axis])}"
    return f"nothing is left: {there}, it would make {size}"


def _text(pad: tuple[int, int] | str) -> str:
    return pad if isinstance(pad, str) else f"{pad[0]} before and {pad[1]} after"


def _reads(rule: Rule, at: Along, inputs: Sequence[int | None], size: int | None, exact: bool) -> list[Map | None]:
    """The index map from each input."""
    if exact or rule.periodic:
        return [rule.reads(at, n, inputs, size) for n in range(len(inputs))]
    return [rule.reads(at, n, [None] * len(inputs), None) for n in range(len(inputs))]


def _parts(each: Layer, reads: Sequence[Map | None], sizes: Sequence[int | None], states: dict[str, State]) -> list[State]:
    return [
        None if read is None else through(read, states[name], size, each.name)
        for read, name, size in zip(reads, each.inputs, sizes, strict=True)
    ]


def _met(at: Along, parts: Sequence[State], rule: Rule, size: int | None, out: int | None) -> State:
    try:
        state = parts[0] if len(parts) == 1 else meeting(parts, out is not None)
    except JumpsDiffer as error:
        one, other = (parts[n] for n in (error.one, error.other))
        assert isinstance(one, Field) and isinstance(other, Field)
        names = at.layer.inputs[error.one], at.layer.inputs[error.other]
        raise at.fail(
            f"its branches advance differently: {names[0]!r} by {one.jump} input positions from one output to the next, "
            f"{names[1]!r} by {other.jump}, so they agree at no two sizes"
        ) from None
    if rule.mixes and isinstance(state, (Field, Mixed)):
        mixed = everything(state, size, at.layer.name)
        return meeting([state, mixed], out is not None)
    return state


def _apart(each: Layer, parts: Sequence[State]) -> tuple[Apart, ...]:
    local = [(name, p) for name, p in zip(each.inputs, parts, strict=True) if isinstance(p, Field) and p.spans]
    found = [Apart(local[0][0], name, apart(local[0][1], p)) for name, p in local[1:]]
    return tuple(a for a in found if any(a.by))


