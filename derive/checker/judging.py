"""One output against the oracle: which elements disagree, by how much, and which convention was followed at kinks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.levels import coarseness
from derive.checker.tolerance import CONVENTIONS, Allowance
from derive.oracle import Rounded, ulps

Array = NDArray[Any]
FIRM = 1000.0  # ulps: a number allowed less than this has kept most of its digits


@dataclass(frozen=True)
class Judged:
    """How one output fared.

    `ratio` is error over allowance at the worst element, `worst` its index; `errors` are ulps of the elements away from
    kinks that were judged, `firm_errors` those of numbers that are not what is left of larger ones that cancelled;
    `nonfinite` counts nan and infinity where the truth is a number of which nothing is claimed.
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
    nonfinite: int = 0
    conventions: tuple[str, ...] = ()
    defined: int = 0
    ratios: Array = field(default_factory=lambda: np.zeros(()))
    table: tuple[Array, Array, Array, Array] | None = None
    slack: Array = field(default_factory=lambda: np.zeros(()))

    @property
    def far(self) -> Array:
        """Which elements are further off than allowed."""
        return np.asarray(self.ratios > 1)

    def at(self, among: Array) -> Judged:
        """The same judgement with the worst of these elements in front."""
        assert self.table is not None
        ratio = np.where(among, self.ratios, -1.0)
        at = tuple(int(k) for k in np.unravel_index(int(np.argmax(ratio)), ratio.shape))
        got, exact, error, limit = (float(t[at]) for t in self.table)
        return replace(self, ratio=float(ratio[at]), worst=at, got=got, exact=exact, error=error, allowed=limit)


def judge(got: Array, truth: Rounded, allowance: Allowance, dtype: str = "") -> Judged:
    """Compare an array of the right shape and dtype (that of the truth, if none is named) with the truth."""
    exact = np.asarray(truth.value)
    with np.errstate(all="ignore"):
        got = np.asarray(got).astype(exact.dtype)
    decided = np.asarray(truth.decided)
    defined = ~np.isnan(exact) | ~decided
    claimed = np.isfinite(allowance.slack)
    smallest = np.finfo(exact.dtype).smallest_normal
    flushed = (got == 0) & (np.abs(exact) < smallest) & (exact != 0)
    error, allowed, spacing = _errors(got, exact, truth, allowance, coarseness(dtype))
    judged = defined & decided & claimed & ~flushed
    with np.errstate(all="ignore"):
        ratio = np.where(judged, error / allowed, 0.0)
    ratio = np.where(np.isnan(ratio), np.inf, ratio)
    unclaimed = defined & decided & ~claimed
    lost = unclaimed & np.isfinite(exact) & ~np.isfinite(got)
    counts = (int(np.sum(defined & ~decided)), int(np.sum(unclaimed)), int(np.sum(flushed)), int(np.sum(lost)))
    with np.errstate(all="ignore"):
        in_ulps, limit = (error / spacing).astype(np.float64), (allowed / spacing).astype(np.float64)
    kept = judged & ~allowance.kinked
    plain, firm = in_ulps[kept], in_ulps[kept & (limit <= FIRM)]
    if not ratio.size:
        return Judged(0.0, (), 0.0, 0.0, 0.0, 0.0, plain, firm, *counts, ratios=ratio)
    at = tuple(int(k) for k in np.unravel_index(int(np.argmax(ratio)), ratio.shape))
    worst = Judged(float(ratio[at]), at, float(got[at]), float(exact[at]), float(in_ulps[at]), float(limit[at]), plain, firm, *counts)
    found = _conventions(got, exact, allowance, judged)
    table, slack = (got, exact, in_ulps, limit), np.asarray(np.minimum(allowed, 1e300), float)
    return replace(worst, conventions=found, defined=int(np.sum(judged)), ratios=ratio, table=table, slack=slack)


def _errors(got: Array, exact: Array, truth: Rounded, allowance: Allowance, coarse: float) -> tuple[Array, Array, Array]:
    """Absolute error and allowance per element, and the spacing of floats there; at kinks the error is the distance
    from the hull of the conventions."""
    with np.errstate(all="ignore"):
        fine = np.ldexp(np.longdouble(1), truth.exponent)
        spacing = fine * coarse
        off = got.astype(np.longdouble) - exact.astype(np.longdouble) - truth.remainder * fine
        low, high = allowance.about(exact.astype(np.longdouble))
        outside = np.maximum(np.maximum(off - high, low - off), 0)
        infinite = ~np.isfinite(got) | ~np.isfinite(exact)
        error = np.where(infinite, ulps(got, truth) * fine, outside)
        missing = np.abs(np.sum(off))
        if missing > allowance.total + np.sum(spacing) / 2:
            error = np.where(allowance.kinked, np.maximum(error, missing), error)
        slack = allowance.slack
        if allowance.turned is not None:
            slack = np.where(got * np.sign(exact) < 0, np.minimum(slack, allowance.turned), slack)
        return error, slack + spacing / 2, spacing


def _conventions(got: Array, exact: Array, allowance: Allowance, judged: Array) -> tuple[str, ...]:
    """The names of the conventions that the array followed at its kinks, declared one first; where several are within the slack, the
    first of them counts. None counts where the array is at none of them: there a kink that is met only after rounding decides."""
    where = allowance.chosen & judged & np.isfinite(got)
    if not where.any():
        return ()
    offsets = (np.zeros_like(allowance.low), *allowance.sides)
    distance = np.stack([np.abs(got[where] - exact[where] - np.broadcast_to(o, got.shape)[where]) for o in offsets])
    fits = distance <= np.broadcast_to(allowance.slack, got.shape)[where]
    followed = np.argmax(fits, axis=0)[np.any(fits, axis=0)]
    seen = {CONVENTIONS[int(k)] for k in followed}
    return tuple(c for c in dict.fromkeys(CONVENTIONS) if c in seen)
