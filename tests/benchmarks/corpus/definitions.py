"""Definitions of ops that the catalogue does not hold."""
# mypy: ignore-errors

from derive.language import Index, Natural, Positive, Real, abs, exp, idx, log, max, maximum, mean, new, op, sqrt, sum, where


@op
def unit_rows(x: Real["... D"], *, eps: Positive = 1e-6):
    """Each row divided by its length."""
    return x / sqrt(sum(x**2, "D") + eps)


@op
def cosine_gap(a: Real["N D"], b: Real["N D"]):
    """One minus the cosine between two rows, on average."""
    dot = sum(a * b, "D")
    return mean(1 - dot / (sqrt(sum(a**2, "D")) * sqrt(sum(b**2, "D"))), "N")


@op
def triplet(a: Real["N D"], p: Real["N D"], n: Real["N D"], *, margin: Positive = 1):
    """How much closer than the negative the positive should be, squared distances, on average."""
    gap = sum((a - p) ** 2, "D") - sum((a - n) ** 2, "D") + margin
    return mean(where(gap > 0, gap, 0), "N")


@op
def squareplus(x: Real["..."], *, b: Positive = 4):
    """A smooth relu made of a root."""
    return (x + sqrt(x**2 + b)) / 2


@op
def gaussian_scores(x: Real["N D"], c: Real["K D"], *, width: Positive = 1):
    """How near each row is to each centre, between 0 and 1."""
    return exp(-sum((x - c) ** 2, "D") / (2 * width**2))


@op
def gated_step(x: Real["N D"], h: Real["N D"], u: Real["D"], b: Real["D"]):
    """A state moved towards its input by a gate of its own."""
    z = 1 / (1 + exp(-(u * x + b)))
    return (1 - z) * h + z * x


@op
def contrast(score: Real["N M"], label: Index["N -> M"], *, temperature: Positive = 0.1):
    """Mean negative logarithm of the share that the right column has of each row."""
    s = score / temperature
    return mean(log(sum(exp(s), "M")) - s.at(M=label), "N")


@op
def top_gap(score: Real["N C"], label: Index["N -> C"]):
    """How far the best of all classes lies above the right one, squared, on average."""
    return mean((max(score, "C") - score.at(C=label)) ** 2, "N")


@op
def ramp(x: Real["..."], *, low: Positive = 0.5):
    """A line that starts at low, and its logarithm's extension below."""
    return where(x > low, x - low, low * log(maximum(x, low / 8) / low))


@op
def smooth_path(x: Real["N T"], w: Real["K"], *, padding: Natural = 0):
    """A weighted sum of neighbours along a path."""
    return sum(x.at(T=new("P") + idx("K") - padding) * w, "K")


@op
def spread(x: Real["N D"]):
    """Mean distance of the rows from their mean, by the sum of the sizes of their coordinates."""
    return mean(sum(abs(x - mean(x, "N")), "D"), "N")
