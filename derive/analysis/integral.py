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


def mean_square(f: Curve) -> Enclosed:
    """E[f(z)^2] for a standard normal z. Raises DeriveError where it cannot be enclosed (it may be infinite)."""
    beyond = _beyond(f, 1) + _beyond(f, -1)
    pieces = list(_pieces(f))
    return Enclosed(max(sum((p.low for p in pieces), Fraction(0)), Fraction(0)), sum((p.high for p in pieces), beyond))


def _pieces(f: Curve) -> Iterator[Enclosed]:
    """The integrals over pieces between -START and START, each halved until it is narrow, or as short as pieces become."""
    spans = [(Fraction(n), Fraction(n + 1)) for n in range(-tails.START, tails.START)]
    for _ in range(MOST):
        if not spans:
            return
        low, high = spans.pop()
        found, length = _by_series(f, (low + high) / 2, (high - low) / 2), high - low
        if found is not None and (length <= SHORTEST or found.high - found.low <= WIDTH * length * max(found.high / length, Fraction(1))):
            yield found
        elif length <= SHORTEST:
            raise DeriveError(f"{f.program.name} has no bound near {float(low):g}, so neither has the integral of its square")
        else:
            spans += [(low, (low + high) / 2), ((low + high) / 2, high)]
    raise DeriveError(f"{f.program.name}: {MOST} pieces do not enclose the integral of its square")


def _by_series(f: Curve, middle: Fraction, half: Fraction) -> Enclosed | None:
    """The integral over [middle - half, middle + half]: the series at the middle, the last term with its coefficient over the box."""
    series = Series(A, ORDER)
    at_middle = _integrand(f, series, A.number(middle))
    in_box = _integrand(f, series, A.hull(A.number(middle - half), A.number(middle + half)))
    terms = []
    for k in range(0, ORDER + 1, 2):
        c = series.get(in_box if k == ORDER else at_middle, k)
        terms.append(A.mul(c, A.number(2 * half ** (k + 1) / (k + 1))))
    found = series.total(terms)
    if not is_bounded(found):
        found = A.mul(series.get(in_box, 0), A.number(2 * half))
    return enclosed(found) if is_bounded(found) else None


def _integrand(f: Curve, series: Series, x: Any) -> Any:
    """f(z)^2 times the standard normal density, as a jet at x."""
    z = (x, A.number(1))
    exponent = series.scaled(series.square(z), A.number(Fraction(-1, 2)))
    area = A.power(A.mul(A.number(2), A.functions["pi"]()), A.number(Fraction(-1, 2)))
    return series.scaled(series.mul(series.square(f.at(z, jets(A, ORDER))), series.exp(exponent)), area)


def _beyond(f: Curve, sign: int) -> Fraction:
    """A bound of the integral over x > START (sign 1) or x < -START.

    With |f| <= C x^k e^(a x) the integrand is at most C^2 G(x) e^(-x^2/4)/sqrt(2 pi), where G = x^(2k) e^(2 a x - x^2/4)
    falls from START on, and the integral of e^(-x^2/4) beyond START is at most 2/START e^(-START^2/4).
    """
    bound = f.at(tails.variable(sign), tails.TAILS)
    start = Fraction(tails.START)
    if not is_bounded(bound.bounds) or 2 * bound.power / start + 2 * bound.rate - start / 2 >= 0:
        raise DeriveError(f"{f.program.name} has no known bound beyond {sign * tails.START}, so neither has the integral of its square")
    a = tails.A
    size = a.power(a.functions["abs"](bound.bounds), a.number(2))
    growth = a.power(a.number(start), a.number(2 * bound.power))
    exponent = a.functions["exp"](a.number(2 * bound.rate * start - start**2 / 2))
    root = a.power(a.mul(a.number(2), a.functions["pi"]()), a.number(Fraction(1, 2)))
    return rational(a.div(a.mul(size, a.mul(growth, a.mul(exponent, a.number(2 / start)))), root).high)
