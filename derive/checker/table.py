"""The verification table: aligned text for people, JSON for programs, one moving line while it runs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from derive.checker.verify import Row, Told, Verification

SCHEMA = "derive.verify/1"
COLUMNS = "op|reading|proof|ulps max|99.9 %|bound|used|differences|torch|adjoint|calls|numbers|undecided|not judged|nan, inf|s|"
HEAD = tuple(COLUMNS.split("|"))


def table(results: Iterable[Verification]) -> str:
    """One line per op and reading, then what failed, then a verdict."""
    rows = [r for v in results for r in v.rows]
    cells = [HEAD, *(_cells(r) for r in rows)]
    widths = [max(len(c[k]) for c in cells) for k in range(len(HEAD))]
    lines = ["  ".join(_aligned(c, w, k) for k, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip() for row in cells]
    failed = [r for r in rows if not r.passes]
    lines += [f"\n{r.op} {r.reading}: {r.failure or 'nothing was judged'}" for r in failed]
    ops = len({r.op for r in rows})
    verdict = f"{len(failed)} of {len(rows)} readings fail" if failed else f"all {len(rows)} readings of {ops} ops hold"
    return "\n".join([*lines, "", f"{verdict}; {sum(r.undecided for r in rows)} numbers undecided"])


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 3 or column == len(HEAD) - 1 else cell.rjust(width)


def _cells(r: Row) -> tuple[str, ...]:
    return (
        r.op, r.reading, r.tier or "-", _ulps(r.ulps_max), _ulps(r.ulps_999), r.bound, f"{100 * r.ratio:.0f} %",
        _small(r.difference), _small(r.torch), _small(r.adjoint), str(r.cases), str(r.numbers), str(r.undecided),
        str(r.unclaimed), str(r.nonfinite), f"{r.seconds:.1f}", "" if r.passes else "FAILS",
    )  # fmt: skip


def _ulps(x: float) -> str:
    return f"{x:.2f}" if x < 1000 else f"{x:.0e}"


def _small(x: float | None) -> str:
    return "-" if x is None else f"{x:.0e}"


def to_json(results: Sequence[Verification]) -> str:
    """The table as JSON: schema, passes, rows with the fields of Row; numbers that JSON lacks are null."""
    rows = [{k: _plain(v) for k, v in asdict(r).items()} for v in results for r in v.rows]
    return json.dumps({"schema": SCHEMA, "passes": all(v.passes for v in results), "rows": rows}, indent=2)


def _plain(x: Any) -> Any:
    return None if isinstance(x, float) and not math.isfinite(x) else x


def exit_code(results: Iterable[Verification]) -> int:
    """0 when every bound holds, else 1."""
    return 0 if all(v.passes for v in results) else 1


def moving_line() -> Told | None:
    """Progress on one line of the terminal, or nothing where stderr is none."""
    if not sys.stderr.isatty():
        return None

    def told(done: int, total: int, last: Verification) -> None:
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r\x1b[K{done}/{total}  {last.op}  {'holds' if last.passes else 'FAILS'}{end}")
        sys.stderr.flush()

    return told
