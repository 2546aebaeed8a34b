"""Proofs of relations: equality by canonical forms for all sizes, or case by case; order by signs."""

from __future__ import annotations

from itertools import pairwise

from derive.analysis.scalars import cells, formula, variables
from derive.analysis.signs import Undecided, signs
from derive.calculus.canonical import Canon, canon_for
from derive.calculus.cases import by_cases
from derive.calculus.certificate import Certificate, exact
from derive.calculus.guards import settled
from derive.language.nodes import Compare, Delta, Expr, Iota, Where, transform
from derive.language.program import Program

WANTED = {"=": {0}, "<=": {0, 1}, "<": {1}}  # signs of the difference, right less left


def proof(program: Program, sides: tuple[Expr, ...], sign: str) -> Certificate | None:
    """How it is proved that the sides, over the inputs of a program, stand in a relation from left to right; None if it is not."""
    found = _by_form(program, sides) if sign == "=" else None
    return found or _by_signs(program, sides, sign)


def _by_form(program: Program, sides: tuple[Expr, ...]) -> Certificate | None:
    """By the canonical forms of all sides, for all sizes; the weakest certificate of them."""
    canon = canon_for(program, expanded=False)
    found = [_certificate(left, right, canon) for left, right in pairwise(sides)]
    return None if None in found else max(found, key=lambda c: c.tier)  # type: ignore[union-attr]


def _certificate(left: Expr, right: Expr, canon: Canon) -> Certificate | None:
    left, right = _one_hot(left), _one_hot(right)
    plain = settled(left), settled(right)
    return exact(left, right, canon) or exact(*plain, canon) or by_cases(*plain, canon)


def _one_hot(expr: Expr) -> Expr:
    """The expression with "this position is that index" as 1 in a row of zeros."""
    return transform(expr, _position)


def _position(n: Expr) -> Expr:
    match n:
        case Where(Compare("==", Iota(axis), index), chosen, other) | Where(Compare("==", index, Iota(axis)), chosen, other):
            return Delta(axis, index) * (chosen - other) + other if axis not in index.axes else n
    return n


def _by_signs(program: Program, sides: tuple[Expr, ...], sign: str) -> Certificate | None:
    """By the sign of the difference on each cell of the scalars' domain."""
    try:
        names = {leaf: symbol for leaf, (symbol, _) in variables(program).items()}
        found = list(cells(program, sides))
        for cell in found:
            parts = [formula(side, names, cell) for side in sides]
            for left, right in pairwise(parts):
                if not signs(right - left, cell) <= WANTED[sign]:
                    return None
    except Undecided:
        return None
    if not found:
        return None
    difference = "the difference is 0" if sign == "=" else "the sign of the difference, by roots, coefficients and slopes"
    return Certificate("A", f"{difference}, {'in one case' if len(found) == 1 else f'in each of {len(found)} cases'}")
