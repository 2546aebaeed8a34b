"""The support functions: each within a few ulps of its exact meaning, its fit derived again, its source self-contained."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import mpmath
import numpy as np
import pytest
from numerics_truth import ctx, ulps

from derive.language.nodes import Const, Expr, Input
from derive.language.primitives import PRIMITIVES
from derive.numerics import support
from derive.numerics.constants import value
from derive.numerics.evaluate import function
from derive.numerics.kernels import KERNELS, ROWS, meaning

RNG = np.random.default_rng(5)
A, B = Input("a", ()), Input("b", ())
SIZES = np.concatenate([RNG.uniform(0, 1, 150), RNG.uniform(0, 30, 150), np.ldexp(1 + RNG.random(100), np.arange(-60, 40) % 45 - 40)])
SIGNED = np.concatenate([SIZES, -SIZES])
NEGATIVE = -SIZES[SIZES < 30]
C1, C3 = 1.5957691216057308, 0.07135481627260005
PAIRS = (C1, 3e-17, 0.0, 0.0, C3, -2e-18)

# fmt: off
# kernel, its further arguments, where, ulps allowed
CASES = [
    ("normal_tail_ratio", (),            SIZES,                       4.0),
    ("normal_cdf",        (),            SIGNED,                      4.0),
    ("erf",               (),            SIGNED,                      2.0),
    ("log1mexp",          (),            SIZES,                       2.0),
    ("tanh",              (),            SIGNED,                      2.0),
    ("expm1",             (),            SIGNED,                      1.0),
    ("log1p",             (),            SIZES,                       1.0),
    ("hypot",             (0.7,),        SIGNED,                      1.0),
    ("hypot_minus",       (0.7,),        SIGNED,                      3.0),
    ("over_length",       (0.7,),        SIGNED,                      2.0),
    ("power_minus_one",   (0.75,),       SIZES,                       6.0),
    ("versine",           (),            SIGNED,                      3.0),
    ("arcsinh",           (),            SIGNED,                      2.0),
    ("arctanh",           (),            SIZES[SIZES < 1],            2.0),
    ("exp_polynomial",    PAIRS,         NEGATIVE[NEGATIVE > -18],    1.6),
    ("exp_product",       (0.7,),        SIGNED,                      1.6),
    ("exp_quotient",      (0.3,),        SIGNED,                      1.6),
]
# fmt: on


@pytest.mark.parametrize(("name", "more", "at", "allowed"), CASES, ids=[c[0] for c in CASES])
def test_a_kernel_is_what_it_means(name: str, more: tuple[float, ...], at: Any, allowed: float) -> None:
    with np.errstate(all="raise", under="ignore"):
        computed = function(name)(at, *more)
    exact = KERNELS[name].meaning(A, *(Const(_fraction(c)) for c in more))
    errors = [ulps(v, value(exact, {A: ctx.mpf(float(a))})) for a, v in zip(at, computed, strict=True)]
    assert max(errors) <= allowed, (name, max(errors), at[int(np.argmax(errors))])


def _fraction(c: float) -> Any:
    from fractions import Fraction

    return Fraction(c)


def test_lengths_at_the_ends() -> None:
    far = np.array([np.inf, -np.inf, 1.7e308, np.nan, 0.0, -0.0])
    with np.errstate(all="raise", under="ignore"):
        share, excess = function("over_length")(far[2:], 2.0), function("hypot_minus")(far[[0, 1, 4, 5]], 0.0)
    with np.errstate(all="ignore"):
        ends = function("over_length")(far[:2], 2.0)
    assert [*ends, *share[[0, 2, 3]]] == [1, -1, 1, 0, 0]
    assert np.isnan(share[1])
    assert list(excess) == [np.inf, np.inf, 0, 0]


@pytest.mark.parametrize("name", ["normal_cdf", "erf", "tanh", "normal_tail_ratio"])
def test_kernels_at_the_ends(name: str) -> None:
    f = function(name)
    with np.errstate(all="raise", under="ignore"):
        ends = f(np.array([np.inf, 1.7e308, np.nan]))
        scalar = f(np.float64(0.5))
    assert ends[0] == ends[1] == (0 if name == "normal_tail_ratio" else 1) or ends[0] < 1e-307
    assert np.isnan(ends[2])
    assert np.ndim(scalar) == 0


def test_every_primitive_has_a_row_and_every_row_a_function() -> None:
    assert {p.name for p in PRIMITIVES} <= set(KERNELS)
    assert len(KERNELS) == len(ROWS)
    for row in ROWS:
        assert row.name in ("pi", "inf") or callable(function(row.name))


def test_near_root_means_its_first_argument() -> None:
    near = Expr.__add__(A, B)
    assert meaning(_call("near_root", near, A, 1, 0, 0, 1, 2, 3)) == near


def _call(fn: str, *args: Any) -> Expr:
    from derive.language.nodes import Call, as_expr

    return Call(fn, tuple(as_expr(a) for a in args))


def test_the_fit_of_the_normal_tail_can_be_derived_again() -> None:
    """R(a) (1 + 5a/4) as a polynomial in t = (a - 4) / (a + 4), by interpolation at Chebyshev's points."""
    mp = mpmath.MPContext()
    mp.dps = 60

    def ratio(t: Any) -> Any:
        a = 4 * (1 + t) / (1 - t) if t != 1 else mp.inf
        return mp.mpf(5) / 4 / mp.sqrt(2 * mp.pi) if a > 1e25 else _tail(a, mp) * (1 + mp.mpf(5) / 4 * a)

    coefficients, error = mp.chebyfit(ratio, [-1, 1], 26, error=True)
    assert [float(c) for c in coefficients] == _coefficients(support._normal_tail_ratio)
    assert error < 4e-18 * 0.49


def _tail(a: Any, mp: Any) -> Any:
    if a < 60:
        return mp.erfc(a / mp.sqrt(2)) * mp.exp(a * a / 2) / 2
    term = total = mp.mpf(1)
    for k in range(1, 40):
        term *= -(2 * k - 1) / (a * a)
        total += term
    return total / (a * mp.sqrt(2 * mp.pi))


def test_the_fit_of_erf_can_be_derived_again() -> None:
    mp = mpmath.MPContext()
    mp.dps = 60
    coefficients, error = mp.chebyfit(lambda s: mp.erf(mp.sqrt(s)) / mp.sqrt(s) if s else 2 / mp.sqrt(mp.pi), [0, 1], 14, error=True)
    assert [float(c) for c in coefficients] == _coefficients(support._erf)
    assert error < 1e-19


def _coefficients(f: Any) -> list[float]:
    tree = ast.parse(inspect.getsource(f))
    return next(list(ast.literal_eval(n.value)) for n in ast.walk(tree) if isinstance(n, ast.Assign) and n.targets[0].id == "coefficients")  # type: ignore[attr-defined]


def test_support_functions_use_numpy_and_each_other_alone() -> None:
    tree = ast.parse(inspect.getsource(support))
    imported = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(n) for n in imported] == ["import numpy as np"]
    assert all(ast.get_docstring(n) for n in tree.body if isinstance(n, ast.FunctionDef))
