"""Mean squares of functions of a standard normal variable in closed form, term by term, with parameters as symbols.

Two families are integrated: x^n e^(s x) on any interval, by completing the square and the recurrence of truncated moments; and
x^n erf(x/sqrt 2)^m e^(-k x^2) on the whole line, by parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy

from derive.analysis.scalars import cells, formula, variables
from derive.analysis.signs import Undecided
from derive.calculus.atoms import primitive
from derive.language.nodes import Const, Expr, Param, substitute
from derive.language.program import Program, expand

Formula = Any
HALF = sympy.Rational(1, 2)


@dataclass(frozen=True)
class Term:
    """factor * x^power * erf(x/sqrt 2)^odd * e^(square*x^2 + linear*x)."""

    factor: Formula
    power: int
    odd: int
    square: Formula
    linear: Formula


def mean_square(program: Program, variable: str, parameters: Mapping[str, Fraction]) -> Formula | None:
    """E[f(z)^2] for the first output of a program, where another input is 1; None where neither family has it.

    Parameters stay symbols where the conditions do not depend on them, and take the given values elsewhere.
    """
    side = expand(program, program.let(program.outputs[0].name).ref)
    side = substitute(primitive(side), {i: Const(Fraction(1)) for i in program.inputs if i.name != variable})
    values: dict[Expr, Expr] = {Param(n): Const(v) for n, v in parameters.items()}
    for known in ({}, values):
        try:
            return _over_cells(program, substitute(side, known), variable)
        except Undecided:
            continue
    return None


def _over_cells(program: Program, side: Expr, variable: str) -> Formula:
    names = {leaf: symbol for leaf, (symbol, _) in variables(program).items()}
    x = next(symbol for symbol in names.values() if symbol.name == variable)
    spans = dict.fromkeys(c[x] for c in cells(program, (side,)))
    total = sympy.Integer(0)
    for span in spans:
        if span[0] != span[1]:
            square = sympy.expand(sympy.expand(formula(side, names, {x: span})) ** 2)
            total += sum(_integral(_term(t, x), span) for t in sympy.Add.make_args(square) if t != 0)
    return sympy.expand(total)


def _term(t: Formula, x: Formula) -> Term:
    """One term of an expanded square. Raises Undecided for one of another family."""
    factor, rest = t.as_independent(x, as_Add=False)
    power, odd, exponent = 0, 0, sympy.Integer(0)
    for f in sympy.Mul.make_args(rest):
        base, n = f.as_base_exp() if not isinstance(f, sympy.exp) else (f, sympy.Integer(1))
        if base == x and n.is_Integer and n >= 0:
            power += int(n)
        elif base == sympy.erf(x / sympy.sqrt(2)) and n.is_Integer and n >= 0:
            odd += int(n)
        elif isinstance(f, sympy.exp):
            exponent += f.args[0]
        elif f != 1:
            raise Undecided(f"{f} is of another family")
    if not exponent.is_polynomial(x) or sympy.degree(exponent, x) > 2:
        raise Undecided(f"e^({exponent}) is of another family")
    c = sympy.Poly(exponent, x)
    return Term(factor * sympy.exp(c.nth(0)), power, odd, c.nth(2), c.nth(1))


def _integral(t: Term, span: tuple[Formula, Formula]) -> Formula:
    """The integral of a term against the standard normal density."""
    if t.odd == 0 and t.square == 0:
        return t.factor * _shifted(t.power, t.linear, span)
    c = HALF - t.square
    if span != (-sympy.oo, sympy.oo) or t.linear != 0 or not c.is_positive:
        raise Undecided("neither family has this term")
    return t.factor * _whole(t.power, t.odd, c) / sympy.sqrt(2 * sympy.pi)


def _shifted(n: int, s: Formula, span: tuple[Formula, Formula]) -> Formula:
    """The integral of x^n e^(s x) times the density: e^(s^2/2) times that of (y + s)^n, everything moved by s."""
    low, high = (end - s if abs(end) != sympy.oo else end for end in span)
    moments = (sympy.binomial(n, k) * s ** (n - k) * _moment(k, low, high) for k in range(n + 1))
    return sympy.exp(s**2 / 2) * sympy.Add(*moments)


def _moment(n: int, low: Formula, high: Formula) -> Formula:
    """The integral of y^n times the density from low to high, by parts."""
    if n == 0:
        return _below(high) - _below(low)
    ends = _at(n - 1, low) - _at(n - 1, high)
    return ends if n == 1 else ends + (n - 1) * _moment(n - 2, low, high)


def _below(end: Formula) -> Formula:
    """The probability below an end."""
    return {sympy.oo: sympy.Integer(1), -sympy.oo: sympy.Integer(0)}.get(end, (1 + sympy.erf(end / sympy.sqrt(2))) / 2)


def _at(n: int, end: Formula) -> Formula:
    """y^n times the density at an end."""
    return sympy.Integer(0) if abs(end) == sympy.oo else end**n * sympy.exp(-(end**2) / 2) / sympy.sqrt(2 * sympy.pi)


@lru_cache(maxsize=1024)
def _whole(n: int, m: int, c: Formula) -> Formula:
    """The integral of x^n erf(x/sqrt 2)^m e^(-c x^2) over the line, by parts; erf is uniform on (-1, 1) under the density."""
    if (n + m) % 2:
        return sympy.Integer(0)
    if n:
        lower = (n - 1) * _whole(n - 2, m, c) if n > 1 else 0
        return (lower + (m * sympy.sqrt(2 / sympy.pi) * _whole(n - 1, m - 1, c + HALF) if m else 0)) / (2 * c)
    if m == 0:
        return sympy.sqrt(sympy.pi / c)
    if c == HALF:
        return sympy.sqrt(2 * sympy.pi) / (m + 1)
    raise Undecided("no closed form is known for this term")
