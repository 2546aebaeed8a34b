"""The arithmetic of growth: bounds that hold everywhere beyond a point.

An element stands for a function v of x >= START with low * m(x) <= v(x) <= high * m(x) where m(x) = x^power e^(rate x).
With x itself as the variable, or -x, the same evaluation that gives a definition's value bounds it on a whole half-line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from mpmath import libmp

from derive.oracle.arithmetic import Truth
from derive.oracle.interval import UNDEFINED, UNKNOWN, Interval
from derive.oracle.intervals import intervals

START = 10
BITS = 64
A = intervals(BITS)
UNIT: Interval = A.hull(A.number(0), A.number(1))
ZERO: Interval = A.number(0)
BOTH: Interval = A.hull(A.number(-1), A.number(1))


@dataclass(frozen=True, eq=False)
class Tail:
    """Bounds in units of x^power e^(rate x); `exact` is the factor where it is one number."""

    bounds: Interval
    power: Fraction = Fraction(0)
    rate: Fraction = Fraction(0)
    exact: Fraction | None = None

    @property
    def order(self) -> tuple[Fraction, Fraction]:
        """What grows faster is larger."""
        return self.rate, self.power


NOTHING = Tail(UNKNOWN)
FLAT, LINE = (Fraction(0), Fraction(0)), (Fraction(0), Fraction(1))  # the orders of a constant and of x


def number(v: Any) -> Tail:
    """A constant."""
    if isinstance(v, Tail):
        return v
    return Tail(A.number(v)) if isinstance(v, Interval) else Tail(A.number(v), exact=Fraction(v))


def variable(sign: int) -> Tail:
    """x, or -x."""
    return Tail(A.number(sign), Fraction(1), exact=Fraction(sign))


@lru_cache(maxsize=4096)
def largest_of(power: Fraction, rate: Fraction) -> Interval | None:
    """The largest x^power e^(rate x), where that falls all the way; None where it does not."""
    if rate > 0 or (rate == 0 and power > 0) or (rate < 0 and power / -rate > START):
        return None
    found: Interval = A.mul(A.power(A.number(START), A.number(power)), A.functions["exp"](A.number(rate * START)))
    return found


def relative(x: Tail, to: Tail) -> Interval:
    """The bounds of x in the units of a tail of larger order."""
    if x.exact == 0:
        return ZERO
    if x.order == to.order:
        return x.bounds
    largest = largest_of(x.power - to.power, x.rate - to.rate)
    if largest is None or not _finite(x.bounds):
        return UNKNOWN
    found: Interval = A.mul(x.bounds, A.mul(UNIT, largest))
    return found


def _finite(x: Interval) -> bool:
    return x.low is not None and x.low != libmp.fninf and x.high != libmp.finf


def add(x: Tail, y: Tail) -> Tail:
    if x.exact == 0 or y.exact == 0:
        return y if x.exact == 0 else x
    if x.order == y.order and x.exact is not None and y.exact is not None:
        return Tail(A.number(x.exact + y.exact), x.power, x.rate, x.exact + y.exact)
    top, other = (x, y) if x.order >= y.order else (y, x)
    return Tail(A.add(top.bounds, relative(other, top)), top.power, top.rate)


def mul(x: Tail, y: Tail) -> Tail:
    exact = None if x.exact is None or y.exact is None else x.exact * y.exact
    if exact is not None:
        return Tail(A.number(exact), x.power + y.power, x.rate + y.rate, exact)
    if x.exact == 0 or y.exact == 0:
        return number(0)
    return Tail(A.mul(x.bounds, y.bounds), x.power + y.power, x.rate + y.rate)


def div(x: Tail, y: Tail) -> Tail:
    if x.exact is not None and y.exact:
        return Tail(A.number(x.exact / y.exact), x.power - y.power, x.rate - y.rate, x.exact / y.exact)
    if y.bounds.high == libmp.finf and y.bounds.low is not None and libmp.mpf_sign(y.bounds.low) > 0:
        inverse = A.mul(UNIT, A.div(A.number(1), Interval(y.bounds.low, y.bounds.low)))
        return Tail(A.mul(x.bounds, inverse), x.power - y.power, x.rate - y.rate)
    return Tail(A.div(x.bounds, y.bounds), x.power - y.power, x.rate - y.rate)


def power(x: Tail, n: Tail) -> Tail:
    if n.exact is None:
        return exp(mul(n, log(x)))
    exact = x.exact**n.exact if x.exact is not None and n.exact.denominator == 1 and (x.exact or n.exact > 0) else None
    return Tail(A.power(x.bounds, A.number(n.exact)), x.power * n.exact, x.rate * n.exact, Fraction(exact) if exact is not None else None)


def exp(x: Tail) -> Tail:
    if x.order == LINE and x.exact is not None:
        return Tail(A.number(1), rate=x.exact, exact=Fraction(1))
    if x.order > FLAT:
        return _steep(x)
    return Tail(A.functions["exp"](constant(x)))


def _steep(x: Tail) -> Tail:
    """e to the power of what grows at least like x: at least or at most a pure exponential."""
    low, high = x.bounds.low, x.bounds.high
    if low is not None and libmp.mpf_sign(low) > 0:
        return Tail(Interval(libmp.fone, libmp.finf), rate=_times_x(low, x, "f"))
    if high is not None and libmp.mpf_sign(high) < 0:
        return Tail(UNIT, rate=_times_x(high, x, "c"))
    return NOTHING


def _times_x(end: Any, x: Tail, rounding: str) -> Fraction:
    """A rate r with r*x no further from 0 than end*x^power e^(rate x), for all x >= START."""
    if x.order < LINE:
        return Fraction(0)
    least = Fraction(START) ** int(x.power - 1) if x.rate == 0 and x.power >= 1 else Fraction(1)
    p, q = libmp.to_rational(libmp.mpf_pos(end, 24, "d"))
    return Fraction(int(p), int(q)) * least


def constant(x: Tail) -> Interval:
    """Bounds of what does not grow, as numbers."""
    return relative(x, number(1)) if x.order <= FLAT else UNKNOWN


def log(x: Tail) -> Tail:
    if x.bounds.low is None or libmp.mpf_sign(x.bounds.low) <= 0 or not _finite(x.bounds):
        return NOTHING
    rest = A.functions["log"](x.bounds)
    if x.order == FLAT:
        return Tail(rest)
    start = A.number(START)
    slow = A.mul(UNIT, A.div(A.functions["log"](start), start))  # log(x)/x falls from here on
    each = A.add(A.mul(A.number(x.power), slow), A.mul(A.mul(UNIT, A.div(A.number(1), start)), rest))
    return Tail(A.add(A.number(x.rate), each), Fraction(1), exact=x.rate if x.power == 0 and x.exact == 1 else None)


def log1p(x: Tail) -> Tail:
    """log(1 + x), between 0 and x where x is positive."""
    if x.order < FLAT and x.bounds.low is not None and libmp.mpf_sign(x.bounds.low) >= 0:
        return Tail(A.mul(UNIT, x.bounds), x.power, x.rate)
    return log(add(number(1), x))


def normal_cdf(x: Tail) -> Tail:
    if x.order <= FLAT:
        return Tail(A.functions["normal_cdf"](constant(x)))
    high = x.bounds.high
    if x.order < LINE or high is None or libmp.mpf_sign(high) >= 0:
        return Tail(UNIT if not _above(x) else A.hull(A.functions["normal_cdf"](_at_start(x)), A.number(1)))
    c = -_times_x(high, x, "c")  # below -c*x: at most density/(c*x), and c^2 x^2/2 is at least c^2 START x/2
    return Tail(A.mul(UNIT, A.div(A.number(1), A.number(2 * c * START))), rate=-c * c * START / 2)


def _above(x: Tail) -> bool:
    return x.bounds.low is not None and libmp.mpf_sign(x.bounds.low) > 0


def _at_start(x: Tail) -> Interval:
    """The least value of what is positive and grows."""
    low = Interval(x.bounds.low, x.bounds.low)
    found: Interval = A.mul(low, A.mul(A.power(A.number(START), A.number(x.power)), A.functions["exp"](A.number(x.rate * START))))
    return found


def tanh(x: Tail) -> Tail:
    """(1 - e)/(1 + e) with e = exp(-2x), or the same with both signs changed."""
    if x.order < FLAT:
        return Tail(A.mul(UNIT, x.bounds), x.power, x.rate)  # no further from 0 than x
    if x.order == FLAT:
        e = A.functions["exp"](A.mul(A.number(-2), constant(x)))
        return Tail(A.add(A.number(-1), A.div(A.number(2), A.add(A.number(1), e))))
    if _above(x):
        return add(number(-1), div(number(2), add(number(1), exp(mul(number(-2), x)))))
    if x.bounds.high is not None and libmp.mpf_sign(x.bounds.high) < 0:
        return mul(number(-1), tanh(mul(number(-1), x)))
    return Tail(BOTH)


def within(low: int, high: int) -> Callable[[Tail], Tail]:
    """A function whose values lie between two numbers."""
    return lambda x: Tail(A.hull(A.number(low), A.number(high)))


def side(x: Tail) -> int | None:
    if x.exact is not None:
        return (x.exact > 0) - (x.exact < 0)
    if x.bounds.low is None:
        return None
    return 1 if libmp.mpf_sign(x.bounds.low) > 0 else -1 if libmp.mpf_sign(x.bounds.high) < 0 else None


def sign(x: Tail) -> Tail:
    s = side(x)
    return Tail(BOTH) if s is None else number(s)


def absolute(x: Tail) -> Tail:
    s = side(x)
    return replace(x, bounds=A.functions["abs"](x.bounds), exact=None) if s is None else mul(number(s or 1), x)


def compare(op: str, x: Tail, y: Tail) -> Truth:
    s = side(add(x, mul(number(-1), y)))
    return None if s is None else s in {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0), "==": (0,), "!=": (1, -1)}[op]


def hull(x: Tail, y: Tail) -> Tail:
    top, other = (x, y) if x.order >= y.order else (y, x)
    return Tail(A.hull(top.bounds, relative(other, top)), top.power, top.rate)


FUNCTIONS: dict[str, Callable[..., Tail]] = {
    "pi": lambda: Tail(A.functions["pi"]()),
    "exp": exp,
    "log": log,
    "log1p": log1p,
    "normal_cdf": normal_cdf,
    "tanh": tanh,
    "erf": within(-1, 1),
    "sin": within(-1, 1),
    "cos": within(-1, 1),
    "arctan": within(-2, 2),
    "abs": absolute,
    "sign": sign,
    "floor": lambda x: add(x, Tail(A.hull(A.number(-1), A.number(0)))),
}

TAILS = replace(
    A, number=number, add=add, mul=mul, div=div, power=power, functions=FUNCTIONS, compare=compare, hull=hull,
    interval=lambda x: x.bounds, unknown=NOTHING, undefined=Tail(UNDEFINED),
)  # fmt: skip
