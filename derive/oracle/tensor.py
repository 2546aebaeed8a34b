"""Arrays of elements with named axes: alignment by name, broadcasting by absence, reductions in reading order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from derive.oracle.interval import Objects


@dataclass(frozen=True)
class Tensor:
    """Elements in an object array; `axes` names its dimensions."""

    axes: tuple[str, ...]
    data: Objects

    @property
    def sizes(self) -> dict[str, int]:
        return dict(zip(self.axes, self.data.shape, strict=True))


def boxed(value: Any) -> Objects:
    """One element as an array without axes."""
    if isinstance(value, np.ndarray):
        return value
    box = np.empty((), dtype=object)
    box[()] = value
    return box


def scalar(value: Any) -> Tensor:
    """A tensor without axes."""
    return Tensor((), boxed(value))


def filled(value: Any, axes: Sequence[str], sizes: Mapping[str, int]) -> Tensor:
    """The same element at every position."""
    return Tensor(tuple(axes), np.broadcast_to(boxed(value), tuple(sizes[a] for a in axes)))


def aligned(t: Tensor, axes: Sequence[str]) -> Objects:
    """The data with dimensions in the order of `axes`; an axis it lacks has length 1."""
    there = [a for a in axes if a in t.axes]
    moved = t.data.transpose([t.axes.index(a) for a in there])
    sizes = t.sizes
    return moved.reshape([sizes.get(a, 1) for a in axes])


def union(tensors: Sequence[Tensor]) -> tuple[str, ...]:
    """The axes of all, in order of first appearance, the widest tensor's first."""
    first = tensors[0].axes
    if all(t.axes == first for t in tensors):
        return first
    return tuple(dict.fromkeys(a for t in sorted(tensors, key=lambda t: -len(t.axes)) for a in t.axes))


def apply(f: Callable[..., Any], *tensors: Tensor) -> Tensor:
    """An element-wise function over all positions of all axes."""
    if not any(t.axes for t in tensors):
        return scalar(f(*[t.data[()] for t in tensors]))
    axes = union(tensors)
    return Tensor(axes, boxed(np.frompyfunc(f, len(tensors), 1)(*[t.data if t.axes == axes else aligned(t, axes) for t in tensors])))


def expanded(t: Tensor, axes: Sequence[str], sizes: Mapping[str, int]) -> Tensor:
    """Repeated along the axes it lacks; dimensions in the order of `axes`."""
    return Tensor(tuple(axes), np.broadcast_to(aligned(t, axes), tuple(sizes[a] for a in axes)))


def rows(t: Tensor, over: Sequence[str]) -> tuple[tuple[str, ...], Objects]:
    """The axes kept, and the data with the axes `over` merged, in order, into one last dimension."""
    kept = tuple(a for a in t.axes if a not in over)
    data = aligned(t, (*kept, *over))
    shape = data.shape[: len(kept)]
    return kept, data.reshape((*shape, prod(data.shape[len(kept) :])))


def reduced(f: Callable[[Any, Any], Any], t: Tensor, over: Sequence[str], empty: Any) -> Tensor:
    """The elements along `over` combined one after the other; `empty` where there are none."""
    kept, data = rows(t, over)
    if data.shape[-1] == 0:
        return Tensor(kept, filled(empty, kept, dict(zip(kept, data.shape[:-1], strict=True))).data)
    return Tensor(kept, boxed(np.frompyfunc(f, 2, 1).reduce(data, axis=-1)))


def line(number: Callable[[Any], Any], axis: str, size: int) -> Tensor:
    """0, 1, ... along one axis."""
    return Tensor((axis,), boxed(np.frompyfunc(number, 1, 1)(np.arange(size).astype(object))))
