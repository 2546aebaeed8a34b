"""What is known of an entry beyond its derivation, as blocks of its page and as JSON: statements about it, each settled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from derive.claims.facts import Fact
from derive.claims.page import PATH
from derive.pages.document import Block, Code, Heading, Linked, Paragraph

INTRO = (
    "Statements about the op, each a definition and what is said of its outputs; d_NAME is the derived gradient of NAME. None of the "
    "verdicts is written by hand: what is proved holds for all numbers and sizes, what is computed has certified digits."
)


def stated(found: tuple[Fact, ...]) -> Iterator[Block]:
    """The section of statements; nothing where there are none."""
    if found:
        yield Heading(2, "Facts")
        yield Paragraph((INTRO,))
    for number, fact in enumerate(found, 1):
        yield Paragraph((f"{number}. {'Not so: ' if fact.answer.settled == 'refuted' else ''}{fact.statement.says}",))
        yield Code("python", "\n".join(fact.formal))
        yield Paragraph((_sentence(fact), *_source(fact)))


def _sentence(fact: Fact) -> str:
    under = f", under the condition {fact.condition}" if fact.condition else ""
    said = f"{fact.verdict[:1].upper()}{fact.verdict[1:]}{under}: {fact.answer.evidence}"
    return said if said.endswith("...") else f"{said}."


def _source(fact: Fact) -> tuple[str | Linked, ...]:
    if fact.claim is None:
        return ()
    return (" Part of ", Linked(f"claim {fact.claim.number}", f"../{PATH.removeprefix('docs/')}"), f": {fact.claim.words}")


def data(found: tuple[Fact, ...]) -> list[dict[str, Any]]:
    """The statements as JSON."""
    return [
        {
            "says": f.statement.says,
            "formal": "\n".join(f.formal),
            "settled": f.answer.settled,
            "tier": f.answer.tier or None,
            "evidence": f.answer.evidence,
            "claim": f.claim.number if f.claim else None,
            "condition": f.condition or None,
        }
        for f in found
    ]
