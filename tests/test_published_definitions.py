"""Definitions from papers that crashed, were computed wrongly or lost digits: each against the oracle, where it went wrong."""

from typing import Any

import numpy as np
import pytest

from derive import oracle, pipeline
from derive.language import Range, Real, erf, exp, idx, log, mean, op, sum, where
from derive.language.operation import Op

R = np.random.default_rng(11)


@op(source="Biswas et al. 2022, arXiv:2111.04682, SMU")
def smooth_unit(x: Real["..."], mu: Real[""], *, alpha: Range(0, 1) = 0.25):
    """A smooth maximum of two lines, by the error function."""
    return ((1 + alpha) * x + (1 - alpha) * x * erf(mu * (1 - alpha) * x)) / 2


@op(source="Chen et al. 2025, an error function in place of a normalisation")
def shifted_erf(x: Real["N C"], alpha: Real[""], shift: Real[""], gain: Real["C"]):
    """An error function of a sum, scaled."""
    return gain * erf(alpha * x + shift)


@op(source="Burges et al. 2005")
def pairs(s: Real["N L"], relevance: Real["N L"]):
    """Logistic loss of all pairs in the wrong order."""
    better = where(relevance > relevance.at(L=idx("L'")), 1, 0)
    return mean(sum(better * log(1 + exp(s.at(L=idx("L'")) - s)), "L L'"), "N")


# fmt: off
CASES: dict[str, tuple[Op, tuple[np.ndarray, ...]]] = {
    "smooth_unit": (smooth_unit, (np.array([-1000, -1, -1e-8, 0, 0.3, 2, 1e3]), np.array(1.5))),
    "shifted_erf": (shifted_erf, (R.normal(size=(3, 2)) * 1e-8, np.array(1e-8), np.array(3e-8), np.array([2.0, -1]))),
    "pairs":       (pairs, (np.array([[1000.0, -1000, 0], [1, 1, 1e-8]]), np.array([[0.0, 1, 2], [1, 0, 3]]))),
}
# fmt: on


def called(defined: Op, suffix: str, *arrays: Any) -> list[np.ndarray]:
    with np.errstate(all="ignore"):
        found = pipeline.generated(defined)[defined.name + suffix](*arrays)
    return [np.asarray(y) for y in (found if isinstance(found, tuple) else (found,))]


def assert_near(got: list[np.ndarray], exact: dict[str, oracle.Rounded]) -> None:
    """To eleven digits of the largest number."""
    for y, rounded in zip(got, exact.values(), strict=True):
        wanted = np.asarray(rounded.value, float)
        assert np.isfinite(wanted).all() and (np.abs(y - wanted) <= 1e-11 * np.abs(wanted).max()).all(), (y, wanted)


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives(name: str) -> None:
    defined, arrays = CASES[name]
    program = defined.program
    inputs = {i.name: a for i, a in zip(program.inputs, arrays, strict=True)}
    value = oracle.evaluate(program, inputs)
    assert_near(called(defined, "", *arrays), value)
    bars = {n: np.ones_like(np.asarray(v.value, float)) for n, v in value.items()}
    assert_near(called(defined, "_vjp", *bars.values(), *arrays), oracle.gradient(program, inputs, bars))
    tangents = {i.name: R.normal(size=np.shape(inputs[i.name])) for i in program.real_inputs}
    assert_near(called(defined, "_jvp", *tangents.values(), *arrays), oracle.jvp(program, inputs, tangents))


@pytest.mark.parametrize("name", CASES)
def test_every_reading_is_proved(name: str) -> None:
    found = pipeline.readings(CASES[name][0])
    assert {found.proof(reading) for reading in found.names[:3]} <= {"-", "A", "C"}


def test_the_gradient_of_a_loss_of_pairs_is_one_of_sigmoids() -> None:
    shown = {let.name: str(let.body) for let in pipeline.readings(pairs).program("vjp").lets}
    assert shown["ds"] == "g*sum(better[L=idx(L'), L'=idx(L)]*sigmoid(s - s[L=idx(L')]) - better*sigmoid(s[L=idx(L')] - s), L')/size(N)"
