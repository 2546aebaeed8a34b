"""derive contract."""

from __future__ import annotations

import argparse

from derive.checker.contract import contract, text
from derive.entries import op


def run(arguments: argparse.Namespace) -> int:
    """Print what an op promises and where floats are in danger: what derive check holds a candidate to."""
    print(text(contract(op(arguments.op, "contract"))))
    return 0
