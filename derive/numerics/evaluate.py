"""Element-wise expressions evaluated in float64 NumPy, kernels included: what generated code will compute."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from derive.language.errors import NotPrintable
from derive.language.nodes import Add, Call, Compare, Const, Expr, Mul, Pow, Where, mul, walk
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
    for node in walk(expr):
        if node not in done:
            known = constant_expr(node) and node.kind == "real"
            done[node] = nearest_double(meaning(node)) if known else apply(node, [done[c] for c in node.children])
    return done[expr]


def apply(node: Expr, args: list[Any]) -> Any:
    """A node at the values of its children."""
    match node:
        case Add():
            return reduce(operator.add, args)
        case Mul():
            return _product(node, args)
        case Pow(_, Const(n)) if n.denominator == 1:
            whole = reduce(operator.mul, [args[0]] * abs(int(n)))
            return whole if n > 0 else 1.0 / whole
        case Pow(_, Const(n)) if n.denominator == 2:
            return np.sqrt(args[0]) ** n.numerator
        case Pow():
            return np.power(args[0], args[1])
        case Compare(op, _, _):
            return COMPARISONS[op](*args)
        case Where():
            return np.where(*args)
        case Call(fn, _):
            return function(fn)(*args)
    raise NotPrintable(f"{node} is not element-wise")


def _product(node: Mul, args: list[Any]) -> Any:
    """Factors above the line times each other, over those below it, as the printer writes them."""
    fixed = [f for f in node.args if constant_expr(f)]
    above = [nearest_double(mul(*fixed))] if fixed else []
    below: list[Any] = []
    for f, a in zip(node.args, args, strict=True):
        if f in fixed:
            continue
        negative = isinstance(f, Pow) and isinstance(f.exponent, Const) and f.exponent.value < 0
        (below if negative else above).append(1.0 / a if negative else a)
    top = reduce(operator.mul, above) if above else 1.0
    return top / reduce(operator.mul, below) if below else top
