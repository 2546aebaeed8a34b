"""Losses: one number that says how far predictions are from what was wanted, averaged over what they are taken over."""
# mypy: ignore-errors

from derive.catalog.activations import sigmoid, softmax
from derive.language import Index, Positive, Range, Real, abs, assume, log, mean, op, sum, where


@op(source="Goodfellow, Bengio & Courville 2016, section 5.1.4")
def mse(pred: Real["..."], target: Real["..."]):
    """Mean squared error."""
    return mean((pred - target) ** 2)


@op(source="Willmott & Matsuura 2005, Climate Research 30, eq. 2")
def mae(pred: Real["..."], target: Real["..."]):
    """Mean absolute error."""
    return mean(abs(pred - target))


@op(source="Huber 1964, Robust estimation of a location parameter")
def huber(pred: Real["..."], target: Real["..."], *, delta: Positive = 1):
    """Mean error that is quadratic up to delta and linear beyond."""
    r = abs(pred - target)
    return mean(where(r <= delta, r**2 / 2, delta * (r - delta / 2)))


@op(source="Girshick 2015, arXiv:1504.08083, eq. 3")
def smooth_l1(pred: Real["..."], target: Real["..."], *, beta: Positive = 1):
    """Mean absolute error with its corner rounded off within beta."""
    r = abs(pred - target)
    return mean(where(r < beta, r**2 / (2 * beta), r - beta / 2))


@op(source="Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90")
def bce_with_logits(logits: Real["..."], target: Real["...", Range(0, 1)]):
    """Mean cross-entropy of yes-or-no targets, from the logarithm of the odds."""
    p = sigmoid(logits)
    return -mean(target * log(p) + (1 - target) * log(1 - p))


@op(source="Goodfellow, Bengio & Courville 2016, section 5.5")
def nll(logp: Real["N C"], label: Index["N -> C"]):
    """Mean negative log-likelihood of integer labels, from log-probabilities."""
    return mean(-logp.at(C=label), "N")


@op(source="Goodfellow, Bengio & Courville 2016, section 6.2.2.3")
def cross_entropy(logits: Real["N C"], label: Index["N -> C"]):
    """Mean negative log-likelihood of integer labels, from scores."""
    p = softmax(logits)
    return mean(-log(p).at(C=label), "N")


@op(source="Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.108")
def cross_entropy_probs(logits: Real["N C"], target: Real["N C"]):
    """Mean cross-entropy of probability targets, from scores."""
    assume(sum(target, "C"), equals=1)
    p = softmax(logits)
    return mean(-sum(target * log(p), "C"), "N")


# fmt: off
LOSSES = (
    mse, mae, huber, smooth_l1, bce_with_logits, nll, cross_entropy, cross_entropy_probs,
)
# fmt: on
