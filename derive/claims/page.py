"""Settled claims as text, Markdown and plain data."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from derive.claims.claim import Claim, Verdict
from derive.claims.statements import Answer, Counted, Extreme, Fails, Mean, MeanSquare, Number, Relation, Statement, Tends, Window

PATH = "docs/claims.md"
SCHEMA = "derive.claims/1"
INTRODUCTION = """\
# Claims, settled

Statements that textbooks and web pages make about neural networks, each with a formal statement beside the words, settled by
machine: proved for all sizes and numbers, proved under a condition, computed, or refuted (with a counterexample, and what is
true instead). No verdict is written by hand. `derive claims` settles them again, `derive claims --write` writes this page.

A formal statement is a definition, as those of the catalogue are, and what is said of its outputs. `d_NAME` is the derived
gradient of NAME, a function of g and of what NAME takes.
"""
RELATIONS = {"=": "the outputs are equal", "<=": "each output is at most the next", "<": "each output is below the next"}
PARTS = (("stated", "stated"), ("under", "under the condition"), ("instead", "instead"), ("also", "also"))


def table(verdicts: Iterable[Verdict]) -> str:
    """One line for each claim: number, verdict, words."""
    rows = [(str(v.claim.number), v.word, v.claim.words + _condition(v)) for v in verdicts]
    widths = [max(len(row[n]) for row in rows) for n in range(2)]
    return "\n".join(f"{n:>{widths[0]}}  {word:<{widths[1]}}  {words}" for n, word, words in rows) + "\n"


def _condition(v: Verdict) -> str:
    return f" [{v.claim.condition}]" if v.word == "proved under a condition" else ""


def _verdict(v: Verdict) -> str:
    return f"{v.word}: {v.claim.condition}" if v.word == "proved under a condition" else v.word


def summary(verdicts: Iterable[Verdict]) -> str:
    """How many claims have each verdict; undecided ones are always counted."""
    words = [v.word for v in verdicts]
    counts = {w: words.count(w) for w in (*dict.fromkeys(sorted(words)), "undecided")}
    return ", ".join(f"{n} {w}" for w, n in counts.items())


def full(v: Verdict) -> str:
    """One claim with its formal statements, each with its answer."""
    lines = [f"{v.claim.number}. {v.claim.words}", f"   {_verdict(v)}", ""]
    for part, statement, answer in _statements(v):
        lines += [f"{part}: {statement.says}", *(f"    {line}" for line in formal(statement)), f"  {_answer(answer)}", ""]
    return "\n".join(lines)


def _answer(answer: Answer) -> str:
    return f"{answer.settled}: {answer.evidence}"


def _statements(v: Verdict) -> Iterator[tuple[str, Statement, Answer]]:
    for field, part in PARTS:
        found: tuple[Statement, ...] = getattr(v.claim, field)
        yield from zip([part] * len(found), found, v.of(found), strict=True)


def document(verdicts: tuple[Verdict, ...]) -> str:
    """The page of all claims."""
    rows = [f"| {v.claim.number} | {v.claim.words.replace('|', chr(92) + '|')} | {_verdict(v)} |" for v in verdicts]
    head = [INTRODUCTION, f"{len(rows)} claims: {summary(verdicts)}.\n", "| | claim | verdict |", "| ---: | --- | --- |", *rows, ""]
    return "\n".join([*head, *(_section(v) for v in verdicts)])


def _section(v: Verdict) -> str:
    lines = [f"## {v.claim.number}. {v.claim.words}\n", f"**{_verdict(v)}**\n"]
    for part, statement, answer in _statements(v):
        code = [f"    {line}".rstrip() for line in formal(statement)]
        lines += [f"{part.capitalize()}: {statement.says}\n", *code, "", f"{_answer(answer)}\n"]
    return "\n".join(lines)


def formal(s: Statement, texts: Mapping[str, list[str]] | None = None) -> list[str]:
    """The statement as code: the definition, from `texts` or among the claims, and what is said of it."""
    known = sources() if texts is None else texts
    if isinstance(s, Fails):
        return [*formal(s.other, known), "# and this does not hold"]
    code = known.get(s.program.name, [])
    count = known.get(s.count.__name__, []) if isinstance(s, Counted) else []
    return [*(code or [f"{s.program.name}  # of the catalogue"]), *count, *(f"# {line}" for line in [_said(s)])]


def _said(s: Statement) -> str:
    match s:
        case Relation():
            return RELATIONS[s.sign]
        case Number():
            given = (f"{n} = {_value(v)}" for n, v in (*s.inputs, *s.parameters))
            return f"at {', '.join(given)} this rounds to {s.digits}"
        case Extreme():
            return f"the {s.which} value rounds to {s.digits}, at an x that rounds to {s.where}"
        case Tends():
            return f"the first output tends to the second as {s.variable} goes to {'infinity' if s.toward == 'oo' else s.toward}"
        case Counted():
            return f"the formula is what {s.count.__name__} counts, at {len(s.settings)} settings"
        case Window():
            return f"it follows from the index map of {s.recurrence.name}{f', as {s.unknown}' if s.unknown else ''}"
        case Mean():
            return f"the mean over a standard normal variable rounds to {s.digits}"
        case MeanSquare():
            return f"the mean square over a standard normal variable{' of its derivative' * s.of_slope} rounds to {s.digits}"
    return ""


def _value(v: Any) -> str:
    shape = getattr(v, "shape", ())
    return f"({', '.join(map(_value, v))})" if shape else str(v.item() if hasattr(v, "item") else v)


def source(name: str) -> list[str]:
    """The lines of a definition among the claims, without its docstring; none for what stands elsewhere."""
    return sources().get(name, [])


@cache
def sources() -> dict[str, list[str]]:
    """The definitions among the claims by name."""
    found: dict[str, list[str]] = {}
    for file in files("derive.claims.rows").iterdir():
        if file.name.endswith(".py"):
            found |= definitions(file.read_text(encoding="utf-8"))
    return found


def definitions(text: str) -> dict[str, list[str]]:
    """The lines of each function of a file, without its docstring."""
    return {n.name: _without_doc(n, text) for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}


def _without_doc(node: ast.FunctionDef, text: str) -> list[str]:
    lines = text.splitlines()
    doc = node.body[0] if isinstance(node.body[0], ast.Expr) else None
    hidden = range(doc.lineno, (doc.end_lineno or doc.lineno) + 1) if doc else range(0)
    return [lines[n - 1] for n in range(node.lineno, (node.end_lineno or node.lineno) + 1) if n not in hidden]


def data(verdicts: tuple[Verdict, ...]) -> dict[str, object]:
    """The verdicts as JSON."""
    return {"schema": SCHEMA, "claims": [_row(v) for v in verdicts]}


def _row(v: Verdict) -> dict[str, object]:
    claim: Claim = v.claim
    statements = [
        {"part": part, "says": s.says, "formal": "\n".join(formal(s)), "settled": a.settled, "evidence": a.evidence}
        for part, s, a in _statements(v)
    ]
    condition = claim.condition if v.word == "proved under a condition" else None
    return {"number": claim.number, "claim": claim.words, "verdict": v.word, "condition": condition, "statements": statements}
