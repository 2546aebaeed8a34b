"""Ops that one may be taken for another: those that take the same arguments, and those that come near."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derive.checker.diagnosis.calls import value
from derive.checker.diagnosis.evidence import FAILURES
from derive.checker.inputs import Sample
from derive.language.operation import Op
from derive.language.program import Program

NEAR = 0.005


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
    """Whether the two are approximations of each other: close at moderate inputs, so that people take one for the other."""
    inputs = {
        i.name: np.linspace(-8, 8, 24).reshape([24 if k == 0 else 1 for k in range(len(i.names))]) for i in op.inputs if i.dtype == "real"
    }
    if len(inputs) != len(op.inputs) or set(op.inputs) != set(other.inputs):
        return False
    try:
        with np.errstate(all="ignore"):
            samples = [Sample(inputs, {}, {q.name: float(q.default or 1) for q in p.parameters}) for p in (op, other)]
            a, b = (np.asarray(value(p, 0)(s)) for p, s in zip((op, other), samples, strict=True))
            return bool(np.max(np.abs(a - b)) <= NEAR * np.max(np.abs(a)))
    except FAILURES:
        return False
