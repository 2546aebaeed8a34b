"""Everything that derive knows by name: the ops of the catalogue, those of a user's file, and the recurrences over whole numbers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from derive.catalog import SECTIONS, load, section
from derive.catalog.geometry import RECURRENCES, Recurrence
from derive.language.errors import DeriveError, UnknownOp, closest
from derive.language.operation import Op
from derive.language.program import Parameter, Program

Entry = Op | Recurrence
GEOMETRY = "geometry"
REFERENCE = "reference"
FACTS = "facts.json"  # what derive build knows of each entry
RECORD = "measured.json"  # what derive verify measured, when it was last recorded


def sections() -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """Every entry of the catalogue, by section."""
    return (*((name, section(name)) for name in SECTIONS), (GEOMETRY, RECURRENCES))


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
    recurrence = next((r for r in RECURRENCES if r.name == spec), None)
    if recurrence:
        return recurrence
    try:
        return load(spec)
    except UnknownOp:
        near = closest(spec, [e.name for e in entries()])
        if ":" in spec or spec.endswith(".py") or not near:
            raise
        raise UnknownOp(f'no op is called "{spec}"{near}; an op of your own is FILE.py:NAME') from None


def op(spec: str, verb: str) -> Op:
    """The op of that name; DeriveError for a recurrence, which cannot be the object of the verb."""
    found = entry(spec)
    if isinstance(found, Recurrence):
        raise DeriveError(f"{spec} is a recurrence over whole numbers, which derive {verb} does not take; derive verify {spec} checks it")
    return found


def described(e: Entry) -> dict[str, str]:
    """What lists say of an entry."""
    return {"name": e.name, "kind": "recurrence" if isinstance(e, Recurrence) else "op", "summary": e.summary, "source": e.source}


def signature(e: Entry) -> dict[str, Any]:
    """What an entry takes and returns."""
    return _arguments(e) if isinstance(e, Recurrence) else program_signature(e.program)


def program_signature(program: Program) -> dict[str, Any]:
    """The arrays of a program with their axes, its parameters, its outputs, and what it assumes."""
    return {
        "inputs": [{"name": i.name, "axes": list(i.names), "holds": i.dtype, "into": i.into} for i in program.inputs],
        "parameters": [_parameter(p) for p in program.parameters],
        "outputs": [{"name": o.name, "axes": list(o.names)} for o in program.outputs],
        "hypotheses": [str(h) for h in program.hypotheses],
    }


def _parameter(p: Parameter) -> dict[str, Any]:
    return {"name": p.name, "default": None if p.default is None else float(p.default), "exact": str(p.default), "range": p.range}


def _arguments(r: Recurrence) -> dict[str, Any]:
    return {
        "arguments": [
            {"name": a.name, "letter": a.letter, "least": a.least, "default": a.default, "meaning": a.meaning} for a in r.arguments
        ]
    }
