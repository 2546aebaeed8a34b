"""Exact constants as floats, and expressions of one variable as high-precision numbers (for fits made while rewriting)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath

from derive.language.errors import NotPrintable
from derive.language.nodes import Add, Call, Compare, Const, Expr, Mul, Pow, Where, walk

DIGITS = 60


@cache
def context() -> Any:
    """A private mpmath context: the global precision is nobody's to change."""
    ctx = mpmath.MPContext()
    ctx.dps = DIGITS
    return ctx


def _table() -> dict[str, Callable[..., Any]]:
    c = context()
    return {
        "pi": lambda: +c.pi, "inf": lambda: c.inf, "exp": c.exp, "log": c.log, "erf": c.erf,
        "normal_cdf": lambda v: c.erfc(-v / c.sqrt(2)) / 2, "sin": c.sin, "cos": c.cos, "arctan": c.atan, "abs": abs,
        "sign": c.sign, "floor": c.floor,
    }  # fmt: skip


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


def value(expr: Expr, leaves: dict[Expr, Any]) -> Any:
    """The expression of primitives at the given values of its leaves, to 60 digits; nan where it is no real number."""
    table, ctx = _table(), context()
    done: dict[Expr, Any] = dict(leaves)
    for node in walk(expr):
        if node not in done:
            found = _node(node, [done[c] for c in node.children], table, ctx)
            done[node] = ctx.nan if isinstance(found, ctx.mpc) else found
    return done[expr]


def _node(node: Expr, args: list[Any], table: dict[str, Callable[..., Any]], ctx: Any) -> Any:
    match node:
        case Const(number):
            return ctx.mpf(number.numerator) / number.denominator
        case Add():
            return sum(args[1:], args[0])
        case Mul():
            result = args[0]
            for a in args[1:]:
                result = result * a
            return result
        case Pow(_, Const(n)) if n.denominator == 1:
            return args[0] ** int(n)
        case Pow():
            return args[0] ** args[1]
        case Compare(op, _, _):
            return COMPARE[op](*args)
        case Where():
            return args[1] if args[0] else args[2]
        case Call(fn, _) if fn in table:
            return table[fn](*args)
    raise NotPrintable(f"{node} has no value without its inputs")


def nearest_double(constant: Expr) -> float:
    """The double nearest to an exact real constant."""
    return float(value(constant, {}))
