"""What the problem itself allows, where the printed forms lose nearly every digit of a result that well-written code keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.adjoint import adjoints
from derive.checker.bounds import SIDES, Bounds
from derive.checker.evaluate import Numbers
from derive.checker.levels import Level
from derive.checker.tolerance import FACTOR, Allowance, bounds
from derive.language.nodes import At, Carried, Delta, Reduce, leaves
from derive.language.program import Program

Array = NDArray[Any]
LOST = 0.01  # a bound of more than this share of the value says nothing of it
ROOM = 64.0  # unit roundoffs for the computation itself, far more than a good form needs


def conditioned(
    form: Program, arrays: Mapping[str, Array], parameters: Numbers, exact: Sequence[Array], allowed: Sequence[Allowance], level: Level
) -> list[Allowance]:
    """The allowances, but where one is larger than LOST times the value: what rounding the inputs does, and room to compute.

    Only for forms that compute each element from those beside it, one of each array.
    """
    if not _is_elementwise(form) or len({np.shape(arrays[i.name]) for i in form.inputs} | {x.shape for x in exact}) != 1:
        return list(allowed)
    return [_sharper(form, arrays, parameters, k, x, a, level) for k, (x, a) in enumerate(zip(exact, allowed, strict=True))]


@lru_cache(maxsize=256)
def _is_elementwise(form: Program) -> bool:
    return not any(leaves(let.body, Reduce, At, Carried, Delta) for let in form.lets)


def _sharper(
    form: Program, arrays: Mapping[str, Array], parameters: Numbers, at: int, exact: Array, a: Allowance, level: Level
) -> Allowance:
    size = np.abs(exact.astype(np.float64))
    with np.errstate(all="ignore"):
        normal = size > max(level.flush, level.tiny) / level.u
        empty = np.isfinite(a.slack) & (a.slack > LOST * size) & normal & ~a.kinked
        if empty.any():  # by rounding: what underflow alone may lose, or one over an overflow, is no reason to be stricter
            rounded, _ = bounds(form, arrays, parameters, Bounds(replace(level, tiny=0.0, flush=0.0, largest=np.inf), SIDES[0]))
            empty &= FACTOR * rounded[at].e > LOST * size
        if not empty.any():
            return a
        seeds = {o.name: np.full(exact.shape, float(k == at)) for k, o in enumerate(form.outputs)}
        slopes = adjoints(form, arrays, seeds, parameters)
        passed = sum((np.abs(slopes[n] * arrays[n].astype(np.float64)) for n in slopes), np.zeros(exact.shape))
        limit = FACTOR * level.u * passed + ROOM * level.u * size
        return replace(a, slack=np.where(empty & np.isfinite(limit), np.minimum(a.slack, limit), a.slack))
