"""The reader of known results and its measures: they take right answers, and see wrong ones."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from known_values import ALIASES, Entry, answer, entries, fault, ulps

from derive.catalog import CATALOG
from derive.catalog.geometry import RECURRENCES


def first(op: str, kind: str) -> Entry:
    return next(e for e in entries() if (e.op, e.kind) == (op, kind))


def batch_norm_vjp(g, x, gamma, beta, *, eps):
    mu, var = x.mean(0), x.var(0)
    rstd = 1 / np.sqrt(var + eps)
    xhat = (x - mu) * rstd
    dx = gamma * rstd * (g - g.mean(0) - xhat * (g * xhat).mean(0))
    return dx, (g * xhat).sum(0), g.sum(0) + 0 * beta


def sgd(w, grad, velocity, *, rate=0.01, momentum=0.9):
    velocity = momentum * velocity + grad
    return w - rate * velocity, velocity


HAND = SimpleNamespace(
    sigmoid=lambda x: 1 / (1 + np.exp(-np.maximum(x, -745))),
    mse=lambda p, t: np.mean((p - t) ** 2),
    mse_vjp=lambda g, p, t: (2 * g * (p - t) / p.size, -2 * g * (p - t) / p.size),
    batch_norm_train_vjp=batch_norm_vjp,
    linear_vjp=lambda g, x, w, b: (g @ w, g.T @ x, g.sum(0) + 0 * b),
    sgd_momentum=sgd,
    output_size=lambda size, kernel, *, stride, padding: (size + 2 * padding - kernel) // stride + 1,
)


def test_all_known_results_are_here() -> None:
    assert len(entries()) == 184


def test_every_entry_has_a_function_of_the_catalogue() -> None:
    names = {op.name for op in CATALOG} | {r.name for r in RECURRENCES}
    assert {e.alias.name for e in entries()} <= names
    assert {e.op for e in entries()} == set(ALIASES)


def test_arrays_of_each_entry_are_those_of_the_definition() -> None:
    ops = {op.name: op for op in CATALOG}
    for alias in ALIASES.values():
        if alias.name in ops:
            program = ops[alias.name].program
            assert len(program.inputs) == alias.arrays + len(alias.filled(np.zeros((1, 2)))), alias
            assert set(alias.keywords) <= {p.name for p in program.parameters}, alias


@pytest.mark.parametrize(
    ("op", "kind"),
    [
        ("mse", "forward"),
        ("mse", "backward"),
        ("batchnorm", "backward"),
        ("linear", "backward"),
        ("sgd_momentum", "forward"),
        ("out_size", "forward"),
    ],
)
def test_right_answers_hold(op: str, kind: str) -> None:
    entry = first(op, kind)
    assert fault(entry, answer(entry, HAND)) == ""


@pytest.mark.parametrize(
    ("op", "kind"),
    [("mse", "backward"), ("batchnorm", "backward"), ("linear", "backward"), ("sgd_momentum", "forward"), ("out_size", "forward")],
)
def test_a_small_error_is_seen(op: str, kind: str) -> None:
    entry = first(op, kind)
    *rest, last = answer(entry, HAND)
    assert "result" in fault(entry, (*rest, last * (1 + 1e-12) if np.asarray(last).dtype.kind == "f" else last + 1))


def test_a_value_nine_ulps_away_is_seen_and_one_eight_away_is_not() -> None:
    entry = first("sigmoid", "forward")
    known = entry.expected[0]
    assert fault(entry, (known + 8 * np.spacing(known),)) == ""
    wrong = known.copy()
    wrong[2, 3] += 9 * np.spacing(wrong[2, 3])
    assert "9 ulp, allowed 8.5" in fault(entry, (wrong,))


def test_a_naive_tail_is_seen() -> None:
    entry = next(e for e in entries() if e.op == "sigmoid" and e.kind == "backward" and e.note)
    g, x = entry.args
    with np.errstate(over="ignore"):
        s = 1 / (1 + np.exp(-x))
    assert "ulp" in fault(entry, (g * s * (1 - s),))


def test_nan_is_a_disagreement_and_the_sign_of_zero_is_none() -> None:
    assert ulps(np.array([np.nan, -0.0, 1.0]), np.array([1.0, 0.0, np.nan])).tolist() == [np.inf, 0.0, np.inf]
    assert ulps(np.array([5e-324]), np.array([0.0])).tolist() == [1.0]


def test_a_wrong_shape_and_a_missing_result_are_seen() -> None:
    entry = first("linear", "backward")
    dx, dw, db = answer(entry, HAND)
    assert "shape (1, 5), known (5,)" in fault(entry, (dx, dw, db[None]))
    with pytest.raises(AssertionError, match="2 results, 3 known"):
        answer(entry, SimpleNamespace(linear_vjp=lambda *_: (dx, dw)))
