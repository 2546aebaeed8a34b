"""Proven enclosures of the normal probability and erf at one exact point, in integer arithmetic rounded outwards.

Near zero both are a series of positive terms, the rest of which is below a geometric one:
    x + x^3/3 + x^5/(3 5) + ...                               (times the normal density: probability between 0 and x)
In the tail they are a continued fraction whose own tail lies between x and x + k/x, which starts the recurrence:
    1/(x + 1/(x + 2/(x + 3/(x + ...))))                       (times the density: probability above x)
erf has the same two forms with x^2 doubled in the first and every numerator halved in the second.
"""

from __future__ import annotations

from mpmath import libmp

from derive.oracle.interval import Raw
from derive.oracle.points import LIMIT, TINY, exp_point, sqrt_pi

Ends = tuple[Raw, Raw]


def normal_cdf_point(bits: int, x: Raw) -> Ends:
    """Probability below x."""
    if x == libmp.fzero:
        return (libmp.fhalf, libmp.fhalf)
    if not x[1]:
        return (libmp.fzero, libmp.fzero) if x[0] else (libmp.fone, libmp.fone)
    size = libmp.mpf_abs(x)
    if _in_tail(bits, size, 1):
        low, high = _upper_tail(bits, size, 1)
        return (low, high) if x[0] else _one_minus(bits, low, high)
    # In the middle the lower half is 1/2 minus nearly 1/2: that many bits more.
    more = bits + 8 + (_square(size) if x[0] else 0)
    low, high = _middle(more, size, 1)
    if x[0]:
        return libmp.mpf_sub(libmp.fhalf, high, more, "f"), libmp.mpf_sub(libmp.fhalf, low, more, "c")
    return libmp.mpf_add(libmp.fhalf, low, more, "f"), libmp.mpf_add(libmp.fhalf, high, more, "c")


def erf_point(bits: int, x: Raw) -> Ends:
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    if x == libmp.fzero:
        return (libmp.fzero, libmp.fzero)
    size = libmp.mpf_abs(x)
    if not x[1]:
        low = high = libmp.fone
    elif _in_tail(bits, size, 2):
        low, high = _one_minus(bits, *_upper_tail(bits, size, 2))
    else:
        low, high = _middle(bits + 8, size, 2)
    return (libmp.mpf_neg(high), libmp.mpf_neg(low)) if x[0] else (low, high)


def _square(size: Raw) -> int:
    """Bits that 1/2 - (1/2 - tail) loses, generously: the tail is about exp(-x^2/2)."""
    return int(libmp.to_int(libmp.mpf_mul(size, size))) + 6


def _in_tail(bits: int, size: Raw, scale: int) -> bool:
    """Whether the continued fraction is the cheaper form: x^2 at least a quarter of the bits wanted."""
    if size[2] + size[3] > 40:
        return True
    return bool(libmp.mpf_ge(libmp.mpf_mul(size, size), libmp.from_int(bits // (4 * scale))))


def _one_minus(bits: int, low: Raw, high: Raw) -> Ends:
    return libmp.mpf_sub(libmp.fone, high, bits + 8, "f"), libmp.mpf_sub(libmp.fone, low, bits + 8, "c")


def _density(bits: int, size: Raw, scale: int) -> Ends:
    """exp(-x^2/2) / sqrt(2 pi) for scale 1; 2 exp(-x^2) / sqrt(pi) for scale 2."""
    square = libmp.mpf_mul(size, size)
    low, high = exp_point(bits, libmp.mpf_neg(square if scale == 2 else libmp.mpf_shift(square, -1)))
    root_low, root_high = sqrt_pi(bits, 1 if scale == 2 else 2)
    shift = 1 if scale == 2 else 0
    return libmp.mpf_shift(libmp.mpf_div(low, root_high, bits, "f"), shift), libmp.mpf_shift(
        libmp.mpf_div(high, root_low, bits, "c"), shift
    )


def _middle(bits: int, size: Raw, scale: int) -> Ends:
    """The density times x * sum of (scale x^2)^k / (1 3 5 ... (2k + 1))."""
    wp = bits + 16
    square = libmp.mpf_shift(libmp.mpf_mul(size, size), scale - 1)
    low_square, high_square = _fixed(square, wp)
    low = high = low_sum = high_sum = 1 << wp
    k = 1
    while True:
        odd = 2 * k + 1
        low = ((low * low_square) >> wp) // odd
        high = -((-high * high_square >> wp) // odd)
        low_sum, high_sum = low_sum + low, high_sum + high
        if high < 8 and 2 * high_square < odd << wp:
            break  # from here on each term is below half of the one before: the rest is below the last term
        k += 1
    high_sum += high
    density_low, density_high = _density(wp, size, scale)
    low_raw, high_raw = libmp.from_man_exp(low_sum, -wp), libmp.from_man_exp(high_sum, -wp)
    return (
        libmp.mpf_mul(libmp.mpf_mul(size, low_raw), density_low, bits, "f"),
        libmp.mpf_mul(libmp.mpf_mul(size, high_raw), density_high, bits, "c"),
    )


def _upper_tail(bits: int, size: Raw, scale: int) -> Ends:
    """The density over the continued fraction, halved for erf's doubled density."""
    if size[2] + size[3] > LIMIT // 2:
        return libmp.fzero, TINY
    wp = bits + 16
    low, high = _fraction(bits, *_fixed(size, wp), scale)
    density_low, density_high = _density(wp, size, scale)
    half = 1 - scale
    return (
        libmp.mpf_shift(libmp.mpf_div(density_low, libmp.from_man_exp(high, -wp), bits, "f"), half),
        libmp.mpf_shift(libmp.mpf_div(density_high, libmp.from_man_exp(low, -wp), bits, "c"), half),
    )


def _fraction(bits: int, x_low: int, x_high: int, scale: int) -> tuple[int, int]:
    """x + 1/(x + 2/(x + ...)) in units of 2^-(bits + 16), numerators over `scale`; twice the terms until it is narrow."""
    shift = 2 * (bits + 16)
    terms = 8
    while True:
        low, high = x_low, x_high - ((-terms << shift) // x_low)
        for k in range(terms - 1, 0, -1):
            numerator = (k << shift) // scale
            low, high = x_low + numerator // high, x_high - ((-numerator - 1) // low)
        if high - low <= high >> bits or terms > 64 * bits:
            return low, high
        terms *= 2


def _fixed(x: Raw, wp: int) -> tuple[int, int]:
    """Integers below and above x * 2^wp."""
    _, man, exp, _ = x
    shift = exp + wp
    if shift >= 0:
        return int(man) << shift, int(man) << shift
    return int(man) >> -shift, (int(man) >> -shift) + 1
