"""Single layers against torch, thousands of settings, those that fit and those that do not: sizes, errors, positions read.

    python tests/benchmarks/geometry_torch.py
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "network")]

from network_settings import disagreement, settings  # noqa: E402


def main() -> int:
    if find_spec("torch") is None:
        print("skipped: torch is not installed (pip install torch)")
        return 0
    warnings.simplefilter("ignore")  # torch's, on speed
    began, count, wrong = time.perf_counter(), Counter[str](), []
    for setting in settings():
        count[setting[0]] += 1
        found = disagreement(setting)
        if found:
            wrong.append((setting, found))
    for setting, found in wrong[:40]:
        print(*setting, found)
    print(", ".join(f"{op} {number}" for op, number in count.items()))
    print(f"{count.total()} settings, {len(wrong)} mismatches, {time.perf_counter() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
