"""Concrete legal calls: a Case says which structure (shape, regime, parameters, layout, seed), `sample` fills it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.contract import Contract, inside, into_domain, kept_inside
from derive.checker.evaluate import all_axes, frame, holds, whole
from derive.checker.neighbours import neighbours
from derive.checker.regimes import REGIMES, Hint
from derive.checker.shapes import (
    LONG,
    LONG_WINDOWS,
    LONGEST,
    SHAPES,
    axes_of,
    created_sizes,
    legal_sizes,
    mixed_sizes,
    sizes_of,
    with_windows,
)  # fmt: skip
from derive.language.nodes import BATCH, Input, Size, base_axis, leaves, walk
from derive.language.program import Output, Program

Array = NDArray[Any]
__all__ = ["SHAPES", "Case", "Sample", "sample", "setting", "without_subnormals"]

LAYOUTS = ("C", "F", "strided", "one strided")
READ_ONLY = "read-only"
ALONE = 3  # from this variant on one parameter at a time differs from its default
COUNTS = (1, 2, 3, 4, 5, 6, 10, 100, 1000)
BATCHES: dict[str, tuple[int, ...]] = {
    "one": (1,), "square": (3,), "odd": (2, 3), "long first": (17,), "long last": (), "mixed": (4,), "large": (33,), "empty": (0,),
    "windows": (2,),
}  # fmt: skip
ELEMENTWISE_BATCHES: dict[str, tuple[int, ...]] = {
    **BATCHES, "odd": (5, 7), "long first": (129,), "long last": (300,), "mixed": (1, 6, 2), "large": (4097,),
}  # fmt: skip
CONFIDENT = ("large", "one-hot", "wide")  # regimes in which one class may stand out
TELLING = ("edges", "special", "ties", "zeros", "tiny")  # regimes of chosen numbers, which stay as they are where they are legal


@dataclass(frozen=True)
class Case:
    """The structure of one call. `variant` numbers the parameter settings; 0 is every default."""

    shape: str = "odd"
    regime: str = "plain"
    variant: int = 0
    layout: str = "C"
    seed: int = 0


@dataclass(frozen=True)
class Sample:
    """One call: arrays by input name, cotangents by output name, parameters by name."""

    inputs: Mapping[str, Array]
    cotangents: Mapping[str, Array]
    parameters: Mapping[str, float]
    case: Case = field(default_factory=Case)


def sample(c: Contract, case: Case, dtype: str, fixed: Mapping[str, float] | None = None) -> Sample:
    """The arrays of a case, the same ones for the same case and dtype; `fixed` parameters keep their value."""
    if dtype == "bfloat16":
        return _shortened(sample(c, case, "float32", fixed), c)
    parameters = {**setting(c, case.variant), **(fixed or {})}
    sizes, batch = shape_of(c, case, parameters)
    rng = np.random.default_rng(case.seed)
    inputs = {
        i.name: laid_out(_fill(c, i, case, dtype, sizes, batch, rng, parameters), _layout(c, k, case))
        for k, i in enumerate(c.program.inputs)
    }
    if case.regime in CONFIDENT:
        inputs |= _right_labels(c.program, inputs, parameters, rng)
    cotangents = _cotangents(c.program, inputs, parameters, case, dtype, rng)
    return Sample(inputs, {o: laid_out(g, _layout(c, k, case)) for k, (o, g) in enumerate(cotangents.items())}, parameters, case)


def _right_labels(
    program: Program, inputs: Mapping[str, Array], parameters: Mapping[str, float], rng: np.random.Generator
) -> dict[str, Array]:
    """Integers that point, in two of three places, at the largest number along the axis they point into."""
    found = {}
    for i in program.inputs:
        scores = [inputs[j.name] for j in program.inputs if i.into and j.dtype == "real" and j.names == (*i.names, i.into)]
        if scores and scores[0].size:
            right = np.argmax(scores[0], axis=-1).astype(inputs[i.name].dtype)
            right = unbarred(i, right, {str(i.into): scores[0].shape[-1]}, parameters)
            found[i.name] = np.where(rng.random(right.shape) < 2 / 3, right, inputs[i.name])
    return found


def _shortened(s: Sample, c: Contract) -> Sample:
    """Every float32 number with the 8 significant bits of a bfloat16, inputs within their ranges."""
    cotangents = {n: _short(x) for n, x in s.cotangents.items()}
    inputs = {n: kept_inside(_short(x), c.domains[n]) if n in c.domains else x for n, x in s.inputs.items()}
    return replace(s, inputs=inputs, cotangents=cotangents)


def _short(x: Array) -> Array:
    if x.dtype != np.float32:
        return x
    bits = np.ascontiguousarray(x).view(np.uint32)
    cut = ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32).reshape(x.shape)
    result = np.empty_like(x)
    result[...] = np.where(np.isfinite(cut), cut, np.copysign(np.float32(2.0**127), x))
    return result


def without_subnormals(s: Sample) -> Sample:
    """The sample for code that takes subnormal numbers as zero."""

    def normal(x: Array) -> Array:
        if x.dtype.kind != "f":
            return x
        result = np.empty_like(x)
        result[...] = np.where(np.abs(x) < np.finfo(x.dtype).smallest_normal, 0, x)
        return result

    return replace(s, inputs={n: normal(x) for n, x in s.inputs.items()}, cotangents={n: normal(x) for n, x in s.cotangents.items()})


def setting(c: Contract, variant: int) -> dict[str, float]:
    """Parameter values: every default for variant 0, all others for variants 1 and 2, then one parameter after another away from
    its default alone."""
    chosen: dict[str, float] = {}
    for k, (name, values) in enumerate(c.choices.items()):
        turn, alone = divmod(max(variant - ALONE, 0), len(c.choices))
        if variant < ALONE:
            twins = sum(v[:2] == values[:2] for v in list(c.choices.values())[:k])  # kernel and stride, say, must not stay equal
            v = values[0 if not variant else (1 + (variant - 1 + twins) % max(len(values) - 1, 1)) % len(values)]
        else:
            v = values[(1 + turn) % len(values)] if k == alone else values[0]
        chosen[name] = int(v) if v == int(v) else v
    fits = all(holds(r, {}, chosen) for r in c.program.requirements if not leaves(r, Size))
    return chosen if fits or not variant else setting(c, 0)


def shape_of(c: Contract, case: Case, parameters: Mapping[str, float]) -> tuple[dict[str, int], tuple[int, ...]]:
    """Sizes of the axes and the leading shape of a legal call."""
    axes = axes_of(c.program)
    if case.shape == "longest":
        return _one_longest(c, axes, case.seed, parameters)
    batch = (ELEMENTWISE_BATCHES if c.elementwise and not axes else BATCHES)[case.shape]
    if case.shape == "mixed":
        sizes = mixed_sizes(len(axes), case.seed, LONG_WINDOWS if c.program.sizes else LONG)
    elif case.shape == "windows":
        turn, one = divmod(case.seed, max(len(axes), 1))
        sizes = [2 if k != one else 1 + 2 * (turn % 2) for k in range(len(axes))]
    else:
        sizes = sizes_of(case.shape, len(axes), 9 if c.program.sizes else 33)
    least = legal_sizes(c.program, dict(zip(axes, sizes, strict=True)), parameters)
    return (with_windows(c.program, least, parameters) if case.shape == "windows" else least), batch


def _one_longest(c: Contract, axes: list[str], seed: int, parameters: Mapping[str, float]) -> tuple[dict[str, int], tuple[int, ...]]:
    """One axis much longer than the others, another with every seed; the leading ones take their turn."""
    turns = [*axes, *([BATCH] if any(BATCH in i.names for i in c.program.inputs) else [])]
    if not turns:
        return {}, ()
    turn, k = divmod(seed, len(turns))
    n = LONGEST[turn % len(LONGEST)]
    sizes = {a: n if a == turns[k] else 2 for a in axes}
    return legal_sizes(c.program, sizes, parameters), (n if turns[k] == BATCH else 2,)


def volume(c: Contract, case: Case) -> tuple[int, int]:
    """How many numbers the largest intermediate of a call holds, and how many an array along all axes would."""
    parameters = setting(c, case.variant)
    sizes, batch = shape_of(c, case, parameters)
    known = {**sizes, **created_sizes(c.program, sizes, parameters), BATCH: math.prod(batch)}
    nodes = (n.axes for let in c.program.lets for n in walk(let.body))
    return max(map(_count(known), nodes), default=1), _count(known)(all_axes(c.program))


def _count(known: Mapping[str, int]) -> Callable[[Iterable[str]], int]:
    return lambda axes: math.prod(known[base_axis(a)] for a in axes)


def _fill(
    c: Contract,
    i: Input,
    case: Case,
    dtype: str,
    sizes: Mapping[str, int],
    batch: tuple[int, ...],
    rng: np.random.Generator,
    parameters: Mapping[str, float],
) -> Array:
    shape = tuple(n for a in i.names for n in (batch if a == BATCH else (sizes[base_axis(a)],)))
    if i.dtype == "count":
        return np.asarray(int(rng.choice(_counts(parameters))))
    if i.dtype == "index":
        found = _positions(rng, shape, sizes[i.into] if i.into else 1, case.regime)
        found = unbarred(i, found, sizes, parameters)
        return found if i.spare is None else _partly(rng, found, int(whole(i.spare, {}, parameters)))
    if i.name in c.simplices:
        return _simplex(rng, i, shape, c.simplices[i.name], case.regime).astype(dtype)
    edges = _edge_values(c, tuple(parameters.items()), dtype).get(i.name, ())
    domain = c.domains[i.name]
    above_zero = domain.low == 0 and not domain.low_included
    place = list(c.domains).index(i.name)
    alone, level = len(c.domains) == 1, _level(c, i, case)
    x = REGIMES[case.regime](rng, shape, Hint(dtype, edges, c.elementwise, alone, above_zero, level, place, len(c.domains), case.seed))
    x = np.abs(x) if case.regime == "tiny" and domain.low == 0 else x
    mapped = into_domain(x, domain)
    moved = np.where(inside(x, domain), x, mapped) if case.regime in TELLING else mapped
    return kept_inside(finite(moved, dtype), domain)


def _layout(c: Contract, k: int, case: Case) -> str:
    """How the k-th input is laid out; "one strided" is another one with every seed."""
    if case.layout != "one strided":
        return case.layout
    return "strided" if case.seed % len(c.program.inputs) == k else "C"


def _counts(parameters: Mapping[str, float]) -> list[int]:
    """Numbers of steps: a few, and those around whole parameters, their halves and multiples, where something may change."""
    whole_ones = [int(v) for v in parameters.values() if v == int(v) and 2 <= v < 10**6]
    near = (n + d for v in whole_ones for n in (v // 2, v, v + v // 2, 2 * v) for d in (-1, 0, 1))
    return [*COUNTS, *(n for n in near if n >= 1)]


def _level(c: Contract, i: Input, case: Case) -> float | None:
    """The number that a pair of inputs shares; another pair with every seed."""
    pairs = neighbours(c.program)
    return 2.0 ** (5 + case.seed // len(pairs) % 6) if i.name in pairs[case.seed % len(pairs)] else None


def finite(x: Array, dtype: str) -> Array:
    """Rounded to the dtype without leaving its range."""
    largest = float(np.finfo(dtype).max)
    return np.clip(x, -largest, largest).astype(dtype)


_KNOWN: dict[tuple[Any, ...], dict[str, tuple[float, ...]]] = {}


def _edge_values(c: Contract, parameters: tuple[tuple[str, float], ...], dtype: str) -> dict[str, tuple[float, ...]]:
    key = (c.program, parameters, dtype)
    if key not in _KNOWN:
        _KNOWN[key] = {name: tuple(e.value for e in es) for name, es in c.edges(dict(parameters), dtype).items()}
    return _KNOWN[key]


def _positions(rng: np.random.Generator, shape: tuple[int, ...], n: int, regime: str) -> Array:
    """Random positions; first, last and repeated ones by regime."""
    if regime in ("zeros", "ties", "special"):
        return np.full(shape, {"zeros": 0, "ties": n - 1, "special": n // 2}[regime])
    return rng.integers(0, n, shape)


def unbarred(i: Input, positions: Array, sizes: Mapping[str, int], parameters: Mapping[str, float]) -> Array:
    """The positions, the next one in place of one that the definition bars."""
    if i.barred is None or i.into is None:
        return positions
    return np.where(positions == int(whole(i.barred, {}, parameters)), (positions + 1) % sizes[i.into], positions)


def _partly(rng: np.random.Generator, positions: Array, spare: int) -> Array:
    """About a quarter of the positions replaced by the number that is none, never the first."""
    ignored = rng.random(positions.shape) < 1 / 4
    ignored.flat[:1] = False
    return np.where(ignored, spare, positions)


def _simplex(rng: np.random.Generator, i: Input, shape: tuple[int, ...], axis: str, regime: str) -> Array:
    """Multiples of 1/64 that sum to one exactly; one-hot in some regimes."""
    inner = [a for a in i.names if a != BATCH]
    dim = len(shape) - len(inner) + inner.index(axis)
    lead = shape[:dim] + shape[dim + 1 :]
    weights = np.full(shape[dim], 1 / shape[dim])
    counts = rng.multinomial(64, weights, lead) if regime not in ("one-hot", "zeros") else 64 * rng.multinomial(1, weights, lead)
    return np.moveaxis(counts / 64, -1, dim)


def _cotangents(
    program: Program, inputs: Mapping[str, Array], parameters: Mapping[str, float], case: Case, dtype: str, rng: np.random.Generator
) -> dict[str, Array]:
    fr = frame(program, inputs, parameters)
    return {o.name: _cotangent(o, fr.gather(np.zeros(()), o.names).shape, case, dtype, rng) for o in program.outputs}


def _cotangent(o: Output, shape: tuple[int, ...], case: Case, dtype: str, rng: np.random.Generator) -> Array:
    """Ones where values are simple, otherwise normal; powers of two in the wide regimes so that nothing is hidden."""
    if case.regime in ("ties", "zeros"):
        return np.ones(shape, dtype)
    if case.regime in ("wide", "special"):
        return np.asarray(np.exp2(rng.integers(-3, 4, shape)) * rng.choice([-1, 1], shape)).astype(dtype)
    return np.asarray(rng.normal(size=shape)).astype(dtype)


def laid_out(x: Array, layout: str) -> Array:
    """The same numbers, contiguous by rows, by columns, every second element of something larger, or not to be written to."""
    if layout == READ_ONLY:
        x = np.array(x, order="C")
        x.flags.writeable = False
    if not x.ndim:
        return x
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "strided":
        padded = np.full((*x.shape[:-1], 2 * x.shape[-1]), -77, x.dtype)
        padded[..., ::2] = x
        return padded[..., ::2]
    return np.ascontiguousarray(x)


def layout_of(x: Array) -> str:
    """The layout that `laid_out` gives an array back."""
    x = np.asarray(x)
    if not x.flags.writeable:
        return READ_ONLY
    return "C" if x.flags.c_contiguous else "F" if x.flags.f_contiguous else "strided"
