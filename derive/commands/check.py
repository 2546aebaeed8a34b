"""derive check."""

from __future__ import annotations

import argparse
import sys

from derive.checker.candidate import CandidateError, load
from derive.checker.check import check
from derive.entries import op

CANNOT_RUN = 3


def run(arguments: argparse.Namespace) -> int:
    """Print the report on a candidate."""
    wanted = op(arguments.op, "check")
    try:
        forward = load(arguments.candidate)
        backward = load(arguments.backward) if arguments.backward else None
        report = check(
            forward,
            wanted,
            backward,
            dtype=arguments.dtype,
            parameters=dict(arguments.param),
            seed=arguments.seed,
            budget=arguments.budget,
        )
    except CandidateError as error:
        print(f"derive check: {error}", file=sys.stderr)
        return CANNOT_RUN
    print(report.to_json() if arguments.json else report.text())
    return report.exit_code
