"""Mistakes in numbers: constants, parameters, and small numbers added where something may be zero."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from derive.checker.diagnosis.edits.proposal import Proposal
from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Call,
    Const,
    Expr,
    Input,
    Param,
    Pow,
    add,
    mul,
    negate,
    power,
    reciprocal,
    where,
)  # fmt: skip
from derive.language.program import Program

HALF = Const(Fraction(1, 2))
SMALL = tuple(Fraction(1, 10**k) for k in (12, 8, 7, 6, 5, 10, 9, 15, 4, 3))


def constants(node: Expr, program: Program) -> Iterator[Proposal]:
    """A number of the formula that is twice, half, minus, or one more or less than it should be."""
    if isinstance(node, Const) and node.value:
        v = node.value
        for new in dict.fromkeys((2 * v, v / 2, -v, v + 1, v - 1, 1 / v)):
            if new and new != v:
                yield f"the constant {node.brief} is {_number(new)}", Const(new)
    if isinstance(node, Call) and node.fn == "pi":
        yield "the constant pi is missing", ONE
        yield "2 pi instead of pi", mul(TWO, node)
        yield "pi/2 instead of pi", mul(HALF, node)


def _number(v: Fraction) -> str:
    return str(v) if v.denominator < 100 else f"{float(v):g}"


def parameters(node: Expr, program: Program) -> Iterator[Proposal]:
    """A parameter ignored, misread, or another in its place."""
    if not isinstance(node, Param):
        return
    p = next(p for p in program.parameters if p.name == node.name)
    if p.default is not None:
        yield f"the parameter {p.name} is ignored and stays at its default {float(p.default):g}", Const(p.default)
        if abs(p.default) < Fraction(1, 50):
            for e in SMALL:
                yield f"the parameter {p.name} is fixed at {float(e):g}", Const(e)
    yield f"the parameter {p.name} is ignored (taken as 1)", ONE
    yield f"the parameter {p.name} is ignored (taken as 0)", ZERO
    if p.integer and p.low < 0:  # a label, with which nobody computes
        return
    yield f"1/{p.name} instead of {p.name}", reciprocal(node)
    yield f"1 - {p.name} instead of {p.name}", add(ONE, negate(node))
    yield f"{p.name}**2 instead of {p.name}", power(node, TWO)
    if p.low >= 0:
        yield f"sqrt({p.name}) instead of {p.name}", power(node, HALF)
    yield f"wrong sign of {p.name}", negate(node)
    yield f"twice {p.name}", mul(TWO, node)
    yield f"half of {p.name}", mul(HALF, node)
    for other in program.parameters:
        if other.name != p.name:
            yield f"the parameter {other.name} used for {p.name}", Param(other.name)


def steps(node: Expr, program: Program) -> Iterator[Proposal]:
    """A step counted from another number."""
    if isinstance(node, Input) and node.dtype == "count":
        yield f"step off by one: {node.name} - 1 for {node.name}", add(node, MINUS_ONE)
        yield f"step off by one: {node.name} + 1 for {node.name}", add(node, ONE)
        yield f"bias correction without the step: {node.name} is 1", ONE


def misplaced(node: Expr, program: Program) -> Iterator[Proposal]:
    """A small number inside a root that stands outside, is squared, or is missing."""
    match node:
        case Pow(Add(args), Const(p)) if p.denominator == 2:
            for term in (a for a in args if isinstance(a, Param | Const)):
                rest = add(*(a for a in args if a is not term))
                outside = add(power(rest, Const(abs(p))), term)
                yield f"{term.brief} outside the root: {outside.brief}", outside if p > 0 else power(outside, Const(Fraction(p / abs(p))))
                yield f"{term.brief} is squared, in {node.brief}", power(add(rest, power(term, TWO)), node.exponent)
                yield f"{term.brief} is left out of {node.brief}", power(rest, node.exponent)
        case Pow(Add((_, _) as args), Const(Fraction(numerator=-1, denominator=1))):
            roots = [a for a in args if isinstance(a, Pow) and isinstance(a.exponent, Const) and a.exponent.value == Fraction(1, 2)]
            for term in (a for a in args if isinstance(a, Param | Const)):
                if len(roots) == 1:
                    inside = power(add(roots[0].base, term), Const(Fraction(-1, 2)))
                    yield f"{term.brief} inside the root instead of outside, in {node.brief}", inside


def added(node: Expr, program: Program) -> Iterator[Proposal]:
    """A small number added, or a floor put, inside a logarithm, a root or a quotient."""
    match node:
        case Call("abs", (u,)):
            for e in SMALL:
                yield f"epsilon {float(e):g} under a root in place of {node.brief}", power(add(power(u, TWO), Const(e)), HALF)
        case Call("log", (u,)):
            for e in SMALL:
                yield f"epsilon {float(e):g} added inside {node.brief}", Call("log", (add(u, Const(e)),))
                yield f"clip at {float(e):g} inside {node.brief}", Call("log", (where(u > Const(e), u, Const(e)),))
                low, high = Const(e), Const(1 - e)
                both = where(u > low, where(u < high, u, high), low)
                yield f"clip to [{float(e):g}, 1 - {float(e):g}] inside {node.brief}", Call("log", (both,))
        case Pow(u, Const(p)) if p < 0 or p.denominator == 2:
            for e in SMALL:
                yield f"epsilon {float(e):g} added inside {node.brief}", power(add(u, Const(e)), node.exponent)
                if p.denominator == 2 and p < 0:
                    yield f"epsilon {float(e):g} added outside the root {node.brief}", power(add(power(u, HALF), Const(e)), Const(2 * p))
