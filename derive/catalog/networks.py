"""Networks: definitions that use definitions; each yields one forward and one backward function."""
# mypy: ignore-errors

from derive.catalog.activations import gelu, relu, sigmoid, tanh
from derive.catalog.attention import multi_head_attention
from derive.catalog.convolution import conv2d_same
from derive.catalog.images import batch_norm_train_2d
from derive.catalog.layers import linear
from derive.catalog.losses import cross_entropy
from derive.catalog.normalization import batch_norm_train, layer_norm
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


@op(source="He, Zhang, Ren & Sun 2016, arXiv:1512.03385, figure 2")
def residual_block(
    x: Real["N C H W"], w1: Real["K C I J"], gamma1: Real["K"], beta1: Real["K"],
    w2: Real["C K I J"], gamma2: Real["C"], beta2: Real["C"],
):  # fmt: skip
    """Two normalised convolutions beside a shortcut."""
    n1 = batch_norm_train_2d(conv2d_same(x, w1), gamma1, beta1)
    h = relu(n1)
    n2 = batch_norm_train_2d(conv2d_same(h, w2), gamma2, beta2)
    z = x + n2
    return relu(z)


@op(source="Vaswani et al. 2017, arXiv:1706.03762, figure 1, with the norms first as Xiong et al. 2020, arXiv:2002.04745")
def transformer_block(
    x: Real["N L D"], gamma1: Real["D"], beta1: Real["D"], wq: Real["H K D"], wk: Real["H K D"], wv: Real["H K D"], wo: Real["D H K"],
    gamma2: Real["D"], beta2: Real["D"], w1: Real["F D"], b1: Real["F"], w2: Real["D F"], b2: Real["D"],
):  # fmt: skip
    """Attention and a small network, each of a normalised input and beside a shortcut."""
    h = x + multi_head_attention(layer_norm(x, gamma1, beta1), wq, wk, wv, wo)
    n = layer_norm(h, gamma2, beta2)
    return h + linear(gelu(linear(n, w1, b1)), w2, b2)


# fmt: off
NETWORKS = (
    mlp, mlp_deep, residual_block, transformer_block,
)
# fmt: on
