"""Contracts and inputs, read off definitions that no catalogue knows."""

from __future__ import annotations

import numpy as np

from derive.checker.contract import contract, text
from derive.checker.inputs import LAYOUTS, SHAPES, Case, sample, setting
from derive.checker.regimes import REGIMES
from derive.language.definition import Between, Index, Natural, NonNegative, OneOf, Positive, Range, Real, Scalar, assume, op
from derive.language.functions import abs, exp, idx, inf, log, max, mean, new, size, sqrt, sum, where


@op
def odd_one(x: Real["N C"], t: Real["N C"], w: Real["C"], label: Index["N -> C"], *, knee: Positive = 0.5):
    """Something with a kink, a simplex, a logarithm and a gather."""
    assume(sum(t, "C"), equals=1)
    soft = where(abs(x) <= knee, x**2, knee * abs(x))
    return sum(soft * t, "C") + log(w).at(C=label) + exp(max(x, "C"))


@op
def window(x: Real["N H"], w: Real["I"], *, stride: Natural = 1, dilation: Natural = 1):
    """A one-dimensional window."""
    return sum(x.at(H=stride * new("P") + dilation * idx("I")) * w, "I")


@op
def root(v: Real["..."]):
    """Square root."""
    return sqrt(v)


def test_domains_are_found_by_trying():
    assert contract(odd_one).domains == {"x": Scalar, "t": Between(0, 1), "w": Positive}
    assert contract(root).domains == {"v": NonNegative}


@op
def ranged(p: Real["N", Between(0, 1)], t: Real["N", Range(0, 1)], v: Real["N", Range(low=-3)], u: Real["N", Range(high=2)]):
    """Inputs that declare their ranges."""
    return mean(t * log(p) + v + u)


def test_declared_ranges_hold_in_every_sample_and_their_ends_are_met():
    c = contract(ranged)
    assert [str(c.domains[n]) for n in "ptvu"] == ["(0, 1)", "[0, 1]", "[-3, inf)", "(-inf, 2]"]
    assert "real in (0, 1)" in text(c)
    met = set()
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        for regime in REGIMES:
            for seed in range(4):
                inputs = sample(c, Case("long last", regime, seed=seed), dtype).inputs
                for i in ranged.program.inputs:
                    assert all(i.limits.admits(float(v)) for v in inputs[i.name]), (i.name, dtype, regime)
                met |= set(inputs["t"].tolist()) & {0.0, 1.0}
    assert met == {0.0, 1.0}


@op
def skipping(x: Real["N C"], label: Index["N -> C but gap"], *, gap: Natural = 0):
    """What stands at each label, one of which is none."""
    return x.at(C=label)


def test_a_barred_position_is_never_tried_and_every_other_is():
    c = contract(skipping)
    assert "position along C but not gap" in text(c)
    met = set()
    for shape in SHAPES:
        for regime in REGIMES:
            s = sample(c, Case(shape, regime, seed=1), "float32", {"gap": 1})
            assert not (s.inputs["label"] == 1).any() and (s.inputs["label"] < s.inputs["x"].shape[1]).all(), (shape, regime)
            met |= set(s.inputs["label"].tolist())
    assert {0, 2, 3} <= met


def test_kinks_and_ties_are_named():
    found = " / ".join(contract(odd_one).kinks)
    assert "abs(x) = knee" in found and "x = 0" in found and "ties of x along C" in found
    assert "knee" in text(contract(odd_one))


def test_edges_are_where_exponentials_overflow_and_branches_change():
    edges = contract(odd_one).edges({"knee": 0.5}, "float32")["x"]
    values = np.array([e.value for e in edges])
    assert np.min(np.abs(values - np.log(float(np.finfo(np.float32).max)))) < 1e-9
    assert np.min(np.abs(values - 0.5)) < 1e-12 and np.min(np.abs(values + 0.5)) < 1e-12


def test_hypotheses_hold_exactly_in_every_dtype():
    for dtype in ("float16", "float32", "float64"):
        for regime in REGIMES:
            t = sample(contract(odd_one), Case("odd", regime), dtype).inputs["t"]
            assert t.dtype == dtype
            assert np.all(t.sum(-1) == 1)


def test_every_case_is_legal_and_repeats():
    for op_ in (odd_one, window, root):
        c = contract(op_)
        for k, shape in enumerate(SHAPES):
            for regime in REGIMES:
                case = Case(shape, regime, k % 3, LAYOUTS[k % 3], k)
                a, b = sample(c, case, "float32"), sample(c, case, "float32")
                for i in c.program.inputs:
                    assert np.array_equal(a.inputs[i.name], b.inputs[i.name])
                    if i.dtype == "index":
                        assert a.inputs[i.name].min() >= 0 and a.inputs[i.name].max() < a.inputs["x"].shape[1]
                    else:
                        assert np.all(np.isfinite(a.inputs[i.name]))
                if "w" in a.inputs and op_ is odd_one:
                    assert np.all(a.inputs["w"] > 0)


def test_parameters_leave_their_defaults_within_range():
    c = contract(window)
    assert setting(c, 0) == {"stride": 1, "dilation": 1}
    assert setting(c, 1) == {"stride": 2, "dilation": 3}


def test_layouts():
    c = contract(odd_one)
    assert sample(c, Case("odd", layout="F"), "float64").inputs["x"].flags.f_contiguous
    assert not sample(c, Case("odd", layout="strided"), "float64").inputs["x"].flags.forc


@op
def pooled(x: Real["N L"], label: Index["N -> L or -1"], *, padding: Natural = 1):
    """The largest of each window, and what labels point to."""
    assume(size("L") > 3)
    assume(padding <= 1)
    widest = max(x.at(L=new("P") + new("K", size=3) - padding, outside=-inf), "K")
    return sum(widest, "P") + x.at(L=label)


def test_comparisons_of_positions_are_no_kinks():
    assert all("idx" not in k.split(" along ")[0] or k.startswith("ties") for k in contract(pooled).kinks)
    assert not any(k.startswith("label") for k in contract(pooled).kinks)


def test_calls_satisfy_what_is_required():
    c = contract(pooled)
    assert "size(L) > 3" in text(c)
    found = [sample(c, Case(shape, regime, variant, seed=seed), "float32") for shape in SHAPES for regime in REGIMES for variant in range(3)
             for seed in range(2)]  # fmt: skip
    assert all(s.inputs["x"].shape[1] > 3 and s.parameters["padding"] <= 1 for s in found)
    labels = np.concatenate([s.inputs["label"] for s in found])
    assert (labels == -1).mean() > 0.05 and (labels >= -1).all() and {s.parameters["padding"] for s in found} == {0, 1}


@op
def signed(score: Real["N C"], side: Real["N", OneOf(-1, 1)], *, parts: Positive = 2):
    """A score on its side."""
    assume(size("C") % 2, equals=0)
    return side * sum(score, "C")


def test_an_input_of_a_few_numbers_holds_these_and_a_size_that_must_divide_does():
    c = contract(signed)
    seen = set()
    for k, regime in enumerate(REGIMES):
        s = sample(c, Case(SHAPES[k % 6], regime, 0, "C", k), "float32")
        seen |= set(s.inputs["side"].tolist())
        assert s.inputs["score"].shape[1] % 2 == 0
    assert seen == {-1.0, 1.0} and "real in {-1, 1}" in text(c)


@op
def falling(x: Real["..."]):
    """An exponential."""
    return exp(-x)


def test_exponentials_are_met_on_both_sides_of_their_edges():
    found = sorted(e.value for e in contract(falling).edges({}, "float64")["x"])
    for low, high in ((708.3, 708.5), (709.7, 709.9), (710, 744), (744.3, 744.5)):
        assert any(low < v < high for v in found) and any(-high < v < -low for v in found), found
