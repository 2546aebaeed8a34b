"""Concrete legal calls: a Case says which structure (shape, regime, parameters, layout, seed), `sample` fills it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.contract import Contract, into_domain
from derive.checker.evaluate import frame, whole
from derive.checker.regimes import REGIMES, Hint
from derive.language.nodes import BATCH, Input, base_axis
from derive.language.program import Output, Program

Array = NDArray[Any]
SHAPES = ("one", "square", "odd", "long first", "long last")
LAYOUTS = ("C", "F", "strided")
BATCHES: dict[str, tuple[int, ...]] = {"one": (1,), "square": (3,), "odd": (2, 3), "long first": (17,), "long last": ()}
ELEMENTWISE_BATCHES: dict[str, tuple[int, ...]] = {**BATCHES, "odd": (5, 7), "long first": (129,), "long last": (300,)}
CONFIDENT = ("large", "one-hot", "wide")  # regimes in which one class may stand out
PRIMES = (3, 5, 2, 7, 4, 3, 5, 2)


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
        return _shortened(sample(c, case, "float32", fixed))
    parameters = {**setting(c, case.variant), **(fixed or {})}
    sizes, batch = shape_of(c, case.shape, parameters)
    rng = np.random.default_rng(case.seed)
    inputs = {i.name: laid_out(_fill(c, i, case, dtype, sizes, batch, rng, parameters), case.layout) for i in c.program.inputs}
    if case.regime in CONFIDENT:
        inputs |= _right_labels(c.program, inputs, rng)
    return Sample(inputs, _cotangents(c.program, inputs, parameters, case, dtype, rng), parameters, case)


def _right_labels(program: Program, inputs: Mapping[str, Array], rng: np.random.Generator) -> dict[str, Array]:
    """Integers that point, in two of three places, at the largest number along the axis they point into."""
    found = {}
    for i in program.inputs:
        scores = [inputs[j.name] for j in program.inputs if i.into and j.dtype == "real" and j.names == (*i.names, i.into)]
        if scores and scores[0].size:
            right = np.argmax(scores[0], axis=-1).astype(inputs[i.name].dtype)
            found[i.name] = np.where(rng.random(right.shape) < 2 / 3, right, inputs[i.name])
    return found


def _shortened(s: Sample) -> Sample:
    """Every float32 number with the 8 significant bits of a bfloat16."""

    def short(x: Array) -> Array:
        if x.dtype != np.float32:
            return x
        bits = np.ascontiguousarray(x).view(np.uint32)
        cut = ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32).reshape(x.shape)
        result = np.empty_like(x)
        result[...] = np.where(np.isfinite(cut), cut, np.copysign(np.float32(2.0**127), x))
        return result

    return replace(s, inputs={n: short(x) for n, x in s.inputs.items()}, cotangents={n: short(x) for n, x in s.cotangents.items()})


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
    """Parameter values: the first choice (the default) for variant 0, others for other variants."""
    chosen = {}
    for k, (name, values) in enumerate(c.choices.items()):
        v = values[(variant + (k if variant > 2 else 0)) % len(values)]
        chosen[name] = int(v) if v == int(v) else v
    return chosen


def shape_of(c: Contract, kind: str, parameters: Mapping[str, float]) -> tuple[dict[str, int], tuple[int, ...]]:
    """Sizes of the axes and the leading shape; axes grow until every derived size is at least one."""
    program = c.program
    axes = list(dict.fromkeys(a for i in program.inputs for a in (*i.names, *([i.into] if i.into else [])) if a != BATCH))
    sizes = dict(zip(axes, _sizes(kind, len(axes), 9 if program.sizes else 33), strict=True))
    batch = (ELEMENTWISE_BATCHES if c.elementwise and not axes else BATCHES)[kind]
    for _ in range(20):
        if all(whole(size, sizes, parameters) >= 1 for _, size in program.sizes):
            break
        growing = [a for a in sizes if _is_read(program, a)] or list(sizes)
        sizes = {a: n + (max(n // 2, 1) if a in growing else 0) for a, n in sizes.items()}
    return sizes, batch


def _is_read(program: Program, axis: str) -> bool:
    """Whether an index map reads along this axis (rather than over it)."""
    from derive.language.nodes import At, walk

    return any(isinstance(n, At) and axis in dict(n.index) for let in program.lets for n in walk(let.body))


def _sizes(kind: str, count: int, long: int) -> list[int]:
    """One size per axis; `long` is the longest last axis."""
    primes = [PRIMES[k % len(PRIMES)] for k in range(count)]
    small = ([3, 2, 2, 3] + [2] * count)[:count] if count > 2 else [3] * count
    match kind:
        case "one":
            return [1] * count
        case "square":
            return [3 if count <= 4 else 2] * count
        case "long first":
            return [17, *small[1:]] if count else []
        case "long last":
            return [*small[:-1], long] if count else []
    return primes if count <= 4 else [min(p, 3) for p in primes]


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
        return np.asarray(int(rng.choice([1, 2, 3, 10, 1000])))
    if i.dtype == "index":
        return _positions(rng, shape, sizes[i.into] if i.into else 1, case.regime)
    if i.name in c.simplices:
        return _simplex(rng, i, shape, c.simplices[i.name], case.regime).astype(dtype)
    edges = _edge_values(c, tuple(parameters.items()), dtype).get(i.name, ())
    x = REGIMES[case.regime](rng, shape, Hint(dtype, edges, c.elementwise, len(c.domains) == 1, c.domains[i.name] in ("positive", "unit")))
    if case.regime == "tiny" and c.domains[i.name] == "unit":
        return finite(np.abs(x), dtype)
    return finite(into_domain(x, c.domains[i.name]), dtype)


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
    """The same numbers, contiguous by rows, by columns, or every second element of something larger."""
    if not x.ndim:
        return x
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "strided":
        padded = np.full((*x.shape[:-1], 2 * x.shape[-1]), -77, x.dtype)
        padded[..., ::2] = x
        return padded[..., ::2]
    return np.ascontiguousarray(x)
