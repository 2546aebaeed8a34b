"""The cause of a disagreement is named."""

from __future__ import annotations

import numpy as np
import pytest
from checker_candidates import WRONG, ramp, run

from derive.checker.check import check

CAUSES = {
    "unbiased variance": "ddof=1",
    "eps outside": "eps outside the root",
    "eps ignored": "eps is ignored",
    "not divided by N": "size(N)",
    "epsilon in the log": "epsilon 1e-06 added inside log(p)",
    "sign": "negated",
    "half precision": "float16",
    "changes its input": "argument x is changed",
    "float64 out": "dtype float64",
    "raises for matrices": "IndexError",
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_is_named(name):
    forward, op_, backward, _ = WRONG[name]
    assert CAUSES[name] in run(forward, op_, backward).diagnosis


def blocks(x):
    y = np.maximum(x, 0)
    if x.ndim == 1:
        y[256:] = 0
    return y


def cached(x, store=[]):  # noqa: B006
    store.append(np.maximum(x, 0))
    return store[0] if store[0].shape == x.shape else store[-1]


def reused(x, memory={}):  # noqa: B006
    out = memory.setdefault(x.shape, np.empty(x.shape, x.dtype))
    np.maximum(x, 0, out=out)
    return out


def contiguous_only(x):
    return np.maximum(x, 0) if x.flags.c_contiguous else np.maximum(x.ravel(order="K").reshape(x.shape), 0)


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (lambda x: x if (x > 0).all() else np.maximum(x, 0), "shares memory"),
        (cached, "state"),
        (reused, "a later call writes into the same memory"),
        (contiguous_only, "not contiguous"),
        (blocks, "the last block of"),
        (lambda x: np.maximum(x, 0) + np.random.default_rng().normal(size=x.shape).astype(x.dtype) * np.float32(1e-3), "random"),
    ],
)
def test_bad_manners_are_named(candidate, words):
    report = run(candidate, ramp)
    assert report.verdict == "wrong" and words in report.diagnosis, report.text()


def test_a_factor_lost_in_the_chain_rule_is_named():
    def backward(g, x):
        c, k = np.sqrt(2 / np.pi), 0.044715
        t = np.tanh(c * (x + k * x**3))
        with np.errstate(all="ignore"):
            return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + k * x * x))

    report = check(None, "gelu_tanh", backward, budget=0.2)
    assert report.verdict == "wrong" and report.diagnosis == "the factor 3 is left out when x**3 is differentiated", report.text()
