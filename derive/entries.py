"""Everything that derive knows by name: the ops of the catalogue, those of a user's file, and the recurrences over whole numbers."""

from __future__ import annotations

from importlib import import_module

from derive.catalog import CATALOG, SECTIONS, load
from derive.catalog.geometry import RECURRENCES, Recurrence
from derive.language.errors import DeriveError, UnknownOp, closest
from derive.language.operation import Op

Entry = Op | Recurrence
GEOMETRY = "geometry"
SCHEMA = "derive.list/1"


def sections() -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """Every entry of the catalogue, by section."""
    ops = tuple((name, tuple(op for op in CATALOG if op.section == name)) for name, _ in SECTIONS)
    return (*ops, (GEOMETRY, RECURRENCES))


def entries() -> tuple[Entry, ...]:
    """Every entry of the catalogue, in order."""
    return tuple(e for _, found in sections() for e in found)


def about(section: str) -> str:
    """The sentence that says what a section holds."""
    doc = import_module(f"derive.catalog.{section}").__doc__ or section
    return " ".join(doc.split("\n\n")[0].split())


def entry(spec: str) -> Entry:
    """What a name of the catalogue, or FILE.py:NAME, stands for.

    Raises UnknownOp with the closest names; DefinitionError when a file does not run.
    """
    found = next((e for e in entries() if e.name == spec), None)
    if found is not None or ":" in spec or spec.endswith(".py"):
        return found or load(spec)
    near = closest(spec, [e.name for e in entries()]) or "; derive list shows them all"
    raise UnknownOp(f'no op is called "{spec}"{near}; an op of your own is FILE.py:NAME')


def op(spec: str, verb: str) -> Op:
    """The op of that name; DeriveError for a recurrence, which cannot be the object of the verb."""
    found = entry(spec)
    if isinstance(found, Recurrence):
        raise DeriveError(f"{spec} is a recurrence over whole numbers, which derive {verb} does not take; derive verify {spec} checks it")
    return found


def described(e: Entry) -> dict[str, str]:
    """What lists say of an entry."""
    return {"name": e.name, "kind": "recurrence" if isinstance(e, Recurrence) else "op", "summary": e.summary, "source": e.source}


def listed() -> dict[str, object]:
    """The catalogue as JSON."""
    return {"schema": SCHEMA, "entries": [described(e) | {"section": name} for name, found in sections() for e in found]}
