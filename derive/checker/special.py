"""NaN and infinities as inputs of element-wise ops: what the candidate returns beside what generated code does. Named in the
report, and no failure: frameworks differ there on purpose, and many a correct function was never meant for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
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
    """What the candidate makes of nan, inf and -inf, where generated code makes something else of them; nothing for other ops."""
    plain = reader.dtype in ("float16", "float32", "float64") and len(reader.program.inputs) == 1
    if not plain or not is_promised(reader.forms[0], reader.computed, reader.program):
        return ()
    s = _at(sample(c, Case("odd", "plain", 0, "C", 7), reader.dtype, fixed), reader.dtype)
    theirs = _first(reader, s)
    if theirs is None or theirs.shape != (len(SPECIAL),):
        return ()
    cotangents = s.cotangents.values() if reader.reading == "gradient" else ()
    with np.errstate(all="ignore"):
        ours = _function(reader.computed)(*cotangents, *s.inputs.values(), **s.parameters)
    pairs = zip(SPECIAL, theirs, np.asarray(ours), strict=True)
    different = [f"{x:g} gives {a:.4g}, wanted {b:.4g}" for x, a, b in pairs if not np.isclose(a, b, rtol=CLOSE, equal_nan=True)]
    (name,) = s.inputs
    return (f"{reader.reading} at special inputs: {name} = {'; '.join(different)}",) if different else ()


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


def _function(computed: Program) -> Callable[..., Any]:
    """The generated function of a program in its stable form."""
    found: Callable[..., Any] = compile_source(module_source([(computed, FunctionDoc(""))], ""), computed.name)[computed.name]
    return found
