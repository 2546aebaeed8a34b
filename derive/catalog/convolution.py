"""Convolution: sums over windows that an affine index map reads. Outside the input there are zeros."""
# mypy: ignore-errors

from derive.language import Natural, PositiveInteger, Real, assume, idx, mean, new, op, size, sum


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285; van den Oord et al. 2016, arXiv:1609.03499")
def conv1d(x: Real["N C L"], w: Real["O C K"], *, stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1):
    """Cross-correlation of a sequence with a bank of windows; zero outside the sequence."""
    at = stride * new("P") + dilation * idx("K") - padding
    return sum(x.at(L=at) * w, "C K")


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285")
def conv2d(x: Real["N C H W"], w: Real["O C I J"], *, stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1):
    """Cross-correlation of an image with a bank of windows; zero outside the image."""
    rows = stride * new("P") + dilation * idx("I") - padding
    columns = stride * new("Q") + dilation * idx("J") - padding
    return sum(x.at(H=rows, W=columns) * w, "C I J")


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285")
def conv2d_bias(
    x: Real["N C H W"], w: Real["O C I J"], b: Real["O"],
    *, stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1,
):  # fmt: skip
    """Cross-correlation of an image with a bank of windows, plus a bias for each; zero outside the image."""
    rows = stride * new("P") + dilation * idx("I") - padding
    columns = stride * new("Q") + dilation * idx("J") - padding
    return sum(x.at(H=rows, W=columns) * w, "C I J") + b


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285, section 2.3")
def conv2d_same(x: Real["N C H W"], w: Real["O C I J"], *, dilation: PositiveInteger = 1):
    """Cross-correlation whose output is as large as the image, for windows of odd size."""
    rows = idx("H") + dilation * (idx("I") - size("I") // 2)
    columns = idx("W") + dilation * (idx("J") - size("J") // 2)
    return sum(x.at(H=rows, W=columns) * w, "C I J")


@op(source="van den Oord et al. 2016, WaveNet, arXiv:1609.03499, section 2.1")
def conv1d_causal(x: Real["N C L"], w: Real["O C K"], *, dilation: PositiveInteger = 1):
    """Cross-correlation in which no output sees a later input; zero before the sequence."""
    at = idx("L") + dilation * (idx("K") - size("K") + 1)
    return sum(x.at(L=at) * w, "C K")


@op(source="Krizhevsky, Sutskever & Hinton 2012, section 3.2; Xie et al. 2017, arXiv:1611.05431")
def conv2d_grouped(
    x: Real["N G C H W"], w: Real["G O C I J"], *, stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1
):  # fmt: skip
    """Cross-correlation of each group of channels with a bank of its own; zero outside the image."""
    rows = stride * new("P") + dilation * idx("I") - padding
    columns = stride * new("Q") + dilation * idx("J") - padding
    return sum(x.at(H=rows, W=columns) * w, "C I J")


@op(source="Chollet 2017, arXiv:1610.02357, section 2")
def conv2d_depthwise(
    x: Real["N C H W"], w: Real["C I J"], *, stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1
):  # fmt: skip
    """Cross-correlation of each channel with a window of its own; zero outside the image."""
    rows = stride * new("P") + dilation * idx("I") - padding
    columns = stride * new("Q") + dilation * idx("J") - padding
    return sum(x.at(H=rows, W=columns) * w, "I J")


@op(source="Lin, Chen & Yan 2014, arXiv:1312.4400, section 3.1")
def conv2d_pointwise(x: Real["N C H W"], w: Real["O C"]):
    """A linear map of the channels at each position."""
    return sum(x * w, "C")


@op(source="Chollet 2017, arXiv:1610.02357, section 2")
def conv2d_separable(x: Real["N C H W"], depth: Real["C I J"], point: Real["O C"], *, stride: PositiveInteger = 1, padding: Natural = 0):
    """A convolution of each channel alone, then a linear map of the channels."""
    h = conv2d_depthwise(x, depth, stride=stride, padding=padding)
    return sum(h * point, "C")


@op(source="Lin, Chen & Yan 2014, arXiv:1312.4400, section 3.2")
def global_avg_pool(x: Real["N C H W"]):
    """The mean of each channel."""
    return mean(x, "H W")


@op(source="Tran, Bourdev, Fergus, Torresani & Paluri 2015, arXiv:1412.0767, section 3.1")
def conv3d(
    x: Real["N C D H W"], w: Real["O C I J K"], *, stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1
):  # fmt: skip
    """Cross-correlation of a volume with a bank of windows; zero outside the volume."""
    slices = stride * new("P") + dilation * idx("I") - padding
    rows = stride * new("Q") + dilation * idx("J") - padding
    columns = stride * new("R") + dilation * idx("K") - padding
    return sum(x.at(D=slices, H=rows, W=columns) * w, "C I J K")


@op(source="Dumoulin & Visin 2016, arXiv:1603.07285; torch.nn.ZeroPad2d before a convolution")
def conv2d_padded(
    x: Real["N C H W"], w: Real["O C I J"], *,
    top: Natural = 0, bottom: Natural = 0, left: Natural = 0, right: Natural = 0,
    stride: PositiveInteger = 1, dilation: PositiveInteger = 1,
):  # fmt: skip
    """Cross-correlation of an image with a bank of windows; as many zeros on each of the four sides as is said."""
    rows = stride * new("P", size=(size("H") + top + bottom - dilation * (size("I") - 1) - 1) // stride + 1) + dilation * idx("I") - top
    columns = stride * new("Q", size=(size("W") + left + right - dilation * (size("J") - 1) - 1) // stride + 1) + dilation * idx("J") - left
    return sum(x.at(H=rows, W=columns) * w, "C I J")


@op(source="Krizhevsky, Sutskever & Hinton 2012, section 3.2; torch.nn.Conv2d with groups")
def conv2d_groups(
    x: Real["N C H W"], w: Real["O D I J"], *,
    stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1, groups: PositiveInteger = 1,
):  # fmt: skip
    """Cross-correlation in which each group of outputs sees a group of channels; zero outside the image."""
    assume(size("D") * groups, equals=size("C"))
    assume(size("O") % groups, equals=0)
    group = idx("O") * groups // size("O")
    rows = stride * new("P") + dilation * idx("I") - padding
    columns = stride * new("Q") + dilation * idx("J") - padding
    return sum(x.at(C=group * size("D") + idx("D"), H=rows, W=columns) * w, "D I J")


@op(source="Gehring et al. 2017, arXiv:1705.03122; torch.conv_tbc")
def conv_tbc(x: Real["T B C"], w: Real["K C O"], b: Real["O"], *, padding: Natural = 0) -> Real["P B O"]:
    """Cross-correlation of a sequence of batches with a bank of windows, plus a bias for each; zero outside the sequence."""
    return sum(x.at(T=new("P") + idx("K") - padding) * w, "C K") + b


# fmt: off
CONVOLUTION = (
    conv1d, conv2d, conv2d_bias, conv2d_same, conv1d_causal, conv2d_grouped, conv2d_depthwise, conv2d_pointwise, conv2d_separable,
    global_avg_pool,
    conv3d, conv2d_padded, conv2d_groups, conv_tbc,
)
# fmt: on
