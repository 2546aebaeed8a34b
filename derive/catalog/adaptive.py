"""Optimisers of Adam's family: running means of the gradient and of its square, corrected for their start at 0; t counts from 1."""
# mypy: ignore-errors

from derive.language import (
    Count,
    Fraction01,
    NonNegative,
    Positive,
    Real,
    Scalar,
    State,
    abs,
    idx,
    maximum,
    mean,
    minimum,
    op,
    sign,
    sqrt,
    sum,
    where,
)  # fmt: skip


@op(source="Kingma & Ba 2015, arXiv:1412.6980, algorithm 1")
def adam(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], t: Count,
    *, rate: Positive = 1e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-8,
):  # fmt: skip
    """One step along the bias-corrected mean gradient, divided by its root mean square; t counts from 1."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    mhat = m / (1 - beta1**t)
    vhat = v / (1 - beta2**t)
    return w - rate * mhat / (sqrt(vhat) + eps)


@op(source="Kingma & Ba 2015, arXiv:1412.6980, algorithm 1, on a loss with a penalty of decay/2 times the sum of squares")
def adam_l2(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], t: Count,
    *, rate: Positive = 1e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-8, decay: NonNegative = 0.01,
):  # fmt: skip
    """One step of adam in which the decay is part of the gradient, and so is divided by its history."""
    whole = grad + decay * w
    m = beta1 * m + (1 - beta1) * whole
    v = beta2 * v + (1 - beta2) * whole**2
    mhat = m / (1 - beta1**t)
    vhat = v / (1 - beta2**t)
    return w - rate * mhat / (sqrt(vhat) + eps)


@op(source="Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2, with the decay times the rate, as PyTorch has it")
def adamw(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], t: Count,
    *, rate: Positive = 1e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-8, decay: NonNegative = 0.01,
):  # fmt: skip
    """One step of adam, and a decay of the weights by rate times decay."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    mhat = m / (1 - beta1**t)
    vhat = v / (1 - beta2**t)
    return w - rate * (mhat / (sqrt(vhat) + eps) + decay * w)


@op(source="Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2, with a multiplier of the schedule of 1")
def adamw_fixed_decay(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], t: Count,
    *, rate: Positive = 1e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-8, decay: NonNegative = 1e-5,
):  # fmt: skip
    """One step of adam, and a decay of the weights that does not depend on the rate."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    mhat = m / (1 - beta1**t)
    vhat = v / (1 - beta2**t)
    return w - rate * mhat / (sqrt(vhat) + eps) - decay * w


@op(source="Reddi, Kale & Kumar 2018, arXiv:1904.09237, algorithm 2, with bias corrections as PyTorch has them")
def amsgrad(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], peak: State["..."], t: Count,
    *, rate: Positive = 1e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-8,
):  # fmt: skip
    """One step of adam whose mean square never falls."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    peak = maximum(peak, v)
    mhat = m / (1 - beta1**t)
    return w - rate * mhat / (sqrt(peak / (1 - beta2**t)) + eps)


@op(source="Kingma & Ba 2015, arXiv:1412.6980, algorithm 2, with eps as PyTorch has it")
def adamax(
    w: Real["..."], grad: Real["..."], m: State["..."], u: State["..."], t: Count,
    *, rate: Positive = 2e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-8,
):  # fmt: skip
    """One step along the bias-corrected mean gradient, divided by its largest size, which fades."""
    m = beta1 * m + (1 - beta1) * grad
    u = maximum(beta2 * u, abs(grad) + eps)
    return w - rate / (1 - beta1**t) * m / u


@op(source="Dozat 2016, Incorporating Nesterov momentum into Adam, as PyTorch has it")
def nadam(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], left: State[""], t: Count,
    *, rate: Positive = 2e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-8, psi: Positive = 0.004,
):  # fmt: skip
    """One step of adam along the mean gradient of the step to come; left, of the start, begins at 1."""
    mu, after = beta1 * (1 - 0.96 ** (t * psi) / 2), beta1 * (1 - 0.96 ** ((t + 1) * psi) / 2)
    left = left * mu
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    rms = sqrt(v / (1 - beta2**t)) + eps
    return w - rate * ((1 - mu) / (1 - left) * grad + after / (1 - left * after) * m) / rms


@op(source="Liu et al. 2020, arXiv:1908.03265, algorithm 2, with eps as PyTorch has it")
def radam(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], t: Count,
    *, rate: Positive = 1e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-8,
):  # fmt: skip
    """One step of adam, rectified while few gradients have been seen."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    limit = 2 / (1 - beta2) - 1
    rho = limit - 2 * t * beta2**t / (1 - beta2**t)
    r = sqrt(where(rho > 5, (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho), 1))
    scale = where(rho > 5, r * sqrt(1 - beta2**t) / (sqrt(v) + eps), 1)
    return w - rate * m / (1 - beta1**t) * scale


@op(source="Zaheer, Reddi, Sachan, Kale & Kumar 2018, Adaptive methods for nonconvex optimization, algorithm 2, with bias corrections")
def yogi(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], t: Count,
    *, rate: Positive = 0.01, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-3,
):  # fmt: skip
    """One step of adam whose mean square moves by as much as the square, whatever the distance between them."""
    m = beta1 * m + (1 - beta1) * grad
    v = v - (1 - beta2) * sign(v - grad**2) * grad**2
    return w - rate * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps)


@op(source="Zhuang et al. 2020, arXiv:2010.07468, algorithm 2")
def adabelief(
    w: Real["..."], grad: Real["..."], m: State["..."], s: State["..."], t: Count,
    *, rate: Positive = 1e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-16,
):  # fmt: skip
    """One step of adam, divided by how far gradients are from their running mean."""
    m = beta1 * m + (1 - beta1) * grad
    s = beta2 * s + (1 - beta2) * (grad - m) ** 2 + eps
    return w - rate * m / (1 - beta1**t) / (sqrt(s / (1 - beta2**t)) + eps)


@op(source="You et al. 2020, arXiv:1904.00962, algorithm 2")
def lamb(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], t: Count,
    *, rate: Positive = 1e-3, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.999, eps: Positive = 1e-6, decay: NonNegative = 0.01,
):  # fmt: skip
    """One step of adamw for one layer, as long as the layer's weights times the rate."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    step = m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps) + decay * w
    return w - rate * sqrt(sum(w**2) / sum(step**2)) * step


@op(source="You, Gitman & Ginsburg 2017, arXiv:1708.03888, algorithm 1")
def lars(
    w: Real["..."], grad: Real["..."], velocity: State["..."],
    *, rate: Positive = 0.1, momentum: Fraction01 = 0.9, decay: NonNegative = 1e-4, trust: Positive = 1e-3,
):  # fmt: skip
    """One step with momentum for one layer, as long as a share of the layer's weights."""
    length = sqrt(sum(w**2))
    local = trust * length / (sqrt(sum(grad**2)) + decay * length)
    velocity = momentum * velocity + rate * local * (grad + decay * w)
    return w - velocity


@op(source="Shazeer & Stern 2018, arXiv:1804.04235, algorithm 2, for matrices, with a fixed decay")
def adafactor(
    w: Real["O I"], grad: Real["O I"], rows: State["O"], columns: State["I"],
    *, rate: Positive = 0.01, decay: Fraction01 = 0.999, eps: Positive = 1e-30,
):  # fmt: skip
    """One step along the gradient, divided by a root mean square of which only the row and column means are kept."""
    rows = decay * rows + (1 - decay) * mean(grad**2 + eps, "I")
    columns = decay * columns + (1 - decay) * mean(grad**2 + eps, "O")
    v = rows * columns / mean(rows, "O")
    return w - rate * grad / sqrt(v)


@op(source="Liu, Li, Hall, Liang & Ma 2023, arXiv:2305.14342, algorithm 3, with the diagonal of the Hessian given")
def sophia(
    w: Real["..."], grad: Real["..."], curvature: Real["..."], m: State["..."], h: State["..."],
    *, rate: Positive = 1e-3, beta1: Fraction01 = 0.96, beta2: Fraction01 = 0.99, gamma: Positive = 0.01, eps: Positive = 1e-12,
):  # fmt: skip
    """One step of Newton's method for each weight alone, cut off at the rate."""
    m = beta1 * m + (1 - beta1) * grad
    h = beta2 * h + (1 - beta2) * curvature
    step = m / maximum(gamma * h, eps)
    return w - rate * maximum(minimum(step, 1), -1)


@op(source="Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks")
def newton_schulz(x: Real["O I"], *, a: Scalar = 3.4445, b: Scalar = -4.775, c: Scalar = 2.0315):
    """One step of a polynomial that moves all singular values of a matrix towards 1."""
    s = sum(x * x.at(O=idx("O'")), "I")
    once = sum(s * x.at(O=idx("O'")), "O'")
    twice = sum(s * once.at(O=idx("O'")), "O'")
    return a * x + b * once + c * twice


@op(source="Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks")
def muon(w: Real["O I"], grad: Real["O I"], velocity: State["O I"], *, rate: Positive = 0.02, momentum: Fraction01 = 0.95):
    """One step along the momentum, whose singular values five Newton-Schulz steps have made nearly equal."""
    velocity = momentum * velocity + grad
    direction = grad + momentum * velocity
    length = sqrt(sum(direction**2))
    unit = direction / length
    x = newton_schulz(newton_schulz(newton_schulz(newton_schulz(newton_schulz(unit)))))
    return w - rate * x


# fmt: off
ADAPTIVE = (
    adam, adam_l2, adamw, adamw_fixed_decay, amsgrad, adamax, nadam, radam, yogi, adabelief, lamb, lars, adafactor,
    sophia, newton_schulz, muon,
)
# fmt: on
