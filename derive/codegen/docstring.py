"""The docstring of a generated function: what it computes, the formula, and what its arguments and results are."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass

from derive.codegen.constants import literal
from derive.codegen.door import must_have_positions
from derive.language.nodes import BATCH, Input
from derive.language.program import Parameter, Program
from derive.language.ranges import Scalar
from derive.language.recurrence import needed
from derive.language.text import text

WIDTH = 100
INDENT = "    "


@dataclass(frozen=True)
class FunctionDoc:
    """What a docstring says beyond the signature: a sentence, the literature, and the exact formula where the code has another form."""

    summary: str
    source: str = ""
    formula: tuple[str, ...] = ()


def formulas(program: Program) -> tuple[str, ...]:
    """One line per intermediate, as in `xhat = (x - mu)*rstd`."""
    return tuple(f"{let.name} = {text(let.body)}" for let in needed(program))


def docstring(program: Program, doc: FunctionDoc) -> str:
    """The docstring, indented as it stands inside a function."""
    lines = [doc.summary, ""]
    lines += [line for formula in doc.formula or formulas(program) for line in _formula(formula)]
    lines += ["", *_arguments(program), *_returns(program), *_raises(program)]
    lines += textwrap.wrap(f"Source: {doc.source}", WIDTH) if doc.source else []
    return "\n".join([lines[0], *(INDENT + line if line else "" for line in lines[1:]), INDENT])


def _formula(line: str) -> list[str]:
    wrapped = textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent=INDENT)
    return [INDENT + part for part in wrapped]


def _paragraph(head: str, parts: list[str]) -> list[str]:
    """The parts after a head, none of them broken; later lines stand under the first part."""
    lines = [head]
    for i, part in enumerate(parts):
        written = f" {part}{',' if i + 1 < len(parts) else '.'}"
        if len(lines[-1]) + len(written) > WIDTH and lines[-1].strip() != head:
            lines.append(" " * len(head))
        lines[-1] += written
    return lines


def _arguments(program: Program) -> list[str]:
    lines = _paragraph("Arrays:", [_array(i) for i in program.inputs])
    defaults = [_parameter(p) for p in program.parameters]
    return lines + (_paragraph("Parameters:", defaults) if defaults else [])


def _parameter(p: Parameter) -> str:
    default = "" if p.default is None else f"={literal(p.default)}"
    limited = p.integer or math.isfinite(p.low) or math.isfinite(p.high)
    return f"{p.name}{default}" + (f" ({p.range})" if limited else "")


def shape(names: tuple[str, ...]) -> str:
    """Axes as a shape, as in (N, D), (N,) or (...)."""
    return f"({', '.join(names)}{',' if len(names) == 1 and names != (BATCH,) else ''})"


def _array(i: Input) -> str:
    if i.dtype == "count":
        return f"{i.name}, a positive integer"
    spare = ("" if i.spare is None else f" or {i.spare}") + i.exception
    holds = f" of integers, positions of {i.into}{spare}" if i.into else "" if i.limits == Scalar else f" of numbers in {i.limits}"
    return (f"{i.name} {shape(i.names)}" if i.names else f"{i.name}, a scalar") + holds


def _returns(program: Program) -> list[str]:
    results = [f"{o.name} {shape(o.names)}" if o.names else f"{o.name}, a scalar" for o in program.outputs]
    return _paragraph("Returns:", results)


def _raises(program: Program) -> list[str]:
    axes = must_have_positions(program)
    empty = f", or where {' or '.join(axes)} is empty" if axes else ""
    return [f"Raises: TypeError or ValueError where a dtype or a shape does not fit{empty}."]
