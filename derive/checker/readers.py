"""How a candidate is read: its value, its gradient, or what its framework makes of it, in a dtype, with parameters that stand still."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from derive.checker.adapters import Adapter, adapter
from derive.checker.candidate import defaults_of
from derive.checker.evaluate import CheckError
from derive.checker.forms import forms
from derive.checker.reader import Reader, autograd_reader, gradient_reader, value_reader
from derive.language.errors import closest
from derive.language.operation import Op

DTYPES = ("float16", "float32", "float64", "bfloat16")
Function = Callable[..., Any]


def readers(forward: Function | None, op: Op, backward: Function | None, dtype: str, framework: str | None) -> list[Reader]:
    """One for each reading. Raises CheckError where there is nothing to read, or nothing to hold it against."""
    if forward is None and backward is None:
        raise CheckError(f"nothing to check against {op.name}: give a forward, a backward, or both")
    printed = forms(op)
    if backward is not None and not printed.gradient:
        raise CheckError(f"{op.name} has no gradient to check a backward against; check its forward alone")
    found = []
    if forward is not None:
        with_ = adapter(forward, dtype, framework)
        found.append(value_reader(forward, op.program, printed, dtype, with_))
        if backward is None and printed.gradient and type(with_) is not Adapter:
            found.append(autograd_reader(forward, op.program, printed, dtype, with_))
    if backward is not None:
        found.append(gradient_reader(backward, op.program, printed, dtype, adapter(backward, dtype, framework)))
    return found


def like(reader: Reader, op: Op) -> Reader:
    """The same function read as another op."""
    kind = autograd_reader if reader.autograd else value_reader if reader.reading == "value" else gradient_reader
    return kind(reader.function, op.program, forms(op), reader.dtype, reader.adapter)


def accepted(op: Op, parameters: Mapping[str, float], dtype: str) -> dict[str, float]:
    """The parameters that are given. Raises CheckError for one that the op does not have, or does not admit, and for a dtype."""
    if dtype not in DTYPES:
        raise CheckError(f"dtype {dtype} is not checked; one of {', '.join(DTYPES)} is wanted{closest(dtype, DTYPES)}")
    listed = {p.name: p for p in op.program.parameters}
    for name, value in parameters.items():
        if name not in listed:
            raise CheckError(f"{op.name} has no parameter {name}{closest(name, listed)}")
        listed[name].accept(value, op.name)
    return dict(parameters)


def fixed(op: Op, reader: Reader, given: Mapping[str, float]) -> dict[str, float]:
    """Parameters that do not vary: those given, and defaults of those that the function does not take."""
    absent = {p.name: float(p.default) for p in op.program.parameters if p.name not in reader.binding.parameters and p.default is not None}
    return {**{n: int(v) if v == int(v) else v for n, v in absent.items()}, **given}


def used(op: Op, found: Sequence[Reader], given: Mapping[str, float]) -> dict[str, str]:
    """Which values each parameter took: the one given, the default where the function does not take it, or several."""
    values = {}
    for p in op.program.parameters:
        taken = any(p.name in r.binding.parameters for r in found)
        default = f"{float(p.default):g}" if p.default is not None else "none"
        values[p.name] = f"{given[p.name]:g} (given)" if p.name in given else "varied" if taken else f"{default} (default; not taken)"
    return values


def other_defaults(op: Op, reader: Reader) -> tuple[str, ...]:
    """Parameters whose default in the function's signature is another number than in the definition: checked with the same values,
    both agree; called without, they do not."""
    ours = {p.name: float(p.default) for p in op.program.parameters if p.default is not None}
    theirs = defaults_of(reader.function)
    different = {n: v for n, v in theirs.items() if n in ours and v != ours[n]}
    return tuple(f"the default of {n} is {v:g}, that of {op.name} {ours[n]:g}" for n, v in different.items())
