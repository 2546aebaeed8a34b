"""Entries as JSON: the fields of docs/show.md."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from derive import geometry, pipeline
from derive.calculus.proof import Step
from derive.catalog.geometry import Recurrence
from derive.claims.facts import Fact
from derive.entries import Entry, described, program_signature, signature
from derive.geometry.rules import Step as WholeStep
from derive.language.operation import Op
from derive.language.program import Let
from derive.language.text import text
from derive.pages import facts as facts_page
from derive.pages import portrait, repeated
from derive.pages.entries import source, tier
from derive.pages.formulas import equation, new_lets
from derive.pages.kinks import kinks
from derive.pages.op import functions
from derive.pages.plain import inline
from derive.pages.symbols import Symbols, symbols

SCHEMA = "derive.show/1"
Fields = dict[str, Any]


def shown(e: Entry, readings: Collection[str], facts: tuple[Fact, ...] = ()) -> Fields:
    """An entry with its steps and its code, and what is stated of it."""
    own = _recurrence(e) if isinstance(e, Recurrence) else _op(e, readings)
    return {"schema": SCHEMA, **described(e), "tier": tier(e), **own, "facts": facts_page.data(facts)}


def _recurrence(r: Recurrence) -> Fields:
    steps = [_whole_step(s) for s in geometry.derivation(r)]
    return {"index_map": text(r.index.position), "asked": r.asked, **signature(r), "steps": steps, "code": source(r)}


def _whole_step(s: WholeStep) -> Fields:
    return {
        "name": s.says,
        "statement": s.text,
        "latex": s.latex,
        "rule": s.rule,
        "hypotheses": list(s.hypotheses),
        "tier": s.certificate,
        "evidence": s.proof,
    }


def _op(op: Op, readings: Collection[str]) -> Fields:
    program, found = op.program, pipeline.readings(op)
    notation = symbols([p for _, p in found.programs])
    code = dict(functions(op, readings))
    forms = {r: pipeline.stable(p) for r, p in found.programs if r in readings}
    return {
        **program_signature(program),
        "definition": _lets(program.lets, notation),
        "kinks": [inline(k) for k in kinks(program)],
        "curve": portrait.data(op),
        "after_steps": repeated.data(program),
        "readings": {
            r: {
                "function": p.name,
                **program_signature(p),
                "tier": d.tier if (d := found.derivation(r)) else None,
                "formulas": _lets(program.lets if r == "value" else new_lets(p, program), notation),
                "steps": [_step(s) for s in d.steps] if d else [],
                "stable": [f"{let.name} = {text(let.body)}" for let in forms[r].lets],
                "stable_proof": found.proof(r),
                "code": code[r],
            }
            for r, p in found.programs
            if r in readings
        },
    }


def _lets(lets: Iterable[Let], notation: Symbols) -> list[Fields]:
    return [{"name": let.name, "text": text(let.body), "latex": equation(let, notation).sides[-1].latex} for let in lets]


def _step(s: Step) -> Fields:
    return {
        "name": s.name,
        "left": text(s.left),
        "right": text(s.right),
        "rule": s.rule,
        "hypotheses": [str(h) for h in s.hypotheses],
        "tier": s.certificate.tier,
        "evidence": s.certificate.evidence,
    }
