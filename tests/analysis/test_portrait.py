"""The curves of element-wise ops against sampled values of the generated code, and against known answers."""

import importlib

import numpy as np
import pytest

from derive.analysis import portrait
from derive.analysis.function import element_wise
from derive.analysis.portrait import Number, Stretch
from derive.analysis.signs import Undecided
from derive.catalog import CATALOG, find
from derive.language import Positive, Real, Scalar, abs, exp, maximum, op, sin, where
from derive.language.errors import DeriveError
from derive.language.operation import Op
from derive.pages.portrait import data, look

GRID = np.linspace(-12, 12, 24_001)


def is_curve(e: Op) -> bool:
    try:
        element_wise(e)
        portrait.shape(e)
    except (DeriveError, Undecided):
        return False
    return True


CURVES = [e for e in CATALOG if is_curve(e)]


def functions(e: Op) -> tuple[np.ndarray, np.ndarray]:
    """Sampled values and slopes, by the generated code."""
    module = importlib.import_module("reference")
    return getattr(module, e.name)(GRID), getattr(module, f"{e.name}_vjp")(np.ones_like(GRID), GRID)


UNDECIDED = {"squareplus", "isru", "isrlu", "arcsinh", "gcu", "sinc", "serf", "phish"}  # range or limits are printed as not decided
DECIDED = [e for e in CURVES if e.name not in UNDECIDED]


def test_most_of_the_activations_are_curves() -> None:
    assert len(CURVES) >= 27 and {"gelu", "mish", "selu", "hardswish"} <= {e.name for e in CURVES}


@pytest.mark.parametrize("e", DECIDED, ids=lambda e: e.name)
def test_range_and_slope_hold_and_are_reached(e: Op) -> None:
    for order, sampled in enumerate(functions(e)):
        found = portrait.span(portrait.shape(e), order)
        low, high = found.low.size, found.high.size
        assert low - 1e-12 * (1 + abs_of(low)) <= sampled.min() and sampled.max() <= high + 1e-12 * (1 + abs_of(high))
        for end, nearest in ((found.low, sampled.min()), (found.high, sampled.max())):
            if end.attained and np.isfinite(end.size):
                assert abs_of(end.size - nearest) < 1e-5, (e.name, order)


def abs_of(x: float) -> float:
    return np.abs(x) if np.isfinite(x) else 0


@pytest.mark.parametrize("e", DECIDED, ids=lambda e: e.name)
def test_it_moves_as_is_said(e: Op) -> None:
    value, _ = functions(e)
    steps = np.diff(value)
    for part in portrait.stretches(portrait.shape(e)):
        inside = (GRID[:-1] > _end(part.low, -np.inf) + 1e-6) & (GRID[1:] < _end(part.high, np.inf) - 1e-6)
        if part.side is not None:
            assert (np.sign(steps[inside]) * part.side >= 0).all() and (part.side or not steps[inside].any())


def _end(n: Number | None, default: float) -> float:
    return default if n is None else n.size


@pytest.mark.parametrize("e", DECIDED, ids=lambda e: e.name)
def test_limits_are_where_the_values_go(e: Op) -> None:
    module = importlib.import_module("reference")
    for side in (-1, 1):
        limit, far = portrait.shape(e).far[side].limit(0), float(getattr(module, e.name)(np.array([side * 1e12]))[0])
        assert abs_of(far - float(limit)) < 1e-9 if limit.is_finite else far * np.sign(float(limit)) > 1e6


# fmt: off
KNOWN = (
    ("sigmoid",    "range",              "from 0 (not attained) to 1 (not attained)"),
    ("sigmoid",    "Lipschitz constant", "1/4"),
    ("sigmoid",    "symmetry",           "f(-x) = 1 - f(x)"),
    ("tanh",       "symmetry",           "odd: f(-x) = -f(x)"),
    ("relu",       "kinks",              "at x = 0 the slope jumps from 0 to 1; the slope taken there is 0"),
    ("relu",       "saturated",          "the slope is 0 for x < 0"),
    ("gelu",       "range",              "from -0.1699712075... (attained, at x = -0.7517915247...) to inf"),
    ("gelu",       "Lipschitz constant", "1.1289041452..."),
    ("gelu",       "limits",             "0 at -inf; inf at inf, near x"),
    ("hardswish",  "range",              "from -3/8 (attained, at x = -3/2) to inf"),
    ("elu",        "kinks",              "at x = 0 the second derivative jumps from 1 to 0"),
    ("tanhshrink", "slope",              "from 0 (attained, at x = 0) to 1 (not attained)"),
    ("tanhshrink", "limits",             "-inf at -inf, near x + 1; inf at inf, near x - 1"),
    ("hardshrink", "Lipschitz constant", "none: the value jumps"),
    ("softsign",   "saturated",          "the slope is below 0.001 in size for x < -30.622777... and for x > 30.622777..."),
    ("log1mexp",   "all",                "not decided: x lies in a part of the line alone"),
)
# fmt: on


@pytest.mark.parametrize(("name", "row", "text"), KNOWN)
def test_known_curves(name: str, row: str, text: str) -> None:
    assert data(find(name))[row] == text


@op
def bump(x: Real["..."]):
    """A bump that changes its sign; its largest value is at the root of 1/2."""
    return x * exp(-(x**2))


@op
def cube(x: Real["..."]):
    """A function whose slope is 0 at one point and positive elsewhere."""
    return x**3


@op
def wave(x: Real["..."]):
    """A function that turns for ever."""
    return sin(x)


@op
def step_up(x: Real["..."], *, by: Scalar = 1):
    """The absolute value, moved up on one side."""
    return where(x < 2, abs(x), x + by)


@op
def corner(x: Real["..."]):
    """The larger of two lines: even but for a shift."""
    return maximum(x / 2, -3 * x)


@op
def half_line(x: Real["...", Positive]):
    """A function of positive numbers."""
    return 1 / x


def test_a_bump() -> None:
    found = data(bump)
    low, high = "-0.4288819425... (attained, at x = -0.7071067812...)", "0.4288819425... (attained, at x = 0.7071067812...)"
    assert found["range"] == f"from {low} to {high}"
    assert found["symmetry"].startswith("odd") and found["limits"] == "0 at -inf; 0 at inf"


def test_a_double_zero_of_the_slope_is_no_turn() -> None:
    assert data(cube)["monotone"] == "rises everywhere" and data(cube)["slope"] == "from 0 (attained, at x = 0) to inf"


def test_what_turns_for_ever_is_not_decided() -> None:
    found = data(wave)
    assert found["range"].startswith("not decided") and found["limits"].startswith("not decided")
    assert found["symmetry"].startswith("odd") and found["kinks"] == "none"


def test_jumps_part_the_stretches() -> None:
    found = data(step_up)
    first, second = found["kinks"].split("; at ")
    assert first == "at x = 0 the slope jumps from -1 to 1; the slope taken there is 0"
    assert second == "x = 2 the value jumps from 2 to 3; the slope taken there is 1"
    assert found["monotone"] == "falls for x < 0; rises for 0 < x < 2; rises for x > 2"
    assert found["Lipschitz constant"] == "none: the value jumps"


def test_corners() -> None:
    found = data(corner)
    assert found["range"] == "from 0 (attained, at x = 0) to inf" and found["Lipschitz constant"] == "3"
    assert found["limits"] == "inf at -inf, near -3*x; inf at inf, near x/2" and "symmetry" not in found


def test_no_curve_no_rows() -> None:
    assert look(find("softmax")) == () and data(half_line) == {"all": "not decided: x lies in a part of the line alone"}


def test_a_turn_that_is_overlooked_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The samples tell: with no turns, the range of gelu would begin at 0."""
    portrait.span.cache_clear()
    monkeypatch.setattr(portrait, "_turns", lambda s, order: [])
    with pytest.raises(AssertionError):
        test_range_and_slope_hold_and_are_reached(find("gelu"))
    portrait.span.cache_clear()


def test_a_stretch_the_wrong_way_round_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    real = portrait.stretches
    monkeypatch.setattr(portrait, "stretches", lambda s: [Stretch(t.low, t.high, -t.side) for t in real(s)])
    with pytest.raises(AssertionError):
        test_it_moves_as_is_said(find("gelu"))
