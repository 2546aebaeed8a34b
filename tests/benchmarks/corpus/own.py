"""More norms, distances, optimisers, and the ops of definitions.py, which the catalogue does not know."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import CONVENTION, DOUBLE, DTYPE, EFFECT, LAYOUT, NUMERIC, PLAIN, WIDE, backward, forward

INSTANCE = forward("instance_norm", "mean and var", """
def instance_norm(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=(2, 3), keepdims=True)
    var = x.var(axis=(2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mu) / np.sqrt(var + eps) + beta[:, None, None]
""", dtypes=WIDE)
INSTANCE_D = backward("instance_norm", "closed form", """
def instance_norm_backward(g, x, gamma, beta, eps=1e-5):
    over = (2, 3)
    xc = x - x.mean(axis=over, keepdims=True)
    rstd = 1 / np.sqrt((xc * xc).mean(axis=over, keepdims=True) + eps)
    xhat = xc * rstd
    h = g * gamma[:, None, None]
    dx = rstd * (h - h.mean(axis=over, keepdims=True) - xhat * (h * xhat).mean(axis=over, keepdims=True))
    return dx, (g * xhat).sum(axis=(0, 2, 3)), g.sum(axis=(0, 2, 3))
""", dtypes=DOUBLE)
GROUP = forward("group_norm", "flattened groups", """
def group_norm(x, gamma, beta, eps=1e-5):
    flat = x.reshape(x.shape[0], x.shape[1], -1)
    centred = flat - flat.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + eps)
    return (centred / scale).reshape(x.shape) * gamma[..., None, None] + beta[..., None, None]
""", dtypes=WIDE)
NORMS = (
    INSTANCE,
    forward("instance_norm", "torch", """
def instance_norm(x, gamma, beta, eps=1e-5):
    return F.instance_norm(x, weight=gamma, bias=beta, eps=eps) if x.shape[2] * x.shape[3] > 1 else torch.zeros_like(x) + beta[:, None, None]
""", "torch", WIDE),
    INSTANCE.wrong("batch norm: over N too", CONVENTION, "axis", ("axis=(2, 3)", "axis=(0, 2, 3)")),
    INSTANCE.wrong("layer norm: over C too", CONVENTION, "axis", ("axis=(2, 3)", "axis=(1, 2, 3)")),
    INSTANCE.wrong("rows only", PLAIN, "axis", ("axis=(2, 3)", "axis=(3,)")),
    INSTANCE.wrong("unbiased variance", CONVENTION, "ddof", ("x.var(axis=(2, 3), keepdims=True)", "x.var(axis=(2, 3), keepdims=True, ddof=min(1, x[0, 0].size - 1))")),
    INSTANCE.wrong("gamma along the last axis", LAYOUT, "axis", ("gamma[:, None, None]", "(gamma if len(gamma) == x.shape[3] else gamma[:, None, None])")),
    INSTANCE.inaccurate("one pass", "cancellation", ("x.var(axis=(2, 3), keepdims=True)", "(x * x).mean(axis=(2, 3), keepdims=True) - mu * mu")),
    INSTANCE_D,
    INSTANCE_D.wrong("dgamma per image", PLAIN, "broadcast", ("(g * xhat).sum(axis=(0, 2, 3))", "(g * xhat).sum(axis=(2, 3))")),
    INSTANCE_D.wrong("mean term dropped", PLAIN, "dropped term", (" - h.mean(axis=over, keepdims=True)", "")),
    INSTANCE_D.wrong("variance term dropped", PLAIN, "dropped term", (" - xhat * (h * xhat).mean(axis=over, keepdims=True)", "")),
    GROUP,
    GROUP.wrong("per channel", PLAIN, "axis", ("flat = x.reshape(x.shape[0], x.shape[1], -1)", "flat = x.reshape(*x.shape[:3], -1)")),
    GROUP.wrong("over all groups", CONVENTION, "axis", ("x.reshape(x.shape[0], x.shape[1], -1)", "x.reshape(x.shape[0], 1, -1)")),
    GROUP.wrong("eps outside", CONVENTION, "eps", ("np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + eps)", "np.sqrt((centred ** 2).mean(axis=-1, keepdims=True)) + eps")),
    GROUP.wrong("beta scaled as well", PLAIN, "other", ("* gamma[..., None, None] + beta[..., None, None]", "* gamma[..., None, None] + beta[..., None, None] * gamma[..., None, None]")),
)

UNIT = forward("unit_rows", "norm", """
def unit_rows(x, eps=1e-6):
    return x / np.sqrt((x * x).sum(axis=-1, keepdims=True) + eps)
""", dtypes=WIDE)
UNIT_D = backward("unit_rows", "projection", """
def unit_rows_backward(g, x, eps=1e-6):
    r = 1 / np.sqrt((x * x).sum(axis=-1, keepdims=True) + eps)
    y = x * r
    return r * (g - y * (g * y).sum(axis=-1, keepdims=True))
""")
COSINE = forward("cosine_gap", "norms", """
def cosine_gap(a, b):
    dot = (a * b).sum(axis=1)
    return np.mean(1 - dot / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)))
""", dtypes=DOUBLE)
TRIPLET = forward("triplet", "maximum", """
def triplet(a, p, n, margin=1.0):
    gap = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    return np.maximum(gap, 0).mean()
""", dtypes=WIDE)
TRIPLET_D = backward("triplet", "mask", """
def triplet_backward(g, a, p, n, margin=1.0):
    gap = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    on = (2 * g / len(a) * (gap > 0))[:, None]
    return on * (n - p), on * (p - a), on * (a - n)
""", dtypes=DOUBLE)
DISTANCES = (
    UNIT,
    UNIT.wrong("eps outside", CONVENTION, "eps", ("np.sqrt((x * x).sum(axis=-1, keepdims=True) + eps)", "(np.sqrt((x * x).sum(axis=-1, keepdims=True)) + eps)")),
    UNIT.wrong("maximum with eps, as torch", CONVENTION, "eps", ("np.sqrt((x * x).sum(axis=-1, keepdims=True) + eps)", "np.maximum(np.sqrt((x * x).sum(axis=-1, keepdims=True)), eps)")),
    UNIT.wrong("mean square", PLAIN, "factor", (".sum(", ".mean(")),
    UNIT.wrong("sum of sizes", PLAIN, "other", ("np.sqrt((x * x).sum(axis=-1, keepdims=True) + eps)", "(np.abs(x).sum(axis=-1, keepdims=True) + eps)")),
    UNIT.wrong("whole array's norm", PLAIN, "axis", ("(x * x).sum(axis=-1, keepdims=True)", "(x * x).sum()")),
    UNIT_D,
    UNIT_D.wrong("length held constant", PLAIN, "dropped term", (" - y * (g * y).sum(axis=-1, keepdims=True)", "")),
    UNIT_D.wrong("r squared", PLAIN, "other", ("return r * (", "return r ** 2 * (")),
    UNIT_D.wrong("added", PLAIN, "sign", ("(g - y", "(g + y")),
    COSINE,
    COSINE.wrong("1e-8 in the denominator", NUMERIC, "eps", ("np.linalg.norm(b, axis=1))", "np.linalg.norm(b, axis=1) + 1e-8)")),
    COSINE.wrong("one minus left out", PLAIN, "dropped term", ("1 - dot", "-dot")),
    COSINE.wrong("norm of a twice", PLAIN, "other", ("np.linalg.norm(b, axis=1)", "np.linalg.norm(a, axis=1)")),
    COSINE.wrong("squares of the norms", PLAIN, "other", ("np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)", "(a * a).sum(axis=1) * (b * b).sum(axis=1)")),
    TRIPLET,
    TRIPLET.wrong("distances not squared", CONVENTION, "other", ("((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1)", "np.linalg.norm(a - p, axis=1) - np.linalg.norm(a - n, axis=1)")),
    TRIPLET.wrong("positive and negative exchanged", PLAIN, "sign", ("def triplet(a, p, n, margin=1.0):\n", "def triplet(a, p, n, margin=1.0):\n    p, n = n, p\n")),
    TRIPLET.wrong("clipped after the mean", PLAIN, "other", ("np.maximum(gap, 0).mean()", "np.maximum(gap.mean(), 0)")),
    TRIPLET.wrong("sum", PLAIN, "factor", (".mean()", ".sum()")),
    TRIPLET.wrong("mean over active ones only", CONVENTION, "factor", ("np.maximum(gap, 0).mean()", "np.maximum(gap, 0).sum() / max((gap > 0).sum(), 1)")),
    TRIPLET_D,
    TRIPLET_D.wrong("two left out", PLAIN, "factor", ("2 * g", "g")),
    TRIPLET_D.wrong("anchor towards the positive only", PLAIN, "dropped term", ("on * (n - p)", "on * (a - p)")),
    TRIPLET_D.wrong("no mask", PLAIN, "dropped term", (" * (gap > 0)", " * np.ones_like(gap)")),
    TRIPLET_D.wrong("sign of the negative's", PLAIN, "sign", ("on * (a - n)", "on * (n - a)")),
)

DROP = forward("dropout", "inverted", """
def dropout(x, mask, rate=0.5):
    return x * mask / (1 - rate)
""", dtypes=WIDE)
SQUAREPLUS = forward("squareplus", "two branches", """
def squareplus(x, b=4.0):
    root = np.sqrt(x * x + b)
    return np.where(x > 0, (x + root) / 2, b / (2 * (root - np.minimum(x, 0))))
""", dtypes=WIDE).lossy()  # x * x overflows
GATED = forward("gated_step", "mix", """
def gated_step(x, h, u, b):
    z = special.expit(u * x + b)
    return special.expit(-(u * x + b)) * h + z * x
""", "scipy", DOUBLE)
GATED_D = backward("gated_step", "chain rule", """
def gated_step_backward(g, x, h, u, b):
    z = special.expit(u * x + b)
    dz = g * (x - h)
    da = dz * z * special.expit(-(u * x + b))
    return g * z + da * u, g * special.expit(-(u * x + b)), (da * x).sum(axis=0), da.sum(axis=0)
""", "scipy", DOUBLE)
SCORES = forward("gaussian_scores", "differences", """
def gaussian_scores(x, c, width=1.0):
    d = ((x[:, None, :] - c[None, :, :]) ** 2).sum(axis=-1)
    return np.exp(-d / (2 * width ** 2))
""", dtypes=DOUBLE)
SCORES_D = backward("gaussian_scores", "two sums", """
def gaussian_scores_backward(g, x, c, width=1.0):
    r = x[:, None, :] - c[None, :, :]
    y = np.exp(-(r ** 2).sum(axis=-1) / (2 * width ** 2))
    h = (g * y)[:, :, None] * r / width ** 2
    return -h.sum(axis=1), h.sum(axis=0)
""", dtypes=DOUBLE)
STRANGE = (
    DROP,
    DROP.wrong("not scaled", CONVENTION, "dropped term", (" / (1 - rate)", "")),
    DROP.wrong("divided by the rate", PLAIN, "other", ("(1 - rate)", "max(rate, 1e-9)")),
    DROP.wrong("mask inverted", PLAIN, "other", ("x * mask", "x * (1 - mask)")),
    DROP.wrong("multiplied", PLAIN, "other", ("/ (1 - rate)", "* (1 - rate)")),
    DROP.wrong("draws a mask of its own", EFFECT, "random", ("x * mask", "x * (np.random.random(x.shape) > rate)")),
    backward("dropout", "mask", """
def dropout_backward(g, x, mask, rate=0.5):
    return g * mask / (1 - rate), g * x / (1 - rate)
"""),
    backward("dropout", "mask", """
def dropout_backward(g, x, mask, rate=0.5):
    return g * mask / (1 - rate), g * x / (1 - rate)
""").wrong("mask forgotten", PLAIN, "dropped term", ("g * mask", "g")),
    SQUAREPLUS,
    SQUAREPLUS.inaccurate("as defined", "cancellation", ("np.where(x > 0, (x + root) / 2, b / (2 * (root - np.minimum(x, 0))))", "(x + root) / 2")),
    SQUAREPLUS.wrong("half left out", PLAIN, "factor", ("(x + root) / 2, b / (2 * (root - np.minimum(x, 0)))", "x + root, b / (root - np.minimum(x, 0))")),
    SQUAREPLUS.wrong("b squared", PLAIN, "other", ("x * x + b", "x * x + b * b")),
    backward("squareplus", "one plus ratio", """
def squareplus_backward(g, x, b=4.0):
    root = np.sqrt(x * x + b)
    return g * np.where(x > 0, (1 + x / root) / 2, b / (2 * root * (root - np.minimum(x, 0))))
""").lossy(),
    backward("squareplus", "one plus ratio", """
def squareplus_backward(g, x, b=4.0):
    root = np.sqrt(x * x + b)
    return g * (1 + x / root) / 2
""").inaccurate("cancels on the left", "cancellation"),
    GATED,
    GATED.wrong("gate the other way round", PLAIN, "sign", ("special.expit(-(u * x + b)) * h + z * x", "z * h + (1 - z) * x")),
    GATED.wrong("bias outside the gate", PLAIN, "other", ("special.expit(u * x + b)", "special.expit(u * x) + b")),
    GATED_D,
    GATED_D.wrong("gate held constant in dx", PLAIN, "dropped term", ("g * z + da * u", "g * z")),
    GATED_D.wrong("direct path dropped", PLAIN, "dropped term", ("g * z + da * u", "da * u")),
    GATED_D.wrong("du not summed", PLAIN, "broadcast", ("(da * x).sum(axis=0)", "da * x")),
    GATED_D.wrong("h left out of dz", PLAIN, "dropped term", ("(x - h)", "x")),
    GATED_D.inaccurate("z(1 - z)", "cancellation", ("z * special.expit(-(u * x + b))\n", "z * (1 - z)\n"), dtypes=DOUBLE),
    SCORES,
    SCORES.inaccurate("expanded square", "cancellation", ("((x[:, None, :] - c[None, :, :]) ** 2).sum(axis=-1)", "(x * x).sum(1)[:, None] + (c * c).sum(1) - 2 * x @ c.T"), dtypes=DOUBLE),
    SCORES.wrong("two left out", PLAIN, "factor", ("(2 * width ** 2)", "width ** 2")),
    SCORES.wrong("width not squared", PLAIN, "other", ("width ** 2", "width")),
    SCORES.wrong("distance, not its square", PLAIN, "other", ("np.exp(-d", "np.exp(-np.sqrt(d)")),
    SCORES.wrong("transposed when square", LAYOUT, "transposed", ("    return np.exp(-d / (2 * width ** 2))", "    y = np.exp(-d / (2 * width ** 2))\n    return y.T if y.shape[0] == y.shape[1] else y")),
    SCORES.wrong("only 32 centres", LAYOUT, "size", ("    return np.exp(-d / (2 * width ** 2))", "    y = np.exp(-d / (2 * width ** 2))\n    y[:, 32:] = 0\n    return y")),
    SCORES_D,
    SCORES_D.wrong("signs exchanged", PLAIN, "sign", ("-h.sum(axis=1), h.sum(axis=0)", "h.sum(axis=1), -h.sum(axis=0)")),
    SCORES_D.wrong("width left out", PLAIN, "factor", (" * r / width ** 2", " * r")),
    SCORES_D.wrong("centres' mean", PLAIN, "factor", ("h.sum(axis=0)", "h.mean(axis=0)")),
)

RMSPROP = forward("rmsprop", "numpy", """
def rmsprop(w, grad, v, rate=0.01, decay=0.99, eps=1e-8):
    v = decay * v + (1 - decay) * grad * grad
    return w - rate * grad / (np.sqrt(v) + eps), v
""", dtypes=DOUBLE)
ADAGRAD = forward("adagrad", "numpy", """
def adagrad(w, grad, total, rate=0.01, eps=1e-10):
    total = total + grad * grad
    return w - rate * grad / (np.sqrt(total) + eps), total
""", dtypes=DOUBLE)
ADAMW = forward("adamw", "decay first", """
def adamw(w, grad, m, v, t, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    step = m / (1 - beta1 ** t) / (np.sqrt(v / (1 - beta2 ** t)) + eps)
    return w - rate * (step + decay * w), m, v
""", dtypes=DOUBLE)
STEPS = (
    RMSPROP,
    RMSPROP.wrong("eps inside the root", CONVENTION, "eps", ("(np.sqrt(v) + eps)", "np.sqrt(v + eps)")),
    RMSPROP.wrong("old v used", PLAIN, "stale", ("    v = decay * v + (1 - decay) * grad * grad\n    return w - rate * grad / (np.sqrt(v) + eps), v", "    return w - rate * grad / (np.sqrt(v) + eps), decay * v + (1 - decay) * grad * grad")),
    RMSPROP.wrong("decay and 1 - decay exchanged", PLAIN, "other", ("decay * v + (1 - decay) * grad", "(1 - decay) * v + decay * grad")),
    RMSPROP.wrong("root left out", PLAIN, "other", ("np.sqrt(v)", "v")),
    RMSPROP.wrong("v in place", EFFECT, "mutates", ("v = decay * v + (1 - decay) * grad * grad", "v *= decay\n    v += (1 - decay) * grad * grad")),
    ADAGRAD,
    ADAGRAD.wrong("sum forgotten", PLAIN, "dropped term", ("total + grad", "grad")),
    ADAGRAD.wrong("eps inside the root", CONVENTION, "eps", ("(np.sqrt(total) + eps)", "np.sqrt(total + eps)")),
    ADAGRAD.wrong("old sum returned", PLAIN, "stale", ("    total = total + grad * grad\n", "    old, total = total, total + grad * grad\n"), ("+ eps), total", "+ eps), old")),
    ADAMW,
    ADAMW.right("weights shrunk before the step", ("w - rate * (step + decay * w), m, v", "w * (1 - rate * decay) - rate * step, m, v")),
    ADAMW.wrong("decay in the gradient: L2", CONVENTION, "decay", ("    m =", "    grad = grad + decay * w\n    m ="), ("(step + decay * w)", "step")),
    ADAMW.wrong("decay not times the rate", CONVENTION, "decay", ("w - rate * (step + decay * w)", "w - rate * step - decay * w")),
    ADAMW.wrong("decay forgotten", PLAIN, "decay", ("(step + decay * w)", "step")),
    ADAMW.wrong("decay with the wrong sign", PLAIN, "sign", ("step + decay", "step - decay")),
    ADAMW.wrong("steps counted from zero", PLAIN, "off by one", ("** t)", "** (t + 1))")),
    ADAMW.wrong("decayed after the step", CONVENTION, "decay", ("return w - rate * (step + decay * w), m, v", "w = w - rate * step\n    return w - rate * decay * w, m, v")),
)

CONTRAST = forward("contrast", "shifted", """
def contrast(score, label, temperature=0.1):
    s = score / temperature
    s = s - s.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(label)), label])
""", dtypes=DOUBLE)
CONTRAST_D = backward("contrast", "softmax minus one-hot", """
def contrast_backward(g, score, label, temperature=0.1):
    e = np.exp((score - score.max(axis=1, keepdims=True)) / temperature)
    p = e / e.sum(axis=1, keepdims=True)
    n = np.arange(len(label))
    e[n, label] = 0
    p[n, label] = -e.sum(axis=1) / (e.sum(axis=1) + np.exp((score[n, label] - score.max(axis=1)) / temperature))
    return g * p / (len(label) * temperature)
""", dtypes=DOUBLE)
TOP = forward("top_gap", "squared", """
def top_gap(score, label):
    return np.mean((score.max(axis=1) - score[np.arange(len(label)), label]) ** 2)
""", dtypes=WIDE)
TOP_D = backward("top_gap", "first winner", """
def top_gap_backward(g, score, label):
    n, top = np.arange(len(label)), score.argmax(axis=1)
    h = 2 * g * (score[n, top] - score[n, label]) / len(label)
    d = np.zeros_like(score)
    d[n, top] += h
    d[n, label] -= h
    return d
""")
SPREAD = forward("spread", "about the mean", """
def spread(x):
    return np.abs(x - x.mean(axis=0)).sum(axis=1).mean()
""", dtypes=DOUBLE)
PATH = forward("smooth_path", "correlation", """
def smooth_path(x, w, padding=0):
    x = np.pad(x, ((0, 0), (padding, padding)))
    return np.lib.stride_tricks.sliding_window_view(x, len(w), axis=1) @ w
""", dtypes=DOUBLE)
INDEXED = (
    CONTRAST,
    CONTRAST.wrong("temperature multiplies", PLAIN, "parameter", ("score / temperature", "score * temperature")),
    CONTRAST.wrong("temperature only below", PLAIN, "parameter", ("- s[np.arange(len(label)), label]", "- temperature * s[np.arange(len(label)), label]")),
    CONTRAST.wrong("positive left out of the sum", CONVENTION, "dropped term", ("np.exp(s).sum(axis=1)", "(np.exp(s).sum(axis=1) - np.exp(s[np.arange(len(label)), label]) + 1e-300)")),
    CONTRAST.wrong("diagonal for the label", LAYOUT, "labels", ("s[np.arange(len(label)), label]", "s[np.arange(len(label)), np.arange(len(label)) % s.shape[1]]")),
    CONTRAST.inaccurate("no maximum", "overflow", ("    s = s - s.max(axis=1, keepdims=True)\n", ""), dtypes=DOUBLE),
    CONTRAST_D,
    CONTRAST_D.wrong("temperature left out", PLAIN, "factor", ("(len(label) * temperature)", "len(label)")),
    CONTRAST_D.wrong("N left out", PLAIN, "factor", ("(len(label) * temperature)", "temperature")),
    TOP,
    TOP.wrong("best of the other classes", CONVENTION, "other", ("    return", "    score = score.copy()\n    right = score[np.arange(len(label)), label].copy()\n    score[np.arange(len(label)), label] = -1e300 if score.shape[1] > 1 else right\n    return np.mean((score.max(axis=1) - right) ** 2)\n    return")),
    TOP.wrong("not squared", PLAIN, "other", (" ** 2", "")),
    TOP_D,
    TOP_D.right("ties shared evenly", ("    d[n, top] += h\n", "    best = score == score.max(axis=1, keepdims=True)\n    d += best * (h / best.sum(axis=1))[:, None]\n")),
    TOP_D.wrong("every tied winner in full", CONVENTION, "kink", ("    d[n, top] += h\n", "    d += (score == score.max(axis=1, keepdims=True)) * h[:, None]\n")),
    TOP_D.wrong("right class without gradient", PLAIN, "dropped term", ("    d[n, label] -= h\n", "")),
    SPREAD,
    SPREAD.wrong("about the median", CONVENTION, "other", ("x.mean(axis=0)", "np.median(x, axis=0)")),
    SPREAD.wrong("mean of all", PLAIN, "factor", (".sum(axis=1).mean()", ".mean()")),
    SPREAD.wrong("about each row's own mean", PLAIN, "axis", ("x.mean(axis=0)", "x.mean(axis=1, keepdims=True)")),
    backward("spread", "sign minus mean sign", """
def spread_backward(g, x):
    s = np.sign(x - x.mean(axis=0))
    return g * (s - s.mean(axis=0)) / len(x)
""", dtypes=DOUBLE),
    backward("spread", "sign minus mean sign", """
def spread_backward(g, x):
    s = np.sign(x - x.mean(axis=0))
    return g * (s - s.mean(axis=0)) / len(x)
""", dtypes=DOUBLE).wrong("mean held constant", PLAIN, "dropped term", ("(s - s.mean(axis=0))", "s")),
    PATH,
    PATH.wrong("window turned round", CONVENTION, "other", ("@ w", "@ w[::-1]")),
    PATH.wrong("padded on the left alone", PLAIN, "other", ("(padding, padding)", "(2 * padding, 0)")),
    PATH.wrong("averaged", PLAIN, "factor", ("@ w", "@ w / len(w)")),
    PATH.wrong("product in float32", DTYPE, "downcast", ("@ w", "@ w.astype(np.float32)")),
)

ENTRIES = (*NORMS, *DISTANCES, *STRANGE, *STEPS, *INDEXED)
