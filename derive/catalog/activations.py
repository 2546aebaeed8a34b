"""Activations: what a unit makes of its input, element by element, and the softmax family over one axis."""
# mypy: ignore-errors

from derive.language import Positive, Real, Scalar, exp, log, normal_cdf, op, pi, sqrt, sum, where


@op(source="Rumelhart, Hinton & Williams 1986, Nature 323, eq. 2")
def sigmoid(x: Real["..."]):
    """The logistic curve: any real number to a probability."""
    return 1 / (1 + exp(-x))


@op(source="LeCun, Bottou, Orr & Mueller 1998, Efficient BackProp, section 4.4")
def tanh(x: Real["..."]):
    """The hyperbolic tangent: a logistic curve through the origin, between -1 and 1."""
    return (exp(x) - exp(-x)) / (exp(x) + exp(-x))


@op(source="Nair & Hinton 2010, Rectified linear units improve restricted Boltzmann machines")
def relu(x: Real["..."]):
    """The positive part of the input."""
    return where(x > 0, x, 0)


@op(source="Maas, Hannun & Ng 2013, Rectifier nonlinearities improve neural network acoustic models")
def leaky_relu(x: Real["..."], *, slope: Scalar = 0.01):
    """The input where positive, a small multiple of it elsewhere."""
    return where(x > 0, x, slope * x)


@op(source="He, Zhang, Ren & Sun 2015, arXiv:1502.01852, eq. 1")
def prelu(x: Real["... C"], slope: Real["C"]):
    """A leaky relu whose slope for negative input is learned, one for each channel."""
    return where(x > 0, x, slope * x)


@op(source="Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289")
def elu(x: Real["..."], *, alpha: Scalar = 1):
    """The input where positive, an exponential that levels off at -alpha elsewhere."""
    return where(x > 0, x, alpha * (exp(x) - 1))


@op(source="Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2")
def gelu(x: Real["..."]):
    """The input, weighted by the normal probability of falling below it."""
    return x * normal_cdf(x)


@op(source="Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2")
def gelu_tanh(x: Real["..."]):
    """An approximation of gelu by the hyperbolic tangent of a cubic."""
    u = sqrt(2 / pi) * (x + 0.044715 * x**3)
    return x * (1 + tanh(u)) / 2


@op(source="Dugas, Bengio, Belisle, Nadeau & Garcia 2001, Incorporating second-order functional knowledge for better option pricing")
def softplus(x: Real["..."], *, beta: Positive = 1):
    """A smooth relu; the larger beta, the sharper its bend."""
    return log(1 + exp(beta * x)) / beta


@op(source="Elfwing, Uchibe & Doya 2018, arXiv:1702.03118")
def silu(x: Real["..."]):
    """The input, weighted by its own sigmoid."""
    return x * sigmoid(x)


@op(source="Bridle 1990, Probabilistic interpretation of feedforward classification network outputs")
def softmax(z: Real["... C"], *, temperature: Positive = 1):
    """Scores to probabilities along the last axis."""
    e = exp(z / temperature)
    p = e / sum(e, "C")
    return p


@op(source="Bridle 1990; Goodfellow, Bengio & Courville 2016, section 6.2.2.3")
def log_softmax(z: Real["... C"], *, temperature: Positive = 1):
    """Scores to logarithms of probabilities along the last axis."""
    p = softmax(z, temperature=temperature)
    return log(p)


# fmt: off
ACTIVATIONS = (
    sigmoid, tanh, relu, leaky_relu, prelu, elu, gelu, gelu_tanh, softplus, silu, softmax, log_softmax,
)
# fmt: on
