"""Ranges of numbers: what a parameter, or an element of an input, may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`, or of those only `values` where there are any; each end belongs to it unless the flag says
    otherwise. Infinite ends never do."""

    low: float = -math.inf
    high: float = math.inf
    low_included: bool = True
    high_included: bool = True
    integer: bool = False
    values: tuple[float, ...] = ()

    def admits(self, value: float | Fraction) -> bool:
        """Whether the value lies in the range (never nan or infinite)."""
        if not math.isfinite(value) or (self.integer and value != int(value)):
            return False
        if self.values:
            return value in self.values
        above = value >= self.low if self.low_included else value > self.low
        below = value <= self.high if self.high_included else value < self.high
        return above and below

    def __str__(self) -> str:
        """The interval, as in (0, 1], or the set, as in {-1, 1}."""
        if self.values:
            return f"{{{', '.join(f'{v:g}' for v in self.values)}}}"
        left = "[" if self.low_included and self.low > -math.inf else "("
        right = "]" if self.high_included and self.high < math.inf else ")"
        return f"{left}{self.low:g}, {self.high:g}{right}"


def Between(low: float, high: float) -> Range:
    """The numbers strictly between two others."""
    return Range(low, high, low_included=False, high_included=False)


def OneOf(*values: float) -> Range:
    """A few numbers, and no other."""
    return Range(min(values), max(values), values=tuple(sorted(values)))


Scalar = Range()
Positive = Range(low=0, low_included=False)
NonNegative = Range(low=0)
Integer = Range(integer=True)
Natural = Range(low=0, integer=True)
PositiveInteger = Range(low=1, integer=True)
Fraction01 = Range(low=0, high=1, high_included=False)
