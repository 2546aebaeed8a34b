"""More smooth activations: gated, shrunk and logarithmic relatives of the logistic curve and the hyperbolic tangent."""
# mypy: ignore-errors

from derive.catalog.activations import gelu, relu, sigmoid, silu, softmax, softplus, tanh
from derive.language import Between, Positive, Real, abs, exp, log, max, normal_cdf, op, pi, size, sqrt, sum, where


@op(source="Goodfellow, Bengio & Courville 2016, section 6.3.3")
def identity(x: Real["..."]):
    """The input itself."""
    return x


@op(source="Goodfellow, Bengio & Courville 2016, section 6.2.2.2")
def logsigmoid(x: Real["..."]):
    """The logarithm of the logistic curve."""
    return log(sigmoid(x))


@op(source="Ramachandran, Zoph & Le 2017, arXiv:1710.05941, section 5")
def swish(x: Real["... C"], beta: Real["C"]):
    """The input, weighted by its own sigmoid, whose sharpness is learned, one for each channel."""
    return x * sigmoid(beta * x)


@op(source="Misra 2019, arXiv:1908.08681, eq. 1")
def mish(x: Real["..."]):
    """The input, weighted by the hyperbolic tangent of its softplus."""
    return x * tanh(softplus(x))


@op(source="Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2")
def gelu_sigmoid(x: Real["..."]):
    """An approximation of gelu by a sigmoid of 1.702 times the input."""
    return x * sigmoid(1.702 * x)


@op(source="Barron 2017, arXiv:1704.07483")
def celu(x: Real["..."], *, alpha: Positive = 1):
    """The input where positive, an exponential that levels off at -alpha elsewhere; smooth for every alpha."""
    return where(x > 0, x, alpha * (exp(x / alpha) - 1))


@op(source="Klambauer, Unterthiner, Mayr & Hochreiter 2017, arXiv:1706.02515, eq. 2 and 14")
def selu(x: Real["..."]):
    """An elu scaled so that mean 0 and variance 1 are what they were after it, for normal input."""
    a, b = 2 * exp(1 / 2) * normal_cdf(-1), 2 * exp(2) * normal_cdf(-2)
    alpha = sqrt(2 / pi) / (1 - a)
    scale = (1 - a) * sqrt(2 * pi / (2 * b + pi * a**2 - 2 * (2 + pi) * a + pi + 2))
    return where(x > 0, scale * x, scale * alpha * (exp(x) - 1))


@op(source="torch.nn.Tanhshrink")
def tanhshrink(x: Real["..."]):
    """The input less its hyperbolic tangent."""
    return x - tanh(x)


@op(source="Turian, Bergstra & Bengio 2009, Quadratic features and deep architectures for chunking")
def softsign(x: Real["..."]):
    """A curve between -1 and 1 that levels off like a hyperbola."""
    return x / (1 + abs(x))


@op(source="Maechler 2012, Accurately computing log(1 - exp(-|a|)), eq. 1")
def log1mexp(x: Real["...", Positive]):
    """The logarithm of one minus a decaying exponential, for positive input."""
    return log(1 - exp(-x))


@op(source="Berkson 1944, Application of the logistic function to bio-assay")
def logit(p: Real["...", Between(0, 1)]):
    """The logarithm of the odds, for probabilities: the inverse of the logistic curve."""
    return log(p) - log(1 - p)


@op(source="Boyd & Vandenberghe 2004, Convex Optimization, section 3.1.5")
def logsumexp(z: Real["... C"]):
    """The logarithm of the sum of exponentials along the last axis: a smooth maximum."""
    return log(sum(exp(z), "C"))


@op(source="jax.nn.logmeanexp")
def logmeanexp(z: Real["... C"]):
    """The logarithm of the mean of exponentials along the last axis."""
    return log(sum(exp(z), "C")) - log(size("C"))


@op(source="torch.nn.Softmin")
def softmin(z: Real["... C"]):
    """Costs to probabilities along the last axis: the softmax of the negated input."""
    return softmax(-z)


@op(source="Jang, Gu & Poole 2017, arXiv:1611.01144, eq. 2")
def gumbel_softmax(z: Real["... C"], noise: Real["... C"], *, temperature: Positive = 1):
    """The softmax of scores plus Gumbel noise, which is given: a sample, relaxed so that it has a gradient."""
    return softmax(z + noise, temperature=temperature)


@op(source="Shazeer 2020, arXiv:2002.05202, eq. 5, after the two linear maps")
def swiglu(gate: Real["..."], x: Real["..."]):
    """One input, gated by the silu of another."""
    return silu(gate) * x


@op(source="Shazeer 2020, arXiv:2002.05202, eq. 5, after the two linear maps")
def geglu(gate: Real["..."], x: Real["..."]):
    """One input, gated by the gelu of another."""
    return gelu(gate) * x


@op(source="Shazeer 2020, arXiv:2002.05202, eq. 5, after the two linear maps")
def reglu(gate: Real["..."], x: Real["..."]):
    """One input, gated by the relu of another."""
    return relu(gate) * x


@op(source="Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013, arXiv:1302.4389, eq. 2")
def maxout(x: Real["... C K"]):
    """The largest of the K pieces of each unit; the first of several equal ones takes the derivative."""
    return max(x, "K")


@op(source="keras.activations.exponential")
def exponential(x: Real["..."]):
    """The exponential of the input."""
    return exp(x)


# fmt: off
CURVES = (
    identity, logsigmoid, swish, mish, gelu_sigmoid, celu, selu, tanhshrink, softsign, exponential, log1mexp, logit,
    logsumexp, logmeanexp, softmin, gumbel_softmax, swiglu, geglu, reglu, maxout,
)
# fmt: on
