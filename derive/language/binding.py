"""Which axes of the caller play the roles of an op's axes when one op is used inside another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derive.language.errors import DefinitionError, closest
from derive.language.nodes import BATCH, Expr, Input, Iota, at, base_axis, fresh_axis, walk
from derive.language.program import Program
from derive.language.trace import declared_before, listed, ordered

AxisMap = dict[str, tuple[str, ...]]
Roles = dict[str, str]
Meetings = set[frozenset[str]]


def bind_axes(op: Program, actual: Sequence[Expr], over: str | None) -> tuple[AxisMap, list[Expr]]:
    """The caller's axes for each axis of the op: by name where all names match, else by place from the last one.

    Places count only where the caller's arrays declare them, so that no axis is picked by accident. Where two roles
    would fall on one axis (attention of x with itself), the second gets an index of its own.
    """
    start = _start(op, actual[0], over)
    reason = ""
    for assign in (_same_names, _last_places, _names_then_places):
        bound, arrays = dict(start), list(actual)
        fault = _bind_all(op, arrays, bound, assign)
        if not fault:
            return bound, arrays
        reason = fault if assign is not _same_names and not reason else reason
    came = ", ".join(f"{f.name} {listed(a.axes)}" for f, a in zip(op.inputs, actual, strict=True))
    raise DefinitionError(f"{op.name} wants {_wanted(op)}; got {came}: {reason}")


def _wanted(op: Program) -> str:
    return ", ".join(f"{i.name} ({', '.join(i.names)})" for i in op.inputs)


def _start(op: Program, first: Expr, over: str | None) -> AxisMap:
    """What `over` says: the axis that plays the last role of the first input."""
    if over is None:
        return {}
    roles = [n for n in op.inputs[0].names if n != BATCH]
    if not roles:
        raise DefinitionError(f"{op.name} works on each element, so it takes no over; got over={over!r}")
    if over not in first.axes:
        raise DefinitionError(f'{op.name} over "{over}": {first.brief} has axes {listed(first.axes)}{closest(str(over), first.axes)}')
    return {roles[-1]: (over,)}


def _bind_all(program: Program, arrays: list[Expr], bound: AxisMap, assign: Callable[[list[str], list[str]], Roles | None]) -> str:
    """Bind every array, those first whose places are clear; the reason why it cannot be done, or "" when it can."""
    meetings = {node.axes for let in program.lets for node in walk(let.body)}
    waiting = list(range(len(arrays)))
    while waiting:
        faults = {i: _bind_one(program.inputs[i], arrays, i, bound, assign, meetings) for i in waiting}
        left = [i for i in waiting if faults[i]]
        if left == waiting:
            return faults[left[0]]
        waiting = left
    return ""


def _same_names(open_names: list[str], free: list[str]) -> Roles | None:
    return {n: n for n in open_names} if set(open_names) <= set(free) else None


def _last_places(open_names: list[str], free: list[str]) -> Roles | None:
    first = len(free) - len(open_names)
    if first < 0:
        return None
    clear = all(declared_before(a, b) for j, b in enumerate(free) for a in free[:j] if j >= first)
    return dict(zip(open_names, free[first:], strict=True)) if clear else None


def _names_then_places(open_names: list[str], free: list[str]) -> Roles | None:
    same = {n: n for n in open_names if n in free}
    rest = _last_places([n for n in open_names if n not in same], [a for a in free if a not in same])
    return None if rest is None else same | rest


def _bind_one(
    formal: Input, arrays: list[Expr], i: int, bound: AxisMap, assign: Callable[[list[str], list[str]], Roles | None], meetings: Meetings
) -> str:
    names = [n for n in formal.names if n != BATCH]
    arrays[i] = _on_bound_axes(arrays[i], names, bound)
    have = list(ordered(arrays[i].axes))
    roles = {n: bound[n][0] for n in names if n in bound and bound[n][0] in have}
    open_names = [n for n in names if n not in roles]
    free = [a for a in have if a not in roles.values()]
    found = None if any(n in bound for n in open_names) else assign(open_names, free)
    if found is None:
        return _misfit(formal, arrays[i], open_names, free, bound)
    left = frozenset(free) - set(found.values())
    if left and BATCH not in formal.names:
        return f'{formal.name} has {listed(left)} left over; an op takes more axes where its definition begins them with "{BATCH}"'
    for name, role in found.items():
        if any(role in axes and {name, other} <= together for other, axes in bound.items() for together in meetings):
            axis = fresh_axis(role, {x for axes in bound.values() for x in axes} | set(have))
            arrays[i], role = at(arrays[i], {role: Iota(axis)}), axis
        bound[name] = (role,)
    if BATCH in formal.names:
        bound[BATCH] = ordered(frozenset((*bound.get(BATCH, ()), *left)))
    return ""


def _on_bound_axes(array: Expr, names: list[str], bound: AxisMap) -> Expr:
    """The array along L' where its role is bound to L' and it has L."""
    for n in names:
        if n in bound and bound[n][0] not in array.axes and base_axis(bound[n][0]) in array.axes:
            array = at(array, {base_axis(bound[n][0]): Iota(bound[n][0])})
    return array


def _misfit(formal: Input, actual: Expr, open_names: list[str], free: list[str], bound: AxisMap) -> str:
    if not actual.axes:
        return f"{formal.name} is one number; wanted axes ({', '.join(formal.names)})"
    stuck = [n for n in open_names if n in bound]
    if stuck:
        role = bound[stuck[0]][0]
        meant = "" if role == stuck[0] else f" (the {stuck[0]} of {formal.name})"
        return f"{formal.name} has no axis called {role}{meant}{closest(role, actual.axes)}"
    if len(free) < len(open_names):
        return f"{formal.name} has too few axes for ({', '.join(open_names)})"
    return (
        f"it is unclear which of ({', '.join(free)}) is {', '.join(open_names)} of {formal.name}, since no array declares their order; "
        f'name the axis, as in over="{free[-1]}", or declare the array with its axes'
    )
