"""Recurrences as plans: what does not depend on what is carried is computed before, for all positions at once; the rest is a
program of its own, for one position, that a loop runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from derive.codegen.builder import Builder
from derive.codegen.steps import Axes, Beside, Loop, Part, Plan
from derive.language.nodes import At, Carried, Compare, Expr, Input, Iota, Ref, leaves, transform
from derive.language.program import Let, Output, Program
from derive.language.recurrence import Loop as Recurrence
from derive.language.recurrence import uses

Named = list[tuple[int, str]]


def lower_recurrence(b: Builder, unit: Recurrence, outside: set[str], planned: Callable[[Program], Plan]) -> Named:
    """The steps of the lets that it carries or that are needed `outside`, and their names; `planned` plans one position."""
    inside = {let.name for let in unit.lets}
    carried = {let.name: let.body for let in unit.lets if isinstance(let.body, Carried)}
    own = {name: c for name, c in carried.items() if c.name in inside}
    names = _loop(b, unit, own, outside, planned) if own else []
    return names + [(_beside(b, let, carried[let.name]), let.name) for let in unit.lets if let.name in outside & set(carried)]


def _loop(b: Builder, unit: Recurrence, carried: dict[str, Carried], outside: set[str], planned: Callable[[Program], Plan]) -> Named:
    states = {name: Input(name, _without(b, c.names, unit.axis)) for name, c in carried.items()}
    one = _OnePosition(b, unit, states)
    lets = [let for let in unit.lets if not isinstance(let.body, Carried)]
    results = [Output(c.name, states[name].names) for name, c in carried.items()]
    known = {r.name for r in results}
    results += [Output(x.name, _without(b, x.body.axes, unit.axis)) for x in lets if x.name in outside - known]
    bodies = tuple(Let(let.name, one.hoisted(let.body)) for let in lets)
    program = replace(
        b.program, name="step", inputs=(*states.values(), *one.rows, *one.fixed), lets=bodies, outputs=tuple(results), sizes=(),
        order=tuple(a for a in b.order if a != unit.axis), states=(), hypotheses=(), requirements=(),
    )  # fmt: skip
    starts = [_spread(b, c.start, frozenset(states[name].names)) for name, c in carried.items()]
    args = (*starts, *(one.steps[i] for i in (*one.rows, *one.fixed)))
    loop = b.emit(Loop((), "real", args, planned(program), unit.axis, unit.step, len(starts), len(one.rows)))
    refs = {let.name: let.ref for let in lets}
    names: Named = []
    for k, result in enumerate(results):
        part = b.emit(Part(b.sorted(frozenset((*result.names, unit.axis))), "real", (loop,), k, unit.axis))
        b.bind(refs[result.name], part)
        names.append((part, result.name))
    return names


def _without(b: Builder, axes: frozenset[str], axis: str) -> Axes:
    return b.sorted(axes - {axis})


def _spread(b: Builder, expr: Expr, axes: frozenset[str]) -> int:
    return b.as_number(b.spread(b.lower(expr), axes))


def _beside(b: Builder, let: Let, c: Carried) -> int:
    """What is carried, for all positions at once."""
    value = _spread(b, Ref(c.name, b.program.let(c.name).body.axes), c.names)
    start = _spread(b, c.start, c.names - {c.axis})
    step = b.emit(Beside(b.steps[value].axes, "real", (value, start), c.axis, c.step))
    b.bind(let.ref, step)
    return step


class _OnePosition:
    """The program of one position: its states, what it takes of the `rows` of arrays, and what is `fixed` for all positions."""

    def __init__(self, b: Builder, unit: Recurrence, states: dict[str, Input]) -> None:
        self.b, self.axis, self.states = b, unit.axis, states
        self.inside = {let.name for let in unit.lets}
        self.rows: list[Input] = []
        self.fixed: list[Input] = []
        self.steps: dict[Input, int] = {}
        self.known: dict[Expr, Input] = {}
        self.taken = {let.name for let in b.program.lets} | {i.name for i in b.program.inputs} | {p.name for p in b.program.parameters}

    def hoisted(self, body: Expr) -> Expr:
        """The body at one position."""
        if set(uses(body)) & self.inside:
            return self._dependent(body)
        if isinstance(body, Compare):
            return Compare(body.op, self.hoisted(body.left), self.hoisted(body.right))
        made_here = self.axis not in body.axes and not leaves(body, Input, Ref)
        return body if made_here else self._argument(body)

    def _dependent(self, body: Expr) -> Expr:
        if isinstance(body, Ref):
            return self.states.get(body.name, Ref(body.name, body.axes - {self.axis}))
        if isinstance(body, At):
            return body.rebuild((self.hoisted(body.body), *(self._index(i) for _, i in body.index)))
        return body.rebuild(tuple(self.hoisted(c) for c in body.children))

    def _index(self, index: Expr) -> Expr:
        """An index keeps its form; what positions it is made of are arguments."""
        return transform(index, lambda n: self._argument(n) if isinstance(n, (Input, Ref)) or n == Iota(self.axis) else n)

    def _argument(self, expr: Expr) -> Expr:
        if expr not in self.known:
            step = self.b.as_number(self.b.lower(expr))
            found = self.b.steps[step]
            axes = tuple(a for a in found.axes if a != self.axis)
            self.known[expr] = Input(self._name(expr), axes, "index" if found.kind == "int" else "real")
            self.steps[self.known[expr]] = step
            (self.rows if self.axis in found.axes else self.fixed).append(self.known[expr])
        return self.known[expr]

    def _name(self, expr: Expr) -> str:
        if isinstance(expr, (Input, Ref)):
            return expr.name
        stem = expr.axis.lower() if isinstance(expr, Iota) else "given"
        count, name = 1, stem
        while name in self.taken:
            count += 1
            name = f"{stem}_{count}"
        self.taken.add(name)
        return name
