"""The derived tolerance: tight where the printed form is, wide where it cancels, silent where it overflows."""

from __future__ import annotations

import numpy as np
import pytest

from derive import oracle
from derive.catalog.activations import softplus
from derive.checker.conditioning import conditioned
from derive.checker.evaluate import CheckError, evaluate
from derive.checker.floats import Floats
from derive.checker.forms import forms
from derive.checker.judging import judge
from derive.checker.levels import LEVELS
from derive.checker.tolerance import allowances
from derive.language.definition import Index, Positive, Real, op
from derive.language.functions import exp, max, mean, sqrt, sum, where

U = 2.0**-24


@op
def logistic(x: Real["..."]):
    """One over one plus e to the minus x."""
    return 1 / (1 + exp(-x))


@op
def complement_product(x: Real["..."]):
    """The logistic times one minus it."""
    s = 1 / (1 + exp(-x))
    return s * (1 - s)


@op
def ramp(x: Real["..."]):
    """x where positive."""
    return where(x > 0, x, 0)


@op
def step(x: Real["..."]):
    """1 where positive."""
    return where(x > 0, 1, 0)


@op
def standardise(x: Real["N D"], *, eps: Positive = 1e-5):
    """Zero mean, unit variance."""
    mu = mean(x, "N")
    return (x - mu) / sqrt(mean((x - mu) ** 2, "N") + eps)


@op
def pick(x: Real["N C"], label: Index["N -> C"]):
    """Row sums at labels plus row maxima."""
    return sum(x.at(C=label) + max(x, "C"), "N")


def slack(of, **inputs):
    (a,) = allowances([of.program], inputs, {}, LEVELS["float32"])
    return np.asarray(a.slack, float)


def test_a_well_conditioned_form_is_held_to_a_few_roundings():
    assert slack(logistic, x=np.array([0.5]))[0] < 16 * U


def test_cancellation_widens_the_bound_as_much_as_it_loses():
    bound = slack(complement_product, x=np.array([12.0]))[0]
    truth = np.exp(-12.0)
    assert 1e-3 < bound / truth < 1


def test_nothing_is_claimed_where_a_form_overflows_the_dtype():
    assert np.isinf(slack(logistic, x=np.array([-100.0]))[0])
    (a,) = allowances([logistic.program], {"x": np.array([-100.0])}, {}, LEVELS["float64"])
    assert np.isfinite(a.slack[0])


def test_no_absolute_floor():
    assert slack(ramp, x=np.array([1e-30]))[0] < 1e-36
    assert slack(ramp, x=np.array([0.0]))[0] == 0


def test_a_mean_far_from_zero_costs_digits():
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    near, far = slack(standardise, x=x).max(), slack(standardise, x=x + 1024).max()
    assert far > 100 * near


def test_a_jump_allows_both_sides_and_what_lies_between():
    (a,) = allowances([step.program], {"x": np.array([-1.0, 0.0, 1.0])}, {}, LEVELS["float32"])
    assert a.low.tolist() == [0, 0, 0]
    assert a.high.tolist() == [0, 1, 0]
    assert a.kinked.tolist() == [False, True, False]


def test_float32_errors_of_correct_code_stay_within():
    rng = np.random.default_rng(1)
    for scale in (1, 30, 1e-3):
        x = (rng.normal(size=(64, 3)) * scale + 5).astype(np.float32)
        low = ((x - x.mean(0)) / np.sqrt(x.var(0) + np.float32(1e-5))).astype(float)
        w = x.astype(float)
        exact = (w - w.mean(0)) / np.sqrt(w.var(0) + 1e-5)
        assert np.all(np.abs(low - exact) <= slack(standardise, x=x))


def test_programs_over_floats():
    x = np.array([[1.0, 5.0, 2.0], [4.0, 0.0, 3.0]])
    _, named = evaluate(pick.program, {"x": x, "label": np.array([2, 0])}, {}, Floats())
    assert float(np.squeeze(named[pick.program.outputs[0].name])) == (2 + 5) + (4 + 4)


def test_shapes_that_contradict_each_other_are_named():
    with pytest.raises(CheckError, match="label has 3 positions along N; another input has 2"):
        evaluate(pick.program, {"x": np.zeros((2, 3)), "label": np.zeros(3, int)}, {}, Floats())


@op
def falls_away(x: Real["..."]):
    """The input, times how much of it is left."""
    return x / (1 + exp(-x))


@op
def falls_far(x: Real["..."]):
    """The same, for numbers far below zero."""
    return x * exp(x) / (1 + exp(x))


def test_an_intermediate_that_vanishes_may_be_missing_but_turns_no_sign():
    x = np.array([-709.9])
    exact = oracle.evaluate(falls_away.program, {"x": x}, {}, dtype="float64")["y"]
    (a,) = allowances([falls_away.program, falls_far.program], {"x": x}, {}, LEVELS["float64"])
    assert judge(np.array([-0.0]), exact, a).ratio <= 1
    assert judge(np.array([-1e-309]), exact, a).ratio <= 1 < judge(np.array([1e-309]), exact, a).ratio


def test_a_subnormal_intermediate_may_be_rounded_before_it_is_doubled():
    """At x = -34 and beta = 1/2, log1p(exp(beta*x)) is two thirds of the smallest number of half precision: 1 or 0 of them, doubled."""
    forms_, arrays, level = forms(softplus).value, {"x": np.array([-34.03], np.float16)}, LEVELS["float16"]
    allowed = allowances(forms_, arrays, {"beta": 0.5}, level, jumps=False)
    exact = [np.log1p(np.exp(arrays["x"].astype(float) / 2)) * 2]
    (sharper,) = conditioned(forms_[0], arrays, {"beta": 0.5}, exact, allowed, level)
    assert sharper.slack >= level.tiny / 0.5
