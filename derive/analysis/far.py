"""What a function of one variable does beyond END on either side: signs of its derivatives, bounds, limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy
from mpmath import libmp

from derive.analysis import limits, tails
from derive.analysis.enclosed import is_bounded
from derive.analysis.jets import jets
from derive.analysis.limits import Limit
from derive.analysis.pieces import Piece, side_of
from derive.analysis.signs import Undecided

DEEPEST = 3  # order of the derivative that may decide the sign of a lower one


@dataclass(frozen=True, eq=False)
class Far:
    """One end of a function: its outermost piece, and the side (1 or -1)."""

    piece: Piece
    side: int

    @cached_property
    def _series(self) -> list[tuple[Any, ...]]:
        """The series of the function and its derivatives, as limits and bounds of growth."""
        x = (limits.variable(self.side), limits.number(1))
        return [curve.at(x, jets(limits.LIMITS, DEEPEST - k)) for k, curve in enumerate(self.piece.derivatives)]

    def known(self, order: int) -> list[Limit]:
        """What is known of the derivative of an order, from the series of each lower one."""
        more = [(order - k, s) for k, s in enumerate(self._series) if k <= order]
        return [limits.mul(limits.number(math.factorial(n)), s[n]) if n < len(s) else limits.number(0) for n, s in reversed(more)]

    def sign(self, order: int) -> int | None:
        """The sign of the derivative beyond END (0: it vanishes); None where it is not known."""
        signs = [s for v in self.known(order) if (s := side_of(v.tail.bounds)) is not None]
        if signs:
            return signs[0]
        if order < DEEPEST and self.limit(order) == 0:
            grows = self.sign(order + 1)
            return None if grows is None else -self.side * grows
        return None

    def limit(self, order: int) -> Any:
        """What the derivative tends to, as a number or an infinity of SymPy; None where that is not known."""
        found = self.near(order)
        if found is not None and not found.free_symbols:
            return found
        grows = [s for v in self.known(order) if v.tail.order > tails.FLAT and (s := limits.strict(v.tail.bounds))]
        return grows[0] * sympy.oo if grows else None

    def near(self, order: int) -> Any:
        """The polynomial in the distance from 0 that the derivative comes near; None where none is known."""
        return next((v.to for v in self.known(order) if v.to is not None), None)

    def tends(self, order: int) -> Any:
        """The limit. Raises Undecided where it is not known."""
        found = self.limit(order)
        if found is None:
            raise Undecided(f"the limit of derivative {order} at {'+' if self.side > 0 else '-'}inf is not known")
        return found

    def span(self, order: int) -> Any:
        """An interval that the derivative stays in beyond END; None where none is known."""
        found = [c for v in self.known(order) if is_bounded(c := tails.constant(v.tail))]
        return min(found, key=lambda c: float(libmp.to_float(c.high)) - float(libmp.to_float(c.low)), default=None)
