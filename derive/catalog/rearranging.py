"""The same numbers elsewhere: padding, windows as axes of their own and back, shuffled channels."""
# mypy: ignore-errors

from derive.language import Natural, PositiveInteger, Real, abs, assume, idx, maximum, minimum, new, onehot, op, size, sum, where


@op(source="numpy.pad, mode constant; torch.nn.functional.pad along the last axis")
def pad_constant(x: Real["... L"], *, before: Natural = 1, after: Natural = 1, value=0) -> Real["... P"]:
    """The input between copies of one number."""
    p = new("P", size=size("L") + before + after)
    return x.at(L=p - before) + where(p < before, value, where(p >= size("L") + before, value, 0))


@op(source="numpy.pad, mode edge; torch.nn.ReplicationPad1d")
def pad_replicate(x: Real["... L"], *, before: Natural = 1, after: Natural = 1) -> Real["... P"]:
    """The input between copies of its first and of its last element."""
    p = new("P", size=size("L") + before + after)
    return x.at(L=minimum(maximum(p - before, 0), size("L") - 1))


@op(source="numpy.pad, mode reflect; torch.nn.ReflectionPad1d")
def pad_reflect(x: Real["... L"], *, before: Natural = 1, after: Natural = 1) -> Real["... P"]:
    """The input, mirrored at its first and at its last element, which are not repeated."""
    assume(before < size("L"))
    assume(after < size("L"))
    p = new("P", size=size("L") + before + after)
    last = size("L") - 1
    return x.at(L=last - abs(last - abs(p - before)))


@op(source="numpy.pad, mode wrap; torch.nn.CircularPad1d")
def pad_circular(x: Real["... L"], *, before: Natural = 1, after: Natural = 1) -> Real["... P"]:
    """The input, continued from its other end on either side."""
    return x.at(L=(new("P", size=size("L") + before + after) - before) % size("L"))


@op(source="torch.nn.Unfold, the axes apart")
def unfold(
    x: Real["N C H W"], *, kernel: PositiveInteger = 2, stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1
) -> Real["N C I J P Q"]:
    """Each window of an image; zero outside the image."""
    rows = stride * new("P") + dilation * new("I", size=kernel) - padding
    columns = stride * new("Q") + dilation * new("J", size=kernel) - padding
    return x.at(H=rows, W=columns)


@op(source="torch.nn.Fold, the axes apart")
def fold(
    x: Real["N C I J P Q"], *, high: PositiveInteger = 4, wide: PositiveInteger = 4,
    stride: PositiveInteger = 1, padding: Natural = 0, dilation: PositiveInteger = 1,
) -> Real["N C H W"]:  # fmt: skip
    """Windows added up to an image, each where it was read: the transpose of unfold."""
    new("H", size=high)
    new("W", size=wide)
    rows = stride * idx("P") + dilation * idx("I") - padding
    columns = stride * idx("Q") + dilation * idx("J") - padding
    return sum(x * onehot(rows, "H") * onehot(columns, "W"), "I J P Q")


@op(source="Shi et al. 2016, arXiv:1609.05158, eq. 4, from fine to coarse; torch.nn.PixelUnshuffle")
def pixel_unshuffle(x: Real["N C H W"], *, scale: PositiveInteger = 2) -> Real["N O P Q"]:
    """Fine pixels, collected in channels."""
    assume(size("H") % scale, equals=0)
    assume(size("W") % scale, equals=0)
    o = new("O", size=size("C") * scale**2)
    rows = scale * new("P", size=size("H") // scale) + (o // scale) % scale
    columns = scale * new("Q", size=size("W") // scale) + o % scale
    return x.at(C=o // scale**2, H=rows, W=columns)


@op(source="Zhang, Zhou, Lin & Sun 2018, arXiv:1707.01083, section 3.1")
def channel_shuffle(x: Real["N C H W"], *, groups: PositiveInteger = 2) -> Real["N O H W"]:
    """The channels of all groups in turn: the first of each, then the second of each."""
    assume(size("C") % groups, equals=0)
    o = new("O", size=size("C"))
    return x.at(C=(o % groups) * (size("C") // groups) + o // groups)


# fmt: off
REARRANGING = (
    pad_constant, pad_replicate, pad_reflect, pad_circular, unfold, fold, pixel_unshuffle, channel_shuffle,
)
# fmt: on
