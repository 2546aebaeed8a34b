"""Mistakes in sums, means and maxima: another axis, another divisor, positions that are forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.edits.proposal import Proposal
from derive.checker.diagnosis.tape import Changed
from derive.language.nodes import BATCH, MINUS_ONE, ONE, At, Const, Expr, Param, Reduce, Size, add, at, mul, power, reciprocal, walk
from derive.language.program import Program

Array = NDArray[Any]
BLOCKS = (2, 4, 8, 16, 32, 64, 128)
PLACES = ("the first", "the second")
OTHER = {"max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax"}


def divisors(node: Expr, program: Program) -> Iterator[Proposal]:
    """Sum for mean and mean for sum, another divisor, minimum for maximum."""
    if not isinstance(node, Reduce):
        return
    words, n = " ".join(node.over), mul(*(Size(a) for a in node.over if a != BATCH))
    if node.how == "mean":
        yield f"sum instead of mean over {words}, in {node.brief}", Reduce("sum", node.body, node.over)
        yield f"divided by {n.brief} - 1 (unbiased, ddof=1) instead of {n.brief}, in {node.brief}", partial(_divided, node, -1)
        yield f"divided by {n.brief} + 1 instead of {n.brief}, in {node.brief}", partial(_divided, node, 1)
        yield f"a factor: mean over those that are not 0, in {node.brief}", partial(_of_nonzero, node)
        for p in (p for p in program.parameters if p.integer):
            for power_ in dict.fromkeys((1, len(node.over))):
                by = power(Param(p.name), Const(Fraction(power_)))
                yield (
                    f"a factor: divided by {by.brief} instead of {n.brief}, in {node.brief}",
                    mul(Reduce("sum", node.body, node.over), reciprocal(by)),
                )
    if node.how == "sum":
        yield f"mean instead of sum over {words}, in {node.brief}", Reduce("mean", node.body, node.over)
        if BATCH not in node.over:
            yield f"a factor: {n.brief} instead of {node.brief}", n
    if other := OTHER.get(node.how):
        yield f"{other} instead of {node.how}, in {node.brief}", Reduce(other, node.body, node.over)
    if node.how in ("max", "min"):
        yield f"mean instead of {node.how}, in {node.brief}", Reduce("mean", node.body, node.over)


def sizes(node: Expr, program: Program) -> Iterator[Proposal]:
    """The size of another axis, or of one of the leading dimensions instead of all."""
    if isinstance(node, Size):
        for a in (a for a in program.order if a != node.axis):
            yield f"a factor: size({a}) for size({node.axis})", Size(a)
        yield f"a factor: size({node.axis}) - 1 for size({node.axis})", add(node, MINUS_ONE)
        yield f"a factor: 1 for size({node.axis})", ONE
    if isinstance(node, Size) and node.axis == BATCH:
        for k, place in ((0, "first"), (-1, "last")):
            yield f"a factor: the size of the {place} leading dimension for that of all", partial(_one_of, k)
    if isinstance(node, Reduce) and node.how == "mean" and BATCH in node.over:
        for k, place in ((0, "first"), (-1, "last")):
            yield (
                f"a factor: divided by the size of the {place} leading dimension for that of all, in {node.brief}",
                partial(_by_one_of, node, k),
            )


def _one_of(k: int, w: Changed, own: Array) -> Array:
    batch = w.frame.batch or (1,)
    return np.asarray(float(batch[k]))


def _by_one_of(node: Reduce, k: int, w: Changed, own: Array) -> Array:
    batch = w.frame.batch or (1,)
    return np.asarray(own * np.prod([w.frame.size(a) for a in node.over]) / batch[k])


def _divided(node: Reduce, step: int, w: Changed, own: Array) -> Array:
    n = int(np.prod([w.frame.size(a) for a in node.over]))
    return np.asarray(own * n / (n + step)) if n + step else own * np.inf


def _of_nonzero(node: Reduce, w: Changed, own: Array) -> Array:
    body = np.asarray(w.done[node.body])
    dims = tuple(w.frame.place(a) for a in node.over)
    return np.asarray(np.sum(body, axis=dims, keepdims=True) / np.maximum(np.sum(body != 0, axis=dims, keepdims=True), 1))


def axes(node: Expr, program: Program) -> Iterator[Proposal]:
    """Another axis, all of them, none."""
    if not isinstance(node, Reduce):
        return
    there = sorted(node.body.axes)
    words = " ".join(node.over)
    if not node.how.startswith("arg"):
        yield f"the {node.how} over {words} is left out of {node.brief}: each element (the diagonal) alone", node.body
        for other in [(a,) for a in there] + [tuple(there)] * (len(there) > 1):
            if set(other) != set(node.over):
                yield f"wrong axis: {node.how} over {' '.join(other)} instead of {words}, in {node.brief}", partial(over, node, other)
    if BATCH in node.body.axes:
        for k, place in enumerate(PLACES):
            yield f"wrong axis: {node.how} over {place} dimension instead of {words}, in {node.brief}", partial(leading, node, k)
        yield f"wrong axis: {node.how} over all but the first dimension instead of {words}, in {node.brief}", partial(but_first, node)


def over(node: Reduce, other: tuple[str, ...], w: Changed, own: Array) -> Array:
    """The reduction over other axes."""
    return _reduced(node.how, np.asarray(w.done[node.body]), w, tuple(w.frame.place(a) for a in other))


def _reduced(how: str, body: Array, w: Changed, dims: tuple[int, ...]) -> Array:
    """A reduction over those of the dimensions that there are."""
    length = int(np.prod([body.shape[d] for d in dims]))
    return np.asarray(w.arithmetic.reduce(how, body, dims, length))


def leading(node: Reduce, k: int, w: Changed, own: Array) -> Array:
    """The reduction over one dimension, counted from the first of the leading ones. Raises ValueError where there is none such."""
    batch, place = w.frame.batch, w.frame.place(BATCH)
    named = [w.frame.place(a) for a in w.frame.order if a in node.body.axes and a != BATCH]
    if k < len(batch):
        return _unfolded(node, w, (k,), batch, place)
    return _reduced(node.how, np.asarray(w.done[node.body]), w, (named[k - len(batch)],))


def but_first(node: Reduce, w: Changed, own: Array) -> Array:
    """The reduction over all leading dimensions but the first and over every named axis."""
    batch, place = w.frame.batch, w.frame.place(BATCH)
    if not batch:
        raise ValueError("no such dimension")
    named = tuple(w.frame.place(a) for a in sorted(node.body.axes) if a != BATCH)
    return _unfolded(node, w, tuple(range(1, len(batch))), batch, place, named)


def _unfolded(node: Reduce, w: Changed, dims: tuple[int, ...], batch: tuple[int, ...], place: int, named: tuple[int, ...] = ()) -> Array:
    body = np.asarray(w.done[node.body])
    shape = (*body.shape[:place], *batch, *body.shape[place + 1 :])
    wide = np.broadcast_to(body, (*body.shape[:place], int(np.prod(batch)), *body.shape[place + 1 :])).reshape(shape)
    moved = (*(place + d for d in dims), *(d + (len(batch) - 1 if d > place else 0) for d in named))
    found = np.broadcast_to(_reduced(node.how, wide, w, moved), [1 if d in moved[len(dims) :] else n for d, n in enumerate(shape)])
    return np.asarray(found).reshape([*found.shape[:place], -1, *found.shape[place + len(batch) :]])


def _full(block: int, n: int) -> slice:
    return slice(0, n // block * block)


def _full_or_only(block: int, n: int) -> slice:
    return slice(0, n // block * block or n)


def _nothing(n: int) -> slice:
    return slice(0, 0)


WAYS: tuple[tuple[str, Callable[[int], slice]], ...] = (
    ("every position", _nothing),
    ("the last position", lambda n: slice(0, n - 1)),
    ("the first position", lambda n: slice(1, n)),
    ("all but the last position", lambda n: slice(n - 1, n)),
    ("all but the first position", lambda n: slice(0, 1)),
    *((f"the last block of {b}, if not full,", partial(_full, b)) for b in BLOCKS),
    *((f"the last block of {b}, if neither full nor the only one,", partial(_full_or_only, b)) for b in BLOCKS),
)


def forgotten(node: Expr, program: Program) -> Iterator[Proposal]:
    """Positions that are left out: the first, the last, what does not fill a block."""
    if not isinstance(node, Reduce) or node.how.startswith("arg"):
        return
    for a in node.over:
        for words, kept in WAYS:
            yield f"{words} along {a} is left out of {node.brief}", partial(of_part, node, a, kept)
            if node.how == "mean":
                yield f"{words} along {a} is left out of {node.brief}, though counted", partial(_of_part_counted, node, a, kept)


def of_part(node: Reduce, axis: str, kept: Callable[[int], slice], w: Changed, own: Array) -> Array:
    d, n = w.frame.place(axis), w.frame.size(axis)
    body = np.asarray(w.done[node.body])
    body = np.broadcast_to(body, [n if k == d else m for k, m in enumerate(body.shape)])
    part = body[(slice(None),) * d + (kept(n),)]
    if not part.shape[d] and node.how != "sum":
        return own
    return _reduced(node.how, part, w, tuple(w.frame.place(a) for a in node.over))


def _of_part_counted(node: Reduce, axis: str, kept: Callable[[int], slice], w: Changed, own: Array) -> Array:
    n = w.frame.size(axis)
    return np.asarray(of_part(node, axis, kept, w, own) * len(range(n)[kept(n)]) / n)


def in_blocks(node: Expr, program: Program) -> Iterator[Proposal]:
    """A mean of the means of blocks, in which a last block that is not full weighs too much, or is divided as if it were full."""
    if isinstance(node, Reduce) and node.how == "mean":
        for b in BLOCKS:
            yield (
                f"a mean of means of blocks of {b}, the last, smaller one among them, in {node.brief}",
                partial(_means, node, b),
            )
            yield f"a last block of {b} that is not full is divided as if it were, in {node.brief}", partial(_as_if_full, node, b)


def _means(node: Reduce, block: int, w: Changed, own: Array) -> Array:
    """Along all that is reduced, as one line."""
    line, dims, shape = _line(node, w)
    parts = [np.mean(line[..., k : k + block], axis=-1) for k in range(0, line.shape[-1], block)]
    return np.asarray(np.mean(parts, axis=0).reshape([1 if d in dims else n for d, n in enumerate(shape)]))


def _as_if_full(node: Reduce, block: int, w: Changed, own: Array) -> Array:
    line, _, _ = _line(node, w)
    n = line.shape[-1]
    return np.asarray(own * n / (-(-n // block) * block))


def _line(node: Reduce, w: Changed) -> tuple[Array, tuple[int, ...], tuple[int, ...]]:
    """What is reduced along one last dimension, the dimensions it had, and the shape of all."""
    dims = tuple(sorted(w.frame.place(a) for a in node.over))
    body = np.asarray(w.done[node.body])
    sizes = [w.frame.size(a) for a in w.frame.order]
    whole = np.broadcast_to(body, [sizes[d] if d in dims else n for d, n in enumerate(body.shape)])
    kept = [d for d in range(whole.ndim) if d not in dims]
    return whole.transpose(*kept, *dims).reshape(*(whole.shape[d] for d in kept), -1), dims, whole.shape


def ignored_labels(node: Expr, program: Program) -> Iterator[Proposal]:
    """A mean over those whose label is not 0, as if 0 were padding."""
    if isinstance(node, Reduce) and node.how in ("mean", "sum"):
        for i in program.inputs:
            if i.dtype == "index" and i.axes & set(node.over) and i in _below(node):
                yield f"the label 0 is ignored (padding): where {i.name} is 0 nothing counts in {node.brief}", partial(_unpadded, node, i)


def others(node: Expr, program: Program) -> Iterator[Proposal]:
    """A mean over all positions but the one that a label picks; a sum over all positions in place of those that labels pick."""
    if isinstance(node, Reduce) and node.how == "mean" and len(node.over) == 1:
        for i in program.inputs:
            if i.dtype == "index" and i.into == node.over[0] and i.axes <= node.body.axes:
                words = f"a factor: mean over the other positions of {i.into} than {i.name} (their number is size({i.into}) - 1)"
                yield f"{words}, in {node.brief}", partial(_but_picked, node, i.into, at(node.body, {i.into: i}))
    if isinstance(node, Reduce) and node.how in ("sum", "mean"):
        for let in program.lets:
            if node.body == let.ref and isinstance(let.body, At):
                whole = tuple(axis for axis, _ in let.body.index if axis in let.body.body.axes)
                yield (
                    f"wrong axis: the {node.how} of all of {let.body.body.brief}, not of those that an index picks, in {node.brief}",
                    Reduce(node.how, let.body.body, whole),
                )


def _but_picked(node: Reduce, axis: str, picked: Expr, w: Changed, own: Array) -> Array:
    n = w.frame.size(axis)
    return np.asarray((own * n - w.value(picked)) / (n - 1)) if n > 1 else own


def _below(node: Expr) -> set[Expr]:
    return set(walk(node))


def _unpadded(node: Reduce, i: Expr, w: Changed, own: Array) -> Array:
    kept = np.asarray(w.value(i)) != 0
    body, dims = np.asarray(w.done[node.body]), tuple(w.frame.place(a) for a in node.over)
    total = np.sum(body * kept, axis=dims, keepdims=True)
    return np.asarray(total / np.maximum(np.sum(kept, axis=dims, keepdims=True), 1) if node.how == "mean" else total)
