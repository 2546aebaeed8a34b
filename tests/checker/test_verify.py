"""Verification of generated code: right code holds, a planted error in any of its readings fails, and the table says so."""

from __future__ import annotations

import json
from functools import wraps

import numpy as np
import pytest

from derive.catalog import find, load
from derive.catalog.activations import softmax
from derive.checker.contract import contract
from derive.checker.differences import directions
from derive.checker.rules import AnyOrder
from derive.checker.search import grid
from derive.checker.table import exit_code, moving_line, table, to_json
from derive.checker.torch_values import available
from derive.checker.verify import verify, verify_all
from derive.language import Real, idx, inf, op, where
from derive.pipeline import generated


def functions(name, **changed):
    return {**generated(find(name)), **changed}


@pytest.mark.parametrize("name", ["relu", "batch_norm_train"])
def test_generated_code_holds(name):
    result = verify(find(name), functions(name), budget=1.0)
    assert result.passes, table([result])
    value, gradient = result.rows
    assert (value.reading, gradient.reading, gradient.tier) == ("value", "gradient", "A")
    assert gradient.difference < 1e-9 and gradient.adjoint < 1e-13
    assert gradient.torch is None or gradient.torch < 1e-12
    assert (gradient.torch is None) == (not available())
    assert min(value.cases, gradient.cases) > 5


def test_a_value_off_by_a_part_in_a_million_fails():
    wrong = functions("batch_norm_train")
    right = wrong["batch_norm_train"]
    result = verify(
        find("batch_norm_train"),
        {**wrong, "batch_norm_train": lambda x, gamma, beta, *, eps=1e-5: right(x, gamma, beta, eps=eps) * (1 + 1e-6)},
        budget=1.0,
    )
    assert [r.passes for r in result.rows] == [False, True] or not result.passes
    assert "FAILS" in table([result]) and exit_code([result]) == 1
    assert "wrong" in result.rows[0].failure


def test_another_convention_at_a_kink_fails():
    result = verify(find("relu"), functions("relu", relu_vjp=lambda g, x: g * (x >= 0)), budget=1.0)
    assert "at a kink it takes the other side" in result.rows[1].failure


def test_a_wrong_jvp_fails_by_the_adjoint_identity():
    jvp = generated(find("mse"))["mse_jvp"]

    @wraps(jvp)
    def twice(*arrays):
        return 2 * jvp(*arrays)

    result = verify(find("mse"), functions("mse", mse_jvp=twice), budget=1.0)
    assert "<g, jvp>" in result.rows[1].failure


def test_the_grid_has_every_exponent_in_both_signs():
    x = np.concatenate([s.inputs["x"].ravel() for s in grid(contract(find("relu")), "float64", 0)])
    _, exponents = np.frexp(x)
    for sign in (x > 0, x < 0):
        assert set(range(-1072, 1024)) <= set(exponents[sign].tolist())


def test_all_in_parallel_in_the_given_order_with_progress():
    heard = []
    specs = ["mae", "no_such_op", "linear"]
    results = verify_all(specs, load, generated, budget=0.4, workers=2, told=lambda done, total, last: heard.append((done, total)))
    assert [v.op for v in results] == specs
    assert [v.passes for v in results] == [True, False, True]
    assert heard == [(1, 3), (2, 3), (3, 3)]
    assert "no op is called" in table(results)
    fields = json.loads(to_json(results))
    assert fields["schema"] == "derive.verify/1" and not fields["passes"]
    assert {"op", "reading", "tier", "ulps_max", "ulps_999", "difference", "torch", "cases", "seconds"} <= set(fields["rows"][0])


def test_no_progress_line_where_stderr_is_no_terminal():
    assert moving_line() is None


def test_products_that_overflow_in_some_order_keep_their_sign():
    """Otherwise sigmoid(-inf) would be taken for sigmoid(inf), a number, and code would owe one."""
    with np.errstate(all="ignore"):
        found = AnyOrder().mul([np.array([1e200, -1e200, 1e200, 2]), np.array([1e200, 1e200, 1e200, 3]), np.array([1e-300, 1, 0, -1])])
    np.testing.assert_array_equal(found, [np.inf, -np.inf, np.nan, -6])


@op
def twice_masked(s: Real["T T'"], pad: Real["T'"]):
    """Causal shares of what is no padding: the first row may be masked throughout."""
    return softmax(where(pad < 1, where(idx("T'") <= idx("T"), s, -inf), -inf), over="T'")


def test_slopes_are_looked_for_where_there_is_a_value():
    value = generated(twice_masked)["twice_masked"]
    found = [d.sample.inputs for seed in range(6) for d in directions(contract(twice_masked), 3, seed)]
    with np.errstate(invalid="ignore"):
        assert len(found) == 18 and all(np.isfinite(value(**inputs)).all() for inputs in found)
        nowhere = {**generated(twice_masked), "twice_masked": lambda *args: np.nan * value(*args)}
        assert np.isnan(verify(twice_masked, nowhere, budget=1.0).rows[1].difference)
