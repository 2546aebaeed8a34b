"""Definitions from papers that crashed, were computed wrongly or lost digits: each against the oracle, where it went wrong."""


import numpy as np
import pytest
from against_oracle import called, hold

from derive import oracle, pipeline
from derive.calculus.algebra import factor
from derive.calculus.powers import logarithm
from derive.catalog.activations import sigmoid
from derive.checker.rules import is_promised
from derive.language import (
    Fraction01,
    Positive,
    PositiveInteger,
    Range,
    Real,
    erf,
    exp,
    idx,
    log,
    logsumexp,
    mean,
    minimum,
    op,
    pi,
    scan,
    scan_back,
    sum,
    where,
)  # fmt: skip
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


@op(source="Beltagy, Peters & Cohan 2020, arXiv:2004.05150, causal")
def window_attention(q: Real["L D"], k: Real["L D"], v: Real["L E"], *, window: PositiveInteger = 2):
    """Values averaged over the last few positions."""
    far = idx("L") - idx("L'")
    s = sum(q * k.at(L=idx("L'")), "D")
    e = where(far >= 0, where(far < window, exp(s), 0), 0)
    p = e / sum(e, "L'")
    return sum(p * v.at(L=idx("L'")), "L'")


@op(source="Gomes, Ludermir & Lima 2011, the complementary log-log curve")
def log_log(x: Real["..."]):
    """A skew curve between 0 and 1."""
    return 1 - exp(-exp(x))


@op(source="Das et al. 2025, arXiv:2502.03654")
def gompertz_gate(x: Real["..."], *, alpha: Positive = 1, beta: Positive = 1, gamma: Positive = 1):
    """The input, gated by a Gompertz curve."""
    return alpha * x * exp(-beta * exp(-gamma * x))


@op(source="Cox 1972, times in falling order; what is no longer at risk is masked by a number")
def partial_likelihood(risk: Real["T"], event: Real["T"]):
    """How improbable the order of the events is."""
    total = logsumexp(where(idx("T'") <= idx("T"), risk.at(T=idx("T'")), -1e30), "T'")
    return sum(event * (total - risk), "T")


@op(source="Xia, Liu, Wang, Zhang & Li 2008, scores in the true order")
def list_likelihood(s: Real["N L"]):
    """How improbable an order is, summed from its end."""
    r = scan_back(lambda r: log(exp(r) + exp(s)), start=-1000, over="L")
    return mean(sum(r - s, "L"), "N")


@op(source="Davidson et al. 2018, arXiv:1804.00891, on the sphere in three dimensions")
def on_sphere(kappa: Real["N", Positive]):
    """The logarithm of the density of a von Mises-Fisher distribution at its mean."""
    return log(kappa) - log(2 * pi * (exp(kappa) - exp(-kappa))) + kappa


@op(source="Klimek & Perelstein 2018, arXiv:1810.11509")
def soft_clip(x: Real["..."], *, p: Positive = 5):
    """The input, softly cut off at 0 and 1."""
    return log((1 + exp(p * x)) / (1 + exp(p * (x - 1)))) / p


@op(source="Espeholt et al. 2018, arXiv:1802.01561, eq. 1")
def clipped_ratios(lr: Real["T"], reward: Real["T"], value: Real["T"], *, rho: Positive = 1, most: Positive = 2):
    """Corrections by two ratios of probabilities, cut off."""
    w = exp(lr)
    r = minimum(w, rho)
    c = minimum(w, most)
    delta = r * (reward - value)
    return scan_back(lambda a: delta + c * a, start=0, over="T")


ONES, KEYS = np.ones((4, 1)), np.array([[0.0], [900], [1], [2]])  # the largest score is out of sight of the last position
# fmt: off
CASES: dict[str, tuple[Op, tuple[np.ndarray, ...]]] = {
    "smooth_unit": (smooth_unit, (np.array([-1000, -1, -1e-8, 0, 0.3, 2, 1e3]), np.array(1.5))),
    "shifted_erf": (shifted_erf, (R.normal(size=(3, 2)) * 1e-8, np.array(1e-8), np.array(3e-8), np.array([2.0, -1]))),
    "window_attention": (window_attention, (ONES, KEYS, R.normal(size=(4, 2)))),
    "log_log":     (log_log, (np.array([-1e3, -40, -1e-8, 0, 3, 1e3]),)),
    "gompertz_gate": (gompertz_gate, (np.array([-1e3, -709.79, -5, -1e-8, 0, 3, 1e3]),)),
    "partial_likelihood": (partial_likelihood, (np.array([0.3, -1, 2, 0.1]), np.array([1.0, 0, 1, 1]))),
    "list_likelihood": (list_likelihood, (np.array([[-1.0, 900, -900], [3, 1, 2]]),)),
    "clipped_ratios": (clipped_ratios, (np.array([1000.0, 0.5, -3]), np.array([1.0, 2, 3]), np.array([0.5, 0, 1]))),
    "on_sphere":   (on_sphere, (np.array([0.3, 5, 1000]),)),
    "pairs":       (pairs, (np.array([[1000.0, -1000, 0], [1, 1, 1e-8]]), np.array([[0.0, 1, 2], [1, 0, 3]]))),
}
# fmt: on


def assert_near(got: list[np.ndarray], exact: dict[str, oracle.Rounded]) -> None:
    """To eleven digits of the largest number."""
    for y, rounded in zip(got, exact.values(), strict=True):
        wanted = np.asarray(rounded.value, float)
        assert np.isfinite(wanted).all() and (np.abs(y - wanted) <= 1e-11 * np.abs(wanted).max()).all(), (y, wanted)


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives(name: str) -> None:
    hold(*CASES[name], R, assert_near)


@pytest.mark.parametrize("name", CASES)
def test_every_reading_is_proved(name: str) -> None:
    found = pipeline.readings(CASES[name][0])
    assert {found.proof(reading) for reading in found.names[:3]} <= {"-", "A", "C"}


def test_the_gradient_of_a_loss_of_pairs_is_one_of_sigmoids() -> None:
    shown = {let.name: str(let.body) for let in pipeline.readings(pairs).program("vjp").lets}
    assert shown["ds"] == "g*sum(better[L=idx(L'), L'=idx(L)]*sigmoid(s - s[L=idx(L')]) - better*sigmoid(s[L=idx(L')] - s), L')/size(N)"


@op(source="Neftci, Mostafa & Zenke 2019, arXiv:1901.09948, with soft spikes")
def spiking(x: Real["N T"], *, keep: Fraction01 = 0.9, steep: Positive = 10):
    """A neuron that leaks, and is reset as it spikes."""
    v = scan(lambda v: keep * v + x - sigmoid(steep * (v - 1)), start=0, over="T")
    return sigmoid(steep * (v - 1))


def test_what_a_recurrence_adds_to_is_used_by_its_name() -> None:
    found = pipeline.readings(spiking)
    assert {found.proof(reading) for reading in found.names[:3]} == {"A"}
    assert str(pipeline.stable(spiking.program).lets[-1].body) == "where(steep - steep*v >= 0, e_2, 1)/(1 + e_2)"


def test_shares_are_written_as_sigmoids() -> None:
    shown = {let.name: str(let.body) for let in pipeline.readings(list_likelihood).program("jvp").lets}
    assert shown["r_dot"] == "r_after_dot*sigmoid(r_after - s) + v_s*sigmoid(s - r_after)"


def test_several_names_with_choices_stay_names() -> None:
    assert str(pipeline.stable(clipped_ratios.program).let("y").body) == "delta + c*y_after"


def test_a_logarithm_of_a_quotient_neither_overflows_nor_loses_what_is_small() -> None:
    (y,) = called(soft_clip, "", np.array([1000.0, -10, -1e9]))
    np.testing.assert_allclose(y, [1, np.exp(-50) * -np.expm1(-5) / 5, 0], rtol=1e-12)


def test_what_is_left_of_one_keeps_its_digits() -> None:
    (y,) = called(log_log, "", np.array([-40.0]))
    np.testing.assert_allclose(y, np.exp(-40.0), rtol=1e-15)


def test_few_ulps_are_promised_of_no_exponential_of_an_exponential() -> None:
    slope = pipeline.readings(gompertz_gate).program("vjp")
    assert not is_promised(slope, pipeline.stable(slope), gompertz_gate.program)
    flat = pipeline.readings(sigmoid).program("vjp")
    assert is_promised(flat, pipeline.stable(flat), sigmoid.program)


def test_the_logarithm_of_nothing_stays_one() -> None:
    assert logarithm({}) == factor(("call", "log", ((),)))
