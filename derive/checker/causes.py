"""Why a candidate disagrees, in words, and which op it computes instead."""

from __future__ import annotations

import time
from collections.abc import Sequence

from derive.checker.contract import contract
from derive.checker.diagnosis.explain import Diagnosis, diagnose
from derive.checker.diagnosis.variants import near
from derive.checker.findings import Finding, Tally
from derive.checker.memory import Memory
from derive.checker.places import layout, place
from derive.checker.reader import Reader
from derive.checker.readers import fixed, like
from derive.checker.runs import run
from derive.checker.searching import search
from derive.language.operation import Op

DIAGNOSING = 1.6  # seconds of computing for finding the cause of one disagreement; more, where more are to be spent
NUMERIC = ("value", "gradient", "nan")


def cause(reader: Reader, f: Finding, tally: Tally, siblings: Sequence[Op], seconds: float, before: Memory) -> Diagnosis | None:
    """Why, in words: the form that is computed, the place where it goes wrong, or the mistake that gives the same numbers."""
    if f.form:
        return Diagnosis(f.form)
    if stated := layout(reader, f):
        return Diagnosis(stated)
    if f.kind in NUMERIC and _is_right_alone(reader, f, before):
        return Diagnosis("state is kept from an earlier call: with nothing kept from before, this call is right")
    found = None
    if name := f.what if f.kind in NUMERIC else _wrong_elsewhere(f, tally):
        found = diagnose(reader, name, tally.trials, siblings, time.process_time() + DIAGNOSING * max(1.0, seconds))
    if (found is None or found.is_weak) and (stated := place(reader, f, tally.trials)):
        return Diagnosis(stated)
    return found


def _is_right_alone(reader: Reader, f: Finding, before: Memory) -> bool:
    """Whether the call is right when what the function has kept since is taken from it."""
    if not before.changed:
        return False
    before.restore()
    return not run(reader, f.sample, Tally())


def _wrong_elsewhere(f: Finding, tally: Tally) -> str:
    """Where a candidate raises on some inputs: a result that is wrong on others."""
    wrong = (name for t in tally.trials for name, far in t.far.items() if far.any())
    return next(wrong, "") if f.kind in ("raised", "shape") else ""


def variant(reader: Reader, found: Diagnosis, siblings: Sequence[Op], op: Op, seed: int, budget: float) -> str:
    """The sibling whose own check the candidate passes, if it is one that people take for the op."""
    if not found.cause.endswith("(variant)"):
        return ""
    sibling = next((s for s in siblings if f" {s.name}, " in found.cause), None)
    if sibling is None or not near(op.program, sibling.program):
        return ""
    if not set(reader.binding.parameters) <= {p.name for p in sibling.program.parameters}:
        return ""
    other = like(reader, sibling)
    tried = search(contract(sibling), other, fixed(sibling, other, {}), Tally(), seed, budget / 3)
    return "" if any(f.grade == "wrong" for f in tried) else sibling.name
