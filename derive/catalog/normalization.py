"""Normalisation: shift and scale by statistics of the data. Variances are biased (divided by the count); eps is inside the root."""
# mypy: ignore-errors

from derive.language import NonNegative, Positive, Range, Real, State, assume, mean, op, size, sqrt, sum, where


@op(source="Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1")
def batch_norm_train(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive = 1e-5):
    """Standardise each feature over the batch, then scale and shift."""
    mu = mean(x, "N")
    var = mean((x - mu) ** 2, "N")
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1, with the unbiased variance")
def batch_norm_unbiased(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive = 1e-5):
    """Standardise each feature over the batch by the unbiased variance, then scale and shift."""
    mu = mean(x, "N")
    assume(size("N") > 1)
    var = sum((x - mu) ** 2, "N") / (size("N") - 1)
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 2")
def batch_norm_infer(
    x: Real["N D"], gamma: Real["D"], beta: Real["D"], mu: Real["D"], var: Real["D", NonNegative], *, eps: Positive = 1e-5
):
    """Standardise each feature by the mean and variance gathered in training, then scale and shift."""
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Ba, Kiros & Hinton 2016, arXiv:1607.06450, eq. 4")
def layer_norm(x: Real["... D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive = 1e-5):
    """Standardise each sample over its features, then scale and shift."""
    mu = mean(x, "D")
    var = mean((x - mu) ** 2, "D")
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4")
def rms_norm(x: Real["... D"], gamma: Real["D"], *, eps: Positive = 1e-5):
    """Divide each sample by the root of its mean square over the features, then scale."""
    rstd = 1 / sqrt(mean(x**2, "D") + eps)
    xhat = x * rstd
    return gamma * xhat


@op(source="Ioffe & Szegedy 2015, arXiv:1502.03167, section 3.1, with momentum and the unbiased variance as PyTorch has them")
def batch_norm_statistics(x: Real["N D"], running_mean: State["D"], running_var: State["D"], *, momentum: Range(0, 1) = 0.1):
    """The running mean and variance after one more batch; returns the mean and the variance of the batch."""
    mu = mean(x, "N")
    assume(size("N") > 1)
    var = sum((x - mu) ** 2, "N") / (size("N") - 1)
    running_mean = (1 - momentum) * running_mean + momentum * mu
    running_var = (1 - momentum) * running_var + momentum * var
    return mu, var


@op(source="Ba, Kiros & Hinton 2016, arXiv:1607.06450, eq. 4, with the unbiased variance")
def layer_norm_unbiased(x: Real["... D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive = 1e-5):
    """Standardise each sample over its features by the unbiased variance, then scale and shift."""
    mu = mean(x, "D")
    assume(size("D") > 1)
    var = sum((x - mu) ** 2, "D") / (size("D") - 1)
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Gemma team 2024, arXiv:2403.08295: the scale is stored less one")
def rms_norm_offset(x: Real["... D"], gamma: Real["D"], *, eps: Positive = 1e-6):
    """Divide each sample by the root of its mean square over the features, then scale by one plus gamma."""
    rstd = 1 / sqrt(mean(x**2, "D") + eps)
    xhat = x * rstd
    scale = 1 + gamma
    return scale * xhat


@op(source="jax.nn.standardize")
def standardize(x: Real["... D"], *, eps: Positive = 1e-5):
    """Subtract the mean of the last axis, and divide by its standard deviation."""
    mu = mean(x, "D")
    var = mean((x - mu) ** 2, "D")
    rstd = 1 / sqrt(var + eps)
    return (x - mu) * rstd


@op(source="torch.nn.functional.normalize")
def l2_normalize(x: Real["... D"], *, eps: Positive = 1e-12):
    """Divide by the length of the last axis, or by eps where that is shorter."""
    norm = sqrt(sum(x**2, "D"))
    return where(norm > eps, x / norm, x / eps)


@op(source="Salimans & Kingma 2016, arXiv:1602.07868, eq. 2")
def weight_norm(v: Real["O I"], scale: Real["O"]):
    """Weights as a direction and a length, one for each unit."""
    norm = sqrt(sum(v**2, "I"))
    return scale * v / norm


@op(source="Miyato, Kataoka, Koyama & Yoshida 2018, arXiv:1802.05957, eq. 8")
def spectral_norm(w: Real["O I"], u: Real["O"], v: Real["I"]):
    """Weights divided by their largest singular value, from its singular vectors, which are given."""
    sigma = sum(u * w * v, "O I")
    return w / sigma


# fmt: off
NORMALIZATION = (
    batch_norm_train, batch_norm_unbiased, batch_norm_infer, batch_norm_statistics, layer_norm, layer_norm_unbiased,
    rms_norm, rms_norm_offset,
    standardize, l2_normalize, weight_norm, spectral_norm,
)
# fmt: on
