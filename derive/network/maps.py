"""Index maps of layers along one axis: which positions of its input each output reads.

A map repeats: with output o + period it reads the same positions, `advance` further on. A convolution's period is 1 and
its advance the stride; a transposed convolution's, the other way round. Everything about sizes, fields and jumps is
read off such maps (see fields.py); none of it is written down per op.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, gcd


@dataclass(frozen=True)
class Reads:
    """Output period*q + a reads the positions t + advance*q for t in taps[a] (sorted; none: it reads nothing).

    A position outside of the input reads as a constant, or, where `clamped`, as the nearest one inside.
    """

    period: int
    advance: int
    taps: tuple[Sequence[int], ...]
    clamped: bool = False


@dataclass(frozen=True)
class Everything:
    """Each output reads every position."""


@dataclass(frozen=True)
class Unfixed:
    """Which positions are read depends on the input's size, which is not known; `why` says how."""

    why: str


Map = Reads | Everything | Unfixed

LONGEST_PERIOD = 2**16

SAME_PLACE = Reads(1, 1, (range(1),))


def window(kernel: int, stride: int, dilation: int, before: int) -> Reads:
    """Output o reads stride*o + dilation*t - before for each tap t (Dumoulin & Visin 2016, arXiv:1603.07285)."""
    return Reads(1, stride, (range(-before, dilation * (kernel - 1) + 1 - before, dilation),))


def transposed(forward: Reads) -> Map:
    """The map that reads input o of every output i that `forward` reads at o: the same pairs, seen from the other end.

    `forward` has period 1: i = advance*o + t. So output i reads all o with i - t = advance*o, and of the taps, evenly
    spaced, every few are as far from i as a multiple of the advance.
    """
    stride, taps = forward.advance, forward.taps[0]
    assert isinstance(taps, range)
    if stride > LONGEST_PERIOD:
        return _too_long(stride)
    phases: list[Sequence[int]] = [()] * stride
    every = stride // gcd(stride, taps.step)
    for t in taps[:every]:
        of_phase = taps[taps.index(t) :: every]
        phase = t % stride
        nearest, farthest = ((phase - end) // stride for end in (of_phase[0], of_phase[-1]))
        phases[phase] = range(farthest, nearest + 1, max(1, taps.step * every // stride))
    return Reads(stride, 1, tuple(phases))


def shifted(offset: int, step: int = 1) -> Reads:
    """Output o reads position step*o + offset: padding, cropping, slicing."""
    return Reads(1, step, (range(offset, offset + 1),))


def _too_long(period: int) -> Unfixed:
    return Unfixed(f"its outputs repeat after {period} positions, more than {LONGEST_PERIOD}")


def adaptive(inputs: int, outputs: int) -> Map:
    """Output j reads floor(j*inputs/outputs) up to, but not, ceil((j + 1)*inputs/outputs)."""
    common = gcd(inputs, outputs)
    period, advance = outputs // common, inputs // common
    if period > LONGEST_PERIOD:
        return _too_long(period)
    return Reads(period, advance, tuple(range(j * advance // period, -(-(j + 1) * advance // period)) for j in range(period)))


def gathered(block: int) -> Reads:
    """Output o reads the positions block*o ... block*o + block - 1 (as channels)."""
    return Reads(1, block, (range(block),))


def spread(block: int) -> Map:
    """Output o reads position floor(o/block)."""
    return _too_long(block) if block > LONGEST_PERIOD else Reads(block, 1, (range(1),) * block)


def nearest(ratio: Fraction) -> Map:
    """Output o reads floor(o*ratio)."""
    return _resized(ratio, lambda o: (floor(o * ratio),))


def nearest_exact(ratio: Fraction) -> Map:
    """Output o reads the position under its centre."""
    return _resized(ratio, lambda o: (floor((o + HALF) * ratio),))


def linear(ratio: Fraction) -> Map:
    """Output o reads the two positions around its centre; the one alone where the centres agree."""
    return _resized(ratio, lambda o: _around((o + HALF) * ratio - HALF, 0, 1))


def cubic(ratio: Fraction) -> Map:
    """Output o reads the four positions around its centre; the one alone where the centres agree."""
    return _resized(ratio, lambda o: _around((o + HALF) * ratio - HALF, -1, 2))


def linear_corners(ratio: Fraction) -> Map:
    """The two positions around o*ratio, where ratio takes the last output to the last input."""
    return _resized(ratio, lambda o: _around(o * ratio, 0, 1))


def cubic_corners(ratio: Fraction) -> Map:
    """The four positions around o*ratio, where ratio takes the last output to the last input."""
    return _resized(ratio, lambda o: _around(o * ratio, -1, 2))


HALF = Fraction(1, 2)


def _around(place: Fraction, before: int, after: int) -> Sequence[int]:
    here = floor(place)
    return (here,) if place == here else range(here + before, here + after + 1)


def _resized(ratio: Fraction, taps: Callable[[int], Sequence[int]]) -> Map:
    period = ratio.denominator
    if period > LONGEST_PERIOD:
        return _too_long(period)
    return Reads(period, ratio.numerator, tuple(taps(o) for o in range(period)), clamped=True)
