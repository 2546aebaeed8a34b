"""Facts about layers, counts and regularisers."""
# mypy: ignore-errors

from derive.analysis.function import derived
from derive.catalog.classification import add_k_smoothing
from derive.catalog.layers import cumsum, dropout
from derive.catalog.resampling import conv_transpose1d
from derive.claims.statements import about, equal, gradient
from derive.language import Between, Fraction01, Natural, NonNegative, Positive, PositiveInteger, Real, idx, log, op, size, sum, where

d_cumsum = derived(cumsum)


@op
def dropout_mean(x: Real["..."], *, rate: Fraction01):
    """Its expectation is the input: a mask is 1 with probability 1 - rate."""
    return (1 - rate) * dropout(x, 1, rate=rate) + rate * dropout(x, 0, rate=rate), x


@op
def dropout_variance(x: Real["..."], *, rate: Fraction01):
    """Its variance is x^2 rate/(1 - rate)."""
    kept, dropped = dropout(x, 1, rate=rate), dropout(x, 0, rate=rate)
    return (1 - rate) * (kept - x) ** 2 + rate * (dropped - x) ** 2, x**2 * rate / (1 - rate)


@op
def log_posterior(p: Real["C", Positive], count: Real["C", NonNegative], *, k: NonNegative):
    """The logarithm of a Dirichlet posterior, but for a constant: counts, and a prior with k + 1 for each class."""
    return sum((count + k) * log(p), "C")


d_log_posterior = derived(log_posterior)


@op
def smoothing_mode(count: Real["C", NonNegative], *, k: Positive):
    """At the smoothed frequencies the log-posterior of a Dirichlet prior (k + 1 each) has equal slopes: they are its mode."""
    p = add_k_smoothing(count, k=k)
    return d_log_posterior(1, p, count, k=k)[0], sum(count, "C") + k * size("C") + 0 * p


@op
def weight_of(p: Real["", Between(0, 1)], *, a: Positive, b: Positive):
    """p^a (1 - p)^b, which is 0 at both ends of [0, 1]."""
    return p**a * (1 - p) ** b


d_weight_of = derived(weight_of)


@op
def smoothing_mean(p: Real["", Between(0, 1)], *, n: NonNegative, m: NonNegative, k: Positive):
    """With k each instead, they are its mean: the density times n + k - (n + m + 2k) p is a derivative of what is 0 at both ends."""
    a, b = n + k, m + k
    density = p ** (a - 1) * (1 - p) ** (b - 1)
    return d_weight_of(1, p, a=a, b=b), density * (a - (a + b) * p)


@op
def cumsum_transposed(g: Real["L"], x: Real["L"]):
    """The gradient is the running sum from the other end."""
    return d_cumsum(g, x), sum(where(idx("L'") >= idx("L"), g.at(L=idx("L'")), 0), "L'")


@op
def transposed_by_input(
    g: Real["N O P"], x: Real["N C L"], w: Real["C O K"],
    *, stride: PositiveInteger, padding: Natural, output_padding: Natural, dilation: PositiveInteger,
):  # fmt: skip
    """The gradient of a transposed convolution by its input is the convolution of g with the same windows, stride and padding."""
    return sum(g.at(P=stride * idx("L") + dilation * idx("K") - padding) * w, "O K")


FACTS = (
    gradient(conv_transpose1d, "x", transposed_by_input),
    equal(dropout_mean),
    equal(dropout_variance),
    equal(smoothing_mode),
    about(equal(smoothing_mean), add_k_smoothing),
    equal(cumsum_transposed),
)
