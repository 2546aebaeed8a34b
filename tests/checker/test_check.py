"""Hand-written candidates: right ones of several styles agree, wrong ones are reported with what is wrong."""


from __future__ import annotations

import json
import os

import numpy as np
import pytest

from derive.checker.candidate import CandidateError, load
from derive.checker.check import check
from derive.checker.evaluate import CheckError
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


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_right_ones_agree(name, dtype):
    forward, op_, backward = RIGHT[name]
    report = run(forward, op_, backward, dtype=dtype)
    assert report.agrees, report.text()
    assert report.exit_code == 0 and report.text().startswith("agrees")
    assert all(t.elements > 20 for t in report.tallies.values())


@pytest.mark.parametrize("result", ["text", [[1.0], [2.0, 3.0]], object(), {}], ids=["str", "ragged", "object", "dict"])
def test_what_is_no_array_is_wrong_and_no_crash(result):
    report = run(lambda x: result, ramp, None)
    assert not report.agrees and report.exit_code in (1, 3), report.text()


def mutating(x):
    x *= x > 0
    return x.copy()


def sometimes(x):
    if x.ndim == 2:
        raise IndexError("only vectors")
    return np.maximum(x, 0)


def unbiased(x, gain, eps=1e-5):
    return gain * (x - x.mean(0)) / np.sqrt(x.var(0) * max_(len(x)) + x.dtype.type(eps))


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


def blocks(x):
    y = np.maximum(x, 0)
    if x.ndim == 1:
        y[256:] = 0
    return y


INACCURATE = {
    "tail lost": (None, logistic, tail_lost, "1 - 1/(1 + exp("),
    "1 at the true class": (None, likelihood, likelihood_backward, "computed as written"),
    "no shift": (unshifted, likelihood, None, "overflow"),
    "one pass": (lambda x, gain, eps=1e-5: gain * (x - x.mean(0)) / np.sqrt((x * x).mean(0) - x.mean(0) ** 2 + x.dtype.type(eps)),
                 standardise, None, "squares multiplied out"),
}  # fmt: skip


@pytest.mark.parametrize("name", INACCURATE)
def test_right_functions_that_lose_digits_are_inaccurate_by_a_named_form(name):
    forward, op_, backward, form = INACCURATE[name]
    report = run(forward, op_, backward)
    assert report.verdict == "inaccurate here" and report.exit_code == 1, report.text()
    assert form in report.diagnosis
    assert report.passes(allow_inaccurate=True)


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
        (blocks, "from position 256 on"),
        (lambda x: np.maximum(x, 0) + np.random.default_rng().normal(size=x.shape).astype(x.dtype) * np.float32(1e-3), "random"),
    ],
)
def test_bad_manners_are_named(candidate, words):
    report = run(candidate, ramp)
    assert report.verdict == "wrong" and words in report.diagnosis, report.text()


def test_a_definition_decides_its_value_at_a_jump():
    @op
    def gate(x: Real["..."]):
        """x above one half."""
        return where(x > 0.5, x, 0)

    assert run(lambda x: np.where(x > 0.5, x, 0).astype(x.dtype), gate).agrees
    assert run(lambda x: np.where(x >= 0.5, x, 0).astype(x.dtype), gate).verdict == "wrong"


def test_the_power_is_stated():
    report = run(*RIGHT["standardise"])
    power = report.powers["gradient"]
    assert power.told >= 0.9 * power.tried > 20
    assert "mistaken versions apart" in report.text()


def test_a_kept_case_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    report = run(*WRONG["sign"][:3])
    again = run(*WRONG["sign"][:3], replay=report.cases[0])
    assert again.verdict == "wrong" and again.tallies["gradient"].calls == 1
    with pytest.raises(CheckError, match="no case deadbeef"):
        run(*WRONG["sign"][:3], replay="deadbeef")


def max_(n):
    return n / (n - 1) if n > 1 else 1


@pytest.mark.parametrize("name", WRONG)
def test_wrong_ones_are_reported(name):
    forward, op_, backward, kind = WRONG[name]
    report = run(forward, op_, backward)
    assert not report.agrees and report.exit_code == 1
    assert kind in [f.kind for f in report.findings], report.text()
    fields = json.loads(report.to_json())
    assert fields["schema"] == "derive.check/2" and fields["verdict"] == "wrong"
    assert {"kind", "reading", "inputs", "got", "exact", "error_ulps", "allowed_ulps"} <= set(fields["findings"][0])


def test_the_counterexample_is_small():
    report = run(
        None, standardise, lambda g, x, gain, eps=1e-5: (standard_backward(g, x, gain, eps)[0] * 2, standard_backward(g, x, gain, eps)[1])
    )
    (finding,) = report.findings
    assert finding.what == "x"
    assert sum_of_sizes(finding.sample.inputs) <= 8


def sum_of_sizes(arrays):
    return sum_(np.size(a) for a in arrays.values())


def sum_(numbers):
    total = 0
    for n in numbers:
        total += n
    return total


def test_conventions_at_kinks_are_named():
    assert "the other side at x = 0" in run(None, ramp, lambda g, x: g * (x >= 0)).text()
    assert "the definition's own side at x = 0" in run(None, ramp, lambda g, x: g * (x > 0)).text()


def test_always_raising_is_no_verdict():
    with pytest.raises(CandidateError, match=r"ZeroDivisionError.*every input"):
        run(lambda x: 1 / 0, ramp)


@pytest.mark.parametrize(
    ("forward", "backward", "message"),
    [
        (lambda a, b: a, None, "takes \\(a, b\\); ramp has the inputs \\(x\\)"),
        (None, lambda a, b, c: a, "wanted \\(g, x\\)"),
        (None, None, "nothing to check"),
    ],
)
def test_signatures_that_do_not_fit(forward, backward, message):
    with pytest.raises(CheckError, match=message):
        run(forward, ramp, backward)


def test_parameters_and_dtypes_are_validated():
    with pytest.raises(CheckError, match="no parameter epsilon"):
        run(standard_forward, standardise, parameters={"epsilon": 1})
    with pytest.raises(CheckError, match="dtype float128"):
        run(standard_forward, standardise, dtype="float128")


def test_loading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def my_ramp(x):\n    return x * (x > 0)\nlimit = 3\n")
    (tmp_path / "broken.py").write_text("import numpy\n1 / 0\n")
    assert run(load("mine.py:my_ramp"), ramp).agrees
    for spec, message in (
        ("mine.py:my_rmap", 'did you mean "my_ramp"'),
        ("mine.py:limit", "limit is int, not a function"),
        ("absent.py:f", "no such file"),
        ("broken.py:f", r"ZeroDivisionError.*line 2"),
        ("mine", "wanted FILE.py:FUNCTION"),
    ):
        with pytest.raises(CandidateError, match=message):
            load(spec)
    assert not os.path.exists(".hypothesis")


def test_the_same_seed_gives_the_same_report():
    a, b = (run(*WRONG["unbiased variance"][:3], seed=3).fields() for _ in range(2))
    assert a["findings"] == b["findings"]
