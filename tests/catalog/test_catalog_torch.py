"""Definitions against PyTorch, where it has the same: values and gradients in float64, on random inputs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from derive.catalog import CATALOG, find
from derive.checker import torch_values
from derive.checker.contract import contract
from derive.checker.differences import directions
from derive.language import Op
from derive.pipeline import readings

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from coverage_page import names
from coverage_rows import TABLES
from made import made
from torch_rows import ROWS, SIZES, F, Row, torch

NORMWISE = 1e-12


def inputs(row: Row) -> list[Any]:
    """Arrays for the op, in float64; labels in range."""
    r = np.random.default_rng(3)
    sizes = SIZES | row.sizes
    return [_made(row, i, r, sizes) for i in find(row.name).program.inputs]


def _made(row: Row, i: Any, r: Any, sizes: dict[str, int]) -> Any:
    shape = tuple(sizes[a] for a in i.names)
    if i.name in row.made:
        return row.made[i.name](r, shape)
    return r.integers(0, sizes[i.into], shape) if i.into else r.normal(size=shape)


def each(results: Any) -> tuple[Any, ...]:
    """The results, also where there is one."""
    return results if isinstance(results, tuple) else (results,)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_value_and_gradient_are_those_of_pytorch(row: Row) -> None:
    arrays = inputs(row)
    tensors = [torch.from_numpy(a.copy()) for a in arrays]
    real = {i.name: t.requires_grad_() for i, t in zip(find(row.name).program.inputs, tensors, strict=True) if t.is_floating_point()}
    theirs, ours = each(row.theirs(*tensors)), each(made(row.name)(*arrays, **row.parameters))
    for a, t in zip(ours, theirs, strict=True):
        near(a, t.detach().numpy())
    g = [np.random.default_rng(4).normal(size=np.shape(a)) for a in ours]
    torch.autograd.backward(theirs, [torch.from_numpy(np.asarray(c)) for c in g])
    found = made(row.name, "_vjp")(*g, *arrays, **row.parameters)
    assert {name for name, t in real.items() if t.grad is None} == set(row.fixed)
    for a, t in zip(each(found), real.values(), strict=True):
        if t.grad is not None:
            near(a, t.grad.numpy())


@pytest.mark.parametrize("name", ["batch_norm_statistics", "batch_norm_statistics_2d"])
def test_running_statistics_are_those_of_pytorch(name: str) -> None:
    arrays = inputs(Row(name, F.batch_norm))
    *_, mean, var = made(name)(*arrays, momentum=0.3)
    x, running_mean, running_var = (torch.from_numpy(a.copy()) for a in arrays)
    F.batch_norm(x, running_mean, running_var, training=True, momentum=0.3)
    near(mean, running_mean.numpy())
    near(var, running_var.numpy())


NO_GRADIENT = {"batch_norm_statistics", "batch_norm_statistics_2d"}
NOTHING = {"ctc_padded": ("frame_padding",)}  # with frames missing, labels may not fit: of numbers near log_epsilon neither has 12 digits
RECURRENCES = {"ctc", "ctc_none", "ctc_padded"}  # compared in tests/pipeline/test_recurrences.py, with labels as PyTorch wants them


def test_every_entry_that_pytorch_has_is_compared() -> None:
    theirs = {n for title, table in TABLES.items() if title.startswith("torch") for value in table.values() for n in names(value)}
    assert theirs - {row.name for row in ROWS} - NO_GRADIENT - RECURRENCES == set()


def test_a_small_error_is_seen() -> None:
    x = np.linspace(-1, 1, 7)
    near(x, x)
    with pytest.raises(AssertionError):
        near(x, x + 1e-11)
    with pytest.raises(AssertionError):
        near(x, x[None])


def near(ours: Any, theirs: Any) -> None:
    assert np.shape(ours) == np.shape(theirs)
    assert np.linalg.norm(np.ravel(ours - theirs)) <= NORMWISE * max(np.linalg.norm(np.ravel(theirs)), 1e-300)


@pytest.mark.parametrize("op", [op for op in CATALOG if len(readings(op).names) > 1], ids=lambda op: op.name)
def test_gradients_are_those_of_pytorchs_differentiation_of_the_definition(op: Op) -> None:
    for d in directions(contract(op), 2, 9):
        arrays = {**d.sample.inputs, **{n: x * 0 for n, x in d.sample.inputs.items() if n in NOTHING.get(op.name, ())}}
        g, parameters = d.sample.cotangents, d.sample.parameters
        theirs = torch_values.gradients(op.program, arrays, g, parameters)
        found = made(op.name, "_vjp")(*g.values(), *(arrays[i.name] for i in op.program.inputs), **parameters)
        ours = found if isinstance(found, tuple) else (found,)
        near(flat(ours), flat([theirs[i.name] for i in op.program.real_inputs]))


def flat(arrays: Any) -> Any:
    """All numbers of some arrays."""
    return np.concatenate([np.ravel(a) for a in arrays])


# fmt: off
KINKS = (
    ("relu", F.relu, (0,)),
    ("leaky_relu", F.leaky_relu, (0,)),
    ("elu", F.elu, (0,)),
    ("celu", F.celu, (0,)),
    ("relu6", F.relu6, (0, 6)),
    ("hardtanh", F.hardtanh, (-1, 1)),
    ("hardsigmoid", F.hardsigmoid, (-3, 3)),
    ("hardswish", F.hardswish, (-3, 3)),
    ("hardshrink", F.hardshrink, (-0.5, 0.5)),
    ("softshrink", F.softshrink, (-0.5, 0.5)),
    ("threshold", lambda x: F.threshold(x, 0, 0), (0,)),
    ("softsign", F.softsign, (0,)),
)
# fmt: on


@pytest.mark.parametrize(("name", "theirs", "places"), KINKS, ids=[k[0] for k in KINKS])
def test_the_derivative_at_a_kink_is_that_of_pytorch(name: str, theirs: Callable[..., Any], places: tuple[float, ...]) -> None:
    x = torch.tensor(places, dtype=torch.float64, requires_grad=True)
    theirs(x).sum().backward()
    found = made(name, "_vjp")(np.ones(len(places)), np.array(places, dtype=float))
    np.testing.assert_array_equal(found, x.grad.numpy())
