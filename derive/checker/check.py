"""The public verb: is this function that op?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derive import catalog
from derive.checker.adapters import Adapter, adapter
from derive.checker.candidate import CandidateError
from derive.checker.cases import keep, recall
from derive.checker.contract import Contract, contract
from derive.checker.diagnosis import Diagnosis, diagnose, near, related
from derive.checker.evaluate import CheckError
from derive.checker.forms import forms
from derive.checker.inputs import Case, Sample, sample, without_subnormals
from derive.checker.manners import manners
from derive.checker.places import layout, place
from derive.checker.power import Power, power
from derive.checker.report import Report
from derive.checker.runs import Finding, Reader, Tally, autograd_reader, gradient_reader, run, value_reader
from derive.checker.search import explore
from derive.checker.shrink import smallest
from derive.language.errors import closest
from derive.language.operation import Op

DTYPES = ("float16", "float32", "float64", "bfloat16")
CASES = 400
SHRINKING = 0.5  # seconds for making one counterexample small
DIAGNOSING = 1.0  # seconds for finding the cause of one
HOPELESS = 8  # calls after which a function that raised is not given another chance
CLEAR = 6  # calls that show a disagreement no form explains; then no more are needed
ORDER = ("state", "mutated input", "dtype", "shape", "raised", "value", "gradient", "nan", "aliased input")
LEAST = 14  # calls that are made even then, so that the cause can be found
Function = Callable[..., Any]


@dataclass(frozen=True)
class Request:
    """What was asked for: the op, the dtype, parameters that are fixed, a seed, and seconds to spend."""

    op: Op
    dtype: str
    parameters: Mapping[str, float]
    seed: int
    budget: float


def check(
    forward: Function | None,
    op: Op | str,
    backward: Function | None = None,
    *,
    dtype: str = "float64",
    parameters: Mapping[str, float] | None = None,
    seed: int = 0,
    budget: float = 1.0,
    framework: str | None = None,
    replay: str | None = None,
) -> Report:
    """Whether `forward(*inputs, **params)` and `backward(g, *inputs, **params)` compute the op and its gradient.

    `op` is an Op, a name of the catalogue, or "FILE.py:NAME". Arguments are matched by name where all names match, else by
    position; parameters that a function does not take stay at their default, those in `parameters` at the given value.
    A torch or JAX forward without a backward is differentiated by its framework. `budget` is in seconds, `seed` makes
    runs repeatable; `replay` names one kept counterexample that is tried instead.

    Raises CheckError for a signature, dtype or parameter that does not fit; CandidateError when every call raises.
    """
    began = time.perf_counter()
    op = known(op)
    asked = Request(op, dtype, _accepted(op, parameters or {}, dtype), seed, budget)
    readers = _readers(forward, op, backward, dtype, framework)
    c = contract(op)
    tallies = {r.reading: Tally() for r in readers}
    found: list[Finding] = []
    causes: dict[int, Diagnosis] = {}
    powers: dict[str, Power] = {}
    named = ""
    taken = frozenset(n for r in readers for n in r.binding.parameters)
    siblings = related(op, catalog.CATALOG, taken)
    started = time.perf_counter()
    for k, reader in enumerate(readers):
        share = started + budget * (k + 1) / len(readers)
        tally = tallies[reader.reading]
        if replay is None:
            mine = _search(c, reader, _fixed(op, reader, asked.parameters), tally, seed, share)
        else:
            mine = _replayed(reader, replay, tally)
        for f in mine:
            if (cause := _cause(c, reader, f, tally, siblings)) is not None:
                causes[id(f)] = cause
                named = named or _variant(reader, cause, siblings, asked)
        powers[reader.reading] = power(reader, tally, time.perf_counter() + 0.3)
        found += mine
    names = " and ".join(dict.fromkeys(_name(f) for f in (forward, backward) if f is not None))
    return Report(
        op.name, names, dtype, seed, tuple(found), tallies, time.perf_counter() - began, c.kinks,
        tuple(causes[id(f)].cause if id(f) in causes else "" for f in found), named, powers, _used(op, readers, asked.parameters),
        tuple(keep(f.sample, f.reading) for f in found),
        tuple(f"{r.reading} by {r.adapter.name}'s own differentiation" for r in readers if r.autograd),
    )  # fmt: skip


def assert_correct(
    forward: Function | None, op: Op | str, backward: Function | None = None, *, allow_inaccurate: bool = False, **options: Any
) -> None:
    """Raise AssertionError with the report unless the functions compute the op; for tests. Options are those of `check`."""
    report = check(forward, op, backward, **options)
    if not report.passes(allow_inaccurate=allow_inaccurate):
        raise AssertionError(report.text())


def known(op: Op | str) -> Op:
    """The op of that name, or the op itself."""
    if isinstance(op, Op):
        return op
    return next((o for o in catalog.CATALOG if o.name == op), None) or (
        catalog.load(op) if ":" in op or op.endswith(".py") else catalog.find(op)
    )


def _name(function: Function) -> str:
    return str(getattr(function, "__name__", None) or type(function).__name__)


def _readers(forward: Function | None, op: Op, backward: Function | None, dtype: str, framework: str | None) -> list[Reader]:
    if forward is None and backward is None:
        raise CheckError(f"nothing to check against {op.name}: give a forward, a backward, or both")
    printed = forms(op)
    if backward is not None and not printed.gradient:
        raise CheckError(f"{op.name} has no gradient to check a backward against; check its forward alone")
    readers = []
    if forward is not None:
        with_ = adapter(forward, dtype, framework)
        readers.append(value_reader(forward, op.program, printed, dtype, with_))
        if backward is None and printed.gradient and type(with_) is not Adapter:
            readers.append(autograd_reader(forward, op.program, printed, dtype, with_))
    if backward is not None:
        readers.append(gradient_reader(backward, op.program, printed, dtype, adapter(backward, dtype, framework)))
    return readers


def _accepted(op: Op, parameters: Mapping[str, float], dtype: str) -> dict[str, float]:
    if dtype not in DTYPES:
        raise CheckError(f"dtype {dtype} is not checked; one of {', '.join(DTYPES)} is wanted{closest(dtype, DTYPES)}")
    listed = {p.name: p for p in op.program.parameters}
    for name, value in parameters.items():
        if name not in listed:
            raise CheckError(f"{op.name} has no parameter {name}{closest(name, listed)}")
        listed[name].accept(value, op.name)
    return dict(parameters)


def _fixed(op: Op, reader: Reader, given: Mapping[str, float]) -> dict[str, float]:
    """Parameters that do not vary: those given, and defaults of those that the function does not take."""
    absent = {p.name: float(p.default) for p in op.program.parameters if p.name not in reader.binding.parameters and p.default is not None}
    return {**{n: int(v) if v == int(v) else v for n, v in absent.items()}, **given}


def _used(op: Op, readers: Sequence[Reader], given: Mapping[str, float]) -> dict[str, str]:
    """Which values each parameter took: the one given, the default where the function does not take it, or several."""
    used = {}
    for p in op.program.parameters:
        taken = any(p.name in r.binding.parameters for r in readers)
        default = f"{float(p.default):g}" if p.default is not None else "none"
        used[p.name] = f"{given[p.name]:g} (given)" if p.name in given else "varied" if taken else f"{default} (default; not taken)"
    return used


def _search(c: Contract, reader: Reader, fixed: Mapping[str, float], tally: Tally, seed: int, deadline: float) -> list[Finding]:
    """The smallest counterexample of each kind, or nothing."""
    found: list[Finding] = []
    raised = clear = 0
    last = ""

    def build(case: Case) -> Sample:
        found = sample(c, case, reader.dtype, fixed)
        return without_subnormals(found) if reader.adapter.flushes else found

    def tries(case: Case) -> bool:
        nonlocal raised, clear, last
        findings = run(reader, build(case), tally)
        raised += (failing := _raising(findings))
        last = findings[0].message if failing else last
        clear += any(f.grade == "wrong" for f in findings)
        found.extend(findings)
        late = any("not returned" in f.message for f in findings)
        return late or (failing and raised == tally.calls >= HOPELESS) or (clear >= CLEAR and tally.calls >= LEAST)

    explore(c, tries, seed, deadline, CASES)
    if raised and raised == tally.calls:
        what = last.removesuffix(" on a legal input")
        raise CandidateError(f"{_name(reader.function)} {what}, on every input tried")
    if not _raising(found):
        found += manners(reader, build, tally)
    kept = _one_per_kind(found)
    return [smallest(c, reader, f, build, time.perf_counter() + SHRINKING) for f in kept]


def _replayed(reader: Reader, case: str, tally: Tally) -> list[Finding]:
    """What one kept case shows."""
    reading, s = recall(case)
    return run(reader, s, tally) if reading == reader.reading else []


def _raising(findings: Iterable[Finding]) -> bool:
    """A call that raises does not end the search: other calls may show more, or all may raise."""
    return any(f.kind == "raised" for f in findings)


def _one_per_kind(findings: Iterable[Finding]) -> list[Finding]:
    """The largest disagreement of each kind; those that no form explains first."""
    worst: dict[tuple[str, str], Finding] = {}
    for f in sorted(findings, key=lambda f: f.ratio):
        worst[(f.kind, f.grade)] = f
    kept = sorted(worst.values(), key=lambda f: ORDER.index(f.kind) if f.kind in ORDER else 0)
    return [f for f in kept if f.grade == "wrong"] or kept


def _cause(c: Contract, reader: Reader, f: Finding, tally: Tally, siblings: Sequence[Op]) -> Diagnosis | None:
    """Why, in words: the form that is computed, the place where it goes wrong, or the edit that gives the same numbers."""
    if f.form:
        return Diagnosis(f.form, 1.0)
    if stated := layout(reader, f):
        return Diagnosis(stated, 1.0)
    found = None
    if f.kind in ("value", "gradient", "nan"):
        found = diagnose(reader, f.what, tally.trials, siblings, time.perf_counter() + DIAGNOSING)
    if (found is None or found.is_weak) and (stated := place(reader, f, tally.trials)):
        return Diagnosis(stated, 1.0)
    return found


def _variant(reader: Reader, cause: Diagnosis, siblings: Sequence[Op], asked: Request) -> str:
    """The sibling whose own check the candidate passes, if it is one that people take for the op."""
    if not cause.cause.endswith("(variant)"):
        return ""
    sibling = next((s for s in siblings if f" {s.name}, " in cause.cause), None)
    if sibling is None or not near(asked.op.program, sibling.program):
        return ""
    kind = value_reader if reader.reading == "value" else gradient_reader
    other = (
        autograd_reader(reader.function, sibling.program, forms(sibling), reader.dtype, reader.adapter)
        if reader.autograd
        else kind(reader.function, sibling.program, forms(sibling), reader.dtype, reader.adapter)
    )
    tally = Tally()
    found = _search(contract(sibling), other, _fixed(sibling, other, {}), tally, asked.seed, time.perf_counter() + asked.budget / 3)
    return "" if any(f.grade == "wrong" for f in found) else sibling.name
