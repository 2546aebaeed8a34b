"""What an op with a state comes to when its step is repeated, as a section of its page and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from derive.analysis.repeated import Closed, after_steps, count_of, from_zero
from derive.language.operation import Op
from derive.language.program import Let, Program
from derive.language.text import text
from derive.pages.document import Block, Display, Heading, Literal, Paragraph, Proved
from derive.pages.formulas import equation
from derive.pages.symbols import Symbols

RULE = "proposed by SymPy's rsolve, proved by induction on the step"
INTRO = (
    " counts steps from 1, each of them on the same arrays. The states stand for what the first step was given. SymPy proposes these "
    "forms; each was proved for step 1 and from every step to the next."
)
FROM_ZERO = "Where the states begin at 0, with what no longer changes then, from the same proofs:"


def blocks(op: Op, notation: Symbols) -> Iterator[Block]:
    """The section of the page; nothing where no closed form was proved."""
    closed, from_0 = after_steps(op.program), from_zero(op.program)
    if closed:
        yield Heading(2, "After t steps")
        yield Paragraph((Literal(count_of(op.program).name), INTRO))
        yield from (_proved(k, c, notation) for k, c in enumerate(closed, 1))
        yield Paragraph((FROM_ZERO,))
        yield Display(tuple(equation(Let(c.name, c.value), notation) for c in from_0))


def _proved(number: int, c: Closed, notation: Symbols) -> Proved:
    found = equation(Let(c.name, c.value), notation)
    return Proved(number, (found.left,), found, RULE, (), "A", c.evidence)


def data(program: Program) -> dict[str, Any]:
    """The closed forms as JSON: from the states before step 1, and from states of 0."""
    if not (closed := after_steps(program)):
        return {}
    forms = {"closed": closed, "from_zero": from_zero(program)}
    return {"count": count_of(program).name, **{k: {c.name: text(c.value) for c in v} for k, v in forms.items()}}
