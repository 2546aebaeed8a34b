"""Programs in plain floating point: what a definition gives when it is typed into NumPy without a second thought."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def special(name: str) -> Callable[..., Any]:
    """A function of scipy.special, which is imported by the first call: that takes as long as many a check."""

    def called(*arguments: Any, **keywords: Any) -> Any:
        return getattr(importlib.import_module("scipy.special"), name)(*arguments, **keywords)

    return called


# fmt: off
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "pi":         lambda: np.pi,
    "inf":        lambda: np.inf,
    "exp":        np.exp,
    "log":        np.log,
    "normal_cdf": special("ndtr"),
    "erf":        special("erf"),
    "sin":        np.sin,
    "cos":        np.cos,
    "arctan":     np.arctan,
    "abs":        np.abs,
    "sign":       np.sign,
    "floor":      np.floor,
}
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}
REDUCE: dict[str, Callable[..., Any]] = {
    "sum":    np.sum,
    "mean":   np.mean,
    "max":    np.max,
    "min":    np.min,
    "argmax": lambda x, axis, keepdims: np.argmax(x, axis=axis[0], keepdims=keepdims),
    "argmin": lambda x, axis, keepdims: np.argmin(x, axis=axis[0], keepdims=keepdims),
    "logsumexp": special("logsumexp"),
}
# fmt: on


class Floats:
    """Arithmetic on float64 arrays."""

    def array(self, values: Array, exact: bool) -> Array:
        """Integers stay integers; the rest is float64."""
        return values if exact else values.astype(np.float64)

    def constant(self, value: Fraction) -> Any:
        """The nearest float."""
        return np.float64(float(value))

    def parameter(self, value: float | Fraction) -> Any:
        """The nearest float."""
        return np.float64(float(value))

    def add(self, args: list[Any]) -> Any:
        """From left to right."""
        total = args[0]
        for a in args[1:]:
            total = total + a
        return total

    def mul(self, args: list[Any]) -> Any:
        """From left to right."""
        total = args[0]
        for a in args[1:]:
            total = total * a
        return total

    def power(self, base: Any, exponent: Any, exact: Fraction | None) -> Any:
        """A square root where the exponent is one half, NumPy's power otherwise."""
        if exact == Fraction(1, 2):
            return np.sqrt(base)
        return np.power(np.asarray(base, np.float64), exponent)

    def call(self, fn: str, args: list[Any]) -> Any:
        """NumPy's or SciPy's function."""
        return FUNCTIONS[fn](*args)

    def compare(self, op: str, left: Any, right: Any) -> Any:
        """A boolean array."""
        return COMPARE[op](left, right)

    def where(self, condition: Any, chosen: Any, other: Any) -> Any:
        """Element by element."""
        return np.where(condition, chosen, other)

    def reduce(self, how: str, body: Any, dims: tuple[int, ...], length: int) -> Any:
        """Reduced dimensions stay, with length 1."""
        return REDUCE[how](body, axis=dims, keepdims=True)

    def positions(self, index: Any) -> Array:
        """The index as integers."""
        return np.asarray(index).astype(np.int64)

    def shape(self, body: Any) -> tuple[int, ...]:
        """The full-rank shape."""
        return tuple(np.shape(body))

    def read(self, body: Any, mesh: tuple[Array, ...], inside: Array) -> Any:
        """0 outside."""
        return np.where(inside, np.asarray(body)[mesh], 0)

    def onehot(self, index: Any, places: Array, dim: int) -> Any:
        """1.0 where the places equal the index."""
        return (places == index).astype(np.float64)
