"""The primitive functions in a prime field: free values that keep some of the laws, and break none."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from derive.calculus.finite import Element, Stuck, World, prime_powers

UNIT = 4  # exponentials are powers of exp(u / 4), so that halves and quarters stay related
MINUS = Fraction(-1)


def exponential(w: World, a: Element, c: Fraction) -> Element:
    """exp(c a)."""
    steps = c * UNIT
    if steps.denominator != 1:
        a, steps = w.times(a, c), Fraction(UNIT)
    r, s = w.odd(a)
    return w.raised(w.table("exp", r), s * int(steps)) if r else Fraction(1)


def logarithm(w: World, a: Element) -> Element:
    """log(a), with log(1 / a) = -log(a), and prime by prime for numbers."""
    if isinstance(a, Fraction):
        if a <= 0:
            raise Stuck
        total: Element = Fraction(0)
        for q, count in prime_powers(a):
            total = w.add(total, w.times(w.table("log of a prime", q), Fraction(count)))
        return total
    inverse = w.residue(w.raised(a, -1))
    return w.table("log", a) if a <= inverse else w.times(w.table("log", inverse), MINUS)


def normal_cdf(w: World, a: Element) -> Element:
    """1/2 plus an odd function."""
    return w.add(_odd("normal_cdf")(w, a), Fraction(1, 2))


def erf(w: World, a: Element) -> Element:
    """The same function, in other units."""
    scaled = w.times(a, w.fractional(Fraction(2), Fraction(1, 2)))
    return w.times(_odd("normal_cdf")(w, scaled), Fraction(2))


def _odd(kind: str) -> Callable[[World, Element], Element]:
    def f(w: World, a: Element) -> Element:
        r, s = w.odd(a)
        return w.times(w.table(kind, r), Fraction(s)) if r else Fraction(0)

    return f


def _half(w: World, a: Element) -> tuple[Element, Element]:
    """tan(a / 2) = t, and 1 / (1 + t^2)."""
    t = _odd("tangent of the half")(w, a)
    return t, w.raised(w.add(Fraction(1), w.times(t, t)), -1)


def _sin(w: World, a: Element) -> Element:
    t, u = _half(w, a)
    return w.times(w.times(t, u), Fraction(2))


def _cos(w: World, a: Element) -> Element:
    t, u = _half(w, a)
    return w.times(w.add(Fraction(1), w.times(w.times(t, t), MINUS)), u)


def _floor(w: World, a: Element) -> Element:
    return Fraction(math.floor(a)) if isinstance(a, Fraction) else w.table("floor", a)


# fmt: off
ELEMENTWISE: dict[str, Callable[[World, Element], Element]] = {
    "log":        logarithm,
    "normal_cdf": normal_cdf,
    "erf":        erf,
    "sin":        _sin,
    "cos":        _cos,
    "arctan":     _odd("arctan"),
    "abs":        lambda w, a: w.times(a, Fraction(w.sign(a) or 1)),  # sign 0 stands for a = 0, where either will do
    "sign":       lambda w, a: Fraction(w.sign(a)),
    "floor":      _floor,
}
# fmt: on
