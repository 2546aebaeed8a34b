"""Counterexamples: small inputs at which the certified values of two sides differ, the smallest first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.calculus.atoms import primitive
from derive.claims.statements import Relation
from derive.language.errors import DeriveError
from derive.language.functions import abs
from derive.language.nodes import BATCH, Const, Input, Reduce
from derive.language.program import Hypothesis, Let, Output, Parameter, Program
from derive.oracle import Rounded, evaluate

VALUES = tuple(Fraction(v) for v in ("1", "0", "2", "-1", "1/2", "-2", "3", "-1/2", "-3", "10", "1/10", "-10"))
EXHAUSTED, RANDOM = 150, 60  # trials in order of size, and at random, at each size
BITS = 1024
NEGLIGIBLE = 1e-12  # between the sides of what is assumed
MOST = 100  # numbers in one trial


@dataclass(frozen=True)
class Trial:
    """Inputs and parameters to evaluate at."""

    inputs: dict[str, Any]
    parameters: dict[str, Fraction]

    def __str__(self) -> str:
        given = {**self.inputs, **self.parameters}
        return ", ".join(f"{n} = {_shown(v)}" for n, v in given.items())


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.shape:
        return f"[{', '.join(map(_shown, value))}]"
    return str(value.item() if isinstance(value, np.ndarray) else value)


def counterexample(relation: Relation, most: int | None = None) -> str:
    """Where the relation fails, and the values there; "" if a search (of at most so many trials) finds nothing."""
    program = _plain(relation)
    assumed = tuple(_distance(program, h) for h in program.hypotheses)
    for trial in itertools.islice(trials(program), most):
        try:
            if not all(_is_zero(a, trial) for a in assumed):
                continue
            found = evaluate(program, trial.inputs, trial.parameters, cap=BITS)
        except (DeriveError, ValueError):  # no value there, or sizes that do not fit
            continue
        if all(found[o.name].decided.all() and np.isfinite(found[o.name].value).all() for o in program.outputs):
            broken = _broken(_aligned(program, found), relation.sign)
            if broken:
                return f"{trial}: {broken}"
    return ""


def _plain(relation: Relation) -> Program:
    lets = tuple(Let(o.name, primitive(side)) for o, side in zip(relation.program.outputs, relation.sides, strict=True))
    return replace(relation.program, lets=lets, states=())


def _distance(program: Program, h: Hypothesis) -> Program:
    """How far the sides of what is assumed are apart, at most, as a program of its own."""
    gap = primitive(abs(h.left - h.right))
    largest = Reduce("max", gap, tuple(sorted(gap.axes))) if gap.axes else gap
    return replace(program, lets=(Let("distance", largest),), outputs=(Output("distance", ()),), states=(), hypotheses=())


def _is_zero(distance: Program, trial: Trial) -> bool:
    """Whether a trial meets what is assumed: exactly, or up to what its numbers are rounded by."""
    found = evaluate(distance, trial.inputs, trial.parameters, cap=BITS)["distance"]
    return bool(found.decided.all() and (found.value <= NEGLIGIBLE).all())


def _aligned(program: Program, found: Mapping[str, Rounded]) -> list[NDArray[Any]]:
    """The values with the same axes, in the same order; those that an output lacks have length 1. ("..." stands for no axis.)"""
    axes = [a for a in dict.fromkeys(a for o in program.outputs for a in o.names) if a != BATCH]
    arrays = []
    for o in program.outputs:
        names, value = [a for a in o.names if a != BATCH], found[o.name].value
        lengths = dict(zip(names, value.shape, strict=True))
        moved = value.transpose([names.index(a) for a in axes if a in names])
        arrays.append(moved.reshape([lengths.get(a, 1) for a in axes]))
    return arrays


def _broken(values: list[Any], sign: str) -> str:
    for left, right in pairwise(values):
        left, right = np.broadcast_arrays(left, right)
        wrong = {"=": left != right, "<=": left > right, "<": left >= right}[sign]
        if wrong.any():
            place = tuple(np.argwhere(wrong)[0])
            return f"{left[place]:.10g} and {right[place]:.10g}"
    return ""


def trials(program: Program) -> Iterator[Trial]:
    """Settings in order of size, then of how simple their numbers are."""
    axes = tuple(dict.fromkeys(a for i in program.inputs for a in (*i.names, *(i.into or "").split()) if a != BATCH))
    for sizes in _sizes(axes):
        if len(_pools(program, sizes)) > MOST:
            return
        for picked in _choices(program, sizes):
            yield _filled(program, sizes, picked)


def _sizes(axes: tuple[str, ...]) -> Iterator[dict[str, int]]:
    """How long each axis is: one position, then two along one axis at a time, then the same number along all."""
    one = dict.fromkeys(axes, 1)
    yield one
    if len(axes) > 1:
        yield from ({**one, a: 2} for a in axes)
    if axes:
        yield from (dict.fromkeys(axes, n) for n in (2, 3))


def _choices(program: Program, sizes: dict[str, int]) -> Iterator[tuple[int, ...]]:
    """For each number that is needed, which of its values it takes."""
    lengths = [len(pool) for pool in _pools(program, sizes)]
    by_size = (c for total in range(sum(lengths) + 1) for c in _adding_to(total, lengths))
    yield from itertools.islice(by_size, EXHAUSTED if lengths else 1)
    random = Random(0)
    for _ in range(RANDOM):
        yield tuple(map(random.randrange, lengths))


def _adding_to(total: int, lengths: list[int]) -> Iterator[tuple[int, ...]]:
    """Choices, one below each length, that add up to the total."""
    if not lengths:
        yield from [()] if total == 0 else []
        return
    for first in range(min(total, lengths[0] - 1) + 1):
        yield from ((first, *rest) for rest in _adding_to(total - first, lengths[1:]))


def _pools(program: Program, sizes: dict[str, int]) -> list[list[Any]]:
    """The values that each number may take, the simplest first: elements of inputs in order, then parameters."""
    elements = [_values(i, sizes) for i in program.inputs for _ in range(math.prod(_shape(i, sizes)))]
    return elements + [_parameter(p) for p in program.parameters]


def _shape(i: Input, sizes: dict[str, int]) -> list[int]:
    return [sizes[a] for a in i.names if a != BATCH]


def _values(i: Input, sizes: dict[str, int]) -> list[Any]:
    if i.dtype == "real":
        return list(VALUES)
    return list(range(sizes[i.into])) if i.into else [1, 2, 3, 4]


def _parameter(p: Parameter) -> list[Fraction]:
    """Simple numbers that the range admits, its ends among them."""
    ends = [Fraction(str(end)) for end in (p.high, p.low) if math.isfinite(end)]
    found = dict.fromkeys(v for v in (*VALUES[:2], *ends, *VALUES[2:]) if p.admits(v))
    return list(found) or [Fraction(str((p.low + p.high) / 2))]


def _filled(program: Program, sizes: dict[str, int], picked: tuple[int, ...]) -> Trial:
    """The inputs and parameters with the picked values."""
    left = iter([pool[n] for pool, n in zip(_pools(program, sizes), picked, strict=True)])
    inputs: dict[str, Any] = {}
    for i in program.inputs:
        shape = _shape(i, sizes)
        numbers = list(itertools.islice(left, math.prod(shape)))
        array = np.empty(len(numbers), dtype=object)
        array[:] = numbers
        inputs[i.name] = array.reshape(shape) if i.dtype == "real" else array.reshape(shape).astype(int)
    _impose(program, inputs)
    return Trial(inputs, {p.name: next(left) for p in program.parameters})


def _impose(program: Program, inputs: dict[str, Any]) -> None:
    """The last elements changed so that sums which the definition assumes are as it says."""
    for h in program.hypotheses:
        if isinstance(h.left, Reduce) and isinstance(h.left.body, Input) and isinstance(h.right, Const):
            names, array = h.left.body.names, inputs[h.left.body.name]
            axis = names.index(h.left.over[0])
            last = tuple(-1 if n == axis else slice(None) for n in range(len(names)))
            array[last] += h.right.value - array.sum(axis=axis)
