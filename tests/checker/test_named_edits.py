"""Mistakes that a general edit names, and causes that are not named where another fits better."""

from __future__ import annotations

import numpy as np
import pytest

from derive.catalog import CATALOG
from derive.checker.check import check
from derive.language import (
    Natural,
    Positive,
    PositiveInteger,
    Real,
    State,
    cos,
    exp,
    floor,
    idx,
    maximum,
    new,
    onehot,
    op,
    size,
    sum,
)

OPS = {o.name: o for o in CATALOG}


@op
def priced(x: Real["N"], *, up: Positive = 2, down: Positive = 3):
    """What is positive at one price, what is negative at another."""
    return up * maximum(x, 0) + down * maximum(-x, 0)


@op
def bent_apart(z: Real["N G=3"]):
    """Products of squashed numbers."""
    return z.at(G=2) / (1 + exp(-z.at(G=0))) / (1 + exp(-z.at(G=1)))


@op
def peaked(grad: Real["..."], peak: State["..."], *, beta: Positive = 0.9):
    """A step by the largest so far, corrected."""
    peak = maximum(peak, beta * grad**2)
    return grad / (1 + peak / (1 - beta / 2))


@op
def distances(a: Real["L"], b: Real["M"]):
    """Differences, less how far apart they are."""
    return a - b - (idx("L") - idx("M"))


@op
def longer(x: Real["N L"], *, pad: Natural = 1):
    """Zeros put behind."""
    return x.at(L=new("P", size=size("L") + pad))


@op
def spread_out(x: Real["N L"], *, stride: PositiveInteger = 2, pad: Natural = 1):
    """Zeros put between and behind."""
    new("P", size=size("L") * stride + pad)
    return sum(x * onehot(stride * idx("L"), "P"), "L")


@op
def dealt(x: Real["N C"], *, groups: PositiveInteger = 2):
    """Every second to the front."""
    from derive.language import assume

    assume(size("C") % groups, equals=0)
    each = size("C") // groups
    return x.at(C=(new("O", size=size("C")) % groups) * each + floor(new("O", size=size("C")) / groups))


@op
def turned(a: Real["N"]):
    """Cosines."""
    return 1 - cos(a)


def prices(x, up=2.0, down=3.0):
    return (down * np.maximum(x, 0) + up * np.maximum(-x, 0)).astype(x.dtype)


def one_more(z):
    with np.errstate(all="ignore"):
        return z[:, 2] / (1 + np.exp(-z[:, 0])) / (1 + np.exp(-z[:, 1] - 1))


def corrected_before(grad, peak, beta=0.9):
    peak = np.maximum(peak, beta * grad**2 / (1 - beta / 2))
    return grad / (1 + peak), peak


def ends_aligned(a, b):
    i, j = np.arange(len(a))[:, None] + len(b) - len(a), np.arange(len(b))
    return (a[:, None] - b - (i - j)).astype(a.dtype)


def at_the_front(x, pad=1):
    return np.pad(x, ((0, 0), (int(pad), 0)))


def spread_later(x, stride=2, pad=1):
    y = np.zeros((len(x), x.shape[1] * int(stride) + int(pad)), x.dtype)
    y[:, int(pad) :: int(stride)][:, : x.shape[1]] = x
    return y


def dealt_back(x, groups=2):
    return x.reshape(len(x), -1, int(groups)).swapaxes(1, 2).reshape(x.shape).copy()


def to_all(g, x):
    return g[..., None] * (x == x.max(-1, keepdims=True))


FORWARD = {
    "parameters": (prices, priced, "the parameters up and down are exchanged"),
    "a slice": (one_more, bent_apart, "a constant 1 is added to z[G=1]"),
    "too early": (corrected_before, peaked, "is applied to"),
    "the end": (ends_aligned, distances, "its end, not its start, meets that of M"),
    "the front": (at_the_front, longer, "is at the other end"),
    "written later": (spread_later, spread_out, "is at the other end"),
    "inverse": (dealt_back, dealt, "the inverse of the order"),
}


@pytest.mark.parametrize("name", FORWARD)
def test_a_mistake_of_order_or_place_is_named(name):
    forward, meant, words = FORWARD[name]
    report = check(forward, meant, budget=2.0)
    assert report.verdict == "wrong" and words in report.diagnosis, report.text()


def test_a_gradient_given_to_all_ties_is_named():
    report = check(None, OPS["max"], to_all, budget=2.0)
    assert report.verdict == "wrong" and "ties: each of several equal" in report.diagnosis, report.text()


def to_all_of_a_window(g, x, kernel=2, stride=2, padding=0, dilation=1):
    k, s, p, d = int(kernel), int(stride), int(padding), int(dilation)
    padded = np.pad(x, ((0, 0), (0, 0), (p, p)), constant_values=-np.inf)
    found = np.zeros_like(padded)
    for i in range(g.shape[2]):
        place = slice(i * s, i * s + d * (k - 1) + 1, d)
        window = padded[:, :, place]
        found[:, :, place] += (window == window.max(2, keepdims=True)) * g[:, :, i, None]
    return found[:, :, p : p + x.shape[2]]


def test_a_gradient_given_to_all_ties_of_a_window_is_named():
    report = check(None, OPS["max_pool1d"], to_all_of_a_window, budget=2.0)
    assert report.verdict == "wrong" and "ties: each of several equal" in report.diagnosis, report.text()


def read_before_last(logp, label):
    return -logp[np.arange(len(label)), np.minimum(label, max(logp.shape[1] - 2, 0))]


def test_a_label_clamped_to_the_wrong_class_is_named():
    report = check(read_before_last, OPS["nll_none"], budget=2.0)
    assert report.verdict == "wrong" and "clamped to the position before the last of C" in report.diagnosis, report.text()


def test_a_cosine_for_a_sine_is_named():
    report = check(None, turned, lambda g, a: g * np.cos(a), budget=2.0)
    assert report.verdict == "wrong" and report.diagnosis.startswith("cos instead of sin"), report.text()


def test_an_epsilon_is_no_constant_factor_near_one():
    report = check(lambda pred, target: np.mean((r := target / pred) - np.log(r + 1e-10) - 1), OPS["itakura_saito"])
    assert report.verdict == "wrong" and report.diagnosis.startswith("epsilon 1e-10 added inside log(r)"), report.text()


def over_space(x, width=5, alpha=1e-4, beta=0.75, k=1.0):
    n, squares = int(width), x * x
    padded = np.pad(squares, ((0, 0), (0, 0), (n // 2, n // 2), (n // 2, n // 2)))
    h, w = x.shape[2:]
    total = np.zeros_like(x)
    for i in range(n):
        for j in range(n):
            total += padded[:, :, i : i + h, j : j + w]
    return (x / (k + alpha / n / n * total) ** beta).astype(x.dtype)


def half(z, temperature=1.0):
    e = np.exp(((z - z.max(-1, keepdims=True)) / z.dtype.type(temperature)).astype(np.float16).astype(z.dtype))
    return e / e.sum(-1, keepdims=True)


def test_rounding_is_named_only_where_it_makes_errors_of_that_size():
    report = check(over_space, OPS["local_response_norm"], dtype="float32", budget=2.0)
    assert report.verdict == "wrong" and "float16" not in report.diagnosis, report.text()
    report = check(half, OPS["softmax"], dtype="float32", budget=2.0)
    assert report.verdict == "wrong" and "float16" in report.diagnosis, report.text()
