"""What the choices at kinks and ties amount to: conventions where code reaches them without rounding, hulls of all choices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.bounds import Bounds
from derive.checker.levels import EXACT, Bound, Doubt, Wide

Array = NDArray[Any]


class Ties(Bounds):
    """Bounds for exact inputs that meet only the kinks which code reaches without rounding: there it has a convention."""

    def array(self, values: Array, exact: bool) -> Bound:
        """Inputs are what they are."""
        return super().array(values, True) if exact else Bound(values.astype(Wide), np.zeros(values.shape, Wide), read=True)

    def near(self, difference: Array, e: Array) -> Array:
        """Where a difference is zero without a rounding."""
        return np.asarray((difference == 0) & (e == 0))

    def largest(self, x: Array, e: Array, dim: int) -> Array:
        """Which positions are the largest without a rounding."""
        top = np.max(x, axis=dim, keepdims=True)
        first = np.arange(x.shape[dim]).reshape([-1 if k == dim else 1 for k in range(x.ndim)]) == np.argmax(x, axis=dim, keepdims=True)
        return np.asarray(first | ((x == top) & (np.broadcast_to(e, x.shape) == 0)))

    def _floor(self, x: Bound, v: Array) -> Bound:
        """At a whole number there is nothing to choose."""
        self.meet(np.zeros(v.shape, bool))
        return Bound(v, np.zeros_like(v), x.real)


class Hulls(Bounds):
    """What the choices at kinks amount to, without any rounding: v +- e holds the results of every choice, each made on
    its own. `met` are the masks that another evaluation of the same program met."""

    def __init__(self, met: list[Array]) -> None:
        super().__init__(EXACT, "declared")
        self.replayed = iter(met)

    @staticmethod
    def beside(hull: Bound, one: Array, other: Array) -> tuple[Array, ...]:
        """What else than one side, the other or their middle code may follow; `one` and `other` are the results of the sides."""
        return ()

    def meet(self, near: Array) -> Array:
        """The mask from the other evaluation."""
        return super().meet(next(self.replayed))

    def tied(self, x: Array, e: Array, dim: int) -> Array:
        """The positions from the other evaluation."""
        return self.meet(x)

    def _sign(self, x: Bound) -> Bound:
        near = self.meet(x.v)
        v = np.where(near, 0, np.sign(x.v)).astype(Wide)
        return Bound(v, near.astype(Wide), x.real)

    def _floor(self, x: Bound, v: Array) -> Bound:
        near = self.meet(x.v)
        return Bound(np.where(near, np.round(x.v) - 0.5, v), np.where(near, 0.5, 0).astype(Wide), x.real)

    def where(self, condition: Doubt, chosen: Bound, other: Bound) -> Bound:
        """The branch, or where the condition is open the interval that holds both."""
        plain = super().where(condition, chosen, other)
        with np.errstate(all="ignore"):
            low = np.minimum(chosen.v - chosen.e, other.v - other.e)
            high = np.maximum(chosen.v + chosen.e, other.v + other.e)
            v, e = (low + high) / 2, (high - low) / 2
        return Bound(np.where(condition.open, v, plain.v), np.where(condition.open, e, plain.e), True)

    def onehot(self, index: Bound, places: Array, dim: int) -> Bound:
        """Anything from 0 to 1 at the positions that tie."""
        plain = super().onehot(index, places, dim)
        if index.tied is None:
            return plain
        open_ = np.any(index.hits(places), axis=-1) & (np.sum(index.tied, axis=-1) > 1)
        return Bound(np.where(open_, Wide(0.5), plain.v), np.where(open_, Wide(0.5), plain.e), plain.real)


class Composed(Hulls):
    """What automatic differentiation makes of kinks: code that adds up pieces, each with a kink of its own at the same place, as in
    max(x, 0) + slope*min(x, 0), gets the derivatives of both sides there, or of neither."""

    @staticmethod
    def beside(hull: Bound, one: Array, other: Array) -> tuple[Array, ...]:
        """Neither side, and both, as offsets from the one."""
        return np.where(hull.e > 0, -one, 0), np.where(hull.e > 0, other, 0)

    def where(self, condition: Doubt, chosen: Bound, other: Bound) -> Bound:
        """The branch, or where the condition is open the interval that holds both, their sum, and nothing."""
        between = super().where(condition, chosen, other)
        with np.errstate(all="ignore"):
            low = np.minimum(chosen.v - chosen.e, 0) + np.minimum(other.v - other.e, 0)
            high = np.maximum(chosen.v + chosen.e, 0) + np.maximum(other.v + other.e, 0)
            v, e = (low + high) / 2, (high - low) / 2
        return Bound(np.where(condition.open, v, between.v), np.where(condition.open, e, between.e), True)
