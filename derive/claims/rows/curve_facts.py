"""Facts about activations."""
# mypy: ignore-errors

from derive.analysis.function import derived
from derive.catalog.activations import elu, sigmoid, softmax, softplus, tanh
from derive.catalog.curves import celu, logsigmoid, logsumexp, selu
from derive.claims.statements import at_most, equal, expected, mean_square, number
from derive.language import Positive, Real, exp, idx, op, where
from derive.language import equal as same
from derive.language import sum as total

d_softmax, d_softplus, d_selu, d_logsumexp = map(derived, (softmax, softplus, selu, logsumexp))


@op
def tanh_as_sigmoid(x: Real["..."]):
    """tanh is a sigmoid, stretched: tanh x = 2 sigmoid(2x) - 1."""
    return tanh(x), 2 * sigmoid(2 * x) - 1


@op
def tanh_steepest(x: Real[""]):
    """The slope of tanh is at most 1."""
    return 1 - tanh(x) ** 2, 1


@op
def sigmoid_mirror(x: Real["..."]):
    """What the sigmoid leaves of 1 is the sigmoid of the negated input."""
    return 1 - sigmoid(x), sigmoid(-x)


@op
def softplus_slope(g: Real["..."], x: Real["..."], *, beta: Positive):
    """The slope of softplus is the sigmoid."""
    return d_softplus(g, x, beta=beta), g * sigmoid(beta * x)


@op
def softplus_mirror(x: Real["..."]):
    """The logarithm of the sigmoid is softplus, turned by half: -softplus(-x)."""
    return logsigmoid(x), -softplus(-x)


@op
def softmax_shift(z: Real["... C"], c: Real["..."], *, temperature: Positive):
    """A number added to all scores changes nothing."""
    return softmax(z + c, temperature=temperature), softmax(z, temperature=temperature)


@op
def softmax_jacobian(g: Real["... C"], z: Real["... C"]):
    """The Jacobian is diag(p) - p p^T."""
    p = softmax(z)
    other, mine = idx("C'"), idx("C")
    return d_softmax(g, z), total((where(same(mine, other), p, 0) - p * p.at(C=other)) * g.at(C=other), "C'")


@op
def softmax_symmetric(h: Real["... C"], g: Real["... C"], z: Real["... C"]):
    """The Jacobian J is symmetric: h^T J g = g^T J h."""
    return total(h * d_softmax(g, z), "C"), total(g * d_softmax(h, z), "C")


@op
def softmax_semidefinite(g: Real["... C"], z: Real["... C"]):
    """g^T J g is the variance of g under p, so never below 0: J is positive semidefinite."""
    p = softmax(z)
    return total(g * d_softmax(g, z), "C"), total(p * (g - total(p * g, "C")) ** 2, "C")


@op
def softmax_rows(g: Real["... C"], z: Real["... C"]):
    """Its columns (so its rows) sum to 0: what is passed back always does."""
    return total(d_softmax(g, z), "C"), 0


@op
def logsumexp_slope(g: Real["..."], z: Real["... C"]):
    """The gradient of logsumexp is softmax."""
    return d_logsumexp(g, z), g * softmax(z)


@op
def celu_as_elu(x: Real["..."]):
    """At alpha = 1 it is elu."""
    return celu(x, alpha=1), elu(x, alpha=1)


@op
def selu_scale(x: Real[""]):
    """The scale, as the value at 1."""
    return selu(x)


@op
def selu_alpha(x: Real[""]):
    """The factor alpha of the exponential piece."""
    return selu(-x) / (exp(-x) - 1) / selu(1)


FACTS = (
    equal(tanh_as_sigmoid),
    at_most(tanh_steepest),
    equal(sigmoid_mirror),
    equal(softplus_slope),
    equal(softplus_mirror),
    equal(softmax_shift),
    equal(softmax_jacobian),
    equal(softmax_symmetric),
    equal(softmax_semidefinite),
    equal(softmax_rows),
    equal(logsumexp_slope),
    equal(celu_as_elu),
    expected(selu, "0.00000000000", "A fixed point of the mean: E[selu(z)] = 0 for a standard normal z."),
    mean_square(selu, "1.00000000000", "And of the variance: E[selu(z)^2] = 1."),
    number(selu_scale, "1.0507009873554804934", {"x": "1"}),
    number(selu_alpha, "1.6732632423543772848", {"x": "1"}),
)
