"""Mistakes in what comes before what, and in which place stands for which: a mistaken function and words that its report has to hold."""

from __future__ import annotations

import numpy as np
import pytest
from checker_candidates import likelihood, run

from derive.language import NonNegative, Positive, Real, assume, exp, idx, mean, new, op, scan, size, sqrt, sum, where


@op
def gates(z: Real["N G=3 H"], c: Real["N H"]):
    """What is kept of a state, and what is added to it."""
    keep, more = 1 / (1 + exp(-z.at(G=0))), 1 / (1 + exp(-z.at(G=1)))
    return keep * c + more * z.at(G=2)


@op
def halves(x: Real["N C"]):
    """The first half of the channels, gated by the second."""
    assume(size("C") % 2, equals=0)
    k = new("K", size=size("C") // 2)
    return x.at(C=k) / (1 + exp(-x.at(C=k + size("C") // 2)))


@op
def looking_back(s: Real["L M"], v: Real["M D"]):
    """A mean of rows up to each position, weighted by exponentials."""
    e = where(idx("M") <= idx("L"), exp(s), 0)
    p = e / sum(e, "M")
    return sum(p * v, "M")


@op
def decayed(w: Real["N"], grad: Real["N"], *, rate: Positive = 0.1, decay: NonNegative = 0.05):
    """A step down the gradient, and toward zero."""
    return w - rate * (grad + decay * w)


@op
def corrected(v: Real["N", Positive], g: Real["N"], *, share: Positive = 0.25, eps: Positive = 0.01):
    """A step over the root of a corrected mean square."""
    vhat = v / share
    return g / (sqrt(vhat) + eps)


@op
def running(x: Real["N T"], m0: Real["N"], *, share: Positive = 0.5):
    """A mean that forgets."""
    return scan(lambda m: share * m + (1 - share) * x, start=m0, over="T")


@op
def average(x: Real["N"]):
    """A mean of squares."""
    return mean(x**2, "N")


@op
def inward(r: Real["N H"], h: Real["N H"], u: Real["H H'"]):
    """A gate on a weighted sum."""
    total = sum(h.at(H=idx("H'")) * u, "H'")
    return r * total


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gated(z, c, order):
    keep, more, new_ = (z[:, k] for k in order)
    return sigmoid(keep) * c + sigmoid(more) * new_


def weighted(s, v, mask_first, masked=-np.inf):
    mask = np.arange(s.shape[1]) <= np.arange(s.shape[0])[:, None]
    e = np.exp(np.where(mask, s, masked) - s.max(1, keepdims=True)) if mask_first else np.exp(s - s.max(1, keepdims=True))
    return (e / e.sum(1, keepdims=True) * (mask | mask_first)) @ v


def decayed_late(w, grad, rate=0.1, decay=0.05):
    w = w - rate * grad
    return w - rate * decay * w


def ran(x, m0, share, step):
    """Each state from one `step` before the last; the first ones from m0."""
    found = [m0] * step
    for t in range(x.shape[1]):
        found.append(share * found[-step] + (1 - share) * x[:, t])
    return np.stack(found[step:], 1)


def block_means(x, block):
    return np.mean([np.mean(x[k : k + block] ** 2) for k in range(0, len(x), block)])


def only_last_class(scores, label):
    z = scores - scores.max(1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -np.mean(logp[np.arange(len(label)), np.where(label == scores.shape[1] - 1, 0, label)])


def noisy(x, m0, share=0.5):
    exact = ran(x, m0, share, 1)
    return exact * (1 + 0.05 * np.random.default_rng(0).standard_normal(exact.shape))


ROWS = {
    "two gates swapped":      (lambda z, c: gated(z, c, (1, 0, 2)), gates, "swapped along G"),
    "another order of gates": (lambda z, c: gated(z, c, (0, 2, 1)), gates, "swapped along G"),
    "halves swapped":         (lambda x: sigmoid(np.split(x, 2, 1)[0]) * np.split(x, 2, 1)[1], halves, "swapped along C"),
    "even and odd":           (lambda x: x[:, ::2] * sigmoid(x[:, 1::2]), halves, "counted in another order"),
    "mask after the sum":     (lambda s, v: weighted(s, v, False), looking_back, "applied after the sum"),
    "masked by -10":          (lambda s, v: weighted(s, v, True, -10.0), looking_back, "is -10, not minus infinity"),
    "decay after the step":   (decayed_late, decayed, "w is already changed"),
    "eps before correction":  (lambda v, g, share=0.25, eps=0.01: g * share**0.5 / (np.sqrt(v) + eps), corrected, "before the correction"),
    "two steps back":         (lambda x, m0, share=0.5: ran(x, m0, share, 2), running, "two steps before"),
    "nothing carried":        (lambda x, m0, share=0.5: share * m0[:, None] + (1 - share) * x, running, "nothing is carried"),
    "means of means":         (lambda x: block_means(x, 32), average, "means of blocks of 32"),
    "blocks as if full":      (lambda x: np.sum(x**2) / (-(-len(x) // 4) * 4), average, "divided as if it were"),
    "gate inside the sum":    (lambda r, h, u: (r * h) @ u.T, inward, "not the sum"),
    "last class wrong":       (only_last_class, likelihood, "last position of C"),
    "noise":                  (noisy, running, "noise"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(ROWS))
def test_the_mistake_is_named(name):
    forward, op_, words = ROWS[name]
    report = run(forward, op_, dtype="float64")
    assert report.verdict == "wrong" and words in report.diagnosis, report.text()


def truncated(g, x, m0, share=0.5):
    """The gradient of x, with what flows back cut after each step."""
    return g * (1 - share)


def off_by_one(g, x, m0, share=0.5):
    flow = np.zeros_like(m0)
    dx = np.zeros_like(x)
    for t in reversed(range(x.shape[1])):
        dx[:, t] = (1 - share) * flow
        flow = g[:, t] + share * flow
    return dx


@pytest.mark.parametrize("backward, words", [(truncated, "nothing is carried"), (off_by_one, "off by one")])
def test_the_mistake_on_the_way_back_is_named(backward, words):
    report = run(None, running, lambda g, x, m0, share=0.5: {"x": backward(g, x, m0, share)}, dtype="float64")
    assert report.verdict == "wrong" and words in report.diagnosis, report.text()


def test_what_is_right_agrees():
    assert run(lambda z, c: gated(z, c, (0, 1, 2)), gates).exit_code == 0
    assert run(lambda x, m0, share=0.5: ran(x, m0, share, 1).astype(x.dtype), running).exit_code == 0
    assert run(lambda x: np.mean(np.square(x), dtype=x.dtype), average).exit_code == 0
