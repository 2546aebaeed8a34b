"""Interval arithmetic proper: sums, products, quotients and what orders ends, each end exactly rounded outwards."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isfinite
from typing import Any

from mpmath import libmp

from derive.oracle.interval import UNDEFINED, UNKNOWN, Interval, Raw

Point = Callable[[int, Raw], tuple[Raw, Raw]]
ONE = Interval(libmp.fone, libmp.fone)
ZERO = Interval(libmp.fzero, libmp.fzero)


def special(*xs: Interval) -> Interval:
    """What an operation gives when an argument is no real number: perhaps undefined beats certainly undefined."""
    return UNKNOWN if UNKNOWN in xs else UNDEFINED


def number(bits: int, value: Any) -> Interval:
    """The element of an exact number; only a fraction that is no binary number is rounded. inf and nan are undefined."""
    if isinstance(value, Interval):
        return value
    if isinstance(value, float):
        raw = libmp.from_float(value) if isfinite(value) else None
        return UNDEFINED if raw is None else Interval(raw, raw)
    value = Fraction(value)
    below, above = (libmp.from_rational(value.numerator, value.denominator, bits, r) for r in "fc")
    if value.denominator == 1:
        below = above = libmp.from_int(value.numerator)
    return Interval(below, above)


def add(bits: int, x: Interval, y: Interval) -> Interval:
    if x.low is None or y.low is None:
        return special(x, y)
    return Interval(libmp.mpf_add(x.low, y.low, bits, "f"), libmp.mpf_add(x.high, y.high, bits, "c"))


def times(a: Raw, b: Raw, bits: int, rounding: str) -> Raw:
    """A product of ends; zero times an end that is no bound is zero."""
    product = libmp.mpf_mul(a, b, bits, rounding)
    return libmp.fzero if product == libmp.fnan else product


def negative(x: Interval) -> Interval:
    return Interval(libmp.mpf_neg(x.high), libmp.mpf_neg(x.low))


def mul(bits: int, x: Interval, y: Interval) -> Interval:
    if x.low is None or y.low is None:
        return special(x, y)
    a, b, c, d = x.low, x.high, y.low, y.high
    if not a[0] and not c[0]:
        return Interval(times(a, c, bits, "f"), times(b, d, bits, "c"))
    if b[0]:
        return negative(mul(bits, negative(x), y))
    if d[0]:
        return negative(mul(bits, x, negative(y)))
    if not a[0]:
        return Interval(times(b, c, bits, "f"), times(b, d, bits, "c"))
    if not c[0]:
        return Interval(times(a, d, bits, "f"), times(b, d, bits, "c"))
    low = smallest(times(a, d, bits, "f"), times(b, c, bits, "f"))
    return Interval(low, largest(times(a, c, bits, "c"), times(b, d, bits, "c")))


def smallest(a: Raw, b: Raw) -> Raw:
    return a if libmp.mpf_lt(a, b) else b


def largest(a: Raw, b: Raw) -> Raw:
    return b if libmp.mpf_lt(a, b) else a


def div(bits: int, x: Interval, y: Interval) -> Interval:
    if x.low is None or y.low is None:
        return special(x, y)
    if y.low == libmp.fzero == y.high:
        return UNDEFINED
    if y.high[0]:
        return div(bits, negative(x), negative(y))
    if y.low[0] or y.low == libmp.fzero:
        return UNKNOWN
    low = libmp.mpf_div(x.low, y.low if x.low[0] else y.high, bits, "f")
    return Interval(low, libmp.mpf_div(x.high, y.high if x.high[0] else y.low, bits, "c"))


def monotone(point: Point, bits: int, x: Interval) -> Interval:
    """An increasing function by its enclosures at the two ends."""
    if x.low is None:
        return x
    low, high = point(bits, x.low)
    return Interval(low, high if x.low == x.high else point(bits, x.high)[1])


def absolute(bits: int, x: Interval) -> Interval:
    if x.low is None or not x.low[0]:
        return x
    if x.high[0] or x.high == libmp.fzero:
        return negative(x)
    return Interval(libmp.fzero, largest(libmp.mpf_neg(x.low), x.high))


def whole(end: Raw) -> Raw:
    """The largest integer not above an end."""
    return libmp.mpf_floor(end) if end[1] else end
