"""Masks of -inf: what is 0 behind a mask says so itself, and logarithms of shares are taken apart behind it."""

import numpy as np
import pytest

from derive.calculus.algebra import factor
from derive.calculus.powers import logarithm, power
from derive.catalog import find
from derive.catalog.activations import log_softmax, softmax
from derive.language import Index, Real, equal, inf, log, mean, op, sum, where
from derive.pipeline import generated, readings


@op
def kept(s: Real["N C"], mask: Real["N C"]):
    """Shares of what a mask keeps."""
    p = softmax(where(mask > 0, s, -inf), over="C")
    return p


@op
def kept_loss(s: Real["N C"], mask: Real["N C"], label: Index["N -> C"]):
    """Cross-entropy over what a mask keeps."""
    return -mean(log_softmax(where(mask > 0, s, -inf), over="C").at(C=label), "N")


@op
def kept_logs(s: Real["N C"], mask: Real["N C"]):
    """Logarithms of the shares of what a mask keeps, and 0 elsewhere."""
    return where(mask > 0, log_softmax(where(mask > 0, s, -inf), over="C"), 0)


@op
def kept_entropy(s: Real["N C"], mask: Real["N C"]):
    """Entropy of what a mask keeps."""
    p = softmax(where(mask > 0, s, -inf), over="C")
    return -sum(where(mask > 0, p * log(p), 0), "C")


def _let(reading: str, definition: object, name: str) -> str:
    return str(readings(definition).program(reading).let(name).body)  # type: ignore[arg-type]


def test_gradients_behind_a_mask_read_as_those_without() -> None:
    assert _let("vjp", kept, "ds") == "where(mask > 0, p*(g - sum(g*p, C)), 0)"
    assert _let("jvp", kept, "p_dot") == "p*(v_s - sum(v_s*p, C))"
    assert _let("vjp", kept_loss, "ds") == "where(mask > 0, g*(p - onehot(label, C))/size(N), 0)"
    assert _let("hvp", kept_loss, "ds_dot") == "where(mask > 0, g*p*(v_s - sum(v_s*p, C))/size(N), 0)"
    assert _let("vjp", kept_logs, "ds") == "where(mask > 0, g - p*sum(g*where(mask > 0, 1, 0), C), 0)"


@pytest.mark.parametrize("definition", [kept, kept_loss, kept_logs], ids=str)
def test_every_reading_is_proved(definition: object) -> None:
    found = readings(definition)  # type: ignore[arg-type]
    assert {found.proof(name) for name in found.names} == {"A"}


def test_far_scores_have_finite_logarithms_and_gradients() -> None:
    s, mask, label = np.array([[1000.0, -1000.0, 5000.0]]), np.array([[1.0, 1.0, 0.0]]), np.array([1])
    loss, logs = generated(kept_loss), generated(kept_logs)
    assert loss["kept_loss"](s, mask, label) == 2000
    np.testing.assert_array_equal(loss["kept_loss_vjp"](1.0, s, mask, label)[0], [[1, -1, 0]])
    np.testing.assert_array_equal(logs["kept_logs"](s, mask), [[0, -2000, 0]])
    np.testing.assert_array_equal(logs["kept_logs_vjp"](np.ones((1, 3)), s, mask)[0], [[-1, 1, 0]])


def test_a_condition_stays_beside_what_may_be_infinite() -> None:
    s, mask = np.array([[1.0, 1.0, 5.0]]), np.array([[1.0, 1.0, 0.0]])
    made = generated(kept_entropy)
    np.testing.assert_allclose(made["kept_entropy"](s, mask), [np.log(2)])
    np.testing.assert_allclose(made["kept_entropy_vjp"](np.ones(1), s, mask)[0], [[0, 0, 0]], atol=1e-16)


def test_a_row_that_is_masked_throughout_has_a_gradient_of_0() -> None:
    s, mask = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 1.0], [0.0, 0.0]])
    with np.errstate(invalid="ignore"):
        ds = generated(kept)["kept_vjp"](np.array([[1.0, 0.0], [1.0, 0.0]]), s, mask)[0]
    np.testing.assert_array_equal(ds[1], [0, 0])
    assert ds[0, 0] > 0 > ds[0, 1]


def test_the_logarithm_of_a_reciprocal_is_minus_one() -> None:
    x = factor(("t", "x", ()))
    log = logarithm(x)
    assert logarithm(power(x, -1)) == {m: -c for m, c in log.items()}
    assert logarithm(power(x, 2)) != {m: 2 * c for m, c in log.items()}


@op
def filled_loss(s: Real["N C"], mask: Real["N C"], label: Index["N -> C"]):
    """Cross-entropy over what is not filled with -inf, where the mask is 0."""
    p = softmax(where(equal(mask, 0), -inf, s), over="C")
    return -mean(log(p).at(C=label), "N")


def test_a_mask_may_say_what_is_filled() -> None:
    assert _let("vjp", filled_loss, "ds") == "where(mask != 0, g*(p - onehot(label, C))/size(N), 0)"
    assert {readings(filled_loss).proof(name) for name in ("value", "vjp", "jvp", "hvp")} == {"A"}
    s, mask, label = np.array([[1000.0, -1000.0, 5000.0]]), np.array([[1.0, 1.0, 0.0]]), np.array([1])
    made = generated(filled_loss)
    assert made["filled_loss"](s, mask, label) == 2000
    np.testing.assert_array_equal(made["filled_loss_vjp"](1.0, s, mask, label)[0], [[1, -1, 0]])


def test_a_condition_holds_in_the_sums_under_it() -> None:
    assert _let("vjp", find("attention_masked"), "ds") == "where(mask > 0, where(total > 0, p*(dp - sum(p*dp, M)), 0), 0)"
    assert "sum(p*s_dot, M)" in _let("jvp", find("attention_masked"), "y_dot")
