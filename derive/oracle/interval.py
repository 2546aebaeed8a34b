"""Intervals with exact ends: what every backend hands out, and how two of them are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import libmp
from numpy.typing import NDArray

Raw = Any  # an mpmath number as a tuple (sign, mantissa, exponent, bits): exact, of any size; libmp.finf and fninf are the infinities
Objects = NDArray[Any]  # of dtype object

_PRINTABLE = 5000


@dataclass(slots=True, eq=False)
class Interval:
    """Every real from `low` to `high`; the truth is one of them. An infinite end only says that no bound is known.

    Two values are special and compared by identity: UNDEFINED is certainly no real number (log of -1), UNKNOWN may be
    any real number or none.
    """

    low: Raw
    high: Raw

    def __repr__(self) -> str:
        if self.low is None:
            return "<undefined>" if self is UNDEFINED else "<unknown>"
        return f"<{_digits(self.low)} .. {_digits(self.high)}>"


UNDEFINED = Interval(None, None)
UNKNOWN = Interval(None, None)


def _digits(end: Raw) -> str:
    size = int(end[2] + end[3])
    if not end[1] or abs(size) < _PRINTABLE:
        return str(libmp.to_str(end, 17))
    power = str(size) if size.bit_length() < 64 else f"{'-' if size < 0 else ''}2^{size.bit_length()}"
    return f"{'-' if end[0] else ''}2^{power}"


def is_point(x: Interval) -> bool:
    """Whether the interval is one number exactly."""
    return x.low is not None and x.low == x.high


def overlap(a: Objects, b: Objects) -> NDArray[np.bool_]:
    """Whether two enclosures, element by element, can hold the same number. Two undefined elements agree."""
    return np.asarray(np.frompyfunc(_overlap, 2, 1)(a, b), dtype=bool)


def _overlap(a: Interval, b: Interval) -> bool:
    if a is UNKNOWN or b is UNKNOWN or a is b:
        return True
    if a is UNDEFINED or b is UNDEFINED:
        return False
    return bool(libmp.mpf_le(a.low, b.high) and libmp.mpf_le(b.low, a.high))


def width(a: Objects) -> NDArray[np.float64]:
    """high - low, rounded up; inf where nothing is known, nan where undefined."""
    return np.asarray(np.frompyfunc(_width, 1, 1)(a), dtype=np.float64)


def _width(a: Interval) -> float:
    if a.low is None:
        return float("nan") if a is UNDEFINED else float("inf")
    gap = libmp.mpf_sub(a.high, a.low, 53, "c")
    if not gap[1]:
        return float("inf") if gap[2] else 0.0
    return float("inf") if gap[2] + gap[3] > 1023 else max(libmp.to_float(gap, rnd="c"), 5e-324)
