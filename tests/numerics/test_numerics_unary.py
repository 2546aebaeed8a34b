"""Functions of one variable, values and derivatives, after stabilise: within 8 ulps everywhere, no warning, right limits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numerics_evaluator import run
from numerics_truth import points, truth, ulps

from derive.language.functions import erf, exp, log, normal_cdf, pi, sqrt, where
from derive.language.nodes import Expr, Input
from derive.language.program import Let, Output, Program
from derive.numerics.stabilise import stabilise

x = Input("x", ("N",))
INF = float("inf")
WITHIN = 8.0


def sigmoid(v: Expr) -> Expr:
    return 1 / (1 + exp(-v))


def tanh(v: Expr) -> Expr:
    return (exp(v) - exp(-v)) / (exp(v) + exp(-v))


def softplus(v: Expr) -> Expr:
    return log(1 + exp(v))


CUBIC = sqrt(2 / pi) * (x + Fraction(44715, 10**6) * x**3)
SLOPE = sqrt(2 / pi) * (1 + 3 * Fraction(44715, 10**6) * x**2)
PDF = exp(-(x**2) / 2) / sqrt(2 * pi)
T, S = tanh(softplus(x)), sigmoid(x)
ALPHA = Fraction(3, 2)

# fmt: off
# name, meaning, value at +inf, value at -inf
FUNCTIONS = [
    ("sigmoid",            sigmoid(x),                                                            1,    0),
    ("sigmoid'",           exp(-x) / (1 + exp(-x)) ** 2,                                          0,    0),
    ("sigmoid' by output", S * (1 - S),                                                           0,    0),
    ("tanh",               tanh(x),                                                               1,    -1),
    ("tanh'",              1 - tanh(x) ** 2,                                                      0,    0),
    ("softplus",           softplus(x),                                                           INF,  0),
    ("softplus'",          exp(x) / (1 + exp(x)),                                                 1,    0),
    ("logsigmoid",         log(sigmoid(x)),                                                       0,    -INF),
    ("logsigmoid'",        1 - S,                                                                 0,    1),
    ("silu",               x * S,                                                                 INF,  0),
    ("silu'",              S + x * S * (1 - S),                                                   1,    0),
    ("silu' by output",    S * (1 + x * S * exp(-x)),                                             1,    0),
    ("mish",               x * T,                                                                 INF,  0),
    ("mish'",              T + x * (1 - T**2) * S,                                                1,    0),
    ("gelu",               x * normal_cdf(x),                                                     INF,  0),
    ("gelu'",              normal_cdf(x) + x * PDF,                                               1,    0),
    ("gelu by erf",        x * (1 + erf(x / sqrt(2))) / 2,                                        INF,  0),
    ("gelu_tanh",          x / 2 * (1 + tanh(CUBIC)),                                             INF,  0),
    ("gelu_tanh'",         (1 + tanh(CUBIC)) / 2 + x / 2 * (1 - tanh(CUBIC) ** 2) * SLOPE,        1,    0),
    ("quick gelu",         x * sigmoid(Fraction(1702, 1000) * x),                                 INF,  0),
    ("elu",                where(x > 0, x, ALPHA * (exp(x) - 1)),                                 INF,  -1.5),
    ("elu'",               where(x > 0, 1, ALPHA * exp(x)),                                       1,    0),
    ("elu' by output",     where(x > 0, 1, where(x > 0, x, ALPHA * (exp(x) - 1)) + ALPHA),        1,    0),
    ("relu",               where(x > 0, x, 0),                                                    INF,  0),
    ("late relu",          where(x > 1, x - 1, 0),                                                INF,  0),
    ("leaky relu",         where(x > 0, x, x / 100),                                              INF,  -INF),
    ("odd exponential",    where(x >= 0, 1 - exp(-x), exp(x) - 1),                                1,    -1),
    ("tanhshrink",         x - tanh(x),                                                           INF,  -INF),
    ("log cosh",           log((exp(x) + exp(-x)) / 2),                                           INF,  INF),
    ("log normal_cdf'",    PDF / normal_cdf(x),                                                   0,    None),
    ("focal",              -((1 - S) ** 2) * log(S),                                              0,    INF),
    ("sigmoid''",          S * (1 - S) * (1 - 2 * S),                                             0,    0),
    ("tanh''",             -2 * tanh(x) * (1 - tanh(x) ** 2),                                     0,    0),
    ("silu''",             2 * S * (1 - S) + x * S * (1 - S) * (1 - 2 * S),                       0,    0),
    ("gelu''",             2 * PDF - x**2 * PDF,                                                  0,    0),
    ("gaussian",           exp(-(x**2)),                                                          0,    0),
]
# fmt: on


def program(body: Expr) -> Program:
    return Program("f", (x,), (), (Let("y", body),), (Output("y", ("N",)),), ("N",))


def value(p: Program, at: Any) -> Any:
    with np.errstate(all="raise", under="ignore"):
        return np.broadcast_to(run(p, {"x": np.asarray(at, float)})["y"], np.shape(at))


def worst(p: Program, meaning: Expr, at: Any) -> tuple[float, float]:
    errors = [ulps(v, truth(meaning, float(a))) for a, v in zip(at, value(p, at), strict=True)]
    k = int(np.argmax(errors))
    return errors[k], float(at[k])


@pytest.mark.parametrize(("name", "meaning", "right", "left"), FUNCTIONS, ids=[f[0] for f in FUNCTIONS])
def test_within_eight_ulps_with_the_right_limits(name: str, meaning: Expr, right: float, left: float | None) -> None:
    stable = stabilise(program(meaning))
    error, where_ = worst(stable, meaning, points())
    assert error <= WITHIN, f"{name}: {error:.3g} ulps at {where_!r}"
    assert value(stable, [INF])[0] == right
    assert left is None or value(stable, [-INF])[0] == left


@pytest.mark.parametrize(("name", "meaning", "right", "left"), FUNCTIONS, ids=[f[0] for f in FUNCTIONS])
def test_far_out_nothing_overflows_and_nan_stays(name: str, meaning: Expr, right: float, left: float | None) -> None:
    stable = stabilise(program(meaning))
    far = np.concatenate([2.0 ** np.arange(11, 1023, 50), [1e153, 1e300, 1.3e308]])
    if np.isfinite(right):
        assert np.allclose(value(stable, far), right, rtol=1e-300, atol=0)
    else:
        assert np.allclose(value(stable, far), far, rtol=1e-3)
    if left is not None and np.isfinite(left):
        assert np.allclose(value(stable, -far), left, rtol=1e-300, atol=0)
    if name != "elu'" and name != "elu' by output":
        assert np.isnan(value(stable, [np.nan])[0])


@pytest.mark.parametrize("name", ["silu'", "mish'", "gelu'", "gelu_tanh'"])
def test_next_to_the_root_of_a_derivative(name: str) -> None:
    meaning = next(f[1] for f in FUNCTIONS if f[0] == name)
    stable = stabilise(program(meaning))
    grid = np.linspace(-2, 0, 4001)
    root = grid[np.flatnonzero(np.diff(np.sign(value(stable, grid))))[0]]
    near = root + np.concatenate([[s * 2.0**-k for k in range(1, 48) for s in (-1, 1)], np.linspace(-0.6, 0.6, 200)])
    assert worst(stable, meaning, near)[0] <= WITHIN


@pytest.mark.parametrize("name", ["sigmoid' by output", "tanh'", "softplus", "gelu by erf", "mish", "mish'", "gelu_tanh'"])
def test_the_measure_sees_what_the_written_form_loses(name: str) -> None:
    meaning = next(f[1] for f in FUNCTIONS if f[0] == name)
    at = points(300.0)
    with np.errstate(all="ignore"):
        naive = run(program(meaning), {"x": at})["y"]
    assert max(ulps(v, truth(meaning, float(a))) for a, v in zip(at, naive, strict=True)) > 100


def test_a_wrong_digit_in_a_kernel_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from derive.numerics import support

    right = support._normal_tail_ratio
    monkeypatch.setattr(support, "_normal_tail_ratio", lambda a: right(a) * (1 + 2e-15))
    meaning = next(f[1] for f in FUNCTIONS if f[0] == "gelu")
    assert worst(stabilise(program(meaning)), meaning, points(40.0))[0] > WITHIN
