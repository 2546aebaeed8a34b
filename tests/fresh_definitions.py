"""Definitions a user might write: nothing here is in the catalogue, and nothing in derive was written with them in mind."""

from derive.language import Index, Positive, Real, exp, max, mean, op, sqrt, sum, where


@op
def ramp_tail(x: Real["..."], *, scale: Positive = 1.5):
    """A straight line below zero and an exponential that levels off at scale above it."""
    return where(x < 0, x, scale * (1 - exp(-x / scale)))


@op
def energy_contrast(x: Real["... H W"], w: Real["H W"]):
    """The weighted energy of each image, and its mean relative to the root of that energy."""
    energy = sum(w ** 2 * x ** 2, "H W")
    contrast = mean(x, "H W") / sqrt(energy + 1)
    return energy, contrast


@op
def picked_gap(table: Real["V D"], key: Index["N -> V"], x: Real["N D"]):
    """How far the largest entry of each shifted row lies above the row's mean."""
    row = table.at(V=key)
    top = max(row + x, "D")
    return top - mean(row + x, "D")
