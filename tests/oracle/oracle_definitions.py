"""Definitions that exercise every node of the language; none is from the catalogue."""

# ruff: noqa: I001 (axes in annotations are no forward references)

from __future__ import annotations

from importlib.util import find_spec

from derive.language.definition import Count, Index, Natural, Positive, Real, op
from derive.language.functions import (
    abs, arctan, argmax, cos, erf, exp, floor, idx, log, logsumexp, max, mean, min, new, normal_cdf, pi, sign, sin, size, sqrt, sum, where,
)  # fmt: skip
from derive.oracle.certify import BACKENDS

INSTALLED = [name for name in BACKENDS if name != "flint" or find_spec("flint")]


@op
def bell(x: Real["..."]):
    """x times the normal probability, with every smooth primitive thrown in."""
    return x * normal_cdf(x) + erf(x) * sin(x) - cos(2 * x) * arctan(x) + pi / 7


@op
def naive_tanh(x: Real["..."]):
    """The quotient of exponentials that overflows in floats."""
    return (exp(x) - exp(-x)) / (exp(x) + exp(-x))


@op
def lost(x: Real["..."]):
    """log(1 - exp(-x)): 0 at any fixed precision once x is large."""
    return log(1 - exp(-x))


@op
def hinge(x: Real["..."], *, width: Positive = 1):
    """Quadratic near zero, linear away from it."""
    return where(abs(x) <= width, x * x / 2, width * (abs(x) - width / 2))


@op
def slope_left(x: Real["..."]):
    """The branch x <= 0 owns the kink."""
    return where(x > 0, x, 0)


@op
def slope_right(x: Real["..."]):
    """The branch x >= 0 owns the kink."""
    return where(x >= 0, x, 0)


@op
def guarded(x: Real["..."]):
    """The branch that is not taken is undefined."""
    return where(x > 0, sqrt(x) * log(x), sign(x) + floor(x))


@op
def leak(x: Real["N D"], a: Real["D"]):
    """A slope per column."""
    return where(x > 0, x, a * x)


@op
def standard(x: Real["N D"], gamma: Real["D"], *, eps: Positive = 1e-5):
    """Each column standardised."""
    mu = mean(x, "N")
    rstd = 1 / sqrt(mean((x - mu) ** 2, "N") + eps)
    return gamma * (x - mu) * rstd


@op
def blend(q: Real["... L D"], k: Real["... M D"], v: Real["... M E"]):
    """Values averaged by the similarity of queries and keys."""
    s = sum(q * k, "D") / sqrt(size("D"))
    p = exp(s) / sum(exp(s), "M")
    return sum(p * v, "M")


@op
def pick(z: Real["N C"], label: Index["N -> C"]):
    """Mean surprise at the label."""
    return mean((logsumexp(z, "C") - z.at(C=label)), "N")


@op
def slide(x: Real["C H"], w: Real["O C I"], *, stride: Natural = 1, padding: Natural = 0):
    """Windows along one axis, zero outside."""
    return sum(x.at(H=stride * new("P") + idx("I") - padding) * w, "C I")


@op
def nearest(a: Real["N D"], b: Real["M D"]):
    """Distance to the nearest, both ways."""
    d = sum((a - b) ** 2, "D")
    return mean(min(d, "M"), "N") + mean(max(d, "N"), "M")


@op
def best(x: Real["N C"], y: Real["N C"]):
    """The entry of y where x is largest, and the spread of x."""
    chosen = y.at(C=argmax(x, "C"))
    spread = max(x, "N C") - min(x, "N C")
    return chosen * spread, spread


@op
def raised(x: Real["..."], y: Real["..."], t: Count, *, p: Positive = 3):
    """Powers of every kind."""
    return x**p + x**y + x**t + x**-2 + x**2.5 + 2**y


@op
def own(x: Real["B T D"]):
    """Attention of a sequence to itself: one axis, two indices."""
    return blend(x, x, x)


@op
def third(x: Real["..."]):
    """One exact quotient."""
    return x / 3


@op
def there_and_back(x: Real["..."]):
    """x again, but through irrational numbers."""
    return exp(log(x))


@op
def same(x: Real["..."]):
    """x itself."""
    return where(x > 0, x, x + 0 * x)


@op
def ordered(x: Real["N"], z: Real["N"]):
    """Not smooth anywhere that matters."""
    return where(x >= z, x, z) + sqrt(x * x)


@op
def too_close(x: Real["N"]):
    """The larger of two equal numbers, one of them reached through irrational ones."""
    again = exp(log(x))
    return where(again > x, 1, 2), max(again * x, "N"), where(again > x, x, again)


@op
def lost_by_column(x: Real["N D"], a: Real["D"]):
    """Element-wise, but one input is repeated."""
    return log(1 - exp(-x * a))
