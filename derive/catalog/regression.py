"""Losses of predicted numbers, averaged over all elements: robust errors, quantiles, and negative log-likelihoods."""
# mypy: ignore-errors

from derive.language import NonNegative, Positive, Range, Real, abs, exp, log, mean, op, sqrt, sum, where


@op(source="optax.l2_loss; Goodfellow, Bengio & Courville 2016, section 5.1.4, halved")
def half_mse(pred: Real["..."], target: Real["..."]):
    """Mean squared error, halved, so that its gradient is the error."""
    return mean((pred - target) ** 2) / 2


@op(source="Green 1990, Bayesian reconstructions from emission tomography data, section III")
def log_cosh(pred: Real["..."], target: Real["..."]):
    """Mean logarithm of the hyperbolic cosine of the error: quadratic near zero, linear far away."""
    r = pred - target
    return mean(log((exp(r) + exp(-r)) / 2))


@op(source="Charbonnier, Blanc-Feraud, Aubert & Barlaud 1994, Two deterministic half-quadratic regularization algorithms")
def charbonnier(pred: Real["..."], target: Real["..."], *, eps: Positive = 1e-3):
    """Mean absolute error with its corner rounded off by a hyperbola of size eps."""
    return mean(sqrt((pred - target) ** 2 + eps**2))


@op(source="Feng, Kittler, Awais, Huber & Wu 2018, arXiv:1711.06753, eq. 5")
def wing(pred: Real["..."], target: Real["..."], *, width: Positive = 10, curvature: Positive = 2):
    """Mean error that is logarithmic up to width and linear beyond."""
    r = abs(pred - target)
    c = width - width * log(1 + width / curvature)
    return mean(where(r < width, width * log(1 + r / curvature), r - c))


@op(source="Koenker & Bassett 1978, Regression quantiles, eq. 3.1")
def quantile(pred: Real["..."], target: Real["..."], *, q: Range(0, 1) = 0.5):
    """Mean pinball loss: errors below the target cost q, errors above it 1 - q; its optimum is a quantile."""
    r = target - pred
    return mean(where(r > 0, q * r, (q - 1) * r))


@op(source="McCullagh & Nelder 1989, Generalized Linear Models, section 6.2; the constant log(count!) is left out")
def poisson_nll(log_rate: Real["..."], count: Real["...", NonNegative]):
    """Mean negative log-likelihood of counts, from the logarithms of their rates."""
    return mean(exp(log_rate) - count * log_rate)


@op(source="Nix & Weigend 1994, Estimating the mean and variance of the target probability distribution; without log(2 pi)/2")
def gaussian_nll(pred: Real["..."], target: Real["..."], var: Real["...", Positive]):
    """Mean negative log-likelihood of normal targets, from predicted means and variances."""
    return mean(log(var) + (pred - target) ** 2 / var) / 2


@op(source="Lange, Little & Taylor 1989, Robust statistical modeling using the t distribution; without constants of freedom alone")
def student_t_nll(pred: Real["..."], target: Real["..."], *, scale: Positive = 1, freedom: Positive = 1):
    """Mean negative log-likelihood of targets with heavy tails, up to a constant."""
    r = (pred - target) / scale
    return mean((freedom + 1) / 2 * log(1 + r**2 / freedom) + log(scale))


@op(source="Kingma & Welling 2014, arXiv:1312.6114, appendix B")
def gaussian_kl(mu: Real["N D"], logvar: Real["N D"]):
    """Mean divergence of a diagonal normal distribution from the standard one."""
    return mean(sum(exp(logvar) + mu**2 - 1 - logvar, "D"), "N") / 2


@op(source="Kingma & Welling 2014, arXiv:1312.6114, eq. 10, with a normal decoder of variance 1, up to a constant")
def evidence_lower_bound(pred: Real["N I"], target: Real["N I"], mu: Real["N D"], logvar: Real["N D"]):
    """What a variational autoencoder maximises: mean log-likelihood less mean divergence from the prior."""
    likelihood = -sum((pred - target) ** 2, "I") / 2
    return mean(likelihood, "N") - gaussian_kl(mu, logvar)


@op(source="Williams 1992, Simple statistical gradient-following algorithms for connectionist reinforcement learning")
def policy_gradient(logp: Real["..."], advantage: Real["..."]):
    """Less the mean of advantages, weighted by the log-probabilities of the actions taken."""
    return -mean(logp * advantage)


@op(source="Schulman, Wolski, Dhariwal, Radford & Klimov 2017, arXiv:1707.06347, eq. 7")
def ppo_clip(logp: Real["..."], logp_old: Real["..."], advantage: Real["..."], *, eps: Positive = 0.2):
    """Less the mean of advantages, weighted by a ratio of probabilities that gains nothing beyond a limit."""
    ratio = exp(logp - logp_old)
    limit = where(advantage > 0, 1 + eps, 1 - eps)
    return -mean(where(ratio * advantage < limit * advantage, ratio * advantage, limit * advantage))


# fmt: off
REGRESSION = (
    half_mse, log_cosh, charbonnier, wing, quantile, poisson_nll, gaussian_nll, student_t_nll, gaussian_kl, evidence_lower_bound,
    policy_gradient, ppo_clip,
)
# fmt: on
