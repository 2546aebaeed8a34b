"""The right formula of other arguments: along another dimension, another array transposed, a sibling's formula, a call of before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.adjoint import Parts, adjoints
from derive.checker.diagnosis.evidence import position
from derive.checker.diagnosis.orders import Order, in_two
from derive.checker.diagnosis.tape import Tape
from derive.checker.findings import Trial
from derive.checker.grading import Narrow
from derive.checker.inputs import Sample
from derive.checker.reader import Reader
from derive.language.nodes import BATCH
from derive.language.operation import Op
from derive.language.program import Program

Array = NDArray[Any]
Expected = Callable[[Sample], "Array | None"]


def computed(reader: Reader, name: str, s: Sample) -> Array:
    """What the textbook form gives."""
    return Tape(reader.forms[0], reader.arrays(s), s.parameters).output(position(reader, name))


def calls(reader: Reader, name: str) -> Iterator[tuple[str, Expected]]:
    """Along another dimension than the last; integers in other places."""
    for k in (0, 1):
        yield f"wrong axis: computed along dimension {k}", _swapped(reader, name, k)
    for i in reader.program.inputs:
        if i.dtype == "index" and len(i.names) > 1:
            yield f"the indices {i.name} are read with rows and columns exchanged (transposed)", _turned(reader, name, i.name)
        if i.dtype == "real" and BATCH in i.names:
            yield f"{i.name} is read with its last two dimensions exchanged (transposed)", _turned(reader, name, i.name)


def reordered(reader: Reader, name: str) -> Iterator[tuple[str, Expected]]:
    """With the positions along an axis counted in another order, and the result's counted back."""
    whole = [p.name for p in reader.program.parameters if p.integer]
    for axis in (a for a in reader.program.order if a != BATCH):
        for p in ("", *whole):
            for order in in_two():
                words = f"the positions along {axis} are {order.words(p or '2')}, and back in the result (swapped)"
                yield words, _in_order(reader, name, axis, order, p)


def _in_order(reader: Reader, name: str, axis: str, order: Order, p: str) -> Expected:
    axes = {i.name: i.names for i in reader.program.inputs} | {f"g of {o.name}": o.names for o in reader.program.outputs}
    result_axes = axes[name] if reader.reading == "gradient" else axes[f"g of {name}"]

    def expected(s: Sample) -> Array | None:
        block = int(s.parameters[p]) if p else 2
        inputs = {n: _along(x, axes[n], axis, order, block) for n, x in s.inputs.items()}
        cotangents = {n: _along(x, axes[f"g of {n}"], axis, order, block) for n, x in s.cotangents.items()}
        result = computed(reader, name, replace(s, inputs=inputs, cotangents=cotangents))
        places = _along(np.indices(result.shape)[_dimension(result, result_axes, axis)], result_axes, axis, order, block)
        return np.take_along_axis(
            result, np.argsort(places, axis=_dimension(result, result_axes, axis)), _dimension(result, result_axes, axis)
        )

    return expected


def _dimension(x: Array, names: tuple[str, ...], axis: str) -> int:
    """Where an array has an axis; leading ones may be several. Raises ValueError where it has none."""
    k = names.index(axis)
    return k - len(names) + x.ndim if BATCH in names[:k] else k


def _along(x: Array, names: tuple[str, ...], axis: str, order: Order, block: int) -> Array:
    return order.taken(x, _dimension(x, names, axis), block) if axis in names else x


def _turned(reader: Reader, name: str, which: str) -> Expected:
    def expected(s: Sample) -> Array:
        x = s.inputs[which]
        if x.ndim < 2:
            return computed(reader, name, s)
        return computed(reader, name, replace(s, inputs={**s.inputs, which: np.swapaxes(x, -1, -2).reshape(x.shape)}))

    return expected


def _swapped(reader: Reader, name: str, k: int) -> Expected:
    def expected(s: Sample) -> Array | None:
        arrays = {**s.inputs, **s.cotangents}
        most = max(x.ndim for x in arrays.values())
        if most <= k + 1:
            return None if most else computed(reader, name, s)
        moved = {n: np.swapaxes(x, k, -1) if x.ndim == most else x for n, x in arrays.items()}
        there = replace(s, inputs={n: moved[n] for n in s.inputs}, cotangents={n: moved[n] for n in s.cotangents})
        result = computed(reader, name, there)
        return np.swapaxes(result, k, -1) if result.ndim == most else result

    return expected


def siblings_of(reader: Reader, name: str, siblings: Sequence[Op]) -> Iterator[tuple[str, Expected]]:
    """The formula of a sibling."""
    op = reader.program
    for sibling in siblings:
        if reader.reading == "value":
            yield f"it is {sibling.name}, not {op.name} (variant)", value(sibling.program, position(reader, name))
        else:
            yield f"it is the gradient of {sibling.name}, not of {op.name} (variant)", adjoint(sibling.program, name)


def value(program: Program, at: int) -> Expected:
    """What another program gives."""
    return lambda s: Tape(program, s.inputs, _known(program, s.parameters)).output(at)


def adjoint(program: Program, name: str, blocked: frozenset[str] = frozenset(), rule: Parts | None = None) -> Expected:
    """The gradient of a program; what would flow back through the lets in `blocked` is left out, and each node follows the rule."""

    def expected(s: Sample) -> Array:
        cotangents = dict(zip((o.name for o in program.outputs), s.cotangents.values(), strict=True))
        return adjoints(program, s.inputs, cotangents, _known(program, s.parameters), blocked, Narrow("float64"), rule)[name]

    return expected


def _known(program: Program, parameters: Mapping[str, float]) -> dict[str, float]:
    return {p.name: parameters[p.name] for p in program.parameters if p.name in parameters}


def stale(name: str, trials: Sequence[Trial]) -> str | None:
    """Every wrong result is the right one of an earlier call."""
    earlier: list[Array] = []
    wrong = found = 0
    for t in trials:
        if name in t.got and t.far[name].any():
            wrong += 1
            found += any(e.shape == t.got[name].shape and e.size and np.array_equal(e, t.got[name], equal_nan=True) for e in earlier)
        if name in t.got and len(np.unique(t.got[name])) > 1:
            earlier.append(t.got[name])
    if wrong > 1 and found >= 0.8 * wrong:
        return "stale: the result of an earlier call is returned again (state kept between calls)"
    return None
