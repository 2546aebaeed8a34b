"""Definitions that the calculus has never seen: odd, nested and degenerate, none from the catalogue."""

from derive.language import (
    Count,
    Index,
    Natural,
    Positive,
    PositiveInteger,
    Real,
    Scalar,
    abs,
    arctan,
    argmax,
    argmin,
    cos,
    equal,
    erf,
    exp,
    floor,
    idx,
    log,
    logsumexp,
    max,
    maximum,
    mean,
    min,
    minimum,
    new,
    normal_cdf,
    op,
    pi,
    sign,
    sin,
    size,
    sqrt,
    sum,
    where,
)  # fmt: skip


@op
def two_reductions(x: Real["A B"]):
    """Centred over both axes, apart."""
    return x - mean(x, "A") - mean(x, "B") + mean(x, "A B")


@op
def two_kinds(x: Real["A B"]):
    """Two reductions of different kinds over different axes, multiplied."""
    return sum(max(x, "A") * x, "B") * mean(x**2, "B")


@op
def nested_where(x: Real["..."], y: Real["..."]):
    """Branches in branches, on different quantities."""
    return where(x > 0, where(y > x, x * y, x**2), where(x + y < 0, y, 3 * x))


@op
def clipped(x: Real["..."], *, low: Scalar = -0.5, high: Scalar = 0.5):
    """Between two bounds."""
    return minimum(maximum(x, low), high) ** 2


@op
def tied_max(x: Real["N"]):
    """The largest of squares: mirrored inputs tie."""
    return max(x**2, "N") + min(abs(x), "N")


@op
def several(x: Real["N D"], w: Real["D"]):
    """Three outputs that share intermediates, of different shapes."""
    s = sum(x * w, "D")
    m = mean(s, "N")
    return s - m, m, exp(s) * m


@op
def output_used(x: Real["N"]):
    """One output is an intermediate of the other."""
    a = exp(x)
    b = a * sum(a, "N")
    return a, b


@op
def raised(x: Real["..."], y: Real["..."]):
    """An exponent that is an expression."""
    return (1 + x**2) ** (y + 1)


@op
def norm(x: Real["N D"]):
    """Lengths."""
    return sqrt(sum(x**2, "D"))


@op
def unit(x: Real["N D"]):
    """Directions."""
    return x / sqrt(sum(x**2, "D"))


@op
def frobenius(x: Real["A B"]):
    """Total length, the norm of norms."""
    return sqrt(sum(sqrt(sum(x**2, "B")) ** 2, "A"))


@op
def cosine(a: Real["... D"], b: Real["... D"], *, eps: Positive = 1e-8):
    """Similarity of directions."""
    return sum(a * b, "D") / sqrt(sum(a**2, "D") * sum(b**2, "D") + eps)


@op
def cosine_apart(a: Real["... D"], b: Real["... D"]):
    """The same, with two roots."""
    return sum(a * b, "D") / (sqrt(sum(a**2, "D")) * sqrt(sum(b**2, "D")))


@op
def lse_two(x: Real["N A B"]):
    """Over two axes at once."""
    return logsumexp(x, "A B")


@op
def lse_twice(x: Real["N A B"]):
    """One after the other: the same."""
    return logsumexp(logsumexp(x, "B"), "A")


@op
def lse_long(x: Real["N A B"]):
    """Written out, with a temperature."""
    return log(sum(exp(2 * x), "A B")) / 2


@op
def self_attention(x: Real["B T D"]):
    """Positions compared with each other."""
    s = sum(x * x.at(T=idx("T'")), "D") / sqrt(size("D"))
    e = exp(s)
    p = e / sum(e, "T'")
    return sum(p * x.at(T=idx("T'")), "T'")


@op
def causal(x: Real["T D"]):
    """Only what came before."""
    s = where(idx("T") >= idx("T'"), exp(sum(x * x.at(T=idx("T'")), "D")), 0)
    return sum(s / sum(s, "T'") * x.at(T=idx("T'")), "T'")


@op
def gram(x: Real["N D"]):
    """All inner products, squared and summed."""
    k = sum(x * x.at(N=idx("N'")), "D")
    return sum(k**2, "N N'")


@op
def looked_up(w: Real["V D"], i: Index["N -> V"], j: Index["N -> V"]):
    """Two rows of one table, multiplied."""
    return sum(w.at(V=i) * w.at(V=j), "D")


@op
def bag(w: Real["V D"], i: Index["N K -> V"]):
    """Rows averaged, then normalised."""
    m = mean(w.at(V=i), "K")
    return m / sqrt(1 + sum(m**2, "D"))


@op
def nearest(x: Real["N D"], c: Real["K D"]):
    """Distance to the nearest centre, and the nearest centre."""
    d = sum((x - c) ** 2, "D")
    return min(d, "K"), c.at(K=argmin(d, "K"))


@op
def x_over_abs(x: Real["..."]):
    """The sign, in a roundabout way."""
    return x / abs(x) + x * abs(x)


@op
def outer(a: Real["N"], b: Real["M"]):
    """A matrix of products, squashed."""
    return sin(a * b) + a / (1 + b**2)


@op
def outer_sum(a: Real["N"], b: Real["M"]):
    """A sum of an outer product is a product of sums."""
    return sum(sum(a, "N") * b, "M") ** 2


@op
def chain(x: Real["..."]):
    """Eight element-wise steps."""
    a = x * x + 1
    b = sqrt(a)
    c = log(b)
    d = exp(-c)
    e = sin(d)
    f = e / a
    g = arctan(f)
    h = g * b
    return h


@op
def divided(x: Real["N"], y: Real["N"]):
    """By an input, and by a sum of inputs."""
    return x / y + y / sum(y, "N")


@op
def integer_parameter(x: Real["..."], *, n: PositiveInteger = 3):
    """A whole exponent that is a parameter."""
    return x**2 * (1 + x**2) ** n / n


@op
def counted(x: Real["..."], t: Count):
    """A power of a count."""
    return x / (1 + x**2) ** t


@op
def window(x: Real["N H"], w: Real["I"], *, stride: PositiveInteger = 2, padding: Natural = 1):
    """One axis, zero outside."""
    return sum(x.at(H=stride * new("P") + idx("I") - padding) * w, "I")


@op
def pooled(x: Real["N H"], w: Real["I"]):
    """The largest of each window, weighted."""
    return max(x.at(H=2 * new("P") + idx("I")) * w, "I")


@op
def shifted(x: Real["T"]):
    """Differences of neighbours; zero beyond the ends."""
    return (x.at(T=idx("T") + 1) - 2 * x + x.at(T=idx("T") - 1)) ** 2


@op
def diagonal(x: Real["N M"]):
    """Where both positions agree."""
    return sum(x.at(M=idx("N")) ** 2, "N") + sum(x, "N M")


@op
def square_matrix(x: Real["N N'"]):
    """One axis twice: a square matrix, its rows squared and summed."""
    return sum(x * x, "N'")


@op
def variance_ratio(x: Real["A B"]):
    """Within and between."""
    m = mean(x, "B")
    within = mean((x - m) ** 2, "A B")
    between = mean((m - mean(m, "A")) ** 2, "A")
    return between / (within + 1)


@op
def focal(z: Real["N C"], label: Index["N -> C"], *, gamma: Positive = 2):
    """A loss with a power of a probability."""
    e = exp(z)
    p = e / sum(e, "C")
    pt = p.at(C=label)
    return mean(-((1 - pt) ** gamma) * log(pt), "N")


@op
def contrastive(a: Real["N D"], b: Real["N D"], *, tau: Positive = 0.5):
    """Each row with its own among all others."""
    s = sum(a * b.at(N=idx("N'")), "D") / tau
    return mean(logsumexp(s, "N'") - sum(a * b, "D") / tau, "N")


@op
def group_norm(x: Real["N G C L"], *, eps: Positive = 1e-5):
    """Over two axes at once."""
    mu = mean(x, "C L")
    var = mean((x - mu) ** 2, "C L")
    return (x - mu) / sqrt(var + eps)


@op
def smooth(x: Real["..."]):
    """Every smooth primitive."""
    return x * normal_cdf(x) + erf(x) * sin(x) - cos(2 * x) * arctan(x) + exp(-x) / pi


@op
def stepped(x: Real["..."]):
    """Flat pieces next to slopes."""
    return sign(x) * x + floor(x) * x + where(equal(x, 0), 1, x)


@op
def deep_division(x: Real["N"]):
    """A fraction of fractions."""
    s = sum(x**2, "N")
    return x / (1 + x / (1 + s / (1 + x**2)))


@op
def geometric(x: Real["N"]):
    """The geometric mean of what is positive."""
    return exp(mean(log(1 + x**2), "N"))


@op
def entropy(z: Real["N C"]):
    """Of a softmax, mean over rows."""
    e = exp(z)
    p = e / sum(e, "C")
    return mean(-sum(p * log(p), "C"), "N")


@op
def gated(x: Real["... D"], w: Real["H D"], v: Real["H D"]):
    """One product of two linear maps, one of them squashed."""
    a = sum(x * w, "D")
    b = sum(x * v, "D")
    return a / (1 + exp(-a)) * b


@op
def poolmax_two(x: Real["N A B"]):
    """The largest over two axes, and where along one."""
    m = max(x, "A B")
    return m * sum(x, "A B"), x.at(A=argmax(x, "A"))


@op
def bilinear(x: Real["N I"], w: Real["O I J"], y: Real["N J"]):
    """A form in two vectors."""
    return sum(x * w * y, "I J")


@op
def constant_output(x: Real["N"]):
    """Nothing depends on the input."""
    return sum(x - x, "N") + 1


@op
def sizes_only(x: Real["N D"]):
    """Sizes in odd places."""
    return sum(x, "N") * sqrt(size("N")) / size("D") ** 2 + idx("D") * mean(x, "N")


@op
def broadcast_sum(x: Real["N"], y: Real["M"]):
    """Sums over an axis that only one factor has."""
    return sum(x + y, "N") * y


@op
def logistic_pair(a: Real["N"], b: Real["N"]):
    """A loss of a difference of scores."""
    return mean(log(1 + exp(-(a - b))), "N")


@op
def mish(x: Real["..."]):
    """x tanh(softplus(x))."""
    s = log(1 + exp(x))
    t = (exp(s) - exp(-s)) / (exp(s) + exp(-s))
    return x * t


@op
def pair_abs(x: Real["N"]):
    """All distances: |x - x'| has no sign of its own."""
    return sum(abs(x - x.at(N=idx("N'"))), "N N'")


@op
def pair_phi(x: Real["N"]):
    """Each with each, an odd function of the difference."""
    return sum(normal_cdf(x - x.at(N=idx("N'"))), "N'")


@op
def pair_phi_w(x: Real["N"], y: Real["N"]):
    """Each with each, an odd function of the difference."""
    return sum(y.at(N=idx("N'")) * normal_cdf(x - x.at(N=idx("N'"))), "N' N")


@op
def pair_rank(x: Real["N"], y: Real["N"]):
    """Each with each, an odd function of the difference."""
    d = x - x.at(N=idx("N'"))
    e = y - y.at(N=idx("N'"))
    return sum(where(e > 0, maximum(0, 1 - d), 0), "N N'")


@op
def pair_sin(x: Real["N"]):
    """Each with each, an odd function of the difference."""
    return sum(sin(x - x.at(N=idx("N'"))) * idx("N"), "N N'")


@op
def pair_sign(x: Real["N D"]):
    """Each with each, an odd function of the difference."""
    d = sum(x * x.at(N=idx("N'")), "D")
    return sum(where(x.at(N=idx("N'")) > x, d**2, d), "N N'")


@op
def pair_root(x: Real["N D"]):
    """Distances of rows, softened at zero."""
    d = sum((x - x.at(N=idx("N'"))) ** 2, "D")
    return sum(sqrt(d + 1), "N N'")


@op
def kendall(x: Real["N"], y: Real["N"]):
    """A smooth rank correlation."""
    s = (x - x.at(N=idx("N'"))) * (y - y.at(N=idx("N'")))
    return sum(s / sqrt(1 + s**2), "N N'")


@op
def odd_axes(x: Real["f b t"], w: Real["p f"], sum_: Real["sum"]):
    """Axes with odd names."""
    h = sum(x * w, "f")
    return sum(sum(h**2, "p") + sum_, "sum"), max(h, "b")


@op
def rect(f: Real["t red"], b: Real["red p"]):
    """Odd names again."""
    return sum(exp(f * b), "red")


@op
def triple(x: Real["N"]):
    """Triplets."""
    return sum(maximum(0, 1 + x * x.at(N=idx("N'")) - x.at(N=idx("N''"))), "N N' N''")


@op
def maxpair(x: Real["N"]):
    """Max of pairs."""
    return max(x - x.at(N=idx("N'")), "N'"), min(abs(x - x.at(N=idx("N'")) + 1), "N")


DEFINITIONS = tuple(v for v in list(globals().values()) if type(v).__name__ == "Op")
