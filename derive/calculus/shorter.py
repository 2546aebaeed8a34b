"""What a polynomial costs to write and compute, and terms brought over one denominator."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derive.calculus import algebra as al
from derive.calculus.algebra import Factor, Poly
from derive.calculus.powers import over
from derive.calculus.rules import SCALAR
from derive.language.work import TooLarge

MOST_SUMMED = 64


def cost(p: Poly) -> int:
    """How much there is to write and to compute: terms, factors and what reductions run over; among equals, axes summed over."""
    return MOST_SUMMED * _length(p) + min(MOST_SUMMED - 1, sum(len(f[1]) for m in p for f, _ in m if f[0] == "sum"))


def _length(p: Poly) -> int:
    return sum(2 + sum(_weight(f, e) for f, e in m) for m in p)


def _weight(f: Factor, e: Fraction) -> int:
    if f[0] in SCALAR:
        return 0
    if f[0] in ("sum", "mean"):
        return 3 + sum(_weight(g, x) for g, x in f[2])
    if f[0] in ("pow", "red"):
        return 2 + _length(al.poly(f[-1]))
    if f[0] == "call":
        return 2 + sum(_length(al.poly(k)) for k in f[2])
    if f[0] == "exp":
        return 2 + sum(_weight(g, x) for g, x in f[1])
    return 1 + int(abs(e) > 1) + int(e < 0 and f[0] == "t")


def if_shorter(p: Poly, change: Callable[[Poly], Poly]) -> Poly:
    try:
        candidate = change(p)
    except (TooLarge, ZeroDivisionError):
        return p
    return candidate if cost(candidate) < cost(p) else p


def together(p: Poly) -> Poly:
    """Terms over one denominator, for each sum that stands in denominators, where that is shorter."""
    bases = sorted({f for m in p for f, e in m if f[0] == "pow" and e < 0}, key=al.order)
    for base in bases:
        p = if_shorter(p, lambda q, base=base: cancelled(over(q, base), base))  # type: ignore[misc]
        p = if_shorter(p, lambda q, base=base: multiple_cancelled(q, base))  # type: ignore[misc]
    return p


def multiple_cancelled(p: Poly, base: Factor) -> Poly:
    """Terms over a sum that are a multiple of it: (1 + x/r) / (r + x) is 1/r."""
    divisor = al.poly(base[1])
    lowest = min((dict(m).get(base, Fraction(0)) for m in p), default=Fraction(0))
    above = {tuple(fe for fe in m if fe[0] != base): c for m, c in p.items() if dict(m).get(base, Fraction(0)) == lowest}
    if lowest >= 0 or len(above) != len(divisor):
        return p
    first, c = next(iter(divisor.items()))
    for m, d in above.items():
        factor = al.times(al.from_exponents({f: -e for f, e in first}), {m: d / c})
        if al.times(factor, divisor) == above:
            rest = {n: v for n, v in p.items() if dict(n).get(base, Fraction(0)) != lowest}
            return al.plus(rest, al.times(factor, al.from_exponents({base: lowest + 1})))
    return p


def cancelled(p: Poly, base: Factor) -> Poly:
    """Terms over one denominator in one exponential or name, each divided by it as often as that goes exactly."""
    exponentials = {g for m in al.poly(base[1]) for g, _ in m}
    if len(exponentials) != 1 or next(iter(exponentials))[0] not in ("exp", "t"):
        return p
    (e,) = exponentials
    divisor = {dict(m).get(e, Fraction(0)): c for m, c in base[1]}
    groups: dict[tuple[al.Mono, Fraction], dict[Fraction, Fraction]] = {}
    for m, c in p.items():
        rest = tuple(fe for fe in m if fe[0] not in (e, base))
        groups.setdefault((rest, dict(m).get(base, Fraction(0))), {})[dict(m).get(e, Fraction(0))] = c
    total: Poly = {}
    for (rest, k), numerator in groups.items():
        while k < 0 and (quotient := _divided(numerator, divisor)) is not None:
            numerator, k = quotient, k + 1
        for x, c in numerator.items():
            total = al.plus(total, al.scale(al.from_exponents({**dict(rest), e: x, base: k}), c))
    return total


def _divided(numerator: dict[Fraction, Fraction], divisor: dict[Fraction, Fraction]) -> dict[Fraction, Fraction] | None:
    """The exact quotient of two polynomials by exponent, or None."""
    quotient: dict[Fraction, Fraction] = {}
    top, left = max(divisor), dict(numerator)
    for _ in range(20):
        if not left:
            return quotient
        x = max(left)
        if x - top < min(numerator) - min(divisor):
            return None
        c = left[x] / divisor[top]
        quotient[x - top] = c
        for y, d in divisor.items():
            value = left.get(x - top + y, Fraction(0)) - c * d
            left = {**left, x - top + y: value} if value else {z: v for z, v in left.items() if z != x - top + y}
    return None
