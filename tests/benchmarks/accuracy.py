"""Records how accurate the generated code was when it was last verified, for derive list --json.

python -m derive verify --json > verified.json && python tests/benchmarks/accuracy.py verified.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from derive.entries import RECORD, REFERENCE  # noqa: E402

SCHEMA = "derive.measured/1"
READINGS = {"value": "value", "gradient": "vjp"}


def record(verified: dict[str, Any]) -> str:
    """The largest error of each reading in ulps of float64, to three digits, as JSON with an entry per line."""
    found: dict[str, dict[str, float | None]] = {}
    for row in verified["rows"]:
        if row["reading"] in READINGS:
            ulps = row["ulps_max"]
            found.setdefault(row["op"], {})[READINGS[row["reading"]]] = None if ulps is None else float(f"{ulps:.3g}")
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(ulps)}" for name, ulps in found.items())
    return f'{{\n  "schema": {json.dumps(SCHEMA)},\n  "dtype": "float64",\n  "entries": {{\n{rows}\n  }}\n}}\n'


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    verified = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if not verified["passes"]:
        print("not recorded: something does not hold", file=sys.stderr)
        return 1
    (ROOT / REFERENCE / RECORD).write_text(record(verified), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
