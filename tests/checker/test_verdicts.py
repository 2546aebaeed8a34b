"""Right candidates agree, wrong ones are reported, right functions that lose digits are graded."""

from __future__ import annotations

import json

import numpy as np
import pytest
from checker_candidates import INACCURATE, RIGHT, WRONG, ramp, run, standard_backward, standardise

from derive.language.definition import Real, op
from derive.language.functions import where


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_right_ones_agree(name, dtype):
    forward, op_, backward = RIGHT[name]
    report = run(forward, op_, backward, dtype=dtype)
    assert report.agrees, report.text()
    assert report.exit_code == 0 and report.text().startswith("agrees")
    assert all(t.elements >= 12 for t in report.tallies.values())


@pytest.mark.parametrize("result", ["text", [[1.0], [2.0, 3.0]], object(), {}], ids=["str", "ragged", "object", "dict"])
def test_what_is_no_array_is_wrong_and_no_crash(result):
    report = run(lambda x: result, ramp, None)
    assert not report.agrees and report.exit_code in (1, 3), report.text()


@pytest.mark.parametrize("name", INACCURATE)
def test_right_functions_that_lose_digits_are_inaccurate_by_a_named_form(name):
    forward, op_, backward, form = INACCURATE[name]
    report = run(forward, op_, backward, budget=2.0)
    assert report.verdict == "inaccurate here" and report.exit_code == 1, report.text()
    assert form in report.diagnosis
    assert report.passes(allow_inaccurate=True)


def test_a_definition_decides_its_value_at_a_jump():
    @op
    def gate(x: Real["..."]):
        """x above one half."""
        return where(x > 0.5, x, 0)

    assert run(lambda x: np.where(x > 0.5, x, 0).astype(x.dtype), gate).agrees
    assert run(lambda x: np.where(x >= 0.5, x, 0).astype(x.dtype), gate).verdict == "wrong"


@pytest.mark.parametrize("name", WRONG)
def test_wrong_ones_are_reported(name):
    forward, op_, backward, kind = WRONG[name]
    report = run(forward, op_, backward)
    assert not report.agrees and report.exit_code == 1
    assert kind in [f.kind for f in report.findings], report.text()
    fields = json.loads(report.to_json())
    assert fields["schema"] == "derive.check/2" and fields["verdict"] == "wrong"
    assert {"kind", "reading", "inputs", "got", "exact", "error_ulps", "allowed_ulps"} <= set(fields["findings"][0])


def test_conventions_at_kinks_are_named():
    assert "the other side at x = 0" in run(None, ramp, lambda g, x: g * (x >= 0)).text()
    assert "the definition's own side at x = 0" in run(None, ramp, lambda g, x: g * (x > 0)).text()


def test_the_power_is_stated():
    report = run(*RIGHT["standardise"])
    power = report.powers["gradient"]
    assert power.told >= 0.9 * power.tried > 20
    assert "mistaken versions apart" in report.text()


def test_the_counterexample_is_small():
    report = run(
        None, standardise, lambda g, x, gain, eps=1e-5: (standard_backward(g, x, gain, eps)[0] * 2, standard_backward(g, x, gain, eps)[1])
    )
    (finding,) = report.findings
    assert finding.what == "x"
    assert sum(np.size(x) for x in finding.sample.inputs.values()) <= 8
