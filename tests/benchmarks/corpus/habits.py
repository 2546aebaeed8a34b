"""Correct code as people are used to writing it, where a checker may take a habit for a mistake; and the mistakes nearest to it."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import ALL, CONVENTION, DOUBLE, DTYPE, PLAIN, SINGLE, WIDE, backward, forward

LEAKY = forward("leaky_relu", "the larger of x and slope times x", """
def leaky_relu(x, slope=0.01):
    return np.maximum(x, x.dtype.type(slope) * x)
""", dtypes=ALL)

POOL = backward("max_pool2d", "ties shared evenly", """
def max_pool2d_backward(g, x, kernel=2, stride=2, padding=0, dilation=1):
    H, W = x.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), constant_values=-np.inf)
    d = np.zeros_like(x)
    reach = dilation * (kernel - 1) + 1
    for p in range(g.shape[2]):
        for q in range(g.shape[3]):
            s = np.s_[:, :, p * stride:p * stride + reach:dilation, q * stride:q * stride + reach:dilation]
            hot = (x[s] == x[s].max((2, 3), keepdims=True)).astype(x.dtype)
            d[s] += hot / hot.sum((2, 3), keepdims=True) * g[:, :, p, q][:, :, None, None]
    return d[:, :, padding:padding + H, padding:padding + W]
""")
MAX = backward("max", "shared evenly", """
def max_backward(g, x):
    hot = (x == x.max(-1, keepdims=True)).astype(x.dtype)
    return g[..., None] * hot / hot.sum(-1, keepdims=True)
""")
SWIGLU = forward("swiglu", "over one plus exp", """
def swiglu(gate, x):
    return gate / (1 + np.exp(-gate)) * x
""", dtypes=SINGLE)
MSE = forward("mse", "a double from single", """
def mse(pred, target):
    return np.square(pred - target).sum() / np.int64(pred.size)
""", dtypes=SINGLE)
HINGE = forward("hinge_embedding", "by the label", """
def hinge_embedding(d, target, margin=1.0):
    return np.where(target == 1, d, np.maximum(0, margin - d)).mean()
""", dtypes=WIDE)
CONTRASTIVE = forward("contrastive", "by the label", """
def contrastive(a, b, same, margin=1.0):
    d = np.linalg.norm(a - b, axis=1)
    return np.where(same == 1, d ** 2, np.maximum(margin - d, 0) ** 2).mean() / 2
""", dtypes=WIDE)
DROPOUT = forward("dropout", "where the mask is set", """
def dropout(x, mask, rate=0.5):
    return np.where(mask != 0, x / (1 - x.dtype.type(rate)), 0)
""", dtypes=WIDE)
ATTENTION = forward("attention", "blocks of keys with a running maximum", """
def attention(q, k, v):
    m = np.full(q.shape[:-1] + (1,), -np.inf, q.dtype)
    total, out = np.zeros_like(m), np.zeros(q.shape[:-1] + v.shape[-1:], q.dtype)
    for j in range(0, k.shape[-2], 3):
        s = q @ np.swapaxes(k[..., j:j + 3, :], -1, -2) * q.dtype.type(q.shape[-1] ** -0.5)
        top = np.maximum(m, s.max(-1, keepdims=True))
        p, keep = np.exp(s - top), np.exp(m - top)
        total, out, m = keep * total + p.sum(-1, keepdims=True), keep * out + p @ v[..., j:j + 3, :], top
    return out / total
""", dtypes=WIDE)
PRELU = forward("prelu", "two relus", """
def prelu(x, slope):
    return torch.relu(x) - slope * torch.relu(-x)
""", "torch", WIDE)

# fmt: off
ENTRIES = (
    LEAKY,
    LEAKY.wrong("the smaller of both", PLAIN, "other", ("np.maximum", "np.minimum")),
    POOL,
    POOL.wrong("all of it to each of several", CONVENTION, "other", ("hot / hot.sum((2, 3), keepdims=True)", "hot")),
    POOL.wrong("shared by all of the window", PLAIN, "other", ("hot / hot.sum((2, 3), keepdims=True)", "hot / kernel ** 2")),
    MAX,
    MAX.wrong("all of it to each of several", CONVENTION, "other", (" / hot.sum(-1, keepdims=True)", "")),
    forward("elu", "two clamps", """
def elu(x, alpha=1.0):
    return torch.clamp(x, min=0) + torch.clamp(alpha * torch.expm1(torch.clamp(x, max=0)), max=0)
""", "torch", WIDE),
    PRELU,
    PRELU.wrong("slope of the other side", PLAIN, "other", ("torch.relu(x) - slope * torch.relu(-x)", "slope * torch.relu(x) - torch.relu(-x)")),
    SWIGLU.lossy(),
    SWIGLU.inaccurate("zero below -80", "cutoff", ("return gate /", "return (gate > -80) * gate /")),
    MSE,
    MSE.wrong("a whole array in double", DTYPE, "dtype", (".sum() / np.int64(pred.size)", ".mean(keepdims=True).astype(np.float64).reshape(())")),
    HINGE,
    HINGE.wrong("labels turned round", PLAIN, "other", ("target == 1", "target != 1")),
    CONTRASTIVE,
    CONTRASTIVE.wrong("distances not squared", PLAIN, "other", ("d ** 2, ", "d, ")),
    DROPOUT,
    DROPOUT.wrong("divided by the rate where the mask is set", PLAIN, "other", ("(1 - x.dtype.type(rate))", "x.dtype.type(rate)")),
    ATTENTION,
    ATTENTION.wrong("the running sum is not rescaled", PLAIN, "other", ("keep * total +", "total +")),
    forward("batch_norm_train", "torch's own, which refuses a single value", """
def batch_norm(x, gamma, beta, eps=1e-5):
    return F.batch_norm(x.contiguous(), None, None, gamma.contiguous(), beta.contiguous(), training=True, eps=eps)
""", "torch", WIDE),
    forward("group_norm_channels", "torch's own, which refuses a single value", """
def group_norm(x, gamma, beta, groups=1, eps=1e-5):
    return F.group_norm(x, int(groups), gamma, beta, eps)
""", "torch", SINGLE),
    forward("bce", "torch's own, with its floors", """
def bce(pred, target):
    return F.binary_cross_entropy(pred, target)
""", "torch", WIDE),
    forward("cosine_embedding", "torch's own, with its epsilon", """
def cosine_embedding(a, b, target, margin=0.0):
    return F.cosine_embedding_loss(a, b, target, margin=margin)
""", "torch", WIDE),
    forward("softsign", "quotient", """
def softsign(x):
    return x / (1 + jnp.abs(x))
""", "jax", WIDE),
    forward("geglu", "normal probabilities", """
def geglu(gate, x):
    return gate * special.ndtr(gate) * x
""", "scipy", DOUBLE),
)
# fmt: on
