"""Recurrences along an axis: how a definition states one, and in which order the lets of a program with one are computed.

A recurrence is a let whose body is `Carried`: it reads, one position before (or after), a let that comes later. What lies
between the two is one step. To algebra it is a name like that of an input, so that each step is derived by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from derive.language.annotations import AXIS
from derive.language.errors import DefinitionError
from derive.language.nodes import At, Carried, Expr, Input, Number, Reduce, Ref, as_expr, leaves, walk
from derive.language.program import Let, Program
from derive.language.trace import carry, hint, listed, new_mark, watched

ATTEMPTS = 8  # as many axes as a state may gain from what a step adds to it

State = Number | tuple[Number, ...]
Step = Callable[..., State]


def scan(step: Step, start: State, over: str) -> Any:
    """y with y[t] = step(y[t-1]) at each position t of an axis, and y[-1] = start; a tuple of states, where start is a tuple.

    Whatever else the step uses is read at t: scan(lambda m: 0.9 * m + 0.1 * x, start=0, over="T").
    """
    return _recurrence("scan", step, start, over, -1)


def scan_back(step: Step, start: State, over: str) -> Any:
    """Like scan, from the last position to the first: y[t] = step(y[t+1]), and start stands after the last position."""
    return _recurrence("scan_back", step, start, over, 1)


def _recurrence(verb: str, step: Step, start: State, over: str, offset: int) -> Any:
    if not isinstance(over, str) or not AXIS.fullmatch(over):
        raise DefinitionError(f'{verb} runs along one axis, as in over="T"; got {over!r}')
    starts = tuple(as_expr(s) for s in (start if isinstance(start, tuple) else (start,)))
    for s in starts:
        if over in s.axes:
            raise DefinitionError(f"{verb}: the start {s.brief} has axis {over}; it is what stands beside the first position")
    axes = [s.axes | {over} for s in starts]
    marks = [new_mark() for _ in starts]
    for _ in range(ATTEMPTS):
        before = [Carried(m, a, s, over, offset) for m, a, s in zip(marks, axes, starts, strict=True)]
        states = _states(verb, _one_step(verb, step, before), len(starts))
        if all(s.axes <= a for s, a in zip(states, axes, strict=True)):
            break
        axes = [a | s.axes for s, a in zip(states, axes, strict=True)]
    for b, state in zip(before, states, strict=True):
        _check(verb, state, set(before), over)
        if state.axes != b.axes:
            raise DefinitionError(f"{verb}: a step makes {listed(b.axes)} into {listed(state.axes)}; a state keeps its axes: {state.brief}")
        carry(b.name, state)
    return states if isinstance(start, tuple) else states[0]


def _one_step(verb: str, step: Step, before: list[Carried]) -> State:
    try:
        made, local = watched(step, *before)
        hint({value: name for name, (*_, value) in local.items() if value not in before and value.children})
        return made  # type: ignore[no-any-return]
    except DefinitionError as error:
        known = "; ".join(listed(b.start.axes) for b in before)
        raise DefinitionError(f"{error}, in a step of {verb}; a state has the axes of its start, {known}, and those a step adds") from None


def _states(verb: str, made: State, count: int) -> tuple[Expr, ...]:
    states = tuple(as_expr(s) for s in (made if isinstance(made, tuple) else (made,)))
    if len(states) != count:
        raise DefinitionError(f"{verb}: it starts with {count} state{'s' * (count > 1)} and the step gives {len(states)}")
    return states


def _check(verb: str, state: Expr, before: set[Carried], over: str) -> None:
    """A step uses what is carried to it, at its own position alone."""
    inside: set[Expr] = set()
    for node in walk(state):
        if node in before or any(c in inside for c in node.children):
            inside.add(node)
            if over in _looked_along(node) and any(c in inside for c in node.children):
                raise DefinitionError(f"{verb}: {node.brief} looks along {over}, where a step knows the state just before it alone")
    if state not in inside:
        fault = f"{verb}: the step {state.brief} does not use the state before it; without that it is no recurrence"
        raise DefinitionError(fault + _instead(verb, state, over))


def _instead(verb: str, state: Expr, over: str) -> str:
    """How to read what a state would only remember."""
    if over not in state.axes:
        return ""
    there = f'idx("{over}") {"+" if verb.endswith("back") else "-"} 1'
    e = state.brief if isinstance(state, (Input, Ref)) else "e"
    named = "" if e == state.brief else f" with e = {state.brief}"
    return f". To remember what stood beside the position before (0 at the end), write {e}.at({over}={there}){named}, and no state"


def _looked_along(node: Expr) -> tuple[str, ...]:
    """The axes along which a node takes more than what stands at its own position."""
    match node:
        case Reduce(_, _, over):
            return over
        case At(_, index):
            return tuple(axis for axis, _ in index)
    return ()


def uses(body: Expr) -> Iterator[str]:
    """The names of all lets that a body needs, later ones included."""
    for leaf in leaves(body, Ref, Carried):
        yield leaf.name  # type: ignore[attr-defined]


def needed(program: Program) -> list[Let]:
    """The lets that the outputs depend on, in order."""
    wanted: set[str] = set()
    open_ = [o.name for o in program.outputs]
    while open_:
        name = open_.pop()
        if name not in wanted:
            wanted.add(name)
            open_ += uses(program.let(name).body)
    return [let for let in program.lets if let.name in wanted]


def held(program: Program) -> set[str]:
    """The lets whose numbers are read from outside the formulas: outputs, and what recurrences carry."""
    return {o.name for o in program.outputs} | {let.body.name for let in program.lets if isinstance(let.body, Carried)}


@dataclass(frozen=True)
class Loop:
    """Lets that are computed together, position by position along `axis`; `step` is -1 where each looks back, 1 where ahead."""

    lets: tuple[Let, ...]
    axis: str
    step: int

    def positions(self, count: int) -> range:
        """The positions in the order of computation."""
        return range(count) if self.step < 0 else range(count - 1, -1, -1)


def schedule(lets: Iterable[Let]) -> list[Let | Loop]:
    """The lets in an order in which they can be computed, those of a recurrence together.

    Raises DefinitionError for a recurrence that goes two ways at once.
    """
    lets = list(lets)
    if not any(isinstance(let.body, Carried) for let in lets):
        return list(lets)
    units = [_unit(group) for group in _groups(lets)]
    home = {let.name: k for k, u in enumerate(units) for let in (u.lets if isinstance(u, Loop) else (u,))}
    waiting, done, order = list(range(len(units))), set[int](), list[Let | Loop]()
    while waiting:
        for k in waiting:
            inside = units[k].lets if isinstance(units[k], Loop) else (units[k],)  # type: ignore[union-attr]
            if all(home[n] in done or home[n] == k for let in inside for n in uses(let.body) if n in home):  # type: ignore[union-attr]
                break
        waiting.remove(k)
        done.add(k)
        order.append(units[k])
    return order


def _unit(group: list[Let]) -> Let | Loop:
    carried = [let.body for let in group if isinstance(let.body, Carried)]
    if not carried:
        return group[0]
    ways = {(c.axis, c.step) for c in carried}
    if len(ways) > 1:
        shown = ", ".join(f"{axis}{step:+d}" for axis, step in sorted(ways))
        raise DefinitionError(f"a recurrence that runs along {shown} at once, through {', '.join(let.name for let in group)}")
    ((axis, step),) = ways
    return Loop(tuple(group), axis, step)


def _groups(lets: list[Let]) -> list[list[Let]]:
    """The lets that depend on one another in a circle, each other let alone; in order of the first."""
    below = {let.name: set(uses(let.body)) for let in lets}
    above: dict[str, set[str]] = {let.name: set() for let in lets}
    for name, names in below.items():
        for n in names & above.keys():
            above[n].add(name)
    groups: list[list[Let]] = []
    placed: set[str] = set()
    for let in lets:
        if let.name not in placed:
            circle = {let.name} | _reached(let.name, below) & _reached(let.name, above) if isinstance(let.body, Carried) else {let.name}
            groups.append([x for x in lets if x.name in circle])
            placed |= circle
    return groups


def _reached(name: str, edges: dict[str, set[str]]) -> set[str]:
    """All names that lie along edges from a name."""
    found, open_ = set[str](), [name]
    while open_:
        new = edges.get(open_.pop(), set()) - found
        found |= new
        open_ += new
    return found
