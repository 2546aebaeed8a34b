"""Programs with a running error bound: how far code that follows a printed form may be from the truth.

Every value carries an absolute bound `e` for code of one dtype that performs the program's operations: real inputs,
parameters and constants are rounded once, each operation rounds its result once (library functions twice), a sum of n
terms may be taken in any order, and the incoming errors are passed on through each operation exactly, not to first
order. Where a value leaves the dtype's range the bound is infinite: this form says nothing there.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.floats import COMPARE
from derive.checker.levels import LIBRARY, Bound, Doubt, Level, Wide, with_ties
from derive.checker.propagation import PASSED, differences, wide
from derive.checker.reductions import REDUCED

Array = NDArray[Any]
SAME = 2.0**-10  # roundings charged where every library gives the number itself: exp(0) = 1
WIDE = 4.0  # how far beyond its error bound a difference may be zero in code that writes it in another way
SIDES = ("declared", "right", "left", "split")


class Bounds:
    """Arithmetic on bounds. `side` chooses what happens at a kink or tie: as the definition declares, as the other
    branch does (a sign counting as +1 on the right, -1 on the left), or evenly split. A kink is met wherever its two
    sides agree within their errors, for there code may go either way."""

    def __init__(self, level: Level, side: str) -> None:
        self.level, self.side = level, side
        self.low = False  # whether an intermediate was so small that code may lose its digits, or all of it
        self.closed: Iterator[Array] | None = None  # where a comparison is no choice: there the definition's own branch is right
        self.infinite = False  # whether the definition speaks of infinity
        self.met: list[Array] = []  # where each comparison, sign, floor and arg- was open, in the order of evaluation

    @property
    def kinks(self) -> bool:
        """Whether a kink or tie was met."""
        return any(bool(m.any()) for m in self.met)

    def meet(self, near: Array) -> Array:
        """Note where something hangs on the last digits."""
        closed = next(self.closed) if self.closed is not None else None
        self.met.append(np.asarray(near) if closed is None else np.asarray(near & ~closed))
        return self.met[-1]

    def settle(self, v: Array, e: Array, real: bool) -> Bound:
        """A bound with the range of the dtype applied."""
        with np.errstate(all="ignore"):
            inside = np.isfinite(v) & (np.abs(v) + e <= self.level.largest)
        return Bound(v, np.where(inside, e, np.inf), real)

    def rounded(self, v: Array, e: Array, times: float | Array, real: bool) -> Bound:
        """A result rounded `times` times; an exact zero stays exact."""
        with np.errstate(all="ignore"):
            size = np.abs(v)
            self.low |= bool(((size < max(self.level.flush, self.level.tiny * 2**12)) & (v != 0)).any())
            own = times * (self.level.u * size + self.level.tiny) + np.where(size < self.level.flush, size, 0)
        return self.settle(v, e + np.where((v == 0) & (e == 0), 0, own), real)

    def array(self, values: Array, exact: bool) -> Bound:
        """An input: integers are exact."""
        v = values.astype(Wide)
        return Bound(v, np.zeros_like(v) if exact else self.level.u * np.abs(v), not exact, read=True)

    def constant(self, value: Fraction) -> Bound:
        """A number of the definition: exact if short in binary."""
        v = Wide(value.numerator) / Wide(value.denominator)
        exact = abs(value.numerator) < 2048 and value.denominator & (value.denominator - 1) == 0
        return Bound(np.asarray(v), np.asarray(Wide(0) if exact else self.level.u * abs(v)), False)

    def parameter(self, value: float | Fraction) -> Bound:
        """Like a constant, but a choice of the caller."""
        return self.constant(Fraction(value))

    def add(self, args: list[Bound]) -> Bound:
        """Two terms round once; more round after each, in any order."""
        real = any(a.real for a in args)
        with np.errstate(all="ignore"):
            v = sum((a.v for a in args[1:]), args[0].v)
            e = sum((a.e for a in args[1:]), args[0].e)
            own = np.abs(v) if len(args) == 2 else (len(args) - 1) * sum((np.abs(a.v) for a in args[1:]), np.abs(args[0].v))
            e = np.where(self._some_zero(args), e, e + self.level.u * own)
        return with_ties(self._meant(self.settle(v, e, real), args), args, np.add)

    def _meant(self, result: Bound, args: list[Bound]) -> Bound:
        """An infinity of the definition is exact, and so is what it makes infinite."""
        if not self.infinite:
            return result
        meant = sum((np.isinf(a.v) & (a.e == 0) for a in args[1:]), np.isinf(args[0].v) & (args[0].e == 0))
        return Bound(result.v, np.where(np.isinf(result.v) & (meant > 0), 0, result.e), result.real)

    def _some_zero(self, args: list[Bound]) -> Any:
        """Adding an exact zero is exact."""
        return len(args) == 2 and ((args[0].v == 0) & (args[0].e == 0) | (args[1].v == 0) & (args[1].e == 0))

    def mul(self, args: list[Bound]) -> Bound:
        """Factor by factor."""
        total = args[0]
        for a in args[1:]:
            total = with_ties(self._meant(self._product(total, a), [total, a]), [total, a], np.multiply)
        return total

    def _product(self, a: Bound, b: Bound) -> Bound:
        real = a.real or b.real
        with np.errstate(all="ignore"):
            v = a.v * b.v
            e = np.abs(a.v) * b.e + np.abs(b.v) * a.e + a.e * b.e
            nothing = (a.v == 0) & (a.e == 0) & np.isfinite(b.v + b.e) | (b.v == 0) & (b.e == 0) & np.isfinite(a.v + a.e)
            e = np.where(nothing, 0, e)
        exact = any(x.v.size == 1 and not np.any(x.e) and abs(np.frexp(x.v.ravel()[0])[0]) == 0.5 for x in (a, b))
        return self.settle(v, np.where(nothing, 0, e + self.level.tiny), real) if exact else self.rounded(v, e, 1, real)

    def power(self, base: Bound, exponent: Bound, exact: Fraction | None) -> Bound:
        """A constant exponent p: the relative error r of the base becomes |(1 +- r)^p - 1|; otherwise exp(p log x)."""
        if exact is None:
            return self._general_power(base, exponent)
        p = Wide(exact.numerator) / Wide(exact.denominator)
        with np.errstate(all="ignore"):
            v = np.where((base.v < 0) & (exact.denominator != 1), np.nan, np.sign(base.v) ** exact.numerator * np.abs(base.v) ** p)
            r = base.e / np.abs(base.v)
            up, down = np.expm1(p * np.log1p(r)), np.expm1(p * np.log1p(-r))
            e = np.where(base.e == 0, 0, np.abs(v) * np.maximum(np.abs(up), np.abs(down)))
            e = np.where((base.v == 0) & (base.e > 0), base.e**p if exact > 0 else np.inf, e)
            e = np.where((r >= 1) & (exact < 0), np.inf, np.where(np.isnan(e), 2 * (np.abs(base.v) + base.e) ** p, e))
        return self.rounded(v, e, max(1.0, abs(float(exact)) - 1), base.real)

    def _general_power(self, base: Bound, exponent: Bound) -> Bound:
        with np.errstate(all="ignore"):
            v = base.v**exponent.v
            relative = exponent.e * np.abs(np.log(np.abs(base.v))) + np.abs(exponent.v) * -np.log1p(-base.e / np.abs(base.v))
            e = np.abs(v) * np.expm1(np.where(np.isnan(relative), np.inf, relative))
            e = np.where((base.e == 0) & (exponent.e == 0), 0, e)
        return self.rounded(v, e, 2 * LIBRARY, base.real or exponent.real)

    def call(self, fn: str, args: list[Bound]) -> Bound:
        """A function of the language by its row, anything else by differences."""
        real = any(a.real for a in args)
        if fn == "sign":
            return self._sign(args[0])
        if fn == "inf":
            self.infinite = True
            return Bound(np.asarray(Wide(np.inf)), np.asarray(Wide(0)), False)
        with np.errstate(all="ignore"):
            v = np.asarray(wide(fn, [a.v for a in args]), Wide)
            passed = PASSED[fn](*((a.v, a.e) for a in args)) if fn in PASSED else differences(fn, args)
            passed = np.where(sum(a.e for a in args) == 0, 0, passed) if args else np.zeros_like(v)
        if fn == "floor":
            return self._floor(args[0], v)
        return self.settle(v, passed, real) if fn == "abs" else self.rounded(v, passed, _roundings(fn, args), real)

    def near(self, difference: Array, e: Array) -> Array:
        """Where a difference may be zero, in this form of it or in another."""
        return np.asarray(np.abs(difference) <= WIDE * e)

    def tied(self, x: Array, e: Array, dim: int) -> Array:
        """Which positions may be the largest."""
        found = self.largest(x, e, dim)
        self.meet(found & (np.sum(found, axis=dim, keepdims=True) > 1))
        return found

    def largest(self, x: Array, e: Array, dim: int) -> Array:
        """Which positions may be the largest, give or take the errors."""
        return np.asarray(x + e >= np.max(x - e, axis=dim, keepdims=True))

    def _sign(self, x: Bound) -> Bound:
        near = self.meet(self.near(x.v, x.e) & x.real)
        side = {"right": 1, "left": -1, "split": 0}.get(self.side)
        v = np.sign(x.v) if side is None else np.where(near, side, np.sign(x.v))
        return Bound(v.astype(Wide), np.zeros_like(x.v), x.real)

    def _floor(self, x: Bound, v: Array) -> Bound:
        near = self.meet((np.floor(x.v + x.e) != np.floor(x.v - x.e)) & x.real)
        shifted = np.where(near, {"right": x.v + x.e, "left": x.v - x.e}.get(self.side, x.v), x.v)
        return Bound(np.floor(shifted), np.zeros_like(v), x.real)

    def compare(self, op: str, left: Bound, right: Bound) -> Doubt:
        """Open where the two sides agree within their errors, if either depends on data. Whether a number of an input is the largest
        of them is a fact, and open nowhere."""
        fact = op in ("==", "!=") and left.read and right.read and (left.picked or right.picked)
        with np.errstate(all="ignore"):
            near = self.near(left.v - right.v, left.e + right.e) & (left.real or right.real)
            near = self.meet(near & (not fact))
        return Doubt(COMPARE[op](left.v, right.v), near)

    def where(self, condition: Doubt, chosen: Bound, other: Bound) -> Bound:
        """The branch, or at an open condition what `side` says."""
        holds = condition.holds if self.side in ("declared", "split") else condition.holds ^ condition.open
        v, e = np.where(holds, chosen.v, other.v), np.where(holds, chosen.e, other.e)
        if self.side == "split":
            with np.errstate(all="ignore"):
                v = np.where(condition.open, (chosen.v + other.v) / 2, v)
        return Bound(v, e, chosen.real or other.real or bool(np.any(condition.open)))

    def reduce(self, how: str, body: Bound, dims: tuple[int, ...], length: int) -> Bound:
        """One of the language's reductions."""
        with np.errstate(all="ignore"):
            return REDUCED[how](self, body, dims, length)

    def positions(self, index: Bound) -> Array:
        """The index as integers."""
        return np.asarray(np.nan_to_num(index.v), np.int64)

    def shape(self, body: Bound) -> tuple[int, ...]:
        """The full-rank shape."""
        return tuple(body.v.shape)

    def read(self, body: Bound, mesh: tuple[Array, ...], inside: Array) -> Bound:
        """Exactly 0 outside."""
        e = np.broadcast_to(body.e, body.v.shape)
        tied, among = (None if x is None else x[mesh] for x in (body.tied, body.among))
        read, picked = body.read, body.picked
        return Bound(np.where(inside, body.v[mesh], 0), np.where(inside, e[mesh], 0), body.real, tied, among, read, picked)

    def onehot(self, index: Bound, places: Array, dim: int) -> Bound:
        """1 at the index; evenly shared by tied positions when the side is "split"."""
        v = (places == index.v).astype(Wide)
        if index.tied is not None and self.side == "split":
            v = np.sum(index.hits(places), axis=-1, dtype=Wide) / np.sum(index.tied, axis=-1, dtype=Wide)
        return Bound(v, np.where((v == 0) | (v == 1), 0, self.level.u * v), index.real)


def _roundings(fn: str, args: list[Bound]) -> float | Array:
    """How often a library function rounds its result."""
    if fn != "exp":
        return LIBRARY
    return np.where((args[0].v == 0) & (args[0].e == 0), SAME, float(LIBRARY))
