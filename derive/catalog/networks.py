"""Networks: definitions that use definitions; each yields one forward and one backward function."""
# mypy: ignore-errors

from derive.catalog.activations import sigmoid, tanh
from derive.catalog.layers import linear
from derive.catalog.losses import cross_entropy
from derive.catalog.normalization import batch_norm_train
from derive.language import Index, Real, op


@op(source="Bengio, Ducharme, Vincent & Jauvin 2003; Ioffe & Szegedy 2015")
def mlp(
    x: Real["N D"], w1: Real["H D"], b1: Real["H"], gamma: Real["H"], beta: Real["H"],
    w2: Real["C H"], b2: Real["C"], label: Index["N -> C"],
):  # fmt: skip
    """A network with one normalised hidden layer and its loss: a definition that uses definitions."""
    h = tanh(batch_norm_train(linear(x, w1, b1), gamma, beta))
    return cross_entropy(linear(h, w2, b2), label)


@op(source="LeCun, Bottou, Bengio & Haffner 1998; Nielsen 2015, Neural Networks and Deep Learning, chapter 1")
def mlp_deep(
    x: Real["N D"], w1: Real["H D"], b1: Real["H"], w2: Real["K H"], b2: Real["K"], w3: Real["C K"], b3: Real["C"], label: Index["N -> C"]
):  # fmt: skip
    """A network with two hidden layers and its loss: with 784, 16, 16 and 10 units it has 13,002 parameters."""
    h1 = sigmoid(linear(x, w1, b1))
    h2 = sigmoid(linear(h1, w2, b2))
    return cross_entropy(linear(h2, w3, b3), label)


# fmt: off
NETWORKS = (
    mlp, mlp_deep,
)
# fmt: on
