"""What a terminal can show."""

from __future__ import annotations

import os
import sys


def heading(text: str) -> str:
    """The text in bold, where standard output is a terminal and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"\x1b[1m{text}\x1b[0m"
