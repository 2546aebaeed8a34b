"""What a check comes to: disagreements, the calls that were made, and a tally of the numbers judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.inputs import Sample
from derive.checker.judging import Judged

Array = NDArray[Any]


@dataclass(frozen=True)
class Finding:
    """A disagreement. `kind` is one of value, gradient, shape, dtype, nan, mutated input, aliased input, state, raised; `what`
    names the output or the input whose gradient it is; `ratio` is error over allowance (infinite where nothing is
    comparable); `form` names the inaccurate form that explains every element that is too far off."""

    kind: str
    reading: str
    what: str
    message: str
    ratio: float
    sample: Sample
    judged: Judged | None = None
    form: str = ""

    @property
    def grade(self) -> str:
        """`inaccurate` where a form explains it, `wrong` otherwise."""
        return "inaccurate" if self.form else "wrong"


@dataclass(frozen=True)
class Trial:
    """A sample, what the candidate made of it and what is right, by name of output or input."""

    sample: Sample
    got: Mapping[str, Array]
    exact: Mapping[str, Array]
    far: Mapping[str, Array]
    slack: Mapping[str, Array]


@dataclass
class Tally:
    """What was judged so far, for one reading."""

    calls: int = 0
    refused: int = 0
    elements: int = 0
    undecided: int = 0
    unclaimed: int = 0
    flushed: int = 0
    nonfinite: int = 0
    worst_ratio: float = 0.0
    errors: list[Array] = field(default_factory=list)
    firm_errors: list[Array] = field(default_factory=list)
    conventions: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    refusals: dict[str, None] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)

    def count(self, j: Judged) -> None:
        """Add one judged output."""
        self.elements += j.defined
        self.undecided += j.undecided
        self.unclaimed += j.unclaimed
        self.flushed += j.flushed
        self.nonfinite += j.nonfinite
        self.worst_ratio = max(self.worst_ratio, j.ratio)
        self.errors.append(j.errors)
        self.firm_errors.append(j.firm_errors)
        self.conventions.update(dict.fromkeys(j.conventions))

    def ulps(self, share: float) -> float:
        """The error in ulps that this share of the elements stays within."""
        return _quantile(self.errors, share)

    def firm_ulps(self, share: float) -> float:
        """The same over the numbers that kept most of their digits."""
        return _quantile(self.firm_errors, share)


def _quantile(parts: list[Array], share: float) -> float:
    errors = np.concatenate(parts) if parts else np.zeros(0)
    return float(np.quantile(errors, share, method="higher")) if errors.size else 0.0
