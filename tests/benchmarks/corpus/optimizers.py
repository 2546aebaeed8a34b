"""One step of an optimiser: new weights and new state."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import CONVENTION, DOUBLE, DTYPE, EFFECT, PLAIN, forward

SGD = forward("sgd_momentum", "as PyTorch", """
def sgd_momentum(w, grad, velocity, rate=0.01, momentum=0.9):
    velocity = momentum * velocity + grad
    return w - rate * velocity, velocity
""", dtypes=DOUBLE)
SGDS = (
    SGD,
    SGD.wrong("rate inside the velocity", CONVENTION, "other", ("+ grad", "+ rate * grad"), ("w - rate * velocity", "w - velocity")),
    SGD.wrong("gradient damped by 1 - momentum", CONVENTION, "factor", ("+ grad", "+ (1 - momentum) * grad")),
    SGD.wrong("Nesterov's step", CONVENTION, "variant", ("w - rate * velocity", "w - rate * (grad + momentum * velocity)")),
    SGD.wrong("uphill", PLAIN, "sign", ("w - rate", "w + rate")),
    SGD.wrong("step along the old velocity", PLAIN, "stale", ("    velocity = momentum * velocity + grad\n    return w - rate * velocity, velocity", "    return w - rate * velocity, momentum * velocity + grad")),
    SGD.wrong("state updated in place", EFFECT, "mutates", ("velocity = momentum * velocity + grad", "velocity *= momentum\n    velocity += grad")),
    SGD.wrong("momentum ignored", PLAIN, "parameter", ("momentum * velocity", "velocity")),
    SGD.wrong("old velocity returned", PLAIN, "stale", ("    velocity = momentum * velocity + grad\n    return w - rate * velocity, velocity", "    step = momentum * velocity + grad\n    return w - rate * step, velocity")),
)

ADAM = forward("adam", "as in the paper", """
def adam(w, grad, m, v, t, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad ** 2
    mhat = m / (1 - beta1 ** t)
    vhat = v / (1 - beta2 ** t)
    return w - rate * mhat / (np.sqrt(vhat) + eps), m, v
""", dtypes=DOUBLE)
ADAMS = (
    ADAM,
    ADAM.right("corrections folded into the rate", ("    mhat = m / (1 - beta1 ** t)\n    vhat = v / (1 - beta2 ** t)\n    return w - rate * mhat / (np.sqrt(vhat) + eps), m, v", "    root = np.sqrt(1 - beta2 ** t)\n    return w - (rate / (1 - beta1 ** t)) * m / (np.sqrt(v) / root + eps), m, v")),
    ADAM.right("step named", ("return w - rate * mhat / (np.sqrt(vhat) + eps), m, v", "w = w - rate * mhat / (np.sqrt(vhat) + eps)\n    return w, m, v")),
    ADAM.wrong("no bias correction", PLAIN, "bias correction", ("mhat = m / (1 - beta1 ** t)", "mhat = m"), ("vhat = v / (1 - beta2 ** t)", "vhat = v")),
    ADAM.wrong("second correction forgotten", PLAIN, "bias correction", ("v / (1 - beta2 ** t)", "v")),
    ADAM.wrong("first correction forgotten", PLAIN, "bias correction", ("m / (1 - beta1 ** t)", "m")),
    ADAM.wrong("steps counted from zero", PLAIN, "off by one", ("** t)", "** (t + 1))")),
    ADAM.wrong("steps counted one short", PLAIN, "off by one", ("** t)", "** max(int(t) - 1, 1))")),
    ADAM.wrong("eps inside the root", CONVENTION, "eps", ("(np.sqrt(vhat) + eps)", "np.sqrt(vhat + eps)")),
    ADAM.wrong("eps before the correction", CONVENTION, "eps", ("    vhat = v / (1 - beta2 ** t)\n", ""), ("(np.sqrt(vhat) + eps)", "((np.sqrt(v) + eps) / np.sqrt(1 - beta2 ** t))")),
    ADAM.wrong("gradient not squared", PLAIN, "other", ("grad ** 2", "np.abs(grad)")),
    ADAM.wrong("root left out", PLAIN, "other", ("np.sqrt(vhat)", "vhat")),
    ADAM.wrong("betas exchanged", PLAIN, "other", ("m = beta1 * m + (1 - beta1) * grad\n", "m = beta2 * m + (1 - beta2) * grad\n"), ("v = beta2 * v + (1 - beta2) * grad ** 2", "v = beta1 * v + (1 - beta1) * grad ** 2")),
    ADAM.wrong("gradient not weighted in m", PLAIN, "factor", ("(1 - beta1) * grad\n", "grad\n")),
    ADAM.wrong("v from the new m", PLAIN, "other", ("(1 - beta2) * grad ** 2", "(1 - beta2) * m ** 2")),
    ADAM.wrong("corrected moments kept as state", PLAIN, "stale", ("+ eps), m, v", "+ eps), mhat, vhat")),
    ADAM.wrong("uphill", PLAIN, "sign", ("w - rate", "w + rate")),
    ADAM.wrong("weights updated in place", EFFECT, "mutates", ("return w - rate * mhat / (np.sqrt(vhat) + eps), m, v", "w -= rate * mhat / (np.sqrt(vhat) + eps)\n    return w, m, v")),
    ADAM.wrong("moments in float32", DTYPE, "downcast", ("grad ** 2\n", "grad ** 2\n    v = v.astype(np.float32).astype(w.dtype)\n")),
    ADAM.wrong("rate ignored", PLAIN, "parameter", ("w - rate * mhat", "w - 1e-3 * mhat")),
    ADAM.wrong("amsgrad", CONVENTION, "variant", ("    m = beta1", "    old = v\n    m = beta1"), ("    mhat", "    v = np.maximum(old, v)\n    mhat")),
)

ENTRIES = (*SGDS, *ADAMS)
