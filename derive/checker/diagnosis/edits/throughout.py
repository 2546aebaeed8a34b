"""Mistakes made in several places at once, because they are made in the thinking rather than in the typing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.edits.aligned import aligned, corrected, exchanged_parameters
from derive.checker.diagnosis.edits.indices import elsewhere, widths
from derive.checker.diagnosis.edits.numbers import SMALL
from derive.checker.diagnosis.edits.places import exchanged_places
from derive.checker.diagnosis.edits.proposal import Edit
from derive.checker.diagnosis.edits.reductions import PLACES, WAYS, but_first, leading, of_part
from derive.checker.diagnosis.tape import Change, Changed
from derive.language.nodes import (
    BATCH,
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Const,
    Expr,
    Mul,
    Param,
    Pow,
    Reduce,
    Ref,
    Size,
    add,
    mul,
    negate,
    reciprocal,
    walk,
)  # fmt: skip
from derive.language.program import Program

Array = NDArray[Any]
Nodes = tuple[Expr, ...]
Kind = Callable[[Program, Nodes], Iterator[Edit]]


def throughout(program: Program, known: frozenset[str], kinds: tuple[Kind, ...] | None = None) -> Iterator[Edit]:
    """Every mistake of these kinds; lets in `known` are left alone."""
    nodes = tuple(dict.fromkeys(n for let in program.lets if let.name not in known for n in walk(let.body)))
    for kind in KINDS if kinds is None else kinds:
        yield from kind(program, nodes)


def _where(nodes: Nodes, kind: type[Expr]) -> Nodes:
    return tuple(n for n in nodes if isinstance(n, kind))


def _axes(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """Every reduction over some axes done over others."""
    found = [n for n in nodes if isinstance(n, Reduce) and not n.how.startswith("arg")]
    every = list(dict.fromkeys(a for n in found for a in sorted(n.body.axes)))
    for over in dict.fromkeys(n.over for n in found):
        mine, words = [n for n in found if n.over == over], " ".join(over)
        for count in range(1, min(len(every), 4) + 1):
            for other in combinations(every, count):
                if set(other) != set(over):
                    name = f"wrong axis: reduced over {' '.join(other)} instead of {words}, throughout"
                    yield Edit(name, {n: partial(_along, n, other) for n in mine})
        if any(BATCH in n.body.axes for n in mine):
            for k, place in enumerate(PLACES):
                yield Edit(
                    f"wrong axis: reduced over {place} dimension instead of {words}, throughout",
                    {n: partial(leading, n, k) for n in mine},
                )
            every_but: dict[Expr, Change] = {n: partial(but_first, n) for n in mine}
            yield Edit(f"wrong axis: reduced over all but the first dimension instead of {words}, throughout", every_but)


def _along(node: Reduce, other: tuple[str, ...], w: Changed, own: Array) -> Array:
    """The reduction over those of the axes that its body varies along (now)."""
    body = np.asarray(w.done[node.body])
    dims = tuple(w.frame.place(a) for a in other if a in node.body.axes or body.shape[w.frame.place(a)] > 1)
    return np.asarray(w.arithmetic.reduce(node.how, body, dims, int(np.prod([body.shape[d] for d in dims])))) if dims else body


def _parts(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """Positions along an axis that every reduction over it forgets."""
    found = [n for n in nodes if isinstance(n, Reduce) and not n.how.startswith("arg")]
    for a in dict.fromkeys(a for n in found for a in n.over):
        mine = [n for n in found if a in n.over]
        for words, kept in WAYS if len(mine) > 1 else ():
            yield Edit(f"{words} along {a} is left out, throughout", {n: partial(of_part, n, a, kept) for n in mine})


def _divisors(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """Sums for all means and means for all sums, as far as there are several."""
    for how, other in (("mean", "sum"), ("sum", "mean")):
        mine = [n for n in nodes if isinstance(n, Reduce) and n.how == how]
        if len(mine) > 1:
            changes: dict[Expr, Change] = {n: Reduce(other, n.body, n.over) for n in mine}
            yield Edit(f"{other} instead of {how}, throughout", changes)
    means = [n for n in nodes if isinstance(n, Reduce) and n.how == "mean"]
    for over in dict.fromkeys(n.over for n in means):
        for a in (a for a in program.order if a not in (*over, BATCH)):
            changes = {n: mul(Reduce("sum", n.body, over), reciprocal(Size(a))) for n in means if n.over == over}
            yield Edit(f"a factor: divided by size({a}) for the mean over {' '.join(over)}, throughout", changes)


def _centred(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """A mean subtracted first that is not to be, or not subtracted although it is."""
    for over in dict.fromkeys(n.over for n in nodes if isinstance(n, Reduce)):
        for i in program.real_inputs:
            if set(over) <= i.axes:
                name = f"the mean over {' '.join(over)} is subtracted from {i.name} first (variant)"
                yield Edit(name, {i: add(i, negate(Reduce("mean", i, over)))})
    sums = _where(nodes, Add)
    terms = [t for n in sums if isinstance(n, Add) for t in n.args if not isinstance(t, Const)]
    for t in (t for t in dict.fromkeys(terms) if terms.count(t) > 1):
        left: dict[Expr, Change] = {n: add(*(a for a in n.args if a != t)) for n in sums if isinstance(n, Add) and t in n.args}
        yield Edit(f"the term {t.brief} is left out (not subtracted), throughout", left)


def _counted(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """Corrections that depend on the step, left out altogether; the step counted from another number."""
    for i in (i for i in program.inputs if i.dtype == "count"):
        with_step = [n for n in nodes if isinstance(n, Mul) and any(i in walk(f) for f in n.args)]
        plain: dict[Expr, Change] = {n: mul(*(f for f in n.args if i not in set(walk(f)))) for n in with_step if isinstance(n, Mul)}
        if plain:
            yield Edit(f"no bias correction: every factor with the step {i.name} is left out", plain)
        yield Edit(f"step off by one: {i.name} - 1 for {i.name}, throughout", {i: add(i, MINUS_ONE)})
        yield Edit(f"step off by one: {i.name} + 1 for {i.name}, throughout", {i: add(i, ONE)})


def _signs(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """A parameter added with the wrong sign wherever it is added."""
    for p in program.parameters:
        one = Param(p.name)
        mine = [n for n in nodes if isinstance(n, Add) and {one, negate(one)} & set(n.args)]
        changes: dict[Expr, Change] = {
            n: add(*(negate(t) if t in (one, negate(one)) else t for t in n.args)) for n in mine if isinstance(n, Add)
        }
        if changes:
            yield Edit(f"wrong sign of {p.name} wherever it is added", changes)


def _exchanged(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """Two inputs, or two intermediates, in each other's place."""
    for a, b in combinations([i for i in program.inputs if i.dtype == "real"], 2):
        if a.axes == b.axes:
            yield Edit(f"{a.name} and {b.name} are exchanged (swapped)", {a: partial(_other, b), b: partial(_other, a)})


def _other(node: Expr, w: Changed, own: Array) -> Any:
    return w.done.below[node]  # type: ignore[attr-defined]


def _guarded(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """The same small number in every logarithm, in every quotient, in every root."""
    kinds: tuple[tuple[str, Callable[[Expr], bool]], ...] = (
        ("logarithm", lambda n: isinstance(n, Call) and n.fn == "log"),
        ("divisor", lambda n: isinstance(n, Pow) and n.exponent == MINUS_ONE),
        ("root", lambda n: isinstance(n, Pow) and isinstance(n.exponent, Const) and n.exponent.value.denominator == 2),
    )
    for words, fits in kinds:
        mine = [n for n in nodes if fits(n)]
        for e in SMALL if len(mine) > 1 else ():
            yield Edit(f"epsilon {float(e):g} added inside every {words}", {n: _with(n, Const(e)) for n in mine})


def _with(n: Expr, e: Const) -> Expr:
    first, *rest = n.children
    return n.rebuild((add(first, e), *rest))


def _kept(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """An output that is another intermediate than the one it should be."""
    lets = {let.name: let for let in program.lets}
    for o in program.outputs:
        body = lets[o.name].body
        for let in program.lets:
            if let.name != o.name and let.ref.axes == body.axes and body in nodes and lets[o.name].ref not in _within(program, let.name):
                yield Edit(f"{let.name} is returned instead of {o.name}", {lets[o.name].ref: let.ref})
        for let in program.lets:
            if let.name != o.name and let.ref.axes == body.axes and lets[o.name].ref in _within(program, let.name):
                yield Edit(
                    f"{let.name} is kept instead of {o.name} (the state returned is another one)",
                    {lets[o.name].ref: partial(_other, let.ref)},
                )


def _within(program: Program, name: str) -> set[Expr]:
    """The names that a let is made of, directly or not."""
    found: set[Expr] = set()
    for let in reversed(program.lets):
        if let.name == name or let.ref in found:
            found |= {n for n in walk(let.body) if isinstance(n, Ref)}
    return found


def _rounded(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """Arguments or intermediates cut to fewer digits."""
    inputs = [i for i in program.inputs if i.dtype in ("real", "state")]
    for kind in ("float32", "float16"):
        yield Edit(f"precision lost: the arguments are rounded to {kind}", {i: partial(_cut, kind) for i in inputs})
        for i in inputs if len(inputs) > 1 else []:
            yield Edit(f"precision lost: {i.name} is rounded to {kind}", {i: partial(_cut, kind)})
        if len(inputs) > 1 and program.inputs[0].name.split("_")[0] == "g":
            yield Edit(
                f"precision lost: all arguments but the cotangent are rounded to {kind}", {i: partial(_cut, kind) for i in inputs[1:]}
            )
        for let in program.lets:
            yield Edit(f"precision lost: {let.name} is rounded to {kind}", {let.ref: partial(_cut, kind)})


def _cut(kind: str, w: Changed, own: Array) -> Array:
    return np.asarray(own).astype(kind).astype(np.float64)


KINDS: tuple[Kind, ...] = (
    _axes, exchanged_places, _divisors, _parts, _centred, _counted, _signs, exchanged_parameters, _exchanged, _guarded, elsewhere, widths,
    aligned, corrected,
)  # fmt: skip
LATER: tuple[Kind, ...] = (_kept,)
PRECISION: tuple[Kind, ...] = (_rounded,)
