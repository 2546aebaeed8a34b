"""Sums of roots, fractions and curves that cancel: each row of the rules before and after, with a wrong twin that no proof accepts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from numerics_evaluator import run

from derive.calculus.canonical import canon_for
from derive.calculus.proof import certify
from derive.language.errors import NotProved
from derive.language.functions import abs as absolute
from derive.language.functions import arctan, cos, erf, exp, log, normal_cdf, sin, sqrt, where
from derive.language.nodes import Call, Expr, Input, Param, leaves, power
from derive.language.program import Let, Output, Parameter, Program
from derive.language.ranges import Positive
from derive.numerics.constants import value
from derive.numerics.kernels import meaning
from derive.numerics.stabilise import stabilise

x, a, b = (Input(n, ("N",)) for n in "xab")
c, p = Param("c"), Param("p")
GIVEN = {"c": 3.0, "p": 0.75}
INF, NAN = float("inf"), float("nan")
WIDE = np.concatenate([s * 2.0 ** np.arange(-140.0, 141, 7) * 1.37 for s in (-1, 1)])
SMALL = WIDE[np.abs(WIDE) < 1]
HUGE = np.concatenate([WIDE, [1.3e160, -1.3e160, 1.1e300, -1.1e300]])
FAR = WIDE * 2.0**190
MP = mpmath.MPContext()
MP.prec = 2600

# fmt: off
# name, written, where, ulps allowed after, values at 0, inf and -inf (None: not asked)
ROWS = [
    ("sum with a root",         (x + sqrt(x**2 + c)) / 2,                       HUGE,  4, (3**0.5 / 2, INF, 0)),
    ("root, other way",         sqrt(c + x**2) - x,                             HUGE,  4, (3**0.5, 0, INF)),
    ("sigmoid of a root",       1 + x / sqrt(c + x**2),                         WIDE,  6, (1, None, None)),
    ("root less one",           sqrt(1 + (x / c) ** 2) - 1,                     HUGE,  4, (0, INF, INF)),
    ("one less a root",         c - sqrt(c**2 + x**2),                          HUGE,  4, (0, -INF, -INF)),
    ("root of a name less one", sqrt(1 + x**2 / c) - 1,                         WIDE,  4, (0, None, None)),
    ("fraction from one",       1 - c * x**2 / (1 + c * x**2),                  WIDE,  4, (1, None, None)),
    ("reciprocal less one",     1 / (1 + x**2) - 1,                             SMALL, 4, (0, None, None)),
    ("power less one",          (1 + x**2 / c) ** Fraction(3, 10) - 1,          SMALL,  9, (0, INF, INF)),
    ("power of a parameter",    ((x / c) ** 2 + 1) ** p - 1,                    WIDE,  9, (0, INF, INF)),
    ("versed sine",             2 - 2 * cos(x),                                 WIDE,  5, (0, None, None)),
    ("x less sine",             x - sin(x),                                     SMALL, 5, (0, None, None)),
    ("slope of sinc",           cos(x) / x - sin(x) / x**2,                     SMALL, 6, (None, None, None)),
    ("x less its arctangent",   x - arctan(x),                                  SMALL, 5, (0, None, None)),
    ("inverse sinh",            log(x + sqrt(x**2 + 1)),                        HUGE,  3, (0, INF, -INF)),
    ("inverse tanh",            log((1 + x) / (1 - x)) / 2,                     SMALL, 3, (0, None, None)),
    ("share of a length",       x**2 / (x**2 + c),                              HUGE,  4, (0, 1, 1)),
    ("its slope",               c * x / (x**2 + c) ** 2,                        FAR,   6, (0, 0, 0)),
    ("length",                  sqrt(x**2 + c**2),                              HUGE,  2, (3, INF, INF)),
]
# fmt: on


def program(body: Expr) -> Program:
    inputs = tuple(dict.fromkeys(sorted(leaves(body, Input), key=lambda i: i.name)))
    parameters = tuple(Parameter(n, Fraction(v), Positive) for n, v in GIVEN.items())
    return Program("f", inputs, parameters, (Let("y", body),), (Output("y", ("N",)),), ("N",))  # type: ignore[arg-type]


def computed(pr: Program, **at: Any) -> Any:
    first = np.asarray(next(iter(at.values())), float)
    return np.broadcast_to(run(pr, {n: np.asarray(v, float) for n, v in at.items()})["y"], first.shape)


def errors(pr: Program, body: Expr, at: Any) -> Any:
    with np.errstate(all="ignore"):
        got = computed(pr, x=at)
    return np.array([ulps(v, truth(body, {x: t})) for v, t in zip(got, at, strict=True)])


def truth(body: Expr, at: dict[Expr, float]) -> Any:
    import derive.numerics.constants as constants

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "context", lambda: MP)
        known = {k: MP.mpf(float(v)) for k, v in at.items()} | {Param(n): MP.mpf(v) for n, v in GIVEN.items()}
        return value(meaning(body), known)


def ulps(got: float, exact: Any) -> float:
    size = max(abs(float(exact)), float(np.finfo(float).tiny))
    return float(abs(MP.mpf(float(got)) - exact) / float(np.spacing(size))) if np.isfinite(got) else INF


@pytest.mark.parametrize(("name", "body", "at", "allowed", "ends"), ROWS, ids=[r[0] for r in ROWS])
def test_a_row_mends_what_the_written_form_loses(name: str, body: Expr, at: Any, allowed: float, ends: Any) -> None:
    stable = stabilise(program(body))
    assert errors(program(body), body, at).max() > 30, "nothing was lost: the row is not needed"
    after = errors(stable, body, at)
    assert after.max() <= allowed, (name, after.max(), at[int(after.argmax())])


@pytest.mark.parametrize(("name", "body", "at", "allowed", "ends"), ROWS, ids=[r[0] for r in ROWS])
def test_a_row_keeps_limits_zeros_subnormals_and_nan(name: str, body: Expr, at: Any, allowed: float, ends: Any) -> None:
    stable = stabilise(program(body))
    with np.errstate(all="ignore"):
        got = computed(stable, x=[0.0, INF, -INF, -0.0, NAN, 5e-324, -1e-310])
    for have, want in zip(got, ends, strict=False):
        assert want is None or have == pytest.approx(want, rel=1e-15, abs=0), (name, got)
    if ends[0] is not None:
        assert got[3] == got[0]
        assert all(ulps(have, truth(body, {x: t})) <= allowed for have, t in zip(got[5:], (5e-324, -1e-310), strict=True))
    assert np.isnan(got[4])


@pytest.mark.parametrize(("name", "body", "at", "allowed", "ends"), ROWS, ids=[r[0] for r in ROWS])
def test_no_warning_where_the_result_is_a_number(name: str, body: Expr, at: Any, allowed: float, ends: Any) -> None:
    stable = stabilise(program(body))
    with np.errstate(all="raise", under="ignore"):
        computed(stable, x=at[np.abs(at) < 1e40])


@pytest.mark.parametrize(("name", "body"), [r[:2] for r in ROWS], ids=[r[0] for r in ROWS])
def test_what_is_computed_is_proved_and_a_wrong_twin_is_not(name: str, body: Expr) -> None:
    pr = program(body)
    canon = canon_for(pr)
    new = meaning(stabilise(pr).let("y").body)
    assert certify(name, body, new, "the row", canon).certificate.tier == "A"
    for twin in (-new, new * 2, new + c, where(x < 0, new, new * c)):
        with pytest.raises(NotProved):
            certify(name, body, twin, "a wrong row", canon)


def test_two_arrays_are_taken_apart_too() -> None:
    positive = Input("a", ("N",), limits=Positive)
    body = sqrt(positive + b**2) - sqrt(positive)
    stable = stabilise(program(body))
    with np.errstate(all="raise"):
        got = computed(stable, a=[1.0, 3e10, 1e-30], b=[1e-12, 1e-9, 2.0])
    assert got == pytest.approx([5e-25, 1e-18 / (2 * 3e10**0.5), 2.0], rel=1e-15)


def test_names_are_seen_through_and_kept() -> None:
    r = Let("r", sqrt(1 + a * x))
    both = Program("f", (a, x), (), (r, Let("y", r.ref - 1)), (Output("y", ("N",)),), ("N",))  # type: ignore[arg-type]
    assert str(stabilise(both).let("y").body) == "a*x/(r + 1)"


def test_a_normal_probability_of_a_curve_is_an_error_function() -> None:
    body = 2 * normal_cdf(sqrt(2) * log(1 + exp(x))) - 1
    assert any(n.fn == "erf" for n in leaves(stabilise(program(body)).let("y").body, Call))
    assert errors(stabilise(program(body)), erf(log(1 + exp(x))), np.array([-30.0, -3.0, 0.5])).max() <= 8


@pytest.mark.parametrize("body", [1 + sqrt(1 + x**2), absolute(x) + 1, x**2 + 1, power(x, c) + 1], ids=str)
def test_sums_that_do_not_cancel_stay(body: Expr) -> None:
    calls = {n.fn for n in leaves(stabilise(program(body)).let("y").body, Call)}
    assert calls <= {"hypot", "abs"}
    assert "where" not in str(stabilise(program(body)).let("y").body)
