"""Mistakes that have to be worked out: each row is a mistaken function and words that its report has to hold."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from checker_candidates import likelihood, logistic, ramp, run, standardise

from derive.checker.contract import contract
from derive.checker.diagnosis.edits import edits, everywhere
from derive.checker.diagnosis.evidence import FAILURES, Evidence, explains
from derive.checker.diagnosis.rewritten import rewritten
from derive.checker.diagnosis.tape import Tape
from derive.checker.inputs import Case, sample
from derive.language.definition import NonNegative, Positive, Real, op
from derive.language.functions import exp, log, mean, size, sqrt, sum, where


@op
def share(z: Real["... C"], *, heat: Positive = 1):
    """Exponentials as shares of their sum."""
    e = exp(z / heat)
    return e / sum(e, "C")


@op
def weighted(x: Real["... I"], w: Real["O I"], b: Real["O"]):
    """Weighted sums."""
    return sum(x * w, "I") + b


@op
def scaled(q: Real["N D"], k: Real["M D"]):
    """Products of rows over the root of their length."""
    return sum(q * k, "D") / sqrt(size("D"))


@op
def bent(x: Real["..."], *, slope: NonNegative = 0.01):
    """x, less steep where negative."""
    return where(x > 0, x, slope * x)


@op
def smoothed(x: Real["..."]):
    """x and a little of its cube, squashed."""
    return 1 / (1 + exp(-0.8 * (x + 0.044715 * x**3)))


@op
def surprise(p: Real["N", Positive]):
    """Mean negative logarithm."""
    return mean(-log(p), "N")


def shares(z, heat=1.0, axis=-1):
    e = np.exp((z - z.max(axis=axis, keepdims=True)) / heat)
    return e / e.sum(axis=axis, keepdims=True)


def squash(x, factor=0.8, cubic=0.044715):
    return 1 / (1 + np.exp(-factor * (x + cubic * x**3)))


def blocked(y, block=32):
    flat = y.reshape(-1)
    if flat.size > block:
        flat[flat.size // block * block :] = 0
    return y


def weigh(x, w, b):
    return x @ w.T + b


def square_not_transposed(x, w, b):
    return x @ (w if w.shape[0] == w.shape[1] else w.T) + b


def whole_columns(scores, label):
    z = scores - scores.max(1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -np.mean(logp[:, label])


def label_moved(scores, label, step):
    z = scores - scores.max(1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -np.mean(logp[np.arange(len(label)), (label + step) % scores.shape[1]])


def standard(x, gain, eps=1e-5, axis=0):
    return gain * (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)


def diagonal(g, z, heat=1.0):
    return g * shares(z, heat) * (1 - shares(z, heat)) / heat


def saturated(x):
    return np.where(np.abs(x) > 6, x > 0, 1 / (1 + np.exp(-np.clip(x, -9, 9))))


def nan_replaced(z, heat=1.0):
    e = np.exp(z / heat)
    return np.nan_to_num(e / e.sum(-1, keepdims=True))


ROWS = {
    "first dimension":         (lambda z, heat=1.0: shares(z, heat, 0), share, None, "first dimension"),
    "whole array":             (lambda z, heat=1.0: shares(z, heat, None), share, None, "over ... C"),
    "not normalised":          (lambda z, heat=1.0: np.exp((z - z.max(-1, keepdims=True)) / heat), share, None, "division by sum(e"),
    "inputs cut":              (lambda z, heat=1.0: shares(z.astype("f").astype("d"), heat), share, None, "precision lost"),
    "digits cut":              (lambda z, heat=1.0: np.round(shares(z, heat), 6), share, None, "rounded to 6 decimals"),
    "clipped":                 (lambda z, heat=1.0: shares(np.clip(z, -50, 50), heat), share, None, "50"),
    "parameter below only":    (lambda z, heat=1.0: shares(z), share, None, "heat is left out"),
    "diagonal only":           (None, share, diagonal, "the sum over C is left out"),
    "other axis, statistics":  (lambda x, gain, eps=1e-5: standard(x, gain, eps, 1), standardise, None, "reduced over D instead of N"),
    "blocks":                  (lambda x, w, b: blocked(weigh(x, w, b)), weighted, None, "last block of 32 of the whole array"),
    "transposed when square":  (square_not_transposed, weighted, None, "only where the sizes of"),
    "reshaped":                (lambda x, w, b: x @ w.reshape(w.shape[::-1]) + b, weighted, None, "reshaped, not transposed"),
    "root of the other size":  (lambda q, k: q @ k.T / np.sqrt(len(k)), scaled, None, "size(M)"),
    "slope fixed":             (lambda x, slope=0.01: np.where(x > 0, x, 0.2 * x), bent, None, "slope is ignored: it is always 0.2"),
    "sign of a branch":        (lambda x, slope=0.01: np.where(x > 0, slope * x, x), bent, None, "branches"),
    "constant cut":            (lambda x: squash(x, cubic=0.044), smoothed, None, "is 0.044"),
    "constant rounded":        (lambda x: squash(x, factor=0.79788456), smoothed, None, "0.79788456"),
    "no cotangent":            (None, ramp, lambda g, x: (x > 0).astype(x.dtype), "cotangent g is left out"),
    "forced zero":             (None, ramp, lambda g, x: g * (x > 1e-8), "cut off: 0 for x below"),
    "one label for all":       (lambda scores, label: whole_columns(scores, label[:1]), likelihood, None, "one label for every row"),
    "whole columns":           (whole_columns, likelihood, None, "whole columns"),
    "next label":              (lambda scores, label: label_moved(scores, label, 1), likelihood, None, "off by one"),
    "epsilon, any size":       (lambda p: -np.mean(np.log(p + 3e-9)), surprise, None, "epsilon 3e-09"),
    "floor in the logarithm":  (lambda p: -np.mean(np.log(np.maximum(p, 2e-7))), surprise, None, "clip at 2e-07"),
    "NaN replaced":            (nan_replaced, share, None, "nan_to_num"),
    "root of the result":      (lambda x: 1 / np.sqrt(1 + np.exp(-x)), logistic, None, "the root of the right result"),
    "saturated":               (saturated, logistic, None, "cut off: 1 for x above"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(ROWS))
def test_the_mistake_is_named(name):
    forward, op_, backward, words = ROWS[name]
    report = run(forward, op_, backward, dtype="float64", budget=2.0)
    assert report.verdict == "wrong" and words in report.diagnosis, report.text()


def test_what_no_mistake_explains_gets_no_cause():
    assert run(lambda x: np.cosh(np.sin(3 * x)), logistic, dtype="float64").diagnosis == ""


@pytest.mark.parametrize("op_", [share, standardise, likelihood, weighted, bent], ids=lambda o: o.name)
def test_a_mistake_is_computed_as_the_program_with_it_in_would_be(op_):
    s = sample(contract(op_), Case(), "float64")
    tape = Tape(op_.program, s.inputs, s.parameters)
    compared = 0
    for edit in (*everywhere(op_.program), *edits(op_.program)):
        program = rewritten(op_.program, edit)
        if program is not None:
            with np.errstate(all="ignore"), suppress(*FAILURES):
                whole = Tape(program, s.inputs, s.parameters).output(0)
                ours = tape.output(0, edit.changes)
                assert np.allclose(ours, whole, rtol=1e-12, atol=1e-12, equal_nan=True), edit.name
                compared += 1
    assert compared >= 15


def test_an_explanation_has_to_predict_the_wrong_numbers():
    got, exact = np.array([1.0, 2.0, 3.5]), np.array([1.0, 2.0, 3.0])
    e = Evidence(got, np.ones(3, bool), np.array([False, False, True]), (np.full(3, 1e-9), np.full(3, 1e-3)))
    assert explains(lambda k: got, [e]) == 0
    assert explains(lambda k: got + 1e-4, [e]) == 1
    assert explains(lambda k: exact, [e]) == 2
    assert explains(lambda k: np.array([1.0, 2.0, np.nan]), [e]) == 2
    assert explains(lambda k: np.array([np.nan, 2.0, 3.5]), [e]) == 0  # the candidate may guard what the explanation does not
