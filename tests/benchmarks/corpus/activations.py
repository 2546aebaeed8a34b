"""Activations that work element by element."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import ALL, CONVENTION, DOUBLE, DTYPE, EFFECT, NUMERIC, PLAIN, SINGLE, WIDE, backward, forward

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
    SILU_D.right("s + y(1 - s)", ("g * s * (1 + x * special.expit(-x))", "g * (s + x * s * (1 - s))")).lossy(),
    SILU_D.wrong("second term left out", PLAIN, "dropped term", ("g * s * (1 + x * special.expit(-x))", "g * s")),
    SILU_D.wrong("x left out", PLAIN, "dropped term", ("x * special.expit(-x)", "special.expit(-x)")),
    SILU_D.wrong("1 - x(1 - s)", PLAIN, "sign", ("1 + x", "1 - x")),
    SILU_D.wrong("s of y, not of x", PLAIN, "other", ("s = special.expit(x)", "s = special.expit(x * special.expit(x))")),
)

ENTRIES = (*SIGMOIDS, *TANHS, *GELUS, *GELU_TANHS, *SOFTPLUSES, *SILUS)
