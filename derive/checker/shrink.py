"""A failing call made small: shape first, then values toward simple ones, while the error stays far above tolerance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.clock import now
from derive.checker.contract import Contract, inside
from derive.checker.findings import Finding, Tally
from derive.checker.inputs import SHAPES, Case, Sample, laid_out, layout_of
from derive.checker.reader import Reader
from derive.checker.runs import run
from derive.language.nodes import BATCH, base_axis
from derive.language.ranges import Scalar

Array = NDArray[Any]
Rerun = Callable[[Sample], Finding | None]
Build = Callable[[Case], Sample]
SIMPLE = (0.0, 1.0, -1.0, 2.0, 0.5)
ELEMENTS = 24


def smallest(c: Contract, reader: Reader, finding: Finding, build: Build, deadline: float) -> Finding:
    """The smallest call on which the reader's function fails in the same way."""

    def rerun(s: Sample) -> Finding | None:
        same = [f for f in run(reader, s, Tally()) if (f.kind, f.what, f.form) == (finding.kind, finding.what, finding.form)]
        return max(same, key=lambda f: f.ratio, default=None)

    return shrink(c, finding, rerun, build, deadline)


def shrink(c: Contract, finding: Finding, rerun: Rerun, build: Build, deadline: float) -> Finding:
    """The smallest failing call found in time; the same kind of disagreement, with an error that stays large."""
    keeper = _Keeper(finding, rerun, deadline)
    for sample in _structures(finding.sample.case, build):
        keeper.accept(sample)
    for propose in (lambda s: _slices(c, s), lambda s: _values(c, s), lambda s: _digits(c, s)):
        keeper.repeat(propose)
    return keeper.best


class _Keeper:
    """The best finding so far."""

    def __init__(self, finding: Finding, rerun: Rerun, deadline: float) -> None:
        self.best, self.rerun, self.deadline = finding, rerun, deadline
        self.floor = min(finding.ratio, max(8.0, math.sqrt(finding.ratio)) if math.isfinite(finding.ratio) else 8.0)

    def accept(self, sample: Sample) -> bool:
        """Whether this sample fails in the same way with an error large enough; then it becomes the best."""
        if now() > self.deadline:
            return False
        found = self.rerun(sample)
        if found is None or found.kind != self.best.kind or found.ratio < self.floor:
            return False
        self.best = found
        return True

    def repeat(self, propose: Callable[[Sample], Iterator[Sample]]) -> None:
        """Take proposals until none is accepted or time is up."""
        changed = True
        while changed and now() < self.deadline:
            changed = False
            for sample in propose(self.best.sample):
                if self.accept(sample):
                    changed = True
                    break


def _structures(case: Case, build: Build) -> Iterator[Sample]:
    """The same regime at simpler shapes, then with default parameters, then laid out plainly."""
    for shape in SHAPES[: SHAPES.index(case.shape)]:
        yield build(replace(case, shape=shape))
    if case.variant:
        yield build(replace(case, variant=0))
    if case.layout != "C":
        yield build(replace(case, layout="C"))


def _axes(c: Contract, s: Sample) -> dict[str, int]:
    """The axes that inputs carry, with their sizes; each leading dimension counts as an axis of its own."""
    sizes: dict[str, int] = {}
    for i in c.program.inputs:
        shape = s.inputs[i.name].shape
        names = _dimensions(i.names, len(shape))
        sizes.update(zip(names, shape, strict=True))
    return sizes


def _dimensions(names: tuple[str, ...], rank: int) -> list[str]:
    inner = [a for a in names if a != BATCH]
    return [f"{BATCH}{k}" for k in range(rank - len(inner))] + inner


def _slices(c: Contract, s: Sample) -> Iterator[Sample]:
    """Half of an axis, or all but one position of it."""
    if c.program.sizes or c.program.requirements or any(i.barred is not None for i in c.program.inputs):
        return
    for axis, n in sorted(_axes(c, s).items(), key=lambda item: -item[1]):
        if n > 1:
            half = n // 2
            yield from (_sliced(c, s, axis, kept) for kept in (slice(0, half), slice(half, n)))
            if 2 < n <= 8:
                yield from (_sliced(c, s, axis, [j for j in range(n) if j != k]) for k in range(n))


def _sliced(c: Contract, s: Sample, axis: str, kept: Any) -> Sample:
    def cut(x: Array, names: tuple[str, ...]) -> Array:
        dims = [base_axis(a) for a in _dimensions(names, x.ndim)]
        found = x
        for k in (k for k, a in enumerate(dims) if a == axis):  # one after another: two lists at once would pick a diagonal
            found = found[(slice(None),) * k + (kept,)]
        return laid_out(found, layout_of(x)) if axis in dims else x

    inputs = {i.name: cut(s.inputs[i.name], i.names) for i in c.program.inputs}
    for i in c.program.inputs:
        if i.into == axis:
            inputs[i.name] = inputs[i.name] % max(len(range(*kept.indices(_axes(c, s)[axis]))) if isinstance(kept, slice) else len(kept), 1)
    cotangents = {o.name: cut(s.cotangents[o.name], o.names) for o in c.program.outputs}
    return replace(s, inputs=inputs, cotangents=cotangents)


def _replaced(s: Sample, name: str, array: Array) -> Sample:
    array = laid_out(array, layout_of(s.inputs.get(name, s.cotangents.get(name, array))))
    if name in s.inputs:
        return replace(s, inputs={**s.inputs, name: array})
    return replace(s, cotangents={**s.cotangents, name: array})


def _arrays(c: Contract, s: Sample) -> Mapping[str, Array]:
    """The real arrays that may change freely."""
    free = {i.name: s.inputs[i.name] for i in c.program.inputs if i.dtype in ("real", "state") and i.name not in c.simplices}
    return {**s.cotangents, **free}


def _allowed(c: Contract, name: str, value: float) -> bool:
    return c.domains.get(name, Scalar).admits(value)


def _values(c: Contract, s: Sample) -> Iterator[Sample]:
    """Whole arrays, then single elements, set to simple numbers."""
    for name, x in _arrays(c, s).items():
        for value in SIMPLE:
            if x.size and _allowed(c, name, value) and np.any(_rank(x) > SIMPLE.index(value)):
                yield _replaced(s, name, np.full_like(x, value))
    for name, x in _arrays(c, s).items():
        for k in range(x.size if x.size <= ELEMENTS else 0):
            for value in SIMPLE:
                if _allowed(c, name, value) and _rank(x).flat[k] > SIMPLE.index(value):
                    changed = x.copy(order="C")
                    changed.flat[k] = value
                    yield _replaced(s, name, changed)


def _rank(x: Array) -> Array:
    """How simple each element is: its place in SIMPLE, or past the end."""
    rank = np.full(x.shape, len(SIMPLE))
    for k, value in reversed(list(enumerate(SIMPLE))):
        rank = np.where(x == value, k, rank)
    return rank


def _digits(c: Contract, s: Sample) -> Iterator[Sample]:
    """Fewer decimal digits, all elements of an array at once, then one by one."""
    for name, x in _arrays(c, s).items():
        if x.dtype.kind == "f" and x.size:
            for digits in (1, 2, 3):
                rounded = _rounded(x, digits)
                if _length(rounded) < _length(x) and np.all(inside(rounded, c.domains.get(name, Scalar))):
                    yield _replaced(s, name, rounded)


def _rounded(x: Array, digits: int) -> Array:
    return np.array([float(f"{v:.{digits}g}") for v in x.ravel().astype(float)], x.dtype).reshape(x.shape)


def _length(x: Array) -> int:
    """How much there is to read."""
    return sum(len(f"{v!s}") for v in x.ravel())
