"""Whether results are as far off as another dtype's arithmetic makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.bounds import SIDES, Bounds
from derive.checker.diagnosis.evidence import FAILURES, Seen, position, seen
from derive.checker.findings import Trial
from derive.checker.levels import LEVELS
from derive.checker.reader import Reader
from derive.checker.tolerance import bounds

Array = NDArray[Any]
KINDS = ("float32", "float16")
ROOM = 2.0  # how far beyond the bound of a printed form another way of computing may be
MOSTLY = 0.4
LEAST = 2.0**-9  # in units of that dtype's roundoff: errors smaller than this are not its own


def precision(reader: Reader, name: str, chosen: Sequence[Trial], seen: Sequence[Seen], wrong: Sequence[Trial]) -> str | None:
    """Every number within the error bound of a less precise dtype, also of other `wrong` results, and most errors of its size."""
    for kind in KINDS:
        if LEVELS[reader.dtype].u >= LEVELS[kind].u:
            continue
        if _held(seen, kind):
            return f"precision lost: rounded to {kind}"
        try:
            parts = [_errors(reader, name, t, s, kind) for t, s in zip(chosen, seen, strict=True)]
        except FAILURES:
            continue
        within = np.concatenate([p[0] for p in parts])
        relative = np.concatenate([p[1] for p in parts])
        mixed = 0.1 < np.mean(np.concatenate([p[2] for p in parts])) < 0.9 if relative.size else False
        typical = relative.size >= 6 and mixed and within.all() and np.mean(relative > LEAST * LEVELS[kind].u) > 0.5
        if typical and all(_may_be(reader, name, t, kind) for t in wrong):
            return f"precision lost: computed or rounded in {kind}"
    return None


def mostly_wrong(seen: Sequence[Seen]) -> bool:
    """Whether, as less precise arithmetic makes it, most results are wrong wherever there is something to round."""
    wrong = [s.far[np.isfinite(s.exact) & (s.exact != 0)] for s in seen if s.far.any()]
    return bool(np.mean(np.concatenate(wrong)) > MOSTLY) if any(w.size for w in wrong) else False


def _held(seen: Sequence[Seen], kind: str) -> bool:
    """Whether every number that came is one of the less precise dtype, though few right ones are."""
    got = np.concatenate([s.got[np.isfinite(s.got) & (s.got != 0) & s.far].astype(float) for s in seen])
    if len(np.unique(np.abs(got))) < 4:
        return False
    with np.errstate(all="ignore"):
        short = got.astype(kind).astype(float) == got
        exact = np.concatenate([s.exact[np.isfinite(s.got) & (s.got != 0) & s.far].astype(float) for s in seen])
        near = np.abs(got - exact) <= 64 * LEVELS[kind].u * np.abs(exact)
        already = exact.astype(kind).astype(float) == exact
    return bool(short.all() and near.all() and np.mean(already) < 0.5)


def _errors(reader: Reader, name: str, t: Trial, s: Seen, kind: str) -> tuple[Array, Array, Array]:
    """Which numbers lie within the bound of the dtype, and the relative errors of those too far off, and which are too large."""
    e = _bounds(reader, name, t, kind)
    with np.errstate(all="ignore"):
        off = np.abs(s.got.astype(float) - s.exact)
        usable = np.isfinite(s.exact) & np.isfinite(s.got) & np.isfinite(e) & (s.exact != 0)
        e = np.where(np.isfinite(e), e, 0)
        within = off <= ROOM * (e + LEVELS[kind].u * np.abs(s.exact))
        some = usable & s.far
        return within[s.far], (off / np.maximum(np.abs(s.exact), e / LEVELS[kind].u))[some], (s.got > s.exact)[some]


def _may_be(reader: Reader, name: str, t: Trial, kind: str) -> bool:
    """Whether rounding to the dtype makes errors of this size, as far as its range goes."""
    s = seen(reader, name, t)
    e = _bounds(reader, name, t, kind)
    with np.errstate(all="ignore"):
        off = np.abs(s.got.astype(float) - s.exact)
        beyond = off > ROOM * (e + LEVELS[kind].u * np.abs(s.exact))
    return not bool((beyond & s.far & np.isfinite(e)).any())


def _bounds(reader: Reader, name: str, t: Trial, kind: str) -> Array:
    """The smaller error bound of two printed forms, in the dtype."""
    arithmetic, at = Bounds(LEVELS[kind], SIDES[0]), position(reader, name)
    return np.asarray(np.min([_bound(reader, form, t, arithmetic, at) for form in reader.forms[:2]], axis=0))


def _bound(reader: Reader, form: Any, t: Trial, arithmetic: Bounds, at: int) -> Array:
    found = bounds(form, reader.arrays(t.sample), t.sample.parameters, arithmetic)[0][at].e
    return np.where(np.isfinite(found), found, np.inf).astype(float)
