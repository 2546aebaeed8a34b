"""Definitions, and hand-written candidates for them: right ones of several styles, wrong ones, right ones that lose digits."""

from __future__ import annotations

import numpy as np

from derive.checker.check import check
from derive.language.definition import Index, Positive, Real, op
from derive.language.functions import abs, exp, log, max, mean, sqrt, sum, where


@op
def ramp(x: Real["..."]):
    """x where positive."""
    return where(x > 0, x, 0)


@op
def logistic(x: Real["..."]):
    """One over one plus e to the minus x."""
    return 1 / (1 + exp(-x))


@op
def standardise(x: Real["N D"], gain: Real["D"], *, eps: Positive = 1e-5):
    """Zero mean, unit variance, scaled."""
    mu = mean(x, "N")
    rstd = 1 / sqrt(mean((x - mu) ** 2, "N") + eps)
    xhat = (x - mu) * rstd
    return gain * xhat


@op
def likelihood(scores: Real["N C"], label: Index["N -> C"]):
    """Mean negative log-likelihood."""
    e = exp(scores)
    p = e / sum(e, "C")
    return mean(-log(p).at(C=label), "N")


@op
def peak(x: Real["N D"]):
    """The largest along D."""
    return max(x, "D")


@op
def distance(a: Real["N"], b: Real["N"]):
    """Mean absolute difference."""
    return mean(abs(a - b), "N")


def standard_forward(x, gain, eps=1e-5):
    return gain * (x - x.mean(0)) / np.sqrt(x.var(0) + x.dtype.type(eps))


def standard_backward(g, x, gain, eps=1e-5):
    r = 1 / np.sqrt(x.var(0) + x.dtype.type(eps))
    xhat = (x - x.mean(0)) * r
    return gain * r * (g - g.mean(0) - xhat * (g * xhat).mean(0)), (g * xhat).sum(0)


def likelihood_forward(scores, label):
    z = scores - scores.max(1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), label])


def likelihood_backward(scores, label):
    z = np.exp(scores - scores.max(1, keepdims=True))
    p = z / z.sum(1, keepdims=True)
    p[np.arange(len(p)), label] -= 1
    return p / scores.dtype.type(len(p))


def likelihood_sharp(scores, label):
    z = np.exp(scores - scores.max(1, keepdims=True))
    hit = np.arange(z.shape[1]) == label[:, None]
    rest = np.where(hit, 0, z).sum(1, keepdims=True)
    return np.where(hit, -rest, z) / z.sum(1, keepdims=True) / scores.dtype.type(len(z))


def split_ties(g, x):
    hit = (x == x.max(1, keepdims=True)).astype(x.dtype)
    return hit / hit.sum(1, keepdims=True) * g[:, None]


def last_tie(g, x):
    d = np.zeros_like(x)
    d[np.arange(len(x)), x.shape[1] - 1 - np.argmax(x[:, ::-1], axis=1)] = g
    return d


def logistic_tail(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def run(forward, op_, backward=None, **options):
    return check(forward, op_, backward, **{"budget": 0.6, "dtype": "float32", **options})


RIGHT = {
    "ramp, maximum": (lambda x: np.maximum(x, 0), ramp, lambda g, x: g * (x > 0)),
    "ramp, slope 1 at 0": (lambda x: np.maximum(x, 0), ramp, lambda g, x: g * (x >= 0)),
    "ramp, slope 1/2 at 0": (lambda x: (x + np.abs(x)) / 2, ramp, lambda g, x: g * (np.sign(x) + 1) / 2),
    "logistic": (logistic_tail, logistic, lambda g, x: g * logistic_tail(x) * logistic_tail(-x)),
    "standardise": (standard_forward, standardise, standard_backward),
    "likelihood, g left out": (likelihood_forward, likelihood, likelihood_sharp),
    "peak, ties split": (lambda x: x.max(1), peak, split_ties),
    "peak, last tie": (lambda x: x.max(1), peak, last_tie),
    "distance, by position": (lambda p, t: np.mean(np.abs(p - t)), distance, lambda p, t: np.sign(p - t) / p.dtype.type(len(p))),
    "distance, python float": (lambda a, b: float(np.mean(np.abs(a - b))), distance, None),
    "gradient by name": (None, standardise, lambda g, x, gain, eps=1e-5: {"dgain": standard_backward(g, x, gain, eps)[1]}),
}


def mutating(x):
    x *= x > 0
    return x.copy()


def sometimes(x):
    if x.ndim == 2:
        raise IndexError("only vectors")
    return np.maximum(x, 0)


def unbiased(x, gain, eps=1e-5):
    return gain * (x - x.mean(0)) / np.sqrt(x.var(0) * variance_ratio(len(x)) + x.dtype.type(eps))


def eps_outside(x, gain, eps=1e-5):
    return gain * (x - x.mean(0)) / (x.std(0) + x.dtype.type(eps))


def eps_ignored(x, gain, eps=0):
    return standard_forward(x, gain)


def other_axis(x, gain, eps=1e-5):
    return gain * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(0) + x.dtype.type(eps))


def sum_not_mean(scores, label):
    return likelihood_backward(scores, label) * scores.dtype.type(len(scores))


def epsilon_in_log(scores, label):
    z = np.exp(scores - scores.max(1, keepdims=True))
    p = z / z.sum(1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(p)), label] + np.float32(1e-6)))


def half_inside(x):
    return logistic_tail(x.astype(np.float16)).astype(x.dtype)


def slope_minus_one(g, x):
    return g * np.where(x == 0, -1, x > 0).astype(x.dtype)


def tail_lost(g, x):
    return g * logistic_tail(x) * (1 - logistic_tail(x))


def twice_every_tie(g, x):
    return g[:, None] * (x == x.max(1, keepdims=True)) * 2


WRONG = {
    "slope at 0 out of range": (None, ramp, slope_minus_one, "gradient"),
    "forced zero": (None, ramp, lambda g, x: g * (x > 1e-8), "gradient"),
    "sign": (None, ramp, lambda g, x: -g * (x > 0), "gradient"),
    "nan at 0": (None, ramp, lambda g, x: g * (x > 0) * (x / x), "nan"),
    "half precision": (half_inside, logistic, None, "value"),
    "unbiased variance": (unbiased, standardise, None, "value"),
    "eps outside": (eps_outside, standardise, None, "value"),
    "eps ignored": (eps_ignored, standardise, None, "value"),
    "other axis": (other_axis, standardise, None, "value"),
    "not divided by N": (None, likelihood, sum_not_mean, "gradient"),
    "epsilon in the log": (epsilon_in_log, likelihood, None, "value"),
    "changes its input": (mutating, ramp, None, "mutated input"),
    "float64 out": (lambda x: np.maximum(x, 0).astype("d"), ramp, None, "dtype"),
    "keeps an axis": (lambda x: x.max(1, keepdims=True), peak, None, "shape"),
    "nothing": (lambda x: None, ramp, None, "shape"),
    "raises for matrices": (sometimes, ramp, None, "raised"),
    "all ties": (None, peak, twice_every_tie, "gradient"),
}


def unshifted(scores, label):
    e = np.exp(scores)
    return -np.mean(np.log(e / e.sum(1, keepdims=True))[np.arange(len(scores)), label])


INACCURATE = {
    "tail lost": (None, logistic, tail_lost, "1 - y"),
    "1 at the true class": (None, likelihood, likelihood_backward, "computed as written"),
    "no shift": (unshifted, likelihood, None, "overflow"),
    "one pass": (lambda x, gain, eps=1e-5: gain * (x - x.mean(0)) / np.sqrt((x * x).mean(0) - x.mean(0) ** 2 + x.dtype.type(eps)),
                 standardise, None, "multiplied out"),
}  # fmt: skip


def variance_ratio(n):
    return n / (n - 1) if n > 1 else 1
