"""Correct rounding to each float, ulps against the exact number, and what counts as undecided."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from mpmath import libmp
from oracle_definitions import INSTALLED, bell, lost, naive_tanh, same, there_and_back, third

from derive.oracle import Interval, OracleError, evaluate, ulps
from derive.oracle.certify import BACKENDS
from derive.oracle.intervals import intervals
from derive.oracle.rounding import Rounded, round_all


def points(values: list[Fraction | float]) -> np.ndarray:
    a = intervals(4000)
    out = np.empty(len(values), dtype=object)
    for i, v in enumerate(values):
        out[i] = a.number(v)
    return out


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_rounds_as_numpy_casts(dtype: str) -> None:
    random = np.random.default_rng(0)
    info = np.finfo(dtype)
    ties = np.abs(random.normal(size=200)).astype(dtype)
    x = np.concatenate([
        random.normal(size=500) * np.exp(random.normal(size=500) * 10),
        random.random(300) * float(info.tiny) * 2,  # subnormals
        random.random(100) * float(info.max) * 2,  # overflow
        (ties.astype(float) + np.nextafter(ties, np.inf, dtype=dtype).astype(float)) / 2,
        [float(info.max) * (1 + f * float(info.epsneg) / 2) for f in (0, 0.5, 0.999, 1.0, 1.001, 2)],
        np.arange(40) * float(info.smallest_subnormal) / 4,
    ])  # fmt: skip
    x = np.concatenate([x, -x])
    with np.errstate(all="ignore"):
        wanted = x.astype(dtype)
    r = round_all(points(x.tolist()), dtype, 4000)
    assert r.decided.all() and r.value.dtype == dtype
    np.testing.assert_array_equal(r.value, wanted)
    with np.errstate(all="ignore"):
        assert (ulps(wanted, r) <= 0.5).all()


def test_rounds_to_float64_as_exact_division_does() -> None:
    random = np.random.default_rng(1)
    fractions = [Fraction(int(random.integers(1, 2**62)), int(random.integers(1, 2**62))) for _ in range(300)]
    fractions += [f * Fraction(2) ** -1070 for f in fractions[:100]]
    fractions += [(Fraction(np.nextafter(v, 9)) + Fraction(v)) / 2 for v in random.random(100).tolist()]  # ties
    r = round_all(points(fractions), "float64", 4000)
    assert r.decided.all()
    np.testing.assert_array_equal(r.value, [f.numerator / f.denominator for f in fractions])


def test_edges_of_float64() -> None:
    largest = Fraction(np.finfo("float64").max)
    half = Fraction(2) ** 970
    tiny = Fraction(2) ** -1075
    r = round_all(
        points([largest + half - 1, largest + half, -largest - half, tiny, tiny * 3, -tiny, tiny * Fraction(100001, 100000)]), "float64", 1
    )
    np.testing.assert_array_equal(r.value, [float(largest), np.inf, -np.inf, 0, 2 * 5e-324, 0, 5e-324])
    np.testing.assert_allclose(ulps(r.value, r), [0.5, 0, 0, 0.5, 0.5, 0.5, 0.499995], atol=1e-9)


def test_an_interval_decides_when_both_ends_round_alike_and_it_is_narrow() -> None:
    one, eps = libmp.fone, libmp.mpf_shift(libmp.fone, -53)

    def ends(low: object, high: object) -> np.ndarray:
        box = np.empty(1, dtype=object)
        box[0] = Interval(low, high)
        return box

    def near(k: int, s: int) -> object:
        return libmp.mpf_add(one, libmp.mpf_mul_int(libmp.mpf_shift(eps, -s), k, 200), 500)

    assert round_all(ends(near(1, 30), near(2, 30)), "float64", 1).decided[0]
    assert not round_all(ends(one, near(1, 2)), "float64", 1).decided[0]  # one float, but a quarter of an ulp wide
    straddles = round_all(ends(near((1 << 20) - 1, 20), near((1 << 20) + 1, 20)), "float64", 1)
    assert not straddles.decided[0] and np.isnan(straddles.value[0]) and straddles.undecided == 1
    huge = ends(libmp.from_man_exp(1, 10**30), libmp.finf)
    assert round_all(huge, "float64", 1).value[0] == np.inf
    assert not round_all(ends(one, libmp.finf), "float64", 1).decided[0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_ulps_is_the_distance_to_the_exact_number(dtype: str) -> None:
    kind = np.dtype(dtype).type
    x = np.array([1.0, 1.5, 7.0], dtype=dtype)
    r = evaluate(third.program, {"x": x}, dtype=dtype)["y"]
    exact = [Fraction(v) / 3 for v in (1.0, 1.5, 7.0)]
    for steps in (0, 1, -1, 5, 100):
        computed = r.value.copy()
        for _ in range(abs(steps)):
            computed = np.nextafter(computed, kind(np.inf * np.sign(steps)))
        spacing = [Fraction(float(np.spacing(kind(float(e))))) for e in exact]
        wanted = [float(abs(Fraction(float(c)) - e) / s) for c, e, s in zip(computed, exact, spacing, strict=True)]
        np.testing.assert_allclose(ulps(computed, r), wanted, rtol=1e-12, atol=2e-4)
    assert (ulps(r.value, r) <= 0.5).all()


def test_ulps_of_infinities_nans_and_zeros() -> None:
    r = round_all(points([0.0, 1.0, 1e308, Fraction(10) ** 400, 1.7976931348623157e308, 5e-324]), "float64", 1)
    inf, nan = np.inf, np.nan
    assert ulps([-0.0, 1, 1e308, inf, 1.7976931348623157e308, 5e-324], r).tolist() == [0] * 6
    assert ulps([nan, inf, inf, 1e308, inf, nan], r).tolist() == [inf, inf, inf, inf, 1, inf]
    assert ulps([5e-324, 0, 0, -inf, 0, 0], r)[[0, 3, 5]].tolist() == [1, inf, 1]
    undefined = evaluate(lost.program, {"x": np.array([-1.0, 1.0])})["y"]
    assert ulps([nan, nan], undefined).tolist() == [0, inf] and ulps([1.0, 1.0], undefined)[0] == inf
    with pytest.raises(OracleError, match="shape"):
        ulps([1.0], r)


@pytest.mark.parametrize("backend", INSTALLED)
def test_hopeless_at_fixed_precision_decided_here(backend: str) -> None:
    x = np.array([200.0, 1e-300, 700.0, 745.2, 1e5])
    r = evaluate(lost.program, {"x": x}, backend=backend)["y"]
    assert r.decided.all()
    np.testing.assert_allclose(r.value, [-np.exp(-200.0), np.log(1e-300), -np.exp(-700.0), -0.0, 0], rtol=1e-15, atol=5e-324)
    t = evaluate(naive_tanh.program, {"x": np.array([1e300, -1e308, 5e-324, 0.0, 19.1, 25.0])}, backend=backend)["y"]
    np.testing.assert_array_equal(t.value, [1, -1, 5e-324, 0, np.tanh(19.1), 1])


@pytest.mark.parametrize("backend", INSTALLED)
def test_undecided_is_said_and_counted(backend: str) -> None:
    tie = Fraction(1) + Fraction(1, 2**53)
    x = np.array([Fraction(3), tie], dtype=object)
    r = evaluate(there_and_back.program, {"x": x}, cap=1024, backend=backend)["y"]
    assert r.decided.tolist() == [True, False] and r.undecided == 1 and r.precision == 1024
    assert r.value[0] == 3 and np.isnan(r.value[1]) and np.isnan(ulps([3.0, 1.0], r)[1])
    exact = evaluate(same.program, {"x": x}, cap=1024, backend=backend)["y"]
    assert exact.decided.all() and exact.value.tolist() == [3, 1] and ulps([3.0, 1.0], exact).tolist() == [0, 0.5]
    low = evaluate(bell.program, {"x": np.linspace(-3, 3, 7)}, cap=24, backend=backend)["y"]
    assert low.undecided >= 6 and low.precision == 24


def test_zero_decides_once_the_enclosure_is_below_the_smallest_float() -> None:
    r = evaluate(lost.program, {"x": np.array([1e4])})["y"]
    assert r.decided.all() and r.value[0] == 0 and abs(ulps([5e-324], r)[0] - 1) < 1e-9


def test_result_knows_its_enclosure() -> None:
    r: Rounded = evaluate(third.program, {"x": np.float32([[1, 2]])}, dtype="float16")["y"]
    assert r.enclosure.shape == r.value.shape == (1, 2) and isinstance(r.enclosure[0, 0], Interval)
    with pytest.raises(OracleError, match="float16, float32, float64"):
        evaluate(third.program, {"x": [1.0]}, dtype="longdouble")
    with pytest.raises(OracleError, match="flint, mpmath"):
        evaluate(third.program, {"x": [1.0]}, backend="gmp")
    assert set(BACKENDS) >= set(INSTALLED)
