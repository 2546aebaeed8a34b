"""The index map of each op, literally, for the referee: how many outputs there are, and which positions each reads.

Nothing of the rest of derive is imported."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

AnyLayer = Any
"""What a layer is here: an object with a name, an op, inputs and settings per axis."""


class DoesNotFit(ValueError):
    """A layer that makes no output, or whose inputs do not go together."""


@dataclass(frozen=True)
class Plan:
    """What one layer does along an axis: how many outputs it makes, and the positions that one of them reads, borders ignored.

    What lies outside its input is nothing, or, if it `clamps`, the nearest position.
    """

    outputs: int
    reads: Callable[[int], Iterable[int]]
    clamps: bool = False


def spread(each: AnyLayer, axis: int, position: int) -> list[int]:
    """The outputs that one input of a transposed convolution goes to."""
    before, _ = _transposed_pads(each, axis)
    dilation = each.dilation[axis] if each.dilation else 1
    return [position * each.stride[axis] + dilation * tap - before for tap in range(each.kernel[axis])]


def plan_of(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    if each.op not in PLANS:
        raise DoesNotFit(f"{each.name}: the referee does not know {each.op}")
    return PLANS[each.op](each, axis, sizes)


def same_position(made: int) -> Iterable[int]:
    return (made,)


def _pointwise(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    """One position for one position; inputs of one position go with all."""
    larger = {n for n in sizes if n != 1}
    if len(larger) > 1:
        raise DoesNotFit(f"{each.name}: sizes {list(sizes)} do not go together")
    return Plan(max(sizes), same_position)


def _windows(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    (size,) = sizes
    kernel, stride = each.kernel[axis], each.stride[axis]
    dilation = each.dilation[axis] if each.dilation else 1
    before, after = _pads(each.padding[axis], size, kernel, stride, dilation)

    def reads(made: int) -> list[int]:
        return [stride * made + dilation * tap - before for tap in range(kernel)]

    _check_crop(each, size, before, after)
    cells = range(-before, size + after)
    made = 0
    if each.ceil_mode and isinstance(each.padding[axis], tuple):
        while cells and reads(made - 1)[-1] < cells[-1] and reads(made)[0] < size:
            made += 1
    else:
        while all(position in cells for position in reads(made)):
            made += 1
    return Plan(made, reads)


def _check_crop(each: AnyLayer, size: int, before: int, after: int) -> None:
    if max(-before, 0) + max(-after, 0) > size:
        raise DoesNotFit(f"{each.name}: {each.op} cannot take {-before} and {-after} away from {size} positions")


def _pads(padding: Any, size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    if isinstance(padding, tuple):
        return padding
    reach = [dilation * tap for tap in range(kernel)][-1]
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return reach, 0
    windows = len(range(0, size, stride))  # one for each position at a multiple of the stride
    before = after = 0
    while reach + stride * (windows - 1) - before >= size + after:
        if (before + after) % 2 == (padding == "same_lower"):
            after += 1
        else:
            before += 1
    return before, after


def _transposed_pads(each: AnyLayer, axis: int) -> tuple[int, int]:
    """What is taken away before and after; "same" leaves as many outputs as inputs times stride."""
    padding = each.padding[axis]
    if isinstance(padding, tuple):
        return padding
    dilation = each.dilation[axis] if each.dilation else 1
    reach = [dilation * tap for tap in range(each.kernel[axis])][-1]
    if padding == "valid":
        return 0, 0
    stride = each.stride[axis]
    excess = reach + 1 - stride
    before = 0 if padding == "causal" else _pads(padding, stride, each.kernel[axis], stride, dilation)[0]  # of the convolution turned round
    return before, excess - before


def _transposed(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    (size,) = sizes
    before, after = _transposed_pads(each, axis)
    end = max(spread(each, axis, size - 1)) + before + 1
    outputs = end - before - after + (each.output_padding[axis] if each.output_padding else 0)
    return Plan(outputs, _read_back(each, axis))


def _unpooled(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    plan = _transposed(each, axis, sizes)
    asked = each.output_size[axis] if each.output_size else None
    return plan if asked is None else Plan(asked, plan.reads)


def _read_back(each: AnyLayer, axis: int) -> Callable[[int], Iterable[int]]:
    def reads(made: int) -> list[int]:
        reach = max(spread(each, axis, 0)) - min(spread(each, axis, 0)) + abs(min(spread(each, axis, 0))) + 2
        near = range((made - reach) // each.stride[axis] - 2, (made + reach) // each.stride[axis] + 3)
        return [position for position in near if made in spread(each, axis, position)]

    return reads


def _adaptive(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    """The same line is cut into positions and into outputs; an output reads every position that it overlaps."""
    (size,) = sizes
    outputs = each.output_size[axis] or size
    if outputs == 1:
        return _everything(each, axis, sizes)

    def reads(made: int) -> list[int]:
        ticks = range(made * size, (made + 1) * size)  # a position is `outputs` ticks long, an output `size` ticks
        return sorted({tick // outputs for tick in ticks})

    return Plan(outputs, reads)


def _everything(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    return Plan(1, same_position if sizes[0] == 1 else lambda made: range(sizes[0]))


def _attention(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    return Plan(sizes[0], same_position if sizes[0] == 1 else lambda made: range(sizes[0]))


def _resize(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    """An output lies at a place between positions, and reads those that its mode gives weight there."""
    (size,) = sizes
    asked = each.output_size[axis] if each.output_size else None
    outputs, ratio = (asked, Fraction(size, asked)) if asked else (size, Fraction(1))
    if each.scale:
        outputs, ratio = math.floor(size * each.scale[axis]), 1 / Fraction(each.scale[axis])
    if outputs == size:
        return Plan(size, same_position)  # torch copies, whatever the scale

    def place(made: int) -> Fraction:
        if each.align_corners:
            return Fraction(made * (size - 1), outputs - 1) if outputs > 1 else Fraction(0)
        return (made + Fraction(1, 2)) * ratio - Fraction(1, 2)

    def reads(made: int) -> list[int]:
        if each.mode == "nearest":
            return [math.floor(made * ratio)]
        if each.mode == "nearest_exact":
            return [math.floor((made + Fraction(1, 2)) * ratio)]
        low = math.floor(place(made))
        if place(made) == low:
            return [low]
        return [low, low + 1] if each.mode == "linear" else [low - 1, low, low + 1, low + 2]

    return Plan(outputs, reads, clamps=True)


def _depth_to_space(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    block = int(each.scale[axis])
    return Plan(sizes[0] * block, lambda made: (made // block,))


def _space_to_depth(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    block = int(each.scale[axis])
    if sizes[0] % block:
        raise DoesNotFit(f"{each.name}: {sizes[0]} positions do not divide into blocks of {block}")
    return Plan(sizes[0] // block, lambda made: range(made * block, made * block + block))


def _pad(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    before, after = each.padding[axis]
    _check_crop(each, sizes[0], before, after)
    line = range(-before, sizes[0] + after)
    return Plan(len(line), lambda made: (made - before,))


def _crop(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    size = sizes[0]
    if each.padding:
        before, after = each.padding[axis]
        wanted = size - before - after
    else:
        asked = each.output_size[axis] if each.output_size else sizes[-1]
        wanted = size if asked is None else asked
        before = (size - wanted) // 2
        if wanted > size:
            raise DoesNotFit(f"{each.name}: {size} positions cannot be cropped to {wanted}")
    return Plan(wanted, lambda made: (made + before,))


def _slice(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    kept = range(sizes[0])[each.start[axis] : each.stop[axis] : each.step[axis]]
    return Plan(len(kept), lambda made: (kept.start + made * kept.step,))


PLANS: Mapping[str, Callable[[AnyLayer, int, Sequence[int]], Plan]] = {
    **dict.fromkeys(("conv", "max_pool", "avg_pool", "lp_pool"), _windows),
    **dict.fromkeys(("add", "multiply", "concat", "stack", "gate", "pointwise", "bn", "norm", "linear"), _pointwise),
    **dict.fromkeys(("adaptive_avg_pool", "adaptive_max_pool"), _adaptive),
    **dict.fromkeys(("global_pool", "flatten"), _everything),
    "attention": _attention,
    "conv_transpose": _transposed,
    "max_unpool": _unpooled,
    "resize": _resize,
    "depth_to_space": _depth_to_space,
    "space_to_depth": _space_to_depth,
    "pad": _pad,
    "crop": _crop,
    "slice": _slice,
}
