"""Sums of products computed by way of other sums: a fast transform, running sums, a product of matrices by fewer products. They are
the right function, but their errors are as large as the largest numbers on the way make them, whatever the size of the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.bounds import Bounds
from derive.checker.evaluate import Numbers
from derive.checker.levels import Bound, Level
from derive.checker.tolerance import bounds
from derive.language.nodes import Add, At, Call, Compare, Delta, Expr, Input, Mul, Pow, Reduce, Ref, Where, walk
from derive.language.program import Program

Array = NDArray[Any]
SHARE = 2.0**-7  # of the largest numbers on the way that such errors may be: beyond, they would excuse anything
MORE = 4.0
NAME = (
    "cancellation in sums over more than is asked for, such as those of a fast transform or running sums: errors follow the largest result"
)


class Everywhere(Bounds):
    """Bounds that read, and write, at every position: what lies outside, or is not asked for, takes part as well."""

    def read(self, body: Bound, mesh: tuple[Array, ...], inside: Array) -> Bound:
        """The nearest number inside."""
        return super().read(body, mesh, np.ones_like(inside))

    def onehot(self, index: Bound, places: Array, dim: int) -> Bound:
        """1 at every place."""
        found = super().onehot(index, places, dim)
        return Bound(np.ones_like(found.v), np.zeros_like(found.e), found.real)


def carried_over(
    program: Program, at: int, arrays: Mapping[str, Array], parameters: Numbers, level: Level, got: Array, exact: Array
) -> NDArray[np.bool_]:
    """Which numbers of an output lie within the errors of a sum over everything: as if each number of an input were the sum of all."""
    if not _is_sum_of_products(program):
        return np.zeros(got.shape, bool)

    def error(size: Callable[[Array], float]) -> float:
        """The largest error where every number of each input is as large as that."""
        alike = {i.name: _filled(arrays[i.name], size) if i.dtype in ("real", "state") else arrays[i.name] for i in program.inputs}
        e = np.asarray(bounds(program, alike, parameters, Everywhere(level, "declared"))[0][at].e, float)
        return float(np.max(e, initial=0.0))

    limit, largest = MORE * error(lambda x: float(np.sum(np.abs(x)))), error(lambda x: float(np.max(np.abs(x), initial=0.0))) / level.u
    with np.errstate(all="ignore"):
        return np.asarray((np.abs(got.astype(float) - exact) <= limit) & (limit <= SHARE * largest))


def _filled(x: Array, size: Callable[[Array], float]) -> Array:
    return np.full(x.shape, size(x.astype(float)))


@lru_cache(maxsize=64)
def _is_sum_of_products(program: Program) -> bool:
    """Whether every output is one of inputs, however they are indexed, and sums over several at all."""
    real: set[Expr] = set()
    for let in program.lets:
        for n in walk(let.body):
            data = isinstance(n, Input) and n.dtype in ("real", "state")
            if data or any(c in real for c in n.children):
                real.add(n)
                if not data and not _keeps_sums(n, real):
                    return False
        if let.body in real:
            real.add(let.ref)
    return any(isinstance(n, Reduce) for let in program.lets for n in walk(let.body))


def _keeps_sums(n: Expr, real: set[Expr]) -> bool:
    match n:
        case Pow() | Call() | Compare() | Delta():
            return False
        case Where(c, _, _):
            return c not in real
        case At(_, index):
            return not any(place in real for _, place in index)
        case Reduce(how, _, _):
            return how in ("sum", "mean")
        case Add() | Mul() | Ref():
            return True
    return False
