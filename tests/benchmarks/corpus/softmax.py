"""Softmax and its logarithm, and the losses made of them."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import CONVENTION, DOUBLE, DTYPE, EFFECT, LAYOUT, NUMERIC, PLAIN, SINGLE, WIDE, backward, forward

SOFTMAX = forward("softmax", "maximum subtracted", """
def softmax(z, temperature=1.0):
    s = (z - z.max(axis=-1, keepdims=True)) / temperature
    e = np.exp(s)
    return e / e.sum(axis=-1, keepdims=True)
""")
SOFTMAX_D = backward("softmax", "p (g - sum g p)", """
def softmax(z, temperature):
    e = np.exp((z - z.max(axis=-1, keepdims=True)) / temperature)
    return e / e.sum(axis=-1, keepdims=True)

def softmax_backward(g, z, temperature=1.0):
    p = softmax(z, temperature)
    return p * (g - (g * p).sum(axis=-1, keepdims=True)) / temperature
""")
SOFTMAXES = (
    SOFTMAX,
    forward("softmax", "row by row", """
def softmax(z, temperature=1.0):
    rows = z.reshape(-1, z.shape[-1])
    p = np.empty_like(rows)
    for i, row in enumerate(rows):
        e = np.exp((row - row.max()) / temperature)
        p[i] = e / np.sum(e)
    return p.reshape(z.shape)
"""),
    forward("softmax", "online in one pass", """
def softmax(z, temperature=1.0):
    m = np.full(z.shape[:-1], -np.inf)
    d = np.zeros(z.shape[:-1])
    for c in range(z.shape[-1]):
        new = np.maximum(m, z[..., c].astype(np.float64))
        d = d * np.exp((m - new) / temperature) + np.exp((z[..., c] - new) / temperature)
        m = new
    return (np.exp((z - m[..., None]) / temperature) / d[..., None]).astype(z.dtype)
"""),
    forward("softmax", "scipy", """
def softmax(z, temperature=1.0):
    return special.softmax(z / temperature, axis=-1)
""", "scipy", DOUBLE),
    forward("softmax", "torch", """
def softmax(z, temperature=1.0):
    return torch.softmax((z - z.amax(-1, keepdim=True)) / temperature, dim=-1)
""", "torch", WIDE),
    forward("softmax", "jax, default temperature", """
def softmax(z):
    return jax.nn.softmax(z, axis=-1)
""", "jax", WIDE),
    SOFTMAX.inaccurate("no maximum subtracted", "overflow", ("(z - z.max(axis=-1, keepdims=True))", "z")),
    SOFTMAX.wrong("NaN of the overflow replaced", NUMERIC, "nan", ("(z - z.max(axis=-1, keepdims=True))", "z"), ("return e / e.sum(axis=-1, keepdims=True)", "return np.nan_to_num(e / e.sum(axis=-1, keepdims=True))")),
    SOFTMAX.wrong("over the batch", PLAIN, "axis", ("axis=-1", "axis=0")),
    SOFTMAX.wrong("over everything", PLAIN, "axis", ("e.sum(axis=-1, keepdims=True)", "e.sum()")),
    SOFTMAX.wrong("second axis, whatever the rank", LAYOUT, "axis", ("axis=-1", "axis=min(1, z.ndim - 1)")),
    SOFTMAX.wrong("temperature multiplies", PLAIN, "parameter", ("/ temperature", "* temperature")),
    SOFTMAX.wrong("temperature ignored", PLAIN, "parameter", (" / temperature", "")),
    SOFTMAX.wrong("global maximum subtracted", NUMERIC, "other", ("z.max(axis=-1, keepdims=True)", "z.max()")),
    SOFTMAX.wrong("epsilon in the denominator", NUMERIC, "eps", ("e.sum(axis=-1, keepdims=True)", "(e.sum(axis=-1, keepdims=True) + 1e-6)")),
    SOFTMAX.wrong("not normalised", PLAIN, "dropped term", ("e / e.sum(axis=-1, keepdims=True)", "e")),
    SOFTMAX.wrong("mean for sum", PLAIN, "factor", ("e.sum(axis", "e.mean(axis")),
    SOFTMAX.wrong("maximum subtracted in place", EFFECT, "mutates", ("s = (z - z.max(axis=-1, keepdims=True)) / temperature", "z -= z.max(axis=-1, keepdims=True)\n    s = z / temperature")),
    SOFTMAX.wrong("exponential in half precision", DTYPE, "downcast", ("np.exp(s)", "np.exp(s.astype(np.float16)).astype(z.dtype)"), dtypes=SINGLE),
    SOFTMAX.wrong("inputs clipped to 50", NUMERIC, "clip", ("(z - z.max(axis=-1, keepdims=True))", "np.clip(z, -50, 50)")),
    SOFTMAX.wrong("square in place of exp", PLAIN, "other", ("np.exp(s)", "s * s + 1")),
    SOFTMAX_D,
    SOFTMAX_D.right("Jacobian by einsum", ("    return p * (g - (g * p).sum(axis=-1, keepdims=True)) / temperature", "    jacobian = np.einsum('...i,ij->...ij', p, np.eye(p.shape[-1])) - np.einsum('...i,...j->...ij', p, p)\n    return np.einsum('...i,...ij->...j', g, jacobian) / temperature"), dtypes=DOUBLE),
    SOFTMAX_D.wrong("diagonal of the Jacobian only", PLAIN, "dropped term", ("p * (g - (g * p).sum(axis=-1, keepdims=True))", "g * p * (1 - p)")),
    SOFTMAX_D.wrong("sum of g alone", PLAIN, "dropped term", ("(g * p).sum", "g.sum")),
    SOFTMAX_D.wrong("sum over the batch", PLAIN, "axis", ("(g * p).sum(axis=-1", "(g * p).sum(axis=0")),
    SOFTMAX_D.wrong("mean for sum", PLAIN, "factor", ("(g * p).sum", "(g * p).mean")),
    SOFTMAX_D.wrong("not divided by the temperature", PLAIN, "factor", ("keepdims=True)) / temperature\n", "keepdims=True))\n")),
    SOFTMAX_D.wrong("sum added", PLAIN, "sign", ("(g - (g", "(g + (g")),
    SOFTMAX_D.wrong("sum left out", PLAIN, "dropped term", (" - (g * p).sum(axis=-1, keepdims=True)", "")),
    SOFTMAX_D.inaccurate("no maximum subtracted", "overflow", ("(z - z.max(axis=-1, keepdims=True))", "z")),
)

LOG_SOFTMAX = forward("log_softmax", "shifted, minus logsumexp", """
def log_softmax(z, temperature=1.0):
    s = (z - z.max(axis=-1, keepdims=True)) / temperature
    return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))
""", dtypes=WIDE)
LOG_SOFTMAX_D = backward("log_softmax", "g - p sum g", """
def log_softmax_backward(g, z, temperature=1.0):
    e = np.exp((z - z.max(axis=-1, keepdims=True)) / temperature)
    p = e / e.sum(axis=-1, keepdims=True)
    return (g - p * g.sum(axis=-1, keepdims=True)) / temperature
""")
LOG_SOFTMAXES = (
    LOG_SOFTMAX,
    forward("log_softmax", "torch", """
def log_softmax(z, temperature=1.0):
    return F.log_softmax((z - z.amax(-1, keepdim=True)) / temperature, dim=-1)
""", "torch", WIDE),
    LOG_SOFTMAX.inaccurate("log of softmax", "cancellation", ("s - np.log(np.exp(s).sum(axis=-1, keepdims=True))", "np.log(np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True))")),
    LOG_SOFTMAX.inaccurate("no maximum subtracted", "overflow", ("(z - z.max(axis=-1, keepdims=True))", "z")),
    LOG_SOFTMAX.wrong("1e-8 inside the log", NUMERIC, "clip", ("s - np.log(np.exp(s).sum(axis=-1, keepdims=True))", "np.log(np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True) + 1e-8)")),
    LOG_SOFTMAX.wrong("probability clipped at 1e-12", NUMERIC, "clip", ("s - np.log(np.exp(s).sum(axis=-1, keepdims=True))", "np.log(np.maximum(np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True), 1e-12))")),
    LOG_SOFTMAX.wrong("over the batch", PLAIN, "axis", ("axis=-1", "axis=0")),
    LOG_SOFTMAX.wrong("maximum not given back", PLAIN, "dropped term", ("return s -", "return z / temperature -")),
    LOG_SOFTMAX_D,
    LOG_SOFTMAX_D.wrong("sum of g taken for 1", PLAIN, "dropped term", ("p * g.sum(axis=-1, keepdims=True)", "p")),
    LOG_SOFTMAX_D.wrong("softmax's gradient", CONVENTION, "variant", ("(g - p * g.sum(axis=-1, keepdims=True))", "p * (g - (g * p).sum(axis=-1, keepdims=True))")),
    LOG_SOFTMAX_D.wrong("mean of g", PLAIN, "factor", ("g.sum", "g.mean")),
    LOG_SOFTMAX_D.wrong("temperature multiplies", PLAIN, "parameter", ("keepdims=True)) / temperature)", "keepdims=True)) * temperature)")),
)

CE = forward("cross_entropy", "picked log-probability", """
def cross_entropy(logits, label):
    s = logits - logits.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -logp[np.arange(len(label)), label].mean()
""", dtypes=WIDE)
CE_D = backward("cross_entropy", "p, its true classes' sums of the others", """
def cross_entropy_backward(g, logits, label):
    n = np.arange(len(label))
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    total = e.sum(axis=1, keepdims=True)
    d = e / total
    e[n, label] = 0
    d[n, label] = -(e.sum(axis=1, keepdims=True) / total)[:, 0]
    return g * d / len(label)
""")
CE_PLAIN = CE_D.inaccurate("p - 1 for the true class", "cancellation", ("    e[n, label] = 0\n    d[n, label] = -(e.sum(axis=1, keepdims=True) / total)[:, 0]\n", "    d[n, label] -= 1\n"), dtypes=DOUBLE)
CES = (
    CE,
    forward("cross_entropy", "by one-hot rows", """
def cross_entropy(logits, label):
    onehot = np.eye(logits.shape[1], dtype=logits.dtype)[label]
    m = logits.max(axis=1)
    lse = m + np.log(np.exp(logits - m[:, None]).sum(axis=1))
    return np.mean(lse - (onehot * logits).sum(axis=1))
""", dtypes=DOUBLE),
    forward("cross_entropy", "a loop over samples", """
import math

def cross_entropy(logits, label):
    total = 0.0
    for row, c in zip(logits.tolist(), label.tolist()):
        m = max(row)
        total += math.log(math.fsum(math.exp(v - m) for v in row)) + (m - row[c])
    return total / len(label)
""", dtypes=WIDE),
    forward("cross_entropy", "torch", """
def cross_entropy(logits, label):
    return F.cross_entropy(logits, label)
""", "torch", WIDE),
    forward("cross_entropy", "jax", """
def cross_entropy(logits, label):
    logp = jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.take_along_axis(logp, label[:, None], axis=1))
""", "jax", WIDE),
    CE.inaccurate("log of softmax", "cancellation", ("s - np.log(np.exp(s).sum(axis=1, keepdims=True))", "np.log(np.exp(s) / np.exp(s).sum(axis=1, keepdims=True))")),
    CE.wrong("sum for mean", PLAIN, "factor", (".mean()", ".sum()")),
    CE.wrong("mean over all logits", PLAIN, "factor", (".mean()", ".sum() / logits.size")),
    CE.wrong("labels counted from one", PLAIN, "labels", ("label]", "label - 1]")),
    CE.wrong("sign", PLAIN, "sign", ("return -logp", "return logp")),
    CE.wrong("softmax over the batch", PLAIN, "axis", ("axis=1", "axis=0")),
    CE.wrong("1e-9 inside the log", NUMERIC, "clip", ("s - np.log(np.exp(s).sum(axis=1, keepdims=True))", "np.log(np.exp(s) / np.exp(s).sum(axis=1, keepdims=True) + 1e-9)")),
    CE.wrong("label zero ignored as padding", CONVENTION, "labels", ("return -logp[np.arange(len(label)), label].mean()", "picked = np.where(label == 0, 0, -logp[np.arange(len(label)), label])\n    return picked.sum() / max((label != 0).sum(), 1)")),
    CE.wrong("first label for all rows", PLAIN, "labels", (", label]", ", label[0]]")),
    CE.wrong("softmax taken twice", PLAIN, "other", ("    s = logits - logits.max(axis=1, keepdims=True)\n", "    e = np.exp(logits - logits.max(axis=1, keepdims=True))\n    s = e / e.sum(axis=1, keepdims=True)\n")),
    CE.wrong("label smoothing left on", CONVENTION, "other", ("-logp[np.arange(len(label)), label].mean()", "-(0.9 * logp[np.arange(len(label)), label] + 0.1 * logp.mean(axis=1)).mean()")),
    CE_D,
    CE_PLAIN,
    CE_PLAIN.wrong("N left out", PLAIN, "factor", (" / len(label)", "")),
    CE_PLAIN.wrong("divided by the number of logits", PLAIN, "factor", ("/ len(label)", "/ d.size")),
    CE_PLAIN.wrong("g left out", PLAIN, "dropped term", ("return g * d", "return d")),
    CE_PLAIN.wrong("true class not subtracted", PLAIN, "dropped term", ("    d[n, label] -= 1\n", "")),
    CE_PLAIN.wrong("only the true class", PLAIN, "dropped term", ("    d[n, label] -= 1\n", "    t = np.zeros_like(d)\n    t[n, label] = d[n, label] - 1\n    d = t\n")),
    CE_PLAIN.wrong("one subtracted at the next class", PLAIN, "labels", ("d[n, label] -= 1", "d[n, (label + 1) % d.shape[1]] -= 1")),
    CE_PLAIN.wrong("whole columns indexed", PLAIN, "labels", ("d[n, label] -= 1", "d[:, label] -= 1")),
    CE_PLAIN.wrong("t - p", PLAIN, "sign", ("return g * d", "return -g * d")),
    CE_PLAIN.wrong("times p(1 - p) as for a squared error", PLAIN, "other", ("return g * d", "return g * d * (e / total) * (1 - e / total)")),
)

CEP = forward("cross_entropy_probs", "by log-probabilities", """
def cross_entropy_probs(logits, target):
    s = logits - logits.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -(target * logp).sum(axis=1).mean()
""", dtypes=WIDE)
CEP_D = backward("cross_entropy_probs", "to logits alone", """
def cross_entropy_probs_backward(g, logits, target):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return g * (p - target) / len(logits)
""", dtypes=DOUBLE)
CEPS = (
    CEP,
    forward("cross_entropy_probs", "torch", """
def cross_entropy_probs(logits, target):
    return F.cross_entropy(logits, target)
""", "torch", WIDE),
    CEP.wrong("mean over classes too", PLAIN, "factor", (".sum(axis=1).mean()", ".mean()")),
    CEP.wrong("sum for mean", PLAIN, "factor", (".sum(axis=1).mean()", ".sum()")),
    CEP.wrong("of the hardened target", CONVENTION, "other", ("-(target * logp).sum(axis=1).mean()", "-logp[np.arange(len(logp)), target.argmax(axis=1)].mean()")),
    CEP.wrong("with the entropy subtracted", CONVENTION, "variant", ("(target * logp)", "(target * (logp - np.log(np.maximum(target, 1e-300))))")),
    CEP.wrong("arguments swapped", PLAIN, "other", ("(target * logp)", "(np.exp(logp) * np.log(np.maximum(target, 1e-12)))")),
    CEP_D,
    CEP_D.wrong("N left out", PLAIN, "factor", (" / len(logits)", "")),
    CEP_D.wrong("divided by C", PLAIN, "factor", ("len(logits)", "logits.shape[1]")),
    CEP_D.wrong("target - p", PLAIN, "sign", ("p - target", "target - p")),
    CEP_D.wrong("-t / p", PLAIN, "other", ("p - target", "-target / p")),
)

NLL_D = backward("nll", "scatter", """
def nll_backward(g, logp, label):
    d = np.zeros_like(logp)
    d[np.arange(len(label)), label] = -g / len(label)
    return d
""")
NLL = forward("nll", "picked", """
def nll(logp, label):
    return -logp[np.arange(len(label)), label].mean()
""", dtypes=WIDE)
NLLS = (
    NLL,
    NLL.right("take_along_axis", ("logp[np.arange(len(label)), label].mean()", "np.take_along_axis(logp, label[:, None], 1).mean()")),
    forward("nll", "torch", """
def nll(logp, label):
    return F.nll_loss(logp, label)
""", "torch", WIDE),
    NLL.wrong("takes the logarithm again", PLAIN, "other", ("return -logp", "logp = np.log(np.abs(logp) + 1e-12)\n    return -logp")),
    NLL.wrong("sign", PLAIN, "sign", ("return -logp", "return logp")),
    NLL.wrong("sum", PLAIN, "factor", (".mean()", ".sum()")),
    NLL.wrong("whole columns", PLAIN, "labels", ("logp[np.arange(len(label)), label]", "logp[:, label]")),
    NLL_D,
    NLL_D.wrong("N left out", PLAIN, "factor", (" / len(label)", "")),
    NLL_D.wrong("rows and columns exchanged", PLAIN, "labels", ("[np.arange(len(label)), label]", "[label % len(label), np.arange(len(label)) % logp.shape[1]]")),
    NLL_D.wrong("times logp", PLAIN, "other", ("-g / len(label)", "-g / len(label) * logp[np.arange(len(label)), label]")),
)

ENTRIES = (*SOFTMAXES, *LOG_SOFTMAXES, *CES, *CEPS, *NLLS)
