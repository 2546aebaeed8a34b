"""`verify`: the generated code of an op against the oracle, finite differences and torch, within a budget."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive import oracle
from derive.checker import torch_values
from derive.checker.clock import now
from derive.checker.contract import Contract, contract
from derive.checker.differences import adjoint_error, difference_error, directions
from derive.checker.findings import Finding, Tally
from derive.checker.forms import forms
from derive.checker.inputs import Case, Sample, sample
from derive.checker.reader import Reader, gradient_reader, value_reader
from derive.checker.report import Report
from derive.checker.rules import PROMISE, finite_at_least, is_promised, promised
from derive.checker.runs import run
from derive.checker.search import explore, grid
from derive.checker.shrink import smallest
from derive.checker.tolerance import CONVENTIONS, Allowance
from derive.language.operation import Op
from derive.pipeline import readings

Array = NDArray[Any]
FD_BOUND = 1e-7
TORCH_BOUND = 1e-11
ADJOINT_BOUND = 1e-12
CASES = 120
SHRINKING = 2.0


@dataclass(frozen=True)
class Row:
    """One reading of one op: how accurate, against what, how surely. None where there is nothing to compare with.

    Where the bound is derived, ulps leave out numbers that are what is left of larger ones that cancelled.
    """

    op: str
    reading: str
    tier: str
    ulps_max: float
    ulps_999: float
    bound: str
    ratio: float
    difference: float | None
    torch: float | None
    adjoint: float | None
    cases: int
    numbers: int
    undecided: int
    unclaimed: int
    nonfinite: int
    seconds: float
    passes: bool
    failure: str = ""


@dataclass(frozen=True)
class Verification:
    """The rows of one op."""

    op: str
    rows: tuple[Row, ...]

    @property
    def passes(self) -> bool:
        """Whether every bound holds."""
        return all(r.passes for r in self.rows)


@dataclass(frozen=True)
class ElementwiseReader(Reader):
    """A reader whose allowance is the promise for element-wise code instead of the derived tolerance."""

    def truth(self, s: Sample) -> tuple[dict[str, oracle.Rounded], dict[str, Allowance]]:
        """The oracle's answers, with what is promised of each."""
        exact, allowed = super().truth(s)
        arrays = dict(s.inputs) if self.reading == "value" else self.arrays(s)
        values = [exact[n].value for n in allowed]
        held = promised(self.forms[0], self.program, arrays, s.parameters, values, list(allowed.values()))
        return exact, dict(zip(allowed, held, strict=True))


def verify(op: Op, functions: Mapping[str, Callable[..., Any]], *, budget: float = 3.0, seed: int = 0) -> Verification:
    """The rows of an op's generated functions: NAME, and where it has a gradient NAME_vjp and NAME_jvp."""
    printed, c = forms(op), contract(op)
    readers = [value_reader(functions[op.name], op.program, printed, "float64")]
    if printed.gradient:
        readers.append(gradient_reader(functions[f"{op.name}_vjp"], op.program, printed, "float64"))
    with np.errstate(all="ignore"):
        return Verification(op.name, tuple(_row(c, functions, _reader(r), budget / 2, seed) for r in readers))


@dataclass(frozen=True)
class FiniteReader(Reader):
    """A reader that wants a finite number wherever the textbook form gives one, also where no accuracy is claimed."""

    def truth(self, s: Sample) -> tuple[dict[str, oracle.Rounded], dict[str, Allowance]]:
        """The oracle's answers, with what is allowed of each."""
        exact, allowed = super().truth(s)
        arrays = dict(s.inputs) if self.reading == "value" else self.arrays(s)
        values = [exact[n].value for n in allowed]
        held = finite_at_least(self.forms[0], arrays, s.parameters, values, list(allowed.values()))
        return exact, dict(zip(allowed, held, strict=True))


def _reader(r: Reader) -> Reader:
    """With the promise where the form is element-wise."""
    kind = ElementwiseReader if is_promised(r.forms[0], r.computed, r.program) else FiniteReader
    return kind(r.reading, r.function, r.binding, r.program, r.forms, r.dtype)


def _row(c: Contract, functions: Mapping[str, Callable[..., Any]], reader: Reader, budget: float, seed: int) -> Row:
    began = time.perf_counter()
    tally, found = Tally(), list[Finding]()
    _search(c, reader, tally, found, seed, now() + budget)
    gradient = reader.reading == "gradient"
    cross = _cross(c, functions, seed) if gradient else _Cross()
    reason = _finding(c, reader, found) or cross.failure or _strayed(tally) or ("" if tally.elements else "nothing was judged")
    promise, tier = isinstance(reader, ElementwiseReader), readings(c.op).proof("vjp" if gradient else "value")
    worst, most = (tally.ulps(1.0), tally.ulps(0.999)) if promise else (tally.firm_ulps(1.0), tally.firm_ulps(0.999))
    return Row(
        c.op.name, reader.reading, tier, worst, most, f"{PROMISE:g} ulp" if promise else "derived", tally.worst_ratio,
        cross.difference, cross.torch, cross.adjoint, tally.calls, tally.elements, tally.undecided, tally.unclaimed, tally.nonfinite,
        time.perf_counter() - began, not reason, reason,
    )  # fmt: skip


def _finding(c: Contract, reader: Reader, found: Sequence[Finding]) -> str:
    """The largest disagreement, shrunk, in words; empty where there is none."""
    if not found:
        return ""

    def build(case: Case) -> Sample:
        return sample(c, case, reader.dtype)

    least = smallest(c, reader, max(found, key=lambda f: f.ratio), build, now() + SHRINKING)
    name = getattr(reader.function, "__name__", "the function")
    return Report(c.op.name, name, reader.dtype, least.sample.case.seed, (least,), {}, 0.0).text()


def _strayed(tally: Tally) -> str:
    """Generated code follows the declared convention at every kink."""
    other = [name for name in tally.conventions if name != CONVENTIONS[0]]
    return f"at a kink it takes {' and '.join(other)}" if other else ""


def _search(c: Contract, reader: Reader, tally: Tally, found: list[Finding], seed: int, deadline: float) -> None:
    if isinstance(reader, ElementwiseReader):
        for s in grid(c, reader.dtype, seed):
            found.extend(run(reader, s, tally))

    def tries(case: Case) -> bool:
        found.extend(run(reader, sample(c, case, reader.dtype), tally))
        return bool(found)

    if not found:
        explore(c, tries, seed, deadline, CASES)


@dataclass(frozen=True)
class _Cross:
    """Errors against finite differences, torch, and of the adjoint identity."""

    difference: float | None = None
    torch: float | None = None
    adjoint: float | None = None

    @property
    def failure(self) -> str:
        """What exceeds its bound, in words."""
        bounds = (
            ("finite differences", self.difference, FD_BOUND),
            ("torch", self.torch, TORCH_BOUND),
            ("<g, jvp> = <vjp, v>", self.adjoint, ADJOINT_BOUND),
        )
        return "; ".join(f"{what}: relative error {x:.2g}, bound {b:g}" for what, x, b in bounds if x is not None and not x <= b)


def _cross(c: Contract, functions: Mapping[str, Callable[..., Any]], seed: int) -> _Cross:
    """The largest errors over a few moderate calls away from kinks."""
    name = c.op.name
    fd: list[float] = []
    torch: list[float] = []
    adjoint: list[float] = []
    for d in directions(c, 3, seed):
        g = _gradients(c, functions[f"{name}_vjp"], d.sample)
        fd.append(difference_error(c, functions[name], g, d))
        if f"{name}_jvp" in functions:
            adjoint.append(adjoint_error(c, functions[f"{name}_jvp"], g, d))
        if torch_values.available():
            theirs = torch_values.gradients(c.program, d.sample.inputs, d.sample.cotangents, d.sample.parameters)
            if all(np.isfinite(theirs[n]).all() for n in d.moves):  # torch makes nan of 0/0 in a branch that is not taken
                torch.append(_apart([g[n] for n in d.moves], [theirs[n] for n in d.moves]))
    return _Cross(*(max(errors, default=None) for errors in (fd, torch, adjoint)))


def _gradients(c: Contract, vjp: Callable[..., Any], s: Sample) -> dict[str, Array]:
    results = vjp(*(s.cotangents[o.name] for o in c.program.outputs), *(s.inputs[i.name] for i in c.program.inputs), **s.parameters)
    arrays = results if isinstance(results, tuple) else (results,)
    return {i.name: np.asarray(a) for i, a in zip(c.program.real_inputs, arrays, strict=True)}


def _apart(ours: Sequence[Array], theirs: Sequence[Array]) -> float:
    """The largest difference over the largest number."""
    size = max((float(np.max(np.abs(b), initial=0.0)) for b in theirs), default=0.0)
    return max((float(np.max(np.abs(a - b), initial=0.0)) for a, b in zip(ours, theirs, strict=True)), default=0.0) / (size or 1.0)


Load = Callable[[str], Op]
Generate = Callable[[Op], Mapping[str, Callable[..., Any]]]
Told = Callable[[int, int, Verification], None]


def verify_all(
    specs: Sequence[str], load: Load, generate: Generate, *, budget: float = 3.0, seed: int = 0, workers: int = 2, told: Told | None = None
) -> list[Verification]:
    """Every op named by `specs`, in their order, in `workers` processes; `told` hears of each as it ends.

    `load` and `generate` are functions at the top level of a module: expressions do not travel between processes.
    """
    job = partial(_job, load, generate, budget, seed)
    if workers <= 1:
        return list(_one_by_one(job, specs, told))
    done: dict[str, Verification] = {}
    with ProcessPoolExecutor(workers, get_context("spawn"), gc.set_threshold, (200_000, 20, 100)) as pool:
        for future in as_completed([pool.submit(job, s) for s in specs]):
            spec, result = future.result()
            done[spec] = result
            if told:
                told(len(done), len(specs), result)
    return [done[s] for s in specs]


def _one_by_one(job: Callable[[str], tuple[str, Verification]], specs: Sequence[str], told: Told | None) -> Iterable[Verification]:
    for k, spec in enumerate(specs):
        _, result = job(spec)
        if told:
            told(k + 1, len(specs), result)
        yield result


def _job(load: Load, generate: Generate, budget: float, seed: int, spec: str) -> tuple[str, Verification]:
    """One op from its name to its rows; what goes wrong on the way is a row that fails."""
    began, name = time.perf_counter(), spec
    try:
        op = load(spec)
        name = op.name
        return spec, verify(op, generate(op), budget=budget, seed=seed)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        nan = float("nan")
        row = Row(name, "-", "", nan, nan, "", nan, None, None, None, 0, 0, 0, 0, 0, time.perf_counter() - began, False, reason)
        return spec, Verification(name, (row,))
