"""The printed forms that a candidate is held against: the definition and its gradient, textbook and stable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from derive.calculus.atoms import primitive
from derive.language.operation import Op
from derive.language.program import Let, Program
from derive.pipeline import readings, stable

Array = NDArray[Any]


@dataclass(frozen=True)
class Forms:
    """Programs for the value and, where the op has one, the gradient; textbook form first. The tiers are those of the proofs that
    lead from the definition to what is computed."""

    value: tuple[Program, ...]
    gradient: tuple[Program, ...] = ()
    value_tier: str = "-"
    gradient_tier: str = "-"


def forms(op: Op) -> Forms:
    """The forms of an op; without gradient for a recurrence with state."""
    read = readings(op)
    if read.vjp is None:
        return Forms(_with_stable(op.program), value_tier=read.proof("value"))
    return Forms(_with_stable(op.program), _with_stable(read.vjp), read.proof("value"), read.proof("vjp"))


def plain(program: Program) -> Program:
    """The program with the calculus's display atoms written out in the language's own functions."""
    return replace(program, lets=tuple(Let(let.name, primitive(let.body)) for let in program.lets))


def _with_stable(program: Program) -> tuple[Program, ...]:
    try:
        return plain(program), stable(program)
    except ImportError:
        return (plain(program),)


def gradient_inputs(form: Program, op: Program, inputs: Mapping[str, Array], cotangents: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays of a gradient form: its first inputs are the cotangents of the outputs, in order."""
    seeds = form.inputs[: len(op.outputs)]
    return {**inputs, **{seed.name: cotangents[o.name] for seed, o in zip(seeds, op.outputs, strict=True)}}
