"""Optimisers: one step of a recurrence, from weights, gradient and state to new weights and new state. States begin at 0."""
# mypy: ignore-errors

from derive.language import Count, Fraction01, NonNegative, Positive, Real, State, equal, maximum, mean, minimum, op, sign, sqrt, where


@op(source="Cauchy 1847; Goodfellow, Bengio & Courville 2016, algorithm 8.1")
def gradient_descent(w: Real["..."], grad: Real["..."], *, rate: Positive = 0.01):
    """One step against the gradient."""
    return w - rate * grad


@op(source="Polyak 1964; Sutskever, Martens, Dahl & Hinton 2013, with the rate outside the velocity, as PyTorch has it")
def sgd_momentum(w: Real["..."], grad: Real["..."], velocity: State["..."], *, rate: Positive = 0.01, momentum: Fraction01 = 0.9):
    """One step of gradient descent along a running sum of gradients."""
    velocity = momentum * velocity + grad
    return w - rate * velocity


@op(source="Sutskever, Martens, Dahl & Hinton 2013, eq. 1 and 2, with the rate inside the velocity")
def sgd_momentum_inside(w: Real["..."], grad: Real["..."], velocity: State["..."], *, rate: Positive = 0.01, momentum: Fraction01 = 0.9):
    """One step of gradient descent along a running sum of steps; a change of the rate reaches later steps only."""
    velocity = momentum * velocity + rate * grad
    return w - velocity


@op(source="Nesterov 1983; Sutskever, Martens, Dahl & Hinton 2013, in the form of PyTorch")
def nesterov(w: Real["..."], grad: Real["..."], velocity: State["..."], *, rate: Positive = 0.01, momentum: Fraction01 = 0.9):
    """One step along the gradient and the velocity that it leads to."""
    velocity = momentum * velocity + grad
    return w - rate * (grad + momentum * velocity)


@op(source="Polyak 1964, with a dampened sum that begins at the first gradient, as PyTorch has it")
def sgd_dampened(
    w: Real["..."], grad: Real["..."], velocity: State["..."], t: Count,
    *, rate: Positive = 0.01, momentum: Fraction01 = 0.9, dampening: Fraction01 = 0.5,
):  # fmt: skip
    """One step of gradient descent along a running mean of gradients, which begins at the first one."""
    velocity = where(equal(t, 1), grad, momentum * velocity + (1 - dampening) * grad)
    return w - rate * velocity


@op(source="Goodfellow, Bengio & Courville 2016, section 7.1.1: the gradient of the penalty is added to that of the loss")
def sgd_l2(w: Real["..."], grad: Real["..."], *, rate: Positive = 0.01, decay: NonNegative = 0.01):
    """One step against the gradient of a loss with a penalty of decay/2 times the sum of squares."""
    return w - rate * (grad + decay * w)


@op(source="Duchi, Hazan & Singer 2011, figure 1")
def adagrad(w: Real["..."], grad: Real["..."], total: State["..."], *, rate: Positive = 0.01, eps: Positive = 1e-10):
    """One step along the gradient, divided by the root of the sum of all its squares so far."""
    total = total + grad**2
    return w - rate * grad / (sqrt(total) + eps)


@op(source="Duchi, Hazan & Singer 2011, figure 1, at a falling rate as PyTorch has it")
def adagrad_decayed(
    w: Real["..."], grad: Real["..."], total: State["..."], t: Count,
    *, rate: Positive = 0.01, fall: NonNegative = 0, eps: Positive = 1e-10,
):  # fmt: skip
    """One step of adagrad at a rate that falls like one over the number of steps."""
    total = total + grad**2
    return w - rate / (1 + (t - 1) * fall) * grad / (sqrt(total) + eps)


@op(source="Tieleman & Hinton 2012, Neural networks for machine learning, lecture 6e")
def rmsprop(
    w: Real["..."], grad: Real["..."], v: State["..."], *, rate: Positive = 0.01, decay: Fraction01 = 0.99, eps: Positive = 1e-8
):  # fmt: skip
    """One step along the gradient, divided by its running root mean square."""
    v = decay * v + (1 - decay) * grad**2
    return w - rate * grad / (sqrt(v) + eps)


@op(source="Graves 2013, arXiv:1308.0850, eq. 38 to 41")
def rmsprop_centered(
    w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."],
    *, rate: Positive = 0.01, decay: Fraction01 = 0.99, eps: Positive = 1e-8,
):  # fmt: skip
    """One step along the gradient, divided by its running standard deviation."""
    m = decay * m + (1 - decay) * grad
    v = decay * v + (1 - decay) * grad**2
    return w - rate * grad / (sqrt(v - m**2) + eps)


@op(source="Tieleman & Hinton 2012, Neural networks for machine learning, lecture 6e, with momentum as PyTorch has it")
def rmsprop_momentum(
    w: Real["..."], grad: Real["..."], v: State["..."], velocity: State["..."],
    *, rate: Positive = 0.01, decay: Fraction01 = 0.99, momentum: Fraction01 = 0.9, eps: Positive = 1e-8,
):  # fmt: skip
    """One step along a running sum of gradients, each divided by their running root mean square."""
    v = decay * v + (1 - decay) * grad**2
    velocity = momentum * velocity + grad / (sqrt(v) + eps)
    return w - rate * velocity


@op(source="Zeiler 2012, arXiv:1212.5701, algorithm 1, times a rate as PyTorch has it")
def adadelta(
    w: Real["..."], grad: Real["..."], v: State["..."], u: State["..."],
    *, rate: Positive = 1, decay: Fraction01 = 0.9, eps: Positive = 1e-6,
):  # fmt: skip
    """One step whose size is the ratio of the running root mean squares of steps and of gradients."""
    v = decay * v + (1 - decay) * grad**2
    delta = sqrt(u + eps) / sqrt(v + eps) * grad
    u = decay * u + (1 - decay) * delta**2
    return w - rate * delta


@op(source="Chen et al. 2023, arXiv:2302.06675, algorithm 2")
def lion(
    w: Real["..."], grad: Real["..."], m: State["..."],
    *, rate: Positive = 1e-4, beta1: Fraction01 = 0.9, beta2: Fraction01 = 0.99, decay: NonNegative = 0,
):  # fmt: skip
    """One step of equal size for every weight, in the direction of the sign of a running mean of gradients."""
    direction = sign(beta1 * m + (1 - beta1) * grad)
    m = beta2 * m + (1 - beta2) * grad
    return w - rate * (direction + decay * w)


@op(source="Riedmiller & Braun 1993, A direct adaptive method for faster backpropagation learning, as PyTorch has it")
def rprop(
    w: Real["..."], grad: Real["..."], last: State["..."], width: State["..."],
    *, shrink: Positive = 0.5, grow: Positive = 1.2, least: Positive = 1e-6, most: Positive = 50,
):  # fmt: skip
    """One step, wider while the gradient keeps its sign, narrower when it turns; width begins at the rate."""
    turn = sign(grad) * sign(last)
    wider = where(turn > 0, grow * width, where(turn < 0, shrink * width, width))
    width = minimum(maximum(wider, least), most)
    last = where(turn < 0, 0, grad)
    return w - width * sign(last)


@op(source="Tarvainen & Valpola 2017, arXiv:1703.01780, eq. 1")
def ema(average: Real["..."], w: Real["..."], *, decay: Fraction01 = 0.999):
    """The exponential average of all weights so far, from that of the steps before."""
    return decay * average + (1 - decay) * w


@op(source="Polyak & Juditsky 1992; Xu 2010, arXiv:1107.2490, as PyTorch has it")
def asgd(
    w: Real["..."], grad: Real["..."], average: State["..."], t: Count,
    *, rate: Positive = 0.01, decay: NonNegative = 1e-4, power: Positive = 0.75, start: NonNegative = 1e6,
):  # fmt: skip
    """One step of gradient descent at a falling rate, and from `start` on the average of all weights since."""
    eta = rate / (1 + decay * rate * (t - 1)) ** power
    w = (1 - decay * eta) * w - eta * grad
    average = average + (w - average) / maximum(t - 1 - start, 1)
    return w


@op(source="Defazio et al. 2024, arXiv:2405.15682, eq. 1 to 3; grad is taken at (1 - beta)*z + beta*x")
def schedule_free(z: Real["..."], grad: Real["..."], x: State["..."], t: Count, *, rate: Positive = 1, beta: Fraction01 = 0.9):
    """One step of gradient descent that needs no schedule: z moves, x is its average; returns z."""
    z = z - rate * grad
    x = (1 - 1 / t) * x + z / t
    return z


@op(source="Karpathy 2022, Building makemore part 3")
def update_ratio(step: Real["..."], w: Real["..."]):
    """The size of a step relative to the size of the weights: the ratio of their standard deviations."""
    spread = sqrt(mean((w - mean(w)) ** 2))
    return sqrt(mean((step - mean(step)) ** 2)) / spread


# fmt: off
OPTIMIZERS = (
    gradient_descent, sgd_l2, sgd_momentum, sgd_momentum_inside, nesterov, sgd_dampened, adagrad, adagrad_decayed,
    rmsprop, rmsprop_centered, rmsprop_momentum, adadelta, rprop, lion, ema, asgd, schedule_free, update_ratio,
)
# fmt: on
