"""Rectifiers: relu and its relations."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import ALL, CONVENTION, DOUBLE, DTYPE, EFFECT, LAYOUT, NUMERIC, PLAIN, WIDE, backward, forward

RELU = forward("relu", "maximum", """
def relu(x):
    return np.maximum(x, 0)
""")
RELU_D = backward("relu", "zero at zero", """
def relu_backward(g, x):
    return g * (x > 0)
""", dtypes=ALL)
RELUS = (
    RELU,
    RELU.right("times a mask", ("np.maximum(x, 0)", "x * (x > 0)")),
    RELU.right("half of x + abs x", ("np.maximum(x, 0)", "(x + np.abs(x)) / 2"), dtypes=DOUBLE),
    RELU.right("where", ("np.maximum(x, 0)", "np.where(x > 0, x, np.zeros_like(x))")),
    forward("relu", "torch", """
def relu(x):
    return F.relu(x)
""", "torch", WIDE),
    forward("relu", "jax", """
def relu(x):
    return jax.nn.relu(x)
""", "jax", WIDE),
    RELU.wrong("in place", EFFECT, "mutates", ("return np.maximum(x, 0)", "x[x < 0] = 0\n    return x")),
    RELU.wrong("out=x", EFFECT, "mutates", ("np.maximum(x, 0)", "np.maximum(x, 0, out=x)")),
    RELU.wrong("returns the input itself when nothing is negative", EFFECT, "aliases", ("return np.maximum(x, 0)", "return x if (x > 0).all() else np.maximum(x, 0)")),
    RELU.wrong("capped at 6", CONVENTION, "variant", ("np.maximum(x, 0)", "np.minimum(np.maximum(x, 0), 6)")),
    RELU.wrong("identity", PLAIN, "identity", ("np.maximum(x, 0)", "x + 0")),
    RELU.wrong("absolute value", PLAIN, "other", ("np.maximum(x, 0)", "np.abs(x)")),
    RELU.wrong("a little slope left", CONVENTION, "variant", ("np.maximum(x, 0)", "np.where(x > 0, x, 0.01 * x)")),
    RELU.wrong("flat index stops at a multiple of 128", LAYOUT, "size", ("return np.maximum(x, 0)", "y = np.zeros_like(x).ravel()\n    n = x.size // 128 * 128 if x.size > 128 else x.size\n    y[:n] = np.maximum(x.ravel()[:n], 0)\n    return y.reshape(x.shape)")),
    RELU.wrong("reads memory in the order it lies", LAYOUT, "layout", ("np.maximum(x, 0)", "np.maximum(x.ravel(order='K').reshape(x.shape), 0)")),
    RELU.wrong("list of rows comes back", PLAIN, "shape", ("np.maximum(x, 0)", "np.maximum(x, 0).ravel()")),
    RELU_D,
    RELU_D.right("one at zero", ("x > 0", "x >= 0")),
    RELU_D.right("half at zero", ("g * (x > 0)", "g * np.heaviside(x, 0.5).astype(x.dtype)")),
    RELU_D.right("copies g", ("return g * (x > 0)", "d = g.copy()\n    d[x <= 0] = 0\n    return d")),
    RELU_D.wrong("zero for abs x below 1e-8", NUMERIC, "cutoff", ("g * (x > 0)", "np.where(np.abs(x) < 1e-8, 0, g * (x > 0))")),
    RELU_D.wrong("mask of g", PLAIN, "other", ("x > 0", "g > 0")),
    RELU_D.wrong("mask turned round", PLAIN, "sign", ("x > 0", "x < 0")),
    RELU_D.wrong("mask without g", PLAIN, "dropped term", ("g * (x > 0)", "(x > 0).astype(x.dtype)")),
    RELU_D.wrong("two at zero", CONVENTION, "kink", ("g * (x > 0)", "g * np.heaviside(x, 2).astype(x.dtype)")),
    RELU_D.wrong("g zeroed in place", EFFECT, "mutates", ("return g * (x > 0)", "g[x <= 0] = 0\n    return g")),
    RELU_D.wrong("both masks", PLAIN, "other", ("g * (x > 0)", "g * (x > 0) * (g > 0)")),
    RELU_D.wrong("a boolean array comes back", DTYPE, "dtype", ("g * (x > 0)", "x > 0")),
)

LEAKY = forward("leaky_relu", "where", """
def leaky_relu(x, slope=0.01):
    return np.where(x > 0, x, slope * x)
""")
LEAKY_D = backward("leaky_relu", "where", """
def leaky_relu_backward(g, x, slope=0.01):
    return np.where(x > 0, g, slope * g)
""")
LEAKIES = (
    LEAKY,
    LEAKY.right("sum of both parts", ("np.where(x > 0, x, slope * x)", "np.maximum(x, 0) + slope * np.minimum(x, 0)")),
    forward("leaky_relu", "torch", """
def leaky_relu(x, slope=0.01):
    return F.leaky_relu(x, negative_slope=slope)
""", "torch", WIDE),
    LEAKY.wrong("slope fixed at 0.01", PLAIN, "parameter", ("slope * x", "0.01 * x")),
    LEAKY.wrong("slope of 0.2", CONVENTION, "constant", ("slope=0.01", "slope=0.2"), ("slope * x", "0.2 * x")),
    LEAKY.wrong("larger of x and slope x, right only for slopes up to 1", CONVENTION, "parameter", ("np.where(x > 0, x, slope * x)", "np.maximum(x, slope * x)")),
    LEAKY.wrong("slope subtracted", PLAIN, "sign", ("slope * x", "-slope * x")),
    LEAKY_D,
    LEAKY_D.wrong("slope fixed at 0.01", PLAIN, "parameter", ("slope * g", "0.01 * g")),
    LEAKY_D.wrong("slope times x", PLAIN, "other", ("slope * g", "slope * x")),
    LEAKY_D.wrong("slope left out", PLAIN, "dropped term", ("slope * g", "0 * g")),
    LEAKY_D.wrong("slope where positive", PLAIN, "sign", ("x > 0", "x < 0")),
)

PRELU_D = backward("prelu", "sum over all but the channel", """
def prelu_backward(g, x, slope):
    axes = tuple(range(x.ndim - 1))
    return np.where(x > 0, g, slope * g), (g * np.where(x > 0, 0, x)).sum(axes)
""")
PRELUS = (
    forward("prelu", "where", """
def prelu(x, slope):
    return np.where(x > 0, x, slope * x)
"""),
    forward("prelu", "torch, channels moved", """
def prelu(x, slope):
    return F.prelu(x.reshape(-1, x.shape[-1]), slope).reshape(x.shape)
""", "torch", WIDE),
    PRELU_D,
    PRELU_D.wrong("slope's gradient not summed", PLAIN, "broadcast", (".sum(axes)", "")),
    PRELU_D.wrong("slope's gradient summed over everything", PLAIN, "axis", (".sum(axes)", ".sum() * np.ones_like(slope)")),
    PRELU_D.wrong("slope's gradient averaged", PLAIN, "factor", (".sum(axes)", ".mean(axes)")),
    PRELU_D.wrong("slope's gradient without x", PLAIN, "dropped term", ("np.where(x > 0, 0, x)", "(x <= 0)")),
    PRELU_D.wrong("slope's gradient of the positive part", PLAIN, "sign", ("np.where(x > 0, 0, x)", "np.where(x > 0, x, 0)")),
)

ELU = forward("elu", "expm1", """
def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
""")
ELU_D = backward("elu", "where", """
def elu_backward(g, x, alpha=1.0):
    return np.where(x > 0, g, g * alpha * np.exp(np.minimum(x, 0)))
""")
ELUS = (
    ELU,
    forward("elu", "torch", """
def elu(x, alpha=1.0):
    return F.elu(x, alpha=alpha)
""", "torch", WIDE),
    forward("elu", "jax", """
def elu(x, alpha=1.0):
    return jax.nn.elu(x, alpha)
""", "jax", WIDE),
    ELU.inaccurate("exp minus one", "cancellation", ("np.expm1(np.minimum(x, 0))", "(np.exp(np.minimum(x, 0)) - 1)")),
    ELU.wrong("alpha left out", PLAIN, "parameter", ("alpha * np", "np")),
    ELU.wrong("alpha inside", PLAIN, "other", ("alpha * np.expm1(np.minimum(x, 0))", "np.expm1(alpha * np.minimum(x, 0))")),
    ELU.wrong("one plus", PLAIN, "sign", ("np.expm1(np.minimum(x, 0))", "(np.exp(np.minimum(x, 0)) + 1)")),
    ELU.wrong("mask times exp overflows", NUMERIC, "nan", ("np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))", "(x > 0) * x + (x <= 0) * alpha * np.expm1(x)")),
    ELU.wrong("selu", CONVENTION, "variant", ("return np.where", "alpha = 1.6732632423543772\n    return 1.0507009873554805 * np.where")),
    ELU_D,
    ELU_D.right("from the value", ("g * alpha * np.exp(np.minimum(x, 0))", "g * (alpha * np.exp(np.clip(x, None, 0)))")),
    ELU_D.wrong("alpha left out", PLAIN, "parameter", ("g * alpha *", "g *")),
    ELU_D.wrong("the value, not the derivative", PLAIN, "other", ("np.exp(np.minimum(x, 0))", "np.expm1(np.minimum(x, 0))")),
    ELU_D.inaccurate("value plus alpha", "cancellation", ("g * alpha * np.exp(np.minimum(x, 0))", "g * (alpha * np.expm1(np.minimum(x, 0)) + alpha)")),
    ELU_D.wrong("g missing where positive", PLAIN, "dropped term", ("np.where(x > 0, g,", "np.where(x > 0, 1,")),
)

ENTRIES = (*RELUS, *LEAKIES, *PRELUS, *ELUS)
