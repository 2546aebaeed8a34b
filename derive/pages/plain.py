"""Documents as plain text for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence

from derive.pages.document import Block, Code, Display, Document, Folded, Heading, Inline, Math, Notation, Paragraph, Proved, Table

WIDTH = 100
INDENT = "  "
Emphasis = Callable[[str], str]


def plain(document: Document, emphasis: Emphasis = str) -> str:
    """The document in lines of text; `emphasis` marks headings, where the terminal can show it."""
    return _joined(document.blocks, emphasis) + "\n"


def _joined(blocks: Iterable[Block], emphasis: Emphasis) -> str:
    return "\n\n".join(_block(b, emphasis) for b in blocks if not isinstance(b, Notation))


def _block(block: Block, emphasis: Emphasis) -> str:
    if isinstance(block, Heading):
        return emphasis(block.title)
    if isinstance(block, Folded):
        return f"{emphasis(block.title)}\n\n{_joined(block.blocks, emphasis)}"
    return PRINTERS[type(block)](block)


def inline(content: Inline) -> str:
    """Words and formulas as text."""
    return "".join(p if isinstance(p, str) else p.text for p in content)


def _paragraph(b: Paragraph) -> str:
    return textwrap.fill(inline(b.content), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_long_words=False)


def _table(b: Table) -> str:
    return aligned([b.head, *(tuple(map(inline, row)) for row in b.rows)])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells in columns."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return "\n".join((INDENT + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True))).rstrip() for row in rows)


def _display(b: Display) -> str:
    width = max(len(e.left.text) for e in b.equations)
    return "\n".join(INDENT + " = ".join([f"{e.left.text:<{width}}", *(s.text for s in e.sides[1:])]) for e in b.equations)


def _proved(b: Proved) -> str:
    given = f", given {', '.join(b.hypotheses)}" if b.hypotheses else ""
    lines = [f"{INDENT}{b.number}. {inline(b.title)}", *_statement(b.equation.sides)]
    return "\n".join([*lines, f"{INDENT}   {b.tier}  {b.rule}{given}: {b.evidence}"])


def _statement(sides: Sequence[Math]) -> list[str]:
    deep = INDENT + " " * 6
    one = deep + " = ".join(side.text for side in sides)
    return [one] if len(one) <= WIDTH else [deep + sides[0].text, *(f"{deep}  = {side.text}" for side in sides[1:])]


def _code(b: Code) -> str:
    return textwrap.indent(b.text, INDENT)


PRINTERS: dict[type, Callable[..., str]] = {Paragraph: _paragraph, Table: _table, Display: _display, Proved: _proved, Code: _code}
