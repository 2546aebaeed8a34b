"""Claims about errors, and numbers of textbooks."""
# mypy: ignore-errors

from derive.analysis.function import derived
from derive.catalog.activations import sigmoid
from derive.catalog.classification import bce
from derive.catalog.losses import huber as huber_mean
from derive.catalog.losses import mse
from derive.catalog.losses import smooth_l1 as smooth_l1_mean
from derive.catalog.reductions import REDUCTIONS
from derive.claims.claim import Claim
from derive.claims.statements import about, at_most, below, equal, fails, number, tends
from derive.language import (
    NonNegative,
    Positive,
    Range,
    Real,
    abs,
    mean,
    op,
    size,
    sum,
)  # fmt: skip

huber, smooth_l1, mae_none = (next(o for o in REDUCTIONS if o.name == n) for n in ("huber_none", "smooth_l1_none", "mae_none"))
d_mae, d_huber = map(derived, (mae_none, huber))


@op
def mse_optimum(t: Real["N"], c: Real[""]):
    """Any guess c costs the square of its distance from the mean more than the mean does."""
    m = mean(t, "N")
    return mse(c, t), mse(m, t) + (c - m) ** 2


@op
def mae_unique(t: Real[""], *, d: Positive, s: Range(0, 1 / 2, high_included=False)):
    """Of two targets t and t + d, the median is the middle: a guess below it costs more."""
    middle, other = t + d / 2, t + s * d
    return (abs(middle - t) + abs(middle - t - d)) / 2, (abs(other - t) + abs(other - t - d)) / 2


@op
def mae_near(m: Real[""], *, s: NonNegative, u: NonNegative):
    """From m to m + u the error for a target m - s at or below m grows by u."""
    t = -s
    return abs(t - u) - abs(t), u


@op
def mae_far(m: Real[""], *, r: Range(), u: NonNegative):
    """And for a target anywhere it falls by at most u."""
    t = r * u
    return -u, abs(t - u) - abs(t)


@op
def mae_count(m: Real[""], *, others: NonNegative, more: NonNegative, u: Positive):
    """With more targets at or below m than above it, as at the median of an odd number, the sum grows (mirrored: to the left, too)."""
    below_m = others + 1 + more
    return 0, below_m * u - others * u


@op
def mae_slope(g: Real[""], t: Real[""], *, r: Positive):
    """Away from 0 the slope of the absolute error is constant: 1 above the target."""
    return d_mae(g, t + r, t)[0], g


@op
def mae_slope_below(g: Real[""], t: Real[""], *, r: Positive):
    """And -1 below it."""
    return d_mae(g, t - r, t)[0], -g


@op
def mae_jump(t: Real[""], *, r: Positive):
    """The slopes on both sides of 0 meet."""
    return d_mae(1, t + r, t)[0] - d_mae(1, t - r, t)[0], 0


@op
def mae_continuous(t: Real[""], *, r: Positive):
    """The loss at an error of r, and of -r, tends to the loss at 0, which is 0."""
    return mae_none(t + r, t) + mae_none(t - r, t), 0


@op
def huber_inside(t: Real[""], *, delta: Positive, s: Range(-1, 1)):
    """Up to delta, huber is half the square of the error."""
    r = s * delta
    return huber(t + r, t, delta=delta), r**2 / 2


@op
def huber_outside(t: Real[""], *, delta: Positive, s: Positive):
    """Beyond delta it is a straight line."""
    r = (1 + s) * delta
    return huber(t + r, t, delta=delta), delta * (r - delta / 2)


@op
def huber_meets(t: Real[""], *, delta: Positive, s: Range(0, 1, low_included=False, high_included=False)):
    """At delta both pieces meet."""
    return huber((1 + s) * delta, 0, delta=delta) - huber((1 - s) * delta, 0, delta=delta), 0


@op
def huber_smooth(t: Real[""], *, delta: Positive, s: Range(0, 1, low_included=False, high_included=False)):
    """And so do their slopes."""
    return d_huber(1, (1 + s) * delta, 0, delta=delta)[0] - d_huber(1, (1 - s) * delta, 0, delta=delta)[0], 0


@op
def smooth_l1_as_huber(t: Real[""], *, beta: Positive, s: Range()):
    """smooth_l1 is huber divided by its width."""
    r = s * beta
    return smooth_l1(r, 0, beta=beta), huber(r, 0, delta=beta) / beta


@op
def fourth_power(x: Real[""]):
    """Four slopes, multiplied."""
    return x**4


@op
def compounded(x: Real[""]):
    """365 days of growth."""
    return (1 + x) ** 365


@op
def sigmoid_value(x: Real[""]):
    """The sigmoid."""
    return sigmoid(x)


@op
def mse_as_sum(p: Real["N"], t: Real["N"]):
    """Mean squared error is the sum of squared differences."""
    return mse(p, t), sum((p - t) ** 2, "N")


@op
def mse_as_mean(p: Real["N"], t: Real["N"]):
    """It is the sum divided by how many there are."""
    return mse(p, t), sum((p - t) ** 2, "N") / size("N")


CLAIMS = (
    Claim(
        10,
        "The optimum of mae is the median, that of mse the mean.",
        (below(mae_unique),),
        "an odd number of targets",
        (equal(mae_near), at_most(mae_far), below(mae_count)),
        also=(equal(mse_optimum),),
    ),
    Claim(
        11,
        "The gradient of mae is undefined at 0 and constant elsewhere; the loss is discontinuous there.",
        (fails(tends(mae_continuous, "r", "0")),),
        instead=(tends(mae_continuous, "r", "0"),),
        also=(equal(mae_slope), equal(mae_slope_below), fails(tends(mae_jump, "r", "0"))),
    ),
    Claim(
        12,
        "huber and smooth_l1 are quadratic inside, linear outside, and C1.",
        (
            about(equal(huber_inside), huber_mean),
            about(equal(huber_outside), huber_mean),
            about(tends(huber_meets, "s", "0"), huber_mean),
            about(tends(huber_smooth, "s", "0"), huber_mean),
        ),
        also=(about(equal(smooth_l1_as_huber), huber_mean, smooth_l1_mean),),
    ),
    Claim(14, "A chain of four slopes of 0.01 gives 1e-8.", (number(fourth_power, "0.00000001", {"x": "0.01"}),)),
    Claim(23, "1 percent better each day is 37x in a year.", (number(compounded, "37.78", {"x": "0.01"}),)),
    Claim(
        25,
        "sigmoid(-3, 0, 2) = 0.0474, 0.5, 0.8808; mse((2.5, 4.8), (3, 5)) = 0.145; bce(p = (.9, .2, .7), y = (1, 0, 1)) = 0.2284.",
        (
            number(sigmoid_value, "0.0474", {"x": "-3"}),
            number(sigmoid_value, "0.5", {"x": "0"}),
            number(sigmoid_value, "0.8808", {"x": "2"}),
            number(mse, "0.145", {"pred": ("2.5", "4.8"), "target": ("3", "5")}),
            number(bce, "0.2284", {"pred": ("0.9", "0.2", "0.7"), "target": ("1", "0", "1")}),
        ),
    ),
    Claim(26, 'Mean squared error "is the sum of squared differences".', (equal(mse_as_sum),), instead=(equal(mse_as_mean),)),
)
