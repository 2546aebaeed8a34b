"""What derive.network says of a network, held against the referee: sizes, fields by phase, jumps, positions really read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from network_random import Case

from derive.network import receptive_field
from derive.network.fields import Field
from derive.network.model import Network, NetworkError
from derive.network.referee import endless, marks, positions

MOST_OUTPUTS = 24


def differences(case: Case) -> list[str]:
    """Everything in which the two disagree; [] for nothing."""
    if case.misfit:
        return _accepted(case)
    try:
        report = receptive_field(case.net)
    except NetworkError as error:
        return [] if "advance differently" in str(error) and _jumps_differ(case.net) else [f"raised {error}"]
    return [line for axis in range(case.net.ndim) for line in _along(case.net, report, axis)]


def _accepted(case: Case) -> list[str]:
    try:
        receptive_field(case.net)
    except NetworkError as error:
        named = f"layer {case.misfit!r}" in str(error)
        return [] if named or "advance differently" in str(error) else [f"the error does not name {case.misfit}: {error}"]
    return [f"accepted, though {case.misfit} does not fit"]


def _jumps_differ(net: Network) -> bool:
    """Whether branches of some layer advance differently, seen on outputs far apart."""
    for axis in range(net.ndim):
        sizes = {name: len(m) for name, m in marks(net, axis).items()}
        for each in net.layers:
            moved = {m for m in (_moves(net, axis, name, sizes) for name in each.inputs) if m is not None}
            if len(each.inputs) > 1 and len(moved) > 1:
                return True
    return False


def _moves(net: Network, axis: int, name: str, sizes: dict[str, int]) -> tuple[int, ...] | None:
    """By how much what an output reads moves, over many outputs."""
    far = [endless(net, axis, name, o, sizes) for o in (0, 27720, 2 * 27720)]
    if not all(far):
        return None
    step = tuple(max(b) - max(a) for a, b in pairwise(far))
    return step if any(step) else None


def _along(net: Network, report: object, axis: int) -> Iterator[str]:
    found = marks(net, axis)
    sizes = {name: len(m) for name, m in found.items()}
    for each in net.layers:
        view = report[each.name].axes[axis]  # type: ignore[index]
        where = f"axis {axis}, {each.name}"
        if view.size != sizes[each.name]:
            yield f"{where}: size {view.size}, the referee finds {sizes[each.name]}"
        for state in view.states:
            if isinstance(state, Field):
                yield from _state(net, axis, each.name, state, sizes, where)
            elif state is not None and "repeat after" not in state.why:
                yield f"{where}: not known: {state}"


def _state(net: Network, axis: int, name: str, state: Field, sizes: dict[str, int], where: str) -> Iterator[str]:
    if state.whole:
        everything: set[int] = set()
        for output in range(sizes[name]):
            everything |= endless(net, axis, name, output, sizes)
        spans = [s for s in (state.reach, *(state.at(o) for o in range(sizes[name]) if state.spans)) if s]
        hull = (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None
        if hull != _hull(everything):
            yield f"{where}: reaches {hull}, the referee finds {_hull(everything)}"
        return
    for output in sorted({*range(MOST_OUTPUTS), state.period, state.period + 1, 2 * state.period - 1}):
        there = endless(net, axis, name, output, sizes)
        if (state.at(output) if state.spans else None) != _hull(there):
            yield f"{where}: output {output} spans {state.at(output)}, the referee finds {_hull(there)}"
            return


def _hull(there: frozenset[int] | set[int]) -> tuple[int, int] | None:
    return (min(there), max(there)) if there else None


def really_read(net: Network, axis: int) -> dict[str, list[frozenset[int]]]:
    """By layer and output, the input positions that the referee finds."""
    return {name: [positions(m) for m in ms] for name, ms in marks(net, axis).items()}
