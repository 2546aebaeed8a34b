"""An Op: a definition as a value. Frozen data that can be used inside another definition."""

from __future__ import annotations

from dataclasses import dataclass

from derive.language.inline import inline
from derive.language.nodes import Expr
from derive.language.program import Program


@dataclass(frozen=True)
class Op:
    """A definition: its meaning (`program`), where it comes from (`source`) and the sentence that says what it does.

    Called with expressions inside another definition, it becomes part of that definition.
    """

    name: str
    doc: str
    source: str
    program: Program

    @property
    def summary(self) -> str:
        """The first sentence of the docstring."""
        return self.doc.strip().split("\n")[0]

    def __call__(self, *inputs: Expr, over: str | None = None, **parameters: object) -> Expr | tuple[Expr, ...]:
        return inline(self.program, inputs, over, parameters)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{i.name}[{' '.join(i.names)}]" for i in self.program.inputs)
        return f"<op {self.name}({arguments})>"
