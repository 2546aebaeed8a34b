"""Questions about networks, answered by whole numbers: what is the smallest change that suffices, and that nothing smaller does.

Each answer is computed with receptive_field itself, at the answer and just below it. What is varied makes fields and
sizes larger or leaves them (a longer window, a wider step), so one failing neighbour rules out all below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from derive.catalog.geometry import receptive_field as chain
from derive.geometry import answer, compiled
from derive.network.arithmetic import NUMBERS
from derive.network.lanes import FAR, follow, modulus
from derive.network.model import Layer, Network, NetworkError
from derive.network.windows import Along, padding

LARGEST = 10**12
LONGEST_SCAN = 10**5

Chain = list[tuple[int, int, int]]


@dataclass(frozen=True)
class Smallest:
    """The smallest `value` (from `least` on) at which `reached` is enough; at value - 1 it is `below` (None: there is none)."""

    value: int
    reached: int
    below: int | None

    @property
    def proof(self) -> str:
        """Why nothing smaller does."""
        return "the least there is" if self.below is None else f"{self.value - 1} reaches {self.below}"


def smallest(reached: Callable[[int], int], want: int, least: int = 1) -> Smallest | None:
    """The smallest whole number at which a quantity that never falls reaches `want`; None where it stays below.

    >>> smallest(lambda n: n * n, 50)
    Smallest(value=8, reached=64, below=49)
    """
    if reached(least) >= want:
        return Smallest(least, reached(least), None)
    low, high = least, least + 1
    while reached(high) < want:
        low, high = high, least + 2 * (high - least)
        if high > LARGEST or (high - least > 64 and reached(high) == reached(low)):
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= want else (middle, high)
    return Smallest(high, reached(high), reached(low))


_field = compiled(chain, answer(chain))


def depth(want: int, kernel: int, stride: int = 1, growth: int = 1, per_block: int = 1) -> Smallest | None:
    """How many blocks of `per_block` equal layers reach a field of `want`, if block n has dilation growth**n.

    >>> depth(125, kernel=3, growth=5, per_block=2).value
    3
    """
    return smallest(lambda n: _field(_blocks(n, kernel, stride, growth, per_block)), want)


def kernel(want: int, blocks: int, stride: int = 1, growth: int = 1, per_block: int = 1) -> Smallest | None:
    """The smallest kernel with which so many blocks reach a field of `want`."""
    return smallest(lambda n: _field(_blocks(blocks, n, stride, growth, per_block)), want)


def stride(want: int, blocks: int, kernel: int, growth: int = 1, per_block: int = 1) -> Smallest | None:
    """The smallest stride of each layer with which so many blocks reach a field of `want`."""
    return smallest(lambda n: _field(_blocks(blocks, kernel, n, growth, per_block)), want)


def growth(want: int, blocks: int, kernel: int, stride: int = 1, per_block: int = 1) -> Smallest | None:
    """The smallest factor from one block's dilation to the next's with which so many blocks reach a field of `want`."""
    return smallest(lambda n: _field(_blocks(blocks, kernel, stride, n, per_block)), want)


def _blocks(blocks: int, kernel: int, stride: int, growth: int, per_block: int) -> Chain:
    return [(kernel, stride, growth**n) for n in range(blocks) for _ in range(per_block)]


def paddings(size: int, output: int, kernel: int, stride: int = 1, dilation: int = 1) -> range:
    """All amounts of padding, before and after together, with which a window makes `output` of `size`; negative: crop.

    >>> paddings(224, 112, kernel=7, stride=2)
    range(5, 7)
    """
    least = NUMBERS.positions(output, kernel, stride, dilation) - size
    return range(least, least + stride)


def input_sizes(net: Network, output: int, axis: int = 0, at: str | None = None) -> tuple[int, ...]:
    """All input sizes at which a layer (the network's first output) has `output` positions along an axis.

    Raises NetworkError where its size does not grow with the input's, so that there is no largest.
    """
    at = at or net.ends()[0]
    return tuple(size for size in range(1, _largest(net, output, axis, at) + 1) if _made(net, axis, at, size) == output)


def _largest(net: Network, output: int, axis: int, at: str) -> int:
    """An input size above which the layer has more positions: far out, a period more of input always adds as many."""
    period = _period(net, axis)
    far = FAR * period
    for start in range(far, far + period):
        made, more = _made(net, axis, at, start), _made(net, axis, at, start + period)
        if made is not None and more is not None:
            if made == more:
                raise NetworkError(f"layer {at!r} has {made} positions along axis {axis} at every large input size")
            return max(0, start - (made - output) * period // (more - made)) + period
    return LONGEST_SCAN  # no large size fits; perhaps a small one does


def _period(net: Network, axis: int) -> int:
    period = modulus(net, axis)
    if period > LONGEST_SCAN:
        raise NetworkError(f"the sizes along axis {axis} repeat their pattern after {period} positions, too many to try")
    return period


def _made(net: Network, axis: int, at: str, size: int) -> int | None:
    first = net.inputs[0].name
    try:
        given = {i.name: None if i.size is None else i.size[axis] for i in net.inputs} | {first: size}
        return follow(net, axis, first, given).sizes[at]
    except NetworkError:
        return None


@dataclass(frozen=True)
class Exact:
    """Input sizes of the form modulus*n + remainder at which no layer leaves positions unread at the end of its input."""

    modulus: int
    remainders: tuple[int, ...]


def exact_sizes(net: Network, axis: int = 0) -> Exact:
    """The input sizes at which every window ends exactly at the end of the padded input (as far as windows fit at all)."""
    period = _period(net, axis)
    far = FAR * period
    return Exact(period, tuple(r for r in range(period) if _divides(net, axis, far + r)))


def _divides(net: Network, axis: int, size: int) -> bool:
    first = net.inputs[0].name
    try:
        lane = follow(net, axis, first, {i.name: size for i in net.inputs})
    except NetworkError:
        return False
    return all(left_over(each, axis, lane.sizes[each.inputs[0]]) == 0 for each in net.layers if each.inputs)


def left_over(each: Layer, axis: int, size: int | None) -> int:
    """Positions at the end of the padded input that no window of a layer reaches for want of room; 0 without windows."""
    if size is None or not each.kernel or not each.padding or each.op in ("conv_transpose", "max_unpool"):
        return 0
    dilation = each.dilation[axis] if each.dilation else 1
    if each.padding[axis] in ("same", "same_lower"):
        return 0
    before, after = padding(Along(each, axis), size, NUMBERS)
    there = int(size + before + after)
    windows = NUMBERS.windows(there, each.kernel[axis], each.stride[axis], dilation)
    return there - NUMBERS.positions(windows, each.kernel[axis], each.stride[axis], dilation) if windows else there


