"""From an enclosure to one float: rounding to nearest even, and errors measured against the exact number."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, ldexp, nan
from typing import Any

import numpy as np
from mpmath import libmp
from numpy.typing import ArrayLike, NDArray

from derive.oracle.errors import OracleError
from derive.oracle.interval import UNDEFINED, Interval, Objects, Raw

NARROW = 2.0**-10  # an enclosure is decided when it rounds to one float and is this narrow, in ulps
EDGE = 64.0  # an infinity within this many ulps of the exact number counts by its distance


@dataclass(frozen=True)
class Format:
    """A binary float: bits of the significand, power of two that overflows, exponent of the smallest subnormal."""

    digits: int
    overflow: int
    smallest: int


# fmt: off
FORMATS = {
    "float16": Format(11,   16,   -24),
    "float32": Format(24,  128,  -149),
    "float64": Format(53, 1024, -1074),
}
# fmt: on


@dataclass(frozen=True)
class Rounded:
    """Correctly rounded values of exact numbers.

    `value` is of the wanted dtype (nan where undefined or not decided; overflow to inf; no negative zero), `decided`
    says which elements are proven, `precision` is the largest number of bits used. `enclosure` holds the Intervals;
    the exact number is (value + remainder * 2^exponent), where 2^exponent is the spacing of floats at the exact
    number, overflow counting as the power of two after the largest float.
    """

    value: NDArray[Any]
    decided: NDArray[np.bool_]
    precision: int
    remainder: NDArray[np.float64]
    exponent: NDArray[np.int64]
    enclosure: Objects

    @property
    def undecided(self) -> int:
        """How many elements are not decided."""
        return int(self.decided.size - np.count_nonzero(self.decided))


def float_format(dtype: Any) -> tuple[str, Format]:
    """The name and format of a dtype. Raises OracleError for one that is not float16, float32 or float64."""
    name = np.dtype(dtype).name
    if name not in FORMATS:
        raise OracleError(f"the oracle rounds to {', '.join(FORMATS)}; got {name}")
    return name, FORMATS[name]


Split = tuple[int, float]  # a number in units of 2^exponent: the nearest integer (ties to even) and what is left


def spacing(x: Raw, f: Format) -> int:
    """The exponent of the distance between floats at x."""
    if not x[1]:
        return f.smallest if x == libmp.fzero else f.overflow - f.digits
    return min(max(int(x[2] + x[3]) - f.digits, f.smallest), f.overflow - f.digits)


def split(x: Raw, exponent: int, f: Format) -> Split:
    """x over 2^exponent, clipped to what overflows."""
    sign, man, exp, bits = x
    if not man:
        return (0, 0.0) if x == libmp.fzero else (-1 << f.digits, -inf) if sign else (1 << f.digits, inf)
    whole, rest = _nearest(int(man), int(exp) - exponent, int(bits))
    if whole > 1 << f.digits:
        beyond = int(exp + bits) - exponent
        rest = inf if beyond > 1000 else float(whole - (1 << f.digits)) + rest
        whole = 1 << f.digits
    return (-whole, -rest) if sign else (whole, rest)


def _nearest(man: int, shift: int, bits: int) -> Split:
    """man * 2^shift as the nearest integer and the difference."""
    if shift >= 0:
        return man << min(shift, 4096), 0.0
    if bits + shift < -64:
        return 0, ldexp(1.0, max(bits + shift, -1074))
    whole, part = man >> -shift, man & ((1 << -shift) - 1)
    half = 1 << (-shift - 1)
    up = part > half or (part == half and whole & 1)
    return (whole + 1, (part - (1 << -shift)) / (1 << -shift)) if up else (whole, part / (1 << -shift))


def decide(x: Interval, f: Format) -> tuple[float, bool, float, int]:
    """value, decided, remainder and exponent of one enclosure."""
    if x.low is None:
        return nan, x is UNDEFINED, 0.0, 0
    exponent = max(spacing(x.low, f), spacing(x.high, f))
    (low, below), (high, above) = split(x.low, exponent, f), split(x.high, exponent, f)
    over = abs(low) == 1 << f.digits and exponent == f.overflow - f.digits
    far = over and min(abs(below), abs(above)) > 2 * EDGE
    if low != high or not (far or above - below <= NARROW):
        return nan, False, 0.0, exponent
    value = inf * low if over else ldexp(low, exponent)
    return value, True, below if far or below == above else below + (above - below) / 2, exponent


def round_all(enclosure: Objects, dtype: Any, precision: int) -> Rounded:
    """Every element rounded."""
    name, f = float_format(dtype)
    cells = [decide(x, f) for x in enclosure.flat]
    columns = list(zip(*cells, strict=True)) if cells else [(), (), (), ()]
    kinds: tuple[Any, ...] = (name, bool, np.float64, np.int64)
    value, decided, remainder, exponent = (np.array(c, dtype=k).reshape(enclosure.shape) for c, k in zip(columns, kinds, strict=True))
    return Rounded(value, decided, precision, remainder, exponent, enclosure)


def ulps(computed: ArrayLike, rounded: Rounded) -> NDArray[np.float64]:
    """|computed - exact| in units of the spacing of floats at the exact number, a real number per element.

    0.5 is the most a correctly rounded result can show. nan against a number, or an infinity against a number that is
    not next to overflow, is inf; two nans agree; the sign of zero is ignored. Undecided elements are nan.
    Raises OracleError when the shapes differ.
    """
    came = np.asarray(computed)
    if came.shape != rounded.value.shape:
        raise OracleError(f"computed has shape {came.shape}, the exact values have {rounded.value.shape}")
    f = FORMATS[rounded.value.dtype.name]
    with np.errstate(all="ignore"):
        mine, exact = (_in_units(v, rounded.exponent, f) for v in (came, rounded.value))
        error = np.abs((mine - exact) - rounded.remainder)
    infinite = np.isinf(came) | np.isinf(rounded.value)
    error = np.where(infinite & ~(error <= EDGE), inf, error)
    error = np.where(infinite & (came == rounded.value), 0.0, error)
    nans = np.isnan(came).astype(int) + np.isnan(rounded.value)
    error = np.where(nans == 2, 0.0, np.where(nans == 1, inf, error))
    return np.where(rounded.decided, error, nan)


def _in_units(v: NDArray[Any], exponent: NDArray[np.int64], f: Format) -> NDArray[np.float64]:
    wide = v.astype(np.float64)
    units = np.ldexp(wide, -exponent)
    return np.where(np.isinf(wide), np.sign(wide) * 2.0**f.digits, units)
