"""Documents in Markdown as GitHub renders it: formulas in math fences, small ones between dollar signs."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from derive.pages.document import (
    Block,
    Code,
    Display,
    Document,
    Equation,
    Folded,
    Heading,
    Inline,
    Linked,
    Literal,
    Math,
    Notation,
    Paragraph,
    Proved,
    Table,
)

LONG, SHORT_NAME = 70, 40
SPECIAL = re.compile(r"([\\`*_<>\[\]|$#~])")


def markdown(document: Document) -> str:
    """The document as the text of a Markdown file."""
    return "\n\n".join(map(_block, document.blocks)) + "\n"


def _block(block: Block) -> str:
    return PRINTERS[type(block)](block)


def inline(content: Inline) -> str:
    """Words and small formulas on one line."""
    return "".join(_piece(p) for p in content)


def _piece(piece: str | Math | Literal | Linked) -> str:
    if isinstance(piece, Math):
        return f"${piece.latex}$"
    if isinstance(piece, Linked):
        return f"[{piece.text}]({piece.target})"
    return f"`{piece.text}`" if isinstance(piece, Literal) else SPECIAL.sub(r"\\\1", piece)


def _heading(b: Heading) -> str:
    return f"{'#' * b.level} {_piece(b.title)}"


def _paragraph(b: Paragraph | Notation) -> str:
    return inline(b.content)


def _table(b: Table) -> str:
    rows = [b.head, tuple("---" for _ in b.head), *(tuple(map(inline, row)) for row in b.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _display(b: Display) -> str:
    return _fence("math", aligned(b.equations))


def aligned(equations: tuple[Equation, ...]) -> str:
    """Equations below each other, their equality signs in line."""
    return _aligned([" &= ".join(side.latex for side in e.sides) for e in equations])


def _aligned(lines: list[str]) -> str:
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


def _proved(b: Proved) -> str:
    head = f"**{b.number}. {inline(b.title)}**" if all(isinstance(p, str) for p in b.title) else f"**{b.number}.** {inline(b.title)}"
    given = f" Given: {', '.join(f'`{h}`' for h in b.hypotheses)}." if b.hypotheses else ""
    how = f"{_piece(b.rule)}.{given} *{b.tier}*: {_piece(b.evidence)}."
    return "\n\n".join([head, _fence("math", stacked(b.equation)), how[:1].upper() + how[1:]])


def stacked(e: Equation) -> str:
    """The sides with equality signs between them, each on a line of its own where they are long."""
    first, *rest = (side.latex for side in e.sides)
    if len(rest) == 0 or sum(len(side.text) for side in e.sides) <= LONG:
        return " = ".join([first, *rest])
    if len(first) <= SHORT_NAME:
        return _aligned([f"{first} &= {rest[0]}", *(f"&= {side}" for side in rest[1:])])
    return _aligned([f"& {first}", *(rf"&\quad = {side}" for side in rest)])


def _code(b: Code) -> str:
    return _fence(b.language, b.text)


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _folded(b: Folded) -> str:
    inner = "\n\n".join(map(_block, b.blocks))
    return f"<details><summary>{html.escape(b.title)}</summary>\n\n{inner}\n\n</details>"


PRINTERS: dict[type, Callable[..., str]] = {
    Heading: _heading,
    Paragraph: _paragraph,
    Notation: _paragraph,
    Table: _table,
    Display: _display,
    Proved: _proved,
    Code: _code,
    Folded: _folded,
}
