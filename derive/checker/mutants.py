"""Mistaken versions of a reference, as functions of a sample: what the inputs of a check are measured by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.edits import edits
from derive.checker.evaluate import walked
from derive.checker.floats import Floats
from derive.checker.inputs import Sample
from derive.checker.runs import Reader, Trial
from derive.language.program import Program

Array = NDArray[Any]
Computed = Callable[[Sample, Trial], dict[str, Array]]


def mutants(reader: Reader, most: int) -> Iterator[tuple[str, Computed]]:
    """Trivial results first, then edits of the form that is held against the candidate, every kind of edit in turn."""
    yield "zeros", lambda s, t: {n: np.zeros(x.shape) for n, x in t.exact.items()}
    yield "a constant", lambda s, t: {n: np.ones(x.shape) for n, x in t.exact.items()}
    yield "the negated result", lambda s, t: {n: -x for n, x in t.exact.items()}
    for i in reader.program.inputs:
        if i.dtype == "real":
            yield f"the input {i.name}", partial(_handed, i.name)
    form, known = reader.forms[0], frozenset(let.name for let in reader.program.lets) if reader.reading == "gradient" else frozenset()
    still = [p.name for p in reader.program.parameters if p.name not in reader.binding.parameters]  # mistakes in these show nowhere
    found = [e for e in islice(edits(form, known), 400) if not any(re.search(rf"\b{name}\b", e.name) for name in still)]
    step = max(len(found) // most, 1)
    for edit in found[::step][:most]:
        yield edit.name, _computed(reader, edit.program)


def _handed(name: str, s: Sample, t: Trial) -> dict[str, Array]:
    x = s.inputs[name]
    return {n: x if x.shape == y.shape else np.zeros(y.shape) for n, y in t.exact.items()}


def _computed(reader: Reader, program: Program) -> Computed:
    names = [o.name for o in reader.program.outputs] if reader.reading == "value" else [i.name for i in reader.program.real_inputs]

    def computed(s: Sample, t: Trial) -> dict[str, Array]:
        w = walked(program, reader.arrays(s), s.parameters, Floats())
        return {n: w.frame.gather(np.asarray(w.named[o.name]), o.names) for n, o in zip(names, program.outputs, strict=True)}

    return computed
