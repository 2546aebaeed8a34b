"""Mistakes in conditions, names and indices: which branch, which array, which position."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.edits.proposal import Proposal
from derive.checker.diagnosis.tape import Changed
from derive.language.nodes import (
    BATCH,
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    At,
    Call,
    Compare,
    Const,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Param,
    Ref,
    Size,
    Where,
    add,
    at,
    mul,
    negate,
    walk,
    where,
)  # fmt: skip
from derive.language.program import Program

Array = NDArray[Any]
STRICT = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def branches(node: Expr, program: Program) -> Iterator[Proposal]:
    """A condition turned round, forgotten, or about another number; a factor on one branch only."""
    if isinstance(node, Mul):
        for k, w in enumerate(node.args):
            rest = mul(*(a for j, a in enumerate(node.args) if j != k))
            if isinstance(w, Where):
                yield f"the factor {rest.brief} is left out where {w.condition.brief}", Where(w.condition, w.chosen, mul(rest, w.other))
                yield (
                    f"the factor {rest.brief} is left out except where {w.condition.brief}",
                    Where(w.condition, mul(rest, w.chosen), w.other),
                )
    if not isinstance(node, Where):
        return
    shown = node.brief
    yield f"the branches of {shown} are swapped", Where(node.condition, node.other, node.chosen)
    yield f"the condition is missing: {node.chosen.brief} everywhere for {shown}", node.chosen
    yield f"the condition is missing: {node.other.brief} everywhere for {shown}", node.other
    for old, new in ((node.chosen, (node.condition, ZERO, node.other)), (node.other, (node.condition, node.chosen, ZERO))):
        yield f"the branch {old.brief} is left out (0) of {shown}", Where(*new)
    yield f"wrong sign of the branch {node.chosen.brief} of {shown}", Where(node.condition, negate(node.chosen), node.other)
    yield f"wrong sign of the branch {node.other.brief} of {shown}", Where(node.condition, node.chosen, negate(node.other))
    if isinstance(node.chosen, Call) and node.chosen.fn == "exp" and node.other == ZERO:
        yield (
            f"masked numbers of {node.chosen.brief} count as exp(0) = 1, not as 0: the mask multiplies",
            Where(node.condition, node.chosen, ONE),
        )
    if isinstance(node.condition, Compare):
        c = node.condition
        yield f"wrong sign in the condition of {shown}", where(Compare(c.op, c.left, negate(c.right)), node.chosen, node.other)
        yield f"the threshold of {shown} is 0", where(Compare(c.op, c.left, ZERO), node.chosen, node.other)
        if {node.chosen, node.other} == {c.left, c.right}:
            yield f"the sum instead of the larger or smaller of {c.left.brief} and {c.right.brief}", add(c.left, c.right)
        for p in program.parameters:
            yield f"the threshold of {shown} is {p.name}", where(Compare(c.op, c.left, Param(p.name)), node.chosen, node.other)


def comparisons(node: Expr, program: Program) -> Iterator[Proposal]:
    """A comparison of positions that is off by one, or turned round."""
    if isinstance(node, Compare) and node.axes:
        if node.op in STRICT:
            yield f"{STRICT[node.op]} instead of {node.op}, off by one, in {node.brief}", Compare(STRICT[node.op], node.left, node.right)
        yield f"off by one: {node.right.brief} + 1 in {node.brief}", Compare(node.op, node.left, add(node.right, ONE))
        yield f"off by one: {node.right.brief} - 1 in {node.brief}", Compare(node.op, node.left, add(node.right, MINUS_ONE))
        yield f"the axes of {node.brief} are exchanged (the mask is transposed)", Compare(node.op, node.right, node.left)
        yield f"the condition {node.brief} is missing (always taken as true)", Compare("==", node.left, node.left)


def names(node: Expr, program: Program) -> Iterator[Proposal]:
    """Another input or intermediate in the place of an intermediate: stale or never updated."""
    if isinstance(node, Ref):
        for i in program.inputs:
            if i.axes == node.axes and i.dtype in ("real", "state"):
                yield f"{'stale: the old' if i.dtype == 'state' else 'the input'} {i.name} is used instead of {node.name}", i
        for let in program.lets:
            if let.name == node.name:
                break
            if let.ref.axes == node.axes:
                yield f"{let.name} is used instead of {node.name}", let.ref


def arguments(node: Expr, program: Program) -> Iterator[Proposal]:
    """Another input, or a state already updated, in the place of an input."""
    if isinstance(node, Input) and node.dtype in ("real", "state"):
        for i in program.inputs:
            if i.axes == node.axes and i.name != node.name and i.dtype in ("real", "state"):
                yield f"{i.name} is used instead of {node.name}", i
        for let in program.lets:
            if node.dtype == "state" and let.ref.axes == node.axes:
                yield f"the new {let.name} is used instead of the old {node.name}", let.ref


def ignored(node: Expr, program: Program) -> Iterator[Proposal]:
    """An argument that plays no part; a cotangent among them."""
    if isinstance(node, Input) and node.dtype in ("real", "state"):
        what = f"the cotangent {node.name}" if node.name.split("_")[0] == "g" and node in program.inputs[:2] else f"the input {node.name}"
        yield f"{what} is left out (taken as 1)", _ones
        yield f"{what} is left out (taken as 0)", _zeros
        yield f"wrong sign of {node.name}", negate(node)
        yield f"the sign of {node.name} is lost: abs({node.name}) in its place", Call("abs", (node,))


def _ones(w: Changed, own: Array) -> Array:
    return np.ones_like(own)


def _zeros(w: Changed, own: Array) -> Array:
    return np.zeros_like(own)


def turned(node: Expr, program: Program) -> Iterator[Proposal]:
    """A matrix transposed, if need be by writing its numbers into the wrong shape."""
    if isinstance(node, Input | Ref) and node.kind == "real":
        names = node.names if isinstance(node, Input) else tuple(a for a in program.order if a in node.axes)
        inner = [a for a in names if a != BATCH]
        for a, b in pairwise(inner):
            yield f"{node.name} is transposed: its axes {a} and {b} are swapped", partial(_transposed, a, b)
            yield f"{node.name} is reshaped, not transposed: {a} for {b}", partial(_reshaped, a, b)
        for b in program.order if len(inner) == 1 and len(names) == 1 else ():
            if b not in inner and b != BATCH:
                yield f"wrong axis: {node.name} is laid along {b}, not along {inner[0]}", partial(_laid, inner[0], b)
        for a in inner if isinstance(node, Input) and getattr(node, "dtype", "") == "real" else []:
            yield f"{node.name} is reversed along {a}", partial(_reversed, (a,))
        for a, b in pairwise(inner) if isinstance(node, Input) else ():
            yield f"{node.name} is reversed (flipped) along {a} and {b}", partial(_reversed, (a, b))


def _transposed(a: str, b: str, w: Changed, own: Array) -> Array:
    """The numbers of the transposed matrix, in the shape of the matrix."""
    p, q = w.frame.place(a), w.frame.place(b)
    return np.asarray(np.swapaxes(own, p, q).reshape(own.shape))


def _reshaped(a: str, b: str, w: Changed, own: Array) -> Array:
    """The numbers read in the order of the transposed shape."""
    p, q = w.frame.place(a), w.frame.place(b)
    shape = list(own.shape)
    shape[p], shape[q] = shape[q], shape[p]
    return np.asarray(np.swapaxes(own.reshape(shape), p, q))


def _laid(a: str, b: str, w: Changed, own: Array) -> Array:
    """The numbers along another axis of the same length. Raises ValueError where it is not."""
    if w.frame.size(a) != w.frame.size(b):
        raise ValueError(f"{a} is not as long as {b}")
    return np.asarray(np.swapaxes(own, w.frame.place(a), w.frame.place(b)))


def _reversed(axes: tuple[str, ...], w: Changed, own: Array) -> Array:
    return np.flip(own, tuple(w.frame.place(a) for a in axes))


def positions(node: Expr, program: Program) -> Iterator[Proposal]:
    """Labels and indices off by one, one for all, or not looked at."""
    if isinstance(node, Iota):
        yield f"off by one: the positions along {node.axis} count from 1", add(node, ONE)
        yield f"the positions along {node.axis} are counted from the end (reversed, flipped)", add(Size(node.axis), MINUS_ONE, negate(node))
    if isinstance(node, At):
        for axis, index in node.index:
            yield from _read_elsewhere(node, axis, index)
    if isinstance(node, Delta):
        shown = node.index.brief
        for step, word in ((-1, "before"), (1, "after")):
            yield f"off by one: the position {word} {shown} along {node.axis}", Delta(node.axis, add(node.index, Const(ONE.value * step)))
            yield f"off by one: the position {word} {shown}, or round the end, along {node.axis}", partial(_rolled, node.axis, step)
        for a in sorted(node.index.axes):
            if a != BATCH:
                yield f"the index {shown} is not looked at: the position along {a} stands for it", Delta(node.axis, Iota(a))
            yield f"the first index of {shown} is read for all of {a} (one label for every row)", partial(_first_row, a)
            yield f"whole columns: every row takes the index {shown} of all of {a} (fancy indexing)", partial(_any_row, a)
            yield (
                f"repeated indices overwrite instead of accumulating: the last write to each position of {node.axis} counts",
                partial(_last, a),
            )
            yield f"a factor: averaged over the repeats of an index along {node.axis}", partial(_averaged, a)
            yield (
                f"rows and columns are exchanged (transposed): {a} for {node.axis} at the index {shown}",
                partial(_transposed, a, node.axis),
            )


def columns(node: Expr, program: Program) -> Iterator[Proposal]:
    """Right at the label only, or everywhere but there."""
    if isinstance(node, Add):
        for hot in dict.fromkeys(n for n in walk(node) if isinstance(n, Delta)):
            yield f"left out (0) except at the label: only {node.brief} at {hot.brief}", mul(hot, node)
            yield f"left out (0) at the label: {node.brief} elsewhere only", mul(add(ONE, negate(hot)), node)


def _read_elsewhere(node: At, axis: str, index: Expr) -> Iterator[Proposal]:
    shown, last, others = index.brief, add(Size(axis), MINUS_ONE), dict(node.index)
    before = where(index > ZERO, add(index, MINUS_ONE), last)
    after = where(index < last, add(index, ONE), ZERO)
    for word, place in (("before", before), ("after", after)):
        yield f"off by one: the position {word} the label or index {shown} is read along {axis}", at(node.body, others | {axis: place})
    yield f"the index {shown} is not looked at: position 0 of {axis} is read", at(node.body, others | {axis: ZERO})
    for a in sorted(index.axes - {BATCH}):
        fixed = at(index, {a: ZERO})
        yield f"the first index of {shown} is read for all of {a} (one label for every row)", at(node.body, others | {axis: fixed})
        yield f"the index {shown} is not looked at: the position along {a} stands for it", partial(_wrapped, node, axis, a)
        yield f"whole columns: every row takes the index {shown} of all of {a} (fancy indexing)", partial(_all_rows, node, axis, a)


def _wrapped(node: At, axis: str, a: str, w: Changed, own: Array) -> Any:
    """Read at the position along another axis. Raises ValueError where that axis is the longer one."""
    if w.frame.size(a) > w.frame.size(axis):
        raise ValueError(f"{a} is longer than {axis}")
    return w.value(at(node.body, dict(node.index) | {axis: Iota(a)}))


def _all_rows(node: At, axis: str, a: str, w: Changed, own: Array) -> Array:
    """The mean over every index of the axis, for each row."""
    rows = [
        w.value(at(node.body, dict(node.index) | {axis: at(dict(node.index)[axis], {a: Const(ONE.value * k)})}))
        for k in range(w.frame.size(a))
    ]
    return np.asarray(np.mean(np.stack([np.broadcast_to(r, own.shape) for r in rows]), axis=0))


def _rolled(axis: str, step: int, w: Changed, own: Array) -> Array:
    return np.roll(own, step, w.frame.place(axis))


def _first_row(a: str, w: Changed, own: Array) -> Array:
    return np.broadcast_to(np.take(own, [0], w.frame.place(a)), own.shape)


def _any_row(a: str, w: Changed, own: Array) -> Array:
    return np.broadcast_to(np.max(own, axis=w.frame.place(a), keepdims=True), own.shape)


def _last(a: str, w: Changed, own: Array) -> Array:
    """Of several ones along the axis, the last."""
    d = w.frame.place(a)
    after = np.flip(np.add.accumulate(np.flip(own, d), axis=d), d)
    return np.asarray(own * (after == 1))


def _averaged(a: str, w: Changed, own: Array) -> Array:
    return np.asarray(own / np.maximum(np.sum(own, axis=w.frame.place(a), keepdims=True), 1))


def masked(node: Expr, program: Program) -> Iterator[Proposal]:
    """A mask that the definition does not have."""
    match node:
        case Call("exp", (v,)):
            named = [a for a in program.order if a in v.axes and a != BATCH]
            for a in named:
                for b in (b for b in named if b != a):
                    upto = Compare("<=", Iota(b), Iota(a))
                    yield f"causal mask (variant): {b} only up to {a}, in {node.brief}", where(upto, node, ZERO)
