"""Everything that has a page: the ops of the catalogue, those of a user's file, and the recurrences over whole numbers."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module

from derive import geometry, pipeline
from derive.catalog import CATALOG, SECTIONS, load
from derive.catalog.geometry import RECURRENCES, Recurrence
from derive.codegen.module import joined, listing, opening
from derive.language.errors import DeriveError, UnknownOp, closest
from derive.language.program import Op
from derive.pages import op as op_page
from derive.pages import recurrence as recurrence_page
from derive.pages.document import Document

Entry = Op | Recurrence
GEOMETRY = "geometry"


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


def document(e: Entry, readings: Collection[str] = op_page.READINGS) -> Document:
    """The page of an entry."""
    return recurrence_page.document(e) if isinstance(e, Recurrence) else op_page.document(e, readings)


def tier(e: Entry) -> str:
    """The weakest proof among the steps of an entry's gradient, or of its answer; "-" where it has neither."""
    return "A" if isinstance(e, Recurrence) else pipeline.readings(e).tier


def source(e: Entry) -> str:
    """A standalone module of an entry's functions."""
    return recurrences_source((e,), f"{e.name}: {e.summary}") if isinstance(e, Recurrence) else pipeline.source(e)


def recurrences_source(recurrences: tuple[Recurrence, ...], summary: str) -> str:
    """A module of the functions of some recurrences; it imports nothing."""
    made = [geometry.function(r, geometry.answer(r)) for r in recurrences]
    helpers = [d for d in geometry.functions(()) if any(d.name in geometry.source([m]) for m in made)]
    head = [opening(summary), listing("__all__", [r.name for r in recurrences])]
    return joined(head, [geometry.source([d]).rstrip("\n") for d in (*made, *helpers)])
