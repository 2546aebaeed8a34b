"""derive show."""

from __future__ import annotations

import argparse
import json

from derive.claims.facts import Fact, facts_of
from derive.commands.terminal import heading
from derive.entries import Entry, entry
from derive.pages.data import shown
from derive.pages.entries import document
from derive.pages.markdown import markdown
from derive.pages.paper import paper
from derive.pages.plain import plain

DEFAULT = ("value", "vjp")


def run(arguments: argparse.Namespace) -> int:
    """Print an entry in the wanted format."""
    found = entry(arguments.op)
    print(FORMATS[arguments.format](found, arguments.reading or DEFAULT, facts_of(arguments.op, found.name)), end="")
    return 0


def _text(e: Entry, readings: tuple[str, ...], facts: tuple[Fact, ...]) -> str:
    return plain(document(e, readings, facts), heading)


def _markdown(e: Entry, readings: tuple[str, ...], facts: tuple[Fact, ...]) -> str:
    return markdown(document(e, readings, facts))


def _latex(e: Entry, readings: tuple[str, ...], facts: tuple[Fact, ...]) -> str:
    return paper(document(e, readings, facts))


def _json(e: Entry, readings: tuple[str, ...], facts: tuple[Fact, ...]) -> str:
    return json.dumps(shown(e, readings, facts), indent=2) + "\n"


FORMATS = {"text": _text, "markdown": _markdown, "latex": _latex, "json": _json}
