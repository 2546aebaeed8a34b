"""Correct code in unusual styles: other algorithms, other orders of summation, wider arithmetic inside. None may raise an alarm."""


from __future__ import annotations

from corpus.entry import ALL, DOUBLE, SINGLE, WIDE, backward, forward

THROUGH_DOUBLE = ("float16", "float32")

ENTRIES = (
    forward("softmax", "exp of log-softmax", """
def softmax(z, temperature=1.0):
    s = z.astype(np.float64) / temperature
    s = s - s.max(-1, keepdims=True)
    return np.exp(s - np.log(np.exp(s).sum(-1, keepdims=True))).astype(z.dtype)
""", dtypes=THROUGH_DOUBLE),
    forward("softmax", "sum left to right", """
def softmax(z, temperature=1.0):
    e = np.exp((z - np.max(z, -1, keepdims=True)) / temperature)
    return e / np.cumsum(e, -1)[..., -1:]
""", dtypes=WIDE),
    forward("softmax", "reciprocal multiplied", """
def softmax(z, temperature=1.0):
    inverse = 1 / temperature
    e = np.exp(inverse * (z - z.max(-1)[..., None]))
    return e * (1 / e.sum(-1))[..., None]
""", dtypes=WIDE),
    forward("softmax", "exp2", """
def softmax(z, temperature=1.0):
    s = (z - z.max(-1, keepdims=True)).astype(np.float64) / temperature
    e = np.exp2(s * np.log2(np.e))
    return (e / e.sum(-1, keepdims=True)).astype(z.dtype)
""", dtypes=THROUGH_DOUBLE),
    forward("log_softmax", "logaddexp reduced", """
def log_softmax(z, temperature=1.0):
    s = z / temperature
    s = s - s.max(-1, keepdims=True)
    return s - np.logaddexp.reduce(s, axis=-1)[..., None]
""", dtypes=DOUBLE),
    forward("layer_norm", "float64 inside", """
def layer_norm(x, gamma, beta, eps=1e-5):
    wide = x.astype(np.float64)
    centred = wide - wide.mean(-1, keepdims=True)
    rstd = (np.square(centred).mean(-1, keepdims=True) + eps) ** -0.5
    return (centred * rstd * gamma + beta).astype(x.dtype)
""", dtypes=ALL),
    forward("layer_norm", "variance about a shifted origin", """
def layer_norm(x, gamma, beta, eps=1e-5):
    shifted = x - x[..., :1]
    mu = shifted.mean(-1, keepdims=True)
    centred = shifted - mu
    var = np.einsum('...d,...d->...', centred, centred)[..., None] / x.shape[-1]
    return gamma * centred / np.sqrt(var + eps) + beta
""", dtypes=DOUBLE),
    forward("layer_norm", "norm of the centred row", """
def layer_norm(x, gamma, beta, eps=1e-5):
    centred = x - np.average(x, axis=-1)[..., None]
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    return centred / np.hypot(length / np.sqrt(x.shape[-1]), np.sqrt(eps)) * gamma + beta
""", dtypes=DOUBLE),
    forward("rms_norm", "float64 inside, a loop", """
def rms_norm(x, gamma, eps=1e-5):
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    y = np.stack([row / (row @ row / len(row) + eps) ** 0.5 for row in rows])
    return (y.reshape(x.shape) * gamma).astype(x.dtype)
""", dtypes=ALL),
    forward("batch_norm_train", "transposed, row by row", """
def batch_norm(x, gamma, beta, eps=1e-5):
    columns = []
    for column, a, b in zip(x.T, gamma, beta):
        centred = column - column.sum() / column.size
        columns.append(a * (centred / np.sqrt(centred @ centred / column.size + eps)) + b)
    return np.stack(columns, axis=1)
""", dtypes=DOUBLE),
    backward("batch_norm_train", "by the projection matrix", """
def batch_norm_backward(g, x, gamma, beta, eps=1e-5):
    n = len(x)
    xc = x - x.mean(0)
    rstd = (np.square(xc).mean(0) + eps) ** -0.5
    xhat = xc * rstd
    h = g * gamma
    dx = np.empty_like(x)
    for d in range(x.shape[1]):
        projection = np.eye(n) - 1 / n - np.outer(xhat[:, d], xhat[:, d]) / n
        dx[:, d] = rstd[d] * (projection @ h[:, d])
    return dx, (g * xhat).sum(0), g.sum(0)
""", dtypes=DOUBLE),
    forward("cross_entropy", "log1p of the others' share", """
def cross_entropy(logits, label):
    n = np.arange(len(label))
    gap = logits - logits[n, label][:, None]
    gap[n, label] = -np.inf
    top = np.maximum(gap.max(axis=1), 0)
    others = np.exp(gap - top[:, None]).sum(axis=1)
    return np.mean(top + np.log1p(others + np.expm1(-top)))
""", dtypes=DOUBLE),
    forward("cross_entropy", "logaddexp", """
def cross_entropy(logits, label):
    return float(np.mean(np.logaddexp.reduce(logits - logits[np.arange(len(label)), label][:, None], axis=1)))
""", dtypes=DOUBLE),
    backward("softmax", "one row at a time with the Jacobian", """
def softmax_backward(g, z, temperature=1.0):
    d = np.empty_like(z)
    for i in np.ndindex(z.shape[:-1]):
        e = np.exp((z[i] - z[i].max()) / temperature)
        p = e / e.sum()
        d[i] = (np.diag(p) - np.outer(p, p)) @ g[i] / temperature
    return d
""", dtypes=DOUBLE),
    forward("gelu", "erf on the right, erfc on the left", """
def gelu(x):
    t = x.astype(np.float64) / np.sqrt(2)
    cdf = np.where(t > 0, 0.5 + 0.5 * special.erf(np.maximum(t, 0)), 0.5 * special.erfc(-np.minimum(t, 0)))
    return (x * cdf).astype(x.dtype)
""", "scipy", ALL),
    forward("gelu", "log_ndtr", """
def gelu(x):
    return (x * np.exp(special.log_ndtr(x.astype(np.float64)))).astype(x.dtype)
""", "scipy", THROUGH_DOUBLE),
    forward("sigmoid", "exp of minus softplus", """
def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x.astype(np.float64))).astype(x.dtype)
""", dtypes=THROUGH_DOUBLE),
    forward("sigmoid", "extended precision", """
def sigmoid(x):
    wide = x.astype(np.longdouble)
    return (1 / (1 + np.exp(-wide))).astype(x.dtype)
""", dtypes=ALL),
    forward("softplus", "max plus log1p through double", """
def softplus(x, beta=1.0):
    t = beta * x.astype(np.float64)
    return ((np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t)))) / beta).astype(x.dtype)
""", dtypes=ALL),
    forward("elu", "masked assignment", """
def elu(x, alpha=1.0):
    y = x.copy()
    left = x <= 0
    y[left] = alpha * np.expm1(x[left])
    return y
""", dtypes=WIDE),
    forward("relu", "sorted into place", """
def relu(x):
    return np.sort(np.stack([x, np.zeros_like(x)]), axis=0)[1]
""", dtypes=ALL),
    forward("mse", "fsum", """
import math

def mse(pred, target):
    r = (pred.astype(np.float64) - target).ravel()
    return math.fsum((r * r).tolist()) / r.size
""", dtypes=ALL),
    forward("mse", "running mean", """
def mse(pred, target):
    mean = 0.0
    for k, r in enumerate((pred - target).ravel().tolist(), 1):
        mean += (r * r - mean) / k
    return mean
""", dtypes=DOUBLE),
    forward("mae", "sum left to right", """
def mae(pred, target):
    r = np.abs(pred - target).ravel()
    return np.cumsum(r)[-1] / r.dtype.type(r.size)
""", dtypes=WIDE),
    forward("linear", "blocks of four, backwards", """
def linear(x, w, b):
    y = np.zeros(x.shape[:-1] + (w.shape[0],), dtype=x.dtype)
    for k in reversed(range(0, x.shape[-1], 4)):
        y = y + np.matmul(x[..., k:k + 4], w[:, k:k + 4].T)
    return y + b
""", dtypes=WIDE),
    forward("linear", "bias as a column", """
def linear(x, w, b):
    ones = np.ones(x.shape[:-1] + (1,), dtype=x.dtype)
    return np.concatenate([x, ones], axis=-1) @ np.concatenate([w, b[:, None]], axis=1).T
""", dtypes=DOUBLE),
    forward("attention", "one query at a time", """
def attention(q, k, v):
    out = np.empty(q.shape[:-1] + v.shape[-1:])
    for i in np.ndindex(q.shape[:-1]):
        lead = i[:-1]
        s = k[lead] @ q[i] / np.sqrt(q.shape[-1])
        e = np.exp(s - s.max())
        out[i] = e @ v[lead] / e.sum()
    return out
""", dtypes=DOUBLE),
    forward("attention", "queries scaled first, by the fourth root on both sides", """
def attention(q, k, v):
    root = q.shape[-1] ** -0.25
    s = np.einsum('...ld,...md->...lm', q * root, k * root)
    p = np.exp(s - s.max(-1, keepdims=True))
    return np.einsum('...lm,...me->...le', p, v) / p.sum(-1, keepdims=True)
""", dtypes=DOUBLE),
    forward("conv2d", "a matrix of patches", """
def conv2d(x, w, stride=1, padding=0, dilation=1):
    O, C, I, J = w.shape
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    P = (x.shape[2] - dilation * (I - 1) - 1) // stride + 1
    Q = (x.shape[3] - dilation * (J - 1) - 1) // stride + 1
    rows = (np.arange(P) * stride)[:, None] + (np.arange(I) * dilation)[None, :]
    columns = (np.arange(Q) * stride)[:, None] + (np.arange(J) * dilation)[None, :]
    patches = x[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    flat = patches.transpose(0, 2, 3, 1, 4, 5).reshape(len(x) * P * Q, C * I * J)
    return (flat @ w.reshape(O, -1).T).reshape(len(x), P, Q, O).transpose(0, 3, 1, 2)
""", dtypes=DOUBLE),
    backward("embedding", "bincount by column", """
def embedding_backward(g, w, ids):
    flat = g.reshape(-1, w.shape[1])
    return np.stack([np.bincount(ids.ravel(), weights=c, minlength=len(w)) for c in flat.T], axis=1).astype(w.dtype)
""", dtypes=WIDE),
    backward("embedding", "sorted segments", """
def embedding_backward(g, w, ids):
    order = np.argsort(ids.ravel(), kind="stable")
    rows = g.reshape(-1, w.shape[1])[order]
    found, start = np.unique(ids.ravel()[order], return_index=True)
    d = np.zeros_like(w)
    d[found] = np.add.reduceat(rows, start, axis=0)
    return d
""", dtypes=WIDE),
    forward("huber", "smaller of two lines", """
def huber(pred, target, delta=1.0):
    r = pred - target
    inner = np.clip(r, -delta, delta)
    return np.mean(inner * (r - inner / 2))
""", dtypes=WIDE),
    forward("logsumexp", "a running maximum", """
import math

def logsumexp(z):
    y = np.empty(z.shape[:-1], z.dtype)
    for i in np.ndindex(y.shape):
        top, total = -math.inf, 0.0
        for v in z[i].tolist():
            if v <= top:
                total += math.exp(v - top)
            else:
                total, top = total * math.exp(top - v) + 1, v
        y[i] = top + math.log(total)
    return y
""", dtypes=DOUBLE),
    forward("adam", "lerp form", """
def adam(w, grad, m, v, t, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * np.square(grad)
    c1, c2 = 1 - np.power(beta1, float(t)), 1 - np.power(beta2, float(t))
    return w - (rate / c1) * (m / (np.sqrt(v / c2) + eps)), m, v
""", dtypes=DOUBLE),
    forward("sigmoid", "Python floats", """
import math

def sigmoid(x):
    def one(v):
        return 1 / (1 + math.exp(-v)) if v > -30 else math.exp(v) / (1 + math.exp(v))
    return np.array([one(v) for v in x.ravel().tolist()], x.dtype).reshape(x.shape)
""", dtypes=SINGLE),
)
