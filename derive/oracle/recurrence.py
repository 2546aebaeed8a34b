"""Recurrences, one position after the other: values on the way there, adjoints on the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from derive.language.nodes import Carried, Expr, walk
from derive.language.recurrence import Loop, uses
from derive.oracle.setting import Setting, depends_on_data
from derive.oracle.tensor import Tensor, aligned, boxed, filled, union

Values = dict[Expr, Tensor]
Value = Callable[[Expr, Setting, Values], Tensor]


def loop_values(loop: Loop, s: Setting, values: Values, value: Value) -> Setting:
    """The setting that knows the lets of a recurrence; `value` gives an expression's value and remembers every node's."""
    free = [n for let in loop.lets for n in _independent(let.body, {x.name for x in loop.lets})]
    for node in free:
        value(node, s, values)
    rows: dict[str, dict[int, Tensor]] = {let.name: {} for let in loop.lets}
    for t in loop.positions(s.size(loop.axis)):
        here = {node: _row(values[node], loop.axis, t) for node in free}
        now = s
        for let in loop.lets:
            if isinstance(let.body, Carried):
                given = s.leaves.get(let.body.name)
                past = rows.get(let.body.name, {}) if given is None else {}
                there = t + loop.step
                if 0 <= there < s.size(loop.axis):
                    row = past[there] if given is None else _row(given, loop.axis, there)
                else:
                    row = here[let.body.start]
            else:
                row = value(let.body, now, here)
            rows[let.name][t] = row
            now = replace(now, leaves={**now.leaves, let.name: row})
    data = any(depends_on_data(let.body, s) for let in loop.lets)
    for let in loop.lets:
        if isinstance(let.body, Carried):
            whole = _stacked(rows[let.name], let.body.names, loop.axis, s)
            s = replace(s, leaves={**s.leaves, let.name: whole}, data=s.data | ({let.name} if data else frozenset()))
            values[let.body] = whole
    for let in loop.lets:
        if not isinstance(let.body, Carried):
            whole = value(let.body, s, values)
            s = replace(s, leaves={**s.leaves, let.name: whole}, data=s.data | ({let.name} if data else frozenset()))
    return s


def _independent(body: Expr, inside: set[str]) -> list[Expr]:
    """The nodes that are the same whatever a recurrence carries; the start of what it carries is one."""
    held: set[Expr] = set()
    free = []
    for node in walk(body):
        if any(c in held for c in node.children) or isinstance(node, Carried) or (not node.children and set(uses(node)) & inside):
            held.add(node)
        else:
            free.append(node)
    return free


def _row(t: Tensor, axis: str, at: int) -> Tensor:
    """A tensor at one position of an axis, if it has it."""
    if axis not in t.axes:
        return t
    place = t.axes.index(axis)
    return Tensor(t.axes[:place] + t.axes[place + 1 :], boxed(np.take(t.data, at, axis=place)))


def _stacked(rows: dict[int, Tensor], names: frozenset[str], axis: str, s: Setting) -> Tensor:
    """The rows as one tensor, whose first axis they are."""
    if not rows:
        axes = (axis, *sorted(names - {axis}))
        return filled(s.arithmetic.number(0), axes, {a: s.size(a) for a in axes})
    axes = union(list(rows.values()))
    whole = [np.asarray(aligned(rows[t], axes), dtype=object) for t in sorted(rows)]
    shape = np.broadcast_shapes(*(w.shape for w in whole))
    return Tensor((axis, *axes), np.stack([np.broadcast_to(w, shape) for w in whole]))


def only(flow: Tensor, axis: str, at: int) -> Tensor:
    """What of a flow belongs to one position; nothing flows elsewhere."""
    place = flow.axes.index(axis)
    data = np.empty(flow.data.shape, dtype=object)
    here: tuple[int | slice, ...] = (slice(None),) * place + (at,)
    data[here] = flow.data[here]
    return Tensor(flow.axes, data)


def moved(flow: Tensor, axis: str, by: int) -> Tensor:
    """A flow moved along an axis; what leaves it is gone."""
    place = flow.axes.index(axis)
    data = np.empty(flow.data.shape, dtype=object)
    ends = (slice(1, None), slice(None, -1)) if by > 0 else (slice(None, -1), slice(1, None))
    target, source = ((slice(None),) * place + (e,) for e in ends)
    data[target] = flow.data[source]
    return Tensor(flow.axes, data)


def first_row(flow: Tensor, axis: str, step: int) -> Tensor:
    """What of a flow belongs to the position beside the start."""
    return _row(flow, axis, 0 if step < 0 else -1)


def active_names(lets: Sequence[tuple[str, Expr]], active: set[str], reached: Callable[[Expr, set[str]], bool]) -> set[str]:
    """The names that depend on what is differentiated by, through recurrences too."""
    while True:
        more = {n for n, body in lets if reached(body, active) or (isinstance(body, Carried) and body.name in active)}
        if more <= active:
            return active
        active = active | more
