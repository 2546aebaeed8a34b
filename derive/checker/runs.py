"""One candidate on one sample: called, its results and its manners judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive import oracle
from derive.checker.adapters import Adapter
from derive.checker.candidate import Binding, Raised, arguments, bind_backward, bind_forward, call, cotangent, gradients_of, outputs_of
from derive.checker.forms import Forms, gradient_inputs
from derive.checker.grading import automatically, explanations, naive_forms
from derive.checker.inputs import Sample
from derive.checker.judging import Judged, judge
from derive.checker.levels import rounded_in
from derive.checker.tolerance import Allowance, allowances
from derive.checker.undone import WRITTEN
from derive.language.program import Program

Array = NDArray[Any]
KEPT = 80  # samples whose results are kept for the diagnosis
SIZED = 20_000  # numbers kept of one sample


@dataclass(frozen=True)
class Finding:
    """A disagreement. `kind` is one of value, gradient, shape, dtype, nan, mutated input, aliased input, state, raised; `what`
    names the output or the input whose gradient it is; `ratio` is error over allowance (infinite where nothing is
    comparable); `form` names the inaccurate form that explains every element that is too far off."""

    kind: str
    reading: str
    what: str
    message: str
    ratio: float
    sample: Sample
    judged: Judged | None = None
    form: str = ""

    @property
    def grade(self) -> str:
        """`inaccurate` where a form explains it, `wrong` otherwise."""
        return "inaccurate" if self.form else "wrong"


@dataclass(frozen=True)
class Trial:
    """A sample, what the candidate made of it and what is right, by name of output or input."""

    sample: Sample
    got: Mapping[str, Array]
    exact: Mapping[str, Array]
    far: Mapping[str, Array]
    slack: Mapping[str, Array]


@dataclass
class Tally:
    """What was judged so far, for one reading."""

    calls: int = 0
    elements: int = 0
    undecided: int = 0
    unclaimed: int = 0
    flushed: int = 0
    nonfinite: int = 0
    worst_ratio: float = 0.0
    errors: list[Array] = field(default_factory=list)
    firm_errors: list[Array] = field(default_factory=list)
    conventions: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)

    def count(self, j: Judged) -> None:
        """Add one judged output."""
        self.elements += j.defined
        self.undecided += j.undecided
        self.unclaimed += j.unclaimed
        self.flushed += j.flushed
        self.nonfinite += j.nonfinite
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
    adapter: Adapter = field(default_factory=lambda: Adapter("float64"))
    autograd: bool = False  # the function is a forward, which its framework differentiates

    def truth(self, s: Sample) -> tuple[dict[str, oracle.Rounded], dict[str, Allowance]]:
        """The oracle's answers and the allowances, by name of output or of input."""
        kind = rounded_in(self.dtype)
        if self.reading == "value":
            names = [o.name for o in self.program.outputs]
            exact = oracle.evaluate(self.program, s.inputs, s.parameters, dtype=kind)
            arrays = dict(s.inputs)
        else:
            names = [i.name for i in self.program.real_inputs]
            exact = oracle.gradient(self.program, s.inputs, s.cotangents, s.parameters, dtype=kind)
            arrays = self.arrays(s)
        allowed = allowances(self.forms, arrays, s.parameters, self.dtype, jumps=self.reading == "gradient")
        return exact, dict(zip(names, allowed, strict=True))

    def arrays(self, s: Sample) -> dict[str, Array]:
        """The arrays that the forms take."""
        if self.reading == "value":
            return dict(s.inputs)
        return gradient_inputs(self.forms[0], self.program, s.inputs, s.cotangents)

    def results(self, returned: Any) -> dict[str, Any] | str:
        """What the function returned, by name."""
        if self.reading == "value":
            return outputs_of(returned, self.program)
        return gradients_of(returned, self.program, self.binding)

    def called(self, s: Sample) -> tuple[dict[str, Any], Any]:
        """The arguments by name, as they were passed, and what came back."""
        values = {**s.inputs, **{cotangent(o): g for o, g in s.cotangents.items()}}
        counts = {i.name for i in self.program.inputs if i.dtype == "count"}
        with self.adapter.running():
            passed = {n: int(values[n]) if n in counts else self.adapter.into(copied(values[n])) for n in self.binding.taken}
            positional, keywords = arguments(self.binding, passed, s.parameters)
            if not self.autograd:
                return passed, call(self.function, positional, keywords)
            return passed, self._differentiated(s, positional, keywords)

    def _differentiated(self, s: Sample, positional: list[Any], keywords: dict[str, Any]) -> Any:
        real = [i.name for i in self.program.real_inputs if i.name in self.binding.taken]
        places = {n: self.binding.slots.index(n) if n in self.binding.slots else n for n in real}
        seeds = [self.adapter.into(copied(s.cotangents[o.name])) for o in self.program.outputs]
        return call(self.adapter.differentiated(self.function, real), (positional, keywords, places, seeds), {})


def value_reader(function: Callable[..., Any], program: Program, forms: Forms, dtype: str, adapter: Adapter | None = None) -> Reader:
    """A reader of a forward. Raises CheckError when its signature does not fit."""
    return Reader("value", function, bind_forward(function, program), program, forms.value, dtype, adapter or Adapter(dtype))


def gradient_reader(function: Callable[..., Any], program: Program, forms: Forms, dtype: str, adapter: Adapter | None = None) -> Reader:
    """A reader of a backward. Raises CheckError when its signature does not fit."""
    return Reader("gradient", function, bind_backward(function, program), program, forms.gradient, dtype, adapter or Adapter(dtype))


def autograd_reader(function: Callable[..., Any], program: Program, forms: Forms, dtype: str, adapter: Adapter) -> Reader:
    """A reader of what a framework makes of a forward when it differentiates it."""
    return Reader("gradient", function, bind_forward(function, program), program, forms.gradient, dtype, adapter, True)


def run(reader: Reader, s: Sample, tally: Tally) -> list[Finding]:
    """Everything that is wrong with one call; nothing when it agrees."""
    s = _without_unseen_cotangent(reader, s)
    before = {**s.inputs, **{cotangent(o): g for o, g in s.cotangents.items()}}
    passed, returned = reader.called(s)
    tally.calls += 1
    if isinstance(returned, Raised):
        what = f"has {returned.message}" if returned.late else f"raised {returned.message}"
        return [Finding("raised", reader.reading, "", f"{what} on a legal input", np.inf, s)]
    findings = list(_manners(reader, s, before, passed, returned))
    results = reader.results(returned)
    if isinstance(results, str):
        return [*findings, Finding("shape", reader.reading, "", results, np.inf, s)]
    exact, allowed = reader.truth(s)
    tally.missing.update(dict.fromkeys(n for n in exact if n not in results))
    seen: dict[str, tuple[Array, Array, Array]] = {}
    for name, value in results.items():
        findings += _element(reader, s, name, value, exact[name], allowed[name], tally, seen)
    if len(tally.trials) < KEPT and sum(x.size for x, _, _ in seen.values()) <= SIZED:
        got, far, slack = ({n: kept[k] for n, kept in seen.items()} for k in (0, 1, 2))
        tally.trials.append(Trial(s, got, {n: np.asarray(exact[n].value) for n in got}, far, slack))
    return findings


def _without_unseen_cotangent(reader: Reader, s: Sample) -> Sample:
    """A backward that takes no cotangent is the gradient of the scalar itself: its cotangent is 1."""
    if reader.reading == "value" or reader.autograd or all(cotangent(o) in reader.binding.taken for o in s.cotangents):
        return s
    return Sample(s.inputs, {o: np.ones_like(g) for o, g in s.cotangents.items()}, s.parameters, s.case)


def copied(x: Array) -> Array:
    """A copy with the same layout, so that strided inputs stay strided."""
    if x.ndim and not (x.flags.c_contiguous or x.flags.f_contiguous):
        whole = np.repeat(x, 2, axis=-1)
        whole[..., ::2] = x
        return whole[..., ::2]
    return x.copy(order="K")


def _manners(reader: Reader, s: Sample, before: Mapping[str, Array], after: Mapping[str, Any], returned: Any) -> Iterator[Finding]:
    """Arguments that were changed, or that live on in a result."""
    for n, value in after.items():
        after_call = np.ascontiguousarray(reader.adapter.out(value)[0]).astype(before[n].dtype)
        if after_call.tobytes() != np.ascontiguousarray(before[n]).tobytes():
            yield Finding("mutated input", reader.reading, n, f"its argument {plainly(n)} is changed by the call", np.inf, s)
    results = reader.results(returned)
    for name, result in results.items() if isinstance(results, dict) else ():
        for n, value in after.items():
            if reader.adapter.shares(result, value) and not _hands_through(reader, name):
                message = f"its result shares memory with its argument {plainly(n)}: whoever writes to one changes the other"
                yield Finding("aliased input", reader.reading, n, message, np.inf, s)


def _hands_through(reader: Reader, name: str) -> bool:
    """Whether the definition itself makes this result the same numbers as an input, so that handing it on is natural."""
    form, names = reader.forms[0], [o.name for o in reader.program.outputs] if reader.reading == "value" else None
    names = names or [i.name for i in reader.program.real_inputs]
    body = form.let(form.outputs[names.index(name)].name).body
    return not body.children


def plainly(name: str) -> str:
    """An argument as reports call it."""
    return name.replace("cotangent of y", "g") if name == "cotangent of y" else name


def _element(
    reader: Reader,
    s: Sample,
    name: str,
    value: Any,
    exact: oracle.Rounded,
    allowed: Allowance,
    tally: Tally,
    seen: dict[str, tuple[Array, Array, Array]],
) -> list[Finding]:
    found, got = _read(reader, value, exact.value)
    if found:
        return [Finding(found[0], reader.reading, name, found[1], np.inf, s)]
    judged = judge(got, exact, allowed, reader.dtype)
    seen[name] = (np.array(got), judged.far.reshape(got.shape), np.broadcast_to(judged.slack, got.shape))
    tally.count(judged)
    if judged.ratio <= 1:
        return []
    form, judged = _explained(reader, s, name, got, exact, judged)
    strange = not np.isfinite(judged.got)
    kind = "nan" if np.isnan(judged.got) else reader.reading
    message = f"is {judged.got} where the exact value is {judged.exact:.17g}" if strange else ""
    return [Finding(kind, reader.reading, name, message, judged.ratio, s, judged, form)]


def _explained(reader: Reader, s: Sample, name: str, got: Array, exact: oracle.Rounded, judged: Judged) -> tuple[str, Judged]:
    """The form that explains every element that is too far off; else the judgement with the worst unexplained one in front."""
    names = [o.name for o in reader.program.outputs] if reader.reading == "value" else [i.name for i in reader.program.real_inputs]
    left = judged.far
    best, most = "", 0
    lost = "overflow" if (judged.far & ~np.isfinite(got)).any() else "cancellation"
    forms = naive_forms(reader.forms[0], reader.program)
    for e in explanations(forms, names.index(name), reader.arrays(s), s.parameters, reader.dtype, got, np.asarray(exact.value)):
        share = int(np.sum(judged.far & e.mask))
        best, most = (e.form, share) if share > most else (best, most)
        left = left & ~e.mask
        if not left.any():
            return best.replace(WRITTEN, f"{lost}: {WRITTEN}"), judged
    if reader.reading == "gradient":
        automatic = automatically(reader.program, s, name, reader.dtype, got, np.asarray(exact.value))
        if not (left & ~automatic).any():
            return "cancellation: the derivative as automatic differentiation of the definition computes it", judged
    return "", judged.at(left)


def _read(reader: Reader, value: Any, exact: Array) -> tuple[tuple[str, str] | None, Array]:
    """The kind and description of a result that cannot be compared, and the result as an array."""
    if value is None:
        return ("shape", "returned None"), exact
    try:
        array, kind = reader.adapter.out(value)
    except Exception as error:
        return ("shape", f"returned {type(value).__name__}, which is no array: {error}"), exact
    if array.dtype.kind not in "fiub" and kind != "bfloat16":
        return ("shape", f"returned {type(value).__name__}, which is no array of numbers"), exact
    if array.shape != exact.shape:
        return ("shape", f"has shape {array.shape}; wanted {exact.shape}"), exact
    loose = isinstance(value, (float, int)) and not exact.ndim and not isinstance(value, (bool, np.generic))
    if kind != reader.dtype and not loose:
        return ("dtype", f"has dtype {kind}; wanted {reader.dtype}, as its inputs"), exact
    return None, array
