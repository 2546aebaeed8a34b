"""One candidate on one sample: called, its results and its manners judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive import oracle
from derive.check.candidate import Binding, Raised, bind_backward, bind_forward, call, cotangent, gradients_of, outputs_of
from derive.check.forms import Forms, gradient_inputs
from derive.check.inputs import Sample
from derive.check.judging import Judged, judge
from derive.check.tolerance import Allowance, allowances
from derive.language.program import Program

Array = NDArray[Any]


@dataclass(frozen=True)
class Finding:
    """A disagreement. `kind` is one of value, gradient, shape, dtype, nan, mutated input, raised; `what` names the
    output or the input whose gradient it is; `ratio` is error over allowance (infinite where nothing is comparable)."""

    kind: str
    reading: str
    what: str
    message: str
    ratio: float
    sample: Sample
    judged: Judged | None = None


@dataclass
class Tally:
    """What was judged so far, for one reading."""

    calls: int = 0
    elements: int = 0
    undecided: int = 0
    unclaimed: int = 0
    flushed: int = 0
    worst_ratio: float = 0.0
    errors: list[Array] = field(default_factory=list)
    firm_errors: list[Array] = field(default_factory=list)
    conventions: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)

    def count(self, j: Judged) -> None:
        """Add one judged output."""
        self.elements += j.defined
        self.undecided += j.undecided
        self.unclaimed += j.unclaimed
        self.flushed += j.flushed
        self.worst_ratio = max(self.worst_ratio, j.ratio)
        self.errors.append(j.errors)
        self.firm_errors.append(j.firm_errors)
        self.conventions.update(dict.fromkeys(j.conventions))

    def ulps(self, share: float) -> float:
        """The error in ulps that this share of the elements stays within."""
        return _quantile(self.errors, share)

    def firm_ulps(self, share: float) -> float:
        """The same over the numbers that kept most of their digits."""
        return _quantile(self.firm_errors, share)


def _quantile(parts: list[Array], share: float) -> float:
    errors = np.concatenate(parts) if parts else np.zeros(0)
    return float(np.quantile(errors, share, method="higher")) if errors.size else 0.0


@dataclass(frozen=True)
class Reader:
    """How to check one reading (value or gradient) of a candidate."""

    reading: str
    function: Callable[..., Any]
    binding: Binding
    program: Program
    forms: tuple[Program, ...]
    dtype: str

    def truth(self, s: Sample) -> tuple[dict[str, oracle.Rounded], dict[str, Allowance]]:
        """The oracle's answers and the allowances, by name of output or of input."""
        if self.reading == "value":
            names = [o.name for o in self.program.outputs]
            exact = oracle.evaluate(self.program, s.inputs, s.parameters, dtype=self.dtype)
            arrays = dict(s.inputs)
        else:
            names = [i.name for i in self.program.real_inputs]
            exact = oracle.gradient(self.program, s.inputs, s.cotangents, s.parameters, dtype=self.dtype)
            arrays = self.arrays(s)
        return exact, dict(zip(names, allowances(self.forms, arrays, s.parameters, self.dtype), strict=True))

    def arrays(self, s: Sample) -> dict[str, Array]:
        """The arrays that the gradient forms take."""
        return gradient_inputs(self.forms[0], self.program, s.inputs, s.cotangents)

    def results(self, returned: Any) -> dict[str, Any] | str:
        """What the function returned, by name."""
        if self.reading == "value":
            return outputs_of(returned, self.program)
        return gradients_of(returned, self.program, self.binding)


def value_reader(function: Callable[..., Any], program: Program, forms: Forms, dtype: str) -> Reader:
    """A reader of a forward. Raises CheckError when its signature does not fit."""
    return Reader("value", function, bind_forward(function, program), program, forms.value, dtype)


def gradient_reader(function: Callable[..., Any], program: Program, forms: Forms, dtype: str) -> Reader:
    """A reader of a backward. Raises CheckError when its signature does not fit."""
    return Reader("gradient", function, bind_backward(function, program), program, forms.gradient, dtype)


def run(reader: Reader, s: Sample, tally: Tally) -> list[Finding]:
    """Everything that is wrong with one call; nothing when it agrees."""
    s = _without_unseen_cotangent(reader, s)
    values = {**s.inputs, **{cotangent(o): g for o, g in s.cotangents.items()}}
    counts = {i.name for i in reader.program.inputs if i.dtype == "count"}
    passed = {name: int(values[name]) if name in counts else _copy(values[name]) for name in reader.binding.taken}
    returned = call(reader.function, reader.binding, passed, s.parameters)
    tally.calls += 1
    if isinstance(returned, Raised):
        return [Finding("raised", reader.reading, "", f"raised {returned.message} on a legal input", np.inf, s)]
    findings = _manners(reader, s, values, passed)
    results = reader.results(returned)
    if isinstance(results, str):
        return [*findings, Finding("shape", reader.reading, "", results, np.inf, s)]
    exact, allowed = reader.truth(s)
    tally.missing.update(dict.fromkeys(n for n in exact if n not in results))
    for name, got in results.items():
        findings += _element(reader, s, name, got, exact[name], allowed[name], tally)
    return findings


def _without_unseen_cotangent(reader: Reader, s: Sample) -> Sample:
    """A backward that takes no cotangent is the gradient of the scalar itself: its cotangent is 1."""
    if reader.reading == "value" or all(cotangent(o) in reader.binding.taken for o in s.cotangents):
        return s
    return Sample(s.inputs, {o: np.ones_like(g) for o, g in s.cotangents.items()}, s.parameters, s.case)


def _copy(x: Array) -> Array:
    """A copy with the same layout, so that strided inputs stay strided."""
    if x.ndim and not (x.flags.c_contiguous or x.flags.f_contiguous):
        whole = np.repeat(x, 2, axis=-1)
        whole[..., ::2] = x
        return whole[..., ::2]
    return x.copy(order="K")


def _manners(reader: Reader, s: Sample, before: Mapping[str, Array], after: Mapping[str, Any]) -> list[Finding]:
    changed = [n for n in after if np.ascontiguousarray(after[n]).tobytes() != np.ascontiguousarray(before[n]).tobytes()]
    return [Finding("mutated input", reader.reading, n, f"changes its argument {n}", np.inf, s) for n in changed]


def _element(reader: Reader, s: Sample, name: str, got: Any, exact: oracle.Rounded, allowed: Allowance, tally: Tally) -> list[Finding]:
    found = _misshapen(reader, got, exact.value)
    if found:
        return [Finding(found[0], reader.reading, name, found[1], np.inf, s)]
    judged = judge(np.asarray(got), exact, allowed)
    tally.count(judged)
    if judged.ratio <= 1:
        return []
    strange = not np.isfinite(judged.got)
    kind = "nan" if np.isnan(judged.got) else reader.reading
    message = f"is {judged.got} where the exact value is {judged.exact:.17g}" if strange else ""
    return [Finding(kind, reader.reading, name, message, judged.ratio, s, judged)]


def _misshapen(reader: Reader, got: Any, exact: Array) -> tuple[str, str] | None:
    """The kind and description of a result that cannot be compared."""
    if got is None:
        return "shape", "returned None"
    try:
        array = np.asarray(got)
    except Exception as error:
        return "shape", f"returned {type(got).__name__}, which is no array: {error}"
    if array.shape != exact.shape:
        return "shape", f"has shape {array.shape}; wanted {exact.shape}"
    loose = isinstance(got, (float, int)) and not exact.ndim and not isinstance(got, bool)
    if array.dtype != exact.dtype and not loose:
        return "dtype", f"has dtype {array.dtype}; wanted {exact.dtype}, as its inputs"
    return None
