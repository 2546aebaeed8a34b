"""Layers that change how many positions there are: transposed convolution, upsampling, gates over halves."""
# mypy: ignore-errors

from derive.catalog.activations import sigmoid
from derive.language import Natural, PositiveInteger, Real, abs, assume, floor, idx, maximum, minimum, new, onehot, op, size, sum


@op(source="Dauphin, Fan, Auli & Grangier 2017, arXiv:1612.08083, eq. 1")
def glu(x: Real["... C"]):
    """The first half of the channels, gated by a sigmoid of the second."""
    assume(size("C") % 2, equals=0)
    half = size("C") // 2
    return x.at(C=new("K", size=half)) * sigmoid(x.at(C=idx("K") + half))


@op(source="Szegedy et al. 2015, arXiv:1409.4842, figure 2")
def concat(a: Real["... C"], b: Real["... D"]):
    """Two arrays side by side along the last axis (outside an array there are zeros)."""
    k = new("K", size=size("C") + size("D"))
    return a.at(C=k) + b.at(D=k - size("C"))


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285, section 4")
def conv_transpose1d(
    x: Real["N C L"], w: Real["C O K"], *,
    stride: PositiveInteger = 1, padding: Natural = 0, output_padding: Natural = 0, dilation: PositiveInteger = 1,
):  # fmt: skip
    """Each input adds a window to the output, at a multiple of the stride: the transpose of a convolution."""
    new("P", size=stride * (size("L") - 1) + dilation * (size("K") - 1) + 1 + output_padding - 2 * padding)
    return sum(x * w * onehot(stride * idx("L") + dilation * idx("K") - padding, "P"), "C L K")


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
    assume(size("C") % scale**2, equals=0)
    p, q = new("P", size=scale * size("H")), new("Q", size=scale * size("W"))
    row, column = p // scale, q // scale
    channel = (new("O", size=size("C") // scale**2) * scale + p - scale * row) * scale + q - scale * column
    return x.at(C=channel, H=row, W=column)


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285, section 4")
def conv_transpose2d(
    x: Real["N C H W"], w: Real["C O I J"], *,
    stride: PositiveInteger = 1, padding: Natural = 0, output_padding: Natural = 0, dilation: PositiveInteger = 1,
) -> Real["N O P Q"]:  # fmt: skip
    """Each input adds a window to the output, at multiples of the stride: the transpose of a convolution."""
    new("P", size=stride * (size("H") - 1) + dilation * (size("I") - 1) + 1 + output_padding - 2 * padding)
    new("Q", size=stride * (size("W") - 1) + dilation * (size("J") - 1) + 1 + output_padding - 2 * padding)
    rows = stride * idx("H") + dilation * idx("I") - padding
    columns = stride * idx("W") + dilation * idx("J") - padding
    return sum(x * w * onehot(rows, "P") * onehot(columns, "Q"), "C H W I J")


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285, section 4")
def conv_transpose3d(
    x: Real["N C D H W"], w: Real["C O I J K"], *,
    stride: PositiveInteger = 1, padding: Natural = 0, output_padding: Natural = 0, dilation: PositiveInteger = 1,
) -> Real["N O P Q R"]:  # fmt: skip
    """Each input adds a window to the output, at multiples of the stride: the transpose of a convolution of volumes."""
    new("P", size=stride * (size("D") - 1) + dilation * (size("I") - 1) + 1 + output_padding - 2 * padding)
    new("Q", size=stride * (size("H") - 1) + dilation * (size("J") - 1) + 1 + output_padding - 2 * padding)
    new("R", size=stride * (size("W") - 1) + dilation * (size("K") - 1) + 1 + output_padding - 2 * padding)
    slices = stride * idx("D") + dilation * idx("I") - padding
    rows = stride * idx("H") + dilation * idx("J") - padding
    columns = stride * idx("W") + dilation * idx("K") - padding
    return sum(x * w * onehot(slices, "P") * onehot(rows, "Q") * onehot(columns, "R"), "C D H W I J K")


@op(source="torch.nn.Upsample")
def upsample_nearest(x: Real["N C H W"], *, scale: PositiveInteger = 2) -> Real["N C P Q"]:
    """Each pixel, repeated along rows and columns."""
    return x.at(H=new("P", size=scale * size("H")) // scale, W=new("Q", size=scale * size("W")) // scale)


@op(source="torch.nn.Upsample, corners not aligned")
def upsample_bilinear(x: Real["N C H W"], *, scale: PositiveInteger = 2) -> Real["N C P Q"]:
    """A straight line between neighbours along rows and columns, level beyond the first and the last."""
    across = minimum(maximum((new("Q", size=scale * size("W")) + 1 / 2) / scale - 1 / 2, 0), size("W") - 1)
    columns = maximum(1 - abs(across - idx("W")), 0)
    wide = sum(columns * x, "W")
    down = minimum(maximum((new("P", size=scale * size("H")) + 1 / 2) / scale - 1 / 2, 0), size("H") - 1)
    rows = maximum(1 - abs(down - idx("H")), 0)
    return sum(rows * wide, "H")


# fmt: off
RESAMPLING = (
    glu, concat, conv_transpose1d, upsample_nearest1d, upsample_linear1d, pixel_shuffle,
    conv_transpose2d, conv_transpose3d, upsample_nearest, upsample_bilinear,
)
# fmt: on
