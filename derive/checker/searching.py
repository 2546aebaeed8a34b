"""Calls made until one disagrees, and the smallest that does for each kind of disagreement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from derive.checker.candidate import CandidateError
from derive.checker.cases import recall
from derive.checker.clock import now
from derive.checker.contract import Contract
from derive.checker.findings import Finding, Tally
from derive.checker.inputs import READ_ONLY, Case, Sample, layout_of, sample, without_subnormals
from derive.checker.manners import manners
from derive.checker.reader import Reader
from derive.checker.runs import run
from derive.checker.search import explore
from derive.checker.shrink import smallest

CASES = 400
SHRINKING = 0.5  # seconds for making one counterexample small; more, where more are to be spent
HOPELESS = 8  # calls after which a function that raised is not given another chance
CLEAR = 6  # calls that show a disagreement no form explains; then no more are needed
LEAST = 14  # calls that are made even then, so that the cause can be found
ORDER = ("state", "mutated input", "dtype", "shape", "raised", "value", "gradient", "nan", "aliased input")


def search(c: Contract, reader: Reader, fixed: Mapping[str, float], tally: Tally, seed: int, seconds: float) -> list[Finding]:
    """The smallest counterexample of each kind found in so many seconds, or nothing."""
    found: list[Finding] = []
    raised = clear = 0
    last = ""

    def build(case: Case) -> Sample:
        found = sample(c, case, reader.dtype, fixed)
        return without_subnormals(found) if reader.adapter.flushes else found

    def tries(case: Case) -> bool:
        nonlocal raised, clear, last
        findings = run(reader, build(case), tally)
        raised += (failing := _raising(findings))
        last = findings[0].message if failing else last
        clear += any(f.grade == "wrong" for f in findings)
        found.extend(findings)
        late = any("not returned" in f.message for f in findings)
        return late or (failing and raised + tally.refused == tally.calls >= HOPELESS) or (clear >= CLEAR and tally.calls >= LEAST)

    explore(c, tries, seed, now() + seconds, CASES)
    if tally.calls and raised + tally.refused == tally.calls:
        what = last.removesuffix(" on a legal input") or f"raised {next(iter(tally.refusals))}"
        raise CandidateError(f"{named(reader.function)} {what}, on every input tried")
    found = [f for f in _without_excuses(found) if not (f.kind == "aliased input" and _is_rearranged(f, tally))]
    if not _raising(found):
        found += manners(reader, build, tally)
    kept = _one_per_kind(found)
    return [smallest(c, reader, f, build, now() + SHRINKING * max(1.0, seconds)) for f in kept]


def replayed(reader: Reader, case: str, tally: Tally) -> list[Finding]:
    """What one kept case shows."""
    reading, s = recall(case)
    return run(reader, s, tally) if reading == reader.reading else []


def _raising(findings: Iterable[Finding]) -> bool:
    """A call that raises does not end the search: other calls may show more, or all may raise."""
    return any(f.kind == "raised" for f in findings)


def _without_excuses(findings: Iterable[Finding]) -> Iterator[Finding]:
    """All but those that follow from another: who changes an argument fails where it may not be written to."""
    findings = list(findings)
    changes = any(f.kind == "mutated input" for f in findings)
    for f in findings:
        if not (
            changes
            and f.kind == "raised"
            and any(layout_of(x) == READ_ONLY for x in (*f.sample.inputs.values(), *f.sample.cotangents.values()))
        ):
            yield f


def _is_rearranged(f: Finding, tally: Tally) -> bool:
    """Whether some result holds, in every call, nothing but numbers of the argument: a view of it is then natural."""
    argument = f.what.removeprefix("cotangent of ")
    given = [{**t.sample.inputs, **t.sample.cotangents}.get(argument, np.zeros(0)) for t in tally.trials]
    names = {n for t in tally.trials for n in t.exact}
    calls = list(zip(tally.trials, given, strict=True))
    return any(all(n in t.exact and np.isin(t.exact[n], x).all() for t, x in calls) for n in names)


def _one_per_kind(findings: Iterable[Finding]) -> list[Finding]:
    """The largest disagreement of each kind; those that no form explains first."""
    worst: dict[tuple[str, str], Finding] = {}
    for f in sorted(findings, key=lambda f: f.ratio):
        worst[(f.kind, f.grade)] = f
    kept = sorted(worst.values(), key=lambda f: ORDER.index(f.kind) if f.kind in ORDER else 0)
    return [f for f in kept if f.grade == "wrong"] or kept


def named(function: Callable[..., Any]) -> str:
    """What a function is called."""
    return str(getattr(function, "__name__", None) or type(function).__name__)
