"""What is remembered while a definition runs: the order of axes, names of intermediates of ops used inside, assumptions."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fractions import Fraction
from types import FrameType
from typing import Any

from derive.language.errors import DefinitionError
from derive.language.naming import Locals, free_name
from derive.language.nodes import BATCH, ZERO, Compare, Const, Expr, Input, Number, Ref, as_expr, leaves
from derive.language.program import Hypothesis

Pair = tuple[str, str]
HOLDS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


@dataclass
class Trace:
    """The layout `order` of all axes, the pairs of axes (first, second) that some array declares in that order, names for
    intermediates, what is assumed of inputs, what is required of sizes and parameters, the `sizes` given to axes that the
    definition creates, what each recurrence carries from step to step, by the mark that stands for its name, and the programs
    that it `uses`."""

    order: tuple[str, ...]
    pairs: set[Pair] = field(default_factory=set)
    hints: dict[Expr, str] = field(default_factory=dict)
    hypotheses: list[Hypothesis] = field(default_factory=list)
    requirements: list[Compare] = field(default_factory=list)
    sizes: dict[str, Expr] = field(default_factory=dict)
    carried: dict[str, Expr] = field(default_factory=dict)
    uses: list[str] = field(default_factory=list)


_TRACE: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def tracing(declared: Iterable[tuple[str, ...]]) -> Iterator[Trace]:
    """Remember, while a definition runs, what its inputs declare about the order of axes."""
    declared = list(declared)
    trace = Trace(axis_order(declared))
    for names in declared:
        trace.pairs |= pairs(names)
    token = _TRACE.set(trace)
    try:
        yield trace
    finally:
        _TRACE.reset(token)


def watched(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> tuple[Any, Locals]:
    """A function's result and what its local variables held in turn, which names the intermediates."""
    local: Locals = {}

    def look(frame: FrameType, event: str, _: Any) -> Any:
        for name, value in frame.f_locals.items():
            if isinstance(value, Expr) and (name not in local or local[name][-1] is not value):
                local.setdefault(name, []).append(value)
        return look

    code, previous = getattr(function, "__code__", None), sys.gettrace()
    sys.settrace(lambda frame, *_: look if frame.f_code is code else None)
    try:
        return function(*arguments, **keywords), local
    finally:
        sys.settrace(previous)


def pairs(names: tuple[str, ...]) -> set[Pair]:
    """Every two axes of an array, in their order."""
    return {(a, b) for i, a in enumerate(names) for b in names[i + 1 :]}


def declare(more: set[Pair]) -> None:
    """Remember the order of axes that an op used inside gives its output."""
    trace = _TRACE.get()
    if trace:
        trace.pairs |= more


def declared_before(first: str, second: str) -> bool:
    """Whether the arrays of the definition say, directly or by a chain, that one axis comes before the other and never the reverse."""
    return _reaches(first, second) and not _reaches(second, first)


def _reaches(first: str, second: str) -> bool:
    trace = _TRACE.get()
    known = trace.pairs if trace else set()
    reached, new = {first}, {first}
    while new:
        new = {b for a, b in known if a in new} - reached
        reached |= new
    return second in reached or first == BATCH


def axis_order(declared: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """One layout order that respects every declared one; "..." comes first, and among free choices first come first."""
    declared = list(declared)
    left = sorted(dict.fromkeys(a for names in declared for a in names), key=lambda a: a != BATCH)
    before = {a: {names[i] for names in declared if a in names for i in range(names.index(a))} for a in left}
    order: list[str] = []
    while left:
        ready = [a for a in left if before[a] <= set(order)]
        order.append((ready or left)[0])
        left.remove(order[-1])
    return tuple(order)


def ordered(axes: frozenset[str]) -> tuple[str, ...]:
    """The axes in the layout order of the definition being run; axes it does not know yet come last."""
    trace = _TRACE.get()
    order = trace.order if trace else ()
    return (*(a for a in order if a in axes), *sorted(axes - set(order)))


def listed(axes: frozenset[str]) -> str:
    """The axes as error messages show them: (N, D)."""
    return f"({', '.join(ordered(axes))})"


def hint(names: dict[Expr, str]) -> None:
    """Remember names for intermediates of an op used inside the one being defined."""
    trace = _TRACE.get()
    if trace:
        for expr, name in names.items():
            trace.hints.setdefault(expr, name)


def create(axis: str, size: Expr) -> None:
    """Remember the size of an axis that the definition itself creates. Raises DefinitionError where it is that of an input."""
    trace = _TRACE.get()
    if trace and axis in trace.order:
        raise DefinitionError(f"axis {axis} is that of an input, which has its size; a new axis wants a name of its own")
    give_size(axis, size)


def give_size(axis: str, size: Expr) -> None:
    """Remember the size of an axis that the definition creates.

    Raises DefinitionError for a second, different size, or one that is no expression in sizes, parameters and numbers.
    """
    trace = _TRACE.get()
    if trace is None:
        raise DefinitionError(f'new("{axis}", size=...) belongs inside a definition')
    if size.axes or leaves(size, Input, Ref) or size.kind != "real":
        raise DefinitionError(f"the size of {axis} is {size}; wanted whole numbers made of sizes, parameters and numbers")
    if trace.sizes.setdefault(axis, size) != size:
        raise DefinitionError(f"axis {axis} has two sizes, {trace.sizes[axis]} and {size}")


def new_mark() -> str:
    """What stands for the name of something that a recurrence carries, until it has one."""
    carried = _open_trace("a recurrence").carried
    mark = f"state {len(carried)}"
    carried[mark] = ZERO
    return mark


def carry(mark: str, value: Expr) -> None:
    """Remember what a mark stands for."""
    _open_trace("a recurrence").carried[mark] = value


def _open_trace(what: str) -> Trace:
    trace = _TRACE.get()
    if trace is None:
        raise DefinitionError(f"{what} belongs inside a definition")
    return trace


def carried_here() -> dict[str, Expr]:
    """What the marks of the definition being run stand for."""
    return _open_trace("a recurrence").carried


def use(name: str) -> None:
    """Remember that the definition being run uses the program of that name."""
    trace = _TRACE.get()
    if trace and name not in trace.uses:
        trace.uses.append(name)


def name_for_size(axis: str, size: Expr, taken: set[str]) -> str:
    """The name of an axis that an op used inside creates: its own, or the next like it that is free or has this very size."""
    trace = _TRACE.get()
    known = trace.sizes if trace else {}
    other = {a for a, n in known.items() if n != size}
    return free_name(axis, taken | other | set(trace.order if trace else ()))


def inherit(hypothesis: Hypothesis) -> None:
    """Remember what an op used inside assumes, in the terms of the one being defined."""
    trace = _TRACE.get()
    if trace and hypothesis not in trace.hypotheses:
        trace.hypotheses.append(hypothesis)


def require(condition: Compare) -> None:
    """Remember a condition on sizes and parameters. Raises DefinitionError for one between numbers that does not hold."""
    trace = _TRACE.get()
    left, right = condition.left, condition.right
    if isinstance(left, Const) and isinstance(right, Const):
        if not HOLDS[condition.op](left.value, right.value):
            raise DefinitionError(f"it needs {condition}, which does not hold")
    elif trace and condition not in trace.requirements:
        trace.requirements.append(condition)


def assume(left: Expr, *, equals: Number | None = None) -> None:
    """State what the definition relies on; pages list it.

    An equation between the inputs, `assume(sum(t, "C"), equals=1)`, may be used by proofs, which then name it. A condition on
    sizes and parameters, `assume(size("N") > 1)` or `assume(size("C") % groups, equals=0)`, is checked in every call.
    """
    trace = _TRACE.get()
    if trace is None:
        raise DefinitionError('assume() belongs inside a definition, as in assume(sum(t, "C"), equals=1)')
    if not isinstance(left, Expr) or (left.kind == "real") != (equals is not None):
        raise DefinitionError(f'assume wants an expression and what it equals, as in assume(sum(t, "C"), equals=1); got {left}')
    condition = left if equals is None else Compare("==", left, as_expr(equals))
    free = not condition.axes and not leaves(condition, Input, Ref)
    if free and isinstance(condition, Compare):
        require(condition)
    elif equals is None:
        raise DefinitionError(
            f'{left} is about numbers in arrays; the range of an input stands where it is declared, as in x: Real["N", Positive], '
            'and assume takes conditions on sizes and parameters, as in assume(size("N") > 1)'
        )
    else:
        inherit(Hypothesis(left, as_expr(equals)))
