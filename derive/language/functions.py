"""The verbs a definition is written with. All act on expressions with named axes; nothing here knows about floats."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from derive.language.annotations import AXIS
from derive.language.errors import DefinitionError, closest
from derive.language.nodes import (
    BATCH,
    INFINITY,
    ONE,
    Call,
    Compare,
    Const,
    Delta,
    Expr,
    Iota,
    Mul,
    Number,
    Reduce,
    Size,
    as_expr,
    exponential,
    flatten,
    held,
    power,
    where,
)
from derive.language.trace import create, listed, ordered

__all__ = [
    "abs",
    "arctan",
    "argmax",
    "argmin",
    "cos",
    "equal",
    "erf",
    "exp",
    "expm1",
    "floor",
    "idx",
    "inf",
    "log",
    "log1p",
    "logsumexp",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "new",
    "normal_cdf",
    "not_equal",
    "onehot",
    "pi",
    "sign",
    "sin",
    "size",
    "sqrt",
    "sum",
    "where",
]

pi = Call("pi", ())
inf = INFINITY


def _scalar(fn: str, x: Number) -> Expr:
    return Call(fn, (as_expr(x),))


def exp(x: Number) -> Expr:
    """e to the power x."""
    return ONE if as_expr(x) == Const(Fraction(0)) else exponential(as_expr(x))


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


def _axes_of(how: str, x: Expr, over: str | Iterable[str] | None) -> tuple[str, ...]:
    """The axes named, checked to be axes of x, in layout order."""
    if over is None:
        return ordered(x.axes)
    if isinstance(over, (Expr, int, float)):
        instead = f"; the larger or smaller of two is {how}imum(a, b)" if how in ("max", "min") else ""
        raise DefinitionError(f'{how} names the axes it removes, as in {how}(x, "N"); got {over!r}{instead}')
    wanted = over.split() if isinstance(over, str) else list(over)
    if not wanted:
        raise DefinitionError(f'{how}(x, "{over}") names no axis; leave it out to reduce over all of {listed(x.axes)}')
    for axis in wanted:
        if axis not in x.axes:
            dots = f'; "{BATCH}" is the name of the leading axes' if BATCH in x.axes else ""
            raise DefinitionError(f"{how} over {axis}: {x.brief} has axes {listed(x.axes)}{closest(axis, x.axes)}{dots}")
    return ordered(frozenset(wanted))


def _reduce(how: str, x: Number, over: str | Iterable[str] | None) -> Expr:
    x = as_expr(x)
    axes = _axes_of(how, x, over)
    return Reduce(how, x, axes) if axes else x


def _contract(how: str, x: Number, over: str | Iterable[str] | None) -> Expr:
    x = as_expr(x)
    if over is not None:
        _check_contraction(how, x, frozenset(_axes_of(how, x, over)))
    return _reduce(how, x, over)


def _check_contraction(how: str, x: Expr, summed: frozenset[str]) -> None:
    """Raise DefinitionError for a sum of a product in which axes that should meet have different names.

    In sum(q * k, "D") with q (L, D) and k (M, K) nothing is contracted: it is k * sum(q, "D"), with K left over.
    Whoever means that can write it so. Where two factors do meet, a third that scales them is no mistake: sum(u * w * a, "D") with a (N).
    """
    whole = flatten(x)
    arrays = [f for f in (whole.args if isinstance(whole, Mul) else ()) if f.axes]
    meeting = _connected([f for f in arrays if f.axes & summed], summed)
    covered = frozenset().union(*(f.axes for group in meeting for f in group))
    strangers = [f for f in arrays if not f.axes & summed and f.axes - covered]
    if len(meeting) > 1 or (meeting and strangers and len(meeting[0]) == 1):
        a, b = meeting[0][0], meeting[1][0] if len(meeting) > 1 else strangers[0]
        raise DefinitionError(
            f"{how} over {', '.join(ordered(summed))}: {a.brief} has axes {listed(a.axes)}, {b.brief} has {listed(b.axes)}; "
            "they share no axis that is reduced, so nothing is contracted. Give the axes that should meet one name; "
            "if none should, reduce each factor alone"
        )


def _connected(arrays: list[Expr], summed: frozenset[str]) -> list[list[Expr]]:
    """The arrays in groups that share reduced axes, directly or through others."""
    groups: list[list[Expr]] = []
    for array in arrays:
        near = [g for g in groups if any(array.axes & other.axes & summed for other in g)]
        groups = [g for g in groups if g not in near] + [[a for g in near for a in g] + [array]]
    return groups


def sum(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """Sum over the named axes, as in sum(q * k, "D") or sum(w * x, "C I J"); over all of x's axes when none is named."""
    return _contract("sum", x, over)


def mean(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """Average over the named axes."""
    return _contract("mean", x, over)


def _one_by_one(how: str, x: Number, over: str | Iterable[str] | None) -> Expr:
    """max over (H, W) is max over H of max over W, so the first tied position in reading order wins."""
    x = as_expr(x)
    for axis in reversed(_axes_of(how, x, over)):
        x = Reduce(how, x, (axis,))
    return x


def _position(how: str, x: Number, over: str) -> Expr:
    x = as_expr(x)
    axes = _axes_of(how, x, over)
    if len(axes) != 1:
        raise DefinitionError(f"{how} gives positions along one axis; got {', '.join(axes) or 'none'}")
    return Reduce(how, x, axes)


def _axis(how: str, axis: str) -> str:
    if not isinstance(axis, str) or not (AXIS.fullmatch(axis) or (axis == BATCH and how == "size")):
        raise DefinitionError(f'{how}(...) takes the name of one axis, as in {how}("N"); got {axis!r}')
    return axis


def max(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """Largest value along the named axes; the first of several equal ones takes the derivative."""
    return _one_by_one("max", x, over)


def min(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """Smallest value along the named axes; the first of several equal ones takes the derivative."""
    return _one_by_one("min", x, over)


def logsumexp(x: Number, over: str | Iterable[str] | None = None) -> Expr:
    """log of the sum of exponentials over the named axes."""
    total = _reduce("logsumexp", x, over)
    return total.rebuild(total.children)


def argmax(x: Number, over: str) -> Expr:
    """Position of the largest value along one axis, the first of several; an integer without derivative."""
    return _position("argmax", x, over)


def argmin(x: Number, over: str) -> Expr:
    """Position of the smallest value along one axis, the first of several; an integer without derivative."""
    return _position("argmin", x, over)


def onehot(index: Number, axis: str) -> Expr:
    """1 at the position along the axis that `index` gives, 0 elsewhere; nothing but 0 for a label that is no position."""
    position = as_expr(index)
    return held(position, Delta(axis, position))


def size(axis: str) -> Expr:
    """How many positions the axis has."""
    return Size(_axis("size", axis))


def idx(axis: str) -> Expr:
    """The position along an axis, 0, 1, ...: `x.at(L=idx("M"))` reads x along M instead of L."""
    return Iota(_axis("idx", axis))


def new(axis: str, *, size: Number | None = None) -> Expr:
    """The position along an axis that this definition creates.

    Its size follows from the windows that fit, where it stands in an index map such as `x.at(H=2 * new("P") + idx("I"))`;
    otherwise it is given: `new("K", size=size("C") // 2)`. The sizes are in `Program.sizes`.
    """
    position = Iota(_axis("new", axis))
    if size is not None:
        create(axis, as_expr(size))
    return position
