"""One check of one implementation, by derive, as plain data."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus.entry import AGREES, ANOTHER, INACCURATE, MISBEHAVES, REFUSED, WRONG, Entry
from corpus.load import load, path
from corpus.ops import find
from derive.language.errors import DeriveError

ROOT = Path(__file__).resolve().parents[3]
VERDICTS = {
    "agrees": AGREES,
    "agrees with another convention or variant": ANOTHER,
    "agrees with another convention": ANOTHER,
    "agrees with another variant": ANOTHER,
    "inaccurate": INACCURATE,
    "inaccurate here": INACCURATE,
    "wrong": WRONG,
    "disagrees": WRONG,
}
CAUSES = ("diagnosis", "cause", "causes", "form", "fits", "convention", "variant", "named")


@dataclass(frozen=True)
class Outcome:
    """What a checker said: the verdict (or "refused", "crashed", "timeout"), the cause it names, the time, its whole text."""

    verdict: str
    cause: str
    seconds: float
    text: str

    def fields(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def run(entry: Entry, dtype: str) -> Outcome:
    """derive's own check at its default budget; code that misbehaves is checked from the command line, which shields itself."""
    if entry.category == MISBEHAVES:
        return _by_command(entry, dtype)
    from derive.checker.check import check

    function, op = load(entry), find(entry.op)
    forward, backward = (function, None) if entry.kind == "forward" else (None, function)
    began = time.perf_counter()
    try:
        report = check(forward, op, backward, dtype=dtype, parameters=dict(entry.parameters))
    except DeriveError as error:
        return Outcome(REFUSED, str(error), time.perf_counter() - began, f"{type(error).__name__}: {error}")
    seconds = time.perf_counter() - began
    fields = report.fields()
    return Outcome(VERDICTS.get(fields["verdict"], fields["verdict"]), _cause(fields), seconds, report.text())


def _by_command(entry: Entry, dtype: str) -> Outcome:
    """The same from the command line."""
    candidate = f"{path(entry)}:{entry.function}"
    command = [sys.executable, "-m", "derive", "check", candidate, "--op", entry.op, "--dtype", dtype, "--json"]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    seconds = time.perf_counter() - began
    if done.returncode in (2, 3):
        return Outcome(REFUSED, done.stderr, seconds, done.stderr)
    if not done.stdout.startswith("{"):
        return Outcome("crashed", "", seconds, done.stderr)
    fields = json.loads(done.stdout)
    return Outcome(VERDICTS.get(fields["verdict"], fields["verdict"]), _cause(fields), seconds, done.stdout)


def _cause(fields: dict[str, Any]) -> str:
    """The first cause that a report names: a diagnosis, or the kind of a finding that is its own cause."""
    places = [fields, *fields.get("findings", [])]
    named = [str(p[k]) for p in places for k in CAUSES if p.get(k)]
    kinds = [f"{f['kind']}: {f['message']}" for f in fields.get("findings", []) if f["kind"] not in ("value", "gradient")]
    return (named or kinds or [""])[0]
