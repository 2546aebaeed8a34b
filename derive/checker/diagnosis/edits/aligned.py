"""Mistakes in where positions are counted from, which way an order is turned, and whom a tie pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.edits.proposal import Edit, Proposal
from derive.checker.diagnosis.tape import Changed
from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    At,
    Compare,
    Const,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Param,
    Reduce,
    Ref,
    Size,
    Where,
    add,
    at,
    mul,
    negate,
    substitute,
    walk,
    where,
)  # fmt: skip
from derive.language.program import Program

Array = NDArray[Any]
Nodes = tuple[Expr, ...]


def aligned(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """The positions along an axis counted so that its end meets that of another, or as many later or earlier as a whole parameter."""
    positions = [n for n in nodes if isinstance(n, Iota)]
    met = {(a, b) for n in nodes if isinstance(n, Add | Compare) for a in _of(n) for b in _of(n) if a != b}
    for one, other in ((a, b) for a in positions for b in positions if (a.axis, b.axis) in met):
        words = f"the positions along {one.axis} are counted so that its end, not its start, meets that of {other.axis}"
        yield Edit(words, {one: add(one, Size(other.axis), negate(Size(one.axis)))})
    written = [n for n in nodes if isinstance(n, Delta) and any(isinstance(x, Iota) for x in walk(n.index))]
    for p in (p for p in program.parameters if p.integer):
        for word, step in (("later", Param(p.name)), ("earlier", negate(Param(p.name)))):
            for one in positions:
                yield Edit(f"the positions along {one.axis} are {p.name} {word}: {p.name} is at the other end", {one: add(one, step)})
            for hot in written:
                words = f"the positions along {hot.axis} are {p.name} {word}: {p.name} is at the other end"
                yield Edit(words, {hot: Delta(hot.axis, add(hot.index, step))})


def _of(n: Expr) -> set[str]:
    return {leaf.axis for leaf in walk(n) if isinstance(leaf, Iota)}


def inverted(node: Expr, program: Program) -> Iterator[Proposal]:
    """A reordering of positions that is the inverse of the one meant."""
    if isinstance(node, At):
        for axis, index in node.index:
            if len(index.axes) == 1 and not isinstance(index, Iota) and any(isinstance(n, Iota) for n in walk(index)):
                words = f"the inverse of the order: positions along {axis} are read the other way round (swapped), in {node.brief}"
                yield words, partial(_inverse, node, axis, index)


def _inverse(node: At, axis: str, index: Expr, w: Changed, own: Array) -> Any:
    """Read at the inverse permutation. Raises ValueError where the index is none."""
    places = np.asarray(w.done[index])
    order = places.ravel().astype(np.int64)
    if len(order) != w.frame.size(axis) or set(order.tolist()) != set(range(len(order))):
        raise ValueError(f"{index} is no permutation")
    turned = Input(f"?{len(w.done)}", tuple(sorted(index.axes)), "index")
    w.done[turned] = np.argsort(order).reshape(places.shape)
    return w.value(at(node.body, {**dict(node.index), axis: turned}))


def shared_by_ties(node: Expr, program: Program) -> Iterator[Proposal]:
    """Every one of several equal largest elements gets all that goes to the largest."""
    if not isinstance(node, Delta):
        return
    index = program.let(node.index.name).body if isinstance(node.index, Ref) else node.index
    for chosen in (n for n in walk(index) if isinstance(n, Reduce) and n.how.startswith("arg") and len(n.over) == 1):
        best = Reduce(chosen.how.removeprefix("arg"), chosen.body, chosen.over)
        words = f"ties: each of several equal elements gets the whole gradient of {best.brief}, not one of them or all together"
        hits = where(Compare("==", chosen.body, best), ONE, ZERO)
        there = Delta(node.axis, substitute(index, {chosen: Iota(*chosen.over)}))
        yield words, hits if chosen.over == (node.axis,) else Reduce("sum", mul(hits, there), chosen.over)


def clamped(node: Expr, program: Program) -> Iterator[Proposal]:
    """An index that never goes to the last position, or that stays at an end where it is off by one."""
    places: list[tuple[str, Expr, Callable[[Expr], Expr]]] = []
    if isinstance(node, At):
        places = [(axis, index, partial(_read, node, axis)) for axis, index in node.index]
    if isinstance(node, Delta):
        places = [(node.axis, node.index, partial(Delta, node.axis))]
    for axis, index, there in places:
        if not any(isinstance(n, Input) and n.dtype == "index" for n in walk(index)):
            continue
        last, size = add(Size(axis), MINUS_ONE), Size(axis)
        before_last = where(size > ONE, add(size, Const(Fraction(-2))), ZERO)
        shown = f"the index {index.brief} is"
        yield f"off by one: {shown} clamped to the position before the last of {axis}", there(where(index < last, index, before_last))
        yield f"off by one: {shown} one later, clamped to the last of {axis}", there(where(index < last, add(index, ONE), last))
        yield f"off by one: {shown} one earlier, clamped to the first of {axis}", there(where(index > ZERO, add(index, MINUS_ONE), ZERO))


def _read(node: At, axis: str, index: Expr) -> Expr:
    return at(node.body, {**dict(node.index), axis: index})


def offset(node: Expr, program: Program) -> Iterator[Proposal]:
    """One more on what is read at one fixed place."""
    if isinstance(node, At) and node.kind == "real" and any(not place.axes for _, place in node.index):
        yield f"a constant 1 is added to {node.brief}", add(node, ONE)


def corrected(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """The larger of two taken after a correction of one of them that belongs after it."""
    for let in program.lets:
        larger = let.body
        users = [n for n in nodes if isinstance(n, Mul) and let.ref in n.args]
        if not isinstance(larger, Where) or not isinstance(larger.condition, Compare):
            continue
        for factor in dict.fromkeys(f for n in users for f in n.args if f != let.ref):
            for new in (n for n in (larger.chosen, larger.other) if n != ZERO and not isinstance(n, Input)):
                mine = [n for n in users if factor in n.args]
                before = substitute(larger, {new: mul(factor, new)})
                after: dict[Expr, Expr] = {n: mul(*(f for f in n.args if f != factor)) for n in mine}
                words = f"order: the correction {factor.brief} is applied to {new.brief} before {let.name} is taken"
                yield Edit(words, {larger: before, **after})


def exchanged_parameters(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """Two parameters in each other's place."""
    found = [n for n in nodes if isinstance(n, Param)]
    for k, a in enumerate(found):
        for b in found[k + 1 :]:
            yield Edit(f"the parameters {a.name} and {b.name} are exchanged (swapped)", {a: partial(_other, b), b: partial(_other, a)})


def _other(node: Expr, w: Changed, own: Array) -> Any:
    return w.done.below[node]  # type: ignore[attr-defined]


