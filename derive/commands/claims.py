"""derive claims."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from derive.claims import page
from derive.claims.claim import Claim, Verdict
from derive.claims.decide import settle
from derive.claims.rows import CLAIMS
from derive.files import write
from derive.language.errors import DeriveError


def run(arguments: argparse.Namespace) -> int:
    """Settle the claims and print them; exit code 1 where one is not settled, or the page says something else."""
    verdicts = tuple(map(settle, _chosen(arguments.numbers)))
    if arguments.write:
        return _write(verdicts)
    if arguments.json:
        print(json.dumps(page.data(verdicts), indent=2))
    elif arguments.numbers:
        print("\n".join(map(page.full, verdicts)), end="")
    else:
        print(page.table(verdicts) + f"\n{len(verdicts)} claims: {page.summary(verdicts)}")
    faults = [*_faults(verdicts), *([] if arguments.numbers else _differs(verdicts))]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _chosen(numbers: list[int]) -> tuple[Claim, ...]:
    known = {c.number: c for c in CLAIMS}
    for n in numbers:
        if n not in known:
            raise DeriveError(f"there is no claim {n}; they have the numbers {min(known)} to {max(known)}")
    return tuple(known[n] for n in numbers) or CLAIMS


def _faults(verdicts: tuple[Verdict, ...]) -> list[str]:
    return [f"claim {v.claim.number}: {fault}" for v in verdicts for fault in v.faults]


def _differs(verdicts: tuple[Verdict, ...]) -> list[str]:
    """Where this is a checkout: whether its page is what these verdicts give."""
    path = Path(page.PATH)
    if not path.is_file() or path.read_text(encoding="utf-8") == page.document(verdicts):
        return []
    return [f"{page.PATH} says something else; derive claims --write writes it anew"]


def _write(verdicts: tuple[Verdict, ...]) -> int:
    faults = _faults(verdicts)
    if faults or len(verdicts) < len(CLAIMS):
        raise DeriveError("\n".join(["the page is written when all claims are settled", *faults]))
    if not Path(page.PATH).parent.is_dir():
        raise DeriveError(f"there is no folder {Path(page.PATH).parent.resolve()}; go to a checkout of derive")
    write(Path(page.PATH), page.document(verdicts))
    print(page.PATH)
    return 0
