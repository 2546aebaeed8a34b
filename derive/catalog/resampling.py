"""Layers that change how many positions there are: pooling, transposed convolution, upsampling, gates over halves."""
# mypy: ignore-errors

from derive.catalog.activations import sigmoid
from derive.language import Natural, PositiveInteger, Real, equal, floor, idx, maximum, mean, minimum, new, op, size, sum, where


@op(source="Dauphin, Fan, Auli & Grangier 2017, arXiv:1612.08083, eq. 1")
def glu(x: Real["... C"]):
    """The first half of the channels, gated by a sigmoid of the second."""
    half = size("C") // 2
    return x.at(C=new("K", size=half)) * sigmoid(x.at(C=idx("K") + half))


@op(source="Szegedy et al. 2015, arXiv:1409.4842, figure 2")
def concat(a: Real["... C"], b: Real["... D"]):
    """Two arrays side by side along the last axis (outside an array there are zeros)."""
    k = new("K", size=size("C") + size("D"))
    return a.at(C=k) + b.at(D=k - size("C"))


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285, section 4")
def conv_transpose1d(
    x: Real["N C L"], w: Real["C O K"],
    *, stride: PositiveInteger = 1, padding: Natural = 0, output_padding: Natural = 0, dilation: PositiveInteger = 1,
):
    """Each input adds a window to the output, at a multiple of the stride: the transpose of a convolution."""
    p = new("P", size=stride * (size("L") - 1) + dilation * (size("K") - 1) + 1 + output_padding - 2 * padding)
    hit = where(equal(p, stride * idx("L") + dilation * idx("K") - padding), 1, 0)
    return sum(x * w * hit, "C L K")


@op(source="LeCun, Bottou, Bengio & Haffner 1998, section II.B")
def avg_pool2d(x: Real["N C H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0):
    """The mean of each window, zeros of the padding included."""
    rows = stride * new("P", size=(size("H") + 2 * padding - kernel) // stride + 1) + new("I", size=kernel) - padding
    columns = stride * new("Q", size=(size("W") + 2 * padding - kernel) // stride + 1) + new("J", size=kernel) - padding
    return mean(x.at(H=rows, W=columns), "I J")


@op(source="torch.nn.AdaptiveAvgPool1d")
def adaptive_avg_pool1d(x: Real["N C L"], *, outputs: PositiveInteger = 1):
    """Means over windows that share the input as evenly as whole numbers can."""
    p = new("P", size=outputs)
    first, after = floor(p * size("L") / outputs), -floor(-(p + 1) * size("L") / outputs)
    inside = where(idx("L") >= first, where(idx("L") < after, 1, 0), 0)
    return sum(inside * x, "L") / sum(inside, "L")


@op(source="torch.nn.Upsample")
def upsample_nearest1d(x: Real["N C L"], *, scale: PositiveInteger = 2):
    """Each element, repeated."""
    return x.at(L=new("P", size=scale * size("L")) // scale)


@op(source="torch.nn.Upsample, corners not aligned")
def upsample_linear1d(x: Real["N C L"], *, scale: PositiveInteger = 2):
    """A straight line between neighbours, level beyond the first and the last."""
    at = maximum((new("P", size=scale * size("L")) + 1 / 2) / scale - 1 / 2, 0)
    left = floor(at)
    right = minimum(left + 1, size("L") - 1)
    return x.at(L=left) * (1 - (at - left)) + x.at(L=right) * (at - left)


@op(source="Shi et al. 2016, arXiv:1609.05158, eq. 4")
def pixel_shuffle(x: Real["N C H W"], *, scale: PositiveInteger = 2) -> Real["N O P Q"]:
    """Channels, spread over finer pixels."""
    p, q = new("P", size=scale * size("H")), new("Q", size=scale * size("W"))
    row, column = p // scale, q // scale
    channel = (new("O", size=size("C") // scale**2) * scale + p - scale * row) * scale + q - scale * column
    return x.at(C=channel, H=row, W=column)


# fmt: off
RESAMPLING = (
    glu, concat, conv_transpose1d, avg_pool2d, adaptive_avg_pool1d, upsample_nearest1d, upsample_linear1d, pixel_shuffle,
)
# fmt: on
