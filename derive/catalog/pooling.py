"""Pooling: the largest, mean or length of each window. Positions outside never win, and count in a mean as each op says."""
# mypy: ignore-errors

from derive.language import (
    Natural,
    PositiveInteger,
    Real,
    assume,
    floor,
    idx,
    inf,
    max,
    mean,
    minimum,
    new,
    op,
    size,
    sqrt,
    sum,
    where,
)


def _ceiling(a, b):
    return -floor(-a / b)


def _windows_begun(axis, kernel, stride, padding):
    """How many windows begin inside the array or the padding before it, the last perhaps cut off."""
    return minimum(_ceiling(size(axis) + 2 * padding - kernel, stride) + 1, _ceiling(size(axis) + padding, stride))


def _share(axis, made, outputs):
    """1 where a position belongs to an output, of those that share the axis as evenly as whole numbers can."""
    p = new(made, size=outputs)
    first, after = floor(p * size(axis) / outputs), _ceiling((p + 1) * size(axis), outputs)
    return where(idx(axis) >= first, where(idx(axis) < after, 1, 0), 0)


@op(source="Riesenhuber & Poggio 1999; torch.nn.MaxPool1d")
def max_pool1d(
    x: Real["N C L"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0, dilation: PositiveInteger = 1
) -> Real["N C P"]:
    """The largest element of each window; the first of several takes the derivative."""
    assume(2 * padding <= kernel)
    window = x.at(L=stride * new("P") + dilation * new("K", size=kernel) - padding, outside=-inf)
    return max(window, "K")


@op(source="Riesenhuber & Poggio 1999; torch.nn.MaxPool2d")
def max_pool2d(
    x: Real["N C H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0, dilation: PositiveInteger = 1
) -> Real["N C P Q"]:
    """The largest element of each window, along rows first; the first of several takes the derivative."""
    assume(2 * padding <= kernel)
    row = x.at(W=stride * new("Q") + dilation * new("J", size=kernel) - padding, outside=-inf)
    along = max(row, "J")
    column = along.at(H=stride * new("P") + dilation * new("I", size=kernel) - padding, outside=-inf)
    return max(column, "I")


@op(source="Riesenhuber & Poggio 1999; torch.nn.MaxPool3d")
def max_pool3d(
    x: Real["N C D H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0, dilation: PositiveInteger = 1
) -> Real["N C P Q R"]:
    """The largest element of each window of a volume, axis by axis from the last; the first of several takes the derivative."""
    assume(2 * padding <= kernel)
    row = x.at(W=stride * new("R") + dilation * new("K", size=kernel) - padding, outside=-inf)
    along = max(row, "K")
    column = along.at(H=stride * new("Q") + dilation * new("J", size=kernel) - padding, outside=-inf)
    across = max(column, "J")
    depth = across.at(D=stride * new("P") + dilation * new("I", size=kernel) - padding, outside=-inf)
    return max(depth, "I")


@op(source="torch.nn.MaxPool2d with ceil_mode")
def max_pool2d_ceil(
    x: Real["N C H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0
) -> Real["N C P Q"]:  # fmt: skip
    """The largest element of each window, those included that the end of the image cuts off."""
    assume(2 * padding <= kernel)
    q = new("Q", size=_windows_begun("W", kernel, stride, padding))
    row = x.at(W=stride * q + new("J", size=kernel) - padding, outside=-inf)
    along = max(row, "J")
    p = new("P", size=_windows_begun("H", kernel, stride, padding))
    column = along.at(H=stride * p + new("I", size=kernel) - padding, outside=-inf)
    return max(column, "I")


@op(source="Riesenhuber & Poggio 1999; Lin, Chen & Yan 2014, section 3.2, with the largest in place of the mean")
def global_max_pool(x: Real["N C H W"]):
    """The largest element of each channel; the first of several takes the derivative."""
    return max(x, "H W")


@op(source="torch.nn.AdaptiveMaxPool1d")
def adaptive_max_pool1d(x: Real["N C L"], *, outputs: PositiveInteger = 1) -> Real["N C P"]:
    """The largest elements of windows that share the input as evenly as whole numbers can."""
    inside = _share("L", "P", outputs)
    return max(x + where(inside > 0, 0, -inf), "L")


@op(source="torch.nn.AdaptiveMaxPool2d")
def adaptive_max_pool2d(x: Real["N C H W"], *, high: PositiveInteger = 1, wide: PositiveInteger = 1) -> Real["N C P Q"]:
    """The largest elements of windows that share the image as evenly as whole numbers can."""
    columns = _share("W", "Q", wide)
    along = max(x + where(columns > 0, 0, -inf), "W")
    rows = _share("H", "P", high)
    return max(along + where(rows > 0, 0, -inf), "H")


@op(source="torch.nn.AdaptiveMaxPool3d")
def adaptive_max_pool3d(
    x: Real["N C D H W"], *, deep: PositiveInteger = 1, high: PositiveInteger = 1, wide: PositiveInteger = 1
) -> Real["N C P Q R"]:  # fmt: skip
    """The largest elements of windows that share the volume as evenly as whole numbers can."""
    columns = _share("W", "R", wide)
    along = max(x + where(columns > 0, 0, -inf), "W")
    rows = _share("H", "Q", high)
    across = max(along + where(rows > 0, 0, -inf), "H")
    slices = _share("D", "P", deep)
    return max(across + where(slices > 0, 0, -inf), "D")


@op(source="LeCun, Bottou, Bengio & Haffner 1998, section II.B; torch.nn.AvgPool1d")
def avg_pool1d(x: Real["N C L"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0):
    """The mean of each window, zeros of the padding included."""
    assume(2 * padding <= kernel)
    return mean(x.at(L=stride * new("P") + new("K", size=kernel) - padding), "K")


@op(source="LeCun, Bottou, Bengio & Haffner 1998, section II.B")
def avg_pool2d(x: Real["N C H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0):
    """The mean of each window, zeros of the padding included."""
    assume(2 * padding <= kernel)
    rows = stride * new("P") + new("I", size=kernel) - padding
    columns = stride * new("Q") + new("J", size=kernel) - padding
    return mean(x.at(H=rows, W=columns), "I J")


@op(source="torch.nn.AvgPool3d")
def avg_pool3d(x: Real["N C D H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0):
    """The mean of each window of a volume, zeros of the padding included."""
    assume(2 * padding <= kernel)
    slices = stride * new("P") + new("I", size=kernel) - padding
    rows = stride * new("Q") + new("J", size=kernel) - padding
    columns = stride * new("R") + new("K", size=kernel) - padding
    return mean(x.at(D=slices, H=rows, W=columns), "I J K")


@op(source="Sermanet, Chintala & LeCun 2012, arXiv:1204.3968, eq. 1 with P = 2; torch.nn.LPPool1d with norm_type 2")
def l2_pool1d(x: Real["N C L"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2):
    """The length of each window as a vector."""
    return sqrt(sum(x.at(L=stride * new("P") + new("K", size=kernel)) ** 2, "K"))


@op(source="Sermanet, Chintala & LeCun 2012, arXiv:1204.3968, eq. 1 with P = 2; torch.nn.LPPool2d with norm_type 2")
def l2_pool2d(x: Real["N C H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2):
    """The length of each window as a vector."""
    rows = stride * new("P") + new("I", size=kernel)
    columns = stride * new("Q") + new("J", size=kernel)
    return sqrt(sum(x.at(H=rows, W=columns) ** 2, "I J"))


@op(source="Sermanet, Chintala & LeCun 2012, arXiv:1204.3968, eq. 1 with P = 2; torch.nn.LPPool3d with norm_type 2")
def l2_pool3d(x: Real["N C D H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2):
    """The length of each window of a volume as a vector."""
    slices = stride * new("P") + new("I", size=kernel)
    rows = stride * new("Q") + new("J", size=kernel)
    columns = stride * new("R") + new("K", size=kernel)
    return sqrt(sum(x.at(D=slices, H=rows, W=columns) ** 2, "I J K"))


@op(source="torch.nn.AvgPool2d without count_include_pad")
def avg_pool2d_inside(x: Real["N C H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0):
    """The mean of what each window sees of the image, the padding left out."""
    assume(2 * padding <= kernel)
    rows = stride * new("P") + new("I", size=kernel) - padding
    columns = stride * new("Q") + new("J", size=kernel) - padding
    high = sum(where(rows >= 0, where(rows < size("H"), 1, 0), 0), "I")
    wide = sum(where(columns >= 0, where(columns < size("W"), 1, 0), 0), "J")
    return sum(x.at(H=rows, W=columns), "I J") / (high * wide)


@op(source="torch.nn.AvgPool2d with ceil_mode")
def avg_pool2d_ceil(x: Real["N C H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 2, padding: Natural = 0):
    """The mean of each window, those included that the end of the padded image cuts off; what lies beyond does not count."""
    assume(2 * padding <= kernel)
    rows = stride * new("P", size=_windows_begun("H", kernel, stride, padding)) + new("I", size=kernel) - padding
    columns = stride * new("Q", size=_windows_begun("W", kernel, stride, padding)) + new("J", size=kernel) - padding
    high = sum(where(rows < size("H") + padding, 1, 0), "I")
    wide = sum(where(columns < size("W") + padding, 1, 0), "J")
    return sum(x.at(H=rows, W=columns), "I J") / (high * wide)


@op(source="torch.nn.AdaptiveAvgPool1d")
def adaptive_avg_pool1d(x: Real["N C L"], *, outputs: PositiveInteger = 1):
    """Means over windows that share the input as evenly as whole numbers can."""
    inside = _share("L", "P", outputs)
    return sum(inside * x, "L") / sum(inside, "L")


@op(source="torch.nn.AdaptiveAvgPool2d")
def adaptive_avg_pool2d(x: Real["N C H W"], *, high: PositiveInteger = 1, wide: PositiveInteger = 1) -> Real["N C P Q"]:
    """Means over windows that share the image as evenly as whole numbers can."""
    columns = _share("W", "Q", wide)
    along = sum(columns * x, "W") / sum(columns, "W")
    rows = _share("H", "P", high)
    return sum(rows * along, "H") / sum(rows, "H")


@op(source="torch.nn.AdaptiveAvgPool3d")
def adaptive_avg_pool3d(
    x: Real["N C D H W"], *, deep: PositiveInteger = 1, high: PositiveInteger = 1, wide: PositiveInteger = 1
) -> Real["N C P Q R"]:  # fmt: skip
    """Means over windows that share the volume as evenly as whole numbers can."""
    columns = _share("W", "R", wide)
    along = sum(columns * x, "W") / sum(columns, "W")
    rows = _share("H", "Q", high)
    across = sum(rows * along, "H") / sum(rows, "H")
    slices = _share("D", "P", deep)
    return sum(slices * across, "D") / sum(slices, "D")


# fmt: off
POOLING = (
    max_pool1d, max_pool2d, max_pool3d, max_pool2d_ceil, global_max_pool, adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d,
    avg_pool1d, avg_pool2d, avg_pool3d, avg_pool2d_inside, avg_pool2d_ceil, adaptive_avg_pool1d, adaptive_avg_pool2d,
    adaptive_avg_pool3d, l2_pool1d, l2_pool2d, l2_pool3d,
)
# fmt: on
