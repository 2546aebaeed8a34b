"""What the error bounds are made of: floating-point formats, values with bounds, comparisons with doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Wide = np.longdouble
LIBRARY = 2  # roundings charged to a library function: exp, log, ... are good to about one ulp, two roundings


@dataclass(frozen=True)
class Level:
    """The floating-point format a bound is for: unit roundoff, smallest subnormal, the size below which code may
    flush to zero, and the size below which products may be taken in any order without overflow."""

    u: float
    tiny: float
    flush: float
    largest: float


# fmt: off
LEVELS = {
    "bfloat16": Level(2.0**-8,  2.0**-133,  2.0**-126,  2.0**122),
    "float16":  Level(2.0**-11, 2.0**-24,   0.0,        2.0**14),
    "float32":  Level(2.0**-24, 2.0**-149,  2.0**-126,  2.0**122),
    "float64":  Level(2.0**-53, 2.0**-1074, 2.0**-1022, 2.0**1018),
}
# fmt: on
def rounded_in(dtype: str) -> str:
    """The dtype in which the oracle's answers to a candidate of this dtype are given: NumPy's own, or a wider one."""
    return "float32" if dtype == "bfloat16" else dtype


def coarseness(dtype: str) -> float:
    """The spacing of floats of a dtype in units of that of the dtype in which the oracle answers."""
    return 2.0**16 if dtype == "bfloat16" else 1.0


EXACT = Level(0.0, 0.0, 0.0, float("inf"))


@dataclass(frozen=True)
class Bound:
    """A value, its error bound, whether it depends on real data, and (for arg- and what is computed from one) along a last axis which
    positions tie, and the value for each. `read` is a number that stands in an input; `picked`, the largest or smallest of such."""

    v: Array
    e: Array
    real: bool = True
    tied: Array | None = None
    among: Array | None = None
    read: bool = False
    picked: bool = False

    def hits(self, places: Array) -> Array:
        """Which of the tied positions make the value that of the place; for a Bound with ties."""
        assert self.tied is not None and self.among is not None
        return np.asarray(self.tied & (places[..., None] == self.among))


def with_ties(result: Bound, args: list[Bound], combine: Callable[[Array, Array], Array]) -> Bound:
    """The result with the ties of the one argument that has any."""
    if sum(a.tied is not None for a in args) != 1:
        return result
    (tied,) = (a.tied for a in args if a.tied is not None)
    among = reduce(combine, [a.v[..., None] if a.among is None else a.among for a in args])
    shape = (*result.v.shape, tied.shape[-1])
    return replace(result, tied=np.broadcast_to(tied, shape), among=np.broadcast_to(among, shape))


@dataclass(frozen=True)
class Doubt:
    """A comparison and where it hangs on the last digits."""

    holds: Array
    open: Array
