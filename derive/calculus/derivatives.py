"""Differentiation of expressions, forward and backward. Exact: every rule is the calculus textbook's, one per node.

The derivative of a branch is the branch of derivatives; conditions, positions and integers have none. A maximum passes
its cotangent to the first position where it is attained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from derive.language.errors import DefinitionError
from derive.language.functions import cos, exp, log, pi, sign, sin, sqrt
from derive.language.nodes import (
    ONE,
    ZERO,
    Add,
    At,
    Call,
    Carried,
    Compare,
    Const,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Pow,
    Reduce,
    Size,
    Where,
    add,
    at,
    fresh_axis,
    mul,
    power,
    walk,
)  # fmt: skip

HALF = Fraction(1, 2)

# fmt: off
PARTIALS: dict[str, Callable[[Expr], Expr]] = {  # f'(x) of each primitive
    "exp":        lambda x: exp(x),
    "log":        lambda x: 1 / x,
    "normal_cdf": lambda x: exp(-(x**2) * HALF) / sqrt(2 * pi),
    "erf":        lambda x: 2 * exp(-(x**2)) / sqrt(pi),
    "sin":        lambda x: cos(x),
    "cos":        lambda x: -sin(x),
    "arctan":     lambda x: 1 / (1 + x**2),
    "abs":        lambda x: sign(x),
    "sign":       lambda x: ZERO,
    "floor":      lambda x: ZERO,
}
# fmt: on


def partial(node: Expr, child: int) -> Expr:
    """The derivative of an element-wise node with respect to one of its children."""
    match node:
        case Add(_):
            return ONE
        case Mul(args):
            return mul(*args[:child], *args[child + 1 :])
        case Pow(base, exponent) if child == 0:
            return mul(exponent, power(base, add(exponent, Const(Fraction(-1)))))
        case Pow(base, _):
            return mul(node, log(base))
        case Call(fn, args):
            if fn not in PARTIALS:
                raise DefinitionError(f"{fn} has no derivative in the calculus; in {node}")
            return PARTIALS[fn](args[0])
        case Where(condition, _, _):
            return Where(condition, ONE, ZERO) if child == 1 else Where(condition, ZERO, ONE) if child == 2 else ZERO
    return ZERO


def tangent(expr: Expr, seeds: Mapping[Expr, Expr]) -> Expr:
    """The derivative of `expr` in the direction that moves each seed leaf by its tangent."""
    moved: dict[Expr, Expr] = dict(seeds)
    for node in walk(expr):
        if node not in moved:
            moved[node] = _tangent(node, moved)
    return moved[expr]


def _tangent(node: Expr, moved: dict[Expr, Expr]) -> Expr:
    if all(moved[c] == ZERO for c in node.children):
        return ZERO
    match node:
        case Where(condition, chosen, other):
            return Where(condition, moved[chosen], moved[other])
        case Reduce("sum" | "mean" as how, body, over):
            return Reduce(how, moved[body], over)
        case Reduce("logsumexp", body, over):
            return Reduce("sum", mul(exp(add(body, mul(Const(Fraction(-1)), node))), moved[body]), over)
        case Reduce("max" | "min" as how, body, over):
            return at(moved[body], {over[0]: Reduce(f"arg{how}", body, over)}) if over[0] in moved[body].axes else moved[body]
        case At(body, index):
            present = {a: i for a, i in index if a in moved[body].axes}
            return at(_broadcast(moved[body], body), dict(index)) if len(present) < len(index) else at(moved[body], present)
        case Compare() | Delta() | Reduce() | Iota():
            return ZERO
    terms = [mul(partial(node, i), moved[c]) for i, c in enumerate(node.children) if moved[c] != ZERO]
    return add(*(t for t in terms if t != ZERO))


def _broadcast(tangent_: Expr, body: Expr) -> Expr:
    """A tangent with all of its body's axes, for an index map may only read axes that are there."""
    missing = body.axes - tangent_.axes
    return mul(tangent_, *(add(Iota(a), mul(Const(Fraction(-1)), Iota(a)), ONE) for a in sorted(missing))) if missing else tangent_


def pullback(expr: Expr, cotangent: Expr, leaves: set[Expr]) -> dict[Expr, Expr]:
    """What a cotangent of `expr` amounts to at each of the leaves: one joint reverse sweep."""
    nodes = list(walk(expr))
    active = set(leaves)
    for node in nodes:
        if any(c in active for c in node.children):
            active.add(node)
    bars: dict[Expr, list[Expr]] = {expr: [cotangent]}
    found: dict[Expr, Expr] = {}
    for node in reversed(nodes):
        parts = [p for p in bars.pop(node, []) if p != ZERO]
        if node not in active or not parts:
            continue
        bar = add(*parts)
        if node in leaves:
            found[node] = bar
            continue
        for i, child in enumerate(node.children):
            if child in active:
                bars.setdefault(child, []).append(_pull(node, i, child, bar))
    return found


def _pull(node: Expr, i: int, child: Expr, bar: Expr) -> Expr:
    match node:
        case Where(condition, _, _):
            part = Where(condition, bar, ZERO) if i == 1 else Where(condition, ZERO, bar) if i == 2 else ZERO
            return sum_to(part, node.axes, child.axes)
        case Reduce("sum", _, _):
            return bar
        case Reduce("mean", _, over):
            return mul(bar, *(power(Size(a), Const(Fraction(-1))) for a in over))
        case Reduce("logsumexp", body, _):
            return mul(bar, exp(add(body, mul(Const(Fraction(-1)), node))))
        case Reduce("max" | "min" as how, body, over):
            return mul(bar, Delta(over[0], Reduce(f"arg{how}", body, over)))
        case At(body, index):
            return _pull_at(node, body, index, bar) if i == 0 else ZERO
        case Carried():
            return sum_to(at(bar, {node.axis: end(node)}), node.axes - {node.axis}, child.axes)
        case Compare() | Delta() | Reduce() | Iota():
            return ZERO
    slope = partial(node, i)
    return ZERO if slope == ZERO else sum_to(mul(bar, slope), node.axes, child.axes)


def _pull_at(node: At, body: Expr, index: tuple[tuple[str, Expr], ...], bar: Expr) -> Expr:
    """The adjoint of reading is writing: every position read gets back the cotangent of what was read there."""
    moved = [a for a, _ in index]
    taken = set(body.axes) | set(node.axes)
    renames: dict[str, Expr] = {}
    for axis in moved:
        if axis in node.axes:
            renames[axis] = Iota(fresh_axis(axis, taken))
            taken |= renames[axis].axes
    result = _rename(bar, renames)
    axes = {next(iter(renames[a].axes)) if a in renames else a for a in node.axes}
    for axis, position in index:
        result = mul(result, Delta(axis, _rename(position, renames)))
    return sum_to(result, frozenset(axes) | frozenset(moved), body.axes)


def beside(carried: Carried, value: Expr, start: Expr) -> Expr:
    """What is carried, written out: a value read one step away, and the start where there is none."""
    there = add(Iota(carried.axis), Const(Fraction(carried.step)))
    return add(at(value, {carried.axis: there}), mul(Delta(carried.axis, end(carried)), start))


def end(carried: Carried) -> Expr:
    """The position beside the start."""
    return ZERO if carried.step < 0 else add(Size(carried.axis), Const(Fraction(-1)))


def linked(body: Expr, leaves_: set[Expr]) -> set[Expr]:
    """The leaves that a body has a derivative by, as far as its conditions and positions say."""
    return {leaf for leaf, part in pullback(body, Input("bar", tuple(sorted(body.axes))), leaves_).items() if part != ZERO}


def _rename(expr: Expr, renames: dict[str, Expr]) -> Expr:
    present = {a: i for a, i in renames.items() if a in expr.axes}
    return at(expr, present) if present else expr


def sum_to(expr: Expr, have: frozenset[str], want: frozenset[str]) -> Expr:
    """The adjoint of broadcasting: summed over the axes that were not there; one the expression lacks counts its size."""
    extra = sorted(have - want)
    over = tuple(a for a in extra if a in expr.axes)
    absent = [Size(a) for a in extra if a not in expr.axes]
    summed = Reduce("sum", expr, over) if over and expr != ZERO else expr
    return mul(summed, *absent)
