"""Mistaken versions of a reference, as functions of a trial: what the inputs of a check are measured by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.edits import Edit, edits, everywhere
from derive.checker.diagnosis.tape import Tape
from derive.checker.findings import Trial
from derive.checker.reader import Reader

Array = NDArray[Any]
Computed = Callable[[Trial], dict[str, Array]]


def mutants(reader: Reader, trials: list[Trial], most: int) -> Iterator[tuple[str, Computed]]:
    """Trivial results first, then edits of the form that is held against the candidate, every kind of edit in turn."""
    yield "zeros", lambda t: {n: np.zeros(x.shape) for n, x in t.exact.items()}
    yield "a constant", lambda t: {n: np.ones(x.shape) for n, x in t.exact.items()}
    yield "the negated result", lambda t: {n: -x for n, x in t.exact.items()}
    for i in reader.program.inputs:
        if i.dtype == "real":
            yield f"the input {i.name}", partial(_handed, i.name)
    form, known = reader.forms[0], frozenset(let.name for let in reader.program.lets) if reader.reading == "gradient" else frozenset()
    still = [p.name for p in reader.program.parameters if p.name not in reader.binding.parameters]  # mistakes in these show nowhere
    found = [
        e
        for e in islice((*everywhere(form, known), *edits(form, known)), 400)
        if not any(re.search(rf"\b{name}\b", e.name) for name in still)
    ]
    step = max(len(found) // most, 1)
    tapes = {id(t): Tape(form, reader.arrays(t.sample), t.sample.parameters) for t in trials}
    for edit in found[::step][:most]:
        yield edit.name, partial(_edited, reader, tapes, edit)


def _handed(name: str, t: Trial) -> dict[str, Array]:
    x = t.sample.inputs[name]
    return {n: x if x.shape == y.shape else np.zeros(y.shape) for n, y in t.exact.items()}


def _edited(reader: Reader, tapes: dict[int, Tape], edit: Edit, t: Trial) -> dict[str, Array]:
    names = [o.name for o in reader.program.outputs] if reader.reading == "value" else [i.name for i in reader.program.real_inputs]
    return {n: tapes[id(t)].output(k, edit.changes) for k, n in enumerate(names)}
