"""The two counts that all sizes are made of, as proved in derive.geometry, for whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import floor
from typing import Any

from derive.catalog.geometry import output_size, transposed_output_size
from derive.geometry import answer, compiled


@dataclass(frozen=True)
class Arithmetic:
    """How sizes are computed: in whole numbers here, in formulas of the input size in symbolic.py.

    `windows(positions, kernel, stride, dilation)` counts the windows that fit, below 1 for none;
    `positions(windows, kernel, stride, dilation)` is the smallest length that holds so many;
    `floored(size, factor)` is the whole part of a multiple, `least` and `most` are minimum and maximum.
    """

    windows: Callable[[Any, int, int, int], Any]
    positions: Callable[[Any, int, int, int], Any]
    floored: Callable[[Any, Fraction], Any]
    least: Callable[[Any, Any], Any]
    most: Callable[[Any, Any], Any]


@cache
def _functions() -> tuple[Callable[..., int], Callable[..., int]]:
    """The functions that derive.geometry derives from the index map and proves."""
    return compiled(output_size, answer(output_size)), compiled(transposed_output_size, answer(transposed_output_size))


def windows(positions: int, kernel: int, stride: int, dilation: int) -> int:
    """How many windows fit into so many positions; 0 where none does."""
    try:
        return _functions()[0](positions, kernel, stride, 0, dilation)
    except ValueError:
        return 0


def positions(count: int, kernel: int, stride: int, dilation: int) -> int:
    """The smallest number of positions into which `count` windows fit."""
    return _functions()[1](count, kernel, stride, 0, dilation)


NUMBERS = Arithmetic(windows, positions, lambda size, factor: floor(size * factor), min, max)
