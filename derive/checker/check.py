"""The public verb: is this function that op?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from derive import catalog
from derive.checker.cases import keep
from derive.checker.causes import cause, variant
from derive.checker.clock import now
from derive.checker.contract import Contract, contract
from derive.checker.diagnosis.variants import related
from derive.checker.environment import restore_subnormals
from derive.checker.evaluate import CheckError
from derive.checker.findings import Finding, Tally
from derive.checker.memory import memory
from derive.checker.power import Power, power
from derive.checker.reader import Reader
from derive.checker.readers import Function, accepted, fixed, other_defaults, readers, used
from derive.checker.report import Report
from derive.checker.searching import named, replayed, search
from derive.checker.special import special_values
from derive.language.operation import Op

POWER = 0.3  # seconds for trying mistaken versions on the same inputs


@dataclass(frozen=True)
class Request:
    """What was asked for: the op and its contract, parameters that are fixed, a seed, seconds to spend, a case to try again."""

    op: Op
    contract: Contract
    parameters: Mapping[str, float]
    seed: int
    budget: float
    replay: str | None


@dataclass(frozen=True)
class Read:
    """What came of one reading: disagreements, the cause of each in words, the variant that is computed instead, power."""

    tally: Tally
    findings: tuple[Finding, ...]
    causes: tuple[str, ...]
    variant: str
    power: Power


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
    restore_subnormals()
    op = known(op)
    given = accepted(op, parameters or {}, dtype)
    found = readers(forward, op, backward, dtype, framework)
    asked = Request(op, contract(op), given, seed, budget, replay)
    reads = {r.reading: _read(asked, r, budget / len(found)) for r in found}
    findings = tuple(f for read in reads.values() for f in read.findings)
    _surely_judged(op, reads, dtype)
    names = " and ".join(dict.fromkeys(named(f) for f in (forward, backward) if f is not None))
    return Report(
        op.name, names, dtype, seed, findings, {name: read.tally for name, read in reads.items()}, time.perf_counter() - began,
        asked.contract.kinks, tuple(c for read in reads.values() for c in read.causes),
        next((read.variant for read in reads.values() if read.variant), ""), {name: read.power for name, read in reads.items()},
        used(op, found, given), tuple(keep(f.sample, f.reading) for f in findings),
        (
            *(f"{r.reading} by {r.adapter.name}'s own differentiation" for r in found if r.autograd),
            *dict.fromkeys(f"{found[0].adapter.name} refuses some inputs: {m}" for read in reads.values() for m in read.tally.refusals),
            *dict.fromkeys(note for r in found for note in other_defaults(op, r)),
            *(note for r in found if not reads[r.reading].findings for note in special_values(asked.contract, r, fixed(op, r, given))),
        ),
    )  # fmt: skip


def _surely_judged(op: Op, reads: Mapping[str, Read], dtype: str) -> None:
    """Raise CheckError where nothing is known of a reading: silence is no agreement."""
    for reading, read in reads.items():
        t = read.tally
        if not read.findings and not t.elements and t.unclaimed + t.undecided:
            many = t.unclaimed + t.undecided
            raise CheckError(f"{op.name}: no number of its {reading} can be judged in {dtype}: of none of {many} is it clear what is right")


def _read(asked: Request, reader: Reader, seconds: float) -> Read:
    """One reading searched for disagreements for so long, and each of them explained."""
    tally, before = Tally(), memory(reader.function)
    if asked.replay is None:
        found = search(asked.contract, reader, fixed(asked.op, reader, asked.parameters), tally, asked.seed, seconds)
    else:
        found = replayed(reader, asked.replay, tally)
    siblings = related(asked.op, catalog.CATALOG) if any(f.grade == "wrong" for f in found) else ()  # they take half a second to load
    causes = [cause(reader, f, tally, siblings, seconds, before) for f in found]
    variants = [variant(reader, c, siblings, asked.op, asked.seed, asked.budget) for c in causes if c]
    told = power(reader, tally, now() + POWER)
    return Read(tally, tuple(found), tuple(c.cause if c else "" for c in causes), next((v for v in variants if v), ""), told)


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
    return catalog.load(op)
