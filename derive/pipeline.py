"""From a definition to everything that is read off it: gradients with their proofs, stable forms, generated functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from derive.calculus.canonical import canon_for
from derive.calculus.gradient import hvp, jvp, vjp
from derive.calculus.proof import Step, certify
from derive.calculus.sweep import Derivation
from derive.language.errors import NotProved
from derive.language.nodes import Expr, Ref, leaves
from derive.language.operation import Op
from derive.language.program import Let, Program, expand
from derive.numerics.kernels import meaning
from derive.numerics.stabilise import stabilise


@dataclass(frozen=True)
class Readings:
    """What an op gives: its own Program and, where it has a gradient, the derived ones. Each is derived when first asked for."""

    op: Op

    @property
    def forward(self) -> Program:
        """The definition itself."""
        return self.op.program

    @property
    def names(self) -> tuple[str, ...]:
        """The readings there are: a recurrence with state, or an op without real inputs, has its value alone."""
        return ("value", "vjp", "jvp", "hvp") if self.forward.real_inputs and not self.forward.states else ("value",)

    def derivation(self, reading: str) -> Derivation | None:
        """The derivation of a reading, if there is one."""
        return _derivation(self.forward, reading) if reading in self.names[1:] else None

    def program(self, reading: str) -> Program:
        """The program of a reading, in textbook form."""
        found = self.derivation(reading)
        return found.program if found else self.forward

    @property
    def programs(self) -> tuple[tuple[str, Program], ...]:
        """(reading, program) for all readings."""
        return tuple((reading, self.program(reading)) for reading in self.names)

    @property
    def vjp(self) -> Program | None:
        """The program (g, *inputs) -> gradients of the real inputs."""
        found = self.derivation("vjp")
        return found.program if found else None

    @property
    def tier(self) -> str:
        """The weakest certificate among the steps of the gradient; "-" for an op without one."""
        found = self.derivation("vjp")
        return found.tier if found else "-"


def readings(op: Op) -> Readings:
    """All readings of an op."""
    return Readings(op)


@lru_cache(maxsize=1024)
def _derivation(program: Program, reading: str) -> Derivation:
    if reading == "hvp":
        return hvp(program, _derivation(program, "vjp").program)
    return {"vjp": vjp, "jvp": jvp}[reading](program)


@lru_cache(maxsize=1024)
def stable(program: Program) -> Program:
    """The program in the form that is computed: equal over the reals, accurate in floating point."""
    return stabilise(program)


def _unchanged(program: Program, computed: Program) -> set[Let]:
    """The lets that both forms share, and whose own ingredients they share."""
    same: set[Let] = set()
    for let in program.lets:
        names = {r.name for r in leaves(let.body, Ref)}  # type: ignore[attr-defined]
        if let in computed.lets and names <= {s.name for s in same}:
            same.add(let)
    return same


@lru_cache(maxsize=1024)
def stability(program: Program) -> tuple[Step, ...]:
    """A step per output that the computed form changes: equal to the textbook form over the reals.

    Definitions that both forms share stay names where that suffices. Raises NotProved when a step cannot be certified.
    """
    computed = stable(program)
    steps = []
    for name in (o.name for o in program.outputs):
        for shared in (_unchanged(program, computed), set[Let]()):
            left, right = _expanded(program, shared, name), meaning(_expanded(computed, shared, name))
            try:
                steps += [] if left == right else [certify(name, left, right, COMPUTED, canon_for(replace(program, lets=())))]
                break
            except NotProved:
                if not shared:
                    raise
    return tuple(steps)


COMPUTED = "what is computed is the same real number"


def _expanded(program: Program, shared: set[Let], name: str) -> Expr:
    """An output with the lets that are not shared written out."""
    return expand(replace(program, lets=tuple(let for let in program.lets if let not in shared)), program.let(name).ref)


SUMMARIES = {
    "value": "{summary}",
    "vjp": "Gradients of {name}: what the cotangent g of its output amounts to at each real input.",
    "jvp": "Derivative of {name} in the direction of the tangents v_*.",
    "hvp": "Derivative of the gradients of {name} in the direction of the tangents v_*, the cotangent held fixed.",
}


def functions(op: Op) -> Iterator[tuple[Program, Any]]:
    """(program to generate, its FunctionDoc) for each reading."""
    from derive.codegen.docstring import FunctionDoc, formulas

    for reading, program in readings(op).programs:
        summary = SUMMARIES[reading].format(name=op.name, summary=op.summary)
        yield stable(program), FunctionDoc(summary, op.source, formulas(program))


def source(op: Op) -> str:
    """A standalone module with all readings of the op."""
    from derive.codegen.module import module_source

    return module_source(list(functions(op)), f"{op.name}: {op.summary}")


@lru_cache(maxsize=256)
def generated(op: Op) -> dict[str, Any]:
    """The generated functions of an op by name, compiled."""
    from derive.codegen.execute import compile_source

    return compile_source(source(op), f"<generated {op.name}>")
