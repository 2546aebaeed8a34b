"""`@op`: from a Python function over expressions to an Op.

The function runs once, on symbolic inputs; its local variables name the intermediates. Nothing is registered: the
decorated function is the definition, a plain value.
"""

from __future__ import annotations

import inspect
import keyword
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fractions import Fraction
from types import FrameType
from typing import Any, overload

from derive.language.affine import derived_sizes
from derive.language.errors import DefinitionError
from derive.language.nodes import (
    BATCH, Const, Expr, Input, Iota, Number, Param, Reduce, Ref, Size, as_expr, base_axis, flatten, leaves, walk,
)  # fmt: skip
from derive.language.program import Hypothesis, Let, Op, Output, Parameter, Program, check_names

AXIS = re.compile(r"[A-Za-z][A-Za-z0-9_]*'*")


@dataclass(frozen=True)
class Array:
    """An annotation of an array: its axes in order, what its elements are, and the axis its integers point into."""

    names: tuple[str, ...]
    dtype: str = "real"
    into: str | None = None


class _ArrayKind:
    """`Real["N D"]`: writing axes in brackets makes an annotation."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def __getitem__(self, axes: str) -> Array:
        head, arrow, into = (part.strip() for part in axes.partition("->"))
        if (self.dtype == "index") != bool(arrow):
            wanted = 'Index["N -> C"]: one position of C for each N' if self.dtype == "index" else 'axes only, as in Real["N D"]'
            raise DefinitionError(f'"{axes}": wanted {wanted}')
        names = tuple(head.split())
        for name in (*names, *([into] if arrow else ())):
            if name != BATCH and not AXIS.fullmatch(name):
                raise DefinitionError(f'"{axes}": {name} is no axis; an axis is a word, and "{BATCH}" stands for any leading axes')
        if BATCH in names[1:]:
            raise DefinitionError(f'"{axes}": "{BATCH}" stands for leading axes, so it comes first')
        check_names(f'"{axes}"', list(names))
        return Array(names, self.dtype, into if arrow else None)


Real = _ArrayKind("real")
Index = _ArrayKind("index")
State = _ArrayKind("state")
Count = Array((), "count")


@dataclass(frozen=True)
class Range:
    """An annotation of a parameter: the numbers it may take."""

    low: float = -math.inf
    high: float = math.inf
    low_included: bool = True
    high_included: bool = True
    integer: bool = False


Scalar = Range()
Positive = Range(low=0, low_included=False)
NonNegative = Range(low=0)
Natural = Range(low=0, integer=True)
PositiveInteger = Range(low=1, integer=True)
Fraction01 = Range(low=0, high=1, high_included=False)


@dataclass
class _Trace:
    """What is remembered while a definition runs: axis order, names of inlined intermediates, assumptions."""

    order: tuple[str, ...]
    hints: dict[Expr, str] = field(default_factory=dict)
    hypotheses: list[Hypothesis] = field(default_factory=list)


_TRACE: ContextVar[_Trace | None] = ContextVar("trace", default=None)


@contextmanager
def _tracing(trace: _Trace) -> Iterator[_Trace]:
    token = _TRACE.set(trace)
    try:
        yield trace
    finally:
        _TRACE.reset(token)


def ordered(axes: frozenset[str]) -> tuple[str, ...]:
    """The axes in the layout order of the definition being run; axes it does not know yet come last."""
    trace = _TRACE.get()
    order = trace.order if trace else ()
    return (*(a for a in order if a in axes), *sorted(axes - set(order)))


def hint(names: dict[Expr, str]) -> None:
    """Remember names for intermediates of an op used inside the one being defined."""
    trace = _TRACE.get()
    if trace:
        for expr, name in names.items():
            trace.hints.setdefault(expr, name)


def assume(left: Expr, *, equals: Number) -> None:
    """State an equation that the inputs satisfy, as in assume(sum(t, "C"), equals=1); pages and proofs list it."""
    trace = _TRACE.get()
    if trace is None:
        raise DefinitionError("assume() belongs inside a definition")
    trace.hypotheses.append(Hypothesis(left, as_expr(equals)))


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
    return _define(function, source)


def _define(function: Callable[..., Any], source: str) -> Op:
    name = function.__name__
    doc = inspect.getdoc(function)
    if not doc:
        raise DefinitionError(f"{name}: a definition begins with one sentence that says what it does (its docstring)")
    inputs, parameters, wanted = _signature(function)
    order = axis_order(name, [i.names for i in inputs])
    with _tracing(_Trace(order)) as trace:
        arguments = [Input(i.name, i.names, "real" if i.dtype == "state" else i.dtype, i.into) for i in inputs]
        keywords: dict[str, Expr] = {p.name: Param(p.name) for p in parameters}
        result, local = _run(function, arguments, keywords)
        states = [i.name for i in inputs if i.dtype == "state"]
        program = _program(name, arguments, parameters, result, local, states, trace, wanted)
    return Op(name, doc, source, program)


def _run(function: Callable[..., Any], arguments: list[Input], keywords: dict[str, Expr]) -> tuple[Any, dict[str, Expr]]:
    """The function's result and its local variables at return, which name the intermediates."""
    local: dict[str, Expr] = {}

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is function.__code__:
            local.update({k: v for k, v in frame.f_locals.items() if isinstance(v, Expr)})

    previous = sys.getprofile()
    sys.setprofile(watch)
    try:
        result = function(*arguments, **keywords)
    finally:
        sys.setprofile(previous)
    return result, local


def _signature(function: Callable[..., Any]) -> tuple[list[Input], list[Parameter], Array | None]:
    name = function.__name__
    signature = inspect.signature(function, eval_str=True)
    inputs, parameters = [], []
    for p in signature.parameters.values():
        if keyword.iskeyword(p.name) or p.name.startswith("_"):
            raise DefinitionError(f"{name}: {p.name} is no name for an argument; names of arguments begin with a letter")
        if p.kind is p.KEYWORD_ONLY:
            parameters.append(_parameter(name, p))
        elif p.kind is p.POSITIONAL_OR_KEYWORD and isinstance(p.annotation, Array):
            a = p.annotation
            inputs.append(Input(p.name, a.names, a.dtype, a.into))
        else:
            raise DefinitionError(f'{name}: argument {p.name} needs its axes, as in {p.name}: Real["N D"]; parameters come after *, with a default')
    if not inputs:
        raise DefinitionError(f"{name}: a definition has at least one array among its arguments")
    check_names(name, [*(i.name for i in inputs), *(p.name for p in parameters), *{a for i in inputs for a in i.names if a != BATCH}])
    axes = {a for i in inputs for a in i.names}
    for i in inputs:
        if i.into is not None and i.into not in axes:
            raise DefinitionError(f"{name}: {i.name} points into {i.into}, but no input has that axis")
    returned = signature.return_annotation
    return inputs, parameters, returned if isinstance(returned, Array) else None


def _parameter(op_name: str, p: inspect.Parameter) -> Parameter:
    limits = p.annotation if isinstance(p.annotation, Range) else Scalar if p.annotation is p.empty else None
    if limits is None:
        raise DefinitionError(f"{op_name}: parameter {p.name} wants a range such as Positive, Natural or Range(0, 1); got {p.annotation!r}")
    default = as_expr(p.default) if p.default is not p.empty else None
    if default is not None and not isinstance(default, Const):
        raise DefinitionError(f"{op_name}: the default of {p.name} is a number; got {default}")
    value: Fraction | None = default.value if isinstance(default, Const) else None
    parameter = Parameter(p.name, value, limits.low, limits.high, limits.low_included, limits.high_included, limits.integer)
    if value is not None and not parameter.admits(value):
        raise DefinitionError(f"{op_name}: the default {p.name}={p.default} lies outside its own range, {parameter.range}")
    return parameter


def axis_order(op_name: str, declared: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """One layout order that respects every declared one; among free choices, first come first."""
    declared = list(declared)
    left = list(dict.fromkeys(a for names in declared for a in names))
    before = {a: {names[i] for names in declared if a in names for i in range(names.index(a))} for a in left}
    order: list[str] = []
    while left:
        ready = [a for a in left if before[a] <= set(order)]
        order.append((ready or left)[0])
        left.remove(order[-1])
    return tuple(order)


def _program(
    name: str, inputs: list[Input], parameters: list[Parameter], result: Any, local: dict[str, Expr], states: list[str], trace: _Trace, wanted: Array | None
) -> Program:
    returned = result if isinstance(result, tuple) else (result,)
    if not returned or not all(isinstance(r, (Expr, int, float)) for r in returned):
        raise DefinitionError(f"{name}: returns {type(result).__name__}; wanted an expression, or a tuple of them")
    results = [as_expr(r) for r in returned] + [local[s] for s in states]
    for r in results:
        if r.kind != "real":
            raise DefinitionError(f"{name}: returns the condition {r}; wanted numbers, as in where({r}, 1, 0)")
    taken = {i.name for i in inputs} | {p.name for p in parameters}
    names = _names(results, local, trace.hints, taken, states)
    lets, outputs = _lets(results, names)
    axes = {a for let in lets for node in walk(let.body) for a in node.axes}
    order = (*trace.order, *sorted((a for a in axes if a not in trace.order), key=lambda a: (_first_seen(lets, a), a)))
    known = {a for i in inputs for a in i.names}
    _check_axes(name, lets, known)
    placed = [Output(n, tuple(a for a in order if a in axes)) for n, axes in outputs]
    if wanted is not None:
        placed[0] = _declared_output(name, placed[0], wanted)
    return Program(
        name, tuple(inputs), tuple(parameters), tuple(lets), tuple(placed), order,
        derived_sizes((let.body for let in lets), known), tuple(states), tuple(trace.hypotheses),
    )  # fmt: skip


def _first_seen(lets: list[Let], axis: str) -> int:
    nodes = (n for let in lets for n in walk(let.body))
    return next((i for i, n in enumerate(nodes) if isinstance(n, Iota) and n.axis == axis), 0)


def _check_axes(name: str, lets: list[Let], known: set[str]) -> None:
    sized = known | {a for a, _ in derived_sizes((let.body for let in lets), known)}
    for let in lets:
        for node in leaves(let.body, Iota, Size):
            if base_axis(node.axis) not in sized and node.axis not in sized:  # type: ignore[attr-defined]
                raise DefinitionError(f"{name}: nothing gives axis {node.axis} a size in {let.name} = {let.body}")  # type: ignore[attr-defined]


def _declared_output(name: str, output: Output, wanted: Array) -> Output:
    if set(wanted.names) != set(output.names):
        raise DefinitionError(f"{name}: returns axes ({', '.join(output.names)}), declared ({', '.join(wanted.names)})")
    return Output(output.name, wanted.names)


def _names(results: list[Expr], local: dict[str, Expr], hints: dict[Expr, str], taken: set[str], states: list[str]) -> dict[Expr, str]:
    """A name for every node that has one: local variables first, then names from inlined ops, then the outputs."""
    named: dict[Expr, str] = {}
    used = set(taken)
    inside = {n for r in results for n in walk(r)}

    def give(node: Expr, name: str) -> None:
        plain = isinstance(node, (Input, Const, Param, Size, Iota, Ref)) or node.kind == "bool"
        if node in named or node not in inside or plain:
            return
        unique = f"{name}_new" if name in taken else name
        while unique in used or keyword.iskeyword(unique):
            unique = _next_name(unique)
        named[node] = unique
        used.add(unique)

    for name, node in local.items():
        give(node, name.rstrip("_") or name)
    for result, name in zip(results[len(results) - len(states) :], states, strict=True):
        give(result, name)
    for node, name in hints.items():
        if node not in results:
            give(node, name)
    for result in results:
        give(result, "y")
    return named


def _next_name(name: str) -> str:
    stem, _, count = name.rpartition("_")
    return f"{stem}_{int(count) + 1}" if stem and count.isdigit() else f"{name}_2"


def _lets(results: list[Expr], names: dict[Expr, str]) -> tuple[list[Let], list[tuple[str, frozenset[str]]]]:
    """Cut the trees at their named nodes."""
    lets: list[Let] = []
    done: dict[Expr, Expr] = {}
    for result in results:
        for node in walk(result):
            if node not in done:
                done[node] = node.rebuild(tuple(done[c] for c in node.children)) if node.children else node
                if node in names:
                    lets.append(Let(names[node], flatten(done[node])))
                    done[node] = lets[-1].ref
    outputs: list[tuple[str, frozenset[str]]] = []
    for result in results:
        last = done[result]
        if not isinstance(last, Ref) or last.name in [n for n, _ in outputs]:
            used = {let.name for let in lets} | {i.name for i in leaves(result, Input, Param)}  # type: ignore[attr-defined]
            name = "y"
            while name in used:
                name = _next_name(name)
            lets.append(Let(name, flatten(last)))
            last = lets[-1].ref
        outputs.append((last.name, last.axes))
    return lets, outputs


def is_reduced(expr: Expr) -> bool:
    """Whether the expression holds a reduction anywhere: what is not is element-wise."""
    return bool(leaves(expr, Reduce))
