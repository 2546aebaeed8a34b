"""Affine index maps: what an index expression such as s * o + d * k - p does to positions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from derive.language.nodes import ZERO, Add, Const, Expr, Input, Iota, Mul, Ref, add, flatten, leaves, mul, transform


@dataclass(frozen=True)
class Affine:
    """offset + the sum of coefficient * position over axes; coefficients and offset hold sizes, parameters and numbers."""

    offset: Expr
    coefficients: tuple[tuple[str, Expr], ...]


def affine(index: Expr) -> Affine | None:
    """The affine form of an index, or None when it depends on data or is not affine in the positions."""
    if leaves(index, Input, Ref):
        return None
    terms: dict[str | None, Expr] = {}
    for term in _terms(index):
        iotas = [f for f in _factors(term) if isinstance(f, Iota)]
        rest = [f for f in _factors(term) if not isinstance(f, Iota)]
        if len(iotas) > 1 or any(leaves(f, Iota) for f in rest):
            return None
        axis = iotas[0].axis if iotas else None
        terms[axis] = add(terms.get(axis, ZERO), mul(*rest))
    offset = terms.pop(None, ZERO)
    return Affine(offset, tuple(sorted((a, c) for a, c in terms.items() if a is not None)))


def _terms(e: Expr) -> list[Expr]:
    e = flatten(transform(flatten(e), _distribute))
    return list(e.args) if isinstance(e, Add) else [e]


def _distribute(e: Expr) -> Expr:
    if isinstance(e, Mul):
        for i, factor in enumerate(e.args):
            if isinstance(factor, Add):
                return add(*(_distribute(mul(*e.args[:i], t, *e.args[i + 1 :])) for t in factor.args))
    return e


def _factors(e: Expr) -> tuple[Expr, ...]:
    return e.args if isinstance(e, Mul) else (e,)


def collected(e: Expr) -> dict[tuple[Expr, ...], Fraction]:
    """The terms of a sum of products: a coefficient for each set of factors, none of them zero; no factors is the number."""
    terms: dict[tuple[Expr, ...], Fraction] = {}
    for term in _terms(e):
        numbers = [f.value for f in _factors(term) if isinstance(f, Const)]
        rest = tuple(sorted((f for f in _factors(term) if not isinstance(f, Const)), key=str))
        terms[rest] = terms.get(rest, Fraction(0)) + math.prod(numbers, start=Fraction(1))
    return {factors: number for factors, number in terms.items() if number}
