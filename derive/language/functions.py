"""The verbs a definition is written with. All act on expressions with named axes; nothing here knows about floats."""

from __future__ import annotations

from collections.abc import Iterable

from derive.language.errors import DefinitionError
from derive.language.nodes import BATCH, ONE, Call, Compare, Const, Expr, Fraction, Iota, Number, Reduce, Size, as_expr, power, where

__all__ = [
    "abs", "arctan", "argmax", "argmin", "cos", "equal", "erf", "exp", "expm1", "floor", "idx", "log", "log1p", "logsumexp", "max",
    "maximum", "mean", "min", "minimum", "new", "normal_cdf", "not_equal", "pi", "sign", "sin", "size", "sqrt", "sum", "where",
]  # fmt: skip

pi = Call("pi", ())


def _scalar(fn: str, x: Number) -> Expr:
    return Call(fn, (as_expr(x),))


def exp(x: Number) -> Expr:
    """e to the power x."""
    return ONE if as_expr(x) == Const(Fraction(0)) else _scalar("exp", x)


def log(x: Number) -> Expr:
    """Natural logarithm, x > 0."""
    return _scalar("log", x)


def expm1(x: Number) -> Expr:
    """exp(x) - 1; the same real number, written as the literature writes it."""
    return exp(x) - 1


def log1p(x: Number) -> Expr:
    """log(1 + x)."""
    return log(1 + as_expr(x))


def sqrt(x: Number) -> Expr:
    """Square root, x >= 0."""
    return power(as_expr(x), Const(Fraction(1, 2)))


def normal_cdf(x: Number) -> Expr:
    """Probability that a standard normal variable falls below x."""
    return _scalar("normal_cdf", x)


def erf(x: Number) -> Expr:
    """Error function."""
    return _scalar("erf", x)


def sin(x: Number) -> Expr:
    """Sine, in radians."""
    return _scalar("sin", x)


def cos(x: Number) -> Expr:
    """Cosine, in radians."""
    return _scalar("cos", x)


def arctan(x: Number) -> Expr:
    """Inverse tangent, in (-pi/2, pi/2)."""
    return _scalar("arctan", x)


def abs(x: Number) -> Expr:
    """Absolute value; its derivative at 0 is 0."""
    return _scalar("abs", x)


def sign(x: Number) -> Expr:
    """-1, 0 or 1; its derivative is 0 everywhere."""
    return _scalar("sign", x)


def floor(x: Number) -> Expr:
    """Largest integer not above x; its derivative is 0 everywhere."""
    return _scalar("floor", x)


def equal(a: Number, b: Number) -> Expr:
    """The comparison a == b (Python's == compares the expressions themselves)."""
    return Compare("==", as_expr(a), as_expr(b))


def not_equal(a: Number, b: Number) -> Expr:
    """The comparison a != b."""
    return Compare("!=", as_expr(a), as_expr(b))


def maximum(a: Number, b: Number) -> Expr:
    """The larger of two; the first one owns a tie, and the derivative there."""
    a, b = as_expr(a), as_expr(b)
    return where(a >= b, a, b)


def minimum(a: Number, b: Number) -> Expr:
    """The smaller of two; the first one owns a tie, and the derivative there."""
    a, b = as_expr(a), as_expr(b)
    return where(a <= b, a, b)


def _axes_of(x: Expr, over: str | Iterable[str] | None) -> tuple[str, ...]:
    from derive.language.definition import ordered

    if over is None:
        return ordered(x.axes)
    wanted = over.split() if isinstance(over, str) else list(over)
    for axis in wanted:
        if axis not in x.axes:
            raise DefinitionError(
                f"cannot reduce over {axis}: {x} has axes ({', '.join(ordered(x.axes)) or 'none'})"
                + (f"; write \"{BATCH}\" for the leading axes" if BATCH in x.axes and BATCH != axis else "")
            )
    return ordered(frozenset(wanted))


def _reduce(how: str, x: Number, over: str | Iterable[str] | None) -> Expr:
    x = as_expr(x)
    axes = _axes_of(x, over)
    return Reduce(how, x, axes) if axes else x


def sum(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """Sum over the named axes, as in sum(q * k, "D") or sum(w * x, "C I J"); over all of x's axes when none is named."""
    return _reduce("sum", x, over)


def mean(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """Average over the named axes."""
    return _reduce("mean", x, over)


def _one_by_one(how: str, x: Number, over: str | Iterable[str] | None) -> Expr:
    """max over (H, W) is max over H of max over W, so the first tied position in reading order wins."""
    x = as_expr(x)
    for axis in reversed(_axes_of(x, over)):
        x = Reduce(how, x, (axis,))
    return x


def max(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """Largest value along the named axes; the first of several equal ones takes the derivative."""
    return _one_by_one("max", x, over)


def min(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """Smallest value along the named axes; the first of several equal ones takes the derivative."""
    return _one_by_one("min", x, over)


def logsumexp(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """log of the sum of exponentials over the named axes."""
    return _reduce("logsumexp", x, over)


def argmax(x: Number, over: str) -> Expr:
    """Position of the largest value along one axis, the first of several; an integer without derivative."""
    return Reduce("argmax", as_expr(x), _axes_of(as_expr(x), over))


def argmin(x: Number, over: str) -> Expr:
    """Position of the smallest value along one axis, the first of several; an integer without derivative."""
    return Reduce("argmin", as_expr(x), _axes_of(as_expr(x), over))


def size(axis: str) -> Expr:
    """How many positions the axis has."""
    return Size(axis)


def idx(axis: str) -> Expr:
    """The position along an axis, 0, 1, ...: `x.at(L=idx("M"))` reads x along M instead of L."""
    return Iota(axis)


def new(axis: str) -> Expr:
    """The position along an axis that this index map creates: its size follows from what fits (see `Program.sizes`)."""
    return Iota(axis)


