"""Formulas about sizes, fields and costs that are in circulation, each beside what is right and a way to count it without a formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import mpmath

Setting = Mapping[str, Any]
Formula = Callable[..., Any]


@dataclass(frozen=True)
class Claim:
    """A published statement: where, what it says (as text and as a function), what is right, and the settings to try, small ones first.

    `also` is a setting at which it is known to fail.
    """

    title: str
    where: str
    says: str
    formula: Formula
    right: str
    correction: Formula
    counted: Formula
    settings: Callable[[], Iterable[Setting]]
    also: Setting | None = None


# counting by hand


def slid(L: int, k: int, s: int, p: int = 0, d: int = 1) -> int:
    """Windows that lie within the padded input."""
    return sum(1 for start in range(-p, L + p, s) if start + d * (k - 1) < L + p)


def slid_ceil(L: int, k: int, s: int, p: int = 0, d: int = 1) -> int:
    """The same, where a window may run over the end by less than a stride, if it starts in the input or before it."""
    return sum(1 for start in range(-p, L, s) if start + d * (k - 1) < L + p + s - 1)


def followed(chain: tuple[tuple[int, int, int], ...]) -> int:
    """The extent of what one output of a chain of (kernel, stride, dilation) reads, input side first."""
    places = {0}
    for k, s, d in reversed(chain):
        places = {s * o + d * t for o in places for t in range(k)}
    return max(places) - min(places) + 1


def followed_up(k: int, s: int, K: int, S: int) -> tuple[int, ...]:
    """The extents that outputs span behind a convolution (k, s) and a transposed one (K, S), as different phases have them."""
    written = [(o, t) for o in range(-K, K + 1) for t in range(K)]
    found = set()
    for output in range(S):
        places = {s * o + u for o, t in written if S * o + t == output for u in range(k)}
        found.add(max(places) - min(places) + 1 if places else 0)
    return tuple(sorted(found))


def centred(k: int, d: int, p: int) -> float:
    """The centre of what output 0 reads."""
    places = [d * t - p for t in range(k)]
    return (min(places) + max(places)) / 2


def multiplied(n: int, k: int, s: int) -> int:
    """Products of a transposed convolution of one channel: one for each input position and tap."""
    return sum(1 for _ in product(range(n), range(k)))


def blocks_needed(L: int, k: int, b: int) -> int:
    """The first number of blocks of two layers, with dilation b**n in block n, whose field is at least L."""
    n = 1
    while followed_long(k, [b**i for i in range(n) for _ in range(2)]) < L:
        n += 1
    return n


def followed_long(k: int, dilations: list[int]) -> int:
    """The extent behind layers of stride 1, from the two ends of what is read."""
    low = high = 0
    for d in dilations:
        low, high = low - d * (k - 1), high
    return high - low + 1


# settings


def _grid(**ranges: Iterable[int]) -> Iterator[dict[str, int]]:
    return (dict(zip(ranges, values, strict=True)) for values in product(*ranges.values()))


def _pools() -> Iterator[Setting]:
    return (
        {"L": L, "k": k, "s": s, "p": p}
        for L, k, s in product(range(1, 40), range(1, 6), range(1, 5))
        for p in range(k // 2 + 1)
        if slid_ceil(L, k, s, p)
    )


def _convs() -> Iterator[Setting]:
    return (c for c in _grid(L=range(1, 12), k=range(1, 5), s=range(1, 4), p=range(3), d=range(1, 4)))


def _chains() -> Iterator[Setting]:
    """Chains without dilation, which the claims do not speak of."""
    rows = list(product((1, 2, 3, 5), (1, 2, 3), (1,)))
    return ({"chain": chain} for length in range(4) for chain in product(rows, repeat=length))


def _stacks() -> Iterator[Setting]:
    return _grid(k=range(2, 9), stacks=range(1, 4), levels=range(1, 6))


def _ups() -> Iterator[Setting]:
    return (c for c in _grid(k=range(1, 5), s=range(1, 4), K=range(1, 5), S=range(1, 4)) if c["K"] >= c["S"])


# formulas


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def _pool_right(L: int, k: int, s: int, p: int) -> int:
    out = _ceil(L + 2 * p - (k - 1) - 1, s) + 1
    return out - 1 if (out - 1) * s >= L + p else out


def _sum_field(chain: tuple[tuple[int, int, int], ...]) -> int:
    field, jump = 1, 1
    for k, s, d in chain:
        field, jump = field + d * (k - 1) * jump, jump * s
    return field


def _phases(k: int, s: int, K: int, S: int) -> tuple[int, ...]:
    taps = {len(range(phase, K, S)) for phase in range(S)}
    return tuple(sorted({(n - 1) * s + k for n in taps}))


def _floats(L: int, k: int, b: int) -> int:
    """In float64, with logarithms that are rounded correctly, so that it is the same everywhere."""
    return math.ceil(float(mpmath.log((L - 1) * (b - 1) / (k - 1) / 2 + 1)) / float(mpmath.log(b)))


def _exact_blocks(L: int, k: int, b: int) -> int:
    n, reached = 1, 1 + 2 * (k - 1)
    while reached < L:
        reached += 2 * (k - 1) * b**n
        n += 1
    return n


def _tcn(k: int, stacks: int, levels: int) -> int:
    return followed_long(k, [2**i for i in range(levels)] * 2 * stacks)


CLAIMS = (
    Claim(
        "The output size of MaxPool1d in ceil mode",
        "documentation of torch.nn.MaxPool1d, torch 2.13",
        "ceil((L + 2*p - d*(k - 1) - 1 + (s - 1))/s) + 1",
        lambda L, k, s, p: _ceil(L + 2 * p - (k - 1) - 1 + (s - 1), s) + 1,
        "ceil((L + 2*p - d*(k - 1) - 1)/s) + 1, and one less if the last window would start at or behind the end: (out - 1)*s >= L + p",
        _pool_right,
        slid_ceil,
        _pools,
        {"L": 5, "k": 3, "s": 2, "p": 0},
    ),
    Claim(
        "The output size of pooling in ceil mode, without a last-window rule",
        "WebNN's rounding type, and formulas in many blogs",
        "ceil((L + 2*p - k)/s) + 1",
        lambda L, k, s, p: _ceil(L + 2 * p - k, s) + 1,
        "the same, and one less if (out - 1)*s >= L + p",
        _pool_right,
        slid_ceil,
        _pools,
    ),
    Claim(
        "The output size of a convolution, by division that truncates",
        "shape inference of onnx 1.23.2",
        "trunc((L + 2*p - d*(k - 1) - 1)/s) + 1",
        lambda L, k, s, p, d: max(0, math.trunc((L + 2 * p - d * (k - 1) - 1) / s) + 1),
        "floor((L + 2*p - d*(k - 1) - 1)/s) + 1; below 1: no window fits, which is an error",
        lambda L, k, s, p, d: max(0, (L + 2 * p - d * (k - 1) - 1) // s + 1),
        slid,
        _convs,
    ),
    Claim(
        "The field grows by the kernel less one",
        "a rule in many answers and tutorials: previous + kernel - 1",
        "field = previous + k - 1",
        lambda chain: 1 + sum(k - 1 for k, _, _ in chain),
        "field = previous + d*(k - 1)*jump, where jump is the product of the strides before",
        _sum_field,
        followed,
        _chains,
    ),
    Claim(
        "The field as a sum over layers",
        "Araujo, Norris & Sim 2019, Distill, for layers without dilation",
        "1 + sum over layers of (k - 1)*(product of the strides before)",
        lambda chain: 1 + sum((k - 1) * math.prod(s for _, s, _ in chain[:n]) for n, (k, _, _) in enumerate(chain)),
        "it is; with dilation, d*(k - 1) stands for k - 1",
        _sum_field,
        followed,
        _chains,
    ),
    Claim(
        "The start of the field does not depend on dilation",
        "pytorch-receptive-field, issue 6",
        "centre of output 0 = (k - 1)/2 - p",
        lambda k, d, p: (k - 1) / 2 - p,
        "centre of output 0 = d*(k - 1)/2 - p",
        lambda k, d, p: d * (k - 1) / 2 - p,
        centred,
        lambda: _grid(k=range(1, 6), d=range(1, 4), p=range(3)),
    ),
    Claim(
        "The field of a temporal convolutional network",
        "keras-tcn, issue 8: kernel * last dilation * stacks (8*8*3 = 192)",
        "k * 2^(levels - 1) * stacks",
        lambda k, stacks, levels: k * 2 ** (levels - 1) * stacks,
        "1 + 2*(k - 1)*stacks*(2^levels - 1), with two layers to a block",
        lambda k, stacks, levels: 1 + 2 * (k - 1) * stacks * (2**levels - 1),
        _tcn,
        _stacks,
    ),
    Claim(
        "The field of a temporal convolutional network, one layer to a block",
        "documentation of Edifice 0.2.0: 31, 127, 511 beside a formula that gives 61, 253, 1021",
        "1 + (k - 1)*stacks*(2^levels - 1)",
        lambda k, stacks, levels: 1 + (k - 1) * stacks * (2**levels - 1),
        "1 + 2*(k - 1)*stacks*(2^levels - 1), with two layers to a block",
        lambda k, stacks, levels: 1 + 2 * (k - 1) * stacks * (2**levels - 1),
        _tcn,
        _stacks,
    ),
    Claim(
        "The field of stacked WaveNet blocks",
        "an answer on stats.stackexchange.com, 265462: three blocks of 1024 see 3*1024",
        "blocks * 2^levels",
        lambda blocks, levels: blocks * 2**levels,
        "1 + blocks*(2^levels - 1): three blocks of 1024 see 3070",
        lambda blocks, levels: 1 + blocks * (2**levels - 1),
        lambda blocks, levels: followed_long(2, [2**i for i in range(levels)] * blocks),
        lambda: _grid(blocks=range(1, 6), levels=range(1, 11)),
    ),
    Claim(
        "How many blocks reach a length, by a logarithm in floating point",
        "TCNModel of darts, and copies of it",
        "ceil(log((L - 1)*(b - 1)/(k - 1)/2 + 1, b))",
        _floats,
        "the smallest n with 1 + 2*(k - 1)*(1 + b + ... + b^(n - 1)) >= L, in whole numbers",
        _exact_blocks,
        blocks_needed,
        lambda: _grid(L=range(2, 400), k=range(2, 6), b=range(2, 7)),
        {"L": 125, "k": 3, "b": 5},
    ),
    Claim(
        "A transposed convolution widens the field like a convolution",
        "tables of encoder-decoder networks: previous + (K - 1)*jump",
        "field = previous + (K - 1)*jump, one number for all outputs",
        lambda k, s, K, S: (k + (K - 1) * s,),
        "by phase of the output: previous + (taps of that phase - 1)*jump, where phase a has the taps a, a + S, ... below K",
        _phases,
        followed_up,
        _ups,
    ),
    Claim(
        "The products of a transposed convolution, counted by its outputs",
        "ptflops, thop and torchinfo, in some versions",
        "outputs * K",
        lambda n, k, s: ((n - 1) * s + k) * k,
        "inputs * K",
        lambda n, k, s: n * k,
        multiplied,
        lambda: _grid(n=range(1, 6), k=range(1, 5), s=range(1, 4)),
    ),
)
