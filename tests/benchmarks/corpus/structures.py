"""Structure: products, sums along an axis, masks, windows, similarities, recurrences."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import CONVENTION, DOUBLE, DTYPE, EFFECT, LAYOUT, NUMERIC, PLAIN, WIDE, backward, forward

COSINE = forward("cosine_similarity", "rows normalised", """
def cosine_similarity(a, b):
    a = a / np.linalg.norm(a, axis=-1, keepdims=True)
    b = b / np.linalg.norm(b, axis=-1, keepdims=True)
    return (a * b).sum(axis=-1)
""", dtypes=DOUBLE)
COSINE_D = backward("cosine_similarity", "projections", """
def cosine_similarity_backward(g, a, b):
    na, nb = np.linalg.norm(a, axis=-1, keepdims=True), np.linalg.norm(b, axis=-1, keepdims=True)
    ahat, bhat = a / na, b / nb
    c = (ahat * bhat).sum(axis=-1, keepdims=True)
    h = g[..., None]
    return h * (bhat - c * ahat) / na, h * (ahat - c * bhat) / nb
""", dtypes=DOUBLE)
L2 = forward("l2_normalize", "maximum of norm and eps", """
def l2_normalize(x, eps=1e-12):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), eps)
""", dtypes=DOUBLE)
NCE = forward("info_nce", "log-softmax of the diagonal", """
def info_nce(a, b, temperature=0.1):
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    s = a @ b.T / temperature
    s = s - s.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(s).sum(axis=1)) - np.diag(s))
""", dtypes=DOUBLE)
SIMILARITIES = (
    COSINE,
    forward("cosine_similarity", "torch", """
def cosine_similarity(a, b):
    return (F.normalize(a, dim=-1) * F.normalize(b, dim=-1)).sum(-1)
""", "torch", DOUBLE),
    COSINE.wrong("b not normalised", PLAIN, "dropped term", ("    b = b / np.linalg.norm(b, axis=-1, keepdims=True)\n", "")),
    COSINE.wrong("dot product alone", PLAIN, "dropped term", ("a / np.linalg.norm(a, axis=-1, keepdims=True)", "a * 1"), ("b / np.linalg.norm(b, axis=-1, keepdims=True)", "b * 1")),
    COSINE.wrong("norm over everything", PLAIN, "axis", ("np.linalg.norm(a, axis=-1, keepdims=True)", "np.sqrt((a * a).sum())")),
    COSINE.wrong("1e-6 added to the norms", NUMERIC, "eps", ("keepdims=True)\n", "keepdims=True) + 1e-6\n"), ("a / np.linalg", "a / (np.linalg"), ("b / np.linalg", "b / (np.linalg"), ("+ 1e-6", "+ 1e-6)")),
    COSINE.wrong("sum of sizes for the norm", PLAIN, "other", ("np.linalg.norm(a, axis=-1, keepdims=True)", "np.abs(a).sum(axis=-1, keepdims=True)")),
    COSINE.wrong("clipped to 0 and 1", PLAIN, "clip", ("(a * b).sum(axis=-1)", "np.clip((a * b).sum(axis=-1), 0, 1)")),
    COSINE_D,
    COSINE_D.wrong("norm of a held constant", PLAIN, "dropped term", ("(bhat - c * ahat)", "bhat")),
    COSINE_D.wrong("norms exchanged", PLAIN, "other", ("ahat) / na", "ahat) / nb"), ("bhat) / nb", "bhat) / na")),
    COSINE_D.wrong("projection added", PLAIN, "sign", ("bhat - c * ahat", "bhat + c * ahat")),
    L2,
    L2.wrong("squared eps inside the root", CONVENTION, "eps", ("np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), eps)", "np.sqrt((x * x).sum(axis=-1, keepdims=True) + eps)")),
    L2.wrong("by the largest entry", PLAIN, "other", ("np.linalg.norm(x, axis=-1, keepdims=True)", "np.abs(x).max(axis=-1, keepdims=True)")),
    L2.wrong("divided by the squared norm", PLAIN, "other", ("np.linalg.norm(x, axis=-1, keepdims=True)", "(x * x).sum(axis=-1, keepdims=True)")),
    NCE,
    NCE.wrong("rows and columns exchanged", PLAIN, "axis", ("axis=1, keepdims=True)\n    return np.mean(np.log(np.exp(s).sum(axis=1))", "axis=0, keepdims=True)\n    return np.mean(np.log(np.exp(s).sum(axis=0))")),
    NCE.wrong("not normalised", PLAIN, "dropped term", ("a / np.linalg.norm(a, axis=1, keepdims=True)", "a * 1"), ("b / np.linalg.norm(b, axis=1, keepdims=True)", "b * 1")),
    NCE.wrong("temperature multiplies", PLAIN, "parameter", ("/ temperature", "* temperature")),
    NCE.wrong("positive pair left out below", CONVENTION, "dropped term", ("np.exp(s).sum(axis=1)", "(np.exp(s).sum(axis=1) - np.exp(np.diag(s)) + 1e-300)")),
    NCE.wrong("both directions averaged", CONVENTION, "variant", ("    return", "    t = a @ b.T / temperature\n    t = t - t.max(axis=0)\n    return 0.5 * np.mean(np.log(np.exp(t).sum(axis=0)) - np.diag(t)) + 0.5 *")),
)

CAUSAL = forward("attention_causal", "triangular mask", """
def attention_causal(q, k, v):
    s = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    s = np.where(np.tri(*s.shape[-2:], dtype=bool), s, -np.inf)
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True) @ v
""", dtypes=DOUBLE)
ROPE = forward("rope", "pairs turned", """
def rope(x, base=10000.0):
    L, D = x.shape[-2:]
    pair = np.arange(D) // 2
    angle = np.arange(L)[:, None] * base ** (-2 * pair / D)
    turned, even = np.zeros_like(x), D // 2 * 2
    turned[..., 0:even:2], turned[..., 1::2] = -x[..., 1::2], x[..., 0:even:2]
    return x * np.cos(angle) + turned * np.sin(angle)
""", dtypes=DOUBLE)
CUMSUM_D = backward("cumsum", "reversed sum", """
def cumsum_backward(g, x):
    return np.cumsum(g[..., ::-1], axis=-1)[..., ::-1]
""", dtypes=DOUBLE)
RNN = forward("rnn_cell", "tanh of both products", """
def rnn_cell(x, h, w, u, b):
    return np.tanh(x @ w.T + h @ u.T + b)
""", dtypes=DOUBLE)
RNN_D = backward("rnn_cell", "through tanh", """
def rnn_cell_backward(g, x, h, w, u, b):
    e = np.exp(-np.abs(x @ w.T + h @ u.T + b))
    dz = g * (2 * e / (1 + e * e)) ** 2
    return dz @ w, dz @ u, dz.T @ x, dz.T @ h, dz.sum(axis=0)
""", dtypes=DOUBLE)
SEQUENCES = (
    CAUSAL,
    CAUSAL.wrong("mask above the diagonal", PLAIN, "transposed", ("np.tri(*s.shape[-2:], dtype=bool)", "np.tri(*s.shape[-2:], dtype=bool) if s.shape[-1] != s.shape[-2] else np.tri(s.shape[-1], dtype=bool).T")),
    CAUSAL.wrong("sees one position ahead", PLAIN, "off by one", ("np.tri(*s.shape[-2:], dtype=bool)", "np.tri(*s.shape[-2:], 1, dtype=bool)")),
    CAUSAL.wrong("no mask", PLAIN, "variant", ("np.where(np.tri(*s.shape[-2:], dtype=bool), s, -np.inf)", "s * 1")),
    CAUSAL.wrong("masked scores of zero", PLAIN, "other", ("-np.inf", "0")),
    CAUSAL.wrong("masked scores of -1e4", NUMERIC, "clip", ("-np.inf", "-1e4")),
    CAUSAL.wrong("masked after the softmax", PLAIN, "other", ("    s = np.where(np.tri(*s.shape[-2:], dtype=bool), s, -np.inf)\n", ""), ("return e / e.sum(axis=-1, keepdims=True) @ v", "return (np.tri(*s.shape[-2:]) * e / e.sum(axis=-1, keepdims=True)) @ v")),
    ROPE,
    ROPE.wrong("turned the other way", PLAIN, "sign", ("-x[..., 1::2], x[..., 0:even:2]", "x[..., 1::2], -x[..., 0:even:2]")),
    ROPE.wrong("base fixed", PLAIN, "parameter", ("* base **", "* 10000.0 **")),
    ROPE.wrong("positions from one", PLAIN, "off by one", ("np.arange(L)[:, None]", "np.arange(1, L + 1)[:, None]")),
    ROPE.wrong("frequencies by index, not pair", PLAIN, "factor", ("-2 * pair", "-pair")),
    forward("cumsum", "a loop", """
def cumsum(x):
    y = np.array(x)
    for k in range(1, x.shape[-1]):
        y[..., k] += y[..., k - 1]
    return y
""", dtypes=WIDE),
    forward("cumsum", "a loop", """
def cumsum(x):
    y = np.array(x)
    for k in range(1, x.shape[-1]):
        y[..., k] += y[..., k - 1]
    return y
""", dtypes=WIDE).wrong("without the element itself", CONVENTION, "off by one", ("return y", "return y - x")),
    forward("cumsum", "a loop", """
def cumsum(x):
    y = np.array(x)
    for k in range(1, x.shape[-1]):
        y[..., k] += y[..., k - 1]
    return y
""", dtypes=WIDE).wrong("flattened", LAYOUT, "axis", ("    y = np.array(x)\n", "    if x.ndim > 1:\n        return np.cumsum(x).reshape(x.shape)\n    y = np.array(x)\n")),
    CUMSUM_D,
    CUMSUM_D.wrong("not reversed", PLAIN, "sign", ("np.cumsum(g[..., ::-1], axis=-1)[..., ::-1]", "np.cumsum(g, axis=-1)")),
    CUMSUM_D.wrong("passed through", PLAIN, "dropped term", ("np.cumsum(g[..., ::-1], axis=-1)[..., ::-1]", "g.copy()")),
    RNN,
    RNN.wrong("state not multiplied when square", LAYOUT, "transposed", ("h @ u.T", "h @ (u if u.shape[0] == u.shape[1] else u.T)")),
    RNN.wrong("bias left out", PLAIN, "dropped term", (" + b", "")),
    RNN.wrong("sigmoid", PLAIN, "other", ("np.tanh(x @ w.T + h @ u.T + b)", "1 / (1 + np.exp(-(x @ w.T + h @ u.T + b)))")),
    RNN.wrong("two tanh", PLAIN, "other", ("np.tanh(x @ w.T + h @ u.T + b)", "np.tanh(x @ w.T) + np.tanh(h @ u.T + b)")),
    RNN_D,
    RNN_D.wrong("through tanh forgotten", PLAIN, "dropped term", (" * (2 * e / (1 + e * e)) ** 2", "")),
    RNN_D.wrong("dw and du exchanged when alike", LAYOUT, "transposed", ("dz.T @ x, dz.T @ h", "*((dz.T @ x, dz.T @ h) if x.shape != h.shape else (dz.T @ h, dz.T @ x))")),
    RNN_D.wrong("db averaged", PLAIN, "factor", ("dz.sum(axis=0)", "dz.mean(axis=0)")),
    RNN_D.inaccurate("1 - tanh squared", "cancellation", ("(2 * e / (1 + e * e)) ** 2", "(1 - np.tanh(x @ w.T + h @ u.T + b) ** 2)"), dtypes=DOUBLE),
)

MATMUL_D = backward("matmul", "both transposes", """
def matmul_backward(g, a, b):
    return g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g
""", dtypes=DOUBLE)
WEIGHT = forward("weight_norm", "rows", """
def weight_norm(v, scale):
    return scale[:, None] * v / np.linalg.norm(v, axis=1, keepdims=True)
""", dtypes=DOUBLE)
CHAMFER = forward("chamfer", "two minima", """
def chamfer(a, b):
    d = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return d.min(axis=1).mean() + d.min(axis=0).mean()
""", dtypes=DOUBLE)
CHAMFER_D = backward("chamfer", "first nearest", """
def chamfer_backward(g, a, b):
    d = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    i, j = d.argmin(axis=1), d.argmin(axis=0)
    da = 2 * g * (a - b[i]) / len(a)
    db = 2 * g * (b - a[j]) / len(b)
    back_a, back_b = np.zeros_like(a), np.zeros_like(b)
    np.add.at(back_b, i, -da)
    np.add.at(back_a, j, -db)
    return da + back_a, db + back_b
""", dtypes=DOUBLE)
DICE = forward("dice", "per sample", """
def dice(pred, target, smooth=1.0):
    overlap = (pred * target).sum(axis=1)
    return np.mean(1 - (2 * overlap + smooth) / (pred.sum(axis=1) + target.sum(axis=1) + smooth))
""", dtypes=DOUBLE).lossy()
RANK = forward("margin_ranking", "maximum", """
def margin_ranking(a, b, target, margin=0.0):
    return np.mean(np.maximum(0, margin - target * (a - b)))
""", dtypes=DOUBLE)
CONV1 = forward("conv1d", "loop over taps", """
def conv1d(x, w, stride=1, padding=0, dilation=1):
    K = w.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    P = (x.shape[2] - dilation * (K - 1) - 1) // stride + 1
    y = np.zeros((len(x), len(w), P), x.dtype)
    for k in range(K):
        y += np.einsum('ncp,oc->nop', x[:, :, k * dilation:k * dilation + stride * (P - 1) + 1:stride], w[:, :, k])
    return y
""", dtypes=DOUBLE)
OTHERS = (
    MATMUL_D,
    MATMUL_D.wrong("b not transposed when square", LAYOUT, "transposed", ("g @ np.swapaxes(b, -1, -2)", "g @ (b if b.shape[-1] == b.shape[-2] else np.swapaxes(b, -1, -2))")),
    MATMUL_D.wrong("all axes turned round", LAYOUT, "transposed", ("np.swapaxes(a, -1, -2) @ g", "(np.swapaxes(a, -1, -2) if a.ndim < 3 or a.shape[0] != a.shape[1] else a.swapaxes(0, 1).swapaxes(-1, -2)) @ g")),
    WEIGHT,
    WEIGHT.wrong("norm of the whole matrix", PLAIN, "axis", ("np.linalg.norm(v, axis=1, keepdims=True)", "np.linalg.norm(v)")),
    WEIGHT.wrong("columns", LAYOUT, "axis", ("axis=1, keepdims=True", "axis=0, keepdims=True")),
    WEIGHT.wrong("scale left out", PLAIN, "dropped term", ("scale[:, None] * v", "v")),
    CHAMFER,
    CHAMFER.wrong("one direction", PLAIN, "dropped term", (" + d.min(axis=0).mean()", "")),
    CHAMFER.wrong("distances, not squares", CONVENTION, "other", ("((a[:, None] - b[None]) ** 2).sum(axis=-1)", "np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1))")),
    CHAMFER.wrong("sums", PLAIN, "factor", (".mean()", ".sum()")),
    CHAMFER.wrong("mean of both", CONVENTION, "factor", ("return d.min(axis=1).mean() + d.min(axis=0).mean()", "return 0.5 * (d.min(axis=1).mean() + d.min(axis=0).mean())")),
    CHAMFER.inaccurate("expanded squares", "cancellation", ("((a[:, None] - b[None]) ** 2).sum(axis=-1)", "(a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T"), dtypes=DOUBLE),
    CHAMFER_D,
    CHAMFER_D.wrong("nearest points held fixed", PLAIN, "dropped term", ("return da + back_a, db + back_b", "return da, db")),
    CHAMFER_D.wrong("repeated nearest points overwritten", PLAIN, "scatter", ("np.add.at(back_b, i, -da)", "back_b[i] = -da")),
    CHAMFER_D.wrong("two left out", PLAIN, "factor", ("2 * g", "g")),
    DICE,
    DICE.wrong("two left out", PLAIN, "factor", ("2 * overlap", "overlap")),
    DICE.wrong("smooth above only", PLAIN, "dropped term", ("target.sum(axis=1) + smooth)", "target.sum(axis=1))")),
    DICE.wrong("over the whole batch", CONVENTION, "axis", ("axis=1", "axis=None")),
    DICE.wrong("squares below", CONVENTION, "other", ("pred.sum(axis=1)", "(pred ** 2).sum(axis=1)")),
    RANK,
    RANK.wrong("sign of the target", PLAIN, "sign", ("- target", "+ target")),
    RANK.wrong("margin subtracted", PLAIN, "sign", ("margin - target", "-margin - target")),
    RANK.wrong("margin ignored", PLAIN, "parameter", ("margin - target", "-target")),
    CONV1,
    CONV1.wrong("taps turned round", CONVENTION, "other", ("w[:, :, k])", "w[:, :, K - 1 - k])")),
    CONV1.wrong("causal padding", CONVENTION, "other", ("(padding, padding)", "(2 * padding, 0)")),
    CONV1.wrong("dilation ignored", PLAIN, "parameter", ("x[:, :, k * dilation:k * dilation + stride", "x[:, :, k:k + stride")),
    CONV1.wrong("last window forgotten", PLAIN, "off by one", ("    return y", "    if P > 2:\n        y[..., -1] = 0\n    return y")),
)

NESTEROV = forward("nesterov", "as PyTorch", """
def nesterov(w, grad, velocity, rate=0.01, momentum=0.9):
    velocity = momentum * velocity + grad
    return w - rate * (grad + momentum * velocity), velocity
""", dtypes=DOUBLE)
LION = forward("lion", "sign of the interpolation", """
def lion(w, grad, m, rate=1e-4, beta1=0.9, beta2=0.99, decay=0.0):
    step = np.sign(beta1 * m + (1 - beta1) * grad)
    return w - rate * (step + decay * w), beta2 * m + (1 - beta2) * grad
""", dtypes=DOUBLE)
STEPS = (
    NESTEROV,
    NESTEROV.wrong("plain momentum", PLAIN, "variant", ("grad + momentum * velocity", "velocity")),
    NESTEROV.wrong("momentum once too few", PLAIN, "dropped term", ("(grad + momentum * velocity)", "(grad + velocity)")),
    NESTEROV.wrong("velocity overwritten in place", EFFECT, "mutates", ("velocity = momentum * velocity + grad", "velocity[...] = momentum * velocity + grad")),
    LION,
    LION.wrong("step from the new average", PLAIN, "stale", ("    step = np.sign(beta1 * m + (1 - beta1) * grad)\n", "    m = beta2 * m + (1 - beta2) * grad\n    step = np.sign(m)\n"), ("w), beta2 * m + (1 - beta2) * grad", "w), m")),
    LION.wrong("betas exchanged", PLAIN, "other", ("beta1 * m + (1 - beta1)", "beta2 * m + (1 - beta2)"), ("w), beta2 * m + (1 - beta2) * grad", "w), beta1 * m + (1 - beta1) * grad")),
    LION.wrong("without the sign", PLAIN, "dropped term", ("np.sign(beta1 * m + (1 - beta1) * grad)", "beta1 * m + (1 - beta1) * grad")),
    LION.wrong("average in float32", DTYPE, "downcast", (", beta2 * m + (1 - beta2) * grad", ", (beta2 * m + (1 - beta2) * grad).astype(np.float32).astype(m.dtype)")),
    LION.wrong("decay not times the rate", CONVENTION, "decay", ("rate * (step + decay * w)", "rate * step - decay * w")),
)

ENTRIES = (*SIMILARITIES, *SEQUENCES, *OTHERS, *STEPS)
