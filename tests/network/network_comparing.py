"""What derive.network says of a network, held against the referee: sizes, fields by phase, jumps, positions really read."""

from __future__ import annotations

from collections.abc import Iterator

from network_random import Case

from derive.network import receptive_field
from derive.network.fields import Field, Mixed
from derive.network.model import Network, NetworkError
from derive.network.referee import endless, marks, positions
from derive.network.touched import inside

MOST_OUTPUTS = 24


def differences(case: Case) -> list[str]:
    """Everything in which the two disagree; [] for nothing."""
    if case.misfit:
        return _accepted(case)
    try:
        report = receptive_field(case.net)
    except NetworkError as error:
        return [f"raised {error}"]
    return [line for axis in range(case.net.ndim) for line in _along(case.net, report, axis)]


def _accepted(case: Case) -> list[str]:
    try:
        receptive_field(case.net)
    except NetworkError as error:
        return [] if f"layer {case.misfit!r}" in str(error) else [f"the error does not name {case.misfit}: {error}"]
    return [f"accepted, though {case.misfit} does not fit"]


def _along(net: Network, report: object, axis: int) -> Iterator[str]:
    found = marks(net, axis, shield=False)
    sizes = {name: len(m) for name, m in found.items()}
    for each in net.layers:
        view = report[each.name].axes[axis]  # type: ignore[index]
        where = f"axis {axis}, {each.name}"
        if view.size != sizes[each.name]:
            yield f"{where}: size {view.size}, the referee finds {sizes[each.name]}"
        for state in view.states:
            if isinstance(state, (Field, Mixed)):
                yield from _state(net, axis, each.name, state, sizes, where)
            elif state is not None and "repeat after" not in state.why:
                yield f"{where}: not known: {state}"
        yield from _reads(net, axis, each.name, found[each.name], where)


def _state(net: Network, axis: int, name: str, state: Field | Mixed, sizes: dict[str, int], where: str) -> Iterator[str]:
    if state.whole:
        everything: set[int] = set()
        for output in range(sizes[name]):
            everything |= endless(net, axis, name, output, sizes)
        spans = [s for s in (state.reach, *(state.at(o) for o in range(sizes[name]))) if s]
        hull = (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None
        if hull != _hull(everything):
            yield f"{where}: reaches {hull}, the referee finds {_hull(everything)}"
        return
    for output in sorted({*range(MOST_OUTPUTS), state.period, state.period + 1, 2 * state.period - 1}):
        there = endless(net, axis, name, output, sizes)
        if state.at(output) != _hull(there):
            yield f"{where}: output {output} spans {state.at(output)}, the referee finds {_hull(there)}"
            return


def _reads(net: Network, axis: int, name: str, wanted: list[int], where: str) -> Iterator[str]:
    """The positions that are really read: of the first outputs, one in the middle and the last."""
    for output in sorted({0, 1, len(wanted) // 2, len(wanted) - 1} & set(range(len(wanted)))):
        try:
            found = inside(net, name, axis, output).positions
        except NetworkError as error:
            yield f"{where}: output {output}: raised {error}"
            return
        if found != tuple(sorted(positions(wanted[output]))):
            yield f"{where}: output {output} reads {found}, the referee finds {sorted(positions(wanted[output]))}"
            return


def _hull(there: frozenset[int] | set[int]) -> tuple[int, int] | None:
    return (min(there), max(there)) if there else None

