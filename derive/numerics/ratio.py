"""Fractions of polynomials whose denominator is kept as a product of powers: (1 + E)^2 stays (1 + E)^2."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from derive.numerics.polynomial import ONE, Poly, common, constant, letter, letters, plus, quotient, raised, scaled, times, without

Factors = tuple[tuple[Poly, int], ...]


@dataclass(frozen=True)
class Ratio:
    """top / the product of the factors of `bottom`, each to its power; no factor divides the top."""

    top: Poly
    bottom: Factors = ()


def exact_quotient(p: Poly, f: Poly) -> Poly | None:
    """p / f when it is a polynomial (by division in one of f's letters), else None."""
    for number in letters(f):
        if number > 0:
            found = quotient(p, f, number)
            if found is not None:
                return found
    return None


def primitive(p: Poly) -> tuple[Poly, Poly]:
    """A single term and a polynomial without common letters and with first coefficient 1 whose product is p."""
    shared = common(p)
    rest = without(p, shared)
    lead = rest.terms[0][1]
    term = scaled(reduce(times, (letter(k, e) for k, e in shared), ONE), lead)
    return term, scaled(rest, 1 / lead)


def reduced(top: Poly, bottom: Iterable[tuple[Poly, int]]) -> Ratio:
    """The ratio with every factor that divides the top cancelled."""
    left: dict[Poly, int] = {}
    for f, n in bottom:
        while n and top:
            found = exact_quotient(top, f)
            if found is None:
                break
            top, n = found, n - 1
        if n and top:
            left[f] = left.get(f, 0) + n
    return Ratio(top, tuple(left.items()))


def total(ratios: Iterable[Ratio]) -> Ratio:
    """The sum."""
    return reduce(_sum, ratios, Ratio(Poly(())))


def _sum(a: Ratio, b: Ratio) -> Ratio:
    shared: dict[Poly, int] = {}
    for f, n in (*a.bottom, *b.bottom):
        shared[f] = max(shared.get(f, 0), n)
    bottom = tuple(shared.items())
    return reduced(plus(_lifted(a, shared), _lifted(b, shared)), bottom)


def _lifted(a: Ratio, shared: dict[Poly, int]) -> Poly:
    have = dict(a.bottom)
    return reduce(times, (raised(f, n - have.get(f, 0)) for f, n in shared.items()), a.top)


def product(ratios: Iterable[Ratio]) -> Ratio:
    """The product."""
    return reduce(_product, ratios, Ratio(ONE))


def _product(a: Ratio, b: Ratio) -> Ratio:
    factors = dict(a.bottom)
    for f, n in b.bottom:
        factors[f] = factors.get(f, 0) + n
    return reduced(times(a.top, b.top), tuple(factors.items()))


def reciprocal(a: Ratio) -> Ratio:
    """1 / a, for a that is not zero."""
    term, rest = primitive(a.top)
    top = reduce(times, (raised(f, n) for f, n in a.bottom), raised(term, -1))
    return reduced(top, split(rest, [f for f, _ in a.bottom]) if rest != ONE else ())


def split(p: Poly, known: Iterable[Poly]) -> list[tuple[Poly, int]]:
    """A primitive polynomial as a product of powers: by known factors, by 1 + E^k and 1 - E^k, and what is left."""
    parts: dict[Poly, int] = {}
    rest = p
    for f in [*known, *_simple_factors(p)]:
        found = exact_quotient(rest, f) if rest != f else None
        while found is not None:
            parts[f] = parts.get(f, 0) + 1
            rest, found = found, exact_quotient(found, f)
    if rest != ONE:
        parts[rest] = parts.get(rest, 0) + 1
    return list(parts.items()) if rest == ONE or rest == primitive(rest)[1] else [(p, 1)]


def _simple_factors(p: Poly) -> list[Poly]:
    numbers = [k for k in letters(p) if k > 0]
    if len(numbers) != 1 or len(p.terms) < 2:
        return []
    powers = [dict(m).get(numbers[0], Fraction(0)) for m, _ in p.terms]
    gap = min(abs(a - b) for a in powers for b in powers if a != b)
    return [plus(ONE, scaled(letter(numbers[0], gap), Fraction(sign))) for sign in (1, -1)]


def raised_ratio(a: Ratio, n: int) -> Ratio:
    """The n-th power."""
    base = a if n >= 0 else reciprocal(a)
    return Ratio(raised(base.top, abs(n)), tuple((f, k * abs(n)) for f, k in base.bottom))


def number(value: Fraction) -> Ratio:
    """A number."""
    return Ratio(constant(value))
