"""Enclosures of elementary functions at one exact point.

mpmath computes each to within a few units of its working precision; it is asked for 16 bits more than wanted and its
answer widened by 2^8 of those units. Exponents are unbounded integers, so exp(1e300) is an ordinary number; only
arguments beyond 2^LIMIT are given up, as "huge" or "tiny".
"""

from __future__ import annotations

from functools import lru_cache

from mpmath import libmp

from derive.oracle.interval import Raw

Ends = tuple[Raw, Raw]

LIMIT = 8192
HUGE: Raw = libmp.from_man_exp(1, 1 << (LIMIT - 2))
TINY: Raw = libmp.from_man_exp(1, -(1 << (LIMIT - 2)))
_SPARE = 16


def magnitude(x: Raw) -> int:
    """The exponent of the power of two above |x|; x is finite and not zero."""
    return int(x[2] + x[3])


def widen(v: Raw, bits: int) -> Ends:
    """v (1 - 2^-(bits + 8)) to v (1 + 2^-(bits + 8)), rounded outwards."""
    margin = libmp.mpf_shift(libmp.mpf_abs(v), -(bits + _SPARE // 2))
    return libmp.mpf_sub(v, margin, bits + _SPARE, "f"), libmp.mpf_add(v, margin, bits + _SPARE, "c")


def exp_point(bits: int, x: Raw) -> Ends:
    """e^x."""
    if not x[1]:
        end = libmp.fone if x == libmp.fzero else libmp.fzero if x == libmp.fninf else libmp.finf
        return end, end
    size = magnitude(x)
    if size > LIMIT:
        return (libmp.fzero, TINY) if x[0] else (HUGE, libmp.finf)
    if size <= 0:
        return widen(libmp.mpf_exp(x, bits + _SPARE), bits)
    wp = bits + size + 32
    turns, rest = divmod(libmp.to_fixed(x, wp), libmp.ln2_fixed(wp))
    reduced = libmp.mpf_exp(libmp.from_man_exp(rest, -wp), bits + _SPARE)
    return widen(libmp.mpf_shift(reduced, int(turns)), bits)


def log_point(bits: int, x: Raw) -> Ends:
    """Natural logarithm, x > 0."""
    if x == libmp.fone or x == libmp.finf:
        end = libmp.fzero if x[1] else libmp.finf
        return end, end
    return widen(libmp.mpf_log(x, bits + _SPARE), bits)


def atan_point(bits: int, x: Raw) -> Ends:
    """Inverse tangent."""
    return (x, x) if x == libmp.fzero else widen(libmp.mpf_atan(x, bits + _SPARE), bits)


def cos_point(bits: int, x: Raw) -> Ends:
    """Cosine."""
    if x == libmp.fzero:
        return libmp.fone, libmp.fone
    return _wave(bits, x, 0)


def sin_point(bits: int, x: Raw) -> Ends:
    """Sine."""
    return (x, x) if x == libmp.fzero else _wave(bits, x, 1)


def _wave(bits: int, x: Raw, which: int) -> Ends:
    if not x[1] or magnitude(x) > LIMIT:
        return libmp.fnone, libmp.fone
    return widen(libmp.mpf_cos_sin(x, bits + _SPARE)[which], bits)


@lru_cache(maxsize=64)
def pi_ends(bits: int) -> Ends:
    """The circle constant."""
    return widen(libmp.mpf_pi(bits + _SPARE), bits)


@lru_cache(maxsize=64)
def sqrt_pi(bits: int, times: int) -> Ends:
    """Square root of a small integer times pi."""
    low, high = (libmp.mpf_mul_int(end, times, bits + _SPARE, rnd) for end, rnd in zip(pi_ends(bits), "fc", strict=True))
    return libmp.mpf_sqrt(low, bits + _SPARE, "f"), libmp.mpf_sqrt(high, bits + _SPARE, "c")


def power_point(bits: int, x: Raw, n: int, rounding: str) -> Raw:
    """x^n for x >= 0 and n >= 1, every product rounded the same way ("f" down, "c" up)."""
    result, square, wp = libmp.fone, x, bits + n.bit_length() + 4
    while n:
        if n & 1:
            result = libmp.mpf_mul(result, square, wp, rounding)
        n >>= 1
        if n:
            square = libmp.mpf_mul(square, square, wp, rounding)
    return result
