"""The backend that is always there: intervals with ends of any size, on mpmath's integer arithmetic, rounded outwards.

No mpmath context is touched. Sums, products, quotients and roots are exactly rounded; the rest stands in `points` and
`gauss`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import lru_cache, partial

from mpmath import libmp

from derive.oracle.arithmetic import Arithmetic, Truth, verdict
from derive.oracle.basic import Point, absolute, add, div, largest, monotone, mul, number, smallest, special, whole
from derive.oracle.gauss import erf_point, normal_cdf_point
from derive.oracle.interval import UNDEFINED, UNKNOWN, Interval, Raw
from derive.oracle.points import atan_point, cos_point, exp_point, log_point, magnitude, pi_ends, sin_point
from derive.oracle.powers import power

UNIT = Interval(libmp.fnone, libmp.fone)


def narrow(x: Interval) -> Raw | None:
    """The width of an interval below 1/2, rounded up; None for a wider one."""
    if not x.low[1] or not x.high[1]:
        return None
    gap = libmp.mpf_sub(x.high, x.low, 64, "c")
    return gap if gap == libmp.fzero or (gap[1] and magnitude(gap) < 0) else None


def exponential(bits: int, x: Interval) -> Interval:
    """e^x; from one end of a narrow interval to the other the factor e^d is at most 1 + d + d^2."""
    gap = None if x.low is None else narrow(x)
    if gap is None:
        return monotone(exp_point, bits, x)
    low, high = exp_point(bits, x.low)
    growth = libmp.mpf_mul(gap, libmp.mpf_add(libmp.fone, gap, 64, "c"), 64, "c")
    return Interval(low, libmp.mpf_mul(high, libmp.mpf_add(libmp.fone, growth, bits + 8, "c"), bits + 8, "c"))


def logarithm(bits: int, x: Interval) -> Interval:
    """log x; from one end a of a narrow interval to the other the logarithm grows by at most d/a."""
    if x.low is None:
        return x
    if x.high[0] or x.high == libmp.fzero:
        return UNDEFINED
    if x.low[0] or x.low == libmp.fzero:
        return UNKNOWN
    gap = narrow(x)
    if gap is None:
        return monotone(log_point, bits, x)
    low, high = log_point(bits, x.low)
    return Interval(low, libmp.mpf_add(high, libmp.mpf_div(gap, x.low, 64, "c"), bits + 8, "c"))


def wave(point: Point, bits: int, x: Interval) -> Interval:
    """sine or cosine: the value in the middle, give or take the distance to the ends."""
    if x.low is None:
        return x
    if x.low == x.high:
        return Interval(*point(bits, x.low))
    if libmp.fninf == x.low or x.high == libmp.finf:
        return UNIT
    middle = libmp.mpf_shift(libmp.mpf_add(x.low, x.high, bits, "n"), -1)
    reach = largest(libmp.mpf_sub(x.high, middle, bits, "c"), libmp.mpf_sub(middle, x.low, bits, "c"))
    low, high = point(bits, middle)
    low, high = libmp.mpf_sub(low, reach, bits, "f"), libmp.mpf_add(high, reach, bits, "c")
    return Interval(largest(low, libmp.fnone), smallest(high, libmp.fone))


def signum(bits: int, x: Interval) -> Interval:
    if x.low is None:
        return x
    low, high = (libmp.from_int(libmp.mpf_sign(end)) for end in (x.low, x.high))
    return Interval(low, high)


def floored(bits: int, x: Interval) -> Interval:
    return x if x.low is None else Interval(whole(x.low), whole(x.high))


def pi(bits: int) -> Interval:
    return Interval(*pi_ends(bits))


def infinity(bits: int) -> Interval:
    return Interval(libmp.finf, libmp.finf)


def compare(op: str, x: Interval, y: Interval) -> Truth:
    if x.low is None or y.low is None:
        return UNDEFINED if special(x, y) is UNDEFINED else None
    a, b, c, d = x.low, x.high, y.low, y.high
    return verdict(
        op, libmp.mpf_lt(b, c), libmp.mpf_le(b, c), libmp.mpf_gt(a, d), libmp.mpf_ge(a, d), a == b == c == d
    )  # fmt: skip


def hull(x: Interval, y: Interval) -> Interval:
    if x.low is None or y.low is None:
        return UNDEFINED if x is y is UNDEFINED else UNKNOWN
    return Interval(smallest(x.low, y.low), largest(x.high, y.high))


# fmt: off
FUNCTIONS: dict[str, Callable[..., Interval]] = {
    "pi":         pi,
    "inf":        infinity,
    "exp":        exponential,
    "log":        logarithm,
    "normal_cdf": partial(monotone, normal_cdf_point),
    "erf":        partial(monotone, erf_point),
    "sin":        partial(wave, sin_point),
    "cos":        partial(wave, cos_point),
    "arctan":     partial(monotone, atan_point),
    "abs":        absolute,
    "sign":       signum,
    "floor":      floored,
}
# fmt: on


def _function(row: Callable[..., Interval], bits: int) -> Callable[..., Interval]:
    return partial(row, bits)


@lru_cache(maxsize=32)
def intervals(bits: int) -> Arithmetic:
    """Interval arithmetic with ends of `bits` bits."""
    number_, add_, mul_, div_, power_ = (partial(f, bits) for f in (number, add, mul, div, power))
    functions = {name: _function(row, bits) for name, row in FUNCTIONS.items()}
    return Arithmetic(
        bits, number_, add_, mul_, div_, power_, functions, compare, hull, lambda x: x, UNKNOWN, UNDEFINED, nullcontext
    )  # fmt: skip
