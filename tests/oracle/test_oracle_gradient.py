"""The oracle's own differentiation against central differences taken in exact arithmetic at 1500 bits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import oracle_definitions as d
import pytest
from mpmath import libmp
from oracle_definitions import INSTALLED

from derive.language.operation import Op
from derive.oracle import evaluate, gradient, hvp, jvp, ulps
from derive.oracle.binding import bind
from derive.oracle.evaluate import setting_of, sized
from derive.oracle.intervals import intervals
from derive.oracle.meaning import program_values

BITS = 1500
STEP = Fraction(1, 2**250)
RANDOM = np.random.default_rng(7)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape)


CASES: list[tuple[Op, dict[str, Any], dict[str, Any]]] = [
    (d.bell, {"x": normal(2, 3)}, {}),
    (d.naive_tanh, {"x": normal(4)}, {}),
    (d.hinge, {"x": normal(6) * 2}, {"width": 0.75}),
    (d.guarded, {"x": normal(6)}, {}),
    (d.leak, {"x": normal(3, 4), "a": normal(4)}, {}),
    (d.standard, {"x": normal(4, 3), "gamma": normal(3)}, {}),
    (d.blend, {"q": normal(2, 3, 2), "k": normal(2, 4, 2), "v": normal(2, 4, 3)}, {}),
    (d.pick, {"z": normal(4, 3), "label": np.array([2, 0, 1, 1])}, {}),
    (d.slide, {"x": normal(2, 7), "w": normal(3, 2, 3)}, {"stride": 2, "padding": 2}),
    (d.nearest, {"a": normal(4, 2), "b": normal(3, 2)}, {}),
    (d.best, {"x": normal(3, 4), "y": normal(3, 4)}, {}),
    (d.raised, {"x": np.abs(normal(4)) + 0.1, "y": normal(4), "t": 3}, {"p": 2.5}),
    (d.own, {"x": normal(2, 3, 2)}, {}),
]
IDS = [case[0].name for case in CASES]


def exact_outputs(case: Op, inputs: dict[str, Any], parameters: dict[str, Any]) -> dict[str, list[Fraction]]:
    """Midpoints of the outputs' enclosures as fractions, for inputs that are exact objects."""
    a = intervals(BITS)
    bound = sized(bind(case.program, inputs, parameters))
    setting, _ = program_values(case.program, setting_of(bound, a, None))
    found = {}
    for o in case.program.outputs:
        t = setting.leaves[o.name]
        data = t.data.transpose([t.axes.index(x) for x in o.names])
        found[o.name] = [Fraction(*libmp.to_rational(i.low)) for i in data.flat]
    return found


def total(case: Op, inputs: dict[str, Any], parameters: dict[str, Any], cotangents: dict[str, np.ndarray]) -> Fraction:
    outputs = exact_outputs(case, inputs, parameters)
    return sum((y * Fraction(g) for n, c in cotangents.items() for y, g in zip(outputs[n], c.flat, strict=True)), Fraction(0))


def moved(inputs: dict[str, Any], along: dict[str, np.ndarray], step: Fraction) -> dict[str, Any]:
    def shift(x: np.ndarray, t: np.ndarray) -> np.ndarray:
        return np.frompyfunc(lambda a, b: Fraction(a) + step * Fraction(b), 2, 1)(x, t)

    return {n: shift(x, along[n]) if n in along else x for n, x in inputs.items()}


def difference(f: Callable[[dict[str, Any]], Fraction], inputs: dict[str, Any], along: dict[str, np.ndarray]) -> Fraction:
    return (f(moved(inputs, along, STEP)) - f(moved(inputs, along, -STEP))) / (2 * STEP)


def flows(case: Op, inputs: dict[str, Any], parameters: dict[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Random cotangents and tangents."""
    random = np.random.default_rng(3)
    shapes = {n: r.value.shape for n, r in evaluate(case.program, inputs, parameters).items()}
    cotangents = {n: random.integers(-8, 9, size=s) / 4.0 for n, s in shapes.items()}
    return cotangents, {i.name: random.integers(-8, 9, size=np.shape(inputs[i.name])) / 4.0 for i in case.program.real_inputs}


def close(computed: float, exact: Fraction) -> bool:
    return abs(Fraction(computed) - exact) <= abs(exact) * Fraction(1, 2**52) + Fraction(1, 2**300)


@pytest.mark.parametrize("backend", INSTALLED)
@pytest.mark.parametrize(("case", "inputs", "parameters"), CASES, ids=IDS)
def test_gradient_and_jvp_and_hvp(case: Op, inputs: dict[str, Any], parameters: dict[str, Any], backend: str) -> None:
    cotangents, tangents = flows(case, inputs, parameters)
    found = gradient(case.program, inputs, cotangents, parameters, backend=backend)
    assert set(found) == {i.name for i in case.program.real_inputs}
    for name, result in found.items():
        assert result.decided.all() and result.value.shape == np.shape(inputs[name])
        for at in list(np.ndindex(result.value.shape))[:: 1 + result.value.size // 5]:
            unit = np.zeros(result.value.shape)
            unit[at] = 1
            exact = difference(lambda x: total(case, x, parameters, cotangents), inputs, {name: unit})
            assert close(float(result.value[at]), exact), (name, at, result.value[at], float(exact))

    along = jvp(case.program, inputs, tangents, parameters, backend=backend)
    for name, result in along.items():
        at = result.value.size // 2
        one = {name: np.eye(1, result.value.size, at).reshape(result.value.shape)}
        exact = difference(lambda x: total(case, x, parameters, one), inputs, tangents)  # noqa: B023
        assert result.decided.all() and close(float(result.value.flat[at]), exact), (name, at)

    second = hvp(case.program, inputs, cotangents, tangents, parameters, backend=backend)
    for name, result in second.items():
        at = result.value.size // 2
        unit = {name: np.eye(1, result.value.size, at).reshape(result.value.shape)}

        def slope(x: dict[str, Any]) -> Fraction:
            return difference(lambda z: total(case, z, parameters, cotangents), x, unit)  # noqa: B023

        exact = difference(slope, inputs, tangents)
        assert result.decided.all() and close(float(result.value.flat[at]), exact), (name, at, result.value.flat[at], float(exact))


@pytest.mark.parametrize("backend", INSTALLED)
@pytest.mark.parametrize(
    ("case", "x", "wanted"),
    [
        (d.slope_left, [0.0, -0.0, 1.0, -1.0], [0, 0, 1, 0]),
        (d.slope_right, [0.0, -0.0, 1.0, -1.0], [1, 1, 1, 0]),
        (d.hinge, [0.0, 1.0, -1.0, 1.5, -1.5], [0, 1, -1, 1, -1]),
        (d.guarded, [-1.5, -2.0, 0.0], [0, 0, 0]),
    ],
)
def test_the_branch_that_owns_the_kink_owns_the_derivative(case: Op, x: list[float], wanted: list[float], backend: str) -> None:
    found = gradient(case.program, {"x": x}, {"y": np.ones(len(x))}, backend=backend)["x"]
    assert found.decided.all() and found.value.tolist() == wanted
    assert jvp(case.program, {"x": x}, {"x": np.ones(len(x))}, backend=backend)["y"].value.tolist() == wanted


@pytest.mark.parametrize("backend", INSTALLED)
def test_the_first_of_equal_ones_takes_the_derivative(backend: str) -> None:
    a, b = np.array([[0.0], [4.0]]), np.array([[2.0], [2.0], [-2.0]])
    found = gradient(d.nearest.program, {"a": a, "b": b}, {"y": 1.0}, backend=backend)
    # min over M: (0: 4, 4, 4) takes the first b, (4: 4, 4, 36) too; max over N: (4, 4), (4, 4), (4, 36)
    np.testing.assert_allclose(found["a"].value[:, 0], [-2 + (-4 - 4) / 3, 2 + 12 / 3])
    np.testing.assert_allclose(found["b"].value[:, 0], [2 - 2 + 4 / 3, 4 / 3, -12 / 3])


def test_undefined_derivatives_are_undefined_and_stay_where_they_are() -> None:
    found = gradient(d.ordered.program, {"x": [0.0, 2.0], "z": [1.0, 1.0]}, {"y": [1.0, 1.0]})
    assert np.isnan(found["x"].value[0]) and found["x"].decided.all() and found["x"].value[1] == 2
    assert found["z"].value.tolist() == [1, 0]


@pytest.mark.parametrize("backend", INSTALLED)
def test_a_gradient_that_cancels_exactly_is_zero(backend: str) -> None:
    z = RANDOM.normal(size=(1, 4))
    q, k, v = z[:, :2].copy(), RANDOM.normal(size=(5, 2)), np.ones((5, 3))
    found = gradient(d.blend.program, {"q": q, "k": k, "v": v}, {"y": np.ones((1, 3))}, backend=backend)
    assert all(r.decided.all() for r in found.values())
    assert (found["q"].value == 0).all() and (found["k"].value == 0).all() and (ulps(np.zeros((5, 2)), found["k"]) < 2**-9).all()


def test_outputs_without_cotangent_and_inputs_out_of_reach_get_zero() -> None:
    x, y = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(2, 3))
    spread = d.best.program.outputs[1].name
    found = gradient(d.best.program, {"x": x, "y": y}, {spread: 1.0})
    assert (found["y"].value == 0).all() and np.count_nonzero(found["x"].value) == 2
    assert (gradient(d.best.program, {"x": x, "y": y}, {})["x"].value == 0).all()
