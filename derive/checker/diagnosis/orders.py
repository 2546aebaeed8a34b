"""Positions along an axis counted in another order: a number of two or three digits whose digits are taken in another order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
DIGITS = ("*p", "p*", "*pp", "p*p", "pp*")  # p: a digit below p; *: whatever is left


@dataclass(frozen=True)
class Order:
    """Positions read as digits, and these in another order, as reshape and transpose do it."""

    digits: str
    axes: tuple[int, ...]

    def words(self, p: str) -> str:
        """What is done, in words."""
        shape = ", ".join(p if d == "p" else "-1" for d in self.digits)
        return f"counted in another order: as if reshaped to ({shape}) and transposed by {self.axes}"

    def taken(self, x: Array, axis: int, p: int) -> Array:
        """The numbers along an axis in that order. Raises ValueError where they cannot be counted so."""
        here = np.arange(x.shape[axis]).reshape([p if d == "p" else -1 for d in self.digits])
        return np.take(x, here.transpose(self.axes).ravel(), axis)


def every_order() -> Iterator[Order]:
    """Two digits first."""
    for digits in DIGITS:
        yield from (Order(digits, axes) for axes in permutations(range(len(digits))) if list(axes) != sorted(axes))


def in_two() -> Iterator[Order]:
    """Those of two digits."""
    return (order for order in every_order() if len(order.axes) == 2)


def block_lengths(parameters: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """What blocks may be long: two, or a whole parameter; its name and the parameter ("" where it is two)."""
    yield "2", ""
    yield from ((name, name) for name, value in parameters.items() if value == int(value) > 0)
