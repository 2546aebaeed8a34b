"""What a definition must satisfy to have a meaning: conditions choose, indices are integers, every axis has a size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from derive.language.annotations import Array
from derive.language.errors import DefinitionError, closest
from derive.language.nodes import (
    MINUS_INFINITY,
    Add,
    At,
    Call,
    Compare,
    Const,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Param,
    Pow,
    Reduce,
    Size,
    Where,
    base_axis,
    leaves,
    mul,
    walk,
)
from derive.language.program import Hypothesis, Let, Output, Parameter

EXTREMES = ("max", "min", "argmax", "argmin")


def check_nodes(results: Iterable[Expr], parameters: list[Parameter]) -> None:
    """Raise DefinitionError for a condition used as a number or an index that is no integer position of its axis."""
    whole = {p.name for p in parameters if p.integer}
    for result in results:
        _check_infinity(result)
        for node in walk(result):
            _check_conditions(node)
            if isinstance(node, At):
                for axis, index in node.index:
                    _check_index(node, axis, index, whole)


def _check_infinity(result: Expr) -> None:
    """What is infinite stands inside a maximum or minimum, which picks something else. (Exponentials of it are gone already.)"""
    seen: set[Expr] = set()
    stack = [result]
    while stack:
        node = stack.pop()
        if node == Call("inf", ()):
            raise DefinitionError(
                "inf is no number: -inf is a score that takes no part in a softmax, logsumexp or maximum, "
                "as in softmax(where(mask > 0, s, -inf)) or max(x.at(..., outside=-inf), ...); nothing else is made of it"
                + _rather(result)
            )
        if node not in seen and not (isinstance(node, Reduce) and node.how in EXTREMES):
            seen.add(node)
            stack.extend(node.children)


def _rather(result: Expr) -> str:
    """What to write for a masked score that something multiplies."""
    for node in walk(result):
        if isinstance(node, Mul):
            for mask in node.args:
                if isinstance(mask, Where) and mask.other == MINUS_INFINITY:
                    rest = mul(*(f for f in node.args if f is not mask), mask.chosen)
                    return f". Instead of {node.brief} write {Where(mask.condition, rest, mask.other).brief}"
    return ""


def _check_conditions(node: Expr) -> None:
    for place, child in enumerate(node.children):
        if child.kind == "bool" and not (isinstance(node, Where) and place == 0):
            raise DefinitionError(f"{node.brief} uses the condition {child.brief} as a number; write where({child.brief}, 1, 0)")


def _check_index(node: At, axis: str, index: Expr, whole: set[str]) -> None:
    fault = next((leaf for leaf in leaves(index, Param) if leaf.name not in whole), None)  # type: ignore[attr-defined]
    if fault is not None:
        raise DefinitionError(
            f"{fault} in the index {axis}={index.brief} may be any number; an index wants integers: annotate {fault} as Natural"
        )
    if not _is_integer(index):
        raise DefinitionError(
            f'{node.brief}: {axis} is read at {index.brief}, no integer; wanted an Index input, idx("N") or argmax(x, "{axis}")'
        )
    points = _points_into(index)
    if points is not None and base_axis(points) != base_axis(axis):
        raise DefinitionError(f"{node.brief}: {index.brief} holds positions of {points}, not of {axis}; write at({points}={index.brief})")


def _is_integer(e: Expr) -> bool:
    match e:
        case Const(value):
            return value.denominator == 1
        case Input():
            return e.dtype in ("index", "count")
        case Add() | Mul() | Pow():
            return all(_is_integer(c) for c in e.children)
        case Where():
            return _is_integer(e.chosen) and _is_integer(e.other)
        case At():
            return _is_integer(e.body)
        case Reduce(how, body):
            return how in ("argmax", "argmin") or (how in ("sum", "max", "min") and _is_integer(body))
        case Call(fn, args):
            return fn in ("floor", "sign") or (fn == "abs" and _is_integer(args[0]))
    return isinstance(e, (Param, Size, Iota, Delta))


def _points_into(index: Expr) -> str | None:
    """The axis whose positions the index holds, where that is known."""
    if isinstance(index, At):
        return _points_into(index.body)
    if isinstance(index, Reduce) and index.how in ("argmax", "argmin"):
        return index.over[0]
    return index.into if isinstance(index, Input) else None


def check_axes(lets: list[Let], known: set[str], names: set[str], sizes: dict[str, Expr]) -> None:
    """Raise DefinitionError for an axis without a size, or one that is called like an input or parameter."""
    sized = known | set(sizes)
    for let in lets:
        for node in leaves(let.body, Iota, Size):
            axis: str = node.axis  # type: ignore[attr-defined]
            if axis in names:
                raise DefinitionError(f"{axis} is an argument and cannot be an axis too, in {let.name} = {let.body}")
            if axis not in sized and base_axis(axis) not in sized:
                raise DefinitionError(
                    f"nothing gives axis {axis} a size, in {let.name} = {let.body}{closest(axis, sized)}"
                    f"; an axis belongs to an input, or is created: x.at(H=new(...) + idx(...)), or new({axis!r}, size=...)"
                )


def check_requirements(requirements: Iterable[Expr], sized: set[str]) -> None:
    """Raise DefinitionError for a condition on an axis that has no size."""
    for condition in requirements:
        for axis in (s.axis for s in leaves(condition, Size)):  # type: ignore[attr-defined]
            if base_axis(axis) not in sized:
                raise DefinitionError(f"assume({condition}): nothing gives axis {axis} a size{closest(axis, sized)}")


def read_positions(results: Iterable[Expr], known: Iterable[Compare]) -> list[Compare]:
    """What sizes must be for the positions that are numbers, or are counted from the end, or stand in for labels, to exist:
    more than what is known.

    Raises DefinitionError for a position that cannot exist.
    """
    wanted = []
    for node in (n for result in results for n in walk(result) if isinstance(n, At)):
        for axis, index in node.index:
            size = Size(base_axis(axis))
            if isinstance(index, Const):
                wanted.append(_holds_position(node, size, index.value))
            elif isinstance(index, Add) and len(index.args) == 2 and size in index.args:
                back = next((a.value for a in index.args if isinstance(a, Const)), Fraction(0))
                wanted += [_holds_position(node, size, -back - 1)] if back < 0 else []
            elif isinstance(index, Where) and leaves(index, Input):
                wanted += [Compare(">", size, c) for c in _choices(index) if isinstance(c, (Const, Param))]
    fixed = {c.left: c.right.value for c in known if c.op == "==" and isinstance(c.right, Const)}
    for c in wanted:
        if c.left in fixed and isinstance(c.right, Const) and c.right.value >= fixed[c.left]:
            raise DefinitionError(f"there is no position {c.right} along {c.left}: it has {fixed[c.left]}, the first of which is 0")
    return [c for c in dict.fromkeys(wanted) if c.left not in fixed and c not in known]


def _choices(index: Expr) -> Iterator[Expr]:
    """What an index is, in each case."""
    if isinstance(index, Where):
        yield from (*_choices(index.chosen), *_choices(index.other))
    else:
        yield index


def _holds_position(node: At, size: Size, position: Fraction) -> Compare:
    if position < 0:
        last = f'size("{size.axis}") - 1'
        raise DefinitionError(f"{node.brief} reads {size.axis} at {position}; positions count from 0, and the last is {last}")
    return Compare(">", size, Const(position))


def check_sizes_exist(requirements: Iterable[Expr]) -> None:
    """Raise DefinitionError where no size of an axis satisfies two things that are required of it."""
    spoken: dict[str, list[tuple[float, float, Expr]]] = {}
    for c in requirements:
        if isinstance(c, Compare) and isinstance(c.left, Size) and isinstance(c.right, Const):
            spoken.setdefault(c.left.axis, []).append((*_sizes_allowed(c.op, c.right.value), c))
    for axis, found in spoken.items():
        least, most = max(found, key=lambda f: f[0]), min(found, key=lambda f: f[1])
        if least[0] > most[1]:
            raise DefinitionError(f"no size of {axis} satisfies both {least[2]} and {most[2]}")


def _sizes_allowed(op: str, value: Fraction) -> tuple[float, float]:
    """The least and the most whole number that a comparison with a number allows."""
    low = {"==": value, ">=": value, ">": math.floor(value) + 1}.get(op, 0)
    high = {"==": value, "<=": value, "<": math.ceil(value) - 1}.get(op, math.inf)
    return float(low), float(high)


def check_hypotheses(hypotheses: Iterable[Hypothesis]) -> None:
    """Raise DefinitionError where one quantity is assumed to be two different numbers."""
    values: dict[Expr, Fraction] = {}
    for h in hypotheses:
        if isinstance(h.right, Const) and values.setdefault(h.left, h.right.value) != h.right.value:
            raise DefinitionError(f"{h.left} is assumed to be {values[h.left]} and {h.right} at once; no input satisfies both")


def declared_outputs(outputs: list[Output], wanted: tuple[Array, ...]) -> list[Output]:
    """The outputs laid out as declared; raise DefinitionError when an output has other axes than its annotation."""
    return [*(_declared(o, w) for o, w in zip(outputs, wanted, strict=False)), *outputs[len(wanted) :]]


def _declared(output: Output, wanted: Array) -> Output:
    left, absent = sorted(set(output.names) - set(wanted.names)), sorted(set(wanted.names) - set(output.names))
    if not left and not absent:
        return Output(output.name, wanted.names)
    parts = [f"it declares {wanted} but returns ({', '.join(output.names)})"]
    if left:
        parts.append(f"{', '.join(left)} is left over: reduce over it, or give two axes that should meet one name")
    if absent:
        parts.append(f"{', '.join(absent)} is gone: a reduction removed it, or no input of the result has it")
    raise DefinitionError("; ".join(parts))
