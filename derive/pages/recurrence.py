"""The page of a recurrence over whole numbers: its index map, the steps to its answer, and its code."""

from __future__ import annotations

from collections.abc import Iterator

from derive import geometry
from derive.catalog.geometry import Argument, Recurrence
from derive.claims.facts import Fact
from derive.geometry.rules import Step
from derive.language.nodes import Expr, Param, substitute
from derive.language.text import text
from derive.pages.document import Block, Code, Display, Document, Equation, Heading, Inline, Literal, Math, Paragraph, Proved, Table
from derive.pages.facts import stated
from derive.pages.latex import latex
from derive.pages.op import derivation_title
from derive.pages.symbols import Symbols

INTRO = "Each step is exact, for all whole numbers that meet what is given; nothing is sampled. The letter A marks such a proof."


def document(recurrence: Recurrence, facts: tuple[Fact, ...] = ()) -> Document:
    """The page of a recurrence, with what is stated of it."""
    return Document((*_head(recurrence), *_steps(recurrence), *stated(facts), *_code(recurrence)))


def _head(r: Recurrence) -> Iterator[Block]:
    index = r.index
    notation = Symbols({a: a for a in (index.made, index.taps)}, {}, (index.made, index.taps))
    yield Heading(1, r.name)
    yield Paragraph((r.summary,))
    yield Paragraph((f"Source: {r.source}.",))
    yield Heading(2, "Definition")
    yield Paragraph(("Output ", Literal(index.made), " reads, through tap ", Literal(index.taps), ", the position"))
    yield Display((Equation((Math(index.read, index.read), Math(text(index.position), latex(_with_letters(r), notation)))),))
    yield Paragraph((f"What is asked: {r.asked}.",))
    yield Table(("argument", "letter", "least", "default", "meaning"), tuple(_argument(a) for a in r.arguments))


def _with_letters(r: Recurrence) -> Expr:
    """The index map with the letter of each parameter in place of its name."""
    letters = {a.name: a.letter for a in r.arguments} | dict(r.index.letters)
    return substitute(r.index.position, {Param(name): Param(letter) for name, letter in letters.items()})


def _argument(a: Argument) -> tuple[Inline, ...]:
    default = "none" if a.default is None else str(a.default)
    return (Literal(a.name),), (Math(a.letter, a.letter),), (str(a.least),), (default,), (a.meaning,)


def _steps(r: Recurrence) -> Iterator[Block]:
    steps = geometry.derivation(r)
    yield Heading(2, derivation_title(len(steps), "A"))
    yield Paragraph((INTRO,))
    yield from (_proved(k, s) for k, s in enumerate(steps, 1))


def _proved(number: int, s: Step) -> Proved:
    return Proved(
        number, (s.says[:1].upper() + s.says[1:],), Equation((Math(s.text, s.latex),)), s.rule, s.hypotheses, s.certificate, s.proof
    )


def _code(r: Recurrence) -> Iterator[Block]:
    yield Heading(2, "Generated code")
    yield Code("python", geometry.source([geometry.function(r, geometry.answer(r))]).rstrip("\n"))
