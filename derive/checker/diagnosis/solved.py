"""Mistakes with an unknown number in them: a factor, a term, a floor or a ceiling at some node, solved for from one wrong number.

The number found has to give all the others, at this call and at every other one; there it may differ only as sizes and
parameters do, and is then called by their names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.evidence import FAILURES, Evidence, Seen, explains
from derive.checker.diagnosis.names import named_factor
from derive.checker.diagnosis.tape import Tape
from derive.checker.diagnosis.unknowns import Unknown, factor

Array = NDArray[Any]
HALVINGS = 60
TINY = 1e-20
LEAST = 3  # telling numbers, of which one is used up
STARTS = 3
ROOTS = 4
RANKS = (0.5, 0.25, 0.75)  # of the number that an unknown is solved for, by size among the telling ones


def solved(
    unknown: Unknown, tapes: Sequence[Tape], position: int, found: Sequence[Evidence], seen: Sequence[Seen]
) -> tuple[str, int] | None:
    """The mistake with its number in words and how well it gives every result: 0 strictly, 1 roughly; None where it does not."""
    telling = [k for k, e in enumerate(found) if e.told]
    if sum(found[k].told for k in telling) < LEAST:
        return None
    limit = unknown.neutral is None  # it leaves most numbers as they are, so that one of them says little
    for first, share in product(telling[: STARTS if limit else 1], RANKS if limit else RANKS[:1]):
        for c in _roots(unknown, tapes[first], position, found[first], share):
            level = _everywhere(lambda k, c=c: c, unknown, tapes, position, found)  # type: ignore[misc]
            if level < 2 and (unknown.neutral is None or abs(c - unknown.neutral) > 1e-9 * abs(unknown.neutral)):
                return unknown.words.replace("{}", _shown(c)), level
            if unknown.change is factor and _at(unknown, tapes[first], position, found[first], c) < 2:
                return _by_sizes(unknown, tapes, position, found, seen, first, c)
    return None


def _by_sizes(
    unknown: Unknown, tapes: Sequence[Tape], position: int, found: Sequence[Evidence], seen: Sequence[Seen], first: int, c: float
) -> tuple[str, int] | None:
    """A factor that is made of sizes and parameters."""
    for name, value in named_factor(seen[first]):
        here = value(seen[first])
        if here is not None and abs(here - c) <= 1e-6 * abs(c):
            level = _everywhere(lambda k, value=value: value(seen[k]), unknown, tapes, position, found)  # type: ignore[misc]
            if level < 2:
                return unknown.words.replace("{}", name), level
    return None


def _everywhere(
    number: Callable[[int], float | None], unknown: Unknown, tapes: Sequence[Tape], position: int, found: Sequence[Evidence]
) -> int:
    def expected(k: int) -> Array | None:
        c = number(k)
        return None if c is None else tapes[k].along(position, unknown.at(np.array([c]), tapes[k]), 1)[0]

    return explains(expected, found)


def _at(unknown: Unknown, tape: Tape, position: int, e: Evidence, c: float) -> int:
    return _everywhere(lambda k: c, unknown, [tape], position, [e])


def _roots(unknown: Unknown, tape: Tape, position: int, e: Evidence, share: float) -> list[float]:
    """The numbers that give the telling element of this rank by size, as far as a second one lets them through."""
    where = np.flatnonzero(e.telling & np.isfinite(e.got) & (e.firm if e.firmly else True))
    if not len(where):
        return []
    by_size = where[np.argsort(np.abs(e.got.ravel()[where]))]
    middle, last = int(by_size[int(share * len(by_size))]), int(by_size[-1])
    try:
        with np.errstate(all="ignore"):
            rows = tape.along(position, unknown.at(unknown.line, tape), len(unknown.line)).reshape(len(unknown.line), -1)
            r, s = rows[:, middle] - e.got.ravel()[middle], rows[:, last] - e.got.ravel()[last]
            brackets = [k for k in _crossings(r) if _crosses_near(s, k)][:ROOTS]
            return _narrowed(unknown, tape, position, e, middle, brackets, r) if brackets else []
    except FAILURES:
        return []


def _crossings(r: Array) -> list[int]:
    return [
        int(k)
        for k in np.flatnonzero(np.isfinite(r[:-1]) & np.isfinite(r[1:]) & (np.sign(r[:-1]) * np.sign(r[1:]) <= 0) & (r[:-1] != r[1:]))
    ]


def _crosses_near(s: Array, k: int) -> bool:
    part = s[max(k - 1, 0) : k + 3]
    part = part[np.isfinite(part)]
    return bool(part.size and np.min(part) <= 0 <= np.max(part))


def _narrowed(unknown: Unknown, tape: Tape, position: int, e: Evidence, at: int, brackets: Sequence[int], r: Array) -> list[float]:
    """All brackets halved together."""
    low, high = unknown.line[list(brackets)], unknown.line[[k + 1 for k in brackets]]
    rising = r[list(brackets)] < 0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        values = tape.along(position, unknown.at(middle, tape), len(middle)).reshape(len(middle), -1)[:, at] - e.got.ravel()[at]
        below = (values < 0) == rising
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return [_round(float(v), unknown, tape, position, e) for v in (low + high) / 2]


def _round(c: float, unknown: Unknown, tape: Tape, position: int, e: Evidence) -> float:
    """The shortest number near a root that does as well."""
    level = _at(unknown, tape, position, e, c)
    if abs(c) < TINY and _at(unknown, tape, position, e, 0.0) <= min(level, 1):
        return 0.0
    for digits in range(1, 12):
        short = float(f"{c:.{digits}g}")
        if abs(short - c) <= 1e-3 * abs(c) and _at(unknown, tape, position, e, short) <= min(level, 1):
            return short
    return c


def _shown(c: float) -> str:
    return f"{c:.8g}"
