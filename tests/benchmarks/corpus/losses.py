"""Losses of a prediction and a target."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import ALL, CONVENTION, DOUBLE, DTYPE, EFFECT, NUMERIC, PLAIN, WIDE, backward, forward

MSE = forward("mse", "mean of squares", """
def mse(pred, target):
    return np.mean((pred - target) ** 2)
""", dtypes=WIDE)
MSE_D = backward("mse", "both inputs", """
def mse_backward(g, pred, target):
    d = 2 * g * (pred - target) / pred.size
    return d, -d
""", dtypes=ALL)
MSES = (
    MSE,
    MSE.right("dot product", ("np.mean((pred - target) ** 2)", "np.vdot(pred - target, pred - target) / pred.size"), dtypes=DOUBLE),
    MSE.right("a Python float", ("np.mean((pred - target) ** 2)", "float(((pred.astype(np.float64) - target) ** 2).sum() / pred.size)")),
    forward("mse", "torch", """
def mse(pred, target):
    return F.mse_loss(pred, target)
""", "torch", WIDE),
    MSE.inaccurate("expanded square", "cancellation", ("np.mean((pred - target) ** 2)", "np.mean(pred ** 2 - 2 * pred * target + target ** 2)")),
    MSE.wrong("half", CONVENTION, "factor", ("np.mean(", "0.5 * np.mean(")),
    MSE.wrong("sum", PLAIN, "factor", ("np.mean", "np.sum")),
    MSE.wrong("mean over the first axis, sum over the rest", PLAIN, "factor", ("np.mean((pred - target) ** 2)", "np.sum((pred - target) ** 2) / (len(pred) if pred.ndim else 1)")),
    MSE.wrong("root", PLAIN, "other", ("np.mean((pred - target) ** 2)", "np.sqrt(np.mean((pred - target) ** 2))")),
    MSE.wrong("absolute value", CONVENTION, "variant", ("(pred - target) ** 2", "np.abs(pred - target)")),
    MSE.wrong("difference in float32", DTYPE, "downcast", ("(pred - target) ** 2", "(pred.astype(np.float32) - target.astype(np.float32)) ** 2"), ("np.mean(", "np.float64(np.mean("), ("** 2)", "** 2))")),
    MSE.wrong("squares of pred alone", PLAIN, "dropped term", ("(pred - target) ** 2", "pred ** 2 - target ** 2")),
    MSE.wrong("not reduced", PLAIN, "shape", ("np.mean((pred - target) ** 2)", "(pred - target) ** 2")),
    MSE.wrong("difference in place", EFFECT, "mutates", ("return np.mean((pred - target) ** 2)", "pred -= target\n    return np.mean(pred ** 2)")),
    MSE_D,
    MSE_D.right("without g", ("backward(g, pred", "backward(pred"), ("2 * g *", "2 *"), dtypes=WIDE),
    MSE_D.wrong("two left out", PLAIN, "factor", ("2 * g", "g")),
    MSE_D.wrong("size left out", PLAIN, "factor", (" / pred.size", "")),
    MSE_D.wrong("divided by the first axis", PLAIN, "factor", ("pred.size", "(len(pred) if pred.ndim else 1)")),
    MSE_D.wrong("same sign for the target", PLAIN, "sign", ("d, -d", "d, d")),
    MSE_D.wrong("target - pred", PLAIN, "sign", ("pred - target", "target - pred")),
    MSE_D.wrong("a view for both", EFFECT, "aliases", ("return d, -d", "pred[...] = d\n    return pred, -d")),
)

MAE = forward("mae", "mean of abs", """
def mae(pred, target):
    return np.mean(np.abs(pred - target))
""", dtypes=WIDE)
MAE_D = backward("mae", "sign", """
def mae_backward(g, pred, target):
    d = g * np.sign(pred - target) / pred.size
    return d, -d
""")
MAES = (
    MAE,
    forward("mae", "jax", """
def mae(pred, target):
    return jnp.abs(pred - target).mean()
""", "jax", WIDE),
    MAE.wrong("sum", PLAIN, "factor", ("np.mean", "np.sum")),
    MAE.wrong("abs of the mean", PLAIN, "other", ("np.mean(np.abs(pred - target))", "np.abs(np.mean(pred - target))")),
    MAE.wrong("difference of the abs", PLAIN, "other", ("np.abs(pred - target)", "np.abs(np.abs(pred) - np.abs(target))")),
    MAE.wrong("root of the square plus eps", NUMERIC, "eps", ("np.abs(pred - target)", "np.sqrt((pred - target) ** 2 + 1e-12)")),
    MAE_D,
    MAE_D.right("one where equal", ("np.sign(pred - target)", "np.where(pred >= target, 1, -1).astype(pred.dtype)")),
    MAE_D.wrong("size left out", PLAIN, "factor", (" / pred.size", "")),
    MAE_D.wrong("the difference itself", PLAIN, "variant", ("np.sign(pred - target)", "(pred - target)")),
    MAE_D.wrong("target minus pred", PLAIN, "sign", ("np.sign(pred - target)", "np.sign(target - pred)")),
    MAE_D.wrong("divided by abs plus eps", NUMERIC, "eps", ("np.sign(pred - target)", "(pred - target) / (np.abs(pred - target) + 1e-6)")),
)

HUBER = forward("huber", "where", """
def huber(pred, target, delta=1.0):
    r = np.abs(pred - target)
    return np.mean(np.where(r <= delta, 0.5 * r * r, delta * (r - 0.5 * delta)))
""", dtypes=WIDE)
HUBER_D = backward("huber", "clipped difference", """
def huber_backward(g, pred, target, delta=1.0):
    d = g * np.clip(pred - target, -delta, delta) / pred.size
    return d, -d
""")
HUBERS = (
    HUBER,
    HUBER.right("clipped part plus the rest", ("np.where(r <= delta, 0.5 * r * r, delta * (r - 0.5 * delta))", "0.5 * np.minimum(r, delta) ** 2 + delta * np.maximum(r - delta, 0)")),
    forward("huber", "torch", """
def huber(pred, target, delta=1.0):
    return F.huber_loss(pred, target, delta=delta)
""", "torch", WIDE),
    HUBER.wrong("smooth l1", CONVENTION, "variant", ("0.5 * r * r", "0.5 * r * r / delta"), ("delta * (r - 0.5 * delta)", "r - 0.5 * delta")),
    HUBER.wrong("half left out", PLAIN, "factor", ("0.5 * r * r", "r * r")),
    HUBER.wrong("linear part not shifted: a jump", PLAIN, "dropped term", ("delta * (r - 0.5 * delta)", "delta * r")),
    HUBER.wrong("delta left out of the slope", PLAIN, "parameter", ("delta * (r - 0.5 * delta)", "(r - 0.5 * delta)")),
    HUBER.wrong("delta fixed at 1", PLAIN, "parameter", ("    r =", "    delta = 1.0\n    r =")),
    HUBER.wrong("branches exchanged", PLAIN, "sign", ("r <= delta", "r > delta")),
    HUBER.wrong("without abs", PLAIN, "sign", ("np.abs(pred - target)", "pred - target")),
    HUBER_D,
    HUBER_D.wrong("clipped at one", PLAIN, "parameter", ("-delta, delta", "-1, 1")),
    HUBER_D.wrong("not clipped", PLAIN, "dropped term", ("np.clip(pred - target, -delta, delta)", "(pred - target)")),
    HUBER_D.wrong("divided by delta", CONVENTION, "factor", ("/ pred.size", "/ delta / pred.size")),
    HUBER_D.wrong("sum for mean", PLAIN, "factor", (" / pred.size", "")),
)

SMOOTH = forward("smooth_l1", "where", """
def smooth_l1(pred, target, beta=1.0):
    r = np.abs(pred - target)
    return np.mean(np.where(r < beta, r * r / (2 * beta), r - beta / 2))
""", dtypes=WIDE)
SMOOTH_D = backward("smooth_l1", "clipped ratio", """
def smooth_l1_backward(g, pred, target, beta=1.0):
    d = g * np.clip((pred - target) / beta, -1, 1) / pred.size
    return d, -d
""")
SMOOTHS = (
    SMOOTH,
    SMOOTH.wrong("huber", CONVENTION, "variant", ("r * r / (2 * beta), r - beta / 2", "r * r / 2, beta * (r - beta / 2)")),
    SMOOTH.wrong("beta left out of the square", PLAIN, "parameter", ("r * r / (2 * beta)", "r * r / 2")),
    SMOOTH.wrong("a half in place of beta/2", PLAIN, "parameter", ("r - beta / 2", "r - 0.5")),
    SMOOTH.wrong("sum", PLAIN, "factor", ("np.mean", "np.sum")),
    SMOOTH_D,
    SMOOTH_D.wrong("not divided by beta", PLAIN, "factor", (" / beta, -1", ", -1")),
    SMOOTH_D.wrong("clipped at beta", PLAIN, "parameter", ("-1, 1)", "-beta, beta)")),
)

BCE = forward("bce_with_logits", "max(x, 0) - xt + log1p(exp(-abs x))", """
def bce_with_logits(logits, target):
    x = logits
    return np.mean(np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x))))
""", dtypes=DOUBLE)
BCE_STABLE = forward("bce_with_logits", "t softplus(-x) + (1 - t) softplus(x)", """
def bce_with_logits(logits, target):
    x, t = logits, target
    return np.mean(t * np.logaddexp(-x, 0) + (1 - t) * np.logaddexp(x, 0))
""", dtypes=WIDE)
BCE_D = backward("bce_with_logits", "sigmoid minus target", """
def bce_with_logits_backward(g, logits, target):
    e = np.exp(-np.abs(logits))
    p = np.where(logits >= 0, 1, e) / (1 + e)
    return g * (p - target) / logits.size
""", dtypes=DOUBLE)
BCES = (
    BCE,
    BCE_STABLE,
    forward("bce_with_logits", "torch", """
def bce_with_logits(logits, target):
    return F.binary_cross_entropy_with_logits(logits, target)
""", "torch", DOUBLE),
    BCE.inaccurate("logs of the sigmoid", "overflow", ("    x = logits\n", "    p = 1 / (1 + np.exp(-logits))\n"), ("np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))", "-target * np.log(p) - (1 - target) * np.log(1 - p)")),
    BCE.inaccurate("log of one plus exp", "overflow", ("np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))", "np.log(1 + np.exp(x)) - x * target")),
    BCE.wrong("1e-7 inside the logs", NUMERIC, "clip", ("    x = logits\n", "    p = 1 / (1 + np.exp(-logits))\n"), ("np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))", "-target * np.log(p + 1e-7) - (1 - target) * np.log(1 - p + 1e-7)")),
    BCE.wrong("probability clipped", NUMERIC, "clip", ("    x = logits\n", "    p = np.clip(1 / (1 + np.exp(-logits)), 1e-7, 1 - 1e-7)\n"), ("np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))", "-target * np.log(p) - (1 - target) * np.log(1 - p)")),
    BCE.wrong("second term left out", PLAIN, "dropped term", ("np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))", "target * np.logaddexp(-x, 0)")),
    BCE.wrong("targets exchanged", PLAIN, "sign", ("- x * target", "- x * (1 - target)")),
    BCE.wrong("abs left out", NUMERIC, "overflow", ("-np.abs(x)", "-x")),
    BCE.wrong("sum", PLAIN, "factor", ("np.mean", "np.sum")),
    BCE.wrong("target rounded to 0 or 1", CONVENTION, "other", ("x * target", "x * (target > 0.5)")),
    BCE.wrong("logits taken for probabilities", PLAIN, "other", ("    x = logits\n", "    p = np.clip(logits, 1e-12, 1 - 1e-12)\n"), ("np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))", "-target * np.log(p) - (1 - target) * np.log(1 - p)")),
    BCE_D,
    BCE_D.wrong("N left out", PLAIN, "factor", (" / logits.size", "")),
    BCE_D.wrong("divided by rows alone", PLAIN, "factor", ("logits.size", "(len(logits) if logits.ndim else 1)")),
    BCE_D.wrong("times p(1 - p)", PLAIN, "other", ("(p - target)", "(p - target) * p * (1 - p)")),
    BCE_D.wrong("of the probabilities, not the logits", PLAIN, "other", ("(p - target)", "(p - target) / (p * (1 - p) + 1e-12)")),
    BCE_D.wrong("abs left out of the exponential", PLAIN, "sign", ("-np.abs(logits)", "-logits")),
)

ENTRIES = (*MSES, *MAES, *HUBERS, *SMOOTHS, *BCES)
