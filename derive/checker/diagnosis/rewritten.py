"""Mistaken programs, where numbers alone do not do: what is to be differentiated must be a program again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.checker.diagnosis.edits import Edit
from derive.language.errors import DefinitionError
from derive.language.nodes import BATCH, ZERO, Expr, Iota, Mul, Ref, add, transform
from derive.language.program import Let, Program


def rewritten(program: Program, edit: Edit) -> Program | None:
    """The program with a mistake in it; None where it is no expression or its axes do not fit."""
    changes = {old: new for old, new in edit.changes.items() if isinstance(new, Expr)}
    if len(changes) != len(edit.changes):
        return None
    try:
        lets = tuple(_carried(program, changes))
    except DefinitionError:
        return None
    outputs = {o.name for o in program.outputs}
    before = {let.name: let.body.axes for let in program.lets}
    kept = all(let.body.axes == before[let.name] for let in lets if let.name in outputs)
    return replace(program, lets=lets) if kept and lets != program.lets else None


def _carried(program: Program, changes: dict[Expr, Expr]) -> Iterator[Let]:
    """The lets with the changes made, each with the axes that this leaves it."""
    bodies: dict[Expr, Expr] = {}

    def change(node: Expr) -> Expr:
        new = changes.get(node, node)
        return bodies.get(new, new) if isinstance(new, Ref) else new

    for let in program.lets:
        body = transform(let.body, change)
        missing = [a for a in sorted(let.body.axes - body.axes) if a != BATCH]
        if body.axes < let.body.axes and missing:
            body = add(body, *(Mul((ZERO, Iota(a))) for a in missing))
        new = Let(let.name, body)
        bodies[let.ref] = new.ref
        yield new
