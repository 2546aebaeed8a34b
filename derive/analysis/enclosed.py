"""Real numbers between two rational ones, and their decimals."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import libmp

from derive.oracle.interval import Interval

PLACES = 30


@dataclass(frozen=True)
class Enclosed:
    """A real number, no less than `low` and no more than `high`."""

    low: Fraction
    high: Fraction

    @property
    def middle(self) -> Fraction:
        """A number in it."""
        return (self.low + self.high) / 2

    def rounds_to(self, digits: str) -> bool | None:
        """Whether the number, rounded to as many places as `digits` has, is that; None where both ends disagree."""
        unit = Fraction(1, 10 ** len(digits.partition(".")[2]))
        stated = Fraction(digits)
        near = [abs(end - stated) <= unit / 2 for end in (self.low, self.high)]
        return near[0] if near[0] == near[1] else None

    def decimals(self, most: int = PLACES) -> str:
        """The digits that both ends, rounded, have in common, at most so many places; "..." where more would follow."""
        if self.low == self.high and (self.low * 10**most).denominator == 1:
            return decimal(self.low, most).rstrip("0").rstrip(".")
        for places in range(most, 0, -1):
            texts = {decimal(end, places) for end in (self.low, self.high)}
            if len(texts) == 1:
                return texts.pop() + "..."
        return f"{float(self.low):.3g} to {float(self.high):.3g}"


def decimal(value: Fraction, places: int) -> str:
    """The value rounded to so many places."""
    whole = round(value * 10**places)
    digits = f"{abs(whole):0{places + 1}d}"
    return f"{'-' if whole < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def rational(end: Any) -> Fraction:
    """A finite end of an interval."""
    p, q = libmp.to_rational(end)
    return Fraction(int(p), int(q))


def is_bounded(x: Interval) -> bool:
    """Whether both ends are numbers."""
    return x.low is not None and all(end[1] or end == libmp.fzero for end in (x.low, x.high))


def enclosed(x: Interval) -> Enclosed:
    """The interval by its ends; both must be numbers."""
    return Enclosed(rational(x.low), rational(x.high))
