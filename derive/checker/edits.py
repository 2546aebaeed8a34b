"""Mistakes that people make, as edits of a program: each names itself and gives the program that the mistaken code computes.

A row of EDITS looks at one node and proposes replacements. Nothing here knows an op; what an edit is called is made of the
expressions that it touches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import combinations

from derive.language.errors import DefinitionError
from derive.language.nodes import (
    BATCH,
    MINUS_ONE,
    ONE,
    TWO,
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
    Pow,
    Reduce,
    Ref,
    Size,
    Where,
    add,
    at,
    fresh_axis,
    mul,
    negate,
    power,
    reciprocal,
    transform,
    walk,
    where,
)  # fmt: skip
from derive.language.program import Let, Program

Proposal = tuple[str, Expr]
HALF = Const(Fraction(1, 2))
SMALL = tuple(Fraction(1, 10**k) for k in (12, 8, 7, 6, 5, 10, 9, 15, 4, 3, 16))
MOST = 700


@dataclass(frozen=True)
class Edit:
    """A mistake: what it is called, and the program with it in."""

    name: str
    program: Program


def edits(program: Program, known: frozenset[str] = frozenset()) -> Iterator[Edit]:
    """Every edit of every node, simple kinds first; lets in `known` are left alone."""
    count = 0
    yield from (e for e in _everywhere(program, known) if e.program.lets != program.lets)
    for propose in EDITS:
        for let in program.lets:
            if let.name in known:
                continue
            for node in walk(let.body):
                for name, new in _proposed(propose, node, program):
                    count += 1
                    if count > MOST:
                        return
                    if changed := _replaced(program, let, node, new):
                        yield Edit(f"{name}, in {let.name}" if len(program.lets) > 1 else name, changed)


def _proposed(propose: Callable[[Expr, Program], Iterator[Proposal]], node: Expr, program: Program) -> Iterator[Proposal]:
    """The proposals that are expressions at all."""
    with suppress(DefinitionError):
        yield from propose(node, program)


def _everywhere(program: Program, known: frozenset[str]) -> Iterator[Edit]:
    """The same mistake made in every let: other axes, a mean subtracted first, a parameter's sign."""

    def made(name: str, change: Callable[[Expr], Expr]) -> Iterator[Edit]:
        try:
            lets = tuple(let if let.name in known else Let(let.name, transform(let.body, change)) for let in program.lets)
        except DefinitionError:
            return
        if all(a.body.axes == b.body.axes for a, b in zip(lets, program.lets, strict=True)):
            yield Edit(name, replace(program, lets=lets))

    overs = list(dict.fromkeys(n.over for let in program.lets for n in walk(let.body) if isinstance(n, Reduce)))
    every = list(dict.fromkeys(a for let in program.lets for n in walk(let.body) if isinstance(n, Reduce) for a in sorted(n.body.axes)))
    for over in overs:
        words = " ".join(over)
        for count in range(1, min(len(every), 4) + 1):
            for other in combinations(every, count):
                if set(other) != set(over) and not any(a in other for a in over if a == BATCH):
                    yield from _over(program, known, over, other)
        for i in program.real_inputs:
            if set(over) <= i.axes:
                less = add(i, negate(Reduce("mean", i, over)))
                yield from made(f"the mean over {words} is subtracted from {i.name} first (variant)", _putting(less, i))
    for i in program.inputs:
        if i.dtype == "count":
            yield from made(f"step off by one: {i.name} - 1 for {i.name}, throughout", _putting(add(i, MINUS_ONE), i))
            yield from made(f"step off by one: {i.name} + 1 for {i.name}, throughout", _putting(add(i, ONE), i))
    for p in program.parameters:
        fixed = [("left at its default", p.default), ("taken as 1", Fraction(1)), ("taken as 0", Fraction(0))]
        small = [(f"fixed at {float(e):g}", e) for e in SMALL if p.default is not None and abs(p.default) < Fraction(1, 50)]
        for words, value in (*fixed, *small):
            if value is not None:
                yield from made(f"the parameter {p.name} is ignored ({words})", _putting(Const(value), Param(p.name)))
    for p in program.parameters:
        yield from made(f"wrong sign of {p.name} wherever it is added", partial(_flipped, Param(p.name)))


def _over(program: Program, known: frozenset[str], over: tuple[str, ...], other: tuple[str, ...]) -> Iterator[Edit]:
    """Every reduction over some axes done over others; intermediates get the axes that this leaves them."""
    bodies: dict[Expr, Expr] = {}
    lets = []

    def change(n: Expr) -> Expr:
        if isinstance(n, Ref):
            return bodies.get(n, n)
        if isinstance(n, Reduce) and n.over == over and not n.how.startswith("arg"):
            present = tuple(a for a in other if a in n.body.axes)
            return Reduce(n.how, n.body, present) if present else n.body
        return n

    for let in program.lets:
        try:
            new = Let(let.name, let.body if let.name in known else transform(let.body, change))
        except DefinitionError:
            return
        bodies[let.ref] = new.ref
        lets.append(new)
    outputs = {o.name for o in program.outputs}
    before = {let.name: let.body.axes for let in program.lets}
    if all(let.body.axes == before[let.name] for let in lets if let.name in outputs):
        name = f"wrong axis: reduced over {' '.join(other)} instead of {' '.join(over)}, throughout"
        yield Edit(name, replace(program, lets=tuple(lets)))


def _putting(new: Expr, old: Expr) -> Callable[[Expr], Expr]:
    return lambda n: new if n == old else n


def _flipped(what: Expr, node: Expr) -> Expr:
    if not isinstance(node, Add):
        return node
    return add(*(negate(t) if t in (what, negate(what)) else t for t in node.args))


def _replaced(program: Program, let: Let, node: Expr, new: Expr) -> Program | None:
    """The program with one node of one let replaced; None where the axes no longer fit."""
    try:
        body = transform(let.body, lambda n: new if n == node else n)
    except DefinitionError:
        return None
    if body == let.body:
        return None
    if not body.axes <= let.body.axes:
        return _spread(program, let, body)
    if body.axes != let.body.axes:
        body = add(body, *(mul(Const(Fraction(0)), Iota(a)) for a in sorted(let.body.axes - body.axes) if a != BATCH))
    lets = tuple(Let(item.name, body) if item is let else item for item in program.lets)
    return replace(program, lets=lets)


def _spread(program: Program, let: Let, body: Expr) -> Program | None:
    """The program with a let that has got other axes, as far as the outputs keep theirs."""
    bodies: dict[Expr, Expr] = {}
    lets = []
    for item in program.lets:
        try:
            new = Let(item.name, body if item is let else transform(item.body, lambda n: bodies.get(n, n) if isinstance(n, Ref) else n))
        except DefinitionError:
            return None
        bodies[item.ref] = new.ref
        lets.append(new)
    before = {item.name: item.body.axes for item in program.lets}
    kept = all(item.body.axes == before[item.name] for item in lets if item.name in {o.name for o in program.outputs})
    return replace(program, lets=tuple(lets)) if kept else None


def _terms(node: Expr, program: Program) -> Iterator[Proposal]:
    if isinstance(node, Add) and len(node.args) > 1:
        for k, term in enumerate(node.args):
            rest = [a for j, a in enumerate(node.args) if j != k]
            yield f"the term {_shown(term)} is left out of {_shown(node)}", add(*rest)
            yield f"wrong sign of {_shown(term)} in {_shown(node)}", add(*rest, negate(term))


def _factors(node: Expr, program: Program) -> Iterator[Proposal]:
    if not isinstance(node, Mul):
        return
    for k, factor in enumerate(node.args):
        rest = [a for j, a in enumerate(node.args) if j != k]
        if isinstance(factor, Pow) and factor.exponent == MINUS_ONE:
            yield f"the division by {_shown(factor.base)} is left out of {_shown(node)}", mul(*rest)
            yield f"multiplied by {_shown(factor.base)} instead of divided, in {_shown(node)}", mul(*rest, factor.base)
        elif factor != MINUS_ONE:
            yield f"the factor {_shown(factor)} is left out of {_shown(node)}", mul(*rest)
            yield f"the factor {_shown(factor)} is applied twice in {_shown(node)}", mul(*node.args, factor)
            if not isinstance(factor, Const):
                yield f"divided by {_shown(factor)} instead of multiplied, in {_shown(node)}", mul(*rest, reciprocal(factor))


def _reductions(node: Expr, program: Program) -> Iterator[Proposal]:
    if not isinstance(node, Reduce):
        return
    n = mul(*(Size(a) for a in node.over if a != BATCH))
    if node.how == "mean":
        yield f"sum instead of mean over {' '.join(node.over)}, in {_shown(node)}", Reduce("sum", node.body, node.over)
        if BATCH not in node.over:
            less = add(n, MINUS_ONE)
            yield f"divided by {_shown(n)} - 1 (unbiased, ddof=1) instead of {_shown(n)}, in {_shown(node)}", mul(node, n, reciprocal(less))
            yield f"divided by {_shown(n)} + 1 instead of {_shown(n)}, in {_shown(node)}", mul(node, n, reciprocal(add(n, ONE)))
    if node.how == "sum":
        yield f"mean instead of sum over {' '.join(node.over)}, in {_shown(node)}", Reduce("mean", node.body, node.over)
    other = {"max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax"}.get(node.how)
    if other:
        yield f"{other} instead of {node.how}, in {_shown(node)}", Reduce(other, node.body, node.over)
        yield f"mean instead of {node.how}, in {_shown(node)}", Reduce("mean", node.body, node.over)


def _axes(node: Expr, program: Program) -> Iterator[Proposal]:
    if not isinstance(node, Reduce) or node.how.startswith("arg"):
        return
    axes = sorted(node.body.axes)
    for other in [(a,) for a in axes] + [tuple(axes)] * (len(axes) > 1):
        if set(other) != set(node.over):
            yield (
                f"wrong axis: {node.how} over {' '.join(other)} instead of {' '.join(node.over)}, in {_shown(node)}",
                Reduce(node.how, node.body, other),
            )


def _powers(node: Expr, program: Program) -> Iterator[Proposal]:
    if not isinstance(node, Pow) or not isinstance(node.exponent, Const):
        return
    p = node.exponent.value
    if p.denominator == 2:
        yield f"the root is left out of {_shown(node)}", power(node.base, Const(2 * p))
    if p in (2, -2, 3):
        yield f"the square is left out of {_shown(node)}", power(node.base, Const(p / 2 if p != 3 else Fraction(2)))
        yield f"absolute value instead of square, in {_shown(node)}", power(Call("abs", (node.base,)), Const(p / 2))
    if p == 1 or p == -1:
        yield f"a root added: {_shown(power(node.base, Const(p / 2)))} for {_shown(node)}", power(node.base, Const(p / 2))
    yield f"{_shown(power(node.base, Const(p + 1)))} instead of {_shown(node)}", power(node.base, Const(p + 1))
    yield f"{_shown(power(node.base, Const(p - 1)))} instead of {_shown(node)}", power(node.base, Const(p - 1))


def _eps(node: Expr, program: Program) -> Iterator[Proposal]:
    """A small number inside a root that stands outside, is squared, or is missing."""
    match node:
        case Pow(Add(args), Const(p)) if p.denominator == 2:
            for term in args:
                if isinstance(term, (Param, Const)):
                    rest = add(*(a for a in args if a is not term))
                    root = power(rest, Const(abs(p)))
                    outside = add(root, term)
                    yield (
                        f"{_shown(term)} outside the root: {_shown(outside)}",
                        outside if p > 0 else power(outside, Const(Fraction(p / abs(p)))),
                    )
                    yield f"{_shown(term)} is squared, in {_shown(node)}", power(add(rest, power(term, TWO)), node.exponent)
                    yield f"{_shown(term)} is left out of {_shown(node)}", power(rest, node.exponent)
        case Pow(Add(args), Const(Fraction(numerator=-1, denominator=1))):
            for term in args:
                roots = [a for a in args if isinstance(a, Pow) and isinstance(a.exponent, Const) and a.exponent.value == Fraction(1, 2)]
                if isinstance(term, (Param, Const)) and len(roots) == 1 and len(args) == 2:
                    yield (
                        f"{_shown(term)} inside the root instead of outside, in {_shown(node)}",
                        power(add(roots[0].base, term), Const(Fraction(-1, 2))),
                    )


def _added(node: Expr, program: Program) -> Iterator[Proposal]:
    """A small number added, or a floor put, inside a logarithm, a root or a quotient."""
    match node:
        case Call("abs", (u,)):
            for e in SMALL:
                yield f"epsilon {float(e):g} under a root in place of {_shown(node)}", power(add(power(u, TWO), Const(e)), HALF)
        case Call("log", (u,)):
            for e in SMALL:
                yield f"epsilon {float(e):g} added inside {_shown(node)}", Call("log", (add(u, Const(e)),))
                yield f"clip at {float(e):g} inside {_shown(node)}", Call("log", (where(u > Const(e), u, Const(e)),))
                low, high = Const(e), Const(1 - e)
                both = where(u > low, where(u < high, u, high), low)
                yield f"clip to [{float(e):g}, 1 - {float(e):g}] inside {_shown(node)}", Call("log", (both,))
        case Pow(u, Const(p)) if p < 0 or p.denominator == 2:
            for e in SMALL:
                yield f"epsilon {float(e):g} added inside {_shown(node)}", power(add(u, Const(e)), node.exponent)
                if p.denominator == 2 and p < 0:
                    yield f"epsilon {float(e):g} added outside the root {_shown(node)}", power(add(power(u, HALF), Const(e)), Const(2 * p))


def _signs(node: Expr, program: Program) -> Iterator[Proposal]:
    if isinstance(node, Call) and len(node.args) == 1 and node.fn not in ("abs",):
        yield f"wrong sign of the argument of {_shown(node)}", Call(node.fn, (negate(node.args[0]),))
    if isinstance(node, Call) and node.fn in ("abs", "sign"):
        yield f"{node.fn} is left out of {_shown(node)}", node.args[0]


def _branches(node: Expr, program: Program) -> Iterator[Proposal]:
    if isinstance(node, Where):
        yield f"the branches of {_shown(node)} are swapped", where(node.condition, node.other, node.chosen)
        yield f"the condition is missing: {_shown(node.chosen)} everywhere for {_shown(node)}", node.chosen
        yield f"the condition is missing: {_shown(node.other)} everywhere for {_shown(node)}", node.other
        if isinstance(node.condition, Compare):
            c = node.condition
            yield f"wrong sign in the condition of {_shown(node)}", where(Compare(c.op, c.left, negate(c.right)), node.chosen, node.other)
            yield f"the threshold of {_shown(node)} is 0", where(Compare(c.op, c.left, Const(Fraction(0))), node.chosen, node.other)
            for p in program.parameters:
                yield f"the threshold of {_shown(node)} is {p.name}", where(Compare(c.op, c.left, Param(p.name)), node.chosen, node.other)


def _constants(node: Expr, program: Program) -> Iterator[Proposal]:
    if isinstance(node, Const) and abs(node.value) not in (0,):
        v = node.value
        for new in dict.fromkeys((2 * v, v / 2, -v, v + 1, v - 1, 1 / v)):
            if new and new != v:
                yield f"the constant {_shown(node)} is {_number(new)}", Const(new)
    if isinstance(node, Call) and node.fn == "pi":
        yield "pi is missing", ONE
        yield "2 pi instead of pi", mul(TWO, node)
        yield "pi/2 instead of pi", mul(HALF, node)


def _parameters(node: Expr, program: Program) -> Iterator[Proposal]:
    if not isinstance(node, Param):
        return
    p = next(p for p in program.parameters if p.name == node.name)
    if p.default is not None:
        yield f"the parameter {p.name} is ignored and stays at its default {float(p.default):g}", Const(p.default)
        if abs(p.default) < Fraction(1, 50):
            for e in SMALL:
                yield f"the parameter {p.name} is fixed at {float(e):g}", Const(e)
    yield f"the parameter {p.name} is ignored (taken as 1)", ONE
    yield f"the parameter {p.name} is ignored (taken as 0)", Const(Fraction(0))
    yield f"1/{p.name} instead of {p.name}", reciprocal(node)
    yield f"1 - {p.name} instead of {p.name}", add(ONE, negate(node))
    yield f"{p.name}**2 instead of {p.name}", power(node, TWO)
    yield f"sqrt({p.name}) instead of {p.name}", power(node, HALF)
    yield f"wrong sign of {p.name}", negate(node)
    yield f"twice {p.name}", mul(TWO, node)
    yield f"half of {p.name}", mul(HALF, node)
    for other in program.parameters:
        if other.name != p.name:
            yield f"{other.name} used for {p.name}", Param(other.name)


def _counted(node: Expr, program: Program) -> Iterator[Proposal]:
    if isinstance(node, Input) and node.dtype == "count":
        yield f"step off by one: {node.name} - 1 for {node.name}", add(node, MINUS_ONE)
        yield f"step off by one: {node.name} + 1 for {node.name}", add(node, ONE)
        yield f"bias correction without the step: {node.name} is 1", ONE


def _indices(node: Expr, program: Program) -> Iterator[Proposal]:
    if isinstance(node, At):
        for axis, index in node.index:
            last = add(Size(axis), MINUS_ONE)
            before = where(index > Const(Fraction(0)), add(index, MINUS_ONE), last)
            after = where(index < last, add(index, ONE), Const(Fraction(0)))
            for word, place in (("before", before), ("after", after)):
                yield (
                    f"off by one: the position {word} the label or index {_shown(index)} is read along {axis}",
                    at(node.body, dict(node.index) | {axis: place}),
                )
            for a in sorted(index.axes - {BATCH}):
                fixed = at(index, {a: Const(Fraction(0))})
                yield (
                    f"the first index of {_shown(index)} is read for all of {a} (one label for every row)",
                    at(node.body, dict(node.index) | {axis: fixed}),
                )
    if isinstance(node, Delta) and len(node.index.axes) == 1:
        (a,) = node.index.axes
        other = fresh_axis(a, program.order)
        same = Compare("==", at(node.index, {a: Iota(other)}), node.index)
        last = Reduce("max", Where(same, Iota(other), MINUS_ONE), (other,))
        yield (
            f"repeated indices overwrite instead of accumulating: the last write to each position of {node.axis} counts",
            Where(Compare("==", last, Iota(a)), node, Const(Fraction(0))),
        )
    if isinstance(node, Delta):
        for step, word in ((-1, "before"), (1, "after")):
            yield (
                f"off by one: the position {word} {_shown(node.index)} along {node.axis}",
                Delta(node.axis, add(node.index, Const(Fraction(step)))),
            )


def _names(node: Expr, program: Program) -> Iterator[Proposal]:
    """Another input or intermediate in the place of one: swapped, stale or never updated."""
    if isinstance(node, Ref):
        for i in program.inputs:
            if i.axes == node.axes and i.dtype in ("real", "state"):
                stale = "stale: the old" if i.dtype == "state" else "the input"
                yield f"{stale} {i.name} is used instead of {node.name}", i
        for let in program.lets:
            if let.name == node.name:
                break
            if let.ref.axes == node.axes:
                yield f"{let.name} is used instead of {node.name}", let.ref
    if isinstance(node, Input) and node.dtype in ("real", "state"):
        for i in program.inputs:
            if i.axes == node.axes and i.name != node.name and i.dtype in ("real", "state"):
                yield f"{i.name} is used instead of {node.name}", i
        for let in program.lets:
            if node.dtype == "state" and let.ref.axes == node.axes:
                yield f"the new {let.name} is used instead of the old {node.name}", let.ref


def _cotangents(node: Expr, program: Program) -> Iterator[Proposal]:
    if isinstance(node, Input) and node.name.split("_")[0] == "g" and program.inputs and node in program.inputs[:2]:
        yield f"the cotangent {node.name} is left out (taken as 1)", add(ONE, *(mul(Const(Fraction(0)), Iota(a)) for a in node.names))


def _damped(node: Expr, program: Program) -> Iterator[Proposal]:
    """A term weighted by a parameter, or by what is left of one."""
    if isinstance(node, Add):
        for k, term in enumerate(node.args):
            rest = [a for j, a in enumerate(node.args) if j != k]
            for p in program.parameters:
                yield f"a factor 1 - {p.name} on {_shown(term)}, in {_shown(node)}", add(*rest, mul(add(ONE, negate(Param(p.name))), term))
                yield f"a factor {p.name} on {_shown(term)}, in {_shown(node)}", add(*rest, mul(Param(p.name), term))


def _masked(node: Expr, program: Program) -> Iterator[Proposal]:
    match node:
        case Call("exp", (v,)):
            named = [a for a in program.order if a in v.axes and a != BATCH]
            for a in named:
                for b in named:
                    if a != b:
                        upto = Compare("<=", Iota(b), Iota(a))
                        yield f"causal mask (variant): {b} only up to {a}, in {_shown(node)}", where(upto, node, Const(Fraction(0)))


def _number(v: Fraction) -> str:
    return str(v) if v.denominator < 100 else f"{float(v):g}"


def _shown(expr: Expr) -> str:
    return expr.brief


EDITS: tuple[Callable[[Expr, Program], Iterator[Proposal]], ...] = (
    _reductions, _terms, _eps, _factors, _axes, _parameters, _counted, _names, _indices, _branches, _signs, _powers, _constants,
    _cotangents, _damped, _masked, _added,
)  # fmt: skip
