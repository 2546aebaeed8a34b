"""Claims about activations."""
# mypy: ignore-errors

from derive.analysis.function import derived
from derive.catalog.activations import elu, gelu, gelu_tanh, leaky_relu, prelu, relu, sigmoid, silu, softmax, tanh
from derive.catalog.curves import mish
from derive.claims.claim import Claim
from derive.claims.statements import about, at_most, below, equal, fails, largest, least, mean_square_of_slope, tends
from derive.language import (
    Index,
    NonNegative,
    Positive,
    Range,
    Real,
    Scalar,
    abs,
    exp,
    maximum,
    minimum,
    normal_cdf,
    op,
    pi,
    sqrt,
    sum,
)

d_sigmoid, d_tanh, d_relu, d_prelu, d_elu = map(derived, (sigmoid, tanh, relu, prelu, elu))


@op
def sigmoid_range(x: Real[""]):
    """The sigmoid lies between 0 and 1."""
    return 0, sigmoid(x), 1


@op
def sigmoid_slope(g: Real["..."], x: Real["..."]):
    """The derivative of the sigmoid is s(1 - s)."""
    s = sigmoid(x)
    return d_sigmoid(g, x), g * s * (1 - s)


@op
def sigmoid_steepest(x: Real[""]):
    """The slope of the sigmoid is at most 1/4."""
    s = sigmoid(x)
    return s * (1 - s), 1 / 4


@op
def sigmoid_layer(so_far: Real[""], *, bound: NonNegative, w: Scalar, slope: Range(0, 1 / 4)):
    """One more layer, weight w: a gradient within the bound is within a quarter of it (so after L layers within (1/4)^L)."""
    return bound * abs(w) * slope, bound / 4


@op
def sigmoid_layer_small_weight(so_far: Real[""], *, bound: NonNegative, w: Range(-1, 1), slope: Range(0, 1 / 4)):
    """One more layer, with a weight of at most 1 in size: a gradient within the bound is within a quarter of it."""
    return bound * abs(w) * slope, bound / 4


@op
def tanh_range(x: Real[""]):
    """The hyperbolic tangent lies between -1 and 1."""
    return -1, tanh(x), 1


@op
def tanh_odd(x: Real["..."]):
    """It is odd, so what is spread evenly around zero stays so."""
    return tanh(-x), -tanh(x)


@op
def tanh_slope(g: Real["..."], x: Real["..."]):
    """Its derivative is 1 less the square of its output."""
    return d_tanh(g, x), g * (1 - tanh(x) ** 2)


@op
def relu_positive(g: Real[""], *, x: Positive):
    """For positive input the slope of relu is 1: it never saturates."""
    return d_relu(g, x), g


@op
def relu_negative(g: Real[""], *, x: Positive):
    """For negative input the slope of relu is 0."""
    return d_relu(g, -x), 0


@op
def leaky_as_maximum(x: Real[""], *, a: Scalar):
    """The leaky relu is the larger of a*x and x."""
    return leaky_relu(x, slope=a), maximum(a * x, x)


@op
def leaky_as_maximum_small_slope(x: Real[""], *, a: Range(high=1)):
    """The leaky relu is the larger of a*x and x, for a of at most 1."""
    return leaky_relu(x, slope=a), maximum(a * x, x)


@op
def leaky_as_minimum(x: Real[""], *, a: Range(low=1)):
    """For a of at least 1 it is the smaller of both."""
    return leaky_relu(x, slope=a), minimum(a * x, x)


@op
def prelu_slope(g: Real["... C"], x: Real["... C"], slope: Real["C"]):
    """The gradient by the slopes is the sum of g*min(0, x)."""
    _, dslope = d_prelu(g, x, slope)
    return dslope, sum(g * minimum(0, x), "...")


@op
def elu_jump(x: Real[""], *, h: Positive, alpha: Scalar):
    """The slopes of elu on both sides of zero meet."""
    return d_elu(1, h, alpha=alpha) - d_elu(1, -h, alpha=alpha), 0


@op
def elu_jump_at_one(x: Real[""], *, h: Positive):
    """The slopes of elu on both sides of zero meet, for alpha = 1."""
    return d_elu(1, h, alpha=1) - d_elu(1, -h, alpha=1), 0


@op
def elu_jump_size(x: Real[""], *, h: Positive, alpha: Scalar):
    """The slope jumps by 1 - alpha, so alpha = 1 is the only value for which it does not."""
    return d_elu(1, h, alpha=alpha) - d_elu(1, -h, alpha=alpha), 1 - alpha


@op
def elu_bend(x: Real[""], *, h: Positive):
    """Its second derivative still jumps at alpha = 1: the slope of the slope, on the left, tends to 0 as on the right."""
    return (d_elu(1, 0, alpha=1) - d_elu(1, -h, alpha=1)) / h, 0


@op
def gelu_gap(x: Real[""]):
    """gelu_tanh less gelu is this, as an even function (where a is -|x|)."""
    a = -abs(x)
    u = sqrt(2 / pi) * (a + 0.044715 * a**3)
    return a * sigmoid(2 * u) - a * normal_cdf(a)


@op
def gelu_tanh_as_sigmoid(x: Real["..."]):
    """x (1 + tanh u)/2 is x sigmoid(2u)."""
    u = sqrt(2 / pi) * (x + 0.044715 * x**3)
    return gelu_tanh(x), x * sigmoid(2 * u)


@op
def gelu_gap_even(x: Real["..."]):
    """The gap between both is even: x - gelu(x) = -gelu(-x), and the same of gelu_tanh."""
    return gelu_tanh(x) - gelu(x), gelu_tanh(-x) - gelu(-x)


@op
def softmax_sum(z: Real["... C"]):
    """Softmax sums to one."""
    return sum(softmax(z), "C"), 1


@op
def softmax_ratio(z: Real["N C"], i: Index["N -> C"], j: Index["N -> C"]):
    """Two probabilities are to each other as e to the difference of their scores."""
    p = softmax(z)
    return p.at(C=i), p.at(C=j) * exp(z.at(C=i) - z.at(C=j))


@op
def exponential_order(x: Real[""], *, gap: Positive):
    """So the larger score has the larger probability, and the largest stays the largest."""
    return 1, exp(gap)


@op
def softmax_two(a: Real["..."], b: Real["..."]):
    """With two classes it is the sigmoid of the difference."""
    return exp(a) / (exp(a) + exp(b)), sigmoid(a - b)


@op
def halved(x: Real[""], *, layers: Positive):
    """After L layers, half of it each, nothing is left of the gradient's variance."""
    return (1 / 2) ** layers, 0


@op
def gelu_value(x: Real[""]):
    """The least value of gelu."""
    return gelu(x)


@op
def silu_value(x: Real[""]):
    """The least value of silu."""
    return silu(x)


@op
def mish_value(x: Real[""]):
    """The least value of mish."""
    return mish(x)


CLAIMS = (
    Claim(
        2,
        "The sigmoid maps into (0, 1); its slope is at most 1/4; L layers scale gradients by at most (1/4)^L.",
        (about(at_most(sigmoid_layer), sigmoid),),
        "weights of at most 1 in size",
        (about(at_most(sigmoid_layer_small_weight), sigmoid),),
        also=(below(sigmoid_range), equal(sigmoid_slope), at_most(sigmoid_steepest)),
    ),
    Claim(
        3,
        "tanh maps into (-1, 1), is zero-centred; its derivative is 1 - output^2.",
        (below(tanh_range), equal(tanh_odd), equal(tanh_slope)),
    ),
    Claim(
        4,
        "relu never saturates for positive input; it is dead for negative.",
        (equal(relu_positive), equal(relu_negative)),
    ),
    Claim(
        5,
        "leaky relu is max(a z, z).",
        (equal(leaky_as_maximum),),
        "a <= 1",
        (equal(leaky_as_maximum_small_slope),),
        also=(equal(leaky_as_minimum),),
    ),
    Claim(6, "The gradient of prelu by its slope is the sum of g*min(0, z).", (equal(prelu_slope),)),
    Claim(
        7,
        "elu is smooth at zero.",
        (tends(elu_jump, "h", "0"),),
        "alpha = 1, and only the first derivative",
        (tends(elu_jump_at_one, "h", "0"),),
        also=(tends(elu_jump_size, "h", "0"), fails(tends(elu_bend, "h", "0"))),
    ),
    Claim(
        8,
        "0.5z(1 + tanh(sqrt(2/pi)(z + 0.044715z^3))) is close to gelu.",
        (about(least(gelu_gap, "-0.000234", "1.36"), gelu, gelu_tanh), about(largest(gelu_gap, "0.000473", "2.70"), gelu, gelu_tanh)),
        also=(equal(gelu_tanh_as_sigmoid), equal(gelu_gap_even)),
    ),
    Claim(
        9,
        "Softmax sums to one; the argmax is unchanged; the sigmoid is its two-class case.",
        (equal(softmax_sum), equal(softmax_ratio), below(exponential_order), about(equal(softmax_two), softmax)),
    ),
    Claim(
        52,
        "relu removes the vanishing gradient.",
        (
            mean_square_of_slope(
                relu, "1.0", "With weights of variance 1/n, a layer passes on n (1/n) E[relu'(z)^2] = 1 of the gradient's variance."
            ),
        ),
        "weights of variance 2/n",
        (mean_square_of_slope(relu, "0.5", "With weights of variance 2/n it passes on n (2/n) E[relu'(z)^2] = 2 * 0.5 = 1."),),
        also=(tends(halved, "layers"),),
    ),
    Claim(
        53,
        "gelu, silu and mish dip below zero.",
        (least(gelu_value, "-0.17", "-0.75"), least(silu_value, "-0.28", "-1.28"), least(mish_value, "-0.31", "-1.19")),
    ),
)
