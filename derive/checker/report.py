"""What a check found, as text for people and as JSON for programs; docs/check.md lists the fields.

Numbers that JSON lacks are the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derive.checker.findings import Finding, Tally
from derive.checker.power import Power
from derive.checker.tolerance import CONVENTIONS

SCHEMA = "derive.check/2"
AGREES, ANOTHER, INACCURATE, WRONG = "agrees", "agrees with another convention or variant", "inaccurate here", "wrong"


@dataclass(frozen=True)
class Report:
    """A verdict with its evidence. `findings` hold at most one smallest counterexample per kind and reading, `causes` what
    explains each ("" where nothing does); `variant` names the op that the candidate computes instead, if people take one for the
    other; `used` says which values each parameter took."""

    op: str
    candidate: str
    dtype: str
    seed: int
    findings: tuple[Finding, ...]
    tallies: Mapping[str, Tally]
    seconds: float
    kinks: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    variant: str = ""
    powers: Mapping[str, Power] = field(default_factory=dict)
    used: Mapping[str, str] = field(default_factory=dict)
    cases: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """One of the four verdicts."""
        if self.variant:
            return ANOTHER
        if self.findings:
            return WRONG if any(f.grade == "wrong" for f in self.findings) else INACCURATE
        return ANOTHER if self.other_conventions else AGREES

    @property
    def other_conventions(self) -> tuple[str, ...]:
        """Conventions at kinks other than the definition's own, with the reading that follows them."""
        return tuple(f"{reading} takes {c}" for reading, t in self.tallies.items() for c in t.conventions if c != CONVENTIONS[0])

    @property
    def regimes(self) -> dict[str, bool]:
        """Whether all numbers were as near as they must be, by reading and kind of input, such as "value at edges"."""
        found: dict[str, bool] = {}
        for reading, tally in self.tallies.items():
            for t in tally.trials:
                name = f"{reading} at {t.sample.case.regime}"
                found[name] = found.get(name, True) and not any(far.any() for far in t.far.values())
        return found

    @property
    def agrees(self) -> bool:
        """Whether the verdict is no failure."""
        return self.verdict in (AGREES, ANOTHER)

    @property
    def diagnosis(self) -> str:
        """The first cause found: the form, the edit, the circumstance; or the convention or variant that is followed."""
        if self.variant:
            return f"it is {self.variant}, not {self.op} (variant)"
        if not self.findings:
            return "; ".join(f"{c} at {'; '.join(self.kinks)}" for c in self.other_conventions)
        known = [c or (f.message if f.kind not in ("value", "gradient") else "") for f, c in zip(self.findings, self._causes, strict=True)]
        return next((k for k in known if k), "")

    @property
    def stated(self) -> tuple[str, ...]:
        """One line for each finding: its cause, else what is wrong, else the worst element."""
        return tuple(c or f.message or _worst(f, self.dtype) for f, c in zip(self.findings, self._causes, strict=True))

    @property
    def _is(self) -> str:
        return "are" if " and " in self.candidate else "is"

    @property
    def _causes(self) -> tuple[str, ...]:
        return self.causes or ("",) * len(self.findings)

    def passes(self, *, allow_inaccurate: bool = False) -> bool:
        """Whether the verdict is no failure, `inaccurate here` being none where that is allowed."""
        return self.agrees or (allow_inaccurate and self.verdict == INACCURATE)

    @property
    def exit_code(self) -> int:
        """0 agrees, 1 inaccurate or wrong."""
        return 0 if self.agrees else 1

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """The report as the terminal shows it."""
        whole = f"{' and '.join(self.tallies)}, {self.dtype}"
        if self.variant:
            head = [f"agrees with another variant: {self.candidate} {self._is} {self.variant}, not {self.op} ({whole})"]
        elif not self.findings:
            word = "agrees with another convention" if self.other_conventions else "agrees"
            head = [f"{word}: {self.candidate} {self._is} {self.op} ({whole})"]
        else:
            head = []
        shown = [line for f, cause in zip(self.findings, self._causes, strict=True) for line in self._finding(f, cause)]
        return "\n".join([*head, *shown, *self._summary(), *self._notes()])

    def _summary(self) -> Iterator[str]:
        for reading, t in self.tallies.items():
            skipped = [
                f"{n} {word}"
                for n, word in (
                    (t.undecided, "undecided"),
                    (t.unclaimed, "not judged (every form overflows)"),
                    (t.nonfinite, "of those nan or inf"),
                    (t.flushed, "subnormal, flushed to zero"),
                )
                if n
            ]
            far = f"half within {t.ulps(0.5) + 0.0:.2g} ulp" if t.ulps(1.0) > 1000 else f"all within {t.ulps(1.0):.3g} ulp"
            used = "" if self.findings else f", at most {100 * t.worst_ratio:.0f} % of what is allowed"
            yield _row(reading, "; ".join([f"{t.elements} numbers in {t.calls} calls, {far}{used}", *skipped]))

    def _notes(self) -> Iterator[str]:
        for reading, t in self.tallies.items():
            if t.conventions:
                yield _row("kinks", f"{reading} takes {' and '.join(t.conventions)} at {'; '.join(self.kinks)}")
            if t.missing and not self.findings:
                yield _row("not returned", f"gradient of {', '.join(t.missing)}")
        if self.used:
            yield _row("parameters", ", ".join(f"{n} {how}" for n, how in self.used.items()))
        for reading, p in self.powers.items():
            if not p.tried:
                continue
            missed = f"; not {', '.join(p.missed[:3])}{' ...' if len(p.missed) > 3 else ''}" if p.missed else ""
            yield _row("power", f"{reading}: these inputs tell {p.told} of {p.tried} mistaken versions apart{missed}")
        yield from (_row("note", r) for r in self.remarks)
        yield _row("took", f"{self.seconds:.1f} s, seed {self.seed}")

    def _finding(self, f: Finding, cause: str) -> Iterator[str]:
        what = f.what and (
            f"gradient of {f.what}" if f.reading == "gradient" and f.kind not in ("mutated input", "aliased input") else f.what
        )
        if f.kind in ("mutated input", "aliased input"):
            what = ""
        if f.form:
            yield f"inaccurate here: {self.candidate} {self._is} {self.op}, with digits lost ({f.reading}, {self.dtype})"
        elif not self.variant:
            kind = f"{f.reading}: {f.kind}" if f.kind not in ("value", "gradient") else f.kind
            yield f"wrong: {self.candidate} {self._is} not {self.op} ({kind}, {self.dtype})"
        yield _row("what", f"{what or (f.reading if not f.message else '')} {f.message}".strip())
        case = f.sample
        for name, x in case.inputs.items():
            yield _row("smallest input" if name == next(iter(case.inputs)) else "", f"{name} = {_array(x)}")
        if f.reading == "gradient":
            yield from (
                _row("", f"{'g' if len(case.cotangents) == 1 else 'g of ' + name} = {_array(x)}") for name, x in case.cotangents.items()
            )
        if case.parameters:
            yield _row("with", ", ".join(f"{n}={v}" for n, v in case.parameters.items()))
        if f.judged is not None:
            j = f.judged
            yield _row("at", str(list(j.worst)) if j.worst else "the scalar")
            got, exact = _number(j.got, self.dtype), _number(j.exact, self.dtype)
            yield _row("got", f"{got}    exact {exact}    error {_ulps(j.error)}, allowed {_ulps(j.allowed)}{_digits(j.error, j.allowed)}")
            if region := self.region(f):
                yield _row("region", region)
        if cause:
            yield _row("cause", cause)

    def region(self, f: Finding) -> str:
        """Where the reading is too far off: the range of the one input, or the kinds of inputs that show it."""
        trials = [t for t in self.tallies[f.reading].trials if f.what in t.far and t.far[f.what].any()] if f.reading in self.tallies else []
        if not trials:
            return ""
        far, every = (
            sum(int(t.far[f.what].sum()) for t in trials),
            sum(t.got[f.what].size for t in self.tallies[f.reading].trials if f.what in t.got),
        )
        floats = [n for n, x in f.sample.inputs.items() if x.dtype.kind == "f"]
        text = f"{far} of {every} numbers"
        if len(floats) == 1 and all(t.sample.inputs[floats[0]].shape == t.far[f.what].shape for t in trials):
            x = np.concatenate([t.sample.inputs[floats[0]][t.far[f.what]].astype(float) for t in trials])
            return f"{text}, {floats[0]} from {x.min():.4g} to {x.max():.4g}"
        return f"{text}, in inputs of the kinds {', '.join(dict.fromkeys(t.sample.case.regime for t in trials))}"

    def to_json(self) -> str:
        """The report as one JSON object; its fields are listed in docs/check.md."""
        return json.dumps(self.fields(), indent=2)

    def fields(self) -> dict[str, Any]:
        """The content of the JSON report."""
        return {
            "schema": SCHEMA,
            "op": self.op,
            "candidate": self.candidate,
            "dtype": self.dtype,
            "verdict": self.verdict,
            "diagnosis": self.diagnosis,
            "variant": self.variant,
            "exit_code": self.exit_code,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "parameters_used": dict(self.used),
            "readings": {name: _tally(t) | {"power": _power(self.powers.get(name))} for name, t in self.tallies.items()},
            "findings": [
                _found(f) | {"cause": c, "case": case}
                for f, c, case in zip(self.findings, self._causes, self.cases or ("",) * len(self.findings), strict=True)
            ],
            "kinks": list(self.kinks),
            "remarks": list(self.remarks),
        }


def _power(p: Power | None) -> dict[str, Any] | None:
    return None if p is None else {"tried": p.tried, "told_apart": p.told, "missed": list(p.missed)}


def _digits(error: float, allowed: float) -> str:
    """How many decimal digits more are lost than may be."""
    if not (math.isfinite(error) and math.isfinite(allowed)) or error <= 10 * max(allowed, 1):
        return ""
    return f", {math.log10(error):.0f} digits lost"


def _tally(t: Tally) -> dict[str, Any]:
    return {
        "calls": t.calls,
        "numbers": t.elements,
        "ulps_max": _finite(t.ulps(1.0)),
        "ulps_999": _finite(t.ulps(0.999)),
        "worst_ratio": _finite(t.worst_ratio),
        "undecided": t.undecided,
        "not_judged": t.unclaimed,
        "nonfinite": t.nonfinite,
        "flushed": t.flushed,
        "conventions": list(t.conventions),
        "not_returned": list(t.missing),
    }


def _found(f: Finding) -> dict[str, Any]:
    j = f.judged
    return {
        "kind": f.kind,
        "grade": f.grade,
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


def _worst(f: Finding, dtype: str) -> str:
    if f.judged is None:
        return f.kind
    return f"got {_number(f.judged.got, dtype)} at {list(f.judged.worst)}, exact {_number(f.judged.exact, dtype)}"


def _row(label: str, content: str) -> str:
    return f"  {label:<16} {content}"


def _ulps(x: float) -> str:
    return f"{x:.3g} ulp" if math.isfinite(x) else "incomparable"


def _number(x: float, dtype: str) -> str:
    return str(np.dtype("float32" if dtype == "bfloat16" else dtype).type(x))


def _array(x: Any) -> str:
    """An array short enough to read, with its shape."""
    x = np.asarray(x)
    content = np.array2string(x, separator=", ", threshold=24, precision=9, floatmode="unique", prefix=" " * 22, max_line_width=110)
    return content if not x.ndim else f"{content}    shape {x.shape}" if x.size <= 8 else f"{content}\n{'':21}shape {x.shape}"
