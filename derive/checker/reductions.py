"""Error bounds of reductions: a sum of n terms may be taken in any order; a tie may go to any of the tied positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from derive.checker.levels import LIBRARY, Bound, Wide

if TYPE_CHECKING:
    from derive.checker.bounds import Bounds


def _sum(b: Bounds, x: Bound, dims: tuple[int, ...], length: int) -> Bound:
    e = np.broadcast_to(x.e, x.v.shape)
    v = np.sum(x.v, axis=dims, keepdims=True)
    own = (length - 1) * b.level.u * np.sum(np.abs(x.v), axis=dims, keepdims=True)
    return b.settle(v, np.sum(e, axis=dims, keepdims=True) + own, x.real)


def _mean(b: Bounds, x: Bound, dims: tuple[int, ...], length: int) -> Bound:
    total = _sum(b, x, dims, length)
    return total if length == 1 else b.rounded(total.v / length, total.e / length, 1, x.real)


def _max(b: Bounds, x: Bound, dims: tuple[int, ...], length: int) -> Bound:
    v = np.max(x.v, axis=dims, keepdims=True)
    above = np.max(x.v + x.e, axis=dims, keepdims=True) - v
    below = v - np.max(x.v - x.e, axis=dims, keepdims=True)
    return Bound(v, np.maximum(above, below), x.real, read=x.read, picked=x.read)


def _negative(x: Bound) -> Bound:
    return replace(x, v=-x.v)


def _min(b: Bounds, x: Bound, dims: tuple[int, ...], length: int) -> Bound:
    return _negative(_max(b, _negative(x), dims, length))


def _logsumexp(b: Bounds, x: Bound, dims: tuple[int, ...], length: int) -> Bound:
    top = np.max(x.v, axis=dims, keepdims=True)
    weight = np.exp(x.v - top)
    total = np.sum(weight, axis=dims, keepdims=True)
    inner = np.sum(weight * (x.e + b.level.u * np.abs(x.v - top)), axis=dims, keepdims=True) / total
    return b.rounded(top + np.log(total), inner + (length + LIBRARY) * b.level.u, LIBRARY, x.real)


def _argmax(b: Bounds, x: Bound, dims: tuple[int, ...], length: int) -> Bound:
    (dim,) = dims
    tied = b.tied(x.v, np.broadcast_to(x.e if x.real else np.zeros_like(x.e), x.v.shape), dim)
    last = x.v.shape[dim] - 1 - np.argmax(np.flip(tied, dim), axis=dim, keepdims=True)
    first = np.argmax(tied, axis=dim, keepdims=True)
    v = {"right": last, "left": first}.get(b.side, np.argmax(x.v, axis=dim, keepdims=True))
    tied = np.expand_dims(np.moveaxis(tied, dim, -1), dim)
    among = np.broadcast_to(np.arange(length, dtype=Wide), tied.shape)
    return Bound(np.asarray(v, Wide), np.zeros(v.shape, Wide), x.real, tied, among)


def _argmin(b: Bounds, x: Bound, dims: tuple[int, ...], length: int) -> Bound:
    return _argmax(b, _negative(x), dims, length)


# fmt: off
REDUCED: dict[str, Callable[[Bounds, Bound, tuple[int, ...], int], Bound]] = {
    "sum": _sum, "mean": _mean, "max": _max, "min": _min, "logsumexp": _logsumexp, "argmax": _argmax, "argmin": _argmin,
}
# fmt: on
