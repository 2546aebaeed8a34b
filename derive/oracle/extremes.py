"""max, min and their positions: the first of equal elements wins; what is too close to call stays open."""

from __future__ import annotations

from functools import reduce

import numpy as np

from derive.oracle.arithmetic import Arithmetic, Element, choose
from derive.oracle.interval import UNDEFINED, Objects
from derive.oracle.setting import Setting
from derive.oracle.tensor import Tensor, reduced, rows


def extreme(op: str, s: Setting, body: Tensor, over: tuple[str, ...]) -> Tensor:
    a = s.arithmetic
    return reduced(lambda best, x: choose(a, a.compare(op, best, x), best, x), body, over, a.undefined)


def arg_extreme(op: str, s: Setting, body: Tensor, over: tuple[str, ...]) -> Tensor:
    kept, _ = rows(body, over)
    won = winners(op, s, body, over)
    data = np.empty(won.shape[:-1], dtype=object)
    for at in np.ndindex(data.shape):
        data[at] = _position(s.arithmetic, won[at])
    return Tensor(kept, data)


def _position(a: Arithmetic, row: Objects) -> Element:
    if len(row) == 0 or any(won is UNDEFINED for won in row):
        return a.undefined
    candidates = [a.number(i) for i, won in enumerate(row) if won is not False]
    return reduce(a.hull, candidates)


def winners(op: str, s: Setting, body: Tensor, over: tuple[str, ...]) -> Objects:
    """Per row of `rows(body, over)`, whether each element is the extreme one, the first of equal ones."""
    _, data = rows(body, over)
    result = np.empty(data.shape, dtype=object)
    for at in np.ndindex(data.shape[:-1]):
        result[at] = _winners(op, s.arithmetic, list(data[at]))
    return result


def _winners(op: str, a: Arithmetic, row: list[Element]) -> Objects:
    """True, False or None per element. It lost for certain when an earlier one is as good or a later one better."""
    strict = op[0]
    best = 0
    for i in range(1, len(row)):
        best = i if a.compare(strict, row[i], row[best]) is True else best
    won = np.empty(len(row), dtype=object)
    if any(a.interval(x) is UNDEFINED for x in row):
        won[:] = UNDEFINED
        return won
    lost = [i != best and a.compare(op if best < i else strict, row[best], x) is True for i, x in enumerate(row)]
    won[:] = [False if out else True if lost.count(False) == 1 else None for out in lost]
    return won
