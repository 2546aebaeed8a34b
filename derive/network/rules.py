"""What each op does to one axis: its size, and its index map. One row per op; the rest of derive.network reads this table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.network import maps
from derive.network.arithmetic import NUMBERS, Arithmetic
from derive.network.maps import SAME_PLACE, Everything, Map, Unfixed
from derive.network.windows import (
    Along,
    Size,
    longer,
    pooled,
    transposed_reads,
    unpooled,
    window_reads,
    windows,
    written,
)


@dataclass(frozen=True)
class Rule:
    """`size` from the sizes of the inputs; `reads` for input number n from its size and the layer's (None: not known).

    Where a size decides what is read, `periodic` says that sizes a whole number of strides apart decide alike.
    `partial` says that the size rule takes sizes that are not known. `mixes` says that besides what `reads` says, every
    output depends a little on every input position (statistics). A map of None: the input lends its size alone.
    """

    size: Callable[[Along, Sequence[Size], Arithmetic], Size]
    reads: Callable[[Along, int, Sequence[int | None], int | None], Map | None]
    periodic: bool = True
    partial: bool = False
    mixes: bool = False


def _given(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    return sizes[0] if at.wanted is None else at.wanted


def _adaptive_reads(at: Along, _: int, sizes: Sequence[int | None], out: int | None) -> Map:
    if at.wanted is None or sizes[0] == at.wanted:
        return SAME_PLACE
    if at.wanted == 1:
        return Everything()
    return Unfixed(_needs_size(at)) if sizes[0] is None else maps.adaptive(sizes[0], at.wanted)


def _one(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    return 1


def _all_reads(at: Along, _: int, sizes: Sequence[int | None], out: int | None) -> Map:
    return SAME_PLACE if sizes[0] == 1 and out == 1 else Everything()


def _scaled(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    return _given(at, sizes, by) if at.scale is None else by.floored(sizes[0], at.scale)


RESIZES = {
    ("nearest", False): maps.nearest,
    ("nearest_exact", False): maps.nearest_exact,
    ("linear", False): maps.linear,
    ("cubic", False): maps.cubic,
    ("linear", True): maps.linear_corners,
    ("cubic", True): maps.cubic_corners,
}


def _scaled_reads(at: Along, _: int, sizes: Sequence[int | None], out: int | None) -> Map:
    method = RESIZES.get((at.layer.mode, at.layer.align_corners))
    if method is None:
        raise at.fail(f"mode {at.layer.mode!r} has no corners to align")
    if (at.scale is None and at.wanted is None) or (sizes[0] is not None and sizes[0] == out):
        return SAME_PLACE
    if sizes[0] == 1:
        return Everything()
    if at.scale is not None and not at.layer.align_corners:
        return method(1 / at.scale)
    if sizes[0] is None or out is None:
        return Unfixed(_needs_size(at))
    if at.layer.align_corners:
        return method(Fraction(sizes[0] - 1, out - 1) if out > 1 else Fraction(0))
    return method(Fraction(sizes[0], out))


def _needs_size(at: Along) -> str:
    return f"what its outputs read depends on the input size, as {at.layer.op} makes {at.wanted or 'a multiple of its'} positions of it"


def _multiplied(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    return sizes[0] * at.block


def _divided(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    if isinstance(sizes[0], int) and sizes[0] % at.block:
        raise at.fail(f"its input has {sizes[0]} positions, which is no multiple of the block {at.block}")
    return by.floored(sizes[0], Fraction(1, at.block))


def _padded(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    before, after = _amounts(at)
    return longer(at, sizes[0], before, after)


def _amounts(at: Along) -> tuple[int, int]:
    pad = at.layer.padding[at.axis]
    if isinstance(pad, str):
        raise at.fail(f"padding {pad!r} needs a window; wanted numbers")
    return pad


def _padded_reads(at: Along, _: int, sizes: Sequence[int | None], out: int | None) -> Map:
    return maps.shifted(-_amounts(at)[0])


def _cropped(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    if at.layer.padding:
        before, after = _amounts(at)
        return sizes[0] - abs(before) - abs(after)
    wanted = sizes[1] if len(sizes) == 2 else _given(at, sizes, by)
    if isinstance(wanted, int) and isinstance(sizes[0], int) and wanted > sizes[0]:
        raise at.fail(f"its input has {sizes[0]} positions, so {wanted} cannot be left of them")
    return wanted


def _cropped_reads(at: Along, n: int, sizes: Sequence[int | None], out: int | None) -> Map | None:
    if n == 1:
        return None
    if at.layer.padding:
        return maps.shifted(abs(_amounts(at)[0]))
    if sizes[0] is None or out is None:
        return Unfixed("where the centre lies depends on the input size")
    return maps.shifted((sizes[0] - out) // 2)


def _sliced(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    start, stop, step = at.layer.start[at.axis], at.layer.stop[at.axis], at.layer.step[at.axis]
    size = sizes[0]
    begin = _inside(start, size, by)
    end = size if stop is None else _inside(stop, size, by)
    return by.windows(end - begin, 1, step, 1)


def _inside(place: int, size: Size, by: Arithmetic) -> Size:
    """A place counted from the start, or from the end where negative, moved into 0 ... size."""
    return by.least(size, place) if place >= 0 else by.most(size + place, 0)


def _sliced_reads(at: Along, _: int, sizes: Sequence[int | None], out: int | None) -> Map:
    start = at.layer.start[at.axis]
    if start >= 0:
        return maps.shifted(start, at.layer.step[at.axis])
    if sizes[0] is None:
        return Unfixed("it counts from the end of an input of unknown size")
    return maps.shifted(_inside(start, sizes[0], NUMBERS), at.layer.step[at.axis])


def _same(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    return sizes[0]


def _same_reads(at: Along, _: int, sizes: Sequence[int | None], out: int | None) -> Map:
    return SAME_PLACE


def _meeting(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    """All branches have the size of the largest, or one position that serves everywhere."""
    wide = [n for n, size in enumerate(sizes) if size != 1]
    _check_equal(at, sizes, wide)
    return sizes[wide[0]] if wide else 1


def _joined(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    _check_equal(at, sizes, range(len(sizes)))
    return sizes[0]


def _check_equal(at: Along, sizes: Sequence[Size], which: Sequence[int]) -> None:
    """Raise, naming two branches, where sizes that are numbers differ."""
    numbers = [n for n in which if isinstance(sizes[n], int)]
    for n in numbers[1:]:
        first = numbers[0]
        if sizes[n] != sizes[first]:
            one, other = at.layer.inputs[first], at.layer.inputs[n]
            raise at.fail(f"its branches differ in size: {one!r} has {sizes[first]} positions, {other!r} has {sizes[n]}")


def _meeting_reads(at: Along, n: int, sizes: Sequence[int | None], out: int | None) -> Map:
    return Everything() if sizes[n] == 1 and out != 1 else SAME_PLACE


def _laid(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    return sum(sizes) if at.layer.axis == at.axis else _joined(at, sizes, by)


def _laid_reads(at: Along, n: int, sizes: Sequence[int | None], out: int | None) -> Map:
    if at.layer.axis == at.axis and len(sizes) > 1:
        return Unfixed("it lays its inputs end to end, so what an output reads follows no period")
    return SAME_PLACE


def _no_size(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    return None


def _no_reads(at: Along, _: int, sizes: Sequence[int | None], out: int | None) -> Map:
    return Unfixed(f"not understood: {at.layer.note}")


# fmt: off
RULES: Mapping[str, Rule] = {
    # op                       size         reads
    "conv":               Rule(windows,     window_reads),
    "conv_transpose":     Rule(written,     transposed_reads),
    "max_pool":           Rule(pooled,      window_reads),
    "avg_pool":           Rule(pooled,      window_reads),
    "lp_pool":            Rule(pooled,      window_reads),
    "max_unpool":         Rule(unpooled,    transposed_reads),
    "adaptive_avg_pool":  Rule(_given,      _adaptive_reads,  periodic=False, partial=True),
    "adaptive_max_pool":  Rule(_given,      _adaptive_reads,  periodic=False, partial=True),
    "global_pool":        Rule(_one,        _all_reads,       partial=True),
    "resize":             Rule(_scaled,     _scaled_reads,    periodic=False),
    "depth_to_space":     Rule(_multiplied, lambda at, *_: maps.spread(at.block)),
    "space_to_depth":     Rule(_divided,    lambda at, *_: maps.gathered(at.block)),
    "pad":                Rule(_padded,     _padded_reads),
    "crop":               Rule(_cropped,    _cropped_reads),
    "slice":              Rule(_sliced,     _sliced_reads),
    "add":                Rule(_meeting,    _meeting_reads),
    "multiply":           Rule(_meeting,    _meeting_reads),
    "concat":             Rule(_joined,     _same_reads),
    "stack":              Rule(_laid,       _laid_reads),
    "gate":               Rule(_meeting,    _meeting_reads),
    "pointwise":          Rule(_same,       _same_reads),
    "bn":                 Rule(_same,       _same_reads),
    "norm":               Rule(_same,       _same_reads,      mixes=True),
    "linear":             Rule(_same,       _same_reads),
    "flatten":            Rule(_one,        _all_reads,       partial=True),
    "attention":          Rule(_same,       _all_reads),
    "unknown":            Rule(_no_size,    _no_reads,        partial=True),
}
# fmt: on
