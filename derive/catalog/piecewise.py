"""Activations in straight pieces. At a kink the derivative is that of the piece that owns it, as in PyTorch."""
# mypy: ignore-errors

from derive.language import NonNegative, Real, Scalar, abs, idx, op, sum, where


@op(source="Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10")
def relu6(x: Real["..."]):
    """The positive part of the input, up to six; the derivative at both ends is 0."""
    return where(x > 0, where(x < 6, x, 6), 0)


@op(source="So, Manke, Liu, Dai, Shazeer & Le 2021, Primer, arXiv:2109.08668, section 3")
def relu_squared(x: Real["..."]):
    """The square of the positive part."""
    return where(x > 0, x**2, 0)


@op(source="Collobert 2004, Large scale machine learning")
def hardtanh(x: Real["..."], *, low: Scalar = -1, high: Scalar = 1):
    """The input, cut off below and above; the derivative at both ends is 0."""
    return where(x > low, where(x < high, x, high), low)


@op(source="Howard et al. 2019, arXiv:1905.02244, section 5.2")
def hardsigmoid(x: Real["..."]):
    """A logistic curve in three straight pieces, from 0 at -3 to 1 at 3; the derivative at both ends is 0."""
    return where(x > -3, where(x < 3, (x + 3) / 6, 1), 0)


@op(source="Howard et al. 2019, arXiv:1905.02244, section 5.2")
def hardswish(x: Real["..."]):
    """The input, weighted by a logistic curve in three straight pieces."""
    return where(x > -3, where(x < 3, x * (x + 3) / 6, x), 0)


@op(source="Donoho & Johnstone 1994, Ideal spatial adaptation by wavelet shrinkage, section 1.2")
def hardshrink(x: Real["..."], *, width: NonNegative = 0.5):
    """The input where it is larger than width in size, 0 elsewhere; it jumps at width."""
    return where(abs(x) > width, x, 0)


@op(source="Donoho & Johnstone 1994, Ideal spatial adaptation by wavelet shrinkage, section 1.2")
def softshrink(x: Real["..."], *, width: NonNegative = 0.5):
    """What lies beyond width on either side, moved to zero by width."""
    return where(x > width, x - width, where(x < -width, x + width, 0))


@op(source="torch.nn.Threshold")
def threshold(x: Real["..."], *, limit: Scalar = 0, value: Scalar = 0):
    """The input where it is above a limit, a fixed value elsewhere."""
    return where(x > limit, x, value)


@op(source="Xu, Wang, Chen & Li 2015, arXiv:1505.00853, section 2.4")
def rrelu(x: Real["..."], slope: Real["..."]):
    """A leaky relu with a slope for each element, which is given: in training it is drawn at random."""
    return where(x > 0, x, slope * x)


@op(source="jax.nn.sparse_plus")
def sparse_plus(x: Real["..."]):
    """A smooth relu that is zero below -1, the input above 1, and a parabola between."""
    return where(x > -1, where(x < 1, (x + 1) ** 2 / 4, x), 0)


@op(source="jax.nn.sparse_sigmoid")
def sparse_sigmoid(x: Real["..."]):
    """A straight line from 0 at -1 to 1 at 1, level on both sides; the derivative of sparse_plus."""
    return where(x > -1, where(x < 1, (x + 1) / 2, 1), 0)


@op(source="Martins & Astudillo 2016, arXiv:1602.02068, algorithm 1")
def sparsemax(z: Real["... C"]):
    """The probabilities nearest to the scores: like softmax, but with zeros."""
    other = z.at(C=idx("C'"))
    count = sum(where(other >= z, 1, 0), "C'")
    total = sum(where(other >= z, other, 0), "C'")
    support = where(1 + count * z > total, 1, 0)
    tau = (sum(support * z, "C") - 1) / sum(support, "C")
    return where(z > tau, z - tau, 0)


# fmt: off
PIECEWISE = (
    relu6, relu_squared, hardtanh, hardsigmoid, hardswish, hardshrink, softshrink, threshold, rrelu, sparse_plus, sparse_sigmoid, sparsemax,
)
# fmt: on
