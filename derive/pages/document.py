"""What a page is made of: a few kinds of blocks, which each format prints in its own way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Math:
    """A formula, as one line of text and in LaTeX."""

    text: str
    latex: str


@dataclass(frozen=True)
class Literal:
    """Words as they stand in code."""

    text: str


@dataclass(frozen=True)
class Linked:
    """Words that lead to another page, at a path from this one."""

    text: str
    target: str


Inline = tuple["str | Math | Literal | Linked", ...]


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is that of the page."""

    level: int
    title: str


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    content: Inline


@dataclass(frozen=True)
class Notation:
    """Running text about the notation of formulas; plain text, which has none, leaves it out."""

    content: Inline


@dataclass(frozen=True)
class Table:
    """Rows under a head, all of one length."""

    head: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]


@dataclass(frozen=True)
class Equation:
    """Sides that are equal, usually a name and what it stands for; a statement of another kind is one side alone."""

    sides: tuple[Math, ...]

    @property
    def left(self) -> Math:
        """The first side."""
        return self.sides[0]


@dataclass(frozen=True)
class Display:
    """Equations below each other."""

    equations: tuple[Equation, ...]


@dataclass(frozen=True)
class Proved:
    """One checked step: its title, what it states, by which rule, under which hypotheses, and how it was checked."""

    number: int
    title: Inline
    equation: Equation
    rule: str
    hypotheses: tuple[str, ...]
    tier: str
    evidence: str


@dataclass(frozen=True)
class Code:
    """Text in a programming language ("text" for none)."""

    language: str
    text: str


@dataclass(frozen=True)
class Folded:
    """Blocks that a page shows on demand."""

    title: str
    blocks: tuple[Block, ...]


Block = Heading | Paragraph | Notation | Table | Display | Proved | Code | Folded


@dataclass(frozen=True)
class Document:
    """A page: blocks in order, the first of them its heading."""

    blocks: tuple[Block, ...]
