"""What functions of one argument make of an error in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.floats import FUNCTIONS
from derive.checker.kernels import kernel
from derive.checker.levels import Bound, Wide

Array = NDArray[Any]
DEEP = -30.0
NARROW = ("normal_cdf", "erf")  # SciPy has them in float64 only


def wide(fn: str, args: list[Array]) -> Any:
    """The function's value, in the widest arithmetic that has it."""
    if fn == "normal_cdf":
        return _normal_cdf(np.asarray(args[0], Wide))
    if fn in NARROW or fn not in FUNCTIONS:
        return kernel(fn)(*(np.asarray(a, np.float64) for a in args))
    return FUNCTIONS[fn](*args)


def _normal_cdf(x: Array) -> Array:
    """Far out by the scaled complement, so that it goes on where a double has none left."""
    from scipy.special import erfcx

    far = erfcx(np.asarray(np.maximum(-x, 0) / np.sqrt(2), np.float64)) * np.exp(-x * x / 2) / 2
    return np.asarray(np.where(x < DEEP, far, kernel("normal_cdf")(np.asarray(x, np.float64))))


def differences(fn: str, args: list[Bound]) -> Array:
    """What errors do to a function that has no row: differences over a step far above its own rounding."""
    total = np.zeros((), Wide)
    centre = wide(fn, [a.v for a in args])
    for k, a in enumerate(args):
        step = np.maximum(a.e, np.abs(a.v) * 2.0**-26)
        moved = [np.abs(wide(fn, [b.v + s * step if j == k else b.v for j, b in enumerate(args)]) - centre) for s in (1, -1)]
        slope = np.where(step > 0, np.fmax(*moved) / np.where(step > 0, step, 1), 0)
        total = total + slope * a.e
    return np.asarray(total, Wide)


def _nearest(x: Array, e: Array) -> Array:
    return np.asarray(np.maximum(np.abs(x) - e, 0))


# What an argument (value, error) passes on, exactly or as an upper bound over the whole interval.
# fmt: off
PASSED: dict[str, Callable[..., Array]] = {
    "exp":        lambda x: np.exp(x[0]) * np.expm1(x[1]),
    "log":        lambda x: np.where(x[1] < x[0], -np.log1p(-x[1] / x[0]), np.inf),
    "normal_cdf": lambda x: x[1] * np.exp(-_nearest(*x) ** 2 / 2) / np.sqrt(2 * np.pi),
    "erf":        lambda x: x[1] * np.exp(-_nearest(*x) ** 2) * 2 / np.sqrt(np.pi),
    "sin":        lambda x: np.minimum(np.abs(np.cos(x[0])) * x[1] + x[1] ** 2 / 2, 2),
    "cos":        lambda x: np.minimum(np.abs(np.sin(x[0])) * x[1] + x[1] ** 2 / 2, 2),
    "arctan":     lambda x: x[1] / (1 + _nearest(*x) ** 2),
    "abs":        lambda x: x[1],
    "floor":      lambda x: np.zeros_like(x[1]),
}
# fmt: on
