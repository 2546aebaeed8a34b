"""Random networks against brute force: how many were compared, and every mismatch.

    python tests/benchmarks/geometry_referee.py [CASES]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "network")]

from network_comparing import differences  # noqa: E402
from network_random import Case, networks  # noqa: E402

SHARE_2D = 10  # every tenth batch has two axes
BATCH = 500


def compare(cases: int, ndim: int, number: int, layers: Counter[str]) -> list[tuple[Case, list[str]]]:
    """One batch of cases; those that differ, with what differs."""
    wrong: list[tuple[Case, list[str]]] = []

    @seed(number)
    @settings(max_examples=cases, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(networks(ndim=ndim, most=8 if ndim == 1 else 5))
    def one(case: Case) -> None:
        layers.update(each.op for each in case.net.layers)
        layers.update(["(errors due)"] if case.misfit else [])
        layers.update(["(cases)"])
        found = differences(case)
        if found:
            wrong.append((case, found))

    one()
    return wrong


def main(cases: int) -> int:
    began, layers, wrong = time.perf_counter(), Counter[str](), []
    number = 0
    while layers["(cases)"] < cases:
        wrong += compare(min(BATCH, cases - layers["(cases)"]), 2 if number % SHARE_2D == SHARE_2D - 1 else 1, number, layers)
        number += 1
    for case, found in wrong[:20]:
        print(case, *found[:3], sep="\n  ", end="\n\n")
    print(", ".join(f"{op} {count}" for op, count in sorted(layers.items())))
    print(f"{layers['(cases)']} cases, {len(wrong)} mismatches, {time.perf_counter() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
