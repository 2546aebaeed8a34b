"""Correct code whose signature or result is not quite the op's own, and code that cannot be matched to it."""

# ruff: noqa: E501

from __future__ import annotations

from dataclasses import replace

from corpus.entry import DOUBLE, MISBEHAVES, PLAIN, REFUSED, WRONG, backward, forward

ODD = (
    forward("linear", "arguments in another order, by name", """
def linear(b, w, x):
    return np.dot(x, w.T) + b
""", dtypes=DOUBLE),
    forward("linear", "other names, by position", """
def dense(inputs, weight, bias):
    return np.dot(inputs, weight.T) + bias
""", dtypes=DOUBLE),
    forward("linear", "keywords only", """
def dense(*, x, w, b):
    return np.inner(x, w) + b
""", dtypes=DOUBLE),
    forward("linear", "any number of arrays", """
def dense(*arrays):
    x, w, b = arrays
    return np.inner(x, w) + b
""", dtypes=DOUBLE),
    forward("softplus", "without its parameter", """
def softplus(x):
    return np.logaddexp(x, 0)
""", dtypes=DOUBLE),
    forward("softplus", "a parameter with another default", """
def softplus(x, beta=2.0):
    return np.logaddexp(beta * x, 0) / beta
""", dtypes=DOUBLE),
    forward("layer_norm", "eps without a default", """
def layer_norm(x, gamma, beta, eps):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(-1, keepdims=True) + eps) * gamma + beta
""", dtypes=DOUBLE),
    forward("layer_norm", "any keywords", """
def layer_norm(x, gamma, beta, **options):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(-1, keepdims=True) + options.get("eps", 1e-5)) * gamma + beta
""", dtypes=DOUBLE),
    forward("tanh", "an object that can be called", """
class Tanh:
    def __call__(self, x):
        return np.tanh(x)

tanh = Tanh()
""", dtypes=DOUBLE),
    forward("tanh", "NumPy's own", """
tanh = np.tanh
""", dtypes=DOUBLE),
    forward("leaky_relu", "a partial function", """
from functools import partial

def slanted(slope, x):
    return np.where(x > 0, x, slope * x)

leaky = partial(slanted, 0.01)
""", dtypes=DOUBLE),
    forward("sigmoid", "vectorised scalar code", """
import math

def scalar(v):
    return 1 / (1 + math.exp(-v)) if v > -700 else math.exp(v)

sigmoid = np.vectorize(scalar, otypes=[float])
""", dtypes=DOUBLE),
    forward("relu", "with an option of its own", """
def relu(x, inplace=False):
    return np.maximum(x, 0, out=x if inplace else None)
""", dtypes=DOUBLE),
    forward("mse", "an array with no axes", """
def mse(pred, target):
    return np.asarray(np.square(pred - target).mean())
""", dtypes=DOUBLE),
    forward("mse", "a tuple of one", """
def mse(pred, target):
    return (np.square(pred - target).mean(),)
""", dtypes=DOUBLE),
    forward("adam", "a list of results", """
def adam(w, grad, m, v, t, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = m + (1 - beta1) * (grad - m)
    v = beta2 * v + (1 - beta2) * grad ** 2
    step = rate * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + eps)
    return [w - step, m, v]
""", dtypes=DOUBLE),
    backward("layer_norm", "without beta, whose value it does not need", """
def layer_norm_backward(g, x, gamma, eps=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    rstd = 1 / np.sqrt(np.square(centred).mean(-1, keepdims=True) + eps)
    xhat, h = centred * rstd, g * gamma
    dx = rstd * (h - h.mean(-1, keepdims=True) - xhat * (h * xhat).mean(-1, keepdims=True))
    lead = tuple(range(x.ndim - 1))
    return dx, (g * xhat).sum(lead), g.sum(lead)
""", dtypes=DOUBLE),
    backward("layer_norm", "without beta and its gradient", """
def layer_norm_backward(g, x, gamma, eps=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    rstd = 1 / np.sqrt(np.square(centred).mean(-1, keepdims=True) + eps)
    xhat, h = centred * rstd, g * gamma
    dx = rstd * (h - h.mean(-1, keepdims=True) - xhat * (h * xhat).mean(-1, keepdims=True))
    return dx, (g * xhat).sum(tuple(range(x.ndim - 1)))
""", dtypes=DOUBLE),
    backward("linear", "without the bias", """
def linear_backward(g, x, w):
    rows = g.reshape(-1, g.shape[-1])
    return g @ w, rows.T @ x.reshape(-1, x.shape[-1]), rows.sum(0)
""", dtypes=DOUBLE),
    backward("mse", "loss without g, gradient of the prediction alone", """
def mse_grad(pred, target):
    return 2 * (pred - target) / pred.size
""", dtypes=DOUBLE),
    backward("cross_entropy", "loss without g", """
def cross_entropy_grad(logits, label):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    total = e.sum(axis=1)
    n = np.arange(len(label))
    d = e / total[:, None]
    e[n, label] = 0
    d[n, label] = -e.sum(axis=1) / total
    return d / len(label)
""", dtypes=DOUBLE),
    backward("linear", "a dict by name", """
def linear_backward(g, x, w, b):
    rows = g.reshape(-1, g.shape[-1])
    return {"db": rows.sum(0), "dw": rows.T @ x.reshape(-1, x.shape[-1]), "dx": g @ w}
""", dtypes=DOUBLE),
    backward("sigmoid", "a list of one", """
def sigmoid_backward(dy, x):
    e = np.exp(-np.abs(x))
    return [dy * e / np.square(1 + e)]
""", dtypes=DOUBLE),
    backward("attention", "other names, by position", """
def attention_vjp(dout, query, key, value):
    scale = query.shape[-1] ** -0.5
    s = np.einsum("...ld,...md->...lm", query, key) * scale
    p = np.exp(s - s.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    dp = np.einsum("...le,...me->...lm", dout, value)
    ds = p * (dp - np.einsum("...lm,...lm->...l", p, dp)[..., None]) * scale
    return (np.einsum("...lm,...md->...ld", ds, key), np.einsum("...lm,...ld->...md", ds, query), np.einsum("...lm,...le->...me", p, dout))
""", dtypes=DOUBLE),
)

SWAPPED = forward("mse", "mean of squares in a helper", """
def square(r):
    return r * r

def mse(pred, target):
    return square(pred - target).mean()
""", dtypes=DOUBLE)
UNFIT = (
    replace(SWAPPED.wrong("three arrays wanted", MISBEHAVES, "raises", ("pred, target):", "pred, target, weight):")), verdicts=(REFUSED,)),
    replace(SWAPPED.wrong("one array wanted", MISBEHAVES, "raises", ("pred, target):", "r):"), ("pred - target", "r")), verdicts=(REFUSED,)),
    replace(SWAPPED.wrong("a function of nothing", MISBEHAVES, "raises", ("pred, target):", "):"), ("pred - target", "np.ones(3)")), verdicts=(REFUSED,)),
    replace(SWAPPED.wrong("target passed to itself", PLAIN, "zeros", ("pred - target", "target - target")), verdicts=(WRONG,)),
)

ENTRIES = (*ODD, *UNFIT)
