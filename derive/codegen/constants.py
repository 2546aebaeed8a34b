"""Exact constants: which expressions are numbers known before the code runs, and their nearest doubles."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath

from derive.language.errors import NotPrintable
from derive.language.nodes import Add, Call, Const, Expr, Mul, Pow, leaves, walk

DIGITS = 60

# fmt: off
FUNCTIONS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "exp":        lambda mp: mp.exp,
    "log":        lambda mp: mp.log,
    "expm1":      lambda mp: mp.expm1,
    "log1p":      lambda mp: mp.log1p,
    "tanh":       lambda mp: mp.tanh,
    "sin":        lambda mp: mp.sin,
    "cos":        lambda mp: mp.cos,
    "arctan":     lambda mp: mp.atan,
    "erf":        lambda mp: mp.erf,
    "normal_cdf": lambda mp: mp.ncdf,
    "abs":        lambda mp: mp.fabs,
    "sign":       lambda mp: mp.sign,
    "floor":      lambda mp: mp.floor,
    "pi":         lambda mp: lambda: +mp.pi,
    "inf":        lambda mp: lambda: mp.inf,
}
# fmt: on


def is_constant(expr: Expr) -> bool:
    """Whether the expression is a number that can be folded now: made of rationals, powers and known functions."""
    return all(isinstance(n, (Const, Add, Mul, Pow)) or (isinstance(n, Call) and n.fn in FUNCTIONS) for n in walk(expr))


def is_irrational(expr: Expr) -> bool:
    """Whether a constant needs folding: it holds a function or a root."""
    return is_constant(expr) and bool(leaves(expr, Call, Pow))


def nearest(expr: Expr) -> float:
    """The double nearest to a constant expression.

    >>> nearest(Call("pi", ()))
    3.141592653589793
    """
    context = mpmath.MPContext()
    context.dps = DIGITS
    try:
        value = _evaluate(expr, context)
    except (ZeroDivisionError, ValueError):  # 1/0, log(0)
        value = context.nan
    infinite = any(isinstance(n, Call) and n.fn == "inf" for n in walk(expr))
    if not isinstance(value, context.mpf) or not (context.isfinite(value) or (infinite and not context.isnan(value))):
        raise NotPrintable(f"{expr} is no finite real number")
    return float(value)


def has_no_value(expr: Expr) -> bool:
    """Whether a constant is no number, as 1/0, which a branch that is not taken may hold."""
    if not is_irrational(expr):
        return False
    try:
        nearest(expr)
    except NotPrintable:
        return True
    return False


def _evaluate(expr: Expr, context: Any) -> Any:
    parts = [_evaluate(c, context) for c in expr.children]
    match expr:
        case Const(value):
            return context.mpf(value.numerator) / value.denominator
        case Add():
            return context.fsum(parts)
        case Mul():
            return context.fprod(parts)
        case Pow():
            return context.power(*parts)
        case Call(fn):
            return FUNCTIONS[fn](context)(*parts)
    raise NotPrintable(f"{expr} is no constant")


def literal(value: Fraction | float) -> int | float:
    """The shortest literal of a rational: an int where it is a small whole number, else the nearest double."""
    if isinstance(value, float):
        return value
    if value.denominator == 1 and abs(value) < 2**53:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        raise NotPrintable(f"{value} is beyond the largest double") from None


def is_decimal(value: Fraction) -> bool:
    """Whether the literal of a rational shows it exactly, as 0.044715 does and 0.3333333333333333 does not."""
    return Fraction(repr(literal(value))) == value
