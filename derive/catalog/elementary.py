"""The smallest pieces: sums and products of arrays, and reductions over an axis. Sum and broadcast are each other's gradient."""
# mypy: ignore-errors

from derive.language import Real, equal, op, sqrt, where
from derive.language import max as largest
from derive.language import mean as average
from derive.language import min as smallest
from derive.language import sum as total


@op(source="Goodfellow, Bengio & Courville 2016, section 2.1")
def add(a: Real["..."], b: Real["..."]):
    """The sum of two arrays: the gradient goes on to both."""
    return a + b


@op(source="Goodfellow, Bengio & Courville 2016, section 2.2")
def multiply(a: Real["..."], b: Real["..."]):
    """The product of two arrays, element by element: each passes the gradient times the other."""
    return a * b


@op(source="Goodfellow, Bengio & Courville 2016, section 2.1")
def bias_add(x: Real["... D"], b: Real["D"]):
    """One vector, broadcast and added to all: its gradient is a sum."""
    return x + b


@op(source="numpy.sum")
def sum(x: Real["... D"]):
    """The sum over the last axis: its gradient is broadcast."""
    return total(x, "D")


@op(source="numpy.mean")
def mean(x: Real["... D"]):
    """The mean over the last axis."""
    return average(x, "D")


@op(source="numpy.max; the first index wins a tie, as torch.max with dim")
def max(x: Real["... D"]):
    """The largest element along the last axis; the first of several takes the derivative."""
    return largest(x, "D")


@op(source="numpy.min; the first index wins a tie, as torch.min with dim")
def min(x: Real["... D"]):
    """The smallest element along the last axis; the first of several takes the derivative."""
    return smallest(x, "D")


@op(source="torch.amax")
def amax(x: Real["... D"]):
    """The largest element along the last axis; several of them share the derivative evenly."""
    peak = largest(x, "D")
    ties = where(equal(x, peak), 1, 0)
    return total(ties * x, "D") / total(ties, "D")


@op(source="Goodfellow, Bengio & Courville 2016, eq. 2.31")
def norm(x: Real["... D"]):
    """The length of the last axis."""
    return sqrt(total(x**2, "D"))


@op(source="torch.nn.PairwiseDistance")
def pairwise_distance(a: Real["... D"], b: Real["... D"]):
    """The distance between two points."""
    return sqrt(total((a - b) ** 2, "D"))


# fmt: off
ELEMENTARY = (
    add, multiply, bias_add, sum, mean, max, min, amax, norm, pairwise_distance,
)
# fmt: on
