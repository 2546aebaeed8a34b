"""One output against the oracle: which elements disagree, by how much, and which convention was followed at kinks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.check.tolerance import CONVENTIONS, Allowance
from derive.oracle import Rounded, ulps

Array = NDArray[Any]
FIRM = 1000.0  # ulps: a number allowed less than this has kept most of its digits


@dataclass(frozen=True)
class Judged:
    """How one output fared.

    `ratio` is error over allowance at the worst element, `worst` its index; `errors` are ulps of the elements away from
    kinks that were judged, `firm_errors` those of numbers that are not what is left of larger ones that cancelled.
    """

    ratio: float
    worst: tuple[int, ...]
    got: float
    exact: float
    error: float
    allowed: float
    errors: Array
    firm_errors: Array
    undecided: int
    unclaimed: int
    flushed: int
    conventions: tuple[str, ...] = ()
    defined: int = 0


def judge(got: Array, truth: Rounded, allowance: Allowance) -> Judged:
    """Compare an array of the right shape and dtype with the truth."""
    exact = np.asarray(truth.value)
    got = np.asarray(got).astype(exact.dtype)
    decided = np.asarray(truth.decided)
    defined = ~np.isnan(exact) | ~decided
    claimed = np.isfinite(allowance.slack)
    smallest = np.finfo(exact.dtype).smallest_normal
    flushed = (got == 0) & (np.abs(exact) < smallest) & (exact != 0)
    error, allowed, spacing = _errors(got, exact, truth, allowance)
    judged = defined & decided & claimed & ~flushed
    with np.errstate(all="ignore"):
        ratio = np.where(judged, error / allowed, 0.0)
    ratio = np.where(np.isnan(ratio), np.inf, ratio)
    counts = (int(np.sum(defined & ~decided)), int(np.sum(defined & decided & ~claimed)), int(np.sum(flushed)))
    with np.errstate(all="ignore"):
        in_ulps, limit = (error / spacing).astype(np.float64), (allowed / spacing).astype(np.float64)
    kept = judged & ~allowance.kinked
    plain, firm = in_ulps[kept], in_ulps[kept & (limit <= FIRM)]
    if not ratio.size:
        return Judged(0.0, (), 0.0, 0.0, 0.0, 0.0, plain, firm, *counts)
    at = tuple(int(k) for k in np.unravel_index(int(np.argmax(ratio)), ratio.shape))
    worst = Judged(float(ratio[at]), at, float(got[at]), float(exact[at]), float(in_ulps[at]), float(limit[at]), plain, firm, *counts)
    return replace(worst, conventions=_conventions(got, exact, allowance, judged), defined=int(np.sum(judged)))


def _errors(got: Array, exact: Array, truth: Rounded, allowance: Allowance) -> tuple[Array, Array, Array]:
    """Absolute error and allowance per element, and the spacing of floats there; at kinks the error is the distance
    from the hull of the conventions."""
    with np.errstate(all="ignore"):
        spacing = np.ldexp(np.longdouble(1), truth.exponent)
        off = got.astype(np.longdouble) - exact.astype(np.longdouble) - truth.remainder * spacing
        outside = np.maximum(np.maximum(off - allowance.high, allowance.low - off), 0)
        infinite = ~np.isfinite(got) | ~np.isfinite(exact)
        error = np.where(infinite, ulps(got, truth) * spacing, outside)
        return error, allowance.slack + spacing / 2, spacing


def _conventions(got: Array, exact: Array, allowance: Allowance, judged: Array) -> tuple[str, ...]:
    """The names of the conventions that the array followed at its kinks, declared one first."""
    where = allowance.kinked & judged & np.isfinite(got)
    if not where.any():
        return ()
    seen = set()
    offsets = (np.zeros_like(allowance.low), *allowance.sides)
    distance = np.stack([np.abs(got[where] - exact[where] - np.broadcast_to(o, got.shape)[where]) for o in offsets])
    seen = {CONVENTIONS[int(k)] for k in np.argmin(distance, axis=0)}
    return tuple(c for c in dict.fromkeys(CONVENTIONS) if c in seen)
