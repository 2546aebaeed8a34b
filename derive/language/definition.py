"""`@op`: from a Python function over expressions to an Op.

The function runs once, on symbolic inputs; its local variables name the intermediates. Nothing is registered: the
decorated function is the definition, a plain value.
"""

from __future__ import annotations

import inspect
import keyword
import math
import re
import traceback
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args, overload

from derive.language.aliases import second_indices
from derive.language.annotations import Array, Count, Index, Real, State
from derive.language.errors import DefinitionError, DeriveError
from derive.language.fitting import derived_sizes
from derive.language.naming import Locals, cut, name_nodes, reached
from derive.language.nodes import BATCH, Compare, Const, Expr, Input, Iota, Param, Reduce, Size, as_expr, leaves, walk
from derive.language.operation import Op
from derive.language.program import Let, Output, Parameter, Program, check_names
from derive.language.ranges import Between, Fraction01, Integer, Natural, NonNegative, OneOf, Positive, PositiveInteger, Range, Scalar
from derive.language.recurrence import schedule
from derive.language.trace import Trace, assume, axis_order, hint, ordered, require, tracing, watched
from derive.language.wellformed import (
    check_axes,
    check_hypotheses,
    check_nodes,
    check_requirements,
    check_sizes_exist,
    declared_outputs,
    read_positions,
)  # fmt: skip

__all__ = [
    "Array",
    "Between",
    "Count",
    "Fraction01",
    "Index",
    "Integer",
    "Natural",
    "NonNegative",
    "OneOf",
    "Positive",
    "PositiveInteger",
    "Range",
    "Real",
    "Scalar",
    "State",
    "assume",
    "axis_order",
    "hint",
    "is_reduced",
    "op",
    "ordered",
]

RESERVED_ENDINGS = ("_vjp", "_jvp", "_hvp")
UNNAMED_AXES = re.compile(r"unexpected keyword argument '(axis|dim|dims|keepdims|keepdim)'")
AXES_HAVE_NAMES = '; axes have names: sum(x, "N"), sum(x, "H W")'


@overload
def op(function: Callable[..., Any], /) -> Op: ...
@overload
def op(*, source: str = "") -> Callable[[Callable[..., Any]], Op]: ...
def op(function: Callable[..., Any] | None = None, /, *, source: str = "") -> Op | Callable[[Callable[..., Any]], Op]:
    """Turn a function over expressions into an Op.

    Arrays are positional and annotated with their axes (Real["N D"], Index["N -> C"], State["..."], Count); parameters
    come after `*`, with a default and, if wanted, a range (Positive, Natural, ...). What is returned is the output, or
    the outputs; a State's last value is an output too.

    Raises DefinitionError when the definition has no meaning.

    >>> @op(source="Nair & Hinton 2010")
    ... def relu(x: Real["..."]):
    ...     "The positive part of the input."
    ...     return where(x > 0, x, 0)
    """
    if function is None:
        return lambda f: _define(f, source)
    if not callable(function):
        raise DefinitionError(f"op(...) decorates a function; where a definition comes from is written op(source={function!r})")
    return _define(function, source)


def _define(function: Callable[..., Any], source: str) -> Op:
    name = function.__name__
    _check_name(name)
    doc = inspect.getdoc(function)
    if not doc:
        raise DefinitionError(f"{name}: a definition begins with one sentence that says what it does (its docstring)")
    try:
        return Op(name, doc, source, _trace(function))
    except DefinitionError as error:
        raise DefinitionError(f"{name}: {error}") from error.__cause__


def _check_name(name: str) -> None:
    if not name.isidentifier() or name.startswith("_"):
        raise DefinitionError(f"{name} is no name for a definition; wanted a def whose name begins with a letter")
    for ending in RESERVED_ENDINGS:
        if name.endswith(ending):
            raise DefinitionError(f"{name}: names ending in {ending} are those of generated functions; call it something else")


def _trace(function: Callable[..., Any]) -> Program:
    inputs, parameters, wanted, counts = _signature(function)
    with tracing(i.names for i in inputs) as trace:
        keywords: dict[str, Expr] = {p.name: Param(p.name) for p in parameters}
        for axis, count in counts:
            require(Compare("==", Size(axis), as_expr(count)))
        result, local = _run(function, inputs, keywords)
        results = _results(result, wanted) + _new_states(inputs, local)
        return _program(function.__name__, inputs, parameters, results, local, trace, wanted)


def _run(function: Callable[..., Any], arguments: list[Input], keywords: dict[str, Expr]) -> tuple[Any, Locals]:
    """The function's result and what its local variables held, which names the intermediates."""
    try:
        return watched(function, *arguments, **keywords)
    except Exception as error:
        kind = "" if isinstance(error, DeriveError) else f"{type(error).__name__}: "
        hint = AXES_HAVE_NAMES if kind and UNNAMED_AXES.search(str(error)) else ""
        raise DefinitionError(f"{_place(function, error)}: {kind}{error}{hint}") from (error if kind else None)


def _place(function: Callable[..., Any], error: Exception) -> str:
    """The file and line of the definition that an error came from."""
    file = function.__code__.co_filename
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return f"{Path(file).name}, line {lines[-1] if lines else function.__code__.co_firstlineno}"


def _signature(function: Callable[..., Any]) -> tuple[list[Input], list[Parameter], tuple[Array, ...], list[tuple[str, int]]]:
    try:
        signature = inspect.signature(function, eval_str=True)
    except (NameError, SyntaxError, TypeError) as error:
        raise DefinitionError(f"an annotation cannot be read: {error}") from None
    inputs, parameters = [], []
    for p in signature.parameters.values():
        if keyword.iskeyword(p.name) or p.name.startswith("_") or p.name == "over":
            raise DefinitionError(f'{p.name} is no name for an argument; wanted a word, not "over", which names an axis in a call')
        if p.kind is p.KEYWORD_ONLY:
            parameters.append(_parameter(p))
        else:
            inputs.append(_input(p))
    if not inputs:
        raise DefinitionError('a definition has at least one array among its arguments, as in x: Real["N D"]')
    _check_arguments(inputs, parameters)
    counts = [count for p in signature.parameters.values() if isinstance(p.annotation, Array) for count in p.annotation.counts]
    return inputs, parameters, _return_annotation(signature.return_annotation), counts


def _input(p: inspect.Parameter) -> Input:
    if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
        raise DefinitionError(f"*{p.name} has no axes; a definition names each of its arguments")
    if isinstance(p.annotation, Range) or (p.annotation is p.empty and p.default is not p.empty):
        raise DefinitionError(f"{p.name} is a parameter, so it comes after a bare *, as in (x, *, {p.name}=...)")
    if not isinstance(p.annotation, Array):
        raise DefinitionError(f'argument {p.name} needs its axes, as in {p.name}: Real["N D"]; parameters come after *')
    if p.default is not p.empty:
        raise DefinitionError(f"{p.name} is an array and has no default; got {p.default!r}")
    a = p.annotation
    return Input(p.name, a.names, a.dtype, a.into, a.limits, _integer(a.spare), _integer(a.barred))


def _integer(written: str | None) -> Expr | None:
    """A whole number or the parameter that holds one."""
    return None if written is None else Param(written) if written.isidentifier() else as_expr(int(written))


def _check_arguments(inputs: list[Input], parameters: list[Parameter]) -> None:
    axes = {a for i in inputs for a in i.names if a != BATCH}
    check_names([*(i.name for i in inputs), *(p.name for p in parameters), *sorted(axes)])
    whole = {Param(p.name) for p in parameters if p.integer}
    for i in inputs:
        if isinstance(i.spare, Param) and i.spare not in whole:
            raise DefinitionError(f"{i.name} may be {i.spare}, which is no parameter of whole numbers, as in *, {i.spare}: Integer = -100")
        if isinstance(i.barred, Param) and i.barred not in whole:
            raise DefinitionError(f"{i.name} may not be {i.barred}, which is no parameter of whole numbers, as in {i.barred}: Natural = 0")
        if i.into is not None and i.into not in axes:
            raise DefinitionError(
                f"{i.name} points into {i.into}, but no input has that axis; got ({', '.join(sorted(axes))}). "
                f'Integers that nothing is read at are numbers: {i.name}: Real["{" ".join(i.names)}"]'
            )


def _parameter(p: inspect.Parameter) -> Parameter:
    limits = p.annotation if isinstance(p.annotation, Range) else Scalar if p.annotation is p.empty else None
    if limits is None:
        raise DefinitionError(f"parameter {p.name} wants a range such as Positive, Natural or Range(0, 1); got {_shown(p.annotation)}")
    value = _default(p)
    parameter = Parameter(p.name, value, limits)
    if value is not None and not parameter.admits(value):
        raise DefinitionError(f"the default {p.name}={p.default} lies outside its own range, {parameter.range}")
    return parameter


def _shown(annotation: Any) -> str:
    return f"the axes {annotation}; arrays come before *" if isinstance(annotation, Array) else repr(annotation)


def _default(p: inspect.Parameter) -> Fraction | None:
    if p.default is p.empty:
        return None
    try:
        default = as_expr(Fraction(str(p.default)) if isinstance(p.default, float) and math.isfinite(p.default) else p.default)
    except DefinitionError as error:
        raise DefinitionError(f"the default of {p.name}: {error}") from None
    if not isinstance(default, Const):
        raise DefinitionError(f"the default of {p.name} is {default}; wanted a number, or none at all")
    return default.value


def _return_annotation(returned: Any) -> tuple[Array, ...]:
    """The declared axes of the outputs: from -> Real["N"] or -> tuple[Real["N"], Real["D"]]."""
    if returned is inspect.Signature.empty:
        return ()
    wanted = (returned,) if isinstance(returned, Array) else get_args(returned)
    if not wanted or not all(isinstance(w, Array) for w in wanted):
        raise DefinitionError(f'the outputs are declared as -> Real["N"], or -> tuple[Real["N"], Real["D"]]; got {returned!r}')
    return wanted


def _results(result: Any, wanted: tuple[Array, ...]) -> list[Expr]:
    returned = result if isinstance(result, tuple) else (result,)
    if result is None:
        raise DefinitionError("it returns nothing; a definition ends with return and an expression")
    if not returned or not all(isinstance(r, (Expr, int, float)) for r in returned):
        raise DefinitionError(f"returns {type(result).__name__}; wanted an expression, or a tuple of them")
    results = [as_expr(r) for r in returned]
    for r in results:
        if r.kind != "real":
            raise DefinitionError(f"returns the condition {r.brief}; wanted numbers, as in where({r.brief}, 1, 0)")
    if wanted and len(wanted) != len(results):
        raise DefinitionError(f"it declares {len(wanted)} outputs but returns {len(results)}")
    return results


def _new_states(inputs: list[Input], local: Locals) -> list[Expr]:
    states = [i for i in inputs if i.dtype == "state"]
    for state in states:
        new = local[state.name][-1]
        if new == state:
            raise DefinitionError(f"state {state.name} is never given its new value; assign it, as in {state.name} = {state.name} + ...")
        if new.axes != state.axes:
            came = f"({', '.join(state.names)}), its new value ({', '.join(ordered(new.axes))})"
            raise DefinitionError(f"state {state.name} has axes {came}; it is the same array, one step later")
    return [local[s.name][-1] for s in states]


def _program(
    name: str,
    inputs: list[Input],
    parameters: list[Parameter],
    results: list[Expr],
    local: Locals,
    trace: Trace,
    wanted: tuple[Array, ...],
) -> Program:
    check_nodes(reached(results, trace.carried), parameters)
    states = [i.name for i in inputs if i.dtype == "state"]
    arguments = {i.name for i in inputs} | {p.name for p in parameters}
    known = {a for i in inputs for a in i.names}
    names = name_nodes(results, local, trace.hints, states, frozenset(arguments | known), trace.carried)
    lets, outputs = cut(results, names, trace.carried)
    schedule(lets)
    sizes = _sizes(lets, known, trace.sizes, {p.name: p.low for p in parameters})
    asked = {s.axis for c in trace.requirements for s in leaves(c, Size)}  # type: ignore[attr-defined]
    lets, sizes = second_indices(lets, sizes, known | asked | {a for _, axes in outputs for a in axes})
    check_axes(lets, known, arguments, dict(sizes))
    trace.requirements += read_positions(results, trace.requirements)
    check_requirements(trace.requirements, known | set(dict(sizes)))
    check_sizes_exist(trace.requirements)
    check_hypotheses(trace.hypotheses)
    axes = {a for let in lets for node in walk(let.body) for a in node.axes}
    order = (*trace.order, *sorted((a for a in axes if a not in trace.order), key=lambda a: (_first_seen(lets, a), a)))
    placed = [Output(n, tuple(a for a in order if a in axes)) for n, axes in outputs]
    return Program(
        name=name,
        inputs=tuple(inputs),
        parameters=tuple(parameters),
        lets=tuple(lets),
        outputs=tuple(declared_outputs(placed, wanted)),
        order=order,
        sizes=sizes,
        states=tuple(states),
        hypotheses=tuple(trace.hypotheses),
        requirements=tuple(trace.requirements),
        uses=tuple(trace.uses),
    )


def _sizes(lets: list[Let], known: set[str], given: dict[str, Expr], lows: dict[str, float]) -> tuple[tuple[str, Expr], ...]:
    """The sizes of axes that the definition creates: those it gives, then those that follow from its index maps."""
    return (*given.items(), *derived_sizes((let.body for let in lets), known | set(given), lows))


def _first_seen(lets: list[Let], axis: str) -> int:
    nodes = (n for let in lets for n in walk(let.body))
    return next((i for i, n in enumerate(nodes) if isinstance(n, Iota) and n.axis == axis), 0)


def is_reduced(expr: Expr) -> bool:
    """Whether the expression holds a reduction anywhere: what is not is element-wise."""
    return bool(leaves(expr, Reduce))
