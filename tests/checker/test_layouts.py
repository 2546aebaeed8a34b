"""Memory: the order of the elements, arrays that may not be written to, and cases that are kept as they were laid out."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checker.cases import keep, recall
from derive.checker.check import check
from derive.checker.inputs import LAYOUTS, READ_ONLY, Sample, laid_out, layout_of


def curve(x):
    return x / (1 + np.abs(x))


def restoring(x):
    before = x.copy()
    x += 1
    x[...] = before
    return curve(before)


def in_memory_order(g, x):
    return g.ravel(order="K").reshape(g.shape) / (1 + np.abs(x)) ** 2


def test_writing_to_an_argument_and_putting_it_back_is_named():
    report = check(restoring, "softsign", budget=0.3)
    assert report.verdict == "wrong" and "read-only" in report.diagnosis, report.text()
    assert check(curve, "softsign", budget=0.3).verdict == "agrees"


def test_an_argument_that_is_changed_is_named_as_that():
    def doubled(x):
        x *= 2
        return x / (2 + np.abs(x))

    assert next(f.kind for f in check(doubled, "softsign", budget=0.3).findings) == "mutated input"


def test_a_cotangent_read_in_memory_order_is_found():
    report = check(curve, "softsign", in_memory_order, budget=0.6)
    assert report.verdict == "wrong" and "not contiguous" in report.diagnosis, report.text()


@pytest.mark.parametrize("layout", [*LAYOUTS[:3], READ_ONLY])
def test_a_case_is_kept_as_it_was_laid_out(layout, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    x = laid_out(np.arange(12.0).reshape(3, 4), layout)
    _, again = recall(keep(Sample({"x": x}, {"y": x}, {}), "value"))
    assert layout_of(again.inputs["x"]) == layout_of(again.cotangents["y"]) == layout
    assert np.array_equal(again.inputs["x"], x)
    assert [p.suffix for p in tmp_path.rglob("*.*")] == [".npz"]


def test_the_smallest_input_fails_again_on_replay(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = check(lambda x: curve(x.ravel(order="K").reshape(x.shape)), "softsign", budget=0.3)
    assert found.verdict == "wrong"
    assert check(lambda x: curve(x.ravel(order="K").reshape(x.shape)), "softsign", replay=found.cases[0]).verdict == "wrong"
    assert check(curve, "softsign", replay=found.cases[0]).verdict == "agrees"
