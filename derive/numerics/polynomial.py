"""Exact polynomials with rational coefficients and rational exponents, the carrier of the rewriting.

A letter is a number: positive letters stand for expressions (see `alphabet`), negative ones for constants with powers of
their own: -p is the prime p, -1 is pi. Whole powers of a prime are folded into the coefficient.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import floor

from derive.language.memory import Form
from derive.language.work import spend

Monomial = tuple[tuple[int, Fraction], ...]
PI = -1


@dataclass(frozen=True)
class Poly:
    """A sum of coefficient * monomial, sorted, none zero."""

    terms: tuple[tuple[Monomial, Fraction], ...]

    def __bool__(self) -> bool:
        return bool(self.terms)


def gathered(terms: Iterable[tuple[Monomial, Fraction]]) -> Poly:
    """The polynomial with these terms, equal monomials added up."""
    total: dict[Monomial, Fraction] = {}
    for monomial, c in terms:
        found = total.get(monomial)
        total[monomial] = c if found is None else found + c
    return Poly(tuple(sorted((m, c) for m, c in total.items() if c)))


UNIT = Fraction(1)
ZERO = Poly(())
ONE = Poly((((), Fraction(1)),))


def constant(value: Fraction) -> Poly:
    """A number."""
    return gathered([((), value)])


def letter(number: int, exponent: Fraction = Fraction(1)) -> Poly:
    """A power of a letter."""
    monomial, c = _joined(((number, Fraction(0)),), ((number, exponent),))
    return gathered([(monomial, c)])


def plus(*polys: Poly) -> Poly:
    """The sum."""
    return gathered(t for p in polys for t in p.terms)


def times(p: Poly, q: Poly) -> Poly:
    """The product."""
    spend(len(p.terms) * len(q.terms))
    return gathered((m, a * b if c is UNIT else c * a * b) for ma, a in p.terms for mb, b in q.terms for m, c in [_joined(ma, mb)])


def scaled(p: Poly, c: Fraction) -> Poly:
    """The polynomial times a number."""
    return Poly(tuple((m, a * c) for m, a in p.terms)) if c else ZERO


def minus(p: Poly, q: Poly) -> Poly:
    """The difference."""
    return plus(p, scaled(q, Fraction(-1)))


def raised(p: Poly, n: int) -> Poly:
    """The n-th power, n >= 0; a single term also to a negative one."""
    if n < 0:
        ((monomial, c),) = p.terms
        return reduce(times, (letter(k, e * n) for k, e in monomial), constant(c**n))
    return reduce(times, [p] * n, ONE)


def _joined(a: Monomial, b: Monomial) -> tuple[Monomial, Fraction]:
    if not a or not b:
        return a or b, UNIT
    powers = dict(a)
    for number, e in b:
        powers[number] = powers[number] + e if number in powers else e
    c = UNIT
    for number in powers:
        if number < PI and floor(powers[number]):
            whole = floor(powers[number])
            c *= Fraction(-number) ** whole
            powers[number] -= whole
    return Form(sorted((k, e) for k, e in powers.items() if e)), c


def letters(*polys: Poly) -> list[int]:
    """The letters that occur, sorted."""
    return sorted({k for p in polys for m, _ in p.terms for k, _ in m})


def is_number(p: Poly) -> bool:
    """Whether no letter occurs."""
    return not letters(p)


def exponent(monomial: Monomial, number: int) -> Fraction:
    """The power of one letter."""
    return dict(monomial).get(number, Fraction(0))


def by_power(p: Poly, number: int) -> dict[Fraction, Poly]:
    """The coefficients of the powers of one letter, by rising power."""
    parts: dict[Fraction, list[tuple[Monomial, Fraction]]] = {}
    for m, c in p.terms:
        parts.setdefault(exponent(m, number), []).append((tuple(x for x in m if x[0] != number), c))
    return {e: gathered(parts[e]) for e in sorted(parts)}


def common(p: Poly) -> Monomial:
    """The largest monomial in positive letters that every term has (negative powers included)."""
    lowest = {k: min(exponent(m, k) for m, _ in p.terms) for k in letters(p) if k > 0}
    return tuple((k, e) for k, e in sorted(lowest.items()) if e)


def without(p: Poly, monomial: Monomial) -> Poly:
    """The polynomial divided by a monomial."""
    return times(p, Poly(((tuple((k, -e) for k, e in monomial), Fraction(1)),)))


def replaced(p: Poly, number: int, image: Poly) -> Poly:
    """One letter replaced by a polynomial; its powers are whole and not negative (any, when the image is one term)."""
    parts = by_power(p, number)
    return plus(*(times(c, raised(image, int(e))) for e, c in parts.items())) if parts else ZERO


def quotient(p: Poly, f: Poly, number: int) -> Poly | None:
    """p / f where the division by powers of one letter leaves no remainder, else None."""
    divisor = by_power(f, number)
    top = max(divisor)
    if len(divisor[top].terms) != 1 or not p:
        return None
    lead = times(divisor[top], letter(number, top))
    powers = by_power(p, number)
    floor_of_quotient = min(powers) - min(divisor)
    result = ZERO
    while p:
        spend(len(p.terms))
        powers = by_power(p, number)
        if max(powers) - top < floor_of_quotient:
            return None
        step = times(times(powers[max(powers)], letter(number, max(powers))), raised(lead, -1))
        result = plus(result, step)
        p = minus(p, times(step, f))
    return result
