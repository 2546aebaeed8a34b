"""What a check found, as text for people and as JSON for programs.

Fields of the JSON object (schema "derive.check/1"; a change of meaning changes the number):

    schema, op, candidate, dtype, seed, seconds
    verdict      "agrees" or "disagrees";  exit_code  0 or 1
    kinks        where the definition has kinks or ties
    readings     by "value" and "gradient": calls, numbers (judged), ulps_max, ulps_999, worst_ratio (error over
                 allowance), undecided (by the oracle), not_judged (no printed form stays in range), flushed (subnormals
                 returned as 0), conventions (followed at kinks), not_returned (inputs without gradient)
    findings     the smallest counterexample of each kind: kind (value, gradient, nan, shape, dtype, mutated input,
                 raised), reading, of (output, or input whose gradient it is), message, ratio, index, got, exact,
                 error_ulps, allowed_ulps, inputs, cotangents, parameters

Numbers that JSON lacks are the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.checker.runs import Finding, Tally

SCHEMA = "derive.check/1"


@dataclass(frozen=True)
class Report:
    """A verdict with its evidence. `findings` hold at most one smallest counterexample per kind and reading."""

    op: str
    candidate: str
    dtype: str
    seed: int
    findings: tuple[Finding, ...]
    tallies: Mapping[str, Tally]
    seconds: float
    kinks: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether nothing was found, and something was judged."""
        return not self.findings

    @property
    def exit_code(self) -> int:
        """0 agrees, 1 disagrees."""
        return 0 if self.agrees else 1

    def text(self) -> str:
        """The report as the terminal shows it."""
        if self.agrees:
            head = f"agrees: {self.candidate} is {self.op} ({' and '.join(self.tallies)}, {self.dtype})"
            return "\n".join([head, *self._summary(), *self._notes()])
        return "\n".join([*(line for f in self.findings for line in self._finding(f)), *self._summary(), *self._notes()])

    def _summary(self) -> Iterator[str]:
        for reading, t in self.tallies.items():
            skipped = [
                f"{n} {word}" for n, word in ((t.undecided, "undecided"), (t.unclaimed, "not judged"), (t.flushed, "flushed to zero")) if n
            ]
            far = f"half within {t.ulps(0.5):.2g} ulp, " if t.ulps(1.0) > 1000 else f"all within {t.ulps(1.0):.3g} ulp, "
            line = f"{t.elements} numbers in {t.calls} calls, {far}at most {t.worst_ratio:.2g} of what is allowed"
            yield _row(reading, "; ".join([line, *skipped]))

    def _notes(self) -> Iterator[str]:
        for reading, t in self.tallies.items():
            if t.conventions:
                yield _row("kinks", f"{reading} takes {' and '.join(t.conventions)} at {'; '.join(self.kinks)}")
            if t.missing and not self.findings:
                yield _row("not returned", f"gradient of {', '.join(t.missing)}")
        yield _row("took", f"{self.seconds:.1f} s, seed {self.seed}")

    def _finding(self, f: Finding) -> Iterator[str]:
        what = f.what and (f"gradient of {f.what}" if f.reading == "gradient" else f.what)
        yield f"disagrees: {self.candidate} is not {self.op} ({f.kind}, {self.dtype})"
        yield from (_row("what", f"{what or f.reading} {f.message}".strip()),)
        case = f.sample
        for name, x in case.inputs.items():
            yield _row("smallest input" if name == next(iter(case.inputs)) else "", f"{name} = {_array(x)}")
        if f.reading == "gradient":
            yield from (
                _row("", f"{'g' if len(case.cotangents) == 1 else 'g of ' + name} = {_array(x)}") for name, x in case.cotangents.items()
            )
        if case.parameters:
            yield _row("parameters", ", ".join(f"{n}={v}" for n, v in case.parameters.items()))
        if f.judged is not None:
            j = f.judged
            yield _row("at", str(list(j.worst)) if j.worst else "the scalar")
            got, exact = _number(j.got, self.dtype), _number(j.exact, self.dtype)
            yield _row("got", f"{got}    exact {exact}    error {_ulps(j.error)}, allowed {_ulps(j.allowed)}")

    def to_json(self) -> str:
        """The report as one JSON object; its fields are listed at the head of this module."""
        return json.dumps(self.fields(), indent=2)

    def fields(self) -> dict[str, Any]:
        """The content of the JSON report."""
        return {
            "schema": SCHEMA,
            "op": self.op,
            "candidate": self.candidate,
            "dtype": self.dtype,
            "verdict": "agrees" if self.agrees else "disagrees",
            "exit_code": self.exit_code,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "readings": {name: _tally(t) for name, t in self.tallies.items()},
            "findings": [_found(f) for f in self.findings],
            "kinks": list(self.kinks),
        }


def _tally(t: Tally) -> dict[str, Any]:
    return {
        "calls": t.calls,
        "numbers": t.elements,
        "ulps_max": _finite(t.ulps(1.0)),
        "ulps_999": _finite(t.ulps(0.999)),
        "worst_ratio": _finite(t.worst_ratio),
        "undecided": t.undecided,
        "not_judged": t.unclaimed,
        "flushed": t.flushed,
        "conventions": list(t.conventions),
        "not_returned": list(t.missing),
    }


def _found(f: Finding) -> dict[str, Any]:
    j = f.judged
    return {
        "kind": f.kind,
        "reading": f.reading,
        "of": f.what,
        "message": f.message,
        "ratio": _finite(f.ratio),
        "index": list(j.worst) if j else None,
        "got": _finite(j.got) if j else None,
        "exact": _finite(j.exact) if j else None,
        "error_ulps": _finite(j.error) if j else None,
        "allowed_ulps": _finite(j.allowed) if j else None,
        "inputs": {n: _plain(x) for n, x in f.sample.inputs.items()},
        "cotangents": {n: _plain(x) for n, x in f.sample.cotangents.items()},
        "parameters": dict(f.sample.parameters),
    }


def _plain(x: Any) -> Any:
    return np.vectorize(_finite, otypes=[object])(x).tolist() if np.size(x) else np.asarray(x).tolist()


def _finite(x: Any) -> Any:
    """A number that JSON can hold; others as text."""
    number = x.item() if isinstance(x, np.generic) else x
    return number if not isinstance(number, float) or math.isfinite(number) else str(number)


def _row(label: str, content: str) -> str:
    return f"  {label:<16} {content}"


def _ulps(x: float) -> str:
    return f"{x:.3g} ulp" if math.isfinite(x) else "incomparable"


def _number(x: float, dtype: str) -> str:
    return str(np.dtype(dtype).type(x))


def _array(x: Any) -> str:
    """An array short enough to read, with its shape."""
    x = np.asarray(x)
    content = np.array2string(x, separator=", ", threshold=24, precision=9, floatmode="unique", prefix=" " * 22, max_line_width=110)
    return content if not x.ndim else f"{content}    shape {x.shape}" if x.size <= 8 else f"{content}\n{'':21}shape {x.shape}"
