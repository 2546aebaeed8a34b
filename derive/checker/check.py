"""The public verb: is this function that op?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from derive.checker.candidate import CandidateError
from derive.checker.contract import Contract, contract
from derive.checker.evaluate import CheckError
from derive.checker.forms import forms
from derive.checker.inputs import Case, Sample, sample
from derive.checker.report import Report
from derive.checker.runs import Finding, Reader, Tally, gradient_reader, run, value_reader
from derive.checker.search import explore
from derive.checker.shrink import smallest
from derive.language.errors import closest
from derive.language.operation import Op

DTYPES = ("float16", "float32", "float64")
CASES = 400
SHRINKING = 1.5  # seconds for making one counterexample small
HOPELESS = 8  # calls after which a function that raised is not given another chance


def check(
    forward: Callable[..., Any] | None,
    op: Op,
    backward: Callable[..., Any] | None = None,
    *,
    dtype: str = "float64",
    parameters: Mapping[str, float] | None = None,
    seed: int = 0,
    budget: float = 4.0,
) -> Report:
    """Whether `forward(*inputs, **params)` and `backward(g, *inputs, **params)` compute the op and its gradient.

    Arguments are matched by name where all names match, else by position; parameters that a function does not take stay
    at their default, those in `parameters` at the given value. `budget` is in seconds, `seed` makes runs repeatable.

    Raises CheckError for a signature, dtype or parameter that does not fit; CandidateError when every call raises.
    """
    began = time.perf_counter()
    fixed = _accepted(op, parameters or {}, dtype)
    readers = _readers(forward, op, backward, dtype)
    c = contract(op)
    tallies = {r.reading: Tally() for r in readers}
    found: list[Finding] = []
    for k, reader in enumerate(readers):
        share = began + budget * (k + 1) / len(readers)
        found += _search(c, reader, _fixed(op, reader, fixed), tallies[reader.reading], seed, share)
    names = " and ".join(getattr(f, "__name__", repr(f)) for f in (forward, backward) if f is not None)
    return Report(op.name, names, dtype, seed, tuple(found), tallies, time.perf_counter() - began, c.kinks)


def _readers(forward: Callable[..., Any] | None, op: Op, backward: Callable[..., Any] | None, dtype: str) -> list[Reader]:
    if forward is None and backward is None:
        raise CheckError(f"nothing to check against {op.name}: give a forward, a backward, or both")
    printed = forms(op)
    if backward is not None and not printed.gradient:
        raise CheckError(f"{op.name} has no gradient to check a backward against; check its forward alone")
    readers = [value_reader(forward, op.program, printed, dtype)] if forward is not None else []
    return readers + ([gradient_reader(backward, op.program, printed, dtype)] if backward is not None else [])


def _accepted(op: Op, parameters: Mapping[str, float], dtype: str) -> dict[str, float]:
    if dtype not in DTYPES:
        raise CheckError(f"dtype {dtype} is not checked; one of {', '.join(DTYPES)} is wanted{closest(dtype, DTYPES)}")
    known = {p.name: p for p in op.program.parameters}
    for name, value in parameters.items():
        if name not in known:
            raise CheckError(f"{op.name} has no parameter {name}{closest(name, known)}")
        known[name].accept(value, op.name)
    return dict(parameters)


def _fixed(op: Op, reader: Reader, given: Mapping[str, float]) -> dict[str, float]:
    """Parameters that do not vary: those given, and defaults of those that the function does not take."""
    absent = {p.name: float(p.default) for p in op.program.parameters if p.name not in reader.binding.parameters and p.default is not None}
    return {**{n: int(v) if v == int(v) else v for n, v in absent.items()}, **given}


def _search(c: Contract, reader: Reader, fixed: Mapping[str, float], tally: Tally, seed: int, deadline: float) -> list[Finding]:
    """The smallest counterexample of one reading, or nothing."""
    found: list[Finding] = []
    raised = 0

    def build(case: Case) -> Sample:
        return sample(c, case, reader.dtype, fixed)

    def tries(case: Case) -> bool:
        nonlocal raised
        findings = run(reader, build(case), tally)
        raised += _raising(findings)
        found.extend(findings)
        return bool(findings) and (not _raising(findings) or tally.calls >= HOPELESS)

    explore(c, tries, seed, deadline, CASES)
    if raised and raised == tally.calls:
        name, what = getattr(reader.function, "__name__", "the candidate"), found[0].message.removesuffix(" on a legal input")
        raise CandidateError(f"{name} {what}, on every input tried")
    return [smallest(c, reader, f, build, time.perf_counter() + SHRINKING) for f in _one_per_kind(found)]


def _raising(findings: Iterable[Finding]) -> bool:
    """A call that raises does not end the search: other calls may show more, or all may raise."""
    return any(f.kind == "raised" for f in findings)


def _one_per_kind(findings: Iterable[Finding]) -> list[Finding]:
    """The largest disagreement of each kind."""
    worst: dict[str, Finding] = {}
    for f in findings:
        if f.kind not in worst or f.ratio > worst[f.kind].ratio:
            worst[f.kind] = f
    return list(worst.values())
