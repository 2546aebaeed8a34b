"""Optimisers: one step of a recurrence, from weights, gradient and state to new weights and new state."""
# mypy: ignore-errors

from derive.language import Count, Fraction01, Positive, Real, State, op, sqrt


@op(source="Polyak 1964; Sutskever, Martens, Dahl & Hinton 2013, with the rate outside the velocity, as PyTorch has it")
def sgd_momentum(w: Real["..."], grad: Real["..."], velocity: State["..."], *, rate: Positive = 0.01, momentum: Fraction01 = 0.9):
    """One step of gradient descent along a running sum of gradients."""
    velocity = momentum * velocity + grad
    return w - rate * velocity


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


# fmt: off
OPTIMIZERS = (
    sgd_momentum, adam,
)
# fmt: on
