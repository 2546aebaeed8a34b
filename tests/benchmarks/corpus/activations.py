"""Activations that work element by element."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import ALL, CONVENTION, DOUBLE, DTYPE, EFFECT, LAYOUT, NUMERIC, PLAIN, SINGLE, WIDE, backward, forward

SIGMOID = forward("sigmoid", "two branches", """
def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))
""")
SIGMOID_D = backward("sigmoid", "by exp(-abs x)", """
def sigmoid_backward(g, x):
    e = np.exp(-np.abs(x))
    return g * e / (1 + e) ** 2
""")
SIGMOIDS = (
    SIGMOID,
    forward("sigmoid", "one formula", """
def sigmoid(x):
    return 1 / (1 + np.exp(-x))
""", dtypes=WIDE),
    forward("sigmoid", "a loop over elements", """
def sigmoid(x):
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        v = float(x[i])
        y[i] = 1 / (1 + np.exp(-v)) if v >= 0 else np.exp(v) / (1 + np.exp(v))
    return y
""", dtypes=WIDE),
    forward("sigmoid", "scipy", """
def sigmoid(x):
    return special.expit(x)
""", "scipy", WIDE),
    forward("sigmoid", "torch", """
def sigmoid(x):
    return torch.sigmoid(x)
""", "torch", WIDE),
    forward("sigmoid", "jax", """
def sigmoid(x):
    return jax.nn.sigmoid(x)
""", "jax", WIDE),
    SIGMOID.inaccurate("half of one plus tanh of half", "cancellation", (SIGMOID.source.split("\n", 1)[1], "    return 0.5 * (1 + np.tanh(x / 2))\n")),
    SIGMOID.wrong("abs forgotten, so negative inputs are wrong", PLAIN, "sign", ("-np.abs(x)", "-x")),
    SIGMOID.wrong("exp(x) in the numerator of the right branch", PLAIN, "other", ("1 / (1 + e)", "e / (1 + e)")),
    SIGMOID.wrong("input clipped at 6", NUMERIC, "cutoff", ("np.exp(-np.abs(x))", "np.exp(-np.minimum(np.abs(x), 6))")),
    SIGMOID.wrong("output clipped away from 0 and 1", NUMERIC, "clip", ("return np.where(x >= 0, 1 / (1 + e), e / (1 + e))", "return np.clip(np.where(x >= 0, 1 / (1 + e), e / (1 + e)), 1e-7, 1 - 1e-7)")),
    SIGMOID.wrong("hard sigmoid", CONVENTION, "variant", (SIGMOID.source.split("\n", 1)[1], "    return np.clip(x / 6 + 0.5, 0, 1)\n")),
    SIGMOID.wrong("written into the input", EFFECT, "mutates", ("    e =", "    x *= -1\n    e ="), ("x >= 0", "x <= 0")),
    SIGMOID.wrong("returns float32 for float64", DTYPE, "dtype", ("e / (1 + e))", "e / (1 + e)).astype(np.float32)")),
    SIGMOID.wrong("computes in float32, returns float64", DTYPE, "downcast", ("np.exp(-np.abs(x))", "np.exp(-np.abs(x).astype(np.float32)).astype(x.dtype)")),
    SIGMOID.wrong("float32 comes back as float64", DTYPE, "dtype", ("-np.abs(x)", "-np.abs(x, dtype=np.float64)"), dtypes=SINGLE),
    SIGMOID_D,
    backward("sigmoid", "by the product of sigmoids", """
def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))

def sigmoid_backward(g, x):
    return g * sigmoid(x) * sigmoid(-x)
"""),
    SIGMOID_D.inaccurate("s(1 - s)", "cancellation", (SIGMOID_D.source.split("\n", 1)[1], "    s = 1 / (1 + np.exp(-x))\n    return g * s * (1 - s)\n")),
    SIGMOID_D.inaccurate("s(1 - s) in float64", "cancellation", (SIGMOID_D.source.split("\n", 1)[1], "    s = 1 / (1 + np.exp(-x))\n    return g * s * (1 - s)\n"), dtypes=DOUBLE),
    SIGMOID_D.wrong("zero beyond 12", NUMERIC, "cutoff", ("g * e / (1 + e) ** 2", "np.where(np.abs(x) > 12, 0, g * e / (1 + e) ** 2)")),
    SIGMOID_D.wrong("takes the input for the output", PLAIN, "other", (SIGMOID_D.source.split("\n", 1)[1], "    return g * x * (1 - x)\n")),
    SIGMOID_D.wrong("g left out", PLAIN, "dropped term", ("g * e /", "e /")),
    SIGMOID_D.wrong("square left out", PLAIN, "other", ("(1 + e) ** 2", "(1 + e)")),
    SIGMOID_D.wrong("sign", PLAIN, "sign", ("g * e", "-g * e")),
    SIGMOID_D.wrong("overwrites g", EFFECT, "mutates", ("return g * e / (1 + e) ** 2", "g *= e / (1 + e) ** 2\n    return g")),
)

TANH = forward("tanh", "numpy", """
def tanh(x):
    return np.tanh(x)
""")
TANH_D = backward("tanh", "by 1/cosh twice", """
def tanh_backward(g, x):
    e = np.exp(-np.abs(x))
    sech = 2 * e / (1 + e * e)
    return g * sech * sech
""")
TANHS = (
    TANH,
    forward("tanh", "by expm1", """
def tanh(x):
    t = np.expm1(-2 * np.abs(x))
    return np.sign(x) * -t / (t + 2)
""", dtypes=WIDE),
    forward("tanh", "torch", """
def tanh(x):
    return x.tanh()
""", "torch", WIDE),
    forward("tanh", "jax", """
def tanh(x):
    return jnp.tanh(x)
""", "jax", WIDE),
    TANH.inaccurate("2 sigmoid(2x) - 1", "cancellation", ("np.tanh(x)", "2 / (1 + np.exp(-2 * x)) - 1")),
    TANH.inaccurate("quotient of exponentials", "overflow", ("np.tanh(x)", "(np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))")),
    TANH.wrong("saturated beyond 3", NUMERIC, "cutoff", ("np.tanh(x)", "np.where(np.abs(x) > 3, np.sign(x), np.tanh(x))")),
    TANH.wrong("sigmoid not doubled", PLAIN, "factor", ("np.tanh(x)", "2 / (1 + np.exp(-x)) - 1")),
    TANH.wrong("rational approximation", NUMERIC, "approximation", ("np.tanh(x)", "np.clip(x * (27 + x * x) / (27 + 9 * x * x), -1, 1)")),
    TANH_D,
    TANH_D.right("by (1 - t)(1 + t) of small x, else exponentials", ("g * sech * sech", "np.where(np.abs(x) < 0.5, g * (1 - np.tanh(x)) * (1 + np.tanh(x)), g * sech * sech)")),
    TANH_D.inaccurate("1 - tanh squared", "cancellation", ("g * sech * sech", "g * (1 - np.tanh(x) ** 2)")),
    TANH_D.wrong("1 - x squared", PLAIN, "other", ("g * sech * sech", "g * (1 - x ** 2)")),
    TANH_D.wrong("1 - tanh", PLAIN, "other", ("g * sech * sech", "g * (1 - np.tanh(x))")),
    TANH_D.wrong("1 + tanh squared", PLAIN, "sign", ("g * sech * sech", "g * (1 + np.tanh(x) ** 2)")),
)

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

GELU = forward("gelu", "erfc", """
def gelu(x):
    return 0.5 * x * special.erfc(-x / np.sqrt(2).astype(x.dtype))
""", "scipy", WIDE)
GELU_D = backward("gelu", "Phi + x phi", """
def gelu_backward(g, x):
    phi = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return g * (special.ndtr(x) + x * phi.astype(x.dtype))
""", "scipy")
GELUS = (
    GELU,
    forward("gelu", "ndtr", """
def gelu(x):
    return x * special.ndtr(x)
""", "scipy", WIDE),
    forward("gelu", "math.erfc in a loop", """
import math

def gelu(x):
    y = [v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x.ravel().tolist()]
    return np.array(y, dtype=x.dtype).reshape(x.shape)
""", dtypes=ALL),
    GELU.inaccurate("one plus erf", "cancellation", ("special.erfc(-x /", "(1 + special.erf(x /"), ("x.dtype)", "x.dtype))")),
    GELU.wrong("tanh form", CONVENTION, "variant", (GELU.source.split("\n", 1)[1], "    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))\n")),
    GELU.wrong("sigmoid form", CONVENTION, "variant", (GELU.source.split("\n", 1)[1], "    return x / (1 + np.exp(-1.702 * x))\n")),
    GELU.wrong("no square root of two", PLAIN, "factor", ("np.sqrt(2).astype(x.dtype)", "1")),
    GELU.wrong("half left out", PLAIN, "factor", ("0.5 * x", "x")),
    GELU.wrong("silu", CONVENTION, "variant", (GELU.source.split("\n", 1)[1], "    return x * special.expit(x)\n")),
    GELU.wrong("x left out", PLAIN, "dropped term", ("0.5 * x *", "0.5 *")),
    GELU_D,
    GELU_D.wrong("x phi left out", PLAIN, "dropped term", (" + x * phi.astype(x.dtype)", "")),
    GELU_D.wrong("x left out", PLAIN, "dropped term", ("x * phi.astype(x.dtype)", "phi.astype(x.dtype)")),
    GELU_D.wrong("x phi subtracted", PLAIN, "sign", ("special.ndtr(x) +", "special.ndtr(x) -")),
    GELU_D.wrong("density without its constant", PLAIN, "factor", (" / np.sqrt(2 * np.pi)", "")),
    GELU_D.wrong("density without the half", PLAIN, "factor", ("-x * x / 2", "-x * x")),
    GELU_D.wrong("tanh form's gradient", CONVENTION, "variant", (GELU_D.source.split("\n", 1)[1], """\
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x))
""")),
)

GELU_TANH = forward("gelu_tanh", "by the sigmoid of twice the cubic", """
def gelu_tanh(x):
    u = np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)
    e = np.exp(-2 * np.abs(u))
    return (x * np.where(u > 0, 1, e) / (1 + e)).astype(x.dtype)
""", dtypes=DOUBLE)
GELU_TANHS = (
    GELU_TANH,
    GELU_TANH.right("another order", ("x + 0.044715 * x * x * x", "x * (1 + 0.044715 * x * x)")),
    GELU_TANH.inaccurate("one plus tanh", "cancellation", ("(x * np.where(u > 0, 1, e) / (1 + e)).astype(x.dtype)", "0.5 * x * (1 + np.tanh(u))"), dtypes=DOUBLE),
    GELU_TANH.wrong("0.044715 x squared", PLAIN, "other", ("x * x * x", "x * x")),
    GELU_TANH.wrong("0.044 in place of 0.044715", PLAIN, "constant", ("0.044715", "0.044")),
    GELU_TANH.wrong("square root left out", PLAIN, "constant", ("np.sqrt(2 / np.pi)", "2 / np.pi")),
    GELU_TANH.wrong("exact gelu", CONVENTION, "variant", (GELU_TANH.source.split("\n", 1)[1], "    from scipy.special import ndtr\n    return x * ndtr(x)\n")),
    GELU_TANH.wrong("0.8 for the root of 2 / pi", PLAIN, "constant", ("np.sqrt(2 / np.pi)", "0.8")),
)

SOFTPLUS = forward("softplus", "logaddexp", """
def softplus(x, beta=1.0):
    return np.logaddexp(beta * x, 0).astype(x.dtype) / beta
""")
SOFTPLUS_D = backward("softplus", "sigmoid in two branches", """
def softplus_backward(g, x, beta=1.0):
    e = np.exp(-np.abs(beta * x))
    return g * np.where(x > 0, 1, e) / (1 + e)
""")
SOFTPLUSES = (
    SOFTPLUS,
    SOFTPLUS.right("log1p of exp(-abs)", ("np.logaddexp(beta * x, 0).astype(x.dtype) / beta", "np.maximum(x, 0) + np.log1p(np.exp(-np.abs(beta * x))) / beta")),
    forward("softplus", "jax", """
def softplus(x):
    return jax.nn.softplus(x)
""", "jax", WIDE),
    SOFTPLUS.inaccurate("log of one plus exp", "overflow", ("np.logaddexp(beta * x, 0).astype(x.dtype)", "np.log(1 + np.exp(beta * x))")),
    SOFTPLUS.inaccurate("log1p of exp overflows", "overflow", ("np.logaddexp(beta * x, 0).astype(x.dtype)", "np.log1p(np.exp(beta * x))")),
    SOFTPLUS.inaccurate("linear beyond 20 as torch, in float64", "cutoff", ("return np.logaddexp(beta * x, 0).astype(x.dtype) / beta", "return np.where(beta * x > 20, x, np.log1p(np.exp(np.minimum(beta * x, 20))) / beta)"), dtypes=DOUBLE),
    SOFTPLUS.wrong("linear beyond 8", NUMERIC, "cutoff", ("return np.logaddexp(beta * x, 0).astype(x.dtype) / beta", "return np.where(beta * x > 8, x, np.log1p(np.exp(np.minimum(beta * x, 8))) / beta)")),
    SOFTPLUS.wrong("not divided by beta", PLAIN, "factor", (" / beta", "")),
    SOFTPLUS.wrong("beta ignored", PLAIN, "parameter", ("beta * x, 0).astype(x.dtype) / beta", "x, 0).astype(x.dtype)")),
    SOFTPLUS.wrong("log base two", PLAIN, "factor", ("np.logaddexp(beta * x, 0)", "np.logaddexp2(beta * x, 0)")),
    SOFTPLUS.wrong("zero below -15", NUMERIC, "cutoff", ("return np", "return (x > -15) * np")),
    SOFTPLUS_D,
    SOFTPLUS_D.wrong("times beta", PLAIN, "factor", ("g * np", "beta * g * np")),
    SOFTPLUS_D.wrong("one beyond 5", NUMERIC, "cutoff", ("g * np.where(x > 0, 1, e) / (1 + e)", "g * np.where(x > 5, 1, np.where(x > 0, 1, e) / (1 + e))")),
    SOFTPLUS_D.wrong("sigmoid of -x", PLAIN, "sign", ("x > 0", "x < 0")),
    SOFTPLUS_D.wrong("beta ignored", PLAIN, "parameter", ("beta * x", "x")),
    SOFTPLUS_D.inaccurate("exp over one plus exp", "overflow", (SOFTPLUS_D.source.split("\n", 1)[1], "    e = np.exp(beta * x)\n    return g * e / (1 + e)\n")),
)

SILU = forward("silu", "expit", """
def silu(x):
    return x * special.expit(x)
""", "scipy", WIDE)
SILU_D = backward("silu", "two terms", """
def silu_backward(g, x):
    s = special.expit(x)
    return g * s * (1 + x * special.expit(-x))
""", "scipy")
SILUS = (
    SILU.lossy(),
    forward("silu", "jax", """
def silu(x):
    return jax.nn.silu(x)
""", "jax", WIDE),
    SILU.right("x over one plus exp(-x)", ("x * special.expit(x)", "x / (1 + np.exp(-x))")).lossy(),
    SILU.wrong("sigmoid of 1.702 x", CONVENTION, "variant", ("expit(x)", "expit(1.702 * x)")),
    SILU.wrong("sigmoid alone", PLAIN, "dropped term", ("x * special", "special")),
    SILU.wrong("hard swish", CONVENTION, "variant", ("special.expit(x)", "np.clip(x + 3, 0, 6) / 6")),
    SILU_D.lossy(),
    SILU_D.right("s + y(1 - s)", ("g * s * (1 + x * special.expit(-x))", "g * (s + x * s * (1 - s))")),
    SILU_D.wrong("second term left out", PLAIN, "dropped term", ("g * s * (1 + x * special.expit(-x))", "g * s")),
    SILU_D.wrong("x left out", PLAIN, "dropped term", ("x * special.expit(-x)", "special.expit(-x)")),
    SILU_D.wrong("1 - x(1 - s)", PLAIN, "sign", ("1 + x", "1 - x")),
    SILU_D.wrong("s of y, not of x", PLAIN, "other", ("s = special.expit(x)", "s = special.expit(x * special.expit(x))")),
)

ENTRIES = (*SIGMOIDS, *TANHS, *RELUS, *LEAKIES, *PRELUS, *ELUS, *GELUS, *GELU_TANHS, *SOFTPLUSES, *SILUS)
