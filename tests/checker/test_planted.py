"""Bugs planted in copies of the generated code: every one is reported, the untouched copy agrees.

Each row: op, the function changed, the text that is replaced, what replaces it, the bug's name.
"""

from __future__ import annotations

import math

import pytest

from derive.catalog import find
from derive.checker.check import check
from derive.codegen.execute import compile_source
from derive.pipeline import source

PLANTED = (
    ("batch_norm_train", "batch_norm_train", "var + eps", "var", "eps missing"),
    ("batch_norm_train", "batch_norm_train", "1 / np.sqrt(var + eps)", "1 / (np.sqrt(var) + eps)", "eps outside the root"),
    ("batch_norm_train", "batch_norm_train", "np.mean(np.square(x_minus_mu), axis=0)", "x.var(0, ddof=1)", "unbiased variance"),
    ("batch_norm_train", "batch_norm_train", "mu = np.mean(x, axis=0)", "mu = np.mean(x, axis=1)[:, None]", "mean over the other axis"),
    ("batch_norm_train", "batch_norm_train_vjp", " - xhat * np.mean(g_xhat, axis=0)", "", "dropped chain term"),
    ("batch_norm_train", "batch_norm_train_vjp", "np.mean(g, axis=0) - ", "np.mean(g, axis=0) + ", "sign"),
    ("batch_norm_train", "batch_norm_train_vjp", "dbeta = np.sum(g", "dbeta = np.mean(g", "mean for sum"),
    ("softmax", "softmax", " - shift", "", "no shift by the maximum"),
    ("softmax", "softmax_vjp", " / temperature\n    return", "\n    return", "temperature dropped"),
    ("softmax", "softmax", "axis=-1", "axis=0", "wrong axis"),
    ("mse", "mse_vjp", " / pred.size", "", "1/N missing"),
    ("mse", "mse_vjp", "dpred = 2 * g", "dpred = g", "factor 2"),
    ("mse", "mse", "np.mean(", "np.sum(", "sum for mean"),
    ("nll", "nll", "np.arange(N), label", "np.arange(N), label - 1", "gather off by one"),
    ("nll", "nll_vjp", "== np.arange(C)", "== np.arange(C)[::-1]", "reversed classes"),
    ("log_softmax", "log_softmax", "np.sum(e,", "np.sum(e + 1e-8,", "epsilon in the log"),
    ("log_softmax", "log_softmax", "return _rounded(dtype, y)", "return _rounded(dtype, np.clip(y, -20, 0))", "clip"),
    ("sigmoid", "sigmoid_vjp", "e / np.square(1 + e)", "(1 / (1 + e)) * (1 - 1 / (1 + e))", "s (1 - s) loses the tail"),
    ("sigmoid", "sigmoid", "    e = np.exp(-np.abs(x))", "    x = x.astype('float32')\n    e = np.exp(-np.abs(x))", "float32 inside"),
    ("leaky_relu", "leaky_relu", "x > 0", "x > -0.001", "threshold moved"),
    ("attention", "attention", "np.sqrt(D)", "D", "scale without root"),
    ("attention", "attention_vjp", " - np.sum(p * dp, axis=-1, keepdims=True)", "", "row sum dropped"),
    ("embedding", "embedding_vjp", "_scatter_add(ids, g, V)", "np.zeros_like(w); dw[ids] = g", "repeated indices overwrite"),
)


def built(op, function=None, old="", new=""):
    text = source(find(op))
    if function is not None:
        start = text.index(f"def {function}(")
        end = text.find("\ndef ", start + 1)
        end = len(text) if end < 0 else end
        body = text[start:end]
        assert old in body, f"the generated {function} no longer reads {old!r}; update this row"
        text = text[:start] + body.replace(old, new) + text[end:]
    return compile_source(text, f"planted {op}")


def verdict(op, namespace, function, dtype):
    forward, backward = (namespace[op], None) if function == op else (None, namespace[function])
    return check(forward, find(op), backward, dtype=dtype, budget=0.6)


@pytest.mark.parametrize("row", PLANTED, ids=[f"{r[1]}: {r[4]}" for r in PLANTED])
def test_planted_bugs_are_reported(row):
    op, function, old, new, _ = row
    report = verdict(op, built(op, function, old, new), function, "float64")
    assert report.exit_code == 1, report.text()
    assert report.findings[0].ratio > 1
    assert math.isinf(report.findings[0].ratio) or report.findings[0].judged is not None


@pytest.mark.parametrize("function", sorted({r[1] for r in PLANTED}))
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_the_untouched_copy_agrees(function, dtype):
    op = next(r[0] for r in PLANTED if r[1] == function)
    report = verdict(op, built(op), function, dtype)
    assert report.exit_code == 0, report.text()


def test_an_input_changed_on_the_way_is_reported():
    namespace = built("mse")

    def mse(pred, target):
        result = namespace["mse"](pred, target)
        pred -= target
        return result

    report = check(mse, find("mse"), budget=1.0)
    assert [f.kind for f in report.findings] == ["mutated input"]


def test_there_are_at_least_twelve_kinds():
    assert len({r[4] for r in PLANTED}) >= 12
