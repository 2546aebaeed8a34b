"""Brute force: which inputs each output of a network reads, by running the index maps on marked positions, one axis at a time.

Every position carries a set of marks, the input positions that reach it, as the bits of a whole number. Sizes are found by sliding windows
until one does not fit. No formula of the rest of derive is used here, and nothing of it imported: this is what it is checked against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Marks = list[int]
"""For each position, the input positions that reach it: bit i stands for input position i."""

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


def marks(net: Any, axis: int, source: str | None = None, shield: bool = True) -> dict[str, Marks]:
    """The marks of every layer along one axis, from one input (the first unless `source` names it) of a network with sizes.

    A gate's second input counts only if not `shield`. Raises DoesNotFit naming the layer.
    """
    source = source or net.inputs[0].name
    found: dict[str, Marks] = {i.name: [(1 << n) * (i.name == source) for n in range(i.size[axis])] for i in net.inputs}
    for each in net.layers:
        entering = [found[name] for name in each.inputs]
        if each.op == "gate" and shield:
            entering = entering[:1]
        found[each.name] = step(each, axis, entering)
    return found


def endless(net: Any, axis: int, name: str, output: int, sizes: Mapping[str, int], source: str | None = None) -> frozenset[int]:
    """The input positions that one output of a layer would read if every input went on without borders, padding included.

    `sizes` of all layers (and inputs) are needed where a layer's windows depend on the size that enters.
    """
    wanted: dict[str, set[int]] = {each.name: set() for each in (*net.inputs, *net.layers)}
    wanted[name] = {output}
    for each in reversed(net.layers):
        for read, there in _asked(each, axis, wanted[each.name], sizes):
            wanted[read] |= there
    return frozenset(wanted[source or net.inputs[0].name])


def _asked(each: AnyLayer, axis: int, made: set[int], sizes: Mapping[str, int]) -> Iterable[tuple[str, set[int]]]:
    """What some outputs of a layer read in each of its inputs."""
    if each.op == "stack" and each.axis == axis:
        begin = 0
        for read in each.inputs:
            yield read, {p - begin for p in made if p - begin in range(sizes[read])}
            begin += sizes[read]
        return
    plan = _plan(each, axis, [sizes[i] for i in each.inputs])
    for read in each.inputs[: 1 if each.op in ("gate", "crop") else None]:
        repeated = sizes[read] == 1 and (plan.clamps or (plan.outputs > 1 and plan.reads is _same_position))
        yield read, {0} if repeated and made else {p for o in made for p in plan.reads(o)}


def positions(mark: int) -> frozenset[int]:
    """The input positions that a mark stands for."""
    return frozenset(i for i in range(mark.bit_length()) if mark >> i & 1)


def step(each: AnyLayer, axis: int, entering: Sequence[Marks]) -> Marks:
    """The marks of one layer from those of its inputs. Raises DoesNotFit."""
    if each.op == "stack" and each.axis == axis:
        return [mark for one in entering for mark in one]
    if each.op in ("conv_transpose", "max_unpool"):
        return _scattered(each, axis, entering[0])
    plan = _plan(each, axis, [len(one) for one in entering])
    if plan.outputs < 1:
        raise DoesNotFit(f"{each.name}: {each.op} makes nothing of {len(entering[0])} positions")
    together = entering if each.op != "crop" else entering[:1]
    return [_union(mark for one in together for mark in _seen(one, plan, made)) for made in range(plan.outputs)]


def _seen(one: Marks, plan: Plan, made: int) -> Iterable[int]:
    if len(one) == 1 and plan.outputs > 1 and plan.reads is _same_position:
        return one  # one position, seen by all
    if plan.clamps:
        return [one[min(max(p, 0), len(one) - 1)] for p in plan.reads(made)]
    return [one[p] for p in plan.reads(made) if 0 <= p < len(one)]


def _union(several: Iterable[int]) -> int:
    result = 0
    for one in several:
        result |= one
    return result


def _scattered(each: AnyLayer, axis: int, one: Marks) -> Marks:
    """Every input is put through every tap; what is taken away at the ends is taken away, what is appended reads nothing."""
    line: dict[int, int] = {}
    for position, mark in enumerate(one):
        for tap in _spread(each, axis, position):
            line[tap] = line.get(tap, 0) | mark
    outputs = _plan(each, axis, [len(one)]).outputs
    if outputs < 1:
        raise DoesNotFit(f"{each.name}: {each.op} makes nothing of {len(one)} positions")
    return [line.get(o, 0) for o in range(outputs)]


def _spread(each: AnyLayer, axis: int, position: int) -> list[int]:
    """The outputs that one input of a transposed convolution goes to."""
    before, _ = _transposed_pads(each, axis)
    dilation = each.dilation[axis] if each.dilation else 1
    return [position * each.stride[axis] + dilation * tap - before for tap in range(each.kernel[axis])]


def _plan(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    if each.op not in PLANS:
        raise DoesNotFit(f"{each.name}: the referee does not know {each.op}")
    return PLANS[each.op](each, axis, sizes)


def _same_position(made: int) -> Iterable[int]:
    return (made,)


def _pointwise(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    """One position for one position; inputs of one position go with all."""
    larger = {n for n in sizes if n != 1}
    if len(larger) > 1:
        raise DoesNotFit(f"{each.name}: sizes {list(sizes)} do not go together")
    return Plan(max(sizes), _same_position)


def _windows(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    (size,) = sizes
    kernel, stride = each.kernel[axis], each.stride[axis]
    dilation = each.dilation[axis] if each.dilation else 1
    before, after = _pads(each.padding[axis], size, kernel, stride, dilation)

    def reads(made: int) -> list[int]:
        return [stride * made + dilation * tap - before for tap in range(kernel)]

    cells = range(-before, size + after)
    made = 0
    if each.ceil_mode and isinstance(each.padding[axis], tuple):
        while cells and reads(made - 1)[-1] < cells[-1] and reads(made)[0] < size:
            made += 1
    else:
        while all(position in cells for position in reads(made)):
            made += 1
    return Plan(made, reads)


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
    end = max(_spread(each, axis, size - 1)) + before + 1
    outputs = end - before - after + (each.output_padding[axis] if each.output_padding else 0)
    return Plan(outputs, _read_back(each, axis))


def _unpooled(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    plan = _transposed(each, axis, sizes)
    asked = each.output_size[axis] if each.output_size else None
    return plan if asked is None else Plan(asked, plan.reads)


def _read_back(each: AnyLayer, axis: int) -> Callable[[int], Iterable[int]]:
    def reads(made: int) -> list[int]:
        reach = max(_spread(each, axis, 0)) - min(_spread(each, axis, 0)) + abs(min(_spread(each, axis, 0))) + 2
        near = range((made - reach) // each.stride[axis] - 2, (made + reach) // each.stride[axis] + 3)
        return [position for position in near if made in _spread(each, axis, position)]

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
    return Plan(1, _same_position if sizes[0] == 1 else lambda made: range(sizes[0]))


def _attention(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    return Plan(sizes[0], lambda made: range(sizes[0]))


def _resize(each: AnyLayer, axis: int, sizes: Sequence[int]) -> Plan:
    """An output lies at a place between positions, and reads those that its mode gives weight there."""
    (size,) = sizes
    asked = each.output_size[axis] if each.output_size else None
    outputs, ratio = (asked, Fraction(size, asked)) if asked else (size, Fraction(1))
    if each.scale:
        outputs, ratio = math.floor(size * each.scale[axis]), 1 / Fraction(each.scale[axis])

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
