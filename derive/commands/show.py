"""derive show."""

from __future__ import annotations

import argparse
import json

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
    print(FORMATS[arguments.format](entry(arguments.op), arguments.reading or DEFAULT), end="")
    return 0


def _text(e: Entry, readings: tuple[str, ...]) -> str:
    return plain(document(e, readings), heading)


def _markdown(e: Entry, readings: tuple[str, ...]) -> str:
    return markdown(document(e, readings))


def _latex(e: Entry, readings: tuple[str, ...]) -> str:
    return paper(document(e, readings))


def _json(e: Entry, readings: tuple[str, ...]) -> str:
    return json.dumps(shown(e, readings), indent=2) + "\n"


FORMATS = {"text": _text, "markdown": _markdown, "latex": _latex, "json": _json}
