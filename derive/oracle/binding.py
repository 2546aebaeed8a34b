"""From arrays to named leaves: shapes give axes their sizes, numbers stay exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.language.errors import closest
from derive.language.nodes import BATCH, Input
from derive.language.program import Parameter, Program
from derive.oracle.arithmetic import Arithmetic
from derive.oracle.errors import OracleError
from derive.oracle.interval import Interval, Objects
from derive.oracle.tensor import Tensor, boxed

Exact = int | float | Fraction
Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class Bound:
    """A program with its numbers: exact tensors by name, sizes by axis, and the leading shape that "..." stands for."""

    program: Program
    leaves: dict[str, Tensor]
    parameters: dict[str, Exact]
    sizes: dict[str, int]
    lead: tuple[int, ...] | None


def bind(program: Program, inputs: Arrays, parameters: Mapping[str, Any] | None) -> Bound:
    """Match arrays with inputs. Raises OracleError for a missing or unknown name, or a shape that does not fit."""
    known = {i.name for i in program.inputs}
    _check_names(program, known, inputs, "input")
    bound = Bound(program, {}, _parameters(program, parameters or {}), {}, None)
    for formal in program.inputs:
        bound = bind_array(bound, formal.name, formal.names, inputs[formal.name], _whole(formal))
    return bound


def _whole(formal: Input) -> bool:
    return formal.dtype in ("index", "count")


def _check_names(program: Program, known: set[str], given: Arrays, what: str) -> None:
    for name in given:
        if name not in known:
            raise OracleError(f"{program.name} has no {what} {name}{closest(name, known)}")
    missing = sorted(known - set(given))
    if missing:
        raise OracleError(f"{program.name}: no value for {what} {', '.join(missing)}; got ({', '.join(given) or 'none'})")


def _parameters(program: Program, given: Mapping[str, Any]) -> dict[str, Exact]:
    known = {p.name: p for p in program.parameters}
    for name in given:
        if name not in known:
            raise OracleError(f"{program.name} has no parameter {name}{closest(name, known)}")
    return {name: _parameter(program, p, given.get(name, p.default)) for name, p in known.items()}


def _parameter(program: Program, p: Parameter, value: Any) -> Exact:
    if value is None:
        raise OracleError(f"{program.name} needs parameter {p.name}, {p.range}")
    exact = value if isinstance(value, Fraction) else exact_numbers(value, f"parameter {p.name}").item()
    p.accept(exact, program.name)
    return Fraction(exact)


def bind_array(bound: Bound, name: str, names: tuple[str, ...], array: Any, whole: bool = False) -> Bound:
    """The bound program with one more array, its shape checked against the axes."""
    exact = exact_numbers(array, name)
    if whole and not all(v == v and v == int(v) for v in exact.flat):
        raise OracleError(f"{name} takes whole numbers; got {array!r}")
    place = f"{bound.program.name}: {name} has shape {exact.shape}, wanted axes ({', '.join(names)})"
    own = [n for n in names if n != BATCH]
    if len(exact.shape) < len(own) or (len(exact.shape) > len(own) and BATCH not in names):
        raise OracleError(place)
    lead, rest = exact.shape[: exact.ndim - len(own)], exact.shape[exact.ndim - len(own) :]
    sizes = dict(bound.sizes)
    if BATCH in names:
        if bound.lead is not None and lead != bound.lead:
            raise OracleError(f"{place}; leading axes {lead} differ from {bound.lead} elsewhere")
        sizes[BATCH], bound = prod(lead), replace(bound, lead=lead)
    for axis, n in zip(own, rest, strict=True):
        if sizes.setdefault(axis, n) != n:
            raise OracleError(f"{place}; axis {axis} has size {n} here and {sizes[axis]} elsewhere")
    tensor = Tensor(names, exact.reshape([sizes[axis] for axis in names]))
    return replace(bound, leaves={**bound.leaves, name: tensor}, sizes=sizes)


def exact_numbers(array: Any, name: str) -> Objects:
    """An array's elements as exact Python numbers: floats at their binary value, integers, fractions.

    Raises OracleError for other elements.
    """
    came: NDArray[Any] = np.asarray(array)
    if came.dtype == object and all(isinstance(v, (int, float, Fraction, Interval)) for v in came.flat):
        return came
    if came.dtype.kind in "iu":
        return boxed(came.astype(object))
    if came.dtype.kind not in "fV" or not np.can_cast(came.dtype, np.float64):
        raise OracleError(f"{name} has dtype {came.dtype}; wanted real numbers that float64 holds exactly, or whole numbers")
    return boxed(came.astype(np.float64).astype(object))


def elements(t: Tensor, a: Arithmetic) -> Tensor:
    """The tensor's exact numbers as elements."""
    return Tensor(t.axes, boxed(np.frompyfunc(a.number, 1, 1)(t.data)))


def unflattened(data: Objects, names: tuple[str, ...], bound: Bound) -> Objects:
    """An array over `names` with the leading axes that "..." stands for."""
    if BATCH not in names or bound.lead is None:
        return data
    i = names.index(BATCH)
    return data.reshape((*data.shape[:i], *bound.lead, *data.shape[i + 1 :]))
