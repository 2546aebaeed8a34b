"""Schedules: the rate of an optimiser at step t, which counts from 1."""
# mypy: ignore-errors

from derive.language import Count, Fraction01, NonNegative, Positive, PositiveInteger, Range, cos, maximum, minimum, op, pi, sqrt


@op(source="He, Zhang, Ren & Sun 2016, arXiv:1512.03385, section 3.4; torch.optim.lr_scheduler.StepLR")
def step_decay(t: Count, *, rate: Positive = 0.1, factor: Fraction01 = 0.1, every: PositiveInteger = 30):
    """A rate that is multiplied by a factor every so many steps."""
    return rate * factor ** ((t - 1) // every)


@op(source="torch.optim.lr_scheduler.ExponentialLR")
def exponential_decay(t: Count, *, rate: Positive = 0.1, factor: Fraction01 = 0.95):
    """A rate that is multiplied by a factor at every step."""
    return rate * factor ** (t - 1)


@op(source="Robbins & Monro 1951; Goodfellow, Bengio & Courville 2016, section 8.3.1")
def inverse_time_decay(t: Count, *, rate: Positive = 0.1, decay: NonNegative = 0.01):
    """A rate that falls like one over the number of steps."""
    return rate / (1 + decay * (t - 1))


@op(source="torch.optim.lr_scheduler.PolynomialLR")
def polynomial_decay(t: Count, *, rate: Positive = 0.1, steps: PositiveInteger = 100, power: Positive = 1):
    """A rate that falls to zero over so many steps, along a power."""
    left = maximum(1 - (t - 1) / steps, 0)
    return rate * left**power


@op(source="Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, without restarts")
def cosine_decay(t: Count, *, rate: Positive = 0.1, least: NonNegative = 0, steps: PositiveInteger = 100):
    """A rate that falls to the least one over so many steps, along half a cosine, and stays there."""
    done = minimum((t - 1) / steps, 1)
    return least + (rate - least) * (1 + cos(pi * done)) / 2


@op(source="Goyal et al. 2017, arXiv:1706.02677, section 2.2")
def linear_warmup(t: Count, *, rate: Positive = 0.1, steps: PositiveInteger = 10):
    """A rate that grows evenly over so many steps, and stays there."""
    return rate * minimum(t / steps, 1)


@op(source="Goyal et al. 2017 and Loshchilov & Hutter 2017")
def warmup_cosine(t: Count, *, rate: Positive = 0.1, warmup: PositiveInteger = 10, steps: PositiveInteger = 100):
    """A rate that grows evenly, then falls to zero along half a cosine."""
    done = minimum(maximum((t - warmup) / steps, 0), 1)
    return rate * minimum(t / warmup, 1) * (1 + cos(pi * done)) / 2


@op(source="Vaswani et al. 2017, arXiv:1706.03762, eq. 3")
def inverse_root_warmup(t: Count, *, width: PositiveInteger = 512, warmup: PositiveInteger = 4000):
    """A rate that grows evenly, then falls like one over the root of the number of steps."""
    return minimum(1 / sqrt(t), t / sqrt(warmup) ** 3) / sqrt(width)


@op(source="Smith 2017, arXiv:1506.01186, section 3.3, growing exponentially")
def rate_finder(t: Count, *, low: Positive = 1e-3, high: Positive = 1, steps: Range(low=2, integer=True) = 1000):
    """A rate that grows exponentially from low to high over so many steps, to see where the loss falls fastest."""
    return low * (high / low) ** ((t - 1) / (steps - 1))


# fmt: off
SCHEDULES = (
    step_decay, exponential_decay, inverse_time_decay, polynomial_decay, cosine_decay, linear_warmup, warmup_cosine,
    inverse_root_warmup, rate_finder,
)
# fmt: on
