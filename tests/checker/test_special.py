"""NaN and infinities: named where the candidate makes something else of them, and no failure."""

import numpy as np
import pytest

from derive.checker.check import check

QUICK = {"budget": 0.2}


def notes(forward, op, backward=None, **options):
    report = check(forward, op, backward, **QUICK, **options)
    assert report.agrees
    return [r for r in report.remarks if "special" in r]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_that_does_not_propagate_is_named(dtype):
    swallowed = notes(lambda x: np.where(x > 0, x, 0).astype(x.dtype), "relu", dtype=dtype)
    assert swallowed == ["value at special inputs: x = nan gives 0, wanted nan"]
    assert notes(lambda x: np.maximum(x, 0), "relu", dtype=dtype) == []


def test_a_limit_that_is_missed_is_named():
    assert notes(lambda x: x / (1 + np.exp(-x)), "silu") == ["value at special inputs: x = -inf gives nan, wanted 0"]


def test_the_gradient_is_looked_at_too():
    found = notes(lambda x: np.maximum(x, 0), "relu", lambda g, x: np.where(x > 0, g, np.where(x == -np.inf, np.inf, 0)).astype(x.dtype))
    assert any("gradient at special inputs" in n and "-inf gives inf, wanted 0" in n for n in found)


def softened(z, temperature=1.0):
    e = np.exp((z - np.nanmax(z, axis=-1, keepdims=True)) / temperature)
    return np.nan_to_num(e / e.sum(axis=-1, keepdims=True), nan=0.0)


def test_nan_that_a_reduction_swallows_is_named():
    assert notes(softened, "softmax")[0].startswith("value at special inputs: z with nan in it gives 0 at [0, 0, 0], wanted nan")
    assert notes(lambda pred, target: np.nanmean((pred - target) ** 2), "mse")[0].endswith("wanted nan")


def test_what_reductions_make_of_infinity_is_as_generated_code_has_it():
    assert notes(lambda pred, target: np.mean((pred - target) ** 2), "mse") == []
    assert (
        notes(lambda z: np.exp(z - z.max(-1, keepdims=True)) / np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True), "softmax") == []
    )


def test_labels_and_several_inputs_do_no_harm():
    def loss(logits, label):
        s = logits - logits.max(1, keepdims=True)
        return np.mean(np.log(np.exp(s).sum(1)) - s[np.arange(len(label)), label])

    assert notes(loss, "cross_entropy") == []


def test_a_gradient_that_is_element_by_element_though_the_value_is_a_sum():
    report = check(None, "l1", lambda g, w, strength=0.01: (g * strength * np.sign(w)).astype(w.dtype), dtype="float32", budget=0.2)
    assert report.agrees, report.text()
