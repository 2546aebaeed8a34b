"""Integrals against the standard normal density, enclosed: Taylor series on short pieces, growth bounds beyond them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from derive.analysis import tails
from derive.analysis.enclosed import Enclosed, enclosed, is_bounded, rational
from derive.analysis.function import Curve
from derive.analysis.jets import Series, jets
from derive.language.errors import DeriveError
from derive.oracle.intervals import intervals

ORDER, BITS = 16, 96
A = intervals(BITS)
WIDTH = Fraction(1, 10**17)  # of an enclosure per unit of length, relative to the integrand where that is above 1
SHORTEST, MOST = Fraction(1, 2**40), 5000  # pieces


def mean_square(f: Curve, width: Fraction = WIDTH) -> Enclosed:
    """E[f(z)^2] for a standard normal z, about as narrow as wanted. Raises DeriveError where it cannot be enclosed (it may be infinite)."""
    beyond = _beyond(f, 1, 2) + _beyond(f, -1, 2)
    pieces = list(_pieces(f, 2, width))
    return Enclosed(max(sum((p.low for p in pieces), Fraction(0)), Fraction(0)), sum((p.high for p in pieces), beyond))


def mean(f: Curve, width: Fraction = WIDTH) -> Enclosed:
    """E[f(z)] for a standard normal z, likewise."""
    beyond = _beyond(f, 1, 1) + _beyond(f, -1, 1)
    pieces = list(_pieces(f, 1, width))
    return Enclosed(sum((p.low for p in pieces), -beyond), sum((p.high for p in pieces), beyond))


def _pieces(f: Curve, power: int, width: Fraction) -> Iterator[Enclosed]:
    """The integrals over pieces between -START and START, each halved until it is narrow, or as short as pieces become."""
    spans = [(Fraction(n), Fraction(n + 1)) for n in range(-tails.START, tails.START)]
    for _ in range(MOST):
        if not spans:
            return
        low, high = spans.pop()
        found, length = _by_series(f, power, (low + high) / 2, (high - low) / 2), high - low
        if found is not None and (length <= SHORTEST or found.high - found.low <= width * length * max(found.high / length, Fraction(1))):
            yield found
        elif length <= SHORTEST:
            raise DeriveError(f"{f.program.name} has no bound near {float(low):g}, so neither has its integral")
        else:
            spans += [(low, (low + high) / 2), ((low + high) / 2, high)]
    raise DeriveError(f"{f.program.name}: {MOST} pieces do not enclose its integral")


def _by_series(f: Curve, power: int, middle: Fraction, half: Fraction) -> Enclosed | None:
    """The integral over [middle - half, middle + half]: the series at the middle, the last term with its coefficient over the box."""
    series = Series(A, ORDER)
    at_middle = _integrand(f, power, series, A.number(middle))
    in_box = _integrand(f, power, series, A.hull(A.number(middle - half), A.number(middle + half)))
    terms = []
    for k in range(0, ORDER + 1, 2):
        c = series.get(in_box if k == ORDER else at_middle, k)
        terms.append(A.mul(c, A.number(2 * half ** (k + 1) / (k + 1))))
    found = series.total(terms)
    if not is_bounded(found):
        found = A.mul(series.get(in_box, 0), A.number(2 * half))
    return enclosed(found) if is_bounded(found) else None


def _integrand(f: Curve, power: int, series: Series, x: Any) -> Any:
    """f(z), or its square, times the standard normal density, as a jet at x."""
    z = (x, A.number(1))
    exponent = series.scaled(series.square(z), A.number(Fraction(-1, 2)))
    area = A.power(A.mul(A.number(2), A.functions["pi"]()), A.number(Fraction(-1, 2)))
    value = f.at(z, jets(A, ORDER))
    return series.scaled(series.mul(series.square(value) if power == 2 else value, series.exp(exponent)), area)


def _beyond(f: Curve, sign: int, power: int) -> Fraction:
    """A bound of the size of the integral of f^power over x > START (sign 1) or x < -START.

    With |f|^power <= C x^k e^(a x) the integrand is at most C G(x) e^(-x^2/4)/sqrt(2 pi), where G = x^k e^(a x - x^2/4)
    falls from START on, and the integral of e^(-x^2/4) beyond START is at most 2/START e^(-START^2/4).
    """
    bound = f.at(tails.variable(sign), tails.TAILS)
    start = Fraction(tails.START)
    if not is_bounded(bound.bounds) or power * bound.power / start + power * bound.rate - start / 2 >= 0:
        raise DeriveError(f"{f.program.name} has no known bound beyond {sign * tails.START}, so neither has its integral")
    a = tails.A
    size = a.power(a.functions["abs"](bound.bounds), a.number(power))
    growth = a.power(a.number(start), a.number(power * bound.power))
    exponent = a.functions["exp"](a.number(power * bound.rate * start - start**2 / 2))
    root = a.power(a.mul(a.number(2), a.functions["pi"]()), a.number(Fraction(1, 2)))
    return rational(a.div(a.mul(size, a.mul(growth, a.mul(exponent, a.number(2 / start)))), root).high)
