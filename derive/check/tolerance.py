"""How far correct code may be from the truth: derived from the printed form at this input, per element, no knobs.

The allowance of an element is FACTOR times the smallest running error bound among the printed forms (the textbook form,
the stable form), plus half an ulp for rounding the result; no absolute floor. Where no form stays within the range of
the dtype nothing is claimed: such elements are counted, not judged. At a kink or tie anything between the one-sided
results is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derive.check.bounds import SIDES, Bounds
from derive.check.evaluate import Numbers, evaluate
from derive.check.levels import LEVELS, Bound
from derive.language.program import Program

Array = NDArray[Any]
FACTOR = 4.0  # correct code may sit this many times above the bound of the printed form: another order, another split
CONVENTIONS = ("the definition's own side", "the other side", "the other side", "the middle")


@dataclass(frozen=True)
class Allowance:
    """What is allowed of one output: the exact value plus anything in [low, high], give or take `slack`.

    `slack` is absolute and infinite where nothing is claimed; `sides` are the offsets of the conventions at kinks.
    """

    low: Array
    high: Array
    slack: Array
    sides: tuple[Array, ...] = ()

    @property
    def kinked(self) -> Array:
        """Where a kink or tie leaves a choice."""
        return np.asarray(self.low < self.high)


def allowances(forms: Sequence[Program], inputs: Mapping[str, ArrayLike], parameters: Numbers, dtype: str) -> tuple[Allowance, ...]:
    """One allowance per output. The first form decides what happens at kinks; the smallest bound of all decides the slack."""
    first, kinks = bounds(forms[0], inputs, parameters, dtype, SIDES[0])
    tightest = [b.e for b in first]
    for form in forms[1:]:
        others, _ = bounds(form, inputs, parameters, dtype, SIDES[0])
        tightest = [np.fmin(e, b.e) for e, b in zip(tightest, others, strict=True)]
    sides = [bounds(forms[0], inputs, parameters, dtype, side)[0] for side in SIDES[1:]] if kinks else []
    return tuple(_allowance(base, e, [s[k] for s in sides]) for k, (base, e) in enumerate(zip(first, tightest, strict=True)))


def _allowance(base: Bound, e: Array, sides: list[Bound]) -> Allowance:
    with np.errstate(all="ignore"):
        offsets = [np.nan_to_num(s.v - base.v, nan=0.0, posinf=np.inf, neginf=-np.inf) for s in sides]
        zero = np.zeros_like(base.v)
        low, high = np.minimum.reduce([zero, *offsets]), np.maximum.reduce([zero, *offsets])
        e = np.where(low < high, np.maximum.reduce([e, *(s.e for s in sides)]), e)
    return Allowance(low, high, FACTOR * e, tuple(offsets))


def bounds(form: Program, inputs: Mapping[str, ArrayLike], parameters: Numbers, dtype: str, side: str) -> tuple[list[Bound], bool]:
    """The outputs of a form with their error bounds, and whether a kink or tie was met."""
    arithmetic = Bounds(LEVELS[dtype], side)
    fr, named = evaluate(form, inputs, parameters, arithmetic)
    placed = []
    for output in form.outputs:
        b: Bound = named[output.name]
        e = np.broadcast_to(b.e, np.broadcast_shapes(b.v.shape, b.e.shape))
        placed.append(Bound(fr.gather(b.v, output.names), fr.gather(np.where(np.isnan(e), np.inf, e), output.names)))
    return placed, arithmetic.kinks
