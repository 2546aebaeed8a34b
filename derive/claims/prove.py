"""Proofs of relations: equality by canonical forms for all sizes, or case by case; order by signs."""

from __future__ import annotations

from itertools import pairwise

from derive.analysis.scalars import cells, formula, variables
from derive.analysis.signs import Undecided, signs
from derive.calculus.canonical import Canon, canon_for
from derive.calculus.cases import by_cases
from derive.calculus.certificate import Certificate, exact
from derive.calculus.guards import settled
from derive.claims.statements import Relation
from derive.language.nodes import Compare, Delta, Expr, Iota, Where, transform

WANTED = {"=": {0}, "<=": {0, 1}, "<": {1}}  # signs of the difference, right less left


def proof(relation: Relation) -> str:
    """How the relation is proved; "" if it is not."""
    found = _by_form(relation) if relation.sign == "=" else ""
    return found or _by_cases(relation)


def _by_form(relation: Relation) -> str:
    """By the canonical forms of both sides, for all sizes."""
    canon = canon_for(relation.program, expanded=False)
    found = [_certificate(left, right, canon) for left, right in pairwise(relation.sides)]
    return "" if None in found else found[0].evidence  # type: ignore[union-attr]


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


def _by_cases(relation: Relation) -> str:
    """By the sign of the difference on each cell of the scalars' domain."""
    try:
        names = {leaf: symbol for leaf, (symbol, _) in variables(relation.program).items()}
        found = list(cells(relation.program, relation.sides))
        for cell in found:
            parts = [formula(side, names, cell) for side in relation.sides]
            for left, right in pairwise(parts):
                if not signs(right - left, cell) <= WANTED[relation.sign]:
                    return ""
    except Undecided:
        return ""
    if not found:
        return ""
    difference = "the difference is 0" if relation.sign == "=" else "the sign of the difference, by roots, coefficients and slopes"
    return f"{difference}, {'in one case' if len(found) == 1 else f'in each of {len(found)} cases'}"
