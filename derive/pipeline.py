"""From a definition to everything that is read off it: gradients with their proofs, stable forms, generated functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from derive.calculus.atoms import primitive
from derive.calculus.canonical import Canon, canon_for
from derive.calculus.gradient import hvp, jvp, vjp
from derive.calculus.proof import Step, certify, certify_for_all_sizes
from derive.calculus.sweep import Derivation
from derive.calculus.textbook import hide_differences
from derive.calculus.unfold import Definitions
from derive.language.errors import NotProved
from derive.language.memory import remembered
from derive.language.nodes import ZERO, Carried, Expr, substitute
from derive.language.operation import Op
from derive.language.program import Let, Program
from derive.language.recurrence import held
from derive.language.work import at_most
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

    def proof(self, reading: str) -> str:
        """The weakest certificate among all steps to what is computed; "-" with nothing to prove, "none" where one has none."""
        found = self.derivation(reading)
        try:
            steps = (*(found.steps if found else ()), *stability(self.program(reading)))
        except NotProved:
            return "none"
        return "none" if found and found.gaps else max((s.certificate.tier for s in steps), default="-")


def readings(op: Op) -> Readings:
    """All readings of an op."""
    return Readings(op)


@remembered(1024)
def _derivation(program: Program, reading: str) -> Derivation:
    if reading == "hvp":
        return hvp(program, _derivation(program, "vjp").program)
    return {"vjp": vjp, "jvp": jvp}[reading](program)


@remembered(1024)
def stable(program: Program) -> Program:
    """The program in the form that is computed: equal over the reals, accurate in floating point."""
    named, hidden = hide_differences(program)
    found = stabilise(named)
    names = {let.name for let in hidden}
    bodies: dict[Expr, Expr] = {}
    shown: list[Let] = []
    for let in found.lets:
        body = substitute(let.body, bodies)
        if let.name in names:
            bodies[let.ref] = body
        else:
            shown.append(Let(let.name, body))
    return replace(found, lets=tuple(shown))


@remembered(1024)
def stability(program: Program) -> tuple[Step, ...]:
    """Steps that lead from the textbook form to the computed one: each intermediate that both name is the same real number.

    What is proved stays a name in later steps; what differs (a shifted exponential) is written out in them. Raises NotProved
    when an output, or what a recurrence carries, cannot be certified, or not within PROOF_WORK products of terms for all steps.
    """
    with at_most(PROOF_WORK):
        return _stability(program)


PROOF_WORK = 400_000  # six times what the longest of the catalogue takes


def _stability(program: Program) -> tuple[Step, ...]:
    canon, outputs = canon_for(replace(program, lets=())), held(program)
    proved: set[str] = set()
    written: dict[Expr, Expr] = {}
    whole: dict[Expr, Expr] = {}
    steps = []
    for let in stable(program).lets:
        if isinstance(let.body, Carried):
            steps += _same_start(program, let, canon, written)
            continue
        right, whole[let.ref] = meaning(substitute(let.body, written)), meaning(substitute(let.body, whole))
        try:
            steps += _same_number(program, let.name, right, canon, proved)
            proved.add(let.name)
        except NotProved:
            written[let.ref] = right
            if let.name in outputs:
                everything = _written_out(program, let.name, set())
                assert everything is not None
                steps.append(certify(let.name, everything, whole[let.ref], COMPUTED, canon))
    return tuple(steps)


COMPUTED = "what is computed is the same real number"


def _same_start(program: Program, let: Let, canon: Canon, written: dict[Expr, Expr]) -> list[Step]:
    """The step that a recurrence begins with the same number. That it goes on with the same is proved of what it carries."""
    left = _written_out(program, let.name, set())
    if not isinstance(left, Carried) or replace(left, start=ZERO) != replace(let.body, start=ZERO):  # type: ignore[type-var]
        raise NotProved(f"{let.name} is carried in another way than in the textbook form")
    right = meaning(substitute(let.body.children[0], written))
    return [] if left.start == right else [certify(let.name, left.start, right, COMPUTED, canon)]


def _same_number(program: Program, name: str, right: Expr, canon: Canon, proved: set[str]) -> list[Step]:
    """The step from the textbook form of an intermediate to the computed one, if it takes one; NotProved where only one names it."""
    left = _written_out(program, name, proved)
    if left is None:
        raise NotProved(f"{name} is no intermediate of the textbook form")

    def body(of: str) -> Expr:
        found = _written_out(program, of, proved - {of})
        assert found is not None
        return found

    names = tuple(let.name for let in program.lets if let.name in proved)
    return [] if left == right else [certify_for_all_sizes(name, left, right, COMPUTED, canon, Definitions(names, body))]


def _written_out(program: Program, name: str, names: set[str]) -> Expr | None:
    """What a let of the textbook form stands for, with all but the given names written out; None when there is no such let."""
    written: dict[Expr, Expr] = {}
    for let in program.lets:
        body = primitive(substitute(let.body, written))
        if let.name == name:
            return body
        if let.name not in names and not isinstance(body, Carried):
            written[let.ref] = body
    return None


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


@remembered(256)
def generated(op: Op) -> dict[str, Any]:
    """The generated functions of an op by name, compiled."""
    from derive.codegen.execute import compile_source

    return compile_source(source(op), f"<generated {op.name}>")
