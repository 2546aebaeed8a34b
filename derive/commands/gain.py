"""derive gain."""

from __future__ import annotations

import argparse
import json
from fractions import Fraction

from derive.analysis.gain import data, gain, text
from derive.entries import op


def run(arguments: argparse.Namespace) -> int:
    """Print what an activation makes of variances, and the weights that undo it."""
    found = gain(op(arguments.op, "gain"), {n: Fraction(str(v)) for n, v in arguments.param})
    print(json.dumps(data(found), indent=2) if arguments.json else text(found), end="\n" if arguments.json else "")
    return 0
