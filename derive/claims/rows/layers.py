"""Claims about layers: linear maps, normalisation, look-ups and how gradients pass."""
# mypy: ignore-errors

import numpy as np

from derive.analysis.function import derived
from derive.catalog import find
from derive.catalog.activations import tanh
from derive.catalog.convolution import conv1d, conv2d, global_avg_pool
from derive.catalog.elementary import add, bias_add, multiply
from derive.catalog.elementary import sum as total
from derive.catalog.geometry import transposed_output_size
from derive.catalog.layers import embedding, linear, matmul, residual_add
from derive.catalog.normalization import batch_norm_statistics, batch_norm_train
from derive.catalog.resampling import conv_transpose1d, conv_transpose2d
from derive.claims.claim import Claim
from derive.claims.statements import about, at_most, counted, equal, fails, gradient, number, window
from derive.language import (
    Count,
    Index,
    Natural,
    NonNegative,
    Positive,
    PositiveInteger,
    Range,
    Real,
    idx,
    mean,
    onehot,
    op,
    size,
    sum,
    where,
)
from derive.language import (
    equal as same,
)
from derive.oracle import evaluate


@op
def stacked(x: Real["... I"], w: Real["H I"], b: Real["H"], v: Real["O H"], c: Real["O"]):
    """Two linear layers are one, with weights v w and bias v b + c."""
    return linear(linear(x, w, b), v, c), sum(x * sum(v * w, "H"), "I") + (sum(v * b, "H") + c)


@op
def norm_mean(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """The mean over the batch is beta: 0 before the shift."""
    return mean(batch_norm_train(x, gamma, beta, eps=eps), "N"), beta


@op
def norm_variance_one(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """The variance is gamma^2: 1 before the scale."""
    return mean((batch_norm_train(x, gamma, beta, eps=eps) - beta) ** 2, "N"), gamma**2


@op
def norm_variance(x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """The variance is v/(v + eps) before the scale."""
    v = mean((x - mean(x, "N")) ** 2, "N")
    return mean((batch_norm_train(x, gamma, beta, eps=eps) - beta) ** 2, "N"), gamma**2 * v / (v + eps)


@op
def biased_norm(x: Real["N D"], b: Real["D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """Batch norm of what has a bias."""
    return batch_norm_train(x + b, gamma, beta, eps=eps)


@op
def bias_no_value(x: Real["N D"], b: Real["D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """A bias before batch norm changes nothing."""
    return biased_norm(x, b, gamma, beta, eps=eps), batch_norm_train(x, gamma, beta, eps=eps)


avg_pool2d = find("avg_pool2d")
d_biased = derived(biased_norm)
d_embedding, d_add, d_multiply, d_matmul, d_sum, d_bias, d_residual, d_pool = map(
    derived, (embedding, add, multiply, matmul, total, bias_add, residual_add, global_avg_pool)
)


@op
def bias_no_gradient(g: Real["N D"], x: Real["N D"], b: Real["D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive):
    """And its gradient is 0."""
    return d_biased(g, x, b, gamma, beta, eps=eps)[1], 0


@op
def running_step(x: Real["N D"], r: Real["D"], v: Real["D"], t: Count, *, momentum: Range(0, 1, low_included=False, high_included=False)):
    """With batches of one mean mu, the running mean is (1 - m)^t r + (1 - (1 - m)^t) mu after t batches, so also after one more."""
    mu, q = mean(x, "N"), 1 - momentum
    after = batch_norm_statistics(x, q**t * r + (1 - q**t) * mu, v, momentum=momentum)[2]
    return after, q ** (t + 1) * r + (1 - q ** (t + 1)) * mu


@op
def running_fades(x: Real["N D"], r: Real["D"], h: Real["D"], v: Real["D"], *, momentum: Range(0, 1)):
    """What an earlier batch left in it is multiplied by 1 - m: an exponential average."""
    step = (batch_norm_statistics(x, s, v, momentum=momentum)[2] for s in (r + h, r))
    more, less = step
    return more - less, (1 - momentum) * h


@op
def running_at_start(x: Real["N D"], v: Real["D"], *, momentum: Range(0, 1)):
    """Starting from 0, it is m*mu after one batch, not mu: biased at the start."""
    return batch_norm_statistics(x, v - v, v, momentum=momentum)[2], momentum * mean(x, "N")


@op
def lookup(w: Real["V D"], ids: Index["... -> V"]):
    """A look-up is a one-hot vector times the table."""
    return embedding(w, ids), sum(onehot(ids, "V") * w, "V")


@op
def lookup_gradient(g: Real["N D"], w: Real["V D"], ids: Index["N -> V"]):
    """Its gradient adds up over repeated indices."""
    return d_embedding(g, w, ids), sum(onehot(ids, "V") * g, "N")


@op
def add_first(g: Real["..."], a: Real["..."], b: Real["..."]):
    """Addition passes the gradient on."""
    return d_add(g, a, b)[0], g


@op
def multiply_first(g: Real["..."], a: Real["..."], b: Real["..."]):
    """Multiplication swaps: a gets g times b."""
    return d_multiply(g, a, b)[0], g * b


@op
def multiply_second(g: Real["..."], a: Real["..."], b: Real["..."]):
    """And b gets g times a."""
    return d_multiply(g, a, b)[1], g * a


@op
def matmul_first(g: Real["I J"], a: Real["I K"], b: Real["K J"]):
    """A product of matrices transposes: a gets g b^T."""
    return d_matmul(g, a, b)[0], sum(g * b, "J")


@op
def matmul_second(g: Real["I J"], a: Real["I K"], b: Real["K J"]):
    """And b gets a^T g."""
    return d_matmul(g, a, b)[1], sum(a * g, "I")


@op
def sum_gradient(g: Real["N"], x: Real["N D"]):
    """The gradient of a sum is broadcast."""
    return d_sum(g, x), g


@op
def broadcast_gradient(g: Real["N D"], x: Real["N D"], b: Real["D"]):
    """The gradient of a broadcast is summed."""
    return d_bias(g, x, b)[1], sum(g, "N")


@op
def skipped(x: Real["N D"], w: Real["D D'"]):
    """A residual block."""
    return residual_add(x, tanh(sum(x.at(D=idx("D'")) * w, "D'")))


@op
def branch(x: Real["N D"], w: Real["D D'"]):
    """Its branch alone."""
    return tanh(sum(x.at(D=idx("D'")) * w, "D'"))


d_skipped, d_branch = map(derived, (skipped, branch))


@op
def skip_first(g: Real["..."], x: Real["..."], f: Real["..."]):
    """The gradient of x + f reaches x unchanged."""
    return d_residual(g, x, f)[0], g


@op
def skip_second(g: Real["..."], x: Real["..."], f: Real["..."]):
    """And reaches the branch unchanged."""
    return d_residual(g, x, f)[1], g


@op
def skip_block(g: Real["N D"], x: Real["N D"], w: Real["D D'"]):
    """So for a block x + tanh(w x) it is g plus the branch's."""
    return d_skipped(g, x, w)[0], g + d_branch(g, x, w)[0]


@op
def skip_bound(x: Real[""], *, product: NonNegative, c: Range(0, 1), r: Range(-1, 1)):
    """Where slopes of branches are at most c < 1 in size, a block multiplies by at least 1 - c."""
    return product * (1 - c), product * (1 + r * c)


@op
def skip_no_bound(x: Real[""], *, product: NonNegative, slope: Range()):
    """Without that, a product of blocks is no smaller than before."""
    return product, product * (1 + slope)


@op
def pooled_unit(row: Real[""], column: Real[""]):
    """Of a 7x7 map that is 49 at one place, a 7x7 window leaves 1, as does global pooling: linear maps that agree so are one."""
    return 1 + row - row + column - column


def pooled_share(row: int, column: int) -> int:
    """What average pooling with the kernel of the map makes of such a map, and global pooling, too."""
    x = np.zeros((1, 1, 7, 7), dtype=int)
    x[0, 0, row, column] = 49
    whole = float(evaluate(global_avg_pool.program, {"x": x})[global_avg_pool.program.outputs[0].name].value[0, 0])
    pooled = evaluate(avg_pool2d.program, {"x": x}, {"kernel": 7, "stride": 7})[avg_pool2d.program.outputs[0].name].value
    return int(whole) if pooled.shape == (1, 1, 1, 1) and pooled[0, 0, 0, 0] == whole else 0


@op
def pooled_gradient(g: Real["N C"], x: Real["N C H W"]):
    """Its gradient is g/(H*W) everywhere."""
    return d_pool(g, x), g / (size("H") * size("W"))


@op
def pooled_seven(h: Real[""], w: Real[""]):
    """1/49 for a map of 7x7."""
    return 1 / (h * w)


@op
def conv_adjoint(
    g: Real["N O P"], x: Real["N C L"], w: Real["O C K"], *, stride: PositiveInteger, padding: Natural, dilation: PositiveInteger
):
    """The gradient of a convolution by its input adds g w wherever a window reads: the transposed convolution."""
    hit = where(same(idx("L"), stride * idx("P") + dilation * idx("K") - padding), 1, 0)
    return sum(g * w * hit, "O P K")


@op
def conv_correlation(
    g: Real["N O P"], x: Real["N C L"], w: Real["O C K"], *, stride: PositiveInteger, padding: Natural, dilation: PositiveInteger
):
    """The gradient by its window correlates the input with g: a convolution in which stride and dilation have changed places."""
    return sum(x.at(L=dilation * idx("K") + stride * idx("P") - padding) * g, "N P")


@op
def conv2d_adjoint(
    g: Real["N O P Q"], x: Real["N C H W"], w: Real["O C I J"], *, stride: PositiveInteger, padding: Natural, dilation: PositiveInteger
):
    """The same in two dimensions: g w is added wherever a window reads."""
    row = where(same(idx("H"), stride * idx("P") + dilation * idx("I") - padding), 1, 0)
    column = where(same(idx("W"), stride * idx("Q") + dilation * idx("J") - padding), 1, 0)
    return sum(g * w * row * column, "O P Q I J")


@op
def conv2d_correlation(
    g: Real["N O P Q"], x: Real["N C H W"], w: Real["O C I J"], *, stride: PositiveInteger, padding: Natural, dilation: PositiveInteger
):
    """And by the window: the input correlated with g, stride and dilation in each other's place."""
    rows, columns = dilation * idx("I") + stride * idx("P") - padding, dilation * idx("J") + stride * idx("Q") - padding
    return sum(x.at(H=rows, W=columns) * g, "N P Q")


@op
def transposed_size(x: Real[""], *, size: Positive, kernel: Positive, stride: Positive, padding: NonNegative, dilation: Positive):
    """Its smallest output size; output_padding adds 0 to stride - 1, all of which the convolution takes back to `size`."""
    return stride * (size - 1) + dilation * (kernel - 1) + 1 - 2 * padding


PLACES = [{"row": i, "column": j} for i in range(7) for j in range(7)]

CLAIMS = (
    Claim(1, "Stacked linear layers equal one linear layer.", (equal(stacked),)),
    Claim(
        31,
        "Batch norm gives mean 0, variance 1.",
        (equal(norm_variance_one),),
        instead=(equal(norm_variance),),
        also=(equal(norm_mean),),
    ),
    Claim(32, "A bias before batch norm is redundant.", (equal(bias_no_value), about(equal(bias_no_gradient), batch_norm_train))),
    Claim(
        33, "Running statistics are an exponential average.", (equal(running_step), equal(running_fades)), also=(equal(running_at_start),)
    ),
    Claim(34, "An embedding is a one-hot vector times a matrix.", (equal(lookup), equal(lookup_gradient))),
    Claim(
        36,
        "Addition passes the gradient on, multiplication swaps, matmul transposes, sum and broadcast are mirror images.",
        tuple(map(equal, (add_first, multiply_first, multiply_second, matmul_first, matmul_second, sum_gradient, broadcast_gradient))),
    ),
    Claim(
        42,
        "Skip connection: the gradient is the identity plus the branch's.",
        (equal(skip_first), equal(skip_second), equal(skip_block)),
        also=(at_most(skip_bound), fails(at_most(skip_no_bound))),
    ),
    Claim(
        50,
        "Global average pooling 7x7 to 1x1 is average pooling with the kernel of the map.",
        (counted(pooled_unit, pooled_share, PLACES), equal(pooled_gradient), number(pooled_seven, "0.020408", {"h": "7", "w": "7"})),
    ),
    Claim(
        51,
        "Transposed convolution is the adjoint of convolution.",
        (
            about(gradient(conv1d, "x", conv_adjoint), conv_transpose1d),
            about(gradient(conv2d, "x", conv2d_adjoint), conv_transpose2d),
            gradient(conv1d, "w", conv_correlation),
            gradient(conv2d, "w", conv2d_correlation),
            window(transposed_size, transposed_output_size),
        ),
    ),
)
