"""Claims about momentum, adam and decay."""
# mypy: ignore-errors

from derive.analysis.function import derived
from derive.catalog.adaptive import adam, adam_l2, adamw, adamw_fixed_decay
from derive.catalog.optimizers import gradient_descent, sgd_momentum, sgd_momentum_inside
from derive.catalog.regularizers import l2, l2_half, weight_decay
from derive.claims.claim import Claim
from derive.claims.statements import equal, fails
from derive.language import (
    Count,
    Fraction01,
    NonNegative,
    Positive,
    Range,
    Real,
    op,
    sqrt,
)

d_l2, d_l2_half = map(derived, (l2, l2_half))


@op
def momentum_rates(w: Real["..."], g1: Real["..."], g2: Real["..."], *, momentum: Fraction01, rate1: Positive, rate2: Positive):
    """After two steps, the rate inside the velocity gives the same weights as the rate outside."""
    w1, v1 = sgd_momentum(w, g1, 0 * w, rate=rate1, momentum=momentum)
    u1, z1 = sgd_momentum_inside(w, g1, 0 * w, rate=rate1, momentum=momentum)
    w2, _ = sgd_momentum(w1, g2, v1, rate=rate2, momentum=momentum)
    u2, _ = sgd_momentum_inside(u1, g2, z1, rate=rate2, momentum=momentum)
    return w2, u2


@op
def momentum_velocity(w: Real["..."], g: Real["..."], v: Real["..."], *, momentum: Fraction01, rate: Positive):
    """If one velocity is rate times the other, it is so after a step at the same rate."""
    _, outside = sgd_momentum(w, g, v, rate=rate, momentum=momentum)
    _, inside = sgd_momentum_inside(w, g, rate * v, rate=rate, momentum=momentum)
    return inside, rate * outside


@op
def momentum_weights(w: Real["..."], g: Real["..."], v: Real["..."], *, momentum: Fraction01, rate: Positive):
    """And the weights are the same."""
    outside, _ = sgd_momentum(w, g, v, rate=rate, momentum=momentum)
    inside, _ = sgd_momentum_inside(w, g, rate * v, rate=rate, momentum=momentum)
    return inside, outside


@op
def momentum_fades(w: Real["..."], g: Real["..."], t: Count, *, momentum: Positive):
    """A gradient g counts momentum^t g after t more steps, and momentum^(t + 1) g after one more."""
    _, velocity = sgd_momentum(w, 0 * g, momentum**t * g, momentum=momentum)
    return velocity, momentum ** (t + 1) * g


@op
def momentum_adds(w: Real["..."], g: Real["..."], h: Real["..."], v: Real["..."], u: Real["..."], *, momentum: Fraction01):
    """What several gradients leave in the velocity adds up: together, a geometric sum."""
    _, both = sgd_momentum(w, g + h, v + u, momentum=momentum)
    _, one = sgd_momentum(w, g, v, momentum=momentum)
    _, other = sgd_momentum(w, h, u, momentum=momentum)
    return both, one + other


@op
def bias_of_changing(w: Real[""], g1: Real[""], g2: Real[""], *, beta: Range(0, 1, low_included=False, high_included=False)):
    """After two gradients of means g1 and g2, the corrected mean of Adam is that of the last."""
    _, m, _ = adam(w, g1, 0 * w, 0 * w, 1, beta1=beta)
    _, m, _ = adam(w, g2, m, 0 * w, 2, beta1=beta)
    return m / (1 - beta**2), g2


@op
def bias_of_mean(w: Real[""], g: Real[""], t: Count, *, beta: Range(0, 1, low_included=False, high_included=False)):
    """With gradients of one mean g, the running mean is (1 - beta^t) g after t steps, so also after one more."""
    _, m, _ = adam(w, g, (1 - beta**t) * g, 0 * w, t, beta1=beta)
    return m, (1 - beta ** (t + 1)) * g


@op
def bias_at_first(w: Real[""], g: Real[""], *, beta: Range(0, 1, low_included=False, high_included=False)):
    """And (1 - beta) g after the first: divided by 1 - beta^t, it is g."""
    _, m, _ = adam(w, g, 0 * w, 0 * w, 1, beta1=beta)
    return m, (1 - beta**1) * g


@op
def bias_of_square(w: Real[""], g: Real[""], t: Count, *, beta: Range(0, 1, low_included=False, high_included=False)):
    """The same holds for the running mean of squares."""
    _, _, v = adam(w, g, 0 * w, (1 - beta**t) * g**2, t, beta2=beta)
    return v, (1 - beta ** (t + 1)) * g**2


@op
def two_adamw(w: Real["..."], grad: Real["..."], m: Real["..."], v: Real["..."], t: Count, *, rate: Positive, decay: NonNegative):
    """A decay of lambda and one of rate*lambda make the same step."""
    return adamw_fixed_decay(w, grad, m, v, t, rate=rate, decay=decay)[0], adamw(w, grad, m, v, t, rate=rate, decay=decay)[0]


@op
def two_adamw_apart(w: Real["..."], grad: Real["..."], m: Real["..."], v: Real["..."], t: Count, *, rate: Positive, decay: NonNegative):
    """They differ by (1 - rate)*lambda*w."""
    fixed, usual = (f(w, grad, m, v, t, rate=rate, decay=decay)[0] for f in (adamw_fixed_decay, adamw))
    return usual - fixed, (1 - rate) * decay * w


@op
def adamw_with_divided(w: Real["..."], grad: Real["..."], m: Real["..."], v: Real["..."], t: Count, *, rate: Positive, decay: NonNegative):
    """With lambda = rate*decay the first is the second."""
    return adamw_fixed_decay(w, grad, m, v, t, rate=rate, decay=rate * decay)[0], adamw(w, grad, m, v, t, rate=rate, decay=decay)[0]


@op
def adamw_decay(w: Real["..."], grad: Real["..."], m: Real["..."], v: Real["..."], t: Count, *, rate: Positive, decay: NonNegative):
    """The decay of adamw is rate*lambda*w, whatever the gradients were."""
    return adam(w, grad, m, v, t, rate=rate)[0] - adamw(w, grad, m, v, t, rate=rate, decay=decay)[0], rate * decay * w


@op
def adam_l2_decay(x: Real[""], *, w: Positive, v: NonNegative, rate: Positive, decay: Positive, eps: Positive):
    """With a gradient of 0, adam with the penalty divides the decay by the root of its mean square v."""
    after = adam_l2(w, 0, 0, v, 1, rate=rate, decay=decay, beta1=0, beta2=1 / 2, eps=eps)[0]
    return w - after, rate * decay * w / (sqrt(v + (decay * w) ** 2) + eps)


@op
def adam_l2_as_adamw(w: Real["..."], grad: Real["..."], m: Real["..."], v: Real["..."], t: Count, *, rate: Positive, decay: NonNegative):
    """Adam with the penalty in the loss makes the step of adamw."""
    return adam_l2(w, grad, m, v, t, rate=rate, decay=decay)[0], adamw(w, grad, m, v, t, rate=rate, decay=decay)[0]


@op
def penalty_as_decay(w: Real["..."], *, rate: Positive, strength: NonNegative):
    """A step against the gradient of strength*sum(w^2) is a decay by rate*strength."""
    return gradient_descent(w, d_l2(1, w, strength=strength), rate=rate), weight_decay(w, rate=rate, decay=strength)


@op
def penalty_as_double_decay(w: Real["..."], *, rate: Positive, strength: NonNegative):
    """It is a decay by twice that."""
    return gradient_descent(w, d_l2(1, w, strength=strength), rate=rate), weight_decay(w, rate=rate, decay=2 * strength)


@op
def half_penalty_as_decay(w: Real["..."], *, rate: Positive, strength: NonNegative):
    """With half the strength in the loss it is a decay by rate*strength."""
    return gradient_descent(w, d_l2_half(1, w, strength=strength), rate=rate), weight_decay(w, rate=rate, decay=strength)


@op
def penalty_with_momentum(w: Real["..."], *, rate: Positive, strength: NonNegative, momentum: Fraction01):
    """With momentum, two steps on half the penalty are two decays."""
    w1, v1 = sgd_momentum(w, d_l2_half(1, w, strength=strength), 0 * w, rate=rate, momentum=momentum)
    w2, _ = sgd_momentum(w1, d_l2_half(1, w1, strength=strength), v1, rate=rate, momentum=momentum)
    return w2, weight_decay(weight_decay(w, rate=rate, decay=strength), rate=rate, decay=strength)


CLAIMS = (
    Claim(
        17,
        "v = beta v + rate*grad; w -= v equals the geometric sum; other texts put the rate outside.",
        (equal(momentum_rates),),
        "a constant rate",
        (equal(momentum_velocity), equal(momentum_weights)),
        also=(equal(momentum_fades), equal(momentum_adds)),
    ),
    Claim(
        18,
        "Adam's bias correction removes the bias exactly.",
        (equal(bias_of_changing),),
        "stationary gradients: all of one mean",
        (equal(bias_at_first), equal(bias_of_mean), equal(bias_of_square)),
    ),
    Claim(
        19,
        "AdamW: w - lambda w - rate*m/(sqrt v + eps); texts differ, lambda or rate*lambda.",
        (equal(two_adamw),),
        instead=(equal(two_adamw_apart), equal(adamw_with_divided)),
    ),
    Claim(
        20,
        "With 1/2 lambda w^2 in the loss, adam scales the decay by the gradient's history; adamw does not.",
        (equal(adam_l2_decay), equal(adamw_decay), fails(equal(adam_l2_as_adamw))),
    ),
    Claim(
        21,
        "L2 penalty lambda*sum(w^2) is weight decay.",
        (equal(penalty_as_decay),),
        instead=(equal(penalty_as_double_decay), equal(half_penalty_as_decay)),
        also=(fails(equal(penalty_with_momentum)), fails(equal(adam_l2_as_adamw))),
    ),
)
