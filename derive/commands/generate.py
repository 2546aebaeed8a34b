"""derive generate."""

from __future__ import annotations

import argparse
from pathlib import Path

from derive.entries import entry
from derive.files import write
from derive.pages.entries import source


def run(arguments: argparse.Namespace) -> int:
    """Write the module, or print it."""
    text = source(entry(arguments.op))
    if arguments.output == "-":
        print(text, end="")
    else:
        write(Path(arguments.output), text)
    return 0
