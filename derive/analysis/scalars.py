"""Definitions of scalars as SymPy expressions, case by case of their conditions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import sympy

from derive.analysis.signs import Cell, Formula, Span, Undecided, signs
from derive.calculus.atoms import primitive
from derive.language.nodes import BATCH, Add, Call, Compare, Const, Expr, Input, Mul, Param, Pow, Ref, Where, leaves, substitute, walk
from derive.language.program import Program

FUNCTIONS = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "arctan": sympy.atan,
    "floor": sympy.floor,
    "erf": sympy.erf,
}
HOLDS = {"<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {1, 0}, "==": {0}, "!=": {1, -1}}


@dataclass(frozen=True)
class Domain:
    """Where a variable lies: its ends, and whether they belong to it."""

    low: Formula
    high: Formula
    low_in: bool
    high_in: bool


def variables(program: Program) -> dict[Expr, tuple[Formula, Domain]]:
    """The scalar inputs and parameters of a program, each as a symbol and its domain. Raises Undecided for an array."""
    found: dict[Expr, tuple[Formula, Domain]] = {}
    for i in program.inputs:
        if set(i.names) - {BATCH}:
            raise Undecided(f"{i.name} is an array")
        whole = i.dtype != "real"
        domain = Domain(sympy.Integer(1), sympy.oo, True, False) if whole else Domain(-sympy.oo, sympy.oo, False, False)
        found[i] = (sympy.Symbol(i.name, real=True), domain)
    for p in program.parameters:
        low, high = _number(p.low), _number(p.high)
        found[Param(p.name)] = (
            sympy.Symbol(p.name, real=True),
            Domain(low, high, p.low_included and low != -sympy.oo, p.high_included and high != sympy.oo),
        )
    return found


def _number(end: float) -> Formula:
    return sympy.Rational(str(end)) if math.isfinite(end) else sympy.oo if end > 0 else -sympy.oo


def formula(expr: Expr, names: Mapping[Expr, Formula], cell: Cell | None = None) -> Formula:
    """The expression in SymPy, its conditions decided by the cell. Raises Undecided where that cannot be done."""
    done: dict[Expr, Formula] = {}
    for node in walk(primitive(expr)):
        done[node] = _node(node, done, names, cell)
    return done[primitive(expr)]


def _node(n: Expr, done: Mapping[Expr, Formula], names: Mapping[Expr, Formula], cell: Cell | None) -> Formula:
    match n:
        case Const(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Input() | Param() | Ref() if n in names:
            return names[n]
        case Add(args):
            return sympy.Add(*(done[a] for a in args))
        case Mul(args):
            return sympy.Mul(*(done[a] for a in args))
        case Pow(base, exponent):
            return done[base] ** done[exponent]
        case Call("pi"):
            return sympy.pi
        case Call("normal_cdf", (x,)):
            return (1 + sympy.erf(done[x] / sympy.sqrt(2))) / 2
        case Call("abs" | "sign" as fn, (x,)):
            side = _only(done[x], cell)
            return sympy.Integer(side) if fn == "sign" else side * done[x]
        case Call(fn, (x,)) if fn in FUNCTIONS:
            return FUNCTIONS[fn](done[x])
        case Compare(op, left, right):
            return _truth(op, done[left] - done[right], cell)
        case Where(condition, chosen, other):
            return done[chosen] if done[condition] == sympy.true else done[other]
    raise Undecided(f"{n.brief} is no formula of scalars")


def _signs(e: Formula, cell: Cell | None) -> frozenset[int]:
    if cell is None:
        raise Undecided(f"the sign of {e} is not known")
    return signs(e, cell)


def _only(e: Formula, cell: Cell | None) -> int:
    found = _signs(e, cell)
    for side in (1, -1):
        if found <= {0, side}:
            return side if found != {0} else 0
    raise Undecided(f"the sign of {e} is not known")


def _truth(op: str, difference: Formula, cell: Cell | None) -> Formula:
    found = _signs(difference, cell)
    if found <= HOLDS[op]:
        return sympy.true
    if not found & HOLDS[op]:
        return sympy.false
    raise Undecided(f"the sign of {difference} is not known")


def cells(program: Program, sides: tuple[Expr, ...]) -> Iterator[Cell]:
    """The ways to place all variables between the points at which conditions may change."""
    known = variables(program)
    names = {leaf: symbol for leaf, (symbol, _) in known.items()}
    points = list(_breakpoints(sides, names))
    choices = [list(_spans(symbol, domain, {p for s, p in points if s == symbol})) for symbol, domain in known.values()]
    for spans in product(*choices):
        yield dict(zip((symbol for symbol, _ in known.values()), spans, strict=True))


def _spans(symbol: Formula, domain: Domain, points: set[Formula]) -> Iterator[Span]:
    inside = sorted(p for p in points if domain.low < p < domain.high)
    ends = [domain.low, *inside, domain.high]
    for end, belongs in ((domain.low, domain.low_in), *((p, True) for p in inside), (domain.high, domain.high_in)):
        if belongs:
            yield end, end
    yield from pairwise(ends)


def _breakpoints(sides: tuple[Expr, ...], names: Mapping[Expr, Formula]) -> Iterator[tuple[Formula, Formula]]:
    """(variable, value) wherever a linear factor of what a condition asks for vanishes."""
    for subject in {v for side in sides for s in _subjects(primitive(side)) for v in _unsigned(s)}:
        if leaves(subject, Where, Ref):
            continue
        try:
            below, above = sympy.fraction(sympy.together(formula(subject, names, None)))
        except Undecided:
            continue
        for part in (below, above):
            yield from _roots(part)


def _unsigned(subject: Expr) -> Iterator[Expr]:
    """What a condition asks for, with each absolute value as what is in it, and as its opposite."""
    inner = next((n for n in walk(subject) if isinstance(n, Call) and n.fn == "abs"), None)
    if inner is None:
        yield subject
        return
    for instead in (inner.args[0], -inner.args[0]):
        yield from _unsigned(substitute(subject, {inner: instead}))


def _roots(part: Formula) -> Iterator[tuple[Formula, Formula]]:
    try:
        factors = sympy.factor_list(part)[1]
    except sympy.PolynomialError:
        return
    for factor, _ in factors:
        symbols: Any = factor.free_symbols
        if len(symbols) == 1:
            (symbol,) = symbols
            solved = sympy.Poly(factor, symbol)
            if solved.degree() == 1:
                root = -solved.nth(0) / solved.nth(1)
                if root.is_rational:
                    yield symbol, root


def _subjects(expr: Expr) -> Iterator[Expr]:
    for n in walk(expr):
        if isinstance(n, Compare):
            yield n.left - n.right
        elif isinstance(n, Call) and n.fn in ("abs", "sign"):
            yield n.args[0]
