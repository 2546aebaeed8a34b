"""NaN and infinities as inputs: what the candidate returns beside what generated code does. Named in the
report, and no failure: frameworks differ there on purpose, and many a correct function was never meant for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.candidate import Raised
from derive.checker.contract import Contract
from derive.checker.inputs import Case, Sample, sample
from derive.checker.reader import Reader
from derive.checker.rules import is_promised
from derive.codegen.docstring import FunctionDoc
from derive.codegen.execute import compile_source
from derive.codegen.module import module_source
from derive.language.program import Program

SPECIAL = (np.nan, np.inf, -np.inf)
CLOSE = 1e-2  # relative: only what is nan, infinite or a number is compared closely elsewhere


def special_values(c: Contract, reader: Reader, fixed: Mapping[str, float]) -> tuple[str, ...]:
    """What the candidate makes of nan, inf and -inf, where generated code makes something else of them."""
    if reader.dtype not in ("float16", "float32", "float64"):
        return ()
    shapes = {i.names for i in reader.program.inputs} | {o.names for o in reader.program.outputs}
    if len(reader.program.inputs) == len(shapes) == 1 and is_promised(reader.forms[0], reader.computed, reader.program):
        return _each_alone(c, reader, fixed)
    return tuple(_among_others(c, reader, fixed)) if reader.reading == "value" else ()


def _each_alone(c: Contract, reader: Reader, fixed: Mapping[str, float]) -> tuple[str, ...]:
    """One special number for each element of the one input."""
    s = _at(sample(c, Case("odd", "plain", 0, "C", 7), reader.dtype, fixed), reader.dtype)
    theirs = _first(reader, s)
    if theirs is None or theirs.shape != (len(SPECIAL),):
        return ()
    ours = np.asarray(_generated(reader, s))
    pairs = zip(SPECIAL, theirs, ours, strict=True)
    different = [f"{x:g} gives {a:.4g}, wanted {b:.4g}" for x, a, b in pairs if not np.isclose(a, b, rtol=CLOSE, equal_nan=True)]
    (name,) = s.inputs
    return (f"{reader.reading} at special inputs: {name} = {'; '.join(different)}",) if different else ()


def _among_others(c: Contract, reader: Reader, fixed: Mapping[str, float]) -> Iterator[str]:
    """A special number as the first element of the first real input, plain ones elsewhere: it may reach other elements of the result."""
    plain = sample(c, Case("odd", "plain", 0, "C", 7), reader.dtype, fixed)
    name = next((n for n in c.domains if plain.inputs[n].size), None)
    if name is None or len(reader.program.outputs) != 1:
        return
    for x in SPECIAL:
        inputs = {**plain.inputs, name: plain.inputs[name].copy()}
        inputs[name].flat[0] = x
        s = replace(plain, inputs=inputs)
        theirs = _first(reader, s)
        ours = np.asarray(_generated(reader, s)) if theirs is not None else np.zeros(0)
        if theirs is None or theirs.shape != ours.shape:
            return
        other = np.argwhere((np.isfinite(theirs) != np.isfinite(ours)) | (np.isnan(theirs) != np.isnan(ours)))
        if len(other):
            at = tuple(int(k) for k in other[0])
            where = f" at {list(at)}" if at else ""
            yield f"value at special inputs: {name} with {x:g} in it gives {theirs[at]:.4g}{where}, wanted {ours[at]:.4g}"


def _generated(reader: Reader, s: Sample) -> Any:
    """What generated code gives."""
    cotangents = s.cotangents.values() if reader.reading == "gradient" else ()
    with np.errstate(all="ignore"):
        return _function(reader.computed)(*cotangents, *s.inputs.values(), **s.parameters)


def _at(s: Sample, dtype: str) -> Sample:
    """The sample with the special values alone in its one input, and ones as cotangents."""
    x: NDArray[Any] = np.array(SPECIAL, dtype)
    return replace(s, inputs={n: x.copy() for n in s.inputs}, cotangents={n: np.ones_like(x) for n in s.cotangents})


def _first(reader: Reader, s: Sample) -> NDArray[Any] | None:
    """The one result of the candidate; None where it has none."""
    returned = reader.called(s)[1]
    results = reader.results(returned) if not isinstance(returned, Raised) else ""
    if isinstance(results, str) or len(results) != 1:
        return None
    found: NDArray[Any] = np.asarray(reader.adapter.out(next(iter(results.values())))[0])
    return found if found.dtype.kind == "f" else None


@lru_cache(maxsize=16)
def _function(computed: Program) -> Callable[..., Any]:
    """The generated function of a program in its stable form."""
    found: Callable[..., Any] = compile_source(module_source([(computed, FunctionDoc(""))], ""), computed.name)[computed.name]
    return found
