"""Inputs that tell mistakes which hide: windows that overlap, paddings of nothing, numbers beyond those that stand for infinity, one
large input alone, and masks that are facts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from textwrap import dedent

import numpy as np
import pytest

from derive.checker.candidate import CandidateError, load
from derive.checker.check import check
from derive.checker.contract import contract
from derive.checker.evaluate import CheckError
from derive.checker.findings import Tally
from derive.checker.inputs import Case, sample
from derive.checker.readers import readers
from derive.checker.runs import run
from derive.checker.shapes import created_sizes
from derive.language import Index, Natural, PositiveInteger, Real, exp, idx, inf, logsumexp, max, mean, new, op, size, sum, where


@op
def peaks(x: Real["N L"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0):
    """The largest element of each window; positions outside the array do not count."""
    return max(x.at(L=stride * new("P") + new("K", size=kernel) - padding, outside=-inf), "K")


def padded(x, padding, value):
    return np.pad(x, ((0, 0), (padding, padding)), constant_values=value)


def peaks_by(value):
    def forward(x, kernel=2, stride=2, padding=0):
        return np.lib.stride_tricks.sliding_window_view(padded(x, padding, value), kernel, axis=1)[:, ::stride].max(-1)

    return forward


def peaks_backward(put):
    def backward(g, x, kernel=2, stride=2, padding=0):
        p = padded(x, padding, -np.inf)
        d, rows = np.zeros_like(p), np.arange(len(x))
        for k in range(g.shape[1]):
            put(d, (rows, p[:, k * stride : k * stride + kernel].argmax(1) + k * stride), g[:, k])
        return d[:, padding : padding + x.shape[1]]

    return backward


def overwrite(d, at, g):
    d[at] = g


def accumulate(d, at, g):
    d[at] += g


def test_windows_overlap_with_some_parameters():
    c = contract(peaks)
    shapes = [sample(c, Case("windows", "plain", v, seed=v), "float64") for v in range(1, 10)]
    assert all(created_sizes(peaks.program, {"N": 1, "L": s.inputs["x"].shape[1]}, s.parameters)["P"] >= 3 for s in shapes)
    assert check(None, peaks, peaks_backward(accumulate), budget=1.0).verdict == "agrees"
    report = check(None, peaks, peaks_backward(overwrite), budget=1.0)
    assert report.verdict == "wrong" and "overwrite" in report.diagnosis, report.text()


def test_a_finite_number_for_minus_infinity_shows_where_all_others_lie_below():
    assert check(peaks_by(-np.inf), peaks, budget=1.0).verdict == "agrees"
    assert check(peaks_by(-1e4), peaks, budget=1.0).verdict == "wrong"


@op
def bordered(x: Real["N L"], *, before: Natural = 1):
    """The input with zeros before it."""
    return x.at(L=new("P", size=size("L") + before) - before)


def test_a_padding_of_nothing_is_tried_where_the_default_is_one():
    assert 0.0 in contract(bordered).choices["before"]


@op
def spread_out(x: Real["N"], mu: Real["K"], width: Real["K"]):
    """Less the mean logarithm of a sum of bells."""
    return -mean(logsumexp(-((x - mu) ** 2) - width, "K"), "N")


def test_one_input_is_large_alone():
    def unshifted(x, mu, width):
        return -np.mean(np.log(np.exp(-((x[:, None] - mu) ** 2) - width).sum(1)))

    report = check(unshifted, spread_out, budget=1.0)
    assert report.verdict == "inaccurate here" and "not shifted" in report.diagnosis, report.text()


def test_a_shift_by_the_largest_of_all_where_some_are_masked_is_inaccurate():
    def shifted(x):
        m = x.max(-1, keepdims=True) if x.size else 0
        return m + np.log(np.cumsum(np.exp(x - m), -1))

    report = check(shifted, "logcumsumexp", budget=1.0)
    assert report.verdict == "inaccurate here" and "underflow" in report.diagnosis, report.text()


@op
def pairs(x: Real["N L"]):
    """All differences of two positions: the axes of the result are one, and the same again."""
    return x - x.at(L=idx("L'"))


def test_an_axis_of_the_result_may_be_a_second_index_over_the_same_positions():
    assert check(lambda x: x[:, :, None] - x[:, None], pairs, budget=0.2).verdict == "agrees"
    assert check(lambda x: x[:, None] - x[:, :, None], pairs, budget=0.2).verdict == "wrong"


@op
def unclear(x: Real["N"]):
    """Nothing that a float could hold."""
    return exp(exp(exp(exp(x**2 + 3))))


def test_where_nothing_can_be_judged_there_is_no_agreement():
    with pytest.raises(CheckError, match="can be judged"):
        check(lambda x: x + 1, unclear, budget=0.2)


@pytest.mark.parametrize(("share", "wanted"), [(True, "agrees"), (False, "wrong")])
def test_whether_a_number_is_the_largest_is_no_matter_of_rounding(share, wanted):
    def backward(g, x):
        m = x == x.max(-1, keepdims=True)
        return g[..., None] * (m / m.sum(-1, keepdims=True) if share else m)

    report = check(None, "amax", backward, budget=1.0)
    assert report.verdict == wanted and report.fields()["readings"]["gradient"]["numbers"] > 100, report.text()


@pytest.mark.skipif(shutil.which("gcc") is None or sys.platform != "linux", reason="builds a library")
def test_a_library_that_switches_subnormals_off_is_checked_like_any_other(tmp_path):
    (tmp_path / "f.c").write_text("double f(double x) { return x; }")
    library = tmp_path / "f.so"
    subprocess.run(["gcc", "-ffast-math", "-shared", "-fPIC", tmp_path / "f.c", "-o", library], check=True)
    (tmp_path / "mine.py").write_text(
        dedent(f"""
        import ctypes
        import numpy as np
        ctypes.CDLL({str(library)!r})
        def sigmoid(x):
            e = np.exp(-np.abs(x))
            return np.where(x >= 0, 1, e) / (1 + e)
        """)
    )
    command = [sys.executable, "-m", "derive", "check", f"{tmp_path / 'mine.py'}:sigmoid", "--op", "sigmoid", "--budget", "0.3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("agrees"), done.stdout + done.stderr


def test_a_module_that_makes_its_functions_when_asked_for_is_asked(tmp_path, monkeypatch):
    (tmp_path / "lazy_one.py").write_text(
        dedent("""
        def __getattr__(name):
            if name != "double":
                raise AttributeError(name)
            return lambda x: 2 * x
        def __dir__():
            return ["double"]
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load("lazy_one:double")(3) == 6
    with pytest.raises(CandidateError, match='did you mean "double"'):
        load("lazy_one:duoble")


@op
def kept_mean(x: Real["N C"], label: Index["N -> C or -1"]):
    """The mean of what labels point to, of those that point anywhere."""
    kept = where(label >= 0, 1, 0)
    return sum(x.at(C=label), "N") / sum(kept, "N")


@pytest.mark.parametrize("empty", [np.nan, 0.0])
def test_where_an_op_has_no_value_nothing_is_asked_of_its_gradient(empty):
    def backward(g, x, label):
        d, kept = np.zeros_like(x), np.flatnonzero(label >= 0)
        if not len(kept):
            return np.full_like(x, empty)
        d[kept, label[kept]] = g / len(kept)
        return d

    s = sample(contract(kept_mean), Case("odd", "plain"), "float64")
    nothing = replace(s, inputs={**s.inputs, "label": np.full_like(s.inputs["label"], -1)})
    (reader,) = readers(None, kept_mean, backward, "float64", None)
    assert not run(reader, nothing, Tally()) and not run(reader, s, Tally())
    (reader,) = readers(None, kept_mean, lambda g, x, label: backward(2 * g, x, label), "float64", None)
    assert run(reader, s, Tally())
