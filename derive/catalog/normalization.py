"""Normalisation: shift and scale by statistics of the data. Variances are biased (divided by the count); eps is inside the root."""
# mypy: ignore-errors

from derive.language import Positive, Real, mean, op, sqrt


@op(source="Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1")
def batch_norm_train(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive = 1e-5):
    """Standardise each feature over the batch, then scale and shift."""
    mu = mean(x, "N")
    var = mean((x - mu) ** 2, "N")
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 2")
def batch_norm_infer(x: Real["N D"], gamma: Real["D"], beta: Real["D"], mu: Real["D"], var: Real["D"], *, eps: Positive = 1e-5):
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


# fmt: off
NORMALIZATION = (
    batch_norm_train, batch_norm_infer, layer_norm, rms_norm,
)
# fmt: on
