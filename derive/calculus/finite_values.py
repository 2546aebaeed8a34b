"""The value of each kind of node in a world of residues, over the sorted axes of the node."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from derive.calculus.atoms import MEANING
from derive.calculus.finite import Data, Element, NoModel, World
from derive.calculus.finite_functions import ELEMENTWISE, exponential, logarithm
from derive.calculus.linear import linear, log_factors, opened
from derive.language.nodes import (
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
    Ref,
    Size,
    Where,
    mul,
    walk,
)  # fmt: skip

INTEGERS = 3  # an integer parameter inside an index is 0, 1 or 2

HOLDS: dict[str, Callable[[int], bool]] = {
    "<": lambda s: s < 0,
    "<=": lambda s: s <= 0,
    ">": lambda s: s > 0,
    ">=": lambda s: s >= 0,
    "==": lambda s: s == 0,
    "!=": lambda s: s != 0,
}


def value(w: World, expr: Expr, axes: frozenset[str] | None = None) -> Data:
    """The value at every position along the sorted axes (by default the expression's own)."""
    for node in walk(expr):
        if node not in w.done:
            data = _node(w, node)
            w.budget.spend(1 + data.size)
            w.done[node] = data
    return _spread(w, w.done[expr], expr.axes, expr.axes if axes is None else axes)


def _spread(w: World, data: Data, axes: frozenset[str], want: frozenset[str]) -> Data:
    """The array repeated along the axes it lacks."""
    if not axes <= want:
        raise NoModel
    return np.broadcast_to(data.reshape([w.size(a) if a in axes else 1 for a in sorted(want)]), w.shape(want))


def _each(f: Callable[..., Any], *arrays: Data) -> Data:
    return np.asarray(np.frompyfunc(f, len(arrays), 1)(*arrays), dtype=object)


def _filled(values: list[Element], shape: tuple[int, ...]) -> Data:
    data = np.empty(len(values), dtype=object)
    data[:] = values
    return data.reshape(shape)


def _node(w: World, e: Expr) -> Data:
    match e:
        case Const(number):
            return _filled([number], ())
        case Size(axis):
            return _filled([Fraction(w.size(axis))], ())
        case Iota(axis):
            return _filled([Fraction(i) for i in range(w.size(axis))], (w.size(axis),))
        case Ref(name) if name in w.bodies:
            return value(w, w.bodies[name], e.axes)
        case Input() | Ref() | Param():
            return _leaf(w, e)
        case Add():
            return reduce(lambda a, b: _each(w.add, a, b), _children(w, e))
        case Mul():
            return reduce(lambda a, b: _each(w.times, a, b), _children(w, e))
        case Pow(base, Const(number)):
            return _each(lambda a: w.fractional(a, number), w.done[base])
        case Pow(base, exponent):
            return _exponential(w, mul(exponent, Call("log", (base,))), e.axes)
        case Call(fn, args):
            return _call(w, fn, args, e.axes)
        case Compare(op):
            return _each(lambda a, b: HOLDS[op](w.sign(w.add(a, w.times(b, Fraction(-1))))), *_children(w, e))
        case Where():
            return _each(lambda c, a, b: a if c else b, *_children(w, e))
        case Reduce(how, body, over):
            return REDUCE[how](w, value(w, body, e.axes | frozenset(over)), e)
        case At():
            return _at(w, e)
        case Delta(axis):
            return _each(lambda a, b: Fraction(_integer(a) == _integer(b)), *(value(w, x, e.axes) for x in (Iota(axis), e.index)))
    raise NoModel


def _children(w: World, e: Expr) -> list[Data]:
    return [_spread(w, w.done[c], c.axes, e.axes) for c in e.children]


def _leaf(w: World, e: Any) -> Data:
    """A named array: random residues, or each of the integers that it may hold."""
    if e.name not in w.leaves:
        count = math.prod(w.shape(e.axes))
        if isinstance(e, Input) and e.into is not None:
            values: list[Element] = [Fraction(w.choose(w.size(e.into))) for _ in range(count)]
        elif e.name in w.integers:
            values = [Fraction(w.choose(INTEGERS)) for _ in range(count)]
        else:
            values = [w.random.randrange(1, w.prime) for _ in range(count)]
        w.leaves[e.name] = _filled(values, w.shape(e.axes))
    return w.leaves[e.name]


def _call(w: World, fn: str, args: tuple[Expr, ...], axes: frozenset[str]) -> Data:
    if fn in MEANING:
        return value(w, MEANING[fn](*args), axes)
    if fn == "exp":
        return _exponential(w, args[0], axes)
    if fn == "log":
        return _logarithm(w, args[0], axes)
    if fn in ("pi", "inf"):
        return _filled([w.table(fn, ())], ())
    if fn not in ELEMENTWISE:
        raise NoModel
    return _each(lambda a: ELEMENTWISE[fn](w, a), w.done[args[0]])


def _exponential(w: World, argument: Expr, axes: frozenset[str]) -> Data:
    """e to the argument: a product over its terms, in which e to a logarithm is what it is the logarithm of."""
    result = _spread(w, _filled([Fraction(1)], ()), frozenset(), axes)
    for c, term in linear(argument, w.bodies):
        if isinstance(term, Call) and term.fn == "log":
            data = _each(lambda a, c=c: w.fractional(a, c), value(w, term.args[0], axes))
        else:
            data = _each(lambda a, c=c: exponential(w, a, c), value(w, term, axes))
        result = _each(w.times, result, data)
    return result


def _logarithm(w: World, argument: Expr, axes: frozenset[str]) -> Data:
    """A sum over the factors that are positive, and what is left."""
    result = _spread(w, _filled([Fraction(0)], ()), frozenset(), axes)
    for c, f in log_factors(argument, w.bodies, w.positive):
        is_exponential = isinstance(f, Call) and f.fn == "exp"
        data = value(w, f.children[0], axes) if is_exponential else _each(lambda a: logarithm(w, a), value(w, f, axes))
        result = _each(w.add, result, _each(lambda a, c=c: w.times(a, c), data))
    return result


# ---- axes ---------------------------------------------------------------------------------------------------------


def _lines(w: World, data: Data, e: Reduce) -> Data:
    """What is reduced, in the last dimension."""
    axes = sorted(e.axes | frozenset(e.over))
    moved = np.moveaxis(data, [axes.index(a) for a in e.over], range(-len(e.over), 0))
    return moved.reshape((*w.shape(e.axes), -1))


def _sum(w: World, data: Data, e: Reduce) -> Data:
    lines = _lines(w, data, e)
    return reduce(lambda a, b: _each(w.add, a, b), [lines[..., i] for i in range(lines.shape[-1])])


def _mean(w: World, data: Data, e: Reduce) -> Data:
    count = math.prod(w.size(a) for a in e.over)
    return _each(lambda a: w.times(a, Fraction(1, count)), _sum(w, data, e))


def _logsumexp(w: World, _: Data, e: Reduce) -> Data:
    return value(w, opened(e, w.bodies), e.axes)


def _place(w: World, line: tuple[Element, ...], how: str) -> int:
    """The position of the largest or smallest: a choice, the same for the same line."""
    if (how, line) not in w.tables:
        w.tables[how, line] = w.choose(len(line))
    return w.tables[how, line]


def _extreme(how: str, read: Callable[[tuple[Element, ...], int], Element]) -> Callable[[World, Data, Reduce], Data]:
    def f(w: World, data: Data, e: Reduce) -> Data:
        lines = _lines(w, data, e)
        rows = [tuple(line) for line in lines.reshape(-1, lines.shape[-1])]
        return _filled([read(row, _place(w, row, how)) for row in rows], w.shape(e.axes))

    return f


REDUCE: dict[str, Callable[[World, Data, Reduce], Data]] = {
    "sum": _sum,
    "mean": _mean,
    "logsumexp": _logsumexp,
    "max": _extreme("argmax", lambda row, i: row[i]),
    "min": _extreme("argmin", lambda row, i: row[i]),
    "argmax": _extreme("argmax", lambda row, i: Fraction(i)),
    "argmin": _extreme("argmin", lambda row, i: Fraction(i)),
}


def _integer(a: Element) -> int:
    """The integer an index is. Raises NoModel for what is no exact integer here."""
    if isinstance(a, int) or a.denominator != 1:
        raise NoModel
    return int(a)


def _at(w: World, e: At) -> Data:
    """The body read at the index; 0 outside."""
    axes, read = sorted(e.axes), {a: value(w, i, e.axes) for a, i in e.index}
    body: Any = w.done[e.body]
    inner = sorted(e.body.axes)
    values: list[Element] = []
    for place in np.ndindex(w.shape(e.axes)):
        here = dict(zip(axes, place, strict=True))
        source = [_integer(read[a].item(place)) if a in read else here[a] for a in inner]
        inside = all(0 <= i < w.size(a) for i, a in zip(source, inner, strict=True))
        values.append(body[tuple(source)] if inside else Fraction(0))
    return _filled(values, w.shape(e.axes))
