"""Recurrences in any arithmetic: position by position, and back again for what flows to them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from derive.language.nodes import Carried, Expr, Iota, Ref, walk
from derive.language.program import Program
from derive.language.recurrence import Loop, schedule

if TYPE_CHECKING:
    from derive.checker.evaluate import Walker

Array = NDArray[Any]


def visit(w: Walker, program: Program) -> None:
    """Give a walker the value of every let."""
    for unit in schedule(program.lets):
        if isinstance(unit, Loop):
            _run(w, unit)
        else:
            w.named[unit.name] = w.value(unit.body)


def _run(w: Walker, loop: Loop) -> None:
    """What is carried, one position after the other; then everything else, for all of them at once."""
    free = [n for let in loop.lets for n in _independent(let.body, {x.name for x in loop.lets})]
    whole = {n: w.value(n) for n in dict.fromkeys(free)}
    rows: dict[str, dict[int, Any]] = {let.name: {} for let in loop.lets}
    count = w.frame.size(loop.axis)
    for t in loop.positions(count):
        here = w.beside({n: _row(w, value, loop.axis, t) for n, value in whole.items()})
        for let in loop.lets:
            here.named[let.name] = _carried(w, let.body, t, count, rows, here) if isinstance(let.body, Carried) else here.value(let.body)
            rows[let.name][t] = here.named[let.name]
    carried = [let for let in loop.lets if isinstance(let.body, Carried)]
    for let in carried:
        w.named[let.name] = w.done[let.body] = _stacked(w, rows[let.name], loop.axis) if count else whole[let.body.children[0]]
    for let in loop.lets:
        if let not in carried:
            w.named[let.name] = w.value(let.body)


def _independent(body: Expr, inside: set[str]) -> list[Expr]:
    """The numbers in a body that are the same whatever is carried; the start of what is carried is one."""
    held: set[Expr] = set()
    for node in walk(body):
        if isinstance(node, Carried) or any(c in held for c in node.children) or (isinstance(node, Ref) and node.name in inside):
            held.add(node)
    return [n for n in walk(body) if n not in held and n.kind == "real"]


def _carried(w: Walker, c: Carried, t: int, count: int, rows: dict[str, dict[int, Any]], here: Walker) -> Any:
    there = t + c.step
    if not 0 <= there < count:
        return here.done[c.start]
    return rows[c.name][there] if c.name in rows else _row(w, w.named[c.name], c.axis, there)


def _row(w: Walker, value: Any, axis: str, t: int) -> Any:
    """A value at one position of an axis, which keeps its place with length 1."""
    shape, k = w.arithmetic.shape(value), w.frame.place(axis)
    if len(shape) <= k or shape[k] == 1:
        return value
    mesh = [np.arange(n).reshape([n if j == i else 1 for j in range(len(shape))]) for i, n in enumerate(shape)]
    mesh[k] = np.full([1] * len(shape), t)
    return w.arithmetic.read(value, tuple(mesh), np.ones([1] * len(shape), bool))


def _stacked(w: Walker, rows: dict[int, Any], axis: str) -> Any:
    place = w.value(Iota(axis))
    first, *others = sorted(rows)
    total = rows[first]
    for t in others:
        total = w.arithmetic.where(w.arithmetic.compare("==", place, w.arithmetic.constant(Fraction(t))), rows[t], total)
    return w.arithmetic.where(w.arithmetic.compare("==", place, w.arithmetic.constant(Fraction(first))), rows[first], total)


def beside(w: Walker, c: Carried) -> Any:
    """What is carried, where the state is known at all positions."""
    value, k, size = w.named[c.name], w.frame.place(c.axis), w.frame.size(c.axis)
    shape = w.arithmetic.shape(value)
    places = w.frame.along(c.axis, np.arange(size)) + c.step
    inside = (places >= 0) & (places < size)
    mesh = [np.arange(n).reshape([n if j == i else 1 for j in range(len(shape))]) for i, n in enumerate(shape)]
    mesh[k] = np.clip(places, 0, max(shape[k] - 1, 0))
    read = w.arithmetic.read(value, tuple(mesh), inside)
    end = w.arithmetic.constant(Fraction(0 if c.step < 0 else size - 1))
    return w.arithmetic.where(w.arithmetic.compare("==", w.value(Iota(c.axis)), end), w.done[c.start], read)


Through = Callable[[Expr, Array], None]


def flow_back(w: Walker, loop: Loop, flows: dict[str, Array], through: Through, add: Callable[[str, Array], None]) -> None:
    """What flows back through a recurrence: the last position first, for what it passes on belongs to the one before."""
    count, k = w.frame.size(loop.axis), w.frame.place(loop.axis)
    for t in reversed(loop.positions(count)):
        here = w.frame.along(loop.axis, np.arange(count) == t)
        for let in reversed(loop.lets):
            if let.name not in flows:
                continue
            g = np.where(here, flows[let.name], 0)
            if not isinstance(let.body, Carried):
                through(let.body, g)
            elif 0 <= t + let.body.step < count:
                add(let.body.name, np.roll(g, let.body.step, axis=k))
            else:
                through(let.body.start, np.sum(g, axis=k, keepdims=True))
