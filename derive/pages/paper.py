"""Documents as LaTeX that compiles by itself."""

from __future__ import annotations

from collections.abc import Callable

from derive.pages.document import (
    Block,
    Code,
    Display,
    Document,
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
from derive.pages.markdown import aligned, stacked

PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb,bbold}
\setlength{\parindent}{0pt}
\setlength{\parskip}{1ex}
\begin{document}"""
SECTIONS = ("section*", "subsection*", "subsubsection*")
# fmt: off
SPECIAL = str.maketrans({
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    **{c: "\\" + c for c in "&%$#_{}"},
})
# fmt: on


def paper(document: Document) -> str:
    """The document as a LaTeX article."""
    return "\n\n".join([PREAMBLE, *map(_block, document.blocks), r"\end{document}"]) + "\n"


def _block(block: Block) -> str:
    return PRINTERS[type(block)](block)


def inline(content: Inline) -> str:
    """Words and small formulas on one line."""
    return "".join(_piece(p) for p in content)


def _piece(piece: str | Math | Literal | Linked) -> str:
    if isinstance(piece, Math):
        return f"${piece.latex}$"
    if isinstance(piece, Linked):
        return piece.text.translate(SPECIAL)
    return rf"\texttt{{{piece.text.translate(SPECIAL)}}}" if isinstance(piece, Literal) else piece.translate(SPECIAL)


def _heading(b: Heading) -> str:
    return rf"\{SECTIONS[b.level - 1]}{{{_piece(b.title)}}}"


def _paragraph(b: Paragraph | Notation) -> str:
    return inline(b.content)


def _table(b: Table) -> str:
    rows = [tuple(map(_piece, b.head)), *(tuple(map(inline, row)) for row in b.rows)]
    body = " \\\\\n".join(" & ".join(row) for row in rows)
    return rf"\begin{{tabular}}{{{'l' * len(b.head)}}}" + f"\n{body}\n" + r"\end{tabular}"


def _display(b: Display) -> str:
    return _centred(aligned(b.equations))


def _centred(formula: str) -> str:
    return f"\\[\n{formula}\n\\]"


def _proved(b: Proved) -> str:
    given = f" Given: {', '.join(_piece(Literal(h)) for h in b.hypotheses)}." if b.hypotheses else ""
    how = f"{_piece(b.rule)}.{given} {b.tier}: {_piece(b.evidence)}."
    return "\n".join([rf"\textbf{{{b.number}.}} {inline(b.title)}", _centred(stacked(b.equation)), how[:1].upper() + how[1:]])


def _code(b: Code) -> str:
    return f"\\begin{{small}}\n\\begin{{verbatim}}\n{b.text}\n\\end{{verbatim}}\n\\end{{small}}"


def _folded(b: Folded) -> str:
    return "\n\n".join([rf"\paragraph{{{_piece(b.title)}}}", *map(_block, b.blocks)])


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
