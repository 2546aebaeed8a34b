"""Brute force: sizes and fields by running the index map over sets of positions and looking at what was touched.

No formula of derive.geometry is used here, and none may be: this is what they are checked against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from derive.catalog.geometry import IndexMap
from derive.language.errors import DefinitionError
from derive.language.nodes import Add, Const, Expr, Iota, Mul, Param, walk

Positions = Any
Setting = Mapping[str, int]


def positions(index: IndexMap, made: Positions, taps: int, setting: Setting) -> Positions:
    """What the outputs in `made` read: one row per output, one column per tap."""
    axes = {index.made: np.asarray(made).reshape(-1, 1), index.taps: np.arange(taps)}
    return np.broadcast_to(_run(index.position, axes, setting), (len(made), taps))


def _run(expr: Expr, axes: Mapping[str, Positions], setting: Setting) -> Positions:
    match expr:
        case Const(value) if value.denominator == 1:
            return int(value)
        case Param(name):
            if name not in setting:
                raise DefinitionError(f"the index map uses {name}, which is not among the arguments; add it to them")
            return setting[name]
        case Iota(axis):
            return axes[axis]
        case Add(terms):
            return sum(_run(t, axes, setting) for t in terms)
        case Mul(factors):
            product: Positions = 1
            for f in factors:
                product = product * _run(f, axes, setting)
            return product
    raise DefinitionError(f"an index map is made of whole numbers, parameters and positions; got {expr}")


def windows_that_fit(index: IndexMap, size: int, taps: int, setting: Setting) -> int:
    """How many windows, from the first on, read inside the padded input only.

    The input is padded as far as the first window reaches out of it, on both sides alike.
    """
    before = int(positions(index, [0], taps, setting)[0, 0])
    padded = set(range(before, size - before))
    outputs = range(len(padded) + 1)
    for output, read in zip(outputs, positions(index, outputs, taps, setting).tolist(), strict=True):
        if not padded.issuperset(read):
            return output
    return len(outputs)


def smallest_input(index: IndexMap, outputs: int, taps: int, setting: Setting) -> int | None:
    """The smallest input that, padded, holds everything the outputs read; None when the padding alone is enough."""
    touched = positions(index, range(outputs), taps, setting)
    before = int(positions(index, [0], taps, setting)[0, 0])
    padded_end = int(touched.max())
    size = padded_end + 1 + before
    return size if size >= 1 else None


def touched(index: IndexMap, layers: Sequence[tuple[int, Setting]], output: int = 0) -> frozenset[int]:
    """The inputs that one output of a chain reads; each layer is its number of taps and its setting, input side first."""
    marked = np.array([output])
    for taps, setting in reversed(layers):
        marked = np.unique(positions(index, marked, taps, setting))
    return frozenset(marked.tolist())


def field(index: IndexMap, layers: Sequence[tuple[int, Setting]]) -> int:
    """How many neighbouring inputs lie between the first and the last one touched, both included."""
    marked = touched(index, layers)
    span = range(min(marked), max(marked) + 1)
    return len(span)


def names(index: IndexMap) -> tuple[str, ...]:
    """The parameters that the index map mentions."""
    return tuple(sorted({node.name for node in walk(index.position) if isinstance(node, Param)}))
