"""What a claim is: words from the literature, the formal statements that say the same, and what holds where those fail."""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.claims.statements import Answer, Statement

SETTLED = ("proved", "proved under a condition", "computed", "refuted")
UNDECIDED = "undecided"


@dataclass(frozen=True)
class Claim:
    """A row: `stated` says formally what the words say. Where that fails, `under` is the same under a condition,
    and `instead` is what is true. `also` are other parts of the words, and facts beside them: these must hold.
    """

    number: int
    words: str
    stated: tuple[Statement, ...]
    condition: str = ""
    under: tuple[Statement, ...] = ()
    instead: tuple[Statement, ...] = ()
    also: tuple[Statement, ...] = ()

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All formal statements, as they stand on the page."""
        return (*self.stated, *self.under, *self.instead, *self.also)


@dataclass(frozen=True)
class Verdict:
    """A claim with the answer to each of its statements, in the order of `Claim.statements`."""

    claim: Claim
    answers: tuple[Answer, ...]

    def of(self, statements: tuple[Statement, ...]) -> tuple[Answer, ...]:
        """The answers to some of the claim's statements."""
        known = dict(zip(map(id, self.claim.statements), self.answers, strict=True))
        return tuple(known[id(s)] for s in statements)

    @property
    def word(self) -> str:
        """The verdict, read off the answers."""
        claim = self.claim
        if any(a.settled == UNDECIDED for a in self.answers):
            return UNDECIDED
        if any(a.settled == "refuted" for a in self.of(claim.stated)):
            return "proved under a condition" if claim.under and _hold(self.of(claim.under)) else "refuted"
        return "proved" if any(a.settled == "proved" for a in self.of(claim.stated)) else "computed"

    @property
    def faults(self) -> tuple[str, ...]:
        """What keeps the claim from being settled: undecided statements, and corrections that fail or are missing."""
        claim = self.claim
        rest = (*claim.under, *claim.instead, *claim.also)
        pairs = list(zip(claim.statements, self.answers, strict=True))
        found = [f"undecided: {s.says}" for s, a in pairs if a.settled == UNDECIDED]
        found += [f"refuted: {s.says}" for s, a in zip(rest, self.of(rest), strict=True) if a.settled == "refuted"]
        if any(a.settled == "refuted" for a in self.of(claim.stated)) and not (claim.under or claim.instead):
            found.append("refuted, and nothing is stated in its place")
        return tuple(found)


def _hold(answers: tuple[Answer, ...]) -> bool:
    return all(a.settled in ("proved", "computed") for a in answers)


def with_statement(claim: Claim, old: Statement, new: Statement) -> Claim:
    """The claim with one statement replaced."""
    parts = {f: tuple(new if s is old else s for s in getattr(claim, f)) for f in ("stated", "under", "instead", "also")}
    return replace(claim, **parts)  # type: ignore[arg-type]
