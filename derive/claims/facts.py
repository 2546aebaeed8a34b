"""What is stated of an op, by claims of the literature and by facts beside the catalogue, and how each statement was settled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from derive.catalog.userfile import ops_in
from derive.claims.claim import Claim
from derive.claims.decide import decide
from derive.claims.page import definitions, formal, sources
from derive.claims.statements import Answer, Fails, Mean, MeanSquare, Statement, Window

READING = "_vjp"  # the ending of a gradient, when a statement is about it


@dataclass(frozen=True)
class Fact:
    """A statement as code, its answer, and the claim it is part of (None for a fact of its own)."""

    statement: Statement
    formal: tuple[str, ...]
    answer: Answer
    claim: Claim | None

    @property
    def holds(self) -> bool:
        """Whether it was proved or computed."""
        return self.answer.settled in ("proved", "computed")

    @property
    def condition(self) -> str:
        """The condition that it is the claim under; "" where it is not one."""
        return self.claim.condition if self.claim and self.statement in self.claim.under else ""

    @property
    def verdict(self) -> str:
        """How it was settled, with the tier of a proof."""
        return f"{self.answer.settled}{f', tier {self.answer.tier}' if self.answer.tier else ''}"


def facts(name: str, stated: Iterable[object], texts: Mapping[str, list[str]]) -> tuple[Fact, ...]:
    """What statements and claims say of the op of that name, settled; what does not hold comes last. `texts` has definitions by name."""
    about = [(s, claim) for s, claim in statements(stated) if name in subjects(s)]
    found = [Fact(s, tuple(formal(s, texts)), decide(s), claim) for s, claim in about]
    return tuple(sorted(found, key=lambda f: not f.holds))


def facts_of(spec: str, name: str) -> tuple[Fact, ...]:
    """What is stated of the entry that `spec` names: by the claims and facts of the catalogue, or beside it in the user's file."""
    path = spec if spec.endswith(".py") else spec.rpartition(":")[0]
    return facts_of_file(name, ops_in(path), Path(path).read_text(encoding="utf-8")) if path else catalogue_facts(name)


def catalogue_facts(name: str) -> tuple[Fact, ...]:
    """What is stated of an entry of the catalogue."""
    from derive.claims.rows import CLAIMS, FACTS

    return facts(name, (*CLAIMS, *FACTS), sources())


def facts_of_file(name: str, values: Mapping[str, object], text: str) -> tuple[Fact, ...]:
    """What a user's file of definitions states of an op: its values that are statements, claims, or tuples of them."""
    return facts(name, values.values(), definitions(text))


def statements(stated: Iterable[object]) -> Iterator[tuple[Statement, Claim | None]]:
    """Every statement, each once, with the claim it is part of; anything else is passed over."""
    for row in stated:
        if isinstance(row, Claim):
            yield from ((s, row) for s in dict.fromkeys(row.statements))
        elif isinstance(row, Statement):
            yield row, None
        elif isinstance(row, tuple):
            yield from statements(row)


def subjects(s: Statement) -> frozenset[str]:
    """The names of the ops and recurrences that a statement is about: those its definition was written with."""
    match s:
        case Fails(other=other):
            return subjects(other)
        case Window(recurrence=recurrence):
            return frozenset((recurrence.name,))
        case Mean(op=op) | MeanSquare(op=op):
            return frozenset((op.name,))
    return frozenset(n.removesuffix(READING) for n in (s.program.name, *s.program.uses))
