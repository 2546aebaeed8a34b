"""The catalogue as JSON: what definitions say, and what is on record of their proofs and their accuracy."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from derive.catalog.geometry import Recurrence
from derive.entries import FACTS, RECORD, REFERENCE, Entry, described, sections, signature

SCHEMA = "derive.list/2"
DTYPES = ("float16", "float32", "float64")
WHOLE = ("int",)
Fields = dict[str, Any]


def listed() -> Fields:
    """Every entry with its signature, proofs, dtypes and accuracy."""
    facts, measured = recorded(FACTS), recorded(RECORD)
    found = [(section, e) for section, members in sections() for e in members]
    return {
        "schema": SCHEMA,
        "count": len(found),
        "entries": [_entry(e, section, facts.get(e.name, {}), measured.get(e.name, {})) for section, e in found],
    }


def recorded(file: str) -> Fields:
    """What a file of the generated package has of each entry; nothing where there is no such file."""
    try:
        found: Fields = json.loads(files(REFERENCE).joinpath(file).read_text(encoding="utf-8"))["entries"]
    except (ModuleNotFoundError, FileNotFoundError):
        return {}
    return found


def _entry(e: Entry, section: str, facts: Fields, measured: Fields) -> Fields:
    promised = facts.get("promised", {})
    return {
        **described(e),
        "section": section,
        "proofs": facts.get("proofs"),
        "dtypes": list(WHOLE if isinstance(e, Recurrence) else DTYPES),
        "ulps": {reading: {"promised": ulps, "measured": measured.get(reading)} for reading, ulps in promised.items()},
        **signature(e),
    }
