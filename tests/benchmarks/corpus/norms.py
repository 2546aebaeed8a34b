"""Normalisation layers."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import CONVENTION, DOUBLE, DTYPE, EFFECT, LAYOUT, PLAIN, SINGLE, WIDE, backward, forward

BN = forward("batch_norm_train", "mean and var", """
def batch_norm(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta
""", dtypes=WIDE)
BN_D = backward("batch_norm_train", "closed form", """
def batch_norm_backward(g, x, gamma, beta, eps=1e-5):
    N = x.shape[0]
    xc = x - x.mean(axis=0)
    rstd = 1 / np.sqrt((xc * xc).mean(axis=0) + eps)
    xhat = xc * rstd
    dgamma = (g * xhat).sum(axis=0)
    dbeta = g.sum(axis=0)
    dx = gamma * rstd * (g - dbeta / N - xhat * dgamma / N)
    return dx, dgamma, dbeta
""")
BN_CHAIN = backward("batch_norm_train", "staged through variance and mean", """
def batch_norm_backward(g, x, gamma, beta, eps=1e-5):
    N = x.shape[0]
    mu, var = x.mean(axis=0), x.var(axis=0)
    std = np.sqrt(var + eps)
    xhat = (x - mu) / std
    dxhat = g * gamma
    dvar = (dxhat * (x - mu)).sum(axis=0) * -0.5 * std ** -3
    dmu = -(dxhat / std).sum(axis=0) + dvar * (-2 * (x - mu)).sum(axis=0) / N
    dx = dxhat / std + dvar * 2 * (x - mu) / N + dmu / N
    return dx, (g * xhat).sum(axis=0), g.sum(axis=0)
""", dtypes=DOUBLE)
BNS = (
    BN,
    BN.right("feature by feature", ("    mu = x.mean(axis=0)\n    var = x.var(axis=0)\n    xhat = (x - mu) / np.sqrt(var + eps)\n    return gamma * xhat + beta", "    y = np.empty_like(x)\n    for d in range(x.shape[1]):\n        c = x[:, d] - x[:, d].mean()\n        y[:, d] = gamma[d] * c / np.sqrt((c * c).mean() + eps) + beta[d]\n    return y")),
    forward("batch_norm_train", "torch", """
def batch_norm(x, gamma, beta, eps=1e-5):
    mu = x.mean(0)
    var = x.var(0, unbiased=False)
    return (x - mu) * torch.rsqrt(var + eps) * gamma + beta
""", "torch", WIDE),
    forward("batch_norm_train", "jax", """
def batch_norm(x, gamma, beta, eps=1e-5):
    mu = jnp.mean(x, axis=0)
    var = jnp.mean((x - mu) ** 2, axis=0)
    return gamma * (x - mu) * jax.lax.rsqrt(var + eps) + beta
""", "jax", WIDE),
    BN.inaccurate("variance in one pass", "cancellation", ("x.var(axis=0)", "(x * x).mean(axis=0) - mu * mu")),
    BN.wrong("unbiased variance", CONVENTION, "ddof", ("x.var(axis=0)", "x.var(axis=0, ddof=1) if len(x) > 1 else x.var(axis=0)")),
    BN.wrong("eps outside the root", CONVENTION, "eps", ("np.sqrt(var + eps)", "(np.sqrt(var) + eps)")),
    BN.wrong("eps left out", PLAIN, "eps", ("np.sqrt(var + eps)", "np.sqrt(np.maximum(var, 1e-30))")),
    BN.wrong("eps fixed", PLAIN, "parameter", ("var + eps", "var + 1e-5")),
    BN.wrong("eps of 1e-3 as default", CONVENTION, "eps", ("eps=1e-5", ""), ("gamma, beta, )", "gamma, beta)"), ("var + eps", "var + 1e-3")),
    BN.wrong("over features, right shape if N = D only by luck", PLAIN, "axis", ("x.mean(axis=0)", "x.mean(axis=1, keepdims=True)"), ("x.var(axis=0)", "x.var(axis=1, keepdims=True)")),
    BN.wrong("divided by the variance", PLAIN, "other", ("np.sqrt(var + eps)", "(var + eps)")),
    BN.wrong("gamma after beta", PLAIN, "other", ("gamma * xhat + beta", "gamma * (xhat + beta)")),
    BN.wrong("beta left out", PLAIN, "dropped term", ("gamma * xhat + beta", "gamma * xhat")),
    BN.wrong("gamma left out", PLAIN, "dropped term", ("gamma * xhat + beta", "xhat + beta")),
    BN.wrong("variance about zero", PLAIN, "dropped term", ("x.var(axis=0)", "(x * x).mean(axis=0)")),
    BN.wrong("gamma along the batch when square", LAYOUT, "axis", ("gamma * xhat + beta", "(gamma[:, None] if x.shape[0] == x.shape[1] else gamma) * xhat + beta")),
    BN.wrong("centred in place", EFFECT, "mutates", ("xhat = (x - mu)", "x -= mu\n    xhat = x")),
    BN.wrong("statistics of the first call kept", EFFECT, "state", ("def batch_norm", "seen = {}\n\ndef batch_norm"), ("    mu = x.mean(axis=0)\n    var = x.var(axis=0)\n", "    mu, var = seen.setdefault(x.shape[1], (x.mean(axis=0), x.var(axis=0)))\n")),
    BN.wrong("statistics in float32", DTYPE, "downcast", ("x.var(axis=0)", "x.astype(np.float32).var(axis=0).astype(x.dtype)")),
    BN.wrong("batch of one passed through", LAYOUT, "size", ("    mu =", "    if len(x) == 1:\n        return x.copy()\n    mu =")),
    BN_D,
    BN_CHAIN,
    BN_D.right("as a dict", ("return dx, dgamma, dbeta", 'return {"beta": dbeta, "gamma": dgamma, "x": dx}')),
    BN_D.wrong("mean held constant", PLAIN, "dropped term", (" - dbeta / N", "")),
    BN_D.wrong("variance held constant", PLAIN, "dropped term", (" - xhat * dgamma / N", "")),
    BN_D.wrong("both statistics held constant", PLAIN, "dropped term", ("(g - dbeta / N - xhat * dgamma / N)", "g")),
    BN_D.wrong("N - 1 in the variance's term", CONVENTION, "ddof", ("dgamma / N", "dgamma / max(N - 1, 1)")),
    BN_D.wrong("gamma left out", PLAIN, "dropped term", ("dx = gamma * rstd", "dx = rstd")),
    BN_D.wrong("gamma twice", PLAIN, "factor", ("dx = gamma * rstd", "dx = gamma * gamma * rstd")),
    BN_D.wrong("dgamma from x, not xhat", PLAIN, "other", ("dgamma = (g * xhat)", "dgamma = (g * x)"), ("- xhat * dgamma / N", "- xhat * (g * xhat).mean(axis=0)")),
    BN_D.wrong("dbeta averaged", PLAIN, "factor", ("return dx, dgamma, dbeta", "return dx, dgamma, dbeta / N")),
    BN_D.wrong("dgamma not summed", PLAIN, "broadcast", ("return dx, dgamma, dbeta", "return dx, g * xhat, dbeta")),
    BN_D.wrong("sign of the last term", PLAIN, "sign", ("- xhat * dgamma / N", "+ xhat * dgamma / N")),
    BN_D.wrong("divided by D", PLAIN, "factor", ("x.shape[0]", "x.shape[1]")),
    BN_CHAIN.wrong("term of the variance halved", PLAIN, "factor", ("dvar * 2 *", "dvar *")),
    BN_CHAIN.wrong("std to the power -1.5", PLAIN, "other", ("std ** -3", "std ** -1.5")),
    BN_D.wrong("dx and dbeta exchanged", PLAIN, "shape", ("return dx, dgamma, dbeta", "return dbeta, dgamma, dx")),
    BN_D.wrong("eps left out", PLAIN, "eps", (" + eps)", " + 1e-30)")),
)

BNI = forward("batch_norm_infer", "numpy", """
def batch_norm_infer(x, gamma, beta, mu, var, eps=1e-5):
    return gamma * (x - mu) / np.sqrt(var + eps) + beta
""", dtypes=WIDE)
BNI_D = backward("batch_norm_infer", "first three", """
def batch_norm_infer_backward(g, x, gamma, beta, mu, var, eps=1e-5):
    rstd = 1 / np.sqrt(var + eps)
    return g * gamma * rstd, (g * (x - mu) * rstd).sum(axis=0), g.sum(axis=0)
""")
BNIS = (
    BNI,
    # no digits are lost but those that rounding x and mu would lose as well
    BNI.right("folded into one scale and shift", ("return gamma * (x - mu) / np.sqrt(var + eps) + beta", "scale = gamma / np.sqrt(var + eps)\n    return x * scale + (beta - mu * scale)")),
    BNI.wrong("batch statistics", PLAIN, "variant", ("return", "mu, var = x.mean(axis=0), x.var(axis=0)\n    return")),
    BNI.wrong("variance taken for the deviation", PLAIN, "other", ("np.sqrt(var + eps)", "(var + eps)")),
    BNI.wrong("eps outside the root", CONVENTION, "eps", ("np.sqrt(var + eps)", "(np.sqrt(var) + eps)")),
    BNI.wrong("running mean updated in place", EFFECT, "mutates", ("    return", "    mu *= 0.9\n    mu += 0.1 * x.mean(axis=0)\n    return")),
    BNI.wrong("mean not subtracted", PLAIN, "dropped term", ("(x - mu)", "x")),
    BNI_D,
    BNI_D.wrong("as in training", PLAIN, "variant", ("return g * gamma * rstd,", "return gamma * rstd * (g - g.mean(axis=0)),")),
    BNI_D.wrong("gamma left out", PLAIN, "dropped term", ("g * gamma * rstd", "g * rstd")),
    BNI_D.wrong("dgamma without rstd", PLAIN, "dropped term", ("(g * (x - mu) * rstd)", "(g * (x - mu))")),
)

LN = forward("layer_norm", "mean and var", """
def layer_norm(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=-1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=-1, keepdims=True)
    return (x - mu) / np.sqrt(var + eps) * gamma + beta
""", dtypes=WIDE)
LN_D = backward("layer_norm", "closed form", """
def layer_norm_backward(g, x, gamma, beta, eps=1e-5):
    xc = x - x.mean(axis=-1, keepdims=True)
    rstd = 1 / np.sqrt((xc * xc).mean(axis=-1, keepdims=True) + eps)
    xhat = xc * rstd
    batch = tuple(range(x.ndim - 1))
    h = g * gamma
    dx = rstd * (h - h.mean(axis=-1, keepdims=True) - xhat * (h * xhat).mean(axis=-1, keepdims=True))
    return dx, (g * xhat).sum(axis=batch), g.sum(axis=batch)
""")
LNS = (
    LN,
    forward("layer_norm", "torch", """
def layer_norm(x, gamma, beta, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], gamma, beta, eps)
""", "torch", WIDE),
    forward("layer_norm", "Welford's recurrence", """
def layer_norm(x, gamma, beta, eps=1e-5):
    mean = np.zeros(x.shape[:-1])
    m2 = np.zeros(x.shape[:-1])
    for k in range(x.shape[-1]):
        delta = x[..., k] - mean
        mean = mean + delta / (k + 1)
        m2 = m2 + delta * (x[..., k] - mean)
    rstd = 1 / np.sqrt(m2 / x.shape[-1] + eps)
    return ((x - mean[..., None]) * rstd[..., None] * gamma + beta).astype(x.dtype)
""", dtypes=WIDE),
    LN.inaccurate("variance in one pass", "cancellation", ("((x - mu) ** 2).mean(axis=-1, keepdims=True)", "(x ** 2).mean(axis=-1, keepdims=True) - mu ** 2")),
    LN.wrong("unbiased variance", CONVENTION, "ddof", ("((x - mu) ** 2).mean(axis=-1, keepdims=True)", "((x - mu) ** 2).sum(axis=-1, keepdims=True) / max(x.shape[-1] - 1, 1)")),
    LN.wrong("eps outside the root", CONVENTION, "eps", ("np.sqrt(var + eps)", "(np.sqrt(var) + eps)")),
    LN.wrong("over the first axis", PLAIN, "axis", ("axis=-1", "axis=0")),
    LN.wrong("over all but the first axis", LAYOUT, "axis", ("axis=-1", "axis=tuple(range(min(1, x.ndim - 1), x.ndim))")),
    LN.wrong("mean not subtracted: rms norm", CONVENTION, "variant", ("mu = x.mean(axis=-1, keepdims=True)", "mu = 0")),
    LN.wrong("gamma plus one", CONVENTION, "other", ("* gamma +", "* (1 + gamma) +")),
    LN.wrong("1e-6 whatever eps is", PLAIN, "eps", ("var + eps", "var + 1e-6")),
    LN.wrong("vector loop drops the tail beyond 8", LAYOUT, "size", ("    return", "    n = x.shape[-1] // 8 * 8 if x.shape[-1] > 8 else x.shape[-1]\n    var = ((x - mu)[..., :n] ** 2).mean(axis=-1, keepdims=True)\n    return")),
    LN.wrong("half-precision statistics", DTYPE, "downcast", ("var = ((x - mu) ** 2)", "var = ((x - mu) ** 2).astype(np.float16).astype(x.dtype)"), dtypes=SINGLE),
    LN_D,
    LN_D.wrong("term of xhat dropped", PLAIN, "dropped term", (" - xhat * (h * xhat).mean(axis=-1, keepdims=True)", "")),
    LN_D.wrong("term of the mean dropped", PLAIN, "dropped term", (" - h.mean(axis=-1, keepdims=True)", "")),
    LN_D.wrong("gamma outside the means", PLAIN, "other", ("h = g * gamma", "h = g"), ("dx = rstd", "dx = gamma * rstd")),
    LN_D.wrong("dgamma summed over features", PLAIN, "axis", ("(g * xhat).sum(axis=batch)", "(g * xhat).sum(axis=-1).sum() * np.ones_like(gamma)")),
    LN_D.wrong("dbeta over the first axis alone", LAYOUT, "axis", ("g.sum(axis=batch)", "(g.sum(axis=0) if x.ndim > 1 else g.copy())")),
    LN_D.wrong("sums for means", PLAIN, "factor", (".mean(axis=-1, keepdims=True) - xhat", ".sum(axis=-1, keepdims=True) - xhat")),
    LN_D.wrong("variance, not rstd, outside", PLAIN, "other", ("dx = rstd *", "dx = rstd ** 2 *")),
)

RMS = forward("rms_norm", "mean square", """
def rms_norm(x, gamma, eps=1e-5):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps) * gamma
""", dtypes=WIDE)
RMS_D = backward("rms_norm", "closed form", """
def rms_norm_backward(g, x, gamma, eps=1e-5):
    rstd = 1 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    xhat = x * rstd
    h = g * gamma
    dx = rstd * (h - xhat * (h * xhat).mean(axis=-1, keepdims=True))
    return dx, (g * xhat).reshape(-1, x.shape[-1]).sum(axis=0)
""")
RMSS = (
    RMS,
    RMS.right("by einsum", ("(x * x).mean(axis=-1, keepdims=True)", "(np.einsum('...d,...d->...', x, x) / x.shape[-1])[..., None]")),
    forward("rms_norm", "torch", """
def rms_norm(x, gamma, eps=1e-5):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * gamma
""", "torch", WIDE),
    forward("rms_norm", "jax", """
def rms_norm(x, gamma, eps=1e-5):
    return gamma * x * jax.lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + eps)
""", "jax", WIDE),
    RMS.wrong("eps outside the root", CONVENTION, "eps", ("np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)", "(np.sqrt((x * x).mean(axis=-1, keepdims=True)) + eps)")),
    RMS.wrong("sum of squares", PLAIN, "factor", ("(x * x).mean", "(x * x).sum")),
    RMS.wrong("one plus gamma", CONVENTION, "other", ("* gamma", "* (1 + gamma)")),
    RMS.wrong("mean subtracted", CONVENTION, "variant", ("    return x /", "    x = x - x.mean(axis=-1, keepdims=True)\n    return x /")),
    RMS.wrong("root left out", PLAIN, "other", ("np.sqrt", "")),
    RMS.wrong("over the batch", PLAIN, "axis", ("axis=-1", "axis=0")),
    RMS_D,
    RMS_D.wrong("second term dropped", PLAIN, "dropped term", (" - xhat * (h * xhat).mean(axis=-1, keepdims=True)", "")),
    RMS_D.wrong("gamma outside the mean", PLAIN, "other", ("h = g * gamma", "h = g"), ("dx = rstd", "dx = gamma * rstd")),
    RMS_D.wrong("sum for mean", PLAIN, "factor", ("(h * xhat).mean", "(h * xhat).sum")),
    RMS_D.wrong("dgamma from x", PLAIN, "other", ("(g * xhat).reshape", "(g * x).reshape")),
)

ENTRIES = (*BNS, *BNIS, *LNS, *RMSS)
