"""Claims about descent, batches and initialisation."""
# mypy: ignore-errors

from itertools import combinations

from derive.analysis.function import derived
from derive.catalog.activations import relu, tanh
from derive.catalog.elementary import mean as average
from derive.catalog.optimizers import gradient_descent
from derive.claims.claim import Claim
from derive.claims.statements import about, at_most, below, counted, equal, mean_square, number, tends
from derive.language import (
    Count,
    NonNegative,
    Positive,
    Real,
    Scalar,
    assume,
    idx,
    mean,
    op,
    size,
    sum,
    where,
)
from derive.language import (
    equal as same,
)


@op
def bowl(w: Real[""], *, k: Scalar = 2):
    """A quadratic of curvature k."""
    return k * w**2 / 2


d_bowl, d_average = map(derived, (bowl, average))


@op
def descends(x: Real[""], *, w: Positive, k: Positive, rate: Positive):
    """A step against the gradient of a quadratic of curvature k makes it smaller."""
    new = gradient_descent(w, d_bowl(1, w, k=k), rate=rate)
    return bowl(new, k=k), bowl(w, k=k)


@op
def descends_below(x: Real[""], *, w: Positive, k: Positive, u: Positive):
    """It does at every rate below 2/k, which is 2/(k(1 + u)) for a u above 0."""
    new = gradient_descent(w, d_bowl(1, w, k=k), rate=2 / (k * (1 + u)))
    return bowl(new, k=k), bowl(w, k=k)


@op
def ascends_above(x: Real[""], *, w: Positive, k: Positive, u: NonNegative):
    """And at no other: from 2/k on it does not."""
    new = gradient_descent(w, d_bowl(1, w, k=k), rate=2 * (1 + u) / k)
    return bowl(w, k=k), bowl(new, k=k)


@op
def least_squares_step(x: Real["N D"], t: Real["N"], w: Real["D"], *, rate: Positive):
    """For least squares a step changes the loss by -rate |grad|^2 + rate^2 mean((x grad)^2): the first wins for small rates."""
    r = sum(x * w, "D") - t
    grad = 2 * mean(r * x, "N")
    new = gradient_descent(w, grad, rate=rate)
    after = mean((sum(x * new, "D") - t) ** 2, "N")
    return after, mean(r**2, "N") - rate * sum(grad**2, "D") + rate**2 * mean(sum(x * grad, "D") ** 2, "N")


@op
def batch_of_weighted(grad: Real["N"], chance: Real["N"]):
    """The expected gradient of one sample, drawn with these chances, is the full gradient."""
    assume(sum(chance, "N"), equals=1)
    return sum(chance * grad, "N"), mean(grad, "N")


@op
def batch_of_uniform(grad: Real["N"]):
    """The expected gradient of one sample, each with chance 1/N, is the full gradient."""
    return sum(1 / size("N") * grad, "N"), mean(grad, "N")


@op
def batch_of_two(grad: Real["N"]):
    """So is that of two samples drawn one after the other."""
    return mean(mean((grad + grad.at(N=idx("N'"))) / 2, "N'"), "N"), mean(grad, "N")


@op
def no_difference(n: Real[""], b: Real[""]):
    """Among all batches of b of n samples, every sample is in equally many."""
    return n - n + b - b


@op
def gradient_of_mean(g: Real[""], x: Real["N"]):
    """The gradient of a mean of losses is the mean's share of each: averaging and differentiating commute."""
    return d_average(g, x), g / size("N")


def uneven(n: int, b: int) -> int:
    """The most batches that a sample is in, less the fewest."""
    counts = [sum_of(i in batch for batch in combinations(range(n), b)) for i in range(n)]
    return max(counts) - min(counts)


def sum_of(values) -> int:
    """How many are true."""
    return len([v for v in values if v])


@op
def five_times(x: Real[""], t: Count):
    """Descent on w^2 at rate 0.1 takes 5*0.8^t to 5*0.8^(t + 1)."""
    w = 5 * 0.8**t
    return gradient_descent(w, d_bowl(1, w), rate=0.1), 5 * 0.8 ** (t + 1)


@op
def five_at_first(x: Real[""]):
    """It takes 5 to 5*0.8^1."""
    return gradient_descent(5, d_bowl(1, 5), rate=0.1), 5 * 0.8**1


@op
def five_limit(x: Real[""], *, t: Positive):
    """5*0.8^t tends to 0."""
    return 5 * 0.8**t, 0


@op
def five_value(t: Real[""]):
    """After t steps."""
    return 5 * 0.8**t


@op
def variance_of_sum(second: Real["I I'"], *, v: Positive):
    """Weights that are independent, of mean 0 and variance v: E[(sum of w x)^2] = v * sum of E[x^2], for n inputs however they depend."""
    product = where(same(idx("I"), idx("I'")), v, 0)
    return sum(product * second, "I I'"), v * sum(second.at(**{"I'": idx("I")}), "I")


@op
def variance_kept(x: Real["I"], *, q: Positive):
    """So with v = 1/n and inputs of mean square q, the variance is q: kept."""
    v = 1 / size("I")
    return size("I") * v * q, q


@op
def variance_he(x: Real["I"], *, variance: Positive):
    """Inputs relu(z) have half the mean square of z, so with v = 2/n the variance is kept."""
    v = 2 / size("I")
    return size("I") * v * variance / 2, variance


@op
def variance_backward(x: Real["O"], *, variance: Positive):
    """Going back, a unit adds up the gradients of m outputs: v = 1/m keeps their variance, 2/(n + m) is between both."""
    v = 1 / size("O")
    return size("O") * v * variance, variance


@op
def tanh_first_order(x: Real[""], *, z: NonNegative):
    """Near 0, tanh is the identity to first order: z - z^3/3 <= tanh z <= z."""
    return z - z**3 / 3, tanh(z), z


@op
def mean_as_first_order(x: Real[""], *, s: Positive):
    """So for inputs of small variance s^2, E[tanh^2] is between s^2 - 2 s^4 and s^2, and its ratio to s^2 tends to 1."""
    return (s**2 - 2 * s**4) / s**2, 1


@op
def printed_step(w: Real[""], *, rate: Positive):
    """w - rate*L(w) is the step of gradient descent, for L = w^2."""
    return w - rate * bowl(w), gradient_descent(w, d_bowl(1, w), rate=rate)


@op
def right_step(w: Real[""], *, rate: Positive, k: Scalar):
    """The step is w - rate*L'(w)."""
    return w - rate * k * w, gradient_descent(w, d_bowl(1, w, k=k), rate=rate)


BATCHES = [{"n": n, "b": b} for n in range(1, 8) for b in range(1, n + 1)]


CLAIMS = (
    Claim(
        15,
        "w_new = w_old - rate * gradient descends.",
        (below(descends),),
        "rate < 2/k for a quadratic of curvature k; in general a rate that is small enough",
        (below(descends_below), equal(least_squares_step)),
        also=(at_most(ascends_above),),
    ),
    Claim(
        16,
        "A mini-batch gradient is an unbiased estimate of the full one.",
        (equal(batch_of_weighted),),
        "uniform sampling",
        (
            about(equal(batch_of_uniform), gradient_descent),
            about(equal(batch_of_two), gradient_descent),
            about(counted(no_difference, uneven, BATCHES), gradient_descent),
            equal(gradient_of_mean),
        ),
    ),
    Claim(
        29,
        "Descent on w^2 from 5, rate 0.1, 20 steps approaches 0.",
        (equal(five_at_first), equal(five_times), tends(five_limit, "t"), number(five_value, "0.0576", {"t": "20"})),
    ),
    Claim(
        30,
        "Weights scaled sqrt(1/fan_in) keep variance for linear/tanh; sqrt(2/fan_in) for relu.",
        (mean_square(tanh, "1.0", "tanh keeps the mean square: E[tanh(z)^2] = 1."),),
        instead=(
            mean_square(tanh, "0.3943", "tanh keeps this part of a mean square of 1."),
            at_most(tanh_first_order),
            tends(mean_as_first_order, "s", "0"),
        ),
        also=(
            equal(variance_of_sum),
            equal(variance_kept),
            mean_square(relu, "0.5", "relu halves the mean square: E[relu(z)^2] = 0.5 for a standard normal z."),
            equal(variance_he),
            equal(variance_backward),
        ),
    ),
    Claim(54, 'In w -= rate*gradient texts print "w - L(w)".', (equal(printed_step),), instead=(equal(right_step),)),
)
