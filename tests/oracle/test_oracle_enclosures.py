"""Every primitive's enclosure holds the truth, at random and extreme points and over whole intervals, in both backends."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from mpmath import libmp
from oracle_definitions import INSTALLED

from derive.language.primitives import PRIMITIVES
from derive.oracle.arithmetic import Arithmetic
from derive.oracle.certify import backend_named
from derive.oracle.derivatives import SLOPES
from derive.oracle.interval import UNDEFINED, UNKNOWN, Interval, overlap
from derive.oracle.intervals import FUNCTIONS

MP = mpmath.MPContext()
MP.prec = 1200
TRUTH = {
    "exp": MP.exp, "log": MP.log, "erf": MP.erf, "sin": MP.sin, "cos": MP.cos, "arctan": MP.atan, "abs": abs, "sign": MP.sign,
    "floor": MP.floor, "normal_cdf": lambda x: MP.erfc(-x / MP.sqrt(2)) / 2,
}  # fmt: skip
POINTS = [
    0.0,
    5e-324,
    1e-300,
    1e-30,
    2.0**-30,
    0.1,
    0.5,
    1.0,
    1 + 2.0**-52,
    1 - 2.0**-53,
    1.5707963267948966,
    2.0,
    3.0,
    3.999,
    4.0,
    5.656,
    5.66,
    7.0,
    12.5,
    19.0,
]
EXTREME = [38.0, 710.0, 1e5, 1e10, 1e100, 1e300, 1.7976931348623157e308]


def holds(x: Interval, truth: mpmath.mpf) -> bool:
    return bool(libmp.mpf_le(x.low, truth._mpf_) and libmp.mpf_le(truth._mpf_, x.high))


def relative_bits(x: Interval) -> float:
    gap, size = libmp.mpf_sub(x.high, x.low, 20, "c"), libmp.mpf_abs(x.high)
    return 1e9 if gap == libmp.fzero else (size[2] + size[3]) - (gap[2] + gap[3])


def enclosure(a: Arithmetic, name: str, x: object) -> Interval:
    with a.scope():
        return a.interval(a.functions[name](a.number(x)))


def test_every_primitive_has_a_row_here_there_and_everywhere() -> None:
    names = {p.name for p in PRIMITIVES}
    assert names == set(FUNCTIONS) == set(SLOPES) == set(TRUTH) | {"pi", "inf"}


@pytest.mark.parametrize("backend", INSTALLED)
@pytest.mark.parametrize("bits", [64, 128, 500])
@pytest.mark.parametrize("name", sorted(TRUTH))
def test_points(name: str, bits: int, backend: str) -> None:
    random = np.random.default_rng(bits)
    a = backend_named(backend)(bits)
    for x in [*POINTS, *(random.normal(size=30) * 4).tolist(), *np.exp(random.normal(size=20) * 20).tolist()]:
        for v in (x, -x):
            if name == "log" and v <= 0:
                assert enclosure(a, name, v) is UNDEFINED
                continue
            found, truth = enclosure(a, name, v), TRUTH[name](MP.mpf(v))
            assert holds(found, truth), (name, v, found, truth)
            assert relative_bits(found) > bits - 70 or abs(v) > 50, (name, v, found)


@pytest.mark.parametrize("backend", INSTALLED)
@pytest.mark.parametrize("name", sorted(TRUTH))
def test_intervals_hold_every_point_between_their_ends(name: str, backend: str) -> None:
    random = np.random.default_rng(5)
    a = backend_named(backend)(128)
    for _ in range(60):
        low, high = sorted((random.normal(size=2) * 3 * 10.0 ** random.integers(-4, 2)).tolist())
        if name == "log":
            low, high = sorted((abs(low), abs(high)))
        found = enclosure(a, name, Interval(libmp.from_float(low), libmp.from_float(high)))
        assert found is not UNDEFINED
        for share in (0, 0.25, 0.5, 1):
            x = MP.mpf(low) + (MP.mpf(high) - MP.mpf(low)) * share
            assert found is UNKNOWN or holds(found, TRUTH[name](x)), (name, low, high, share)


@pytest.mark.skipif(len(INSTALLED) < 2, reason="needs python-flint")
@pytest.mark.parametrize("name", sorted(TRUTH))
def test_backends_agree_at_the_extremes(name: str) -> None:
    for bits in (128, 4096):
        sides = [backend_named(b)(bits) for b in INSTALLED]
        for x in (*POINTS, *EXTREME):
            for v in (x, -x):
                one, two = (np.array(enclosure(a, name, v), dtype=object) for a in sides)
                assert overlap(one, two).all(), (name, v, bits)


@pytest.mark.parametrize("backend", INSTALLED)
def test_exponentials_of_huge_numbers_are_numbers(backend: str) -> None:
    a = backend_named(backend)(4096)
    with a.scope():
        e = a.functions["exp"]
        big, small = e(a.number(1e300)), e(a.number(-1e300))
        back = a.interval(a.functions["log"](a.add(a.number(1), big)))
        tanh = a.interval(a.div(a.add(big, a.mul(a.number(-1), small)), a.add(big, small)))
        tower = a.interval(a.div(a.number(1), a.add(a.number(1), e(small))))
        beyond = a.interval(e(e(big)))
    assert holds(back, MP.mpf(1e300)) and holds(tanh, MP.mpf(1)) and holds(tower, MP.mpf(0.5))
    assert beyond is UNKNOWN or beyond.high == libmp.finf


@pytest.mark.parametrize("backend", INSTALLED)
def test_arithmetic_holds_every_point_between_the_ends(backend: str) -> None:
    random = np.random.default_rng(1)
    a = backend_named(backend)(80)
    for _ in range(300):
        ends = [sorted(random.integers(-6, 7, size=2).tolist()) for _ in "xy"]
        with a.scope():
            x, y = (a.number(Interval(*(libmp.from_int(e) for e in pair))) for pair in ends)
            found = {"+": a.interval(a.add(x, y)), "*": a.interval(a.mul(x, y)), "/": a.interval(a.div(x, y))}
        for p in {*ends[0], sum(ends[0]) / 2}:
            for q in {*ends[1], sum(ends[1]) / 2}:
                truth = {"+": p + q, "*": p * q} | ({"/": MP.mpf(p) / MP.mpf(q)} if q else {})
                for sign, t in truth.items():
                    assert found[sign] is UNKNOWN or holds(found[sign], MP.mpf(t)), (sign, ends, p, q)
        assert ends[1] != [0, 0] or found["/"] is UNDEFINED
        assert not ends[1][0] < 0 < ends[1][1] or found["/"] is UNKNOWN


@pytest.mark.parametrize("backend", INSTALLED)
@pytest.mark.parametrize("exponent", [2, 3, -1, -3, 17, 0.5, -0.5, 1.5, 0.25, 2.5, 0.3, -7.7, Fraction(1, 3), 1000])
def test_powers(exponent: float | Fraction, backend: str) -> None:
    a = backend_named(backend)(128)
    y = MP.mpf(exponent.numerator) / exponent.denominator if isinstance(exponent, Fraction) else MP.mpf(exponent)
    for x in (1e-300, 1e-5, 0.3, 1.0, 1.7, 9.0, 1e20, -2.5, 0.0):
        with a.scope():
            found = a.interval(a.power(a.number(x), a.number(exponent)))
        if (x < 0 and y != int(y)) or (x == 0 and y < 0):
            assert found is UNDEFINED
        else:
            assert holds(found, MP.mpf(x) ** y), (x, exponent)
            assert relative_bits(found) > 100, (x, exponent, found)


@pytest.mark.parametrize("backend", INSTALLED)
def test_whole_powers_round_outwards_on_both_sides_of_zero(backend: str) -> None:
    random = np.random.default_rng(2)
    a = backend_named(backend)(53)
    for x in random.normal(size=60).tolist():
        for n in (2, 3, 7, 16, -3, -4):
            with a.scope():
                found = a.interval(a.power(a.number(x), a.number(n)))
            assert holds(found, MP.mpf(x) ** n), (x, n)


@pytest.mark.parametrize("backend", INSTALLED)
def test_what_may_be_undefined_stays_open(backend: str) -> None:
    a = backend_named(backend)(128)
    with a.scope():
        around_zero = a.number(Interval(libmp.fnone, libmp.fone))
        open_ = a.functions["log"](around_zero)
        for element in (
            open_,
            a.mul(a.number(0), open_),
            a.functions["exp"](open_),
            a.hull(open_, a.number(1)),
            a.power(open_, a.number(2)),
        ):
            assert a.interval(element) is UNKNOWN
        assert a.interval(a.add(a.undefined, a.number(1))) is UNDEFINED
        assert a.interval(a.add(a.undefined, open_)) is UNKNOWN
        assert a.interval(a.functions["exp"](a.undefined)) is UNDEFINED
        assert a.compare("<", a.number(1), open_) is None and a.compare("<", a.number(1), a.undefined) is UNDEFINED


@pytest.mark.skipif(len(INSTALLED) < 2, reason="needs python-flint")
def test_flint_precision_is_put_back() -> None:
    import flint

    before = flint.ctx.prec
    a = backend_named("flint")(777)
    with pytest.raises(ZeroDivisionError), a.scope():
        assert flint.ctx.prec == 777
        raise ZeroDivisionError
    assert flint.ctx.prec == before
