"""Definitions for the tests of code generation, with forms that the calculus delivers (one-hot rows, scatters) written by hand."""

from derive.language.definition import Count, Index, Natural, Positive, PositiveInteger, Real, State, op
from derive.language.functions import (
    abs,
    argmax,
    argmin,
    equal,
    exp,
    idx,
    log,
    logsumexp,
    max,
    maximum,
    mean,
    min,
    new,
    pi,
    sign,
    size,
    sqrt,
    sum,
    where,
)  # fmt: skip
from derive.language.nodes import Delta, at


@op
def relu(x: Real["..."]):
    """The positive part."""
    return where(x > 0, x, 0)


@op
def clipped(x: Real["..."], *, limit: Positive = 1):
    """Between two limits."""
    above = where(x < -limit, -limit, x)
    return where(above <= limit, above, limit) + where(limit >= x, x, limit)


@op
def step_up(x: Real["..."]):
    """One where positive."""
    return where(x > 0, 1, 0)


@op
def gelu_like(x: Real["..."]):
    """Constants folded."""
    inner = sqrt(2 / pi) * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + inner**5) - 2 * x / 3 + sqrt(abs(x)) ** 3


@op
def softmax(z: Real["... C"], *, temperature: Positive = 1):
    """Scores to probabilities."""
    e = exp(z / temperature)
    return e / sum(e, "C")


@op
def softmax_grad(g: Real["... C"], z: Real["... C"], *, temperature: Positive = 1):
    """Its gradient."""
    p = softmax(z, temperature=temperature)
    return p * (g - sum(g * p, "C")) / temperature


@op
def softmax_middle(z: Real["A B C"]):
    """Over an inner axis."""
    e = exp(z)
    return e / sum(e, "B")


@op
def cross_entropy(logits: Real["N C"], label: Index["N -> C"]):
    """Mean negative log-likelihood."""
    p = softmax(logits)
    return mean(-log(p).at(C=label), "N")


@op
def cross_entropy_grad(g: Real[""], logits: Real["N C"], label: Index["N -> C"]):
    """Its gradient."""
    p = softmax(logits)
    return g * (p - Delta("C", label)) / size("N")


@op
def batched_pick(x: Real["... C"], label: Index["... -> C"]):
    """One element of each row."""
    return x.at(C=label) * 2


@op
def batched_pick_grad(g: Real["..."], x: Real["... C"], label: Index["... -> C"]):
    """Spread back."""
    return g * Delta("C", label) + 0 * x


@op
def batch_norm(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive = 1e-5):
    """Standardise."""
    mu = mean(x, "N")
    var = mean((x - mu) ** 2, "N")
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta


@op
def batch_norm_grad(g: Real["N D"], x: Real["N D"], gamma: Real["D"], *, eps: Positive = 1e-5):
    """Its gradients."""
    mu = mean(x, "N")
    var = mean((x - mu) ** 2, "N")
    rstd = 1 / sqrt(var + eps)
    xhat = (x - mu) * rstd
    dx = gamma * rstd * (g - mean(g, "N") - xhat * mean(g * xhat, "N"))
    dgamma = sum(g * xhat, "N")
    dbeta = sum(g, "N")
    return dx, dgamma, dbeta


@op
def batch_norm_images(x: Real["N C H W"], gamma: Real["C"], beta: Real["C"], *, eps: Positive = 1e-5):
    """Per channel."""
    mu = mean(x, "N H W")
    var = mean((x - mu) ** 2, "N H W")
    return gamma * (x - mu) / sqrt(var + eps) + beta


@op
def layer_norm(x: Real["... D"], gamma: Real["D"], *, eps: Positive = 1e-5):
    """Per sample."""
    mu = mean(x, "D")
    var = mean((x - mu) ** 2, "D")
    return gamma * (x - mu) / sqrt(var + eps)


@op
def layer_norm_grad(g: Real["... D"], x: Real["... D"], gamma: Real["D"], *, eps: Positive = 1e-5):
    """Sums over the leading axes."""
    mu = mean(x, "D")
    rstd = 1 / sqrt(mean((x - mu) ** 2, "D") + eps)
    dgamma = sum(g * (x - mu) * rstd, "...")
    total = mean(g, "... D")
    return dgamma, total


@op
def linear(x: Real["... I"], w: Real["O I"], b: Real["O"]):
    """Affine."""
    return sum(x * w, "I") + b


@op
def linear_grad(g: Real["... O"], x: Real["... I"], w: Real["O I"]):
    """Its gradients."""
    return sum(g * w, "O"), sum(g * x, "..."), sum(g, "...")


@op
def attention(q: Real["... L D"], k: Real["... M D"], v: Real["... M E"]):
    """Values by similarity."""
    p = softmax(sum(q * k, "D") / sqrt(size("D")), over="M")
    return sum(p * v, "M")


@op
def self_attention(x: Real["B T D"]):
    """Of an array with itself."""
    return attention(x, x, x)


@op
def conv2d(x: Real["N C H W"], w: Real["O C I J"], *, stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1):
    """Cross-correlation."""
    window = x.at(H=stride * new("P") + dilation * idx("I") - padding, W=stride * new("Q") + dilation * idx("J") - padding)
    return sum(window * w, "C I J")


@op
def conv2d_grad(
    g: Real["N O P Q"],
    x: Real["N C H W"],
    w: Real["O C I J"],
    *,
    stride: PositiveInteger = 1,
    padding: Natural = 0,
    dilation: PositiveInteger = 1,
):
    """The gradient with respect to the image."""
    rows = Delta("H", stride * idx("P") + dilation * idx("I") - padding)
    columns = Delta("W", stride * idx("Q") + dilation * idx("J") - padding)
    return sum(g * w * rows * columns, "O I J P Q") + 0 * x


@op
def conv1d_leading(x: Real["... H"], w: Real["I"], *, padding: Natural = 1):
    """Leading axes and a window."""
    return sum(x.at(H=new("P") + idx("I") - padding) * w, "I")


@op
def conv1d_leading_grad(g: Real["... P"], x: Real["... H"], w: Real["I"], *, padding: Natural = 1):
    """Scatter behind leading axes."""
    return sum(g * w * Delta("H", idx("P") + idx("I") - padding), "P I") + 0 * x


@op
def max_pool(x: Real["N H"], w: Real["I"]):
    """Largest of each window."""
    return max(x.at(H=2 * new("P") + idx("I")), "I") + 0 * sum(w, "I")


@op
def embedding(w: Real["V D"], ids: Index["... -> V"]):
    """Rows of a table."""
    return w.at(V=ids)


@op
def embedding_grad(g: Real["... D"], w: Real["V D"], ids: Index["... -> V"]):
    """Repeated rows add up."""
    return sum(g * Delta("V", ids), "...") + 0 * w


@op
def embedding_columns(w: Real["D V"], ids: Index["... -> V"]):
    """The table's axis last."""
    return 1 * w.at(V=ids) + 0


@op
def chamfer(a: Real["N D"], b: Real["M D"]):
    """Both ways."""
    d = sum((a - b) ** 2, "D")
    return mean(min(d, "M"), "N") + mean(min(d, "N"), "M")


@op
def chamfer_grad(g: Real[""], a: Real["N D"], b: Real["M D"]):
    """Nearest points."""
    d = sum((a - b) ** 2, "D")
    near = a - b.at(M=argmin(d, "M"))
    back = sum((a - b) * Delta("N", argmin(d, "N")), "M")
    return 2 * g * (near / size("N") + back / size("M"))


@op
def adam(w: Real["..."], grad: Real["..."], m: State["..."], v: State["..."], t: Count, *, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return w - rate * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps)


@op
def diagonal(x: Real["N M"]):
    """Where both positions are equal."""
    return x.at(M=idx("N")) + 0 * sum(x, "M")


@op
def transposed(x: Real["N M"]) -> Real["M N"]:
    """The other way round."""
    return x + 0


@op
def same(x: Real["N M"]) -> Real["M N"]:
    """A view would share memory."""
    return 1 * x


@op
def mixed_orders(x: Real["N M"], y: Real["M N"], z: Real["K N"]):
    """Inputs that lay their axes out differently."""
    return sum(x * y, "M") + sum(z, "K") * max(x - y, "M")


@op
def chain(a: Real["I J"], b: Real["J K"], c: Real["K L"]):
    """Three matrices."""
    return sum(a * b * c, "J K")


@op
def bilinear(x: Real["N I"], w: Real["O I J"], y: Real["N J"]):
    """A form in two vectors."""
    return sum(x * w * y, "I J")


@op
def outer_total(a: Real["N"], b: Real["M"]):
    """A sum over both axes of an outer product."""
    return sum(maximum(a, b), "M")


@op
def over_leading(x: Real["... D"], y: Real["... D"]):
    """Reductions over leading axes together with a trailing one."""
    return mean((x - y) ** 2, "... D"), max(x, "...") - mean(y, "..."), logsumexp(x, "D")


@op
def place_of_max(x: Real["N C"]):
    """Integers come back as integers."""
    best = argmax(x, "C")
    return best, max(x, "C") + best


@op
def windowed_positions(x: Real["N C"], label: Index["N -> C"]):
    """Arithmetic on positions and conditions."""
    return sum(where(equal(idx("C"), label), x, 0) + sign(x) * (idx("C") + 1) / size("C"), "C")


@op
def shifted(x: Real["N T D"], *, by: Natural = 1):
    """Read earlier, zero before the start."""
    return x - x.at(T=idx("T") - by)


@op
def scale_invariant(x: Real["N D"], w: Real["D"]):
    """A matrix and a vector."""
    return sum(x * w, "D") / sqrt(sum(w * w, "D"))


@op
def np_names(np: Real["N"], sum: Real["N"], *, max: Positive = 2):
    """Awkward names."""
    dtype = np * sum
    lambda_ = dtype + 1
    id = lambda_ * lambda_ + dtype
    return id / max


@op
def onehots(x: Real["N C"], label: Index["N -> C"], other: Index["N -> C"]):
    """Conditions as numbers."""
    a, b = Delta("C", label), Delta("C", other)
    return a + b - a * b, -a * 2 + x, sum(a * b, "C"), sum(a, "N")


@op
def read_twice(x: Real["N C"], label: Index["N -> C"], seat: Index["M -> N"]):
    """Two axes read at once, and a product of reads."""
    return x.at(N=seat, C=label.at(N=seat)), at(x, {"C": label}) * x


@op
def grouped_grad(g: Real["N O T"], x: Real["N C T"], w: Real["O D"]):
    """A one-hot along an axis that one factor alone has."""
    return sum(g * w * Delta("C", idx("O") // 2 * size("D") + idx("D")), "O D") + 0 * x


@op
def pooled_grad(g: Real["N P Q"], x: Real["N H W"], high: Index["N P Q -> H"], wide: Index["N H Q -> W"]):
    """Positions along one axis that depend on the place along another, which is given by positions too."""
    return sum(g * Delta("H", high) * Delta("W", wide), "P Q") + 0 * x


@op
def placed_grad(g: Real["N M D"], x: Real["N H W D"], row: Index["N M -> H"], column: Index["N M -> W"]):
    """Positions along two axes at once, of each row its own."""
    return sum(g * Delta("H", row) * Delta("W", column), "M") + 0 * x


@op
def crossed_grad(g: Real["N"], x: Real["H W"], row: Index["N W -> H"], column: Index["N H -> W"]):
    """Positions along two axes, each of which depends on the other."""
    return sum(g * Delta("H", row) * Delta("W", column), "N") + 0 * x


@op
def bagged_grad(g: Real["N D"], w: Real["V D"], ids: Index["N T -> V"]):
    """Each value at many positions, of which a factor depends on the place."""
    return sum(g * w * Delta("V", ids), "N T"), mean(g * Delta("V", ids), "N T") + 0 * w


ALL = tuple(v for v in list(globals().values()) if type(v).__name__ == "Op")
