"""Which input positions an output really reads: fewer than its field spans where dilation or strides leave holes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive.network.lanes import follow
from derive.network.maps import Everything, Map, Reads, Unfixed
from derive.network.model import Layer, Network, NetworkError
from derive.network.report import needed
from derive.network.rules import RULES
from derive.network.windows import Along


@dataclass(frozen=True)
class Touched:
    """The positions, sorted, that one output reads; `whole` names a layer that reads all positions, besides; "" for none."""

    positions: tuple[int, ...]
    whole: str = ""


def touched(net: Network, at: str, axis: int = 0, output: int = 0, source: str | None = None) -> Touched:
    """What output number `output` of a layer reads of an input, in the middle of an endless input: padding counts as input.

    Raises NetworkError where that is not known.
    """
    return _walk(net, at, axis, output, source or net.inputs[0].name, {}, {})


def inside(net: Network, at: str, axis: int = 0, output: int = 0, source: str | None = None) -> Touched:
    """What output number `output` really reads of an input of known size: positions outside of any layer read nothing."""
    first = source or net.inputs[0].name
    sizes = follow(net, axis, first, {i.name: None if i.size is None else i.size[axis] for i in net.inputs}).sizes
    if None in sizes.values():
        raise NetworkError("which positions are really there depends on the input size, which is not known")
    limits = {name: size for name, size in sizes.items() if size is not None}
    if not 0 <= output < limits[at]:
        raise NetworkError(f"layer {at!r} has {limits[at]} outputs along axis {axis}; there is no output {output}")
    return _walk(net, at, axis, output, first, sizes, limits)


def _walk(
    net: Network, at: str, axis: int, output: int, source: str, sizes: Mapping[str, int | None], limits: Mapping[str, int]
) -> Touched:
    """Back from the output, layer by layer."""
    wanted: dict[str, set[int]] = {at: {output}}
    whole = ""
    through = set(needed(net, at))
    for each in reversed(net.layers):
        places = wanted.pop(each.name, None)
        if not places or each.name not in through:
            continue
        rule, along = RULES[each.op], Along(each, axis)
        if rule.mixes:
            whole = each.name
        known = [sizes.get(name) for name in each.inputs]
        for n, name in enumerate(each.inputs):
            reads = rule.reads(along, n, known, sizes.get(each.name))
            if isinstance(reads, Everything) and name not in limits:
                whole = each.name
                continue
            wanted.setdefault(name, set()).update(_read(each, reads, places, limits.get(name)))
    return Touched(tuple(sorted(wanted.get(source, ()))), whole)


def _read(each: Layer, reads: Map | None, places: set[int], limit: int | None) -> set[int]:
    if reads is None:
        return set()
    if isinstance(reads, Unfixed):
        raise NetworkError(f"layer {each.name!r}: {reads.why}")
    if isinstance(reads, Everything):
        assert limit is not None
        return set(range(limit))
    found = {t + turns * reads.advance for o in places for turns, phase in (divmod(o, reads.period),) for t in reads.taps[phase]}
    return found if limit is None else _limited(reads, found, limit)


def _limited(reads: Reads, places: set[int], limit: int) -> set[int]:
    """What of the places is inside; the nearest inside for the others, where the map is clamped."""
    if reads.clamped:
        return {min(max(p, 0), limit - 1) for p in places}
    return {p for p in places if 0 <= p < limit}
