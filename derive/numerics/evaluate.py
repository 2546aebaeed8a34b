"""Element-wise expressions evaluated in float64 NumPy, kernels included: what generated code will compute."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from derive.language.errors import NotPrintable
from derive.language.nodes import Add, Call, Compare, Const, Expr, Mul, Pow, Where, mul, power
from derive.numerics import support
from derive.numerics.alphabet import constant_expr
from derive.numerics.constants import nearest_double
from derive.numerics.kernels import KERNELS, meaning

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def function(name: str) -> Callable[..., Any]:
    """The NumPy function that computes a kernel."""
    path = KERNELS[name].numpy
    found: Callable[..., Any] = getattr(np, path.removeprefix("np.")) if path.startswith("np.") else getattr(support, path)
    return found


def evaluate(expr: Expr, leaves: dict[Expr, Any]) -> Any:
    """The expression at float64 values of its leaves."""
    done: dict[Expr, Any] = dict(leaves)

    def value(node: Expr) -> Any:
        if node not in done:
            done[node] = apply(node, value)
        return done[node]

    return value(expr)


def apply(node: Expr, value: Callable[[Expr], Any]) -> Any:
    """An element-wise node, given how to evaluate its children."""
    if constant_expr(node) and node.kind == "real":
        return nearest_double(meaning(node))
    match node:
        case Add():
            return reduce(operator.add, map(value, node.args))
        case Mul():
            return _product(node, value)
        case Pow(base, Const(n)) if n < 0:
            return 1.0 / value(power(base, Const(-n)))
        case Pow(base, Const(n)) if n.denominator == 1:
            return reduce(operator.mul, [value(base)] * int(n))
        case Pow(base, Const(n)) if n.denominator == 2:
            return np.sqrt(value(base)) ** n.numerator
    args = [value(c) for c in node.children]
    match node:
        case Pow():
            return np.power(args[0], args[1])
        case Compare(op, _, _):
            return COMPARISONS[op](*args)
        case Where():
            return np.where(*args)
        case Call(fn, _):
            return function(fn)(*args)
    raise NotPrintable(f"{node} is not element-wise")


def _product(node: Mul, value: Callable[[Expr], Any]) -> Any:
    """Constants as one, factors above the line from left to right, over those below it: as the printer writes them."""
    fixed = [f for f in node.args if constant_expr(f)]
    above = [nearest_double(mul(*fixed))] if fixed else []
    below: list[Any] = []
    for f in node.args:
        if isinstance(f, Pow) and isinstance(f.exponent, Const) and f.exponent.value < 0 and f not in fixed:
            below.append(value(power(f.base, Const(-f.exponent.value))))
        elif f not in fixed:
            above.append(value(f))
    top = reduce(operator.mul, above) if above else 1.0
    return top / reduce(operator.mul, below) if below else top
