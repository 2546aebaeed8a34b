"""One candidate on one sample: called, its results and its manners judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive import oracle
from derive.checker.candidate import Raised, cotangent
from derive.checker.findings import Finding, Tally, Trial
from derive.checker.grading import Runs, automatically, explanations, naive_forms
from derive.checker.inputs import Sample
from derive.checker.judging import Judged, judge
from derive.checker.normwise import NAME, carried_over
from derive.checker.reader import Reader
from derive.checker.tolerance import Allowance
from derive.checker.undone import WRITTEN, undone
from derive.language.nodes import At

Array = NDArray[Any]
KEPT = 80  # samples whose results are kept for the diagnosis
SIZED = 20_000  # numbers kept of one sample


def run(reader: Reader, s: Sample, tally: Tally) -> list[Finding]:
    """Everything that is wrong with one call; nothing when it agrees."""
    s = _without_unseen_cotangent(reader, s)
    before = {**s.inputs, **{cotangent(o): g for o, g in s.cotangents.items()}}
    passed, returned = reader.called(s)
    tally.calls += 1
    if isinstance(returned, Raised) and returned.refused:
        tally.refusals.setdefault(returned.message)
        tally.refused += 1
        return []
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
    forms = Runs(reader.arrays(s), s.parameters, reader.format)
    for name, value in results.items():
        findings += _element(reader, s, name, value, exact[name], allowed[name], tally, seen, forms)
    if len(tally.trials) < KEPT and sum(x.size for x, _, _ in seen.values()) <= SIZED:
        got, far, slack = ({n: kept[k] for n, kept in seen.items()} for k in (0, 1, 2))
        tally.trials.append(Trial(s, got, {n: np.asarray(exact[n].value) for n in got}, far, slack))
    return findings


def _without_unseen_cotangent(reader: Reader, s: Sample) -> Sample:
    """A backward that takes no cotangent is the gradient of the scalar itself: its cotangent is 1."""
    if reader.reading == "value" or reader.autograd or all(cotangent(o) in reader.binding.taken for o in s.cotangents):
        return s
    return Sample(s.inputs, {o: np.ones_like(g) for o, g in s.cotangents.items()}, s.parameters, s.case)


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
    """Whether this result holds numbers of an input as they are, in any order, so that handing on a view of it is natural."""
    form, names = reader.forms[0], [o.name for o in reader.program.outputs] if reader.reading == "value" else None
    names = names or [i.name for i in reader.program.real_inputs]
    body = form.let(form.outputs[names.index(name)].name).body
    while isinstance(body, At):
        body = body.body
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
    computed: Runs,
) -> list[Finding]:
    found, got = _read(reader, value, exact.value)
    if found:
        return [Finding(found[0], reader.reading, name, found[1], np.inf, s)]
    judged = judge(got, exact, allowed, reader.dtype)
    seen[name] = (np.array(got), judged.far.reshape(got.shape), np.broadcast_to(judged.slack, got.shape))
    tally.count(judged)
    if judged.ratio <= 1:
        return []
    form, judged = _explained(reader, s, name, got, exact, judged, computed)
    strange = not np.isfinite(judged.got)
    kind = "nan" if np.isnan(judged.got) else reader.reading
    message = f"is {judged.got} where the exact value is {judged.exact:.17g}" if strange else ""
    return [Finding(kind, reader.reading, name, message, judged.ratio, s, judged, form)]


def _explained(
    reader: Reader, s: Sample, name: str, got: Array, exact: oracle.Rounded, judged: Judged, computed: Runs
) -> tuple[str, Judged]:
    """The form that explains every element that is too far off; else the judgement with the worst unexplained one in front."""
    names = [o.name for o in reader.program.outputs] if reader.reading == "value" else [i.name for i in reader.program.real_inputs]
    left = judged.far
    best, most = "", 0
    lost = "overflow" if (judged.far & ~np.isfinite(got)).any() else "cancellation"
    forms = naive_forms(reader.forms[0], reader.program)
    for e in explanations(forms, names.index(name), computed, got, np.asarray(exact.value)):
        share = int(np.sum(judged.far & e.mask))
        best, most = (e.form, share) if share > most else (best, most)
        left = left & ~e.mask
        if not left.any():
            return best.replace(WRITTEN, f"{lost}: {WRITTEN}"), judged
    value = np.asarray(exact.value)
    left = left & ~carried_over(reader.forms[0], names.index(name), computed.arrays, s.parameters, reader.level, got, value)
    if not left.any():
        return NAME, judged
    if reader.reading == "gradient":
        automatic = automatically(reader.program, s, name, reader.format, got, np.asarray(exact.value))
        if not (left & ~automatic).any():
            return "cancellation: the derivative as automatic differentiation of the definition computes it", judged
        for equal in undone(reader.program, reader.program)[1:] if reader.autograd else ():
            automatic = automatic | automatically(equal.program, s, name, reader.format, got, value)
            if not (left & ~automatic).any():
                return f"the derivative as automatic differentiation computes it, {equal.name}", judged
    return "", judged.at(left)


def _read(reader: Reader, value: Any, exact: Array) -> tuple[tuple[str, str] | None, Array]:
    """The kind and description of a result that cannot be compared, and the result as an array."""
    if value is None:
        return ("shape", "returned None"), exact
    if isinstance(value, (list, tuple)):
        return ("shape", f"returned a {type(value).__name__} of {len(value)}; wanted an array"), exact
    try:
        array, kind = reader.adapter.out(value)
    except Exception as error:
        return ("shape", f"returned {type(value).__name__}, which is no array: {error}"), exact
    if array.dtype.kind == "c":
        return ("dtype", f"has dtype {kind}, complex numbers; wanted {reader.dtype}, as its inputs"), exact
    if array.dtype.kind not in "fiub" and kind != "bfloat16":
        return ("shape", f"returned {type(value).__name__}, which is no array of numbers"), exact
    if array.shape != exact.shape:
        return ("shape", f"has shape {array.shape}; wanted {exact.shape}"), exact
    loose = isinstance(value, (float, int)) and not exact.ndim and not isinstance(value, bool)  # NumPy's own float64 among them
    if kind != reader.dtype and not loose:
        return ("dtype", f"has dtype {kind}; wanted {reader.dtype}, as its inputs"), exact
    return None, array
