"""More activations: smooth ones, piecewise ones, gates, and reductions that activate."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import CONVENTION, DOUBLE, EFFECT, LAYOUT, NUMERIC, PLAIN, WIDE, backward, forward

MISH = forward("mish", "x tanh softplus", """
def mish(x):
    return x * np.tanh(np.logaddexp(x, 0))
""", dtypes=DOUBLE)
MISH_D = backward("mish", "quotient rule in exp(-abs x)", """
def mish_backward(g, x):
    sp = np.logaddexp(x, 0)
    e = np.exp(-np.abs(x))
    sigmoid = np.where(x >= 0, 1, e) / (1 + e)
    sech = 2 * np.exp(-sp) / (1 + np.exp(-2 * sp))
    return g * (np.tanh(sp) + x * sech * sech * sigmoid)
""", dtypes=DOUBLE)
MISHES = (
    MISH,
    forward("mish", "jax", """
def mish(x):
    return jax.nn.mish(x)
""", "jax", DOUBLE),
    MISH.inaccurate("softplus by log of 1 + exp", "overflow", ("np.logaddexp(x, 0)", "np.log(1 + np.exp(x))"), dtypes=DOUBLE),
    MISH.wrong("sigmoid of softplus", PLAIN, "other", ("np.tanh(", "special_sigmoid("), ("def mish", "def special_sigmoid(v):\n    return 1 / (1 + np.exp(-v))\n\ndef mish")),
    MISH.wrong("x left out", PLAIN, "dropped term", ("x * np.tanh", "np.tanh")),
    MISH.wrong("tanh of x", PLAIN, "other", ("np.tanh(np.logaddexp(x, 0))", "np.tanh(x)")),
    MISH.wrong("silu", CONVENTION, "variant", ("x * np.tanh(np.logaddexp(x, 0))", "x / (1 + np.exp(-np.maximum(x, -700)))")),
    MISH_D,
    MISH_D.wrong("second term left out", PLAIN, "dropped term", (" + x * sech * sech * sigmoid", "")),
    MISH_D.wrong("sigmoid left out", PLAIN, "dropped term", ("* sech * sigmoid", "* sech")),
    MISH_D.wrong("second term subtracted", PLAIN, "sign", ("+ x * sech", "- x * sech")),
)

LOGSIGMOID = forward("logsigmoid", "min(x, 0) - log1p", """
def logsigmoid(x):
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
""")
LOGSIGMOIDS = (
    LOGSIGMOID,
    forward("logsigmoid", "torch", """
def logsigmoid(x):
    return F.logsigmoid(x)
""", "torch", WIDE),
    LOGSIGMOID.inaccurate("log of sigmoid", "cancellation", ("np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))", "np.log(1 / (1 + np.exp(-x)))")),
    LOGSIGMOID.wrong("1e-12 inside the log", NUMERIC, "clip", ("np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))", "np.log(1 / (1 + np.exp(-x)) + 1e-12)")),
    LOGSIGMOID.wrong("of -x", PLAIN, "sign", ("np.minimum(x, 0)", "np.minimum(-x, 0)")),
    LOGSIGMOID.wrong("softplus", PLAIN, "sign", ("np.minimum(x, 0) - np", "-np.minimum(x, 0) + np")),
    backward("logsigmoid", "sigmoid of -x", """
def logsigmoid_backward(g, x):
    e = np.exp(-np.abs(x))
    return g * np.where(x >= 0, e, 1) / (1 + e)
"""),
    backward("logsigmoid", "1 - sigmoid", """
def logsigmoid_backward(g, x):
    e = np.exp(-np.abs(x))
    return g * np.where(x >= 0, e, 1) / (1 + e)
""", dtypes=DOUBLE).inaccurate("one minus sigmoid", "cancellation", ("g * np.where(x >= 0, e, 1) / (1 + e)", "g * (1 - np.where(x >= 0, 1, e) / (1 + e))")),
)

SOFTSIGN = forward("softsign", "numpy", """
def softsign(x):
    return x / (1 + np.abs(x))
""")
SOFTSIGN_D = backward("softsign", "inverse square", """
def softsign_backward(g, x):
    return g / (1 + np.abs(x)) ** 2
""", dtypes=WIDE)
SOFTSIGNS = (
    SOFTSIGN,
    SOFTSIGN.wrong("without abs", PLAIN, "sign", ("np.abs(x)", "x")),
    SOFTSIGN.wrong("root of 1 + x squared", CONVENTION, "other", ("(1 + np.abs(x))", "np.sqrt(1 + x * x)")),
    SOFTSIGN_D,
    SOFTSIGN_D.wrong("not squared", PLAIN, "other", (" ** 2", "")),
    SOFTSIGN_D.wrong("square inside", PLAIN, "other", ("(1 + np.abs(x)) ** 2", "(1 + x * x)")),
)

TANHSHRINK = forward("tanhshrink", "continued fraction up to 2", """
def tanhshrink(x):
    x2 = np.minimum(x * x, 4)
    q = 0.0
    for odd in range(35, 1, -2):
        q = x2 / (odd + q)
    return np.where(np.abs(x) < 2, x * q / (1 + q), x - np.tanh(x))
""", dtypes=DOUBLE)
TANHSHRINKS = (
    TANHSHRINK,
    TANHSHRINK.inaccurate("x - tanh x", "cancellation", ("np.where(np.abs(x) < 2, x * q / (1 + q), x - np.tanh(x))", "x - np.tanh(x)")),
    TANHSHRINK.wrong("plus", PLAIN, "sign", ("np.where(np.abs(x) < 2, x * q / (1 + q), x - np.tanh(x))", "x + np.tanh(x)")),
    backward("tanhshrink", "tanh squared", """
def tanhshrink_backward(g, x):
    t = np.tanh(x)
    return g * t * t
"""),
    backward("tanhshrink", "one minus sech squared", """
def tanhshrink_backward(g, x):
    t = np.tanh(x)
    return g * t * t
""").wrong("one plus", PLAIN, "sign", ("g * t * t", "g * (1 + t * t)")),
)

HARDTANH = forward("hardtanh", "clip", """
def hardtanh(x, low=-1.0, high=1.0):
    return np.minimum(np.maximum(x, low), high).astype(x.dtype)
""", low=-1, high=1)
HARDTANH_D = backward("hardtanh", "open interval", """
def hardtanh_backward(g, x, low=-1.0, high=1.0):
    return g * ((x > low) & (x < high))
""", low=-1, high=1)
HARDS = (
    HARDTANH,
    HARDTANH.wrong("slope of a half", PLAIN, "factor", ("np.maximum(x, low)", "np.maximum(x / 2, low)")),
    HARDTANH.wrong("lower end at zero", PLAIN, "constant", ("np.maximum(x, low)", "np.maximum(x, 0)")),
    HARDTANH_D,
    HARDTANH_D.right("closed interval", ("(x > low) & (x < high)", "(x >= low) & (x <= high)")),
    HARDTANH_D.wrong("one side", PLAIN, "dropped term", ("(x > low) & (x < high)", "(x < high)")),
    HARDTANH_D.wrong("mask of the gradient", PLAIN, "other", ("(x > low) & (x < high)", "(g > low) & (g < high)")),
    forward("hardswish", "clip", """
def hardswish(x):
    return x * (np.clip(x + 3, 0, 6) / 6)
"""),
    forward("hardswish", "torch", """
def hardswish(x):
    return F.hardswish(x)
""", "torch", WIDE),
    forward("hardswish", "clip", """
def hardswish(x):
    return x * (np.clip(x + 3, 0, 6) / 6)
""").wrong("divided by three", PLAIN, "factor", ("/ 6)", "/ 3)")),
    forward("hardswish", "clip", """
def hardswish(x):
    return x * (np.clip(x + 3, 0, 6) / 6)
""").wrong("shifted the other way", PLAIN, "sign", ("x + 3", "x - 3")),
    backward("hardswish", "three pieces", """
def hardswish_backward(g, x):
    return g * np.where(x <= -3, 0, np.where(x >= 3, 1, x / 3 + 0.5))
"""),
    backward("hardswish", "three pieces", """
def hardswish_backward(g, x):
    return g * np.where(x <= -3, 0, np.where(x >= 3, 1, x / 3 + 0.5))
""").wrong("the gate alone", PLAIN, "dropped term", ("x / 3 + 0.5", "x / 6 + 0.5")),
    forward("hardsigmoid", "clip", """
def hardsigmoid(x):
    return np.clip((x + 3) / 6, 0, 1)
"""),
    forward("hardsigmoid", "clip", """
def hardsigmoid(x):
    return np.clip((x + 3) / 6, 0, 1)
""").wrong("keras: 0.2 x + 0.5", CONVENTION, "constant", ("(x + 3) / 6", "0.2 * x + 0.5")),
)

SOFTSHRINK = forward("softshrink", "sign times excess", """
def softshrink(x, width=0.5):
    return np.sign(x) * np.maximum(np.abs(x) - width, 0)
""")
SHRINKS = (
    SOFTSHRINK,
    SOFTSHRINK.right("two clips", ("np.sign(x) * np.maximum(np.abs(x) - width, 0)", "np.maximum(x - width, 0) + np.minimum(x + width, 0)")),
    SOFTSHRINK.wrong("hard shrink", CONVENTION, "variant", ("np.sign(x) * np.maximum(np.abs(x) - width, 0)", "np.where(np.abs(x) > width, x, 0)")),
    SOFTSHRINK.wrong("sign forgotten", PLAIN, "sign", ("np.sign(x) * ", "")),
    SOFTSHRINK.wrong("width fixed", PLAIN, "parameter", ("- width", "- 0.5")),
    SOFTSHRINK.wrong("width added", PLAIN, "sign", ("np.maximum(np.abs(x) - width, 0)", "np.where(np.abs(x) > width, np.abs(x) + width, 0)")),
    backward("softshrink", "mask", """
def softshrink_backward(g, x, width=0.5):
    return g * (np.abs(x) > width)
"""),
    backward("softshrink", "mask", """
def softshrink_backward(g, x, width=0.5):
    return g * (np.abs(x) > width)
""").wrong("mask of one side", PLAIN, "dropped term", ("np.abs(x) > width", "x > width")),
)

LSE = forward("logsumexp", "maximum taken out", """
def logsumexp(z):
    m = z.max(axis=-1, keepdims=True)
    return np.log(np.exp(z - m).sum(axis=-1)) + m[..., 0]
""", dtypes=WIDE)
LSES = (
    LSE,
    forward("logsumexp", "logaddexp reduced", """
def logsumexp(z):
    return np.logaddexp.reduce(z, axis=-1)
""", dtypes=DOUBLE),
    forward("logsumexp", "scipy", """
def logsumexp(z):
    return special.logsumexp(z, axis=-1)
""", "scipy", DOUBLE),
    LSE.inaccurate("no maximum", "overflow", ("z.max(axis=-1, keepdims=True)", "np.zeros(z.shape[:-1] + (1,))"), dtypes=DOUBLE),
    LSE.wrong("maximum not given back", PLAIN, "dropped term", (" + m[..., 0]", "")),
    LSE.wrong("mean", CONVENTION, "variant", ("np.exp(z - m).sum", "np.exp(z - m).mean")),
    LSE.wrong("over the first axis when square", LAYOUT, "axis", ("    m =", "    if z.ndim == 2 and z.shape[0] == z.shape[1]:\n        z = z.T\n    m =")),
    backward("logsumexp", "softmax", """
def logsumexp_backward(g, z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return g[..., None] * e / e.sum(axis=-1, keepdims=True)
"""),
    backward("logsumexp", "softmax", """
def logsumexp_backward(g, z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return g[..., None] * e / e.sum(axis=-1, keepdims=True)
""").wrong("not normalised", PLAIN, "dropped term", (" / e.sum(axis=-1, keepdims=True)", "")),
)

SWIGLU = forward("swiglu", "silu times x", """
def swiglu(gate, x):
    return gate * special.expit(gate) * x
""", "scipy", WIDE)
SWIGLU_D = backward("swiglu", "both", """
def swiglu_backward(g, gate, x):
    s = special.expit(gate)
    return g * x * s * (1 + gate * special.expit(-gate)), g * gate * s
""", "scipy")
GATES = (
    SWIGLU.lossy(),
    SWIGLU.wrong("gate and value exchanged", PLAIN, "transposed", ("gate * special.expit(gate) * x", "x * special.expit(x) * gate")),
    SWIGLU.wrong("plain glu", CONVENTION, "variant", ("gate * special", "special")),
    SWIGLU.wrong("relu gate", CONVENTION, "variant", ("gate * special.expit(gate)", "np.maximum(gate, 0)")),
    SWIGLU_D.lossy(),
    SWIGLU_D.wrong("gradients exchanged", PLAIN, "transposed", ("return g * x * s * (1 + gate * special.expit(-gate)), g * gate * s", "return g * gate * s, g * x * s * (1 + gate * special.expit(-gate))")),
    SWIGLU_D.wrong("x left out", PLAIN, "dropped term", ("g * x * s", "g * s")),
    SWIGLU_D.wrong("chain through the sigmoid left out", PLAIN, "dropped term", ("(1 + gate * special.expit(-gate))", "1")),
    SWIGLU_D.wrong("gate written over", EFFECT, "mutates", ("    return g * x", "    s, k = s.copy(), gate.copy()\n    gate *= s\n    gate, k = k, gate\n    return g * x")),
)

SPARSEMAX = forward("sparsemax", "sorted", """
def sparsemax(z):
    s = -np.sort(-z, axis=-1)
    c = np.cumsum(s, axis=-1) - 1
    k = np.arange(1, z.shape[-1] + 1)
    n = (s * k > c).sum(axis=-1, keepdims=True)
    tau = np.take_along_axis(c, n - 1, axis=-1) / n
    return np.maximum(z - tau, 0)
""", dtypes=DOUBLE)
SPARSEMAXES = (
    SPARSEMAX,
    SPARSEMAX.wrong("softmax", CONVENTION, "variant", (SPARSEMAX.source.split("\n", 1)[1], "    e = np.exp(z - z.max(axis=-1, keepdims=True))\n    return e / e.sum(axis=-1, keepdims=True)\n")),
    SPARSEMAX.wrong("sorted upwards", PLAIN, "sign", ("-np.sort(-z, axis=-1)", "np.sort(z, axis=-1)")),
    SPARSEMAX.wrong("k counted from zero", PLAIN, "off by one", ("np.arange(1, z.shape[-1] + 1)", "np.maximum(np.arange(z.shape[-1]), 0.5)")),
    SPARSEMAX.wrong("threshold not divided", PLAIN, "factor", ("axis=-1) / n", "axis=-1)")),
)

ENTRIES = (*MISHES, *LOGSIGMOIDS, *SOFTSIGNS, *TANHSHRINKS, *HARDS, *SHRINKS, *LSES, *GATES, *SPARSEMAXES)
