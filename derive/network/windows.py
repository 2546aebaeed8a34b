"""A layer along one axis, and the rules of ops with a window: convolutions, pools, and both the other way round.

Sizes are made of the two counts of arithmetic.py, so a size rule serves numbers and formulas alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.network import maps
from derive.network.arithmetic import NUMBERS, Arithmetic
from derive.network.maps import Map, Unfixed
from derive.network.model import Layer, NetworkError

Size = Any  # int, or a formula


@dataclass(frozen=True)
class Along:
    """A layer along one axis."""

    layer: Layer
    axis: int

    @property
    def kernel(self) -> int:
        return self.layer.kernel[self.axis]

    @property
    def stride(self) -> int:
        return self.layer.stride[self.axis]

    @property
    def dilation(self) -> int:
        return self.layer.dilation[self.axis] if self.layer.dilation else 1

    @property
    def extra(self) -> int:
        return self.layer.output_padding[self.axis] if self.layer.output_padding else 0

    @property
    def scale(self) -> Fraction | None:
        return self.layer.scale[self.axis] if self.layer.scale else None

    @property
    def block(self) -> int:
        return int(self.layer.scale[self.axis])

    @property
    def wanted(self) -> int | None:
        return self.layer.output_size[self.axis] if self.layer.output_size else None

    @property
    def span(self) -> int:
        """The positions from the first tap to the last."""
        span: int = NUMBERS.positions(1, self.kernel, self.stride, self.dilation)
        return span

    def fail(self, what: str) -> NetworkError:
        """An error that names layer, op and axis."""
        return NetworkError(f"layer {self.layer.name!r} ({self.layer.op}, axis {self.axis}): {what}")


def longer(at: Along, size: Size, before: Size, after: Size) -> Size:
    """The size with padding; a crop (negative padding) cannot take more than is there."""
    if isinstance(size, int) and min(before, after, before + after) < -size:
        raise at.fail(f"its input has {size} positions, of which padding {before} before and {after} after takes more than there are")
    return size + before + after


def padding(at: Along, size: Size, by: Arithmetic) -> tuple[Size, Size]:
    """The padding of a window before and after the input."""
    pad = at.layer.padding[at.axis]
    if not isinstance(pad, str):
        return pad
    if pad == "valid":
        return 0, 0
    if pad == "causal":
        return at.span - 1, 0
    total = by.most(by.positions(by.windows(size, 1, at.stride, 1), at.kernel, at.stride, at.dilation) - size, 0)
    less = by.floored(total, Fraction(1, 2))
    return (less, total - less) if pad == "same" else (total - less, less)


def cropping(at: Along) -> tuple[int, int]:
    """What a transposed convolution takes away of what it writes, before and after; negative: what it adds."""
    pad = at.layer.padding[at.axis]
    if not isinstance(pad, str):
        return pad
    if pad == "valid":
        return 0, 0
    total = at.span - at.stride
    if pad == "causal":
        return 0, total
    less = max(total, 0) // 2
    before = less if pad == "same" else max(total, 0) - less
    return before, total - before


def _before(at: Along, size: int | None) -> int | None:
    """The padding before the input; None where it depends on a size that is not known."""
    if size is not None or not isinstance(at.layer.padding[at.axis], str):
        return int(padding(at, size, NUMBERS)[0])
    ends = {padding(at, end, NUMBERS)[0] for end in (1, at.stride)}  # "same": least for a multiple of the stride, most for one more
    return ends.pop() if len(ends) == 1 else None


def windows(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    """How many windows fit."""
    before, after = padding(at, sizes[0], by)
    return by.windows(longer(at, sizes[0], before, after), at.kernel, at.stride, at.dilation)


def pooled(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    """Ceil mode lets windows run over the end, by less than a stride, if they start in the input or in the padding before it."""
    _check_pool(at)
    if not at.layer.ceil_mode:
        return windows(at, sizes, by)
    before, after = padding(at, sizes[0], by)
    fit = by.windows(sizes[0] + before + after + at.stride - 1, at.kernel, at.stride, at.dilation)
    return by.least(fit, by.windows(sizes[0] + before, 1, at.stride, 1))


def _check_pool(at: Along) -> None:
    pad = at.layer.padding[at.axis]
    if isinstance(pad, str):
        return
    limit = at.span // 2 if pad[0] == pad[1] else at.span - 1
    if max(pad) > limit:
        raise at.fail(f"padding {max(pad)} is more than {limit}, so a window of {at.span} positions could lie in the padding alone")


def window_reads(at: Along, _: int, sizes: Sequence[int | None], out: int | None) -> Map:
    """A window moves by the stride."""
    before = _before(at, sizes[0])
    if before is None:
        return Unfixed(f"its padding {at.layer.padding[at.axis]!r} with stride {at.stride} depends on the input size")
    return maps.window(at.kernel, at.stride, at.dilation, before)


def written(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    """All that the windows write, less what is cropped."""
    if at.extra and at.extra >= max(at.stride, at.dilation):
        raise at.fail(f"output_padding {at.extra}; wanted less than the stride {at.stride} or the dilation {at.dilation}")
    if at.layer.padding[at.axis] in ("same", "same_lower"):
        return sizes[0] * at.stride
    before, after = cropping(at)
    return by.positions(sizes[0], at.kernel, at.stride, at.dilation) - before - after + at.extra


def unpooled(at: Along, sizes: Sequence[Size], by: Arithmetic) -> Size:
    """The size asked for, or all that is written."""
    return written(at, sizes, by) if at.wanted is None else at.wanted


def transposed_reads(at: Along, _: int, sizes: Sequence[int | None], out: int | None) -> Map:
    """The windows of the convolution that is transposed, seen from the other end."""
    return maps.transposed(maps.window(at.kernel, at.stride, at.dilation, cropping(at)[0]))
