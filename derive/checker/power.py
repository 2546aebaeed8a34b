"""What the tried inputs can tell apart: zeros, constants, the arguments and mistaken versions of the op, judged like a candidate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.clock import now
from derive.checker.diagnosis.evidence import FAILURES, closeness
from derive.checker.findings import Tally, Trial
from derive.checker.mutants import mutants
from derive.checker.reader import Reader

Array = NDArray[Any]
MOST = 60
TRIALS = 12


@dataclass(frozen=True)
class Power:
    """How many mistaken versions were told apart on the inputs tried, and the names of those that were not."""

    tried: int
    told: int
    missed: tuple[str, ...]


def power(reader: Reader, tally: Tally, deadline: float) -> Power:
    """Mistaken versions of the reference against the exact values of the trials."""
    trials = [t for t in tally.trials if t.exact][:TRIALS]
    tried, missed = 0, []
    for name, computed in mutants(reader, trials, MOST):
        if now() > deadline or not trials:
            break
        outcome = _told(computed, trials, reader.dtype)
        tried += outcome is not None
        if outcome is False:
            missed.append(name)
    return Power(tried, tried - len(missed), tuple(missed))


def _told(computed: Any, trials: list[Trial], dtype: str) -> bool | None:
    """Whether some trial tells the version from the truth; None where it cannot be computed, or is the same function."""
    strict = closeness(dtype)[0]
    for t in trials:
        try:
            with np.errstate(all="ignore"):
                values = computed(t)
        except FAILURES:
            return None
        if any(np.shape(v) != t.exact[n].shape or not strict.same(v, t.exact[n]).all() for n, v in values.items() if n in t.exact):
            return True
    return False
