"""Reading a tensor at other positions, and adding back to where it was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derive.oracle.arithmetic import Arithmetic, Element
from derive.oracle.errors import OracleError
from derive.oracle.interval import Interval, Objects, is_point
from derive.oracle.tensor import Tensor, aligned, boxed, filled

Index = Sequence[tuple[str, Tensor, bool]]  # axis, position to read, whether it is made of data


@dataclass(frozen=True)
class Places:
    """Where an At reads: for each axis of the body an index array over `axes`; `inside` and `known` say which count."""

    axes: tuple[str, ...]
    where: tuple[NDArray[np.intp], ...]
    inside: NDArray[np.bool_]
    known: NDArray[np.bool_]


def places(body: Tensor, index: Index, a: Arithmetic) -> Places:
    """The positions that an index reads. Raises OracleError when an index made of data is out of range."""
    moved = {axis: t for axis, t, _ in index}
    axes = tuple(dict.fromkeys((*(x for t in moved.values() for x in t.axes), *(x for x in body.axes if x not in moved))))
    sizes = {x: n for t in moved.values() for x, n in t.sizes.items()} | {x: n for x, n in body.sizes.items() if x not in moved}
    shape = tuple(sizes[x] for x in axes)
    inside, known = np.ones(shape, dtype=bool), np.ones(shape, dtype=bool)
    where = []
    strict = {axis for axis, _, data in index if data}
    for axis, n in body.sizes.items():
        if axis not in moved:
            positions = aligned(Tensor((axis,), np.arange(n).astype(object)), axes).astype(np.intp)
        else:
            wanted, certain = _integers(aligned(moved[axis], axes), axis, a)
            fits = (wanted >= 0) & (wanted < n)
            if axis in strict and not (fits | ~certain).all():
                bad = wanted[~fits & certain].flat[0]
                raise OracleError(f"index {bad} into axis {axis} is out of range; {axis} has {n} positions, wanted 0 to {n - 1}")
            inside, known = inside & fits, known & certain
            positions = np.where(fits, wanted, 0).astype(np.intp)
        where.append(np.broadcast_to(positions, shape))
    return Places(axes, tuple(where), inside, known)


def _integers(index: Objects, axis: str, a: Arithmetic) -> tuple[Objects, NDArray[np.bool_]]:
    """Each index as a Python integer, and whether it is known at this precision."""
    wanted, known = np.zeros(index.shape, dtype=object), np.ones(index.shape, dtype=bool)
    for at, element in np.ndenumerate(index):
        found = as_integer(a.interval(element), axis)
        wanted[at], known[at] = (0, False) if found is None else (found, True)
    return wanted, known


def as_integer(x: Interval, what: str) -> int | None:
    """The integer that a point is, None where nothing is decided. Raises OracleError for a fraction."""
    if not is_point(x):
        return None
    sign, man, exp, _ = x.low
    if exp < 0 and man:
        raise OracleError(f"{what} takes whole numbers; got {x}")
    return (-int(man) if sign else int(man)) << int(exp)


def gather(body: Tensor, index: Index, a: Arithmetic) -> Tensor:
    """The body read at an index: 0 where an affine index falls outside, unknown where the index is not decided."""
    at = places(body, index, a)
    if 0 in body.data.shape:
        return Tensor(at.axes, filled(a.number(0), at.axes, dict(zip(at.axes, at.inside.shape, strict=True))).data)
    data = boxed(body.data[at.where]).copy()
    data[~at.inside] = a.number(0)
    data[~at.known] = a.unknown
    return Tensor(at.axes, data)


def scatter(g: Tensor, body: Tensor, at: Places, join: Callable[[Element, Element], Element], unknown: Element) -> Tensor:
    """The adjoint of `gather`: each element of g added where it was read; None where nothing was."""
    data = np.empty(body.data.shape, dtype=object)
    wanted = np.broadcast_to(aligned(g, at.axes), at.inside.shape)
    for position in np.ndindex(at.inside.shape):
        source = tuple(int(w[position]) for w in at.where)
        if not at.known[position]:
            data[...] = unknown
        elif at.inside[position]:
            data[source] = join(data[source], wanted[position])
    return Tensor(body.axes, data)
