"""The order in which explanations are tried: what the results say by themselves, then one mistake after another."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from derive.checker.diagnosis.calls import Expected, adjoint, calls, reordered, siblings_of, stale
from derive.checker.diagnosis.circumstances import equal_sizes
from derive.checker.diagnosis.edits import LIKELY, UNLIKELY, Edit, edits, everywhere, kept, rounded, somewhere
from derive.checker.diagnosis.evidence import (
    LARGE,
    Array,
    Evidence,
    Seen,
    borne_out,
    chosen,
    closeness,
    evidence,
    explains,
    further,
    position,
    seen,
)
from derive.checker.diagnosis.facts import facts
from derive.checker.diagnosis.precision import mostly_wrong, precision
from derive.checker.diagnosis.rewritten import rewritten
from derive.checker.diagnosis.slips import slips, with_tanh
from derive.checker.diagnosis.solved import solved
from derive.checker.diagnosis.tails import digits, tails
from derive.checker.diagnosis.tape import Tape
from derive.checker.diagnosis.unknowns import unknowns
from derive.checker.findings import Trial
from derive.checker.grading import naive_forms, narrowly
from derive.checker.inputs import Sample
from derive.checker.reader import Reader
from derive.language.operation import Op
from derive.language.program import Program

PART = 0.6  # of the time left that one kind of explanation may take
FORMS = 6  # equal over the reals, of which NaN may have been replaced
WEAK = ("cut off", "clipped", "precision", "wrong only", "noise")
Tried = Iterator[tuple[str, int]]  # a cause, and how well it gives the results: 0 strictly, 1 roughly


@dataclass(frozen=True)
class Diagnosis:
    """A cause in words."""

    cause: str

    @property
    def is_weak(self) -> bool:
        """Whether it describes what is wrong rather than why."""
        return self.cause.startswith(WEAK)


@dataclass(frozen=True)
class Bench:
    """A form at the calls that explanations are tried on, and what the results tell there."""

    program: Program
    tapes: tuple[Tape, ...]
    found: tuple[Evidence, ...]


class _Late(Exception):
    """Time is up."""


@dataclass(frozen=True)
class Scene:
    """All that a diagnosis starts from."""

    reader: Reader
    name: str
    trials: tuple[Trial, ...]
    seen: tuple[Seen, ...]
    plain: tuple[Evidence, ...]
    found: tuple[Evidence, ...]
    further: tuple[Trial, ...]
    wrong: tuple[Trial, ...]  # all of those that went wrong
    siblings: tuple[Op, ...]
    deadline: float

    @property
    def at(self) -> int:
        """Which output of the forms it is about."""
        return position(self.reader, self.name)

    @property
    def known(self) -> frozenset[str]:
        """The lets of a gradient that are those of the definition."""
        return frozenset(let.name for let in self.reader.program.lets) if self.reader.reading == "gradient" else frozenset()

    def bench(self, program: Program) -> Bench:
        """The trials as a form sees them."""
        return self._bench(program, self.trials, self.seen)

    def elsewhere(self, program: Program) -> Bench:
        """Further trials as a form sees them."""
        return self._bench(program, self.further, [seen(self.reader, self.name, t) for t in self.further])

    def _bench(self, program: Program, trials: Sequence[Trial], results: Sequence[Seen]) -> Bench:
        tapes, found = [], []
        for t, s in zip(trials, results, strict=True):
            tape = Tape(program, self.reader.arrays(t.sample), t.sample.parameters)
            tapes.append(tape)
            found.append(evidence(s, self.reader.dtype, tape.output(self.at)))
        return Bench(program, tuple(tapes), tuple(found))

    def in_part(self) -> Scene:
        """The same with part of the time that is left: what is tried first must not use up all of it."""
        now = time.process_time()
        return replace(self, deadline=now + PART * max(self.deadline - now, 0.0))

    def hurry(self) -> None:
        """Raise where no time is left."""
        if time.process_time() > self.deadline:
            raise _Late


def diagnose(reader: Reader, name: str, trials: Sequence[Trial], siblings: Sequence[Op], deadline: float) -> Diagnosis | None:
    """What explains one wrong output (or gradient), on trials where it is wrong and on some where it is not."""
    picked = chosen(name, trials)
    rest = further(name, trials, picked)
    if not picked:
        return None
    whole = _scene(reader, name, picked, rest, trials, siblings, deadline)
    pairs, some = equal_sizes(reader, name, trials)
    cause = _cause(whole.in_part() if pairs else whole, trials)
    if pairs and (not cause or Diagnosis(cause).is_weak):
        cause = _where_equal(_scene(reader, name, chosen(name, some), (), some, siblings, deadline), pairs, some) or cause
    return Diagnosis(cause) if cause else None


def _where_equal(scene: Scene, pairs: Sequence[tuple[str, str]], some: Sequence[Trial]) -> str:
    """The cause of what is wrong only where sizes are equal; of several pairs, one that the cause speaks of."""
    cause = _cause(scene, some)
    a, b = next((p for p in pairs if all(re.search(rf"\b{x}\b", cause) for x in p)), pairs[0])
    return f"only where the sizes of {a} and {b} are equal (wrong axis, or transposed): {cause}" if cause else ""


def _scene(
    reader: Reader,
    name: str,
    picked: Sequence[Trial],
    rest: Sequence[Trial],
    trials: Sequence[Trial],
    siblings: Sequence[Op],
    deadline: float,
) -> Scene:
    every = (t for t in trials if name in t.got and t.far[name].any() and t.got[name].size <= LARGE)
    looked = tuple(seen(reader, name, t) for t in picked)
    plain = tuple(evidence(s, reader.dtype) for s in looked)
    first = Scene(reader, name, tuple(picked), looked, plain, plain, tuple(rest), tuple(every), tuple(siblings), deadline)
    return replace(first, found=first.bench(reader.forms[0]).found)


def _cause(scene: Scene, trials: Sequence[Trial]) -> str:
    """The first cause that gives the results strictly, else the first that gives them roughly."""
    more = [seen(scene.reader, scene.name, t) for t in scene.further]
    others = [evidence(s, scene.reader.dtype) for s in more]
    if stated := facts(scene.seen, scene.plain, more, others, closeness(scene.reader.dtype)[0]) or stale(scene.name, trials):
        return stated
    rough = ""
    for tier in TIERS:
        with suppress(_Late):
            for cause, level in tier(scene.in_part()):
                if level == 0:
                    return cause
                rough = rough or cause
    return rough or tails(scene.seen, scene.plain) or ""


def _edited(scene: Scene, bench: Bench, mistakes: Iterable[Edit]) -> Tried:
    """Which of the mistakes give the results."""
    for edit in mistakes:
        scene.hurry()
        if (level := explains(_output(scene, bench, edit), bench.found)) < 2:
            rest = scene.elsewhere(bench.program)
            if borne_out(_output(scene, rest, edit), rest.found):
                yield edit.name, level


def _output(scene: Scene, bench: Bench, edit: Edit) -> Callable[[int], Array]:
    return lambda k: bench.tapes[k].output(scene.at, edit.changes)


def _called(scene: Scene, guesses: Iterable[tuple[str, Expected]]) -> Tried:
    """Which of the calls give the results."""
    for cause, expected in guesses:
        scene.hurry()
        if (level := explains(_expected(scene, expected), scene.found)) < 2:
            yield cause, level


def _expected(scene: Scene, expected: Expected) -> Callable[[int], Array | None]:
    """What is expected; a few numbers that the other formula cannot give itself are taken on trust."""

    def given(k: int) -> Array | None:
        value, e = expected(scene.trials[k].sample), scene.found[k]
        if value is None or np.shape(value) != e.got.shape:
            return None
        lost = ~np.isfinite(value) & np.isfinite(e.got)
        return np.where(lost, e.got, value) if 2 * np.sum(lost) <= lost.size else value

    return given


def _throughout(scene: Scene) -> Tried:
    form = scene.reader.forms[0]
    yield from _edited(scene, scene.bench(form), everywhere(form, scene.known))


def _mistakes(scene: Scene) -> Tried:
    form = scene.reader.forms[0]
    yield from _edited(scene, scene.bench(form), edits(form, scene.known, LIKELY))


def _unlikely(scene: Scene) -> Tried:
    form = scene.reader.forms[0]
    bench = scene.bench(form)
    yield from _edited(scene, bench, edits(form, frozenset(), UNLIKELY))
    yield from _edited(scene, bench, kept(form))


def _siblings(scene: Scene) -> Tried:
    yield from _called(scene, siblings_of(scene.reader, scene.name, scene.siblings))


def _chain(scene: Scene) -> Tried:
    """Terms of the chain rule left out: nothing flows through one intermediate, through two, through any."""
    op, names = scene.reader.program, [let.name for let in scene.reader.program.lets]
    if scene.reader.reading == "value":
        return
    some = [(n,) for n in names] + list(combinations(names, 2)) + [tuple(names)] * (len(names) > 2)
    blocked = (
        (f"the chain term through {' and '.join(b)} is left out (held constant)", adjoint(op, scene.name, frozenset(b))) for b in some
    )
    yield from _called(scene, blocked)


def _slips(scene: Scene) -> Tried:
    """The chain rule, with a slip at one place."""
    if scene.reader.reading == "gradient":
        op = with_tanh(scene.reader.program)
        yield from _called(scene, ((words, adjoint(op, scene.name, rule=rule)) for words, rule in slips(op)))


def _on_the_way(scene: Scene) -> Tried:
    """Mistakes in what a backward computes again of the forward."""
    if scene.known:
        form = scene.reader.forms[0]
        yield from _edited(scene, scene.bench(form), everywhere(form))
        yield from _edited(scene, scene.bench(form), edits(form, frozenset(), LIKELY))


def _elsewhere(scene: Scene) -> Tried:
    yield from _called(scene, calls(scene.reader, scene.name))
    yield from _called(scene, reordered(scene.reader, scene.name))


def _numbers(scene: Scene) -> Tried:
    for form in dict.fromkeys(scene.reader.forms[:2]):
        bench = scene.bench(form)
        for unknown in unknowns(form):
            scene.hurry()
            if found := solved(unknown, bench.tapes, scene.at, bench.found, scene.seen):
                yield found


def _once(scene: Scene) -> Tried:
    form = scene.reader.forms[0]
    yield from _edited(scene, scene.bench(form), somewhere(form))


def _other_forms(scene: Scene) -> Tried:
    first, *others = scene.reader.forms
    written = (f.program for f in naive_forms(first, scene.reader.program)[1:4])
    for form in (f for f in dict.fromkeys((*others, *written)) if f != first):
        yield from _edited(scene, scene.bench(form), everywhere(form))
        yield from _edited(scene, scene.bench(form), edits(form))


def _as_if(scene: Scene) -> Tried:
    """The right gradient of a mistaken definition."""
    if scene.reader.reading == "gradient":
        op = scene.reader.program
        programs = ((edit.name, rewritten(op, edit)) for edit in (*everywhere(op), *edits(op)))
        yield from _called(scene, ((f"as if {name}", adjoint(p, scene.name)) for name, p in programs if p is not None))


def _replaced(scene: Scene) -> Tried:
    """What overflows as written, with NaN and infinity replaced by numbers."""
    reader = scene.reader
    for form in naive_forms(reader.forms[0], reader.program)[:FORMS]:
        lost = [not np.isfinite(_narrow(scene, form.program, t.sample)).all() for t in scene.trials]
        if any(lost):
            words = f"NaN is replaced by a number (nan_to_num), which hides an overflow: {form.name}"
            yield from _called(scene, [(words, lambda s, p=form.program: np.nan_to_num(_narrow(scene, p, s)))])  # type: ignore[misc]


def _narrow(scene: Scene, program: Program, s: Sample) -> Array:
    return narrowly(program, scene.at, scene.reader.arrays(s), s.parameters, scene.reader.format)


def _digits(scene: Scene) -> Tried:
    """Fewer digits than the dtype has."""
    if stated := digits(scene.seen):
        yield stated, 0
    if not mostly_wrong(scene.seen):
        return
    form = scene.reader.forms[0]
    yield from _edited(scene, scene.bench(form), rounded(form))


def _less_precise(scene: Scene) -> Tried:
    if mostly_wrong(scene.seen) and (stated := precision(scene.reader, scene.name, scene.trials, scene.seen, scene.wrong)):
        yield stated, 0


TIERS = (
    _throughout, _mistakes, _siblings, _chain, _slips, _on_the_way, _elsewhere, _replaced, _digits, _unlikely, _once, _other_forms,
    _numbers, _as_if, _less_precise,
)  # fmt: skip
