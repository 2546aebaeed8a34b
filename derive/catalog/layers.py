"""Layers: maps with weights, look-ups, gates and running sums."""
# mypy: ignore-errors

from derive.catalog.activations import relu, sigmoid
from derive.language import (
    Fraction01,
    Index,
    OneOf,
    Real,
    Scalar,
    exp,
    idx,
    log,
    mean,
    onehot,
    op,
    sqrt,
    sum,
    where,
)  # fmt: skip


@op(source="Goodfellow, Bengio & Courville 2016, section 6.1")
def linear(x: Real["... I"], w: Real["O I"], b: Real["O"]):
    """An affine map of the last axis: weights times input, plus bias."""
    return sum(x * w, "I") + b


@op(source="Goodfellow, Bengio & Courville 2016, eq. 2.5")
def matmul(a: Real["... I K"], b: Real["... K J"]):
    """The product of two matrices, or of two stacks of them."""
    return sum(a * b, "K")


@op(source="Goodfellow, Bengio & Courville 2016, section 2.2")
def outer(a: Real["... I"], b: Real["... J"]):
    """Each element of one vector times each of another."""
    return a * b


@op(source="Tenenbaum & Freeman 2000; torch.nn.Bilinear")
def bilinear(a: Real["... I"], w: Real["O I J"], b: Real["... J"], c: Real["O"]):
    """A weighted sum of the products of all pairs of two inputs, for each output, plus bias."""
    return sum(a * w * b, "I J") + c


@op(source="He, Zhang, Ren & Sun 2016, arXiv:1512.03385, eq. 1")
def residual_add(x: Real["..."], branch: Real["..."]):
    """The input, plus what a branch makes of it: the gradient reaches both unchanged."""
    return x + branch


@op(source="Hu et al. 2021, arXiv:2106.09685, eq. 3")
def lora(x: Real["... I"], w: Real["O I"], a: Real["R I"], b: Real["O R"], *, scale: Scalar = 1):
    """A linear map plus a correction of low rank."""
    return sum(x * w, "I") + scale * sum(sum(x * a, "I") * b, "R")


@op(source="Srivastava, Greff & Schmidhuber 2015, arXiv:1505.00387, eq. 3")
def highway(x: Real["... D"], h: Real["... D"], gate: Real["... D"]):
    """A transformed input where the gate opens, the input itself where it closes."""
    t = sigmoid(gate)
    return t * h + (1 - t) * x


@op(source="Hu, Shen & Sun 2018, arXiv:1709.01507, eq. 2 to 4")
def squeeze_excite(x: Real["N C H W"], w1: Real["R C"], w2: Real["C R"]):
    """Channels weighted by a small network that sees their means."""
    z = mean(x, "H W")
    a = sum(z * w1, "C")
    hidden = relu(a)
    b = sum(hidden * w2, "R")
    s = sigmoid(b)
    return s * x


@op(source="Bengio, Ducharme, Vincent & Jauvin 2003, A neural probabilistic language model, section 2")
def embedding(w: Real["V D"], ids: Index["... -> V"]):
    """The row of the table that each integer points to."""
    return w.at(V=ids)


@op(source="torch.nn.EmbeddingBag")
def embedding_bag(w: Real["V D"], ids: Index["N L -> V"]) -> Real["N D"]:
    """The mean of the rows of the table that a bag of integers points to."""
    return mean(w.at(V=ids), "L")


@op(source="Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, section 4, scaled in training")
def dropout(x: Real["..."], mask: Real["...", OneOf(0, 1)], *, rate: Fraction01 = 0.5):
    """The input where the mask is 1 and 0 where it is 0, scaled so that its mean stays; the mask is given."""
    return x * mask / (1 - rate)


@op(source="numpy.cumsum")
def cumsum(x: Real["... L"]):
    """The sum of all elements up to each position."""
    return sum(where(idx("L'") <= idx("L"), x.at(L=idx("L'")), 0), "L'")


@op(source="torch.logcumsumexp")
def logcumsumexp(x: Real["... L"]):
    """The logarithm of the sum of the exponentials of all elements up to each position."""
    return log(sum(where(idx("L'") <= idx("L"), exp(x.at(L=idx("L'"))), 0), "L'"))


@op(source="torch.gather")
def gather(x: Real["N C"], index: Index["N -> C"]):
    """The element of each row that an integer points to."""
    return x.at(C=index)


@op(source="torch.Tensor.index_add")
def scatter_add(x: Real["V D"], index: Index["N -> V"], update: Real["N D"]):
    """A table to whose rows others are added where integers point; repeated integers add up."""
    return x + sum(onehot(index, "V") * update, "N")


@op(source="torch.nn.EmbeddingBag with mode sum")
def embedding_sum(w: Real["V D"], ids: Index["N L -> V"]) -> Real["N D"]:
    """The sum of the rows of the table that a bag of integers points to."""
    return sum(w.at(V=ids), "L")


@op(source="Tompson, Goroshin, Jain, LeCun & Bregler 2015, arXiv:1411.4280, section 3.2; torch.nn.Dropout1d")
def dropout1d(x: Real["N C L"], mask: Real["N C"], *, rate: Fraction01 = 0.5):
    """Dropout of whole channels: one number of the mask for each."""
    return dropout(x, mask, rate=rate)


@op(source="Tompson, Goroshin, Jain, LeCun & Bregler 2015, arXiv:1411.4280, section 3.2; torch.nn.Dropout2d")
def dropout2d(x: Real["N C H W"], mask: Real["N C"], *, rate: Fraction01 = 0.5):
    """Dropout of whole channels of images: one number of the mask for each."""
    return dropout(x, mask, rate=rate)


@op(source="Tompson, Goroshin, Jain, LeCun & Bregler 2015, arXiv:1411.4280, section 3.2; torch.nn.Dropout3d")
def dropout3d(x: Real["N C D H W"], mask: Real["N C"], *, rate: Fraction01 = 0.5):
    """Dropout of whole channels of volumes: one number of the mask for each."""
    return dropout(x, mask, rate=rate)


@op(source="Klambauer, Unterthiner, Mayr & Hochreiter 2017, arXiv:1706.02515, section 2; torch.nn.AlphaDropout")
def alpha_dropout(x: Real["..."], mask: Real["..."], *, rate: Fraction01 = 0.5, low=-1.7580993408473766):
    """The input where the mask is 1 and the lowest value of a selu where it is 0, mapped so that mean 0 and variance 1 stay."""
    a = 1 / sqrt((1 - rate) * (1 + rate * low**2))
    return a * (x * mask + low * (1 - mask)) - a * rate * low


@op(source="Klambauer, Unterthiner, Mayr & Hochreiter 2017, arXiv:1706.02515, section 2; torch.nn.FeatureAlphaDropout")
def feature_alpha_dropout(x: Real["N C L"], mask: Real["N C"], *, rate: Fraction01 = 0.5, low=-1.7580993408473766):
    """Alpha dropout of whole channels: one number of the mask for each."""
    return alpha_dropout(x, mask, rate=rate, low=low)


# fmt: off
LAYERS = (
    linear, matmul, outer, bilinear, residual_add, lora, highway, squeeze_excite, embedding, embedding_bag, embedding_sum, dropout,
    dropout1d, dropout2d, dropout3d, alpha_dropout, feature_alpha_dropout,
    cumsum, logcumsumexp,
    gather, scatter_add,
)
# fmt: on
