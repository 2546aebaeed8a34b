"""A program at one call with the value of every node kept, so that a mistake in one place is computed by redoing what depends on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derive.checker.evaluate import RULES, Numbers, Walker, all_axes, defaults, frame
from derive.checker.grading import Narrow
from derive.checker.recurrences import visit
from derive.language.nodes import At, Carried, Expr, Ref, walk
from derive.language.program import Program

Array = NDArray[Any]
SCAN = "#"  # a dimension in front of all others, along which an unknown number may vary
BETWEEN = 1e-6  # from a whole number, beyond what rounding does to an index


class Reals(Narrow):
    """Double precision, where a sum over what does not vary counts it as often as it stands there."""

    def __init__(self) -> None:
        super().__init__("float64")

    def reduce(self, how: str, body: Any, dims: tuple[int, ...], length: int) -> Any:
        """Reduced dimensions stay, with length 1."""
        body = np.asarray(body)
        there = int(np.prod([body.shape[d] for d in dims])) if body.ndim else 1
        body = body if body.ndim else body.reshape([1] * (max(dims) + 1))
        total = super().reduce(how, body, dims, length)
        return total * (length / there) if how == "sum" and there not in (0, length) else total

    def positions(self, index: Any) -> Array:
        """The index as integers. Raises ValueError where a mistake makes it lie between two positions."""
        index = np.asarray(index)
        if index.dtype.kind == "f" and np.any(np.abs(index - np.round(index)) > BETWEEN):
            raise ValueError("an index is no whole number")
        return super().positions(index)


@dataclass(frozen=True, eq=False)
class Order:
    """The nodes of a program in the order of evaluation, for each node those that use it and the names that it has."""

    nodes: tuple[Expr, ...]
    users: Mapping[Expr, tuple[Expr, ...]]
    names: Mapping[Expr, tuple[str, ...]]

    def after(self, changed: frozenset[Expr]) -> tuple[Expr, ...]:
        """The changed nodes and all that depend on them, in order."""
        return _after(self, changed)


@lru_cache(maxsize=64)
def order_of(program: Program) -> Order:
    """The order of a program; a name depends on what it names."""
    users: dict[Expr, dict[Expr, None]] = {}
    for let in program.lets:
        for node in walk(let.body):
            users.setdefault(node, {})
            for child in node.children:
                users.setdefault(child, {})[node] = None
        users[let.body][let.ref] = None
        if isinstance(let.body, Carried):
            users.setdefault(program.let(let.body.name).ref, {})[let.body] = None
        users.setdefault(let.ref, {})
    nodes = dict.fromkeys(n for let in program.lets for n in (*walk(let.body), let.ref))
    names: dict[Expr, tuple[str, ...]] = {}
    for let in program.lets:
        names[let.body] = (*names.get(let.body, ()), let.name)
    return Order(tuple(nodes), {n: tuple(found) for n, found in users.items()}, names)


@lru_cache(maxsize=4096)
def _after(order: Order, changed: frozenset[Expr]) -> tuple[Expr, ...]:
    reached, waiting = set(changed), list(changed)
    while waiting:
        for user in order.users.get(waiting.pop(), ()):
            if user not in reached:
                reached.add(user)
                waiting.append(user)
    return tuple(n for n in order.nodes if n in reached)


class Layer(dict[Any, Any]):
    """New values over old ones."""

    def __init__(self, below: Mapping[Any, Any]) -> None:
        super().__init__()
        self.below = below

    def __missing__(self, key: Any) -> Any:
        return self.below[key]

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self.below


class Changed(Walker):
    """The values of a program some of whose nodes are something else."""

    def __init__(self, tape: Tape) -> None:
        super().__init__(tape.walker.frame, tape.walker.leaves, tape.walker.parameters, tape.walker.arithmetic)
        self.done, self.named = Layer(tape.walker.done), Layer(tape.walker.named)

    def value(self, expr: Expr) -> Any:
        """The value of an expression; nodes of the program have theirs."""
        if expr not in self.done:
            for child in expr.children:
                self.value(child)
            self.done[expr] = RULES[type(expr)](self, expr)
        return self.done[expr]


Change = Expr | Callable[[Changed, Array], Any]  # what stands in the place of a node: an expression, or what is made of its value
Changes = Mapping[Expr, Change]


class Tape:
    """A program, one call of it, and every value on the way."""

    def __init__(self, program: Program, inputs: Mapping[str, ArrayLike], parameters: Numbers) -> None:
        self.program, self.order = program, order_of(program)
        arrays = {i.name: np.asarray(inputs[i.name]) for i in program.inputs}
        numbers = defaults(program, {p.name: parameters[p.name] for p in program.parameters if p.name in parameters})
        fr = frame(program, arrays, numbers)
        fr = replace(fr, order=(SCAN, *all_axes(program)), sizes={**fr.sizes, SCAN: 1})
        arithmetic = Reals()
        with np.errstate(all="ignore"):
            leaves = {i.name: arithmetic.array(fr.spread(arrays[i.name], i.names), i.dtype in ("index", "count")) for i in program.inputs}
            self.walker = Walker(fr, leaves, numbers, arithmetic)
            visit(self.walker, program)
            self.walker.done.update({let.ref: self.walker.named[let.name] for let in program.lets})

    def output(self, position: int, changes: Changes | None = None) -> Array:
        """One output as the caller sees it, after changes. Raises ValueError where they do not fit together."""
        o = self.program.outputs[position]
        value = self.changed(changes)[self.program.let(o.name).ref] if changes else self.walker.named[o.name]
        return self.walker.frame.gather(np.asarray(value), o.names)

    def along(self, position: int, changes: Changes, count: int) -> Array:
        """The output for each of `count` values that the changes run through along the first dimension of all."""
        o = self.program.outputs[position]
        fr = self.walker.frame
        fr = replace(fr, sizes={**fr.sizes, SCAN: count})
        return fr.gather(np.asarray(self.changed(changes)[self.program.let(o.name).ref]), (SCAN, *o.names))

    def changed(self, changes: Changes) -> Mapping[Any, Any]:
        """The values of all nodes after changes."""
        nodes = self.order.after(frozenset(changes))
        axes = {n.axis for n in nodes if isinstance(n, Carried)}
        w = self._pass(changes, nodes, {})
        states = self._states(self.walker, nodes)
        for _ in range(max((self.walker.frame.size(axis) for axis in axes), default=0)):  # after as many, all of a recurrence has changed
            before, states = states, self._states(w, nodes)
            if all(np.array_equal(before[n], states[n], equal_nan=True) for n in states):
                break
            w = self._pass(changes, nodes, states)
        return w.done

    def _states(self, w: Walker, nodes: Sequence[Expr]) -> dict[str, Any]:
        """What the recurrences among the nodes carry."""
        return {n.name: w.named[n.name] for n in nodes if isinstance(n, Carried)}

    def _meant(self, w: Changed, change: Expr, changes: Changes) -> Any:
        """The value of what stands for a node; a node that is changed itself means here what it was."""
        if change not in changes:
            return w.value(change)
        return RULES[type(change)](w, change) if isinstance(change, At) else self.walker.done[change]

    def _pass(self, changes: Changes, nodes: Sequence[Expr], states: Mapping[str, Any]) -> Changed:
        """All nodes once, given what recurrences carry."""
        w = Changed(self)
        w.named.update(states)
        with np.errstate(all="ignore"):
            for node in nodes:
                own = w.done[node] = w.named[node.name] if isinstance(node, Ref) else RULES[type(node)](w, node)
                change = changes.get(node)
                if isinstance(change, Expr):
                    w.done[node] = self._meant(w, change, changes)
                elif change is not None:
                    w.done[node] = change(w, np.asarray(own))
                if isinstance(node, Ref):
                    w.named[node.name] = w.done[node]
                for name in self.order.names.get(node, ()):
                    w.named[name] = w.done[node]
        return w
