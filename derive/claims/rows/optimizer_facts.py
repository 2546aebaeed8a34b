"""Facts about optimisers: closed forms under a constant gradient, and what decay is."""
# mypy: ignore-errors

from derive.catalog.adaptive import adam, adam_l2, adamw
from derive.catalog.optimizers import ema, gradient_descent, sgd_l2, sgd_momentum
from derive.catalog.regularizers import weight_decay
from derive.claims.statements import equal
from derive.language import Count, NonNegative, Positive, Range, Real, op

INSIDE = Range(0, 1, low_included=False, high_included=False)


@op
def momentum_weights_closed(w: Real["..."], g: Real["..."], t: Count, *, rate: Positive, momentum: INSIDE):
    """Under a constant gradient the weights after t steps are w - rate g (t - q (1 - q^t)/(1 - q))/(1 - q): so also after one more."""
    q = momentum

    def after(n):
        return w - rate * g * (n - q * (1 - q**n) / (1 - q)) / (1 - q)

    return sgd_momentum(after(t), g, (1 - q**t) / (1 - q) * g, rate=rate, momentum=q)[0], after(t + 1)


@op
def momentum_reach(w: Real["..."], g: Real["..."], *, rate: Positive, momentum: INSIDE):
    """At the velocity g/(1 - q), which it tends to, a step is 1/(1 - q) times that of gradient descent."""
    v = g / (1 - momentum)
    return w - sgd_momentum(w, g, v, rate=rate, momentum=momentum)[0], (w - gradient_descent(w, g, rate=rate)) / (1 - momentum)


@op
def l2_is_decay(w: Real["..."], g: Real["..."], *, rate: Positive, decay: NonNegative):
    """For plain gradient descent, the penalty in the loss is a decay of the weights by rate*decay, then the step."""
    return sgd_l2(w, g, rate=rate, decay=decay), weight_decay(w, rate=rate, decay=decay) - rate * g


@op
def adam_first(w: Real[""], *, g: Positive, rate: Positive, eps: Positive):
    """The first step, on a gradient g > 0, is rate g/(g + eps), whatever the averages: about the rate."""
    return w - adam(w, g, 0, 0, 1, rate=rate, eps=eps)[0], rate * g / (g + eps)


@op
def adam_l2_difference(x: Real[""], *, whole: Positive, g: Positive, rate: Positive, eps: Positive, decay: Positive):
    """For adam it differs: where g > 0 and whole = g + decay*w > 0, the first steps of both are exactly this far apart."""
    w = (whole - g) / decay
    apart = rate * (whole / (whole + eps) - g / (g + eps) - decay * w)
    first, second = (f(w, g, 0, 0, 1, rate=rate, eps=eps, decay=decay)[0] for f in (adamw, adam_l2))
    return first - second, apart


@op
def ema_closed(a: Real["..."], w: Real["..."], t: Count, *, decay: INSIDE):
    """For weights that stay, the average after t steps is d^t a + (1 - d^t) w: so also after one more."""
    d = decay
    return ema(d**t * a + (1 - d**t) * w, w, decay=d), d ** (t + 1) * a + (1 - d ** (t + 1)) * w


FACTS = (
    equal(momentum_weights_closed),
    equal(momentum_reach),
    equal(l2_is_decay),
    equal(adam_first),
    equal(adam_l2_difference),
    equal(ema_closed),
)
