"""What is asked for is validated, and the same request gives the same report."""

from __future__ import annotations

import os

import numpy as np
import pytest
from checker_candidates import WRONG, ramp, run, standard_forward, standardise

from derive.checker.candidate import CandidateError, load
from derive.checker.check import check
from derive.checker.evaluate import CheckError


def test_a_kept_case_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    report = run(*WRONG["sign"][:3])
    again = run(*WRONG["sign"][:3], replay=report.cases[0])
    assert again.verdict == "wrong" and again.tallies["gradient"].calls == 1
    with pytest.raises(CheckError, match="no case deadbeef"):
        run(*WRONG["sign"][:3], replay="deadbeef")


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
    a, b = (run(*WRONG["unbiased variance"][:3], seed=3, budget=20).fields() for _ in range(2))
    assert a["findings"] == b["findings"]


def test_a_default_that_is_another_is_said():
    def bent(x, slope=0.2):
        return np.where(x > 0, x, slope * x)

    report = check(bent, "leaky_relu", budget=0.2)
    assert report.agrees and "the default of slope is 0.2, that of leaky_relu 0.01" in report.remarks
    assert not any("default" in r for r in check(lambda x, slope=0.01: bent(x, slope), "leaky_relu", budget=0.2).remarks)
