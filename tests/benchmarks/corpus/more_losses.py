"""More losses: robust, probabilistic, for classes, for margins; and penalties on weights."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import CONVENTION, DOUBLE, EFFECT, LAYOUT, NUMERIC, PLAIN, WIDE, backward, forward

LOG_COSH = forward("log_cosh", "abs + log1p - log 2 by expm1", """
def log_cosh(pred, target):
    r = np.abs(pred - target)
    small = np.log1p(np.expm1(r) ** 2 * np.exp(-r) / 2)
    large = r + np.log1p(np.exp(-2 * r)) - np.log(2)
    return np.mean(np.where(r < 1, small, large))
""", dtypes=DOUBLE)
ROBUST = (
    LOG_COSH,
    LOG_COSH.inaccurate("log of cosh", "overflow", ("np.where(r < 1, small, large)", "np.log(np.cosh(r))"), dtypes=DOUBLE),
    LOG_COSH.inaccurate("softplus form near zero", "cancellation", ("np.where(r < 1, small, large)", "large"), dtypes=DOUBLE),
    LOG_COSH.wrong("log 2 left out", PLAIN, "dropped term", ("np.where(r < 1, small, large)", "r + np.log1p(np.exp(-2 * r))")),
    LOG_COSH.wrong("sum", PLAIN, "factor", ("np.mean", "np.sum")),
    backward("log_cosh", "tanh", """
def log_cosh_backward(g, pred, target):
    d = g * np.tanh(pred - target) / pred.size
    return d, -d
"""),
    backward("log_cosh", "tanh", """
def log_cosh_backward(g, pred, target):
    d = g * np.tanh(pred - target) / pred.size
    return d, -d
""").wrong("N left out", PLAIN, "factor", (" / pred.size", "")),
)

QUANTILE = forward("quantile", "maximum of both lines", """
def quantile(pred, target, q=0.5):
    r = target - pred
    return np.mean(np.maximum(q * r, (q - 1) * r))
""", dtypes=WIDE)
QUANTILE_D = backward("quantile", "where", """
def quantile_backward(g, pred, target, q=0.5):
    d = g * np.where(target > pred, -q, 1 - q) / pred.size
    return d.astype(pred.dtype), -d.astype(pred.dtype)
""")
QUANTILES = (
    QUANTILE,
    QUANTILE.wrong("q and 1 - q exchanged", PLAIN, "sign", ("r = target - pred", "r = pred - target")),
    QUANTILE.wrong("absolute error", PLAIN, "variant", ("np.maximum(q * r, (q - 1) * r)", "np.abs(r)")),
    QUANTILE.wrong("minimum", PLAIN, "sign", ("np.maximum", "np.minimum")),
    QUANTILE_D,
    QUANTILE_D.wrong("weights exchanged", PLAIN, "sign", ("-q, 1 - q", "q - 1, q")),
    QUANTILE_D.wrong("same sign for the target", PLAIN, "sign", ("-d.astype", "d.astype")),
)

POISSON = forward("poisson_nll", "exp minus product", """
def poisson_nll(log_rate, count):
    return np.mean(np.exp(log_rate) - count * log_rate)
""", dtypes=WIDE)
GAUSS = forward("gaussian_nll", "half of both", """
def gaussian_nll(pred, target, var):
    return 0.5 * np.mean(np.log(var) + (pred - target) ** 2 / var)
""", dtypes=WIDE)
GAUSS_D = backward("gaussian_nll", "three gradients", """
def gaussian_nll_backward(g, pred, target, var):
    r = pred - target
    d = g * r / var / pred.size
    return d, -d, g * (1 - r * r / var) / (2 * var * pred.size)
""", dtypes=DOUBLE)
KL = forward("gaussian_kl", "closed form", """
def gaussian_kl(mu, logvar):
    return -0.5 * np.mean(np.sum(1 + logvar - mu ** 2 - np.exp(logvar), axis=1))
""", dtypes=DOUBLE)
KL_D = backward("gaussian_kl", "expm1", """
def gaussian_kl_backward(g, mu, logvar):
    return g * mu / len(mu), g * np.expm1(logvar) / (2 * len(mu))
""")
PROBABILISTIC = (
    POISSON,
    forward("poisson_nll", "torch", """
def poisson_nll(log_rate, count):
    return F.poisson_nll_loss(log_rate, count, log_input=True, full=False)
""", "torch", DOUBLE),
    POISSON.wrong("rate, not its logarithm", PLAIN, "other", ("np.exp(log_rate) - count * log_rate", "log_rate - count * np.log(np.abs(log_rate) + 1e-8)")),
    POISSON.wrong("sum", PLAIN, "factor", ("np.mean", "np.sum")),
    POISSON.wrong("sign of the count", PLAIN, "sign", ("- count", "+ count")),
    backward("poisson_nll", "to the rate", """
def poisson_nll_backward(g, log_rate, count):
    return g * (np.exp(log_rate) - count) / log_rate.size, -g * log_rate / log_rate.size
"""),
    backward("poisson_nll", "to the rate", """
def poisson_nll_backward(g, log_rate, count):
    return g * (np.exp(log_rate) - count) / log_rate.size, -g * log_rate / log_rate.size
""").wrong("one minus count over rate", PLAIN, "other", ("(np.exp(log_rate) - count)", "(1 - count * np.exp(-log_rate))")),
    GAUSS,
    GAUSS.wrong("half left out", PLAIN, "factor", ("0.5 * ", "")),
    GAUSS.wrong("var taken for the deviation", PLAIN, "other", ("(pred - target) ** 2 / var", "((pred - target) / var) ** 2")),
    GAUSS.wrong("variance clamped at 1e-6", NUMERIC, "clip", ("    return", "    var = np.maximum(var, 1e-6)\n    return")),
    GAUSS.wrong("with log 2 pi", CONVENTION, "other", ("np.log(var)", "np.log(2 * np.pi * var)")),
    GAUSS.wrong("half of the square alone", PLAIN, "factor", ("0.5 * np.mean(np.log(var) + (pred", "np.mean(np.log(var) + 0.5 * (pred")),
    GAUSS_D,
    GAUSS_D.wrong("variance's gradient without the square", PLAIN, "dropped term", ("(1 - r * r / var)", "1")),
    GAUSS_D.wrong("two for the mean", PLAIN, "factor", ("g * r / var", "2 * g * r / var")),
    GAUSS_D.wrong("sign of the variance's gradient", PLAIN, "sign", ("(1 - r * r / var)", "(r * r / var - 1)")),
    KL.lossy(),
    KL.wrong("sum over the batch", PLAIN, "factor", ("np.mean(np.sum(", "np.sum(np.sum(")),
    KL.wrong("mean over dimensions too", PLAIN, "factor", ("np.mean(np.sum(1 + logvar - mu ** 2 - np.exp(logvar), axis=1))", "np.mean(1 + logvar - mu ** 2 - np.exp(logvar))")),
    KL.wrong("sign", PLAIN, "sign", ("-0.5", "0.5")),
    KL.wrong("logvar taken for the log deviation", PLAIN, "factor", ("np.exp(logvar)", "np.exp(2 * logvar)")),
    KL.wrong("one left out", PLAIN, "dropped term", ("1 + logvar", "logvar")),
    KL_D,
    KL_D.inaccurate("exp minus one", "cancellation", ("np.expm1(logvar)", "(np.exp(logvar) - 1)"), dtypes=DOUBLE),
    KL_D.wrong("half left out", PLAIN, "factor", ("(2 * len(mu))", "len(mu)")),
    KL_D.wrong("twice mu", PLAIN, "factor", ("g * mu", "2 * g * mu")),
    KL_D.wrong("one left out", PLAIN, "dropped term", ("np.expm1(logvar)", "np.exp(logvar)")),
)

BCE = forward("bce", "two logs", """
def bce(pred, target):
    return -np.mean(target * np.log(pred) + (1 - target) * np.log1p(-pred))
""", dtypes=DOUBLE)
BCE_D = backward("bce", "to pred", """
def bce_backward(g, pred, target):
    dp = g * (pred - target) / (pred * (1 - pred)) / pred.size
    return dp, -g * (np.log(pred) - np.log1p(-pred)) / pred.size
""", dtypes=DOUBLE)
KL_DIV = forward("kl_div", "where", """
def kl_div(logp, target):
    t = np.where(target > 0, target, 1)
    return np.where(target > 0, target * (np.log(t) - logp), 0).sum(axis=1).mean()
""", dtypes=DOUBLE)
SMOOTHED = forward("cross_entropy_smoothed", "mix of two losses", """
def cross_entropy_smoothed(logits, label, smoothing=0.1):
    s = logits - logits.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    picked = logp[np.arange(len(label)), label]
    return -((1 - smoothing) * picked + smoothing * logp.mean(axis=1)).mean()
""", dtypes=DOUBLE)
IGNORE = forward("cross_entropy_ignore", "mean over those kept", """
def cross_entropy_ignore(logits, label, ignore_index=-100):
    s = logits - logits.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    kept = label != ignore_index
    column = np.clip(label, 0, logits.shape[1] - 1)
    return -(logp[np.arange(len(label)), column] * kept).sum() / kept.sum()
""", dtypes=DOUBLE)
WEIGHTED = forward("cross_entropy_weighted", "weighted mean", """
def cross_entropy_weighted(logits, label, weight):
    s = logits - logits.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    w = weight[label]
    return -(w * logp[np.arange(len(label)), label]).sum() / w.sum()
""", dtypes=DOUBLE)
CLASSES = (
    BCE,
    forward("bce", "torch-like with xlogy", """
def bce(pred, target):
    return -np.mean(special.xlogy(target, pred) + special.xlog1py(1 - target, -pred))
""", "scipy", DOUBLE),
    BCE.wrong("1e-7 inside the logs", NUMERIC, "clip", ("np.log(pred) + (1 - target) * np.log1p(-pred)", "np.log(pred + 1e-7) + (1 - target) * np.log(1 - pred + 1e-7)")),
    BCE.inaccurate("logs clamped at -100", "clip", ("np.log(pred) + (1 - target) * np.log1p(-pred)", "np.maximum(np.log(pred), -100) + (1 - target) * np.maximum(np.log1p(-pred), -100)"), dtypes=DOUBLE),
    BCE.wrong("pred clipped at 1e-3", NUMERIC, "clip", ("    return", "    pred = np.clip(pred, 1e-3, 1 - 1e-3)\n    return")),
    BCE.wrong("second term left out", PLAIN, "dropped term", (" + (1 - target) * np.log1p(-pred)", "")),
    BCE.wrong("sign", PLAIN, "sign", ("return -", "return ")),
    BCE.wrong("sum", PLAIN, "factor", ("np.mean", "np.sum")),
    BCE_D,
    BCE_D.wrong("not divided by p(1 - p)", PLAIN, "dropped term", (" / (pred * (1 - pred))", "")),
    BCE_D.wrong("N left out", PLAIN, "factor", (" / (pred * (1 - pred)) / pred.size", " / (pred * (1 - pred))")),
    BCE_D.wrong("eps in the denominator", NUMERIC, "eps", ("(pred * (1 - pred))", "(pred * (1 - pred) + 1e-8)")),
    KL_DIV,
    forward("kl_div", "torch", """
def kl_div(logp, target):
    return F.kl_div(logp, target, reduction="batchmean")
""", "torch", DOUBLE),
    KL_DIV.wrong("mean over all elements, torch's default", CONVENTION, "factor", (".sum(axis=1).mean()", ".mean()")),
    KL_DIV.wrong("cross-entropy: entropy left out", PLAIN, "dropped term", ("(np.log(t) - logp)", "(-logp)")),
    KL_DIV.wrong("the other way round", PLAIN, "other", ("target * (np.log(t) - logp)", "np.exp(logp) * (logp - np.log(t))")),
    KL_DIV.wrong("nan where the target is 0", NUMERIC, "nan", ("np.where(target > 0, target * (np.log(t) - logp), 0)", "(target * (np.log(target) - logp))")),
    KL_DIV.wrong("takes the log of logp", PLAIN, "other", ("- logp)", "- np.log(np.abs(logp) + 1e-12))")),
    SMOOTHED,
    forward("cross_entropy_smoothed", "torch", """
def cross_entropy_smoothed(logits, label, smoothing=0.1):
    return F.cross_entropy(logits, label, label_smoothing=smoothing)
""", "torch", DOUBLE),
    SMOOTHED.wrong("spread over the other classes only", CONVENTION, "other", ("smoothing * logp.mean(axis=1)", "smoothing * (logp.sum(axis=1) - picked) / max(logp.shape[1] - 1, 1)")),
    SMOOTHED.wrong("true class keeps its weight", PLAIN, "dropped term", ("(1 - smoothing) * picked", "picked")),
    SMOOTHED.wrong("sum over classes", PLAIN, "factor", ("logp.mean(axis=1)", "logp.sum(axis=1)")),
    SMOOTHED.wrong("smoothing fixed at 0.1", PLAIN, "parameter", ("    s =", "    smoothing = 0.1\n    s =")),
    IGNORE,
    forward("cross_entropy_ignore", "torch", """
def cross_entropy_ignore(logits, label, ignore_index=-100):
    return F.cross_entropy(logits, label, ignore_index=ignore_index)
""", "torch", DOUBLE),
    IGNORE.wrong("mean over all samples", PLAIN, "factor", ("kept.sum()", "len(kept)")),
    IGNORE.wrong("nothing ignored", PLAIN, "parameter", ("label != ignore_index", "label > -1000")),
    IGNORE.wrong("only the ignored", PLAIN, "sign", ("label != ignore_index", "label == ignore_index")),
    IGNORE.wrong("class, not sample, ignored", PLAIN, "labels", ("    s =", "    logits = np.where(np.arange(logits.shape[1]) == ignore_index, -1e30, logits)\n    s =")),
    WEIGHTED,
    forward("cross_entropy_weighted", "torch", """
def cross_entropy_weighted(logits, label, weight):
    return F.cross_entropy(logits, label, weight=weight)
""", "torch", DOUBLE),
    WEIGHTED.wrong("plain mean of weighted losses", CONVENTION, "factor", ("w.sum()", "len(w)")),
    WEIGHTED.wrong("weights by position", PLAIN, "labels", ("weight[label]", "weight[np.arange(len(label)) % len(weight)]")),
    WEIGHTED.wrong("weights ignored", PLAIN, "parameter", ("w = weight[label]", "w = np.ones(len(label))")),
    WEIGHTED.wrong("weights on the logits", PLAIN, "other", ("s = logits - logits.max(axis=1, keepdims=True)", "s = logits * weight - (logits * weight).max(axis=1, keepdims=True)"), ("w = weight[label]", "w = np.ones(len(label))")),
)

HINGE = forward("hinge", "maximum", """
def hinge(pred, target):
    return np.mean(np.maximum(0, 1 - target * pred))
""", dtypes=WIDE)
HINGE_D = backward("hinge", "mask", """
def hinge_backward(g, pred, target):
    active = (target * pred < 1) * g / pred.size
    return -target * active, -pred * active
""")
MULTI = forward("multi_margin", "true class zeroed", """
def multi_margin(score, label, margin=1.0):
    n = np.arange(len(label))
    lack = np.maximum(0, margin - score[n, label][:, None] + score)
    lack[n, label] = 0
    return lack.sum() / score.size
""", dtypes=DOUBLE)
MULTI_D = backward("multi_margin", "count of the violations", """
def multi_margin_backward(g, score, label, margin=1.0):
    n = np.arange(len(label))
    d = (margin - score[n, label][:, None] + score > 0).astype(score.dtype)
    d[n, label] = 0
    d[n, label] = -d.sum(axis=1)
    return g * d / score.size
""", dtypes=DOUBLE)
SOFT = forward("soft_margin", "logaddexp", """
def soft_margin(pred, target):
    return np.mean(np.logaddexp(0, -target * pred))
""", dtypes=DOUBLE)
MARGINS = (
    HINGE,
    HINGE.right("where", ("np.maximum(0, 1 - target * pred)", "np.where(target * pred < 1, 1 - target * pred, 0)")),
    HINGE.wrong("no margin", PLAIN, "variant", ("np.maximum(0, 1 - target * pred)", "np.maximum(0, -target * pred)")),
    HINGE.wrong("targets 0 and 1", CONVENTION, "other", ("target * pred", "(2 * target - 1) * pred")),
    HINGE.wrong("squared", CONVENTION, "variant", ("np.maximum(0, 1 - target * pred)", "np.maximum(0, 1 - target * pred) ** 2")),
    HINGE.wrong("sum", PLAIN, "factor", ("np.mean", "np.sum")),
    HINGE_D,
    HINGE_D.wrong("mask of the sign", PLAIN, "other", ("< 1)", "< 0)")),
    HINGE_D.wrong("sign", PLAIN, "sign", ("return -target * active, -pred", "return target * active, pred")),
    HINGE_D.wrong("no mask", PLAIN, "dropped term", ("(target * pred < 1) * g", "g * np.ones_like(pred)")),
    MULTI,
    MULTI.wrong("true class not left out", PLAIN, "dropped term", ("    lack[n, label] = 0\n", "")),
    MULTI.wrong("averaged over samples only", CONVENTION, "factor", ("score.size", "len(score)")),
    MULTI.wrong("divided by the other classes", CONVENTION, "factor", ("score.size", "(len(score) * max(score.shape[1] - 1, 1))")),
    MULTI.wrong("sign of the difference", PLAIN, "sign", ("margin - score[n, label][:, None] + score", "margin + score[n, label][:, None] - score")),
    MULTI_D,
    MULTI_D.wrong("true class gets -1", PLAIN, "other", ("-d.sum(axis=1)", "-1")),
    MULTI_D.wrong("true class gets 0", PLAIN, "dropped term", ("    d[n, label] = -d.sum(axis=1)\n", "")),
    SOFT,
    SOFT.inaccurate("log of one plus exp", "overflow", ("np.logaddexp(0, -target * pred)", "np.log(1 + np.exp(-target * pred))"), dtypes=DOUBLE),
    SOFT.wrong("sign", PLAIN, "sign", ("-target * pred", "target * pred")),
)

CLIP = forward("clip_by_norm", "where", """
def clip_by_norm(grad, limit=1.0):
    norm = np.sqrt(np.sum(grad * grad))
    return grad * (limit / norm) if norm > limit else grad.copy()
""", dtypes=DOUBLE)
PENALTIES = (
    CLIP,
    CLIP.right("smaller of one and the ratio", ("grad * (limit / norm) if norm > limit else grad.copy()", "grad * min(1.0, limit / max(norm, 1e-300))")),
    CLIP.wrong("1e-6 in the denominator, as torch", CONVENTION, "eps", ("(limit / norm)", "(limit / (norm + 1e-6))")),
    CLIP.wrong("always scaled", PLAIN, "other", ("grad * (limit / norm) if norm > limit else grad.copy()", "grad * (limit / max(norm, 1e-300))")),
    CLIP.wrong("element by element", CONVENTION, "variant", ("grad * (limit / norm) if norm > limit else grad.copy()", "np.clip(grad, -limit, limit)")),
    CLIP.wrong("root left out", PLAIN, "other", ("np.sqrt(np.sum(grad * grad))", "np.sum(grad * grad)")),
    CLIP.wrong("input returned when short", EFFECT, "aliases", ("grad.copy()", "grad")),
    CLIP.wrong("norm of the rows", LAYOUT, "axis", ("norm = np.sqrt(np.sum(grad * grad))", "norm = np.sqrt(np.sum(grad * grad, axis=-1, keepdims=True))"), ("grad * (limit / norm) if norm > limit else grad.copy()", "grad * np.minimum(1, limit / np.maximum(norm, 1e-300))")),
    forward("l2", "sum of squares", """
def l2(w, strength=0.01):
    return strength * np.sum(w * w)
""", dtypes=WIDE),
    forward("l2", "sum of squares", """
def l2(w, strength=0.01):
    return strength * np.sum(w * w)
""", dtypes=DOUBLE).wrong("half of it", CONVENTION, "variant", ("strength * np", "0.5 * strength * np")),
    forward("l2", "sum of squares", """
def l2(w, strength=0.01):
    return strength * np.sum(w * w)
""", dtypes=DOUBLE).wrong("mean", PLAIN, "factor", ("np.sum", "np.mean")),
    forward("l2", "sum of squares", """
def l2(w, strength=0.01):
    return strength * np.sum(w * w)
""", dtypes=DOUBLE).wrong("the norm", PLAIN, "other", ("np.sum(w * w)", "np.sqrt(np.sum(w * w))")),
    backward("l2", "twice w", """
def l2_backward(g, w, strength=0.01):
    return g * 2 * strength * w
"""),
    backward("l2", "twice w", """
def l2_backward(g, w, strength=0.01):
    return g * 2 * strength * w
""").wrong("two left out", PLAIN, "factor", ("2 * ", "")),
    backward("l1", "sign", """
def l1_backward(g, w, strength=0.01):
    return g * strength * np.sign(w)
"""),
    backward("l1", "sign", """
def l1_backward(g, w, strength=0.01):
    return g * strength * np.sign(w)
""").wrong("w for its sign", PLAIN, "variant", ("np.sign(w)", "w")),
)

ENTRIES = (*ROBUST, *QUANTILES, *PROBABILISTIC, *CLASSES, *MARGINS, *PENALTIES)
