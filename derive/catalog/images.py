"""Normalisation of images (N, C, H, W): batch, instance and group norm are one formula over different axes."""
# mypy: ignore-errors

from derive.language import (
    NonNegative,
    Positive,
    PositiveInteger,
    Range,
    Real,
    State,
    assume,
    equal,
    idx,
    mean,
    new,
    op,
    size,
    sqrt,
    sum,
    where,
)


@op(source="Ioffe & Szegedy 2015, arXiv:1502.03167, section 3.2")
def batch_norm_train_2d(x: Real["N C H W"], gamma: Real["C"], beta: Real["C"], *, eps: Positive = 1e-5):
    """Standardise each channel over the batch and all positions, then scale and shift."""
    mu = mean(x, "N H W")
    var = mean((x - mu) ** 2, "N H W")
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 2")
def batch_norm_infer_2d(
    x: Real["N C H W"], gamma: Real["C"], beta: Real["C"], mu: Real["C"], var: Real["C", NonNegative], *, eps: Positive = 1e-5
):  # fmt: skip
    """Standardise each channel by the mean and variance gathered in training, then scale and shift."""
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022, eq. 4")
def instance_norm(x: Real["N C H W"], gamma: Real["C"], beta: Real["C"], *, eps: Positive = 1e-5):
    """Standardise each channel of each sample over all positions, then scale and shift."""
    mu = mean(x, "H W")
    var = mean((x - mu) ** 2, "H W")
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Wu & He 2018, arXiv:1803.08494, eq. 7")
def group_norm(x: Real["N G C H W"], gamma: Real["G C"], beta: Real["G C"], *, eps: Positive = 1e-5):
    """Standardise each group of channels of each sample over the group and all positions, then scale and shift."""
    mu = mean(x, "C H W")
    var = mean((x - mu) ** 2, "C H W")
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op(source="Krizhevsky, Sutskever & Hinton 2012, section 3.3, with the mean over the window as PyTorch has it")
def local_response_norm(
    x: Real["N C H W"], *, width: PositiveInteger = 5, alpha: Positive = 1e-4, beta: Positive = 0.75, k: Positive = 1
):  # fmt: skip
    """Divide each channel by a power of the sum of squares of its neighbours."""
    far = idx("C") - idx("C'")
    near = where(far <= width / 2, where(far >= -(width - 1) / 2, 1, 0), 0)
    square = sum(near * x.at(C=idx("C'")) ** 2, "C'")
    return x * (k + alpha / width * square) ** (-beta)


@op(source="Ioffe & Szegedy 2015, arXiv:1502.03167, section 3.2, with momentum and the unbiased variance as PyTorch has them")
def batch_norm_statistics_2d(x: Real["N C H W"], running_mean: State["C"], running_var: State["C"], *, momentum: Range(0, 1) = 0.1):
    """The running mean and variance of each channel after one more batch; returns those of the batch."""
    mu = mean(x, "N H W")
    assume(size("N") * size("H") * size("W") > 1)
    var = sum((x - mu) ** 2, "N H W") / (size("N") * size("H") * size("W") - 1)
    running_mean = (1 - momentum) * running_mean + momentum * mu
    running_var = (1 - momentum) * running_var + momentum * var
    return mu, var


@op(source="Wu & He 2018, arXiv:1803.08494, eq. 7; torch.nn.GroupNorm")
def group_norm_channels(x: Real["N C H W"], gamma: Real["C"], beta: Real["C"], *, groups: PositiveInteger = 1, eps: Positive = 1e-5):
    """Standardise each group of adjacent channels of each sample over the group and all positions, then scale and shift."""
    assume(size("C") % groups, equals=0)
    width = size("C") // groups
    member = where(equal(new("G", size=groups), idx("C") // width), 1, 0)
    count = width * size("H") * size("W")
    mu = sum(member * sum(x, "H W"), "C") / count
    centred = x - sum(member * mu, "G")
    var = sum(member * sum(centred**2, "H W"), "C") / count
    rstd = 1 / sqrt(var + eps)
    xhat = centred * sum(member * rstd, "G")
    return gamma * xhat + beta


# fmt: off
IMAGES = (
    batch_norm_train_2d, batch_norm_infer_2d, batch_norm_statistics_2d, instance_norm, group_norm, local_response_norm,
    group_norm_channels,
)
# fmt: on
