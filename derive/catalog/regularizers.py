"""Regularisers: penalties on weights, limits on weights and gradients, and smoothing."""
# mypy: ignore-errors

from derive.language import NonNegative, Positive, Real, abs, op, sqrt, sum, where


@op(source="Tibshirani 1996, Regression shrinkage and selection via the lasso")
def l1(w: Real["..."], *, strength: NonNegative = 0.01):
    """The sum of the sizes of all weights, times a strength; the derivative at 0 is 0."""
    return strength * sum(abs(w))


@op(source="Goodfellow, Bengio & Courville 2016, section 7.1.1, without the half")
def l2(w: Real["..."], *, strength: NonNegative = 0.01):
    """The sum of the squares of all weights, times a strength."""
    return strength * sum(w**2)


@op(source="Goodfellow, Bengio & Courville 2016, section 7.1.1")
def l2_half(w: Real["..."], *, strength: NonNegative = 0.01):
    """The sum of the squares of all weights, times half a strength, so that its gradient is weight decay."""
    return strength / 2 * sum(w**2)


@op(source="Zou & Hastie 2005, Regularization and variable selection via the elastic net, eq. 3")
def elastic_net(w: Real["..."], *, l1: NonNegative = 0.01, l2: NonNegative = 0.01):
    """The sum of the sizes and the sum of the squares of all weights, each times a strength."""
    return l1 * sum(abs(w)) + l2 * sum(w**2)


@op(source="Loshchilov & Hutter 2019, arXiv:1711.05101, eq. 1, with the decay times the rate")
def weight_decay(w: Real["..."], *, rate: NonNegative = 0.01, decay: NonNegative = 0.01):
    """The weights after one step of decay."""
    return (1 - rate * decay) * w


@op(source="Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, section 5.1")
def max_norm(w: Real["O I"], *, limit: Positive = 3):
    """The weights of each unit, shortened to the limit where they are longer."""
    norm = sqrt(sum(w**2, "I"))
    return where(norm > limit, limit / norm * w, w)


@op(source="Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063, algorithm 1")
def clip_by_norm(grad: Real["..."], *, limit: Positive = 1):
    """A gradient, shortened to the limit where it is longer."""
    norm = sqrt(sum(grad**2))
    return where(norm > limit, limit / norm * grad, grad)


@op(source="Mikolov 2012, Statistical language models based on neural networks, section 3.2.2")
def clip_by_value(grad: Real["..."], *, limit: Positive = 1):
    """A gradient, each number of which is cut off at the limit on both sides."""
    return where(grad > -limit, where(grad < limit, grad, limit), -limit)


# fmt: off
REGULARIZERS = (
    l1, l2, l2_half, elastic_net, weight_decay, max_norm, clip_by_norm, clip_by_value,
)
# fmt: on
