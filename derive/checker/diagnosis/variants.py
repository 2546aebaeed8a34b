"""Ops that one may be taken for another: those that take the same arguments, and those that come near."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from derive.checker.contract import into_domain, parameter_values, typical_parameter
from derive.checker.diagnosis.calls import value
from derive.checker.diagnosis.evidence import FAILURES
from derive.checker.inputs import Sample
from derive.language.nodes import base_axis
from derive.language.operation import Op
from derive.language.program import Program

NEAR = 0.005
FIRST, OTHERS = 24, 3  # positions along the first axis and along each other one: a maximum of one number is its mean


def related(op: Op, others: Sequence[Op]) -> tuple[Op, ...]:
    """The ops whose inputs (by name and axes) are among those of the op, which need no parameter that it lacks, and which give
    results of the same shape; those that take all inputs first."""
    inputs, results = set(op.program.inputs), [o.names for o in op.program.outputs]
    parameters = {p.name for p in op.program.parameters}

    def fits(p: Program) -> bool:
        needed = {q.name for q in p.parameters if q.default is None}
        return set(p.inputs) <= inputs and [o.names for o in p.outputs] == results and needed <= parameters

    found = [o for o in others if o.name != op.name and fits(o.program)]
    return tuple(sorted(found, key=lambda o: len(inputs) - len(o.program.inputs)))


def near(op: Program, other: Program) -> bool:
    """Whether the two are approximations of each other: close at moderate inputs, so that people take one for the other. One that
    lacks a parameter is none: the parameter was forgotten."""
    if set(op.inputs) != set(other.inputs) or not {p.name for p in op.parameters} <= {p.name for p in other.parameters}:
        return False
    usual = {p.name: typical_parameter(p) for p in (*op.parameters, *other.parameters)}
    changed = {p.name: (*parameter_values(p), usual[p.name])[1] for p in op.parameters}
    try:
        with np.errstate(all="ignore"):
            return all(_alike(op, other, parameters) for parameters in (usual, usual | changed))
    except FAILURES:
        return False


def _alike(op: Program, other: Program, parameters: Mapping[str, float]) -> bool:
    inputs = _moderate(op)
    a, b = (np.asarray(value(p, 0)(Sample(inputs, {}, parameters))) for p in (op, other))
    return a.shape == b.shape and bool(np.max(np.abs(a - b)) <= NEAR * _made(a, inputs.values()))


def _made(y: NDArray[np.float64], inputs: Iterable[NDArray[np.float64]]) -> float:
    """How much an op makes of its inputs: the size of its result, or how far that is from the nearest of them."""
    return float(min(np.max(np.abs(y - x)) for x in (np.zeros(()), *(x for x in inputs if x.shape == y.shape))))


def _moderate(op: Program) -> dict[str, NDArray[np.float64]]:
    """Numbers between -8 and 8 in no order, in the range of each input, several along every axis. Raises ValueError where an input
    is of another kind."""
    if any(i.dtype != "real" for i in op.inputs):
        raise ValueError("not all inputs are real")
    axes = dict.fromkeys(base_axis(a) for i in op.inputs for a in i.names)
    sizes = {a: FIRST if k == 0 else OTHERS for k, a in enumerate(axes)}
    shapes = {i: [sizes[base_axis(a)] for a in i.names] for i in op.inputs}
    rng = np.random.default_rng(0)
    line = {i: rng.permutation(np.linspace(-8, 8, int(np.prod(shape)))).reshape(shape) for i, shape in shapes.items()}
    return {i.name: into_domain(x, i.limits) for i, x in line.items()}
