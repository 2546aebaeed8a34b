"""derive list."""

from __future__ import annotations

import argparse
import json

from derive.commands.list_json import listed
from derive.commands.terminal import heading
from derive.entries import entries, sections


def run(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    if arguments.json:
        print(json.dumps(listed(), indent=2))
        return 0
    width = max(len(e.name) for e in entries())
    for section, members in sections():
        print(heading(section))
        for e in members:
            print(f"  {e.name:<{width}}  {e.summary}")
    return 0
