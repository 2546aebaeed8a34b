"""The page and the code of an entry, whatever its kind."""

from __future__ import annotations

from collections.abc import Collection

from derive import geometry, pipeline
from derive.catalog.geometry import Recurrence
from derive.claims.facts import Fact
from derive.codegen.module import joined, listing, opening
from derive.entries import Entry
from derive.pages import op as op_page
from derive.pages import recurrence as recurrence_page
from derive.pages.document import Document


def document(e: Entry, readings: Collection[str] = op_page.READINGS, facts: tuple[Fact, ...] = ()) -> Document:
    """The page of an entry, with what is stated of it."""
    return recurrence_page.document(e, facts) if isinstance(e, Recurrence) else op_page.document(e, readings, facts)


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
