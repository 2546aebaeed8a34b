"""Gains: known values, closed forms that lie in their enclosures, and integrals that are held against others."""

import json
import math
from fractions import Fraction
from pathlib import Path

import mpmath
import pytest

from derive import cli
from derive.analysis.enclosed import Enclosed, decimal
from derive.analysis.function import curve, slope
from derive.analysis.gain import gain
from derive.analysis.integral import mean_square
from derive.catalog import find, section
from derive.language import Positive, Real, Scalar, exp, op, where
from derive.language.errors import DeriveError

# fmt: off
CLOSED = {
    "identity":     ("1",                                "1"),
    "relu":         ("1/2",                              "1/2"),
    "leaky_relu":   ("slope**2/2 + 1/2",                 "slope**2/2 + 1/2"),
    "gelu":         ("sqrt(3)/(6*pi) + 1/3",             "2*sqrt(3)/(9*pi) + 1/3"),
    "relu_squared": ("3/2",                              "2"),
    "hardtanh":     ("-sqrt(2)*exp(-1/2)/sqrt(pi) + 1",  "erf(sqrt(2)/2)"),
    "tanh":         ("",                                 ""),
}
MINE = '''\
from derive.language import Real, op, where

@op
def shrink(x: Real["..."]):
    """The input, half of it where negative."""
    return where(x > 0, x, x / 2)
'''
KNOWN = {  # E[f^2], as in the literature
    "tanh": 0.394294, "gelu": 0.425221, "sigmoid": 0.293379, "silu": 0.355776, "relu": 0.5,
}
# fmt: on


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name: str) -> None:
    found = gain(find(name))
    assert (found.forward.closed, found.backward.closed) == CLOSED[name]


@pytest.mark.parametrize("name", KNOWN)
def test_known_values(name: str) -> None:
    found = mean_square(curve(find(name)))
    assert found.high - found.low < Fraction(1, 10**15)
    assert abs(float(found.middle) - KNOWN[name]) < 1e-6


@pytest.mark.parametrize("name", ["mish", "elu", "gelu_tanh", "tanhshrink"])
def test_integrals_agree_with_plain_quadrature(name: str) -> None:
    definition = find(name)
    with mpmath.workdps(16):
        for part, f in ((curve(definition), _value(name)), (slope(definition), _slope(name))):
            want = mpmath.quad(lambda z, f=f: f(z) ** 2 * mpmath.npdf(z), [-12, -6, -3, -1, 0, 1, 3, 6, 12])
            found = mean_square(part)
            assert float(found.low) - 1e-12 <= want <= float(found.high) + 1e-12


def _value(name: str):
    e, t = mpmath.exp, mpmath.tanh
    return {
        "mish": lambda x: x * t(mpmath.log(1 + e(x))),
        "elu": lambda x: x if x > 0 else e(x) - 1,
        "gelu_tanh": lambda x: x * (1 + t(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))) / 2,
        "tanhshrink": lambda x: x - t(x),
    }[name]


def _slope(name: str):
    f = _value(name)
    return lambda x: mpmath.diff(f, x)


def test_the_gain_is_one_over_the_root() -> None:
    found = gain(find("relu"))
    assert math.isclose(float(found.forward.gain.middle), math.sqrt(2), rel_tol=1e-15)
    assert found.forward.gain.low**2 <= 2 <= found.forward.gain.high**2 * (1 + Fraction(1, 10**14))


def test_a_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["gain", "leaky_relu", "--param", "slope=0.2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["forward"]["mean_square"] == 0.52 and found["parameters"] == {"slope": "1/5"}


def test_a_definition_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    assert cli.main(["gain", f"{file}:shrink"]) == 0
    assert "E[f(z)^2]  = 5/8" in capsys.readouterr().out


def test_every_element_wise_op_has_gains_or_says_why() -> None:
    single = [o for name in ("activations", "curves", "piecewise") for o in section(name) if len(o.program.inputs) == 1]
    found = {o.name: _has_gain(o) for o in single}
    missing = {n: why for n, why in found.items() if why}
    assert len(found) - len(missing) >= 25
    assert all("wanted an element-wise op" in why or "has no" in why or "undefined" in why for why in missing.values()), missing


def _has_gain(o) -> str:
    try:
        curve(o)
    except DeriveError as reason:
        return str(reason)
    try:
        mean_square(curve(o))
    except DeriveError as reason:
        return str(reason)
    return ""


def test_what_cannot_be_bounded_is_refused() -> None:
    @op
    def steep(x: Real["..."]):
        """Its square has no mean."""
        return exp(x**2)

    with pytest.raises(DeriveError, match="no known bound beyond 10"):
        mean_square(curve(steep))


def test_an_infinite_middle_is_refused() -> None:
    @op
    def pole(x: Real["..."]):
        """It has a pole at 0."""
        return 1 / x

    with pytest.raises(DeriveError, match="no bound near 0"):
        mean_square(curve(pole))


def test_other_ops_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["gain", "softmax"]) == 2
    assert "softmax takes z (..., C); wanted an element-wise op" in capsys.readouterr().err
    assert cli.main(["gain", "relu", "--param", "a=1"]) == 2
    assert "relu has no parameter a" in capsys.readouterr().err


def test_a_jump_between_whole_numbers() -> None:
    @op
    def step(x: Real["..."], *, at: Scalar = 0.3, height: Positive = 2):
        """0, then a height."""
        return where(x > at, height, 0)

    want = 4 * mpmath.ncdf(-0.3)
    found = mean_square(curve(step))
    assert float(found.low) - 1e-12 <= want <= float(found.high) + 1e-12


def test_decimals() -> None:
    assert Enclosed(Fraction(1, 3), Fraction(1, 3) + Fraction(1, 10**8)).decimals() == "0.3333333..."
    assert Enclosed(Fraction(-5, 4), Fraction(-5, 4)).decimals() == "-1.25"
    assert decimal(Fraction(-1, 200), 2) == "0.00" and decimal(Fraction(199, 100), 1) == "2.0"
    assert Enclosed(Fraction(1, 4), Fraction(1, 4)).rounds_to("0.2") is not None
    assert Enclosed(Fraction(249, 1000), Fraction(251, 1000)).rounds_to("0.2") is None
