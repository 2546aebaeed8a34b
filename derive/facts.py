"""What is known of each entry once it is derived: the proof of each reading, and the accuracy promised for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from derive import pipeline
from derive.catalog.geometry import Recurrence
from derive.checker.forms import plain
from derive.checker.rules import PROMISE, is_promised
from derive.entries import Entry
from derive.language.operation import Op
from derive.pages.entries import tier

SCHEMA = "derive.facts/1"


@dataclass(frozen=True)
class Facts:
    """By reading: the weakest proof among all steps to what is computed, and the ulps promised (None: derived at each input)."""

    proofs: dict[str, str]
    promised: dict[str, float | None]


def facts(e: Entry) -> Facts:
    """The facts of an entry; deriving it is most of the work."""
    if isinstance(e, Recurrence):
        return Facts({"value": tier(e)}, {"value": 0.0})
    found = pipeline.readings(e)
    return Facts({r: found.proof(r) for r in found.names}, {r: _promised(e, r) for r in found.names if r in ("value", "vjp")})


def _promised(op: Op, reading: str) -> float | None:
    program = pipeline.readings(op).program(reading)
    return PROMISE if is_promised(plain(program), pipeline.stable(program), op.program) else None


def text(known: Mapping[str, Facts]) -> str:
    """The facts of all entries as JSON, an entry per line."""
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps({'proofs': f.proofs, 'promised': f.promised})}" for name, f in known.items())
    return f'{{\n  "schema": {json.dumps(SCHEMA)},\n  "entries": {{\n{rows}\n  }}\n}}\n'
