"""Second derivatives against differences of the gradient: every entry that has one, at moderate inputs away from kinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from made import made

from derive.catalog import CATALOG
from derive.checker.contract import contract
from derive.checker.differences import STEP, Direction, directions
from derive.language import Op
from derive.pipeline import readings

STEPS = (STEP, STEP / 32)  # the second where curvature is strong
HALVINGS = 4
BOUND = 1e-8
CURVED = [op for op in CATALOG if "hvp" in readings(op).names]


def flat(results: Any) -> Any:
    """All numbers of a result."""
    return np.concatenate([np.ravel(r) for r in (results if isinstance(results, tuple) else (results,))])


def arguments(op: Op, d: Direction, inputs: Mapping[str, Any], *tangents: Any) -> list[Any]:
    """What a gradient takes: cotangents, tangents for its own derivative, inputs."""
    return [*(d.sample.cotangents[o.name] for o in op.program.outputs), *tangents, *(inputs[i.name] for i in op.program.inputs)]


def differences(along: Callable[[float], Any], step: float) -> Any:
    """The derivative at 0 by central differences with ever smaller steps, extrapolated to none (Romberg)."""
    row = [(along(h) - along(-h)) / (2 * h) for h in (step / 2**k for k in range(HALVINGS))]
    for k in range(1, HALVINGS):
        row = [b + (b - a) / (4**k - 1) for a, b in pairwise(row)]
    return row[0]


def error(op: Op, second: Callable[..., Any], d: Direction) -> float:
    """How far the second derivative along a direction is from differences of the gradient, over the size of both."""
    gradient, parameters = made(op.name, "_vjp"), d.sample.parameters

    def along(t: float) -> Any:
        return flat(gradient(*arguments(op, d, d.at(t)), **parameters))

    tangents = [d.moves.get(i.name, np.zeros_like(d.sample.inputs[i.name])) for i in op.program.real_inputs]
    ours = flat(second(*arguments(op, d, d.sample.inputs, *tangents), **parameters))
    found = [differences(along, step) for step in STEPS]
    return min(float(np.linalg.norm(ours - f) / (np.linalg.norm(f) + np.linalg.norm(along(0)) or 1.0)) for f in found)


@pytest.mark.parametrize("op", CURVED, ids=lambda op: op.name)
def test_second_derivatives_are_differences_of_the_gradient(op: Op) -> None:
    found = directions(contract(op), 2, 5)
    assert found, "no direction without a kink"
    assert max(error(op, made(op.name, "_hvp"), d) for d in found) <= BOUND


@pytest.mark.parametrize("name", ["gelu", "softmax", "layer_norm", "matmul"])
def test_a_wrong_second_derivative_is_seen(name: str) -> None:
    op = next(op for op in CURVED if op.name == name)
    right = made(name, "_hvp")

    def wrong(*arrays: Any, **parameters: Any) -> Any:
        first, *rest = r if isinstance(r := right(*arrays, **parameters), tuple) else (r,)
        return (first * (1 + 1e-4), *rest)

    assert max(error(op, wrong, d) for d in directions(contract(op), 2, 5)) > BOUND
