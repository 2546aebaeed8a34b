"""The generated readings of a definition beside the oracle's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from derive import oracle, pipeline
from derive.language.operation import Op

Near = Callable[[list[np.ndarray], Mapping[str, oracle.Rounded]], None]


def called(defined: Op, suffix: str, *arrays: Any) -> list[np.ndarray]:
    """The results of NAME + suffix, warnings aside."""
    with np.errstate(all="ignore"):
        found = pipeline.generated(defined)[defined.name + suffix](*arrays)
    return [np.asarray(y) for y in (found if isinstance(found, tuple) else (found,))]


def hold(defined: Op, arrays: Sequence[Any], rng: np.random.Generator, near: Near) -> None:
    """Value, gradient and derivative in a random direction are near the oracle's."""
    program = defined.program
    inputs = {i.name: a for i, a in zip(program.inputs, arrays, strict=True)}
    value = oracle.evaluate(program, inputs)
    near(called(defined, "", *arrays), value)
    bars = {n: np.ones_like(np.asarray(v.value, float)) for n, v in value.items()}
    near(called(defined, "_vjp", *bars.values(), *arrays), oracle.gradient(program, inputs, bars))
    tangents = {i.name: rng.normal(size=np.shape(inputs[i.name])) for i in program.real_inputs}
    near(called(defined, "_jvp", *tangents.values(), *arrays), oracle.jvp(program, inputs, tangents))
