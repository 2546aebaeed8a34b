"""Facts about normalisation."""
# mypy: ignore-errors

from derive.analysis.function import derived
from derive.catalog.normalization import batch_norm_train, batch_norm_unbiased, layer_norm, rms_norm
from derive.claims.statements import about, equal, tends
from derive.language import Positive, Real, assume, mean, op, size, sqrt, sum

d_batch_norm_train, d_batch_norm_unbiased, d_layer_norm = map(derived, (batch_norm_train, batch_norm_unbiased, layer_norm))


@op
def norm_gradient(g: Real["N D"], x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """The closed form of the gradient, for a batch of any size N and any eps."""
    rstd = 1 / sqrt(mean((x - mean(x, "N")) ** 2, "N") + eps)
    xhat = (x - mean(x, "N")) * rstd
    return d_batch_norm_train(g, x, gamma, beta, eps=eps)[0], gamma * rstd * (g - mean(g, "N") - xhat * mean(g * xhat, "N"))


@op
def norm_gradient_sum(g: Real["N D"], x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """Over the batch, the gradients sum to 0."""
    return sum(d_batch_norm_train(g, x, gamma, beta, eps=eps)[0], "N"), 0


@op
def norm_gradient_along(g: Real["N D"], x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """Along the input they leave a part in eps: sum(dx (x - mu)) = gamma rstd eps/(var + eps) sum(g (x - mu))."""
    r = x - mean(x, "N")
    var = mean(r**2, "N")
    dx = d_batch_norm_train(g, x, gamma, beta, eps=eps)[0]
    return sum(dx * r, "N"), gamma / sqrt(var + eps) * eps / (var + eps) * sum(g * r, "N")


@op
def norm_scaled(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive, a: Positive):
    """An input scaled by a > 0 acts as eps divided by a^2: the exact correction to scale invariance."""
    return batch_norm_train(a * x, gamma, beta, eps=eps), batch_norm_train(x, gamma, beta, eps=eps / a**2)


@op
def norm_flipped(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive, a: Positive):
    """Scaled by -a < 0, the sign of the standardised input flips, too."""
    return batch_norm_train(-a * x, gamma, beta, eps=eps), 2 * beta - batch_norm_train(x, gamma, beta, eps=eps / a**2)


@op
def norm_invariant(x: Real[""], *, eps: Positive, a: Positive, v: Positive, r: Positive):
    """As eps goes to 0, what is r from the mean, and a*r after scaling, is standardised to the same (v is the variance)."""
    return a * r / sqrt(a**2 * v + eps) - r / sqrt(v + eps), 0


@op
def norm_mean_square(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """The standardised input, before scale and shift, has a mean square of 1 - eps/(v + eps), where v is the variance: not 1."""
    v = mean((x - mean(x, "N")) ** 2, "N")
    return mean((batch_norm_train(x, gamma, beta, eps=eps) - beta) ** 2, "N"), gamma**2 * (1 - eps / (v + eps))


@op
def unbiased_gradient(g: Real["N D"], x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """With the unbiased variance, one coefficient of the gradient changes: mean(g xhat) becomes sum(g xhat)/(N - 1)."""
    assume(size("N") > 1)
    rstd = 1 / sqrt(sum((x - mean(x, "N")) ** 2, "N") / (size("N") - 1) + eps)
    xhat = (x - mean(x, "N")) * rstd
    dx = gamma * rstd * (g - mean(g, "N") - xhat * sum(g * xhat, "N") / (size("N") - 1))
    return d_batch_norm_unbiased(g, x, gamma, beta, eps=eps)[0], dx


@op
def layer_gradient_sum(g: Real["... D"], x: Real["... D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """Over the features of a sample, the gradients sum to 0."""
    return sum(d_layer_norm(g, x, gamma, beta, eps=eps)[0], "D"), 0


@op
def layer_shift(x: Real["... D"], c: Real["..."], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """A number added to all features of a sample changes nothing."""
    return layer_norm(x + c, gamma, beta, eps=eps), layer_norm(x, gamma, beta, eps=eps)


@op
def rms_scaled(x: Real["... D"], gamma: Real["D"], *, eps: Positive, a: Positive):
    """An input scaled by a > 0 acts as eps divided by a^2."""
    return rms_norm(a * x, gamma, eps=eps), rms_norm(x, gamma, eps=eps / a**2)


FACTS = (
    equal(norm_gradient),
    equal(norm_gradient_sum),
    equal(norm_gradient_along),
    equal(norm_scaled),
    equal(norm_flipped),
    about(tends(norm_invariant, "eps", "0"), batch_norm_train),
    equal(norm_mean_square),
    equal(unbiased_gradient),
    equal(layer_gradient_sum),
    equal(layer_shift),
    equal(rms_scaled),
)
