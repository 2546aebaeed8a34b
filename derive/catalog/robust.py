"""Losses that count large errors little, and negative log-likelihoods of curves with one place and one width."""
# mypy: ignore-errors

from derive.language import Between, Positive, Real, arctan, cos, exp, log, mean, op, sqrt, sum


@op(source="Charbonnier, Blanc-Feraud, Aubert & Barlaud 1997, Deterministic edge-preserving regularization; Hartley & Zisserman 2004, A6.8")
def pseudo_huber(pred: Real["..."], target: Real["..."], *, delta: Positive = 1):
    """Mean error that is quadratic near zero and linear beyond about delta, without a corner."""
    r = (pred - target) / delta
    return mean(delta**2 * (sqrt(1 + r**2) - 1))


@op(source="Black & Anandan 1996, The robust estimation of multiple motions, Lorentzian; Barron 2019, arXiv:1701.03077, at alpha = 0")
def cauchy_loss(pred: Real["..."], target: Real["..."], *, c: Positive = 1):
    """Mean error that is quadratic near zero and grows like a logarithm far away."""
    return mean(log(1 + ((pred - target) / c) ** 2 / 2))


@op(source="Geman & McClure 1985, Bayesian image analysis; Barron 2019, arXiv:1701.03077, at alpha = -2")
def geman_mcclure(pred: Real["..."], target: Real["..."], *, c: Positive = 1):
    """Mean error that is quadratic near zero and levels off far away, like a fraction."""
    r = (pred - target) / c
    return mean(2 * r**2 / (r**2 + 4))


@op(source="Dennis & Welsch 1978, Techniques for nonlinear least squares and robust regression")
def welsch(pred: Real["..."], target: Real["..."], *, c: Positive = 1):
    """Mean error that is quadratic near zero and levels off far away, like a bell."""
    return mean(1 - exp(-(((pred - target) / c) ** 2) / 2))


@op(source="Barron 2019, arXiv:1701.03077, eq. 1, for shapes between 0 and 2")
def general_robust(pred: Real["..."], target: Real["..."], *, alpha: Between(0, 2) = 1, c: Positive = 1):
    """Mean error that is quadratic near zero and grows like the power alpha far away."""
    r = (pred - target) / c
    steep = 2 - alpha
    return mean(steep / alpha * ((r**2 / steep + 1) ** (alpha / 2) - 1))


@op(source="scipy.optimize.least_squares, loss arctan")
def arctan_loss(pred: Real["..."], target: Real["..."]):
    """Mean arctangent of squared errors, which levels off at a quarter turn."""
    return mean(arctan((pred - target) ** 2))


@op(source="Bishop 2006, Pattern Recognition and Machine Learning, section 2.3.8, less what depends on kappa alone, plus kappa")
def von_mises_nll(pred: Real["..."], target: Real["..."], *, kappa: Positive = 1):
    """Mean negative log-likelihood of angles on a circle, zero where they agree."""
    return mean(kappa * (1 - cos(target - pred)))


@op(source="Gumbel 1958, Statistics of Extremes, section 5.2")
def gumbel_nll(pred: Real["..."], target: Real["..."], *, scale: Positive = 1):
    """Mean negative log-likelihood of largest values, from where they are likeliest."""
    z = (target - pred) / scale
    return mean(z + exp(-z) + log(scale))


@op(source="Balakrishnan 1991, Handbook of the Logistic Distribution, eq. 1.1.1")
def logistic_nll(pred: Real["..."], target: Real["..."], *, scale: Positive = 1):
    """Mean negative log-likelihood of targets whose distribution is a logistic curve."""
    z = (target - pred) / scale
    return mean(z + 2 * log(1 + exp(-z)) + log(scale))


@op(source="Weibull 1951, A statistical distribution function of wide applicability, eq. 2")
def weibull_nll(scale: Real["...", Positive], target: Real["...", Positive], *, shape: Positive = 1):
    """Mean negative log-likelihood of times to failure, from their typical length."""
    z = target / scale
    return mean(z**shape - (shape - 1) * log(z) + log(scale) - log(shape))


@op(source="Itakura & Saito 1968, Analysis synthesis telephony based on the maximum likelihood method")
def itakura_saito(pred: Real["...", Positive], target: Real["...", Positive]):
    """Mean divergence of spectra: what their quotient exceeds one more than its logarithm."""
    r = target / pred
    return mean(r - log(r) - 1)


@op(source="Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, eq. 4.19")
def rational_quadratic(a: Real["N D"], b: Real["M D"], *, alpha: Positive = 1, width: Positive = 1):
    """The likeness of all pairs of points: a mixture of bells of all widths."""
    d = sum((a - b) ** 2, "D")
    return (1 + d / (2 * alpha * width**2)) ** (-alpha)


@op(source="Xie, Girshick & Farhadi 2016, arXiv:1511.06335, eq. 1")
def soft_assignment(x: Real["N D"], centre: Real["K D"], *, freedom: Positive = 1):
    """Shares of each point among centres, by a bell with heavy tails."""
    d = sum((x - centre) ** 2, "D")
    q = (1 + d / freedom) ** (-(freedom + 1) / 2)
    return q / sum(q, "K")


# fmt: off
ROBUST = (
    pseudo_huber, cauchy_loss, geman_mcclure, welsch, general_robust, arctan_loss, von_mises_nll, gumbel_nll, logistic_nll, weibull_nll,
    itakura_saito, rational_quadratic, soft_assignment,
)
# fmt: on
