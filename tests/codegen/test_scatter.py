"""One-hot rows that are kept become scatter-adds: right for every kind of position, and never spread along the axis they point into."""

import numpy as np
import pytest
from codegen_definitions import bagged_grad, conv2d_grad, grouped_grad, placed_grad, pooled_grad

from derive.catalog import find
from derive.codegen.docstring import FunctionDoc
from derive.codegen.module import module_source
from derive.codegen.plan import plan
from derive.codegen.steps import reachable
from derive.codegen.support import _scatter_add, _scatter_add_at
from derive.pipeline import readings, stable


def added_one_by_one(positions, values, sizes):
    total = np.zeros((*sizes, *values.shape[np.ndim(positions[0]) :]))
    for at in np.ndindex(positions[0].shape):
        to = tuple(p[at] for p in positions)
        if all(0 <= t < n for t, n in zip(to, sizes, strict=True)):
            total[to] += values[at]
    return total


@pytest.mark.parametrize("rest", [(), (3,), (8, 9)])
@pytest.mark.parametrize("sizes", [(4,), (1,), (3, 4), (4, 1, 2)])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (0,)])
def test_values_are_added_at_their_positions(shape, sizes, rest):
    rng = np.random.default_rng(0)
    positions = [rng.integers(-1, n + 1, shape) for n in sizes]
    values = rng.normal(size=(*shape, *rest))
    assert np.array_equal(_scatter_add_at(positions, values, sizes), added_one_by_one(positions, values, sizes))


def test_positions_broadcast_and_an_empty_axis_takes_nothing():
    values = np.arange(6.0).reshape(2, 3)
    rows, columns = np.arange(2)[:, None], np.array([2, 0, 2])
    assert np.array_equal(_scatter_add_at((rows, columns), values, (2, 3)), [[1, 0, 2], [4, 0, 8]])
    assert _scatter_add(np.array([0, 1]), values, 0).shape == (0, 3)


@pytest.mark.parametrize("reading", ["vjp", "hvp"])
@pytest.mark.parametrize("name", ["conv1d", "conv2d", "conv2d_depthwise", "conv2d_groups", "avg_pool2d", "max_pool2d"])
def test_no_array_runs_over_outputs_and_inputs_at_once(name, reading):
    found = plan(stable(readings(find(name)).program(reading)))
    axes = [set(found.steps[n].axes) for n in reachable(found)]
    assert [a for a in axes if {"P", "H"} <= a or {"Q", "W"} <= a or {"P", "L"} <= a] == []


def test_a_window_is_contracted_before_it_is_scattered():
    text = module_source([(conv2d_grad.program, FunctionDoc(conv2d_grad.summary))], "Test.")
    assert " = np.einsum('nopq,ocij->" in text
    assert text.count(" = _scatter_add(") == 2


@pytest.mark.parametrize("op", [conv2d_grad, grouped_grad, pooled_grad, placed_grad, bagged_grad], ids=lambda op: op.name)
def test_no_position_is_compared_with_all_others(op):
    assert "== np.arange" not in module_source([(op.program, FunctionDoc(op.summary))], "Test.")
