"""Layers: maps with weights, and a small network written from them."""
# mypy: ignore-errors

from derive.catalog.activations import softmax, tanh
from derive.catalog.losses import cross_entropy
from derive.catalog.normalization import batch_norm_train
from derive.language import Index, Natural, PositiveInteger, Real, idx, new, op, size, sqrt, sum


@op(source="Goodfellow, Bengio & Courville 2016, section 6.1")
def linear(x: Real["... I"], w: Real["O I"], b: Real["O"]):
    """An affine map of the last axis: weights times input, plus bias."""
    return sum(x * w, "I") + b


@op(source="Bengio, Ducharme, Vincent & Jauvin 2003, A neural probabilistic language model, section 2")
def embedding(w: Real["V D"], ids: Index["... -> V"]):
    """The row of the table that each integer points to."""
    return w.at(V=ids)


@op(source="Vaswani et al. 2017, arXiv:1706.03762, eq. 1")
def attention(q: Real["... L D"], k: Real["... M D"], v: Real["... M E"]):
    """Values averaged by the similarity of queries to keys."""
    s = sum(q * k, "D") / sqrt(size("D"))
    p = softmax(s, over="M")
    return sum(p * v, "M")


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285")
def conv2d(x: Real["N C H W"], w: Real["O C I J"], *, stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1):
    """Cross-correlation of an image with a bank of windows; zero outside the image."""
    rows = stride * new("P") + dilation * idx("I") - padding
    columns = stride * new("Q") + dilation * idx("J") - padding
    return sum(x.at(H=rows, W=columns) * w, "C I J")


@op(source="Bengio, Ducharme, Vincent & Jauvin 2003; Ioffe & Szegedy 2015")
def mlp(
    x: Real["N D"], w1: Real["H D"], b1: Real["H"], gamma: Real["H"], beta: Real["H"],
    w2: Real["C H"], b2: Real["C"], label: Index["N -> C"],
):  # fmt: skip
    """A network with one normalised hidden layer and its loss: a definition that uses definitions."""
    h = tanh(batch_norm_train(linear(x, w1, b1), gamma, beta))
    return cross_entropy(linear(h, w2, b2), label)


# fmt: off
LAYERS = (
    linear, embedding, attention, conv2d, mlp,
)
# fmt: on
