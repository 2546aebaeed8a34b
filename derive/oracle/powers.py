"""Powers of intervals: whole ones by multiplication, halves and quarters by square roots, the rest by logarithms."""

from __future__ import annotations

from fractions import Fraction

from mpmath import libmp

from derive.oracle.basic import ONE, ZERO, absolute, div, monotone, mul, special, whole
from derive.oracle.interval import UNDEFINED, UNKNOWN, Interval, Raw, is_point
from derive.oracle.points import LIMIT, exp_point, log_point, magnitude, power_point

_WHOLE_POWER = 64  # bits of the largest exponent that is taken by repeated multiplication
_ROOTS = 16  # x^(p/q) by square roots for q = 2, 4, ..., _ROOTS


def power(bits: int, x: Interval, y: Interval) -> Interval:
    """x^y: for any x when y is a whole number, for x >= 0 (x > 0 when y < 0) otherwise."""
    if x.low is None or y.low is None:
        return special(x, y)
    exponent = as_fraction(y)
    if exponent is not None and exponent.denominator == 1:
        return whole_power(bits, x, int(exponent))
    if x.high[0]:
        return UNDEFINED if exponent is not None or is_between_integers(y) else UNKNOWN
    if x.low[0]:
        return UNKNOWN
    if x.low == libmp.fzero:
        return power_from_zero(bits, x, y)
    if exponent is not None and exponent.denominator <= _ROOTS:
        return rooted(bits, x, exponent)
    return by_logarithm(bits, x, y)


def as_fraction(y: Interval) -> Fraction | None:
    """The exponent as an exact fraction of moderate size, or None."""
    if not is_point(y) or (not y.low[1] and y.low != libmp.fzero):
        return None
    sign, man, exp, bits = y.low
    if exp + bits > _WHOLE_POWER or exp < -_WHOLE_POWER * 20:
        return None
    return Fraction(-int(man) if sign else int(man)) * Fraction(2) ** int(exp)


def is_between_integers(y: Interval) -> bool:
    """Whether no whole number lies in y."""
    below, above = whole(y.low), whole(y.high)
    return bool(below == above and below != y.low)


def whole_power(bits: int, x: Interval, n: int) -> Interval:
    if n == 0:
        return ONE
    if n < 0:
        return div(bits, ONE, whole_power(bits + 4, x, -n))
    size = x if n % 2 else absolute(bits, x)
    ends = ((end, rnd if not end[0] else _OPPOSITE[rnd]) for end, rnd in zip((size.low, size.high), "fc", strict=True))
    low, high = (signed(end, power_point(bits, libmp.mpf_abs(end), n, rnd)) for end, rnd in ends)
    return Interval(low, high)


_OPPOSITE = {"f": "c", "c": "f"}


def signed(end: Raw, size: Raw) -> Raw:
    return libmp.mpf_neg(size) if end[0] else size


def power_from_zero(bits: int, x: Interval, y: Interval) -> Interval:
    """x^y where x starts at zero and y is no whole number known exactly."""
    if libmp.mpf_gt(y.low, libmp.fzero):
        high = ZERO if x.high == libmp.fzero else by_logarithm(bits, Interval(x.high, x.high), y)
        return Interval(libmp.fzero, high.high)
    return UNDEFINED if x.high == libmp.fzero and y.high[0] else UNKNOWN


def rooted(bits: int, x: Interval, exponent: Fraction) -> Interval:
    """x^(p/q) with q a small power of two, by exactly rounded square roots."""
    size = whole_power(bits + 8, x, abs(exponent.numerator))
    q = exponent.denominator
    while q > 1:
        size = Interval(libmp.mpf_sqrt(size.low, bits + 4, "f"), _root_above(size.high, bits + 4))
        q //= 2
    return div(bits, ONE, size) if exponent < 0 else Interval(libmp.mpf_pos(size.low, bits, "f"), libmp.mpf_pos(size.high, bits, "c"))


def _root_above(end: Raw, bits: int) -> Raw:
    return end if end == libmp.finf else libmp.mpf_sqrt(end, bits, "c")


def by_logarithm(bits: int, x: Interval, y: Interval) -> Interval:
    """exp(y log x), with as many bits more as the exponent has before its point."""
    product = mul(bits, y, monotone(log_point, bits, x))
    sizes = [magnitude(end) for end in (product.low, product.high) if end[1]]
    more = bits + min(max(sizes, default=0), LIMIT) + 8
    if more > bits + 8:
        product = mul(more, y, monotone(log_point, more, x))
    return monotone(exp_point, bits, product)
