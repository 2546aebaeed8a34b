"""Mistakes in what comes before what: off by one in time, a state updated too early, a number added before a correction."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.edits.proposal import Proposal
from derive.checker.diagnosis.tape import Changed
from derive.language.nodes import (
    ZERO,
    Add,
    At,
    Carried,
    Const,
    Expr,
    Input,
    Iota,
    Mul,
    Param,
    Pow,
    Reduce,
    Ref,
    Where,
    add,
    at,
    base_axis,
    mul,
    power,
    substitute,
    walk,
)  # fmt: skip
from derive.language.program import Program

Array = NDArray[Any]


def carried(node: Expr, program: Program) -> Iterator[Proposal]:
    """A recurrence that is off by one step, or that carries nothing."""
    if isinstance(node, Ref) and isinstance(body := _body(node, program), Carried):
        yield f"off by one: {body.name} is used instead of {node.name} of one step before", program.let(body.name).ref
    if isinstance(node, Carried):
        yield f"off by one: {node.name} of two steps before is carried along {node.axis}", partial(_once_more, node)
        yield f"nothing is carried along {node.axis}: every step starts from {node.start.brief}", partial(_from_start, node)
        for i in (i for i in program.real_inputs if node.axis in i.axes and i.axes <= node.axes):
            yield f"it starts from the first {i.name} along {node.axis}, not from {node.start.brief}", partial(_from_first, node, i)
    if isinstance(node, Input) and node.name.split("_")[0] == "g" and node in program.inputs[: len(program.inputs) // 2]:
        for c in (let.body for let in program.lets if isinstance(let.body, Carried) and let.body.axis in node.axes):
            yield f"the cotangent {node.name} is left out except at the end along {c.axis}", partial(_at_end, c)


def _body(node: Ref, program: Program) -> Expr | None:
    return next((let.body for let in program.lets if let.name == node.name), None)


def _once_more(node: Carried, w: Changed, own: Array) -> Array:
    k, n = w.frame.place(node.axis), w.frame.size(node.axis)
    return np.take(own, np.clip(np.arange(n) + node.step, 0, n - 1), k) if own.shape[k] == n else own


def _from_start(node: Carried, w: Changed, own: Array) -> Array:
    return np.broadcast_to(np.asarray(w.done[node.start]), own.shape)


def _from_first(node: Carried, i: Input, w: Changed, own: Array) -> Array:
    k, n = w.frame.place(node.axis), w.frame.size(node.axis)
    first = 0 if node.step < 0 else n - 1
    return np.where(w.frame.along(node.axis, np.arange(n)) == first, np.take(np.asarray(w.value(i)), [first], k), own)


def _at_end(c: Carried, w: Changed, own: Array) -> Array:
    """Zero but where a sequence that runs the other way begins."""
    k, n = w.frame.place(c.axis), w.frame.size(c.axis)
    return np.asarray(own * (w.frame.along(c.axis, np.arange(n)) == n - 1)) if own.shape[k] == n else own


def early(node: Expr, program: Program) -> Iterator[Proposal]:
    """An argument that a step changes, already changed where another part of the step looks at it."""
    for let in (let for let in program.lets if let.body == node):
        for total in (n for n in walk(node) if isinstance(n, Add)):
            for term in total.args:
                for i in (i for i in walk(term) if isinstance(i, Input) and i.axes == node.axes and i != node):
                    without = substitute(node, {total: add(*(t for t in total.args if t != term))})
                    if i in set(walk(without)) and term not in node.children:
                        late = substitute(node, {term: substitute(term, {i: without})})
                        yield f"order: {i.name} is already changed (the new {let.name}) where {term.brief} uses it", late


def beforehand(node: Expr, program: Program) -> Iterator[Proposal]:
    """A number added to a root before the factor under the root is applied, so that it is scaled as well."""
    if not isinstance(node, Add):
        return
    for root in (a for a in node.args if isinstance(a, Pow) and isinstance(a.exponent, Const)):
        under = _body(root.base, program) if isinstance(root.base, Ref) else root.base
        for factor in under.args if isinstance(under, Mul) else ():
            rest = mul(*(f for f in under.args if f != factor)) if isinstance(under, Mul) else under
            others = [t for t in node.args if t != root]
            if all(isinstance(t, Param | Const) for t in others):
                scaled = mul(power(factor, root.exponent), add(power(rest, root.exponent), *others))  # type: ignore[arg-type]
                yield f"order: {add(*others).brief} (eps) is added before the correction {factor.brief} is applied, in {node.brief}", scaled


def unmasked(node: Expr, program: Program) -> Iterator[Proposal]:
    """A mask applied after a sum that it should come before."""
    if not isinstance(node, Reduce) or node.how.startswith("arg"):
        return
    body = _body(node.body, program) if isinstance(node.body, Ref) else node.body
    if isinstance(body, Where) and ZERO in (body.chosen, body.other):
        kept = body.chosen if body.other == ZERO else body.other
        words = f"the mask is applied after the {node.how}, too late: what {body.condition.brief} leaves out counts in {node.brief}"
        yield words, Reduce(node.how, kept, node.over)


def inward(node: Expr, program: Program) -> Iterator[Proposal]:
    """A factor on a weighted sum that multiplies what is summed, before it is."""
    if not isinstance(node, Mul):
        return
    for value in node.args:
        place = dict(value.index) if isinstance(value, At) else {}
        inner = value.body if isinstance(value, At) else value
        meant = _body(inner, program) if isinstance(inner, Ref) else None
        total = inner if meant is None else meant
        for reduced in (n for n in walk(total) if isinstance(n, Reduce) and n.how == "sum" and len(n.over) == 1):
            own = base_axis(reduced.over[0])
            for factor in (f for f in node.args if f != value and own in f.axes):
                moved = at(factor, {own: Iota(reduced.over[0])})
                changed = substitute(total, {reduced: Reduce("sum", mul(reduced.body, moved), reduced.over)})
                rest = [f for f in node.args if f not in (value, factor)]
                words = f"order: {factor.brief} multiplies what is summed over {own}, not the sum, in {node.brief}"
                yield words, mul(*rest, at(changed, place) if place else changed)
