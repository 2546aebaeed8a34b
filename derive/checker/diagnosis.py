"""Why a candidate is wrong: edits of the definition and of its gradient, tried until one gives the candidate's own numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.adjoint import adjoints
from derive.checker.edits import edits
from derive.checker.evaluate import frame, walked
from derive.checker.facts import Closeness, Seen, closeness, facts, fits, weighed
from derive.checker.grading import Narrow, naive_forms
from derive.checker.inputs import Sample
from derive.checker.runs import Reader, Trial
from derive.language.errors import DeriveError
from derive.language.nodes import BATCH
from derive.language.operation import Op
from derive.language.program import Program

Array = NDArray[Any]
MOST = 6
LARGE = 3000
NEAR = 0.005
WEAK = ("cut off", "clipped", "precision")
Expected = Callable[[Sample], "Array | None"]


@dataclass(frozen=True)
class Diagnosis:
    """A cause in words, and the share of telling numbers that it gives."""

    cause: str
    share: float

    @property
    def is_weak(self) -> bool:
        """Whether it describes what is wrong rather than why."""
        return self.cause.startswith(WEAK)


def diagnose(reader: Reader, name: str, trials: Sequence[Trial], siblings: Sequence[Op], deadline: float) -> Diagnosis | None:
    """What explains one wrong output (or gradient), on the trials where it is wrong and on some where it is not."""
    chosen = _chosen(name, trials)
    if not chosen:
        return None
    seen = [_seen(reader, name, t) for t in chosen]
    stated = _stale(name, trials) or next(facts(seen, reader.dtype), None)
    if stated and not stated.startswith(WEAK):
        return Diagnosis(stated, 1.0)
    for tier in (_likely(reader, name, siblings), _less_likely(reader, name)):
        tried: list[tuple[str, Expected]] = []
        for k, c in enumerate(closeness(reader.dtype)):
            for cause, expected in tried if k else tier:
                if time.perf_counter() > deadline:
                    return Diagnosis(stated, 1.0) if stated else None
                if not k:
                    tried.append((cause, expected))
                if (share := _tried(expected, chosen, seen, c)) >= 0.95:
                    return Diagnosis(cause, share)
    return Diagnosis(stated, 1.0) if stated else None


def _stale(name: str, trials: Sequence[Trial]) -> str | None:
    """Every wrong result is the right one of an earlier call."""
    earlier: list[Array] = []
    wrong = stale = 0
    for t in trials:
        if name in t.got and t.far[name].any():
            wrong += 1
            stale += any(e.shape == t.got[name].shape and e.size and np.array_equal(e, t.got[name], equal_nan=True) for e in earlier)
        if name in t.got and len(np.unique(t.got[name])) > 1:
            earlier.append(t.got[name])
    return (
        "stale: the result of an earlier call is returned again (state kept between calls)" if wrong > 1 and stale >= 0.8 * wrong else None
    )


def _tried(expected: Expected, chosen: Sequence[Trial], seen: Sequence[Seen], c: Closeness) -> float:
    """How well an explanation fits; given up at the first trial that it does not."""
    values: list[Array | None] = []
    for k, t in enumerate(chosen):
        try:
            with np.errstate(all="ignore"):
                values.append(expected(t.sample))
        except (DeriveError, ValueError, IndexError, KeyError, ZeroDivisionError, OverflowError, ImportError, TypeError):
            return 0.0
        if k == 0 and weighed(values, seen[:1], c) < 0:
            return 0.0
    return fits(values, seen, c)


def _chosen(name: str, trials: Sequence[Trial]) -> list[Trial]:
    """A few telling trials first, moderate inputs before extreme ones, then a few that went well."""
    usable = [t for t in trials if name in t.got and 0 < t.got[name].size <= LARGE]

    def rank(t: Trial) -> tuple[bool, bool, float]:
        moderate = t.sample.case.regime in ("plain", "small", "ties", "one-hot")
        return (not moderate, not np.isfinite(t.got[name]).all(), -float(np.mean(t.far[name])))

    wrong = sorted((t for t in usable if t.far[name].any()), key=rank)
    shapes: dict[tuple[int, ...], Trial] = {}
    for t in wrong:
        shapes.setdefault(t.got[name].shape, t)
    first = list(shapes.values())[: MOST - 2]
    more = [t for t in wrong if not any(t is f for f in first)][: MOST - len(first)]
    fine = sorted((t for t in usable if not t.far[name].any()), key=rank)
    return [*first, *more, *fine[:2]] if wrong else []


def _seen(reader: Reader, name: str, t: Trial) -> Seen:
    fr = frame(reader.program, {n: np.asarray(x) for n, x in t.sample.inputs.items()}, t.sample.parameters)
    sizes = {a: n for a, n in fr.sizes.items() if n > 0 and a != BATCH}
    whole = int(np.prod(fr.batch)) if BATCH in fr.sizes else 0
    given = {**t.sample.inputs, **({f"g of {o}": g for o, g in t.sample.cotangents.items()} if reader.reading == "gradient" else {})}
    sizes |= {"all": whole} if whole else {}
    return Seen(t.got[name], t.exact[name], t.far[name], given, sizes, t.sample.parameters, t.slack[name])


def _likely(reader: Reader, name: str, siblings: Sequence[Op]) -> Iterator[tuple[str, Expected]]:
    """Causes with what the output would be: one mistake in the formula itself, or the formula of a sibling."""
    op = reader.program
    position = _names(reader).index(name)
    if reader.reading == "value":
        for edit in edits(op):
            yield edit.name, _value(edit.program, position)
        for sibling in siblings:
            yield f"it is {sibling.name}, not {op.name} (variant)", _value(sibling.program, position)
        return
    known = frozenset(let.name for let in op.lets)
    for edit in edits(reader.forms[0], known):
        yield edit.name, _gradient(reader, edit.program, position)
    for let in op.lets:
        yield f"the chain term through {let.name} is left out", _adjoint(op, name, frozenset({let.name}))
    for sibling in siblings:
        yield f"it is the gradient of {sibling.name}, not of {op.name} (variant)", _adjoint(sibling.program, name)


def _less_likely(reader: Reader, name: str) -> Iterator[tuple[str, Expected]]:
    """Other dimensions, mistakes in a rewritten form, and the right gradient of a mistaken definition."""
    op = reader.program
    position = _names(reader).index(name)
    yield from _along(reader, position)
    if reader.reading == "value":
        for form in (*reader.forms[1:], *(f.program for f in naive_forms(reader.forms[0], op)[1:4])):
            for edit in edits(form):
                yield edit.name, _value(edit.program, position)
        return
    for edit in edits(op):
        yield f"as if {edit.name}", _adjoint(edit.program, name)


def _along(reader: Reader, position: int) -> Iterator[tuple[str, Expected]]:
    """The op of less precise arguments, along another dimension than its last, and with an input transposed."""
    for kind in ("float32", "float16"):
        if np.finfo(kind).eps > np.finfo("float32" if reader.dtype == "bfloat16" else reader.dtype).eps:
            yield f"precision lost: the arguments are rounded to {kind}", _cut(reader, position, kind)
    for k in (0, 1):
        yield f"wrong axis: computed along dimension {k}", _swapped(reader, position, k)
    for i in reader.program.inputs:
        if len(i.names) > 1 and BATCH not in i.names:
            for a in range(len(i.names) - 1):
                yield (
                    f"{i.name} is transposed: its axes {i.names[a]} and {i.names[a + 1]} are swapped",
                    _turned(reader, position, i.name, a),
                )


def _computed(reader: Reader, position: int, s: Sample) -> Array:
    form = reader.forms[0]
    w = walked(form, reader.arrays(s), s.parameters, Narrow("float64"))
    o = form.outputs[position]
    return np.asarray(w.frame.gather(np.asarray(w.named[o.name]), o.names))


def _cut(reader: Reader, position: int, kind: str) -> Expected:
    def expected(s: Sample) -> Array:
        def cut(x: Array) -> Array:
            return x.astype(kind).astype(x.dtype) if x.dtype.kind == "f" else x

        return _computed(reader, position, replace(s, inputs={n: cut(x) for n, x in s.inputs.items()}))

    return expected


def _swapped(reader: Reader, position: int, k: int) -> Expected:
    def expected(s: Sample) -> Array | None:
        arrays = {**s.inputs, **s.cotangents}
        most = max(x.ndim for x in arrays.values())
        if most <= k + 1:
            return None if most else _computed(reader, position, s)
        moved = {n: np.swapaxes(x, k, -1) if x.ndim == most else x for n, x in arrays.items()}
        there = replace(s, inputs={n: moved[n] for n in s.inputs}, cotangents={n: moved[n] for n in s.cotangents})
        result = _computed(reader, position, there)
        return np.swapaxes(result, k, -1) if result.ndim == most else result

    return expected


def _turned(reader: Reader, position: int, name: str, a: int) -> Expected:
    def expected(s: Sample) -> Array:
        x = s.inputs[name]
        turned = np.swapaxes(x, a, a + 1).reshape(x.shape) if x.shape[a] != x.shape[a + 1] else np.swapaxes(x, a, a + 1)
        return _computed(reader, position, replace(s, inputs={**s.inputs, name: turned}))

    return expected


def _names(reader: Reader) -> list[str]:
    return [o.name for o in reader.program.outputs] if reader.reading == "value" else [i.name for i in reader.program.real_inputs]


def _value(program: Program, position: int) -> Expected:
    def expected(s: Sample) -> Array:
        w = walked(program, s.inputs, _known(program, s.parameters), Narrow("float64"))
        o = program.outputs[position]
        return np.asarray(w.frame.gather(np.asarray(w.named[o.name]), o.names))

    return expected


def _gradient(reader: Reader, program: Program, position: int) -> Expected:
    def expected(s: Sample) -> Array:
        w = walked(program, reader.arrays(s), s.parameters, Narrow("float64"))
        o = program.outputs[position]
        return np.asarray(w.frame.gather(np.asarray(w.named[o.name]), o.names))

    return expected


def _adjoint(program: Program, name: str, blocked: frozenset[str] = frozenset()) -> Expected:
    def expected(s: Sample) -> Array:
        cotangents = dict(zip((o.name for o in program.outputs), s.cotangents.values(), strict=True))
        return adjoints(program, s.inputs, cotangents, _known(program, s.parameters), blocked)[name]

    return expected


def _known(program: Program, parameters: Mapping[str, float]) -> dict[str, float]:
    return {p.name: parameters[p.name] for p in program.parameters if p.name in parameters}


def related(op: Op, others: Sequence[Op], taken: frozenset[str]) -> tuple[Op, ...]:
    """The ops that take the same inputs (by their axes) and those parameters of the op that the candidate takes, and give
    results of the same shape."""

    def shape(p: Program) -> Any:
        return [(i.names, i.dtype, i.into) for i in p.inputs], [o.names for o in p.outputs]

    def named(other: Op) -> bool:
        needed = {p.name for p in other.program.parameters if p.default is None}
        if not taken <= {p.name for p in other.program.parameters}:
            return False
        return [i.name for i in other.program.inputs] == [i.name for i in op.program.inputs] and not needed - {
            p.name for p in op.program.parameters
        }

    return tuple(o for o in others if o.name != op.name and shape(o.program) == shape(op.program) and named(o))


def near(op: Program, other: Program) -> bool:
    """Whether the two are approximations of each other: close at moderate inputs, so that people take one for the other."""
    inputs = {
        i.name: np.linspace(-8, 8, 24).reshape([24 if k == 0 else 1 for k in range(len(i.names))]) for i in op.inputs if i.dtype == "real"
    }
    if len(inputs) != len(op.inputs):
        return False
    try:
        with np.errstate(all="ignore"):
            samples = [Sample(inputs, {}, {q.name: float(q.default or 1) for q in p.parameters}) for p in (op, other)]
            a, b = (np.asarray(_value(p, 0)(s)) for p, s in zip((op, other), samples, strict=True))
            return bool(np.max(np.abs(a - b)) <= NEAR * np.max(np.abs(a)))
    except (DeriveError, ValueError, IndexError, KeyError):
        return False
