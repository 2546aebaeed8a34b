"""The fast backend: Arb's balls through python-flint, where it is installed. Elements are flint.arb, or UNDEFINED."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache, partial
from math import isfinite
from typing import Any

import flint
from flint import arb
from mpmath import libmp

from derive.oracle.arithmetic import Arithmetic, Truth, verdict
from derive.oracle.interval import UNDEFINED, UNKNOWN, Interval, Raw

Ball = Any  # flint.arb, UNDEFINED, or a nan ball where nothing is known
NOTHING_KNOWN = arb("nan")
_SMALL = 64
_ROOTS = 16


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """flint's precision, which is global, set and put back."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def special(*xs: Ball) -> Ball:
    """What an operation gives when an argument is UNDEFINED: perhaps undefined beats certainly undefined."""
    return NOTHING_KNOWN if any(x is not UNDEFINED and x.is_nan() for x in xs) else UNDEFINED


def number(value: Any) -> Ball:
    """The ball of an exact number; inf and nan are undefined."""
    if isinstance(value, int):
        return arb(value)
    if isinstance(value, float):
        return arb(value) if isfinite(value) else UNDEFINED
    if isinstance(value, Interval):
        return from_interval(value)
    if isinstance(value, Fraction):
        return arb(value.numerator) / arb(value.denominator) if value.denominator != 1 else arb(value.numerator)
    return value


def from_interval(x: Interval) -> Ball:
    """The smallest ball over an interval."""
    if x.low is None:
        return UNDEFINED if x is UNDEFINED else NOTHING_KNOWN
    if x.low == libmp.fninf or x.high == libmp.finf:
        return NOTHING_KNOWN
    low, high = (arb((-int(man) if sign else int(man), int(exp))) for sign, man, exp, _ in (x.low, x.high))
    return low if x.low == x.high else low.union(high)


def interval(x: Ball) -> Interval:
    """The ends of a ball."""
    if isinstance(x, Interval):
        return x
    if not x.is_finite():
        return UNKNOWN
    if x.is_exact():
        end = _raw(x)
        return Interval(end, end)
    return Interval(_raw(x.lower()), _raw(x.upper()))


def _raw(x: Ball) -> Raw:
    man, exp = x.man_exp()
    return libmp.from_man_exp(int(man), int(exp))


# flint has no arithmetic with UNDEFINED: its TypeError is the signal, cheaper than asking twice per operation.


def add(x: Ball, y: Ball) -> Ball:
    try:
        return x + y
    except TypeError:
        return special(x, y)


def mul(x: Ball, y: Ball) -> Ball:
    try:
        return x * y
    except TypeError:
        return special(x, y)


def div(x: Ball, y: Ball) -> Ball:
    if x is UNDEFINED or y is UNDEFINED:
        return special(x, y)
    if y.is_zero():
        return NOTHING_KNOWN if x.is_nan() else UNDEFINED
    return x / y


def power(x: Ball, y: Ball) -> Ball:
    """x^y: for any x when y is a whole number, for x >= 0 (x > 0 when y < 0) otherwise."""
    if x is UNDEFINED or y is UNDEFINED or x.is_nan() or y.is_nan():
        return special(x, y)
    exponent = as_fraction(y)
    if exponent is not None and exponent.denominator == 1:
        return whole_power(x, int(exponent))
    if x < 0:
        return UNDEFINED if exponent is not None or not y.contains_integer() else NOTHING_KNOWN
    if x.is_zero():
        return arb(0) if y > 0 else UNDEFINED if y < 0 else NOTHING_KNOWN
    if exponent is not None and exponent.denominator <= _ROOTS:
        return rooted(x, exponent)
    return x**y if x > 0 else NOTHING_KNOWN


def as_fraction(y: Ball) -> Fraction | None:
    """The exponent as an exact fraction of moderate size, or None."""
    if not y.is_exact() or not y.is_finite():
        return None
    man, exp = (int(part) for part in y.man_exp())
    if man.bit_length() + exp > _SMALL or exp < -_SMALL * 20:
        return None
    return Fraction(man) * Fraction(2) ** exp


def whole_power(x: Ball, n: int) -> Ball:
    if n < 0 and x.is_zero():
        return UNDEFINED
    return x**n


def rooted(x: Ball, exponent: Fraction) -> Ball:
    """x^(p/q) with q a small power of two, by square roots."""
    root, q = x, exponent.denominator
    while q > 1:
        root, q = root.sqrt(), q // 2
    return root**exponent.numerator


def logarithm(x: Ball) -> Ball:
    return UNDEFINED if x is UNDEFINED or x <= 0 else x.log()


def normal_cdf(x: Ball) -> Ball:
    return x if x is UNDEFINED else (-x / arb(2).sqrt()).erfc() / 2


def method(name: str, x: Ball) -> Ball:
    return x if x is UNDEFINED else getattr(x, name)()


def absolute(x: Ball) -> Ball:
    return x if x is UNDEFINED else abs(x)


def compare(op: str, x: Ball, y: Ball) -> Truth:
    if x is UNDEFINED or y is UNDEFINED:
        return UNDEFINED if special(x, y) is UNDEFINED else None
    return verdict(op, x < y, x <= y, x > y, x >= y, x == y)


def hull(x: Ball, y: Ball) -> Ball:
    if x is UNDEFINED or y is UNDEFINED:
        return UNDEFINED if x is y else NOTHING_KNOWN
    return x.union(y)


# fmt: off
FUNCTIONS: dict[str, Callable[..., Ball]] = {
    "pi":         arb.pi,
    "inf":        arb.pos_inf,
    "exp":        partial(method, "exp"),
    "log":        logarithm,
    "normal_cdf": normal_cdf,
    "erf":        partial(method, "erf"),
    "sin":        partial(method, "sin"),
    "cos":        partial(method, "cos"),
    "arctan":     partial(method, "atan"),
    "abs":        absolute,
    "sign":       partial(method, "sgn"),
    "floor":      partial(method, "floor"),
}
# fmt: on


@lru_cache(maxsize=32)
def balls(bits: int) -> Arithmetic:
    """Ball arithmetic at `bits` bits."""
    return Arithmetic(
        bits, number, add, mul, div, power, FUNCTIONS, compare, hull, interval, NOTHING_KNOWN, UNDEFINED, partial(precision, bits)
    )  # fmt: skip
