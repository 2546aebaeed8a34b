"""Mistakes about which position is meant: what is written twice, mirrored, tiled, and boxes whose ends count."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.edits.proposal import Edit, Proposal
from derive.checker.diagnosis.tape import Change, Changed
from derive.language.nodes import (
    BATCH,
    MINUS_ONE,
    ONE,
    Add,
    At,
    Call,
    Compare,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Reduce,
    Ref,
    add,
    leaves,
    mul,
    walk,
)
from derive.language.program import Program

Array = NDArray[Any]
Nodes = tuple[Expr, ...]


def overwritten(node: Expr, program: Program) -> Iterator[Proposal]:
    """A sum of what is written to positions, of which several may be the same one."""
    if not isinstance(node, Reduce) or node.how != "sum":
        return
    factors = node.body.args if isinstance(node.body, Mul) else (node.body,)
    named: dict[Expr, Expr] = {let.ref: let.body for let in program.lets}
    hot = tuple(f for f in factors if isinstance(named.get(f, f), Delta))
    along = tuple(a for a in node.over if any(a in f.axes for f in hot))
    half = len(along) // 2
    for order in dict.fromkeys((along, (*along[half:], *along[:half]))) if along else ():
        yield (
            f"repeated indices overwrite instead of accumulating: the last write to each position counts, in {node.brief}",
            partial(_last_written, node, hot, order),
        )
    if along:
        yield f"a factor: averaged over the repeats of an index, in {node.brief}", partial(_shared_out, node, hot, along)


def _last_written(node: Reduce, hot: Nodes, order: tuple[str, ...], w: Changed, own: Array) -> Array:
    body, written = _written(node, hot, order, w)
    dims = [w.frame.place(a) for a in order]
    shape = [1 if k in dims else n for k, n in enumerate(body.shape)]
    lines, marks = (
        np.moveaxis(x, dims, range(-len(dims), 0)).reshape(*[x.shape[k] for k in _others(x, dims)], -1) for x in (body, written)
    )
    last = marks.shape[-1] - 1 - np.argmax(marks[..., ::-1], axis=-1)
    found = np.take_along_axis(lines, last[..., None], -1)[..., 0]
    return np.asarray((found * marks.any(-1)).reshape(shape))


def _others(x: Array, dims: list[int]) -> list[int]:
    return [k for k in range(x.ndim) if k not in dims]


def _shared_out(node: Reduce, hot: Nodes, along: tuple[str, ...], w: Changed, own: Array) -> Array:
    _, written = _written(node, hot, along, w)
    return np.asarray(own / np.maximum(np.sum(written, axis=tuple(w.frame.place(a) for a in along), keepdims=True), 1))


def _written(node: Reduce, hot: Nodes, along: tuple[str, ...], w: Changed) -> tuple[Array, Array]:
    """What is written and where, with one dimension for each axis that writes run along; the rest summed."""
    body, written = np.asarray(w.done[node.body]), np.asarray(1.0)
    for f in hot:
        written = written * np.asarray(w.value(f))
    shape = list(np.broadcast_shapes(body.shape, written.shape))
    for a in node.over:
        shape[w.frame.place(a)] = w.frame.size(a)
    rest = tuple(w.frame.place(a) for a in node.over if a not in along)
    body, written = np.broadcast_to(body, shape), np.broadcast_to(written, shape)
    return np.sum(body, axis=rest, keepdims=True), np.any(written != 0, axis=rest, keepdims=True)


def elsewhere(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """Every mirrored, and every repeated, position taken for another one."""
    index = tuple(dict.fromkeys(n for a in nodes if isinstance(a, At) for _, place in a.index for n in walk(place)))
    mirrors = [n for n in index if isinstance(n, Call) and n.fn == "abs"]
    if mirrors:
        words = "off by one: mirrored about the edge of the array, so that the position at the edge is repeated (symmetric)"
        yield Edit(words, {n: partial(_about_edge, n) for n in mirrors})
    repeated = [(axis, n) for a in nodes if isinstance(a, At) for axis, n in a.index if isinstance(n, Call) and n.fn == "floor"]
    tiles: dict[Expr, Change] = {n: partial(_tiled, axis, i) for axis, n in repeated for i in _own_positions(n)}
    if tiles:
        yield Edit("positions are tiled, not repeated: the remainder for the quotient, in another order (swapped)", tiles)


def _about_edge(node: Call, w: Changed, own: Array) -> Array:
    u = np.asarray(w.done[node.args[0]])
    return np.where(u < 0, -u - 1, u)


def _own_positions(node: Expr) -> list[Expr]:
    """The one axis whose positions an index is made of; none where there are several."""
    found = list(leaves(node, Iota))
    return found if len(found) == 1 else []


def _tiled(axis: str, positions: Expr, w: Changed, own: Array) -> Array:
    return np.asarray(np.mod(np.asarray(w.value(positions)), w.frame.size(axis)))


def widths(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """Lengths between two places, both of which are counted: boxes of pixels."""
    found = [
        n for n in nodes if isinstance(n, Add) and len(n.args) == 2 and all(_is_place(t) for t in map(_unsigned, n.args)) and _is_gap(n)
    ]
    read = {n: frozenset(leaves(n, Input)) for n in found}
    groups = [("", found), (" that are read", [n for n in found if read[n]])]
    groups += [(f" of {i.name}", [n for n in found if read[n] == {i}]) for i in program.real_inputs]
    done: list[list[Expr]] = []
    for words, mine in groups:
        if len(mine) > 1 and mine not in done:
            done.append(list(mine))
            yield Edit(
                f"off by one: every length{words} between two places is larger by one, as that of pixels", {n: add(n, ONE) for n in mine}
            )


def _unsigned(term: Expr) -> Expr:
    return mul(*term.args[1:]) if isinstance(term, Mul) and term.args[0] == MINUS_ONE else term


def _is_place(term: Expr) -> bool:
    """A number read at one place of an array, or a name for what is made of such."""
    return isinstance(term, Ref) or (isinstance(term, At) and isinstance(term.body, Input) and not any(p.axes for _, p in term.index))


def _is_gap(n: Add) -> bool:
    """Whether the second of two is subtracted from the first, or the first from the second."""
    return sum(isinstance(t, Mul) and t.args[0] == MINUS_ONE for t in n.args) == 1


def one_more(node: Expr, program: Program) -> Iterator[Proposal]:
    """One position more, or fewer, for which a comparison of numbers along an axis holds."""
    if not isinstance(node, Compare) or not leaves(node, Input, Ref):
        return
    for a in (a for a in program.order if a in node.axes and a != BATCH):
        for words, step in (("one more position", 1), ("one position fewer", -1)):
            yield f"off by one: {words} along {a} counts than those where {node.brief}", partial(_nearest, node, a, step)


def _nearest(node: Compare, axis: str, step: int, w: Changed, own: Array) -> Array:
    """The comparison, turned at the position along the axis where it is turned most easily; one stays."""
    sign = 1 if node.op in (">", ">=") else -1
    excess = sign * (np.asarray(w.done[node.left], float) - np.asarray(w.done[node.right], float))
    holds, excess = np.broadcast_arrays(np.asarray(own, bool), excess)
    k = w.frame.place(axis)
    if step > 0:
        return np.asarray(holds | (_first_largest(np.where(holds, -np.inf, excess), k) & ~holds))
    several = np.sum(holds, axis=k, keepdims=True) > 1
    return np.asarray(holds & ~(_first_largest(np.where(holds, -excess, -np.inf), k) & several))


def _first_largest(x: Array, k: int) -> Array:
    """Where along a dimension the largest number stands, the first of several."""
    places = np.arange(x.shape[k]).reshape([-1 if j == k else 1 for j in range(x.ndim)])
    return np.asarray(places == np.argmax(x, axis=k, keepdims=True))
