"""derive stub."""

from __future__ import annotations

import argparse

from derive.checker.stub import stub
from derive.entries import op


def run(arguments: argparse.Namespace) -> int:
    """Print the template."""
    print(stub(op(arguments.op, "stub")), end="")
    return 0
