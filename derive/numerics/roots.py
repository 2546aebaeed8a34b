"""Local forms around the roots of a function of one variable: there terms cancel, whatever is done about exponentials.

Where the stable form of a function without parameters loses digits next to a root r of order m, it is replaced within a radius by
(x - r)^m times a polynomial, fitted to f(x) / (x - r)^m in high precision while the program is rewritten, with r in two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from derive.language.nodes import Add, Call, Const, Expr, Pow, leaves, substitute, walk
from derive.numerics.constants import context, value
from derive.numerics.evaluate import evaluate
from derive.numerics.kernels import meaning
from derive.numerics.scope import atoms

ACCURATE = 2.0**-60
TOLERATED_ULPS = 3.0
TINY = 1e-40
POINTS, MOST_TERMS = 56, 40
RADII = (Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(3, 2))
CURVED = ("sin", "cos", "arctan", "log")
Function = Callable[[Any], Any]


@cache
def with_roots(stable: Expr, exact: Expr) -> Expr:
    """The stable form, replaced by a local one near each root where it loses digits; `exact` is what it means."""
    variables = atoms(exact)
    if len(variables) != 1 or not variables >= atoms(stable):
        return stable
    (x,) = variables
    exact = meaning(exact)
    f, plain = _function(exact, x), stable
    for root in _roots(plain, f, x):
        if _loses_digits(plain, f, x, _near(root)):
            stable = _local(stable, plain, f, x, root)
    return stable


@cache
def with_root_at_zero(e: Expr) -> Expr:
    """A sum of functions of one variable, with a local form at 0 where it vanishes there and loses digits; a sum that divides by
    powers of the variable is not evaluated at small ones."""
    variables = atoms(e)
    if not isinstance(e, Add) or len(variables) != 1 or not any(n.fn in CURVED for n in leaves(e, Call)):  # type: ignore[attr-defined]
        return e
    (x,) = variables
    f = _function(meaning(e), x)
    if not _tends_to_zero(f) or not _loses_digits(e, f, x, _near(0)):
        return e
    divided = any(isinstance(n, Pow) and n.base == x and isinstance(n.exponent, Const) and n.exponent.value < 0 for n in walk(e))
    apart = substitute(e, {x: Call("beyond_quarter", (x,))}) if divided else e
    local = _local(apart, e, f, x, context().zero)
    return e if local == apart else local


def _tends_to_zero(f: Function) -> bool:
    try:
        return bool(abs(f(context().mpf(2) ** -60)) < 2.0**-50)
    except (ValueError, ZeroDivisionError, OverflowError):
        return False


def _roots(stable: Expr, f: Function, x: Expr) -> Iterator[Any]:
    """The roots where f changes sign, and 0 where it is one."""
    zero = _vanishes_at_zero(f)
    if zero:
        yield context().zero
    for a, b in _sign_changes(stable, x):
        root = None if zero and a < 0 < b else _root(f, a, b)
        if root is not None:
            yield root


def _vanishes_at_zero(f: Function) -> bool:
    try:
        return bool(abs(f(context().zero)) < TINY)
    except (ValueError, ZeroDivisionError, OverflowError):
        return False


def _grid() -> Any:
    wide = 2.0 ** np.arange(-20.0, 10.0, 0.25)
    near = np.arange(1, 640) / 16.0
    half = np.unique(np.concatenate([wide, near]))
    return np.concatenate([-half[::-1], half])


def _sign_changes(stable: Expr, x: Expr) -> Iterator[tuple[float, float]]:
    points = _grid()
    with np.errstate(all="ignore"):
        y = np.broadcast_to(evaluate(stable, {x: points}), points.shape)
    usable = np.isfinite(y) & (y != 0)
    points, y = points[usable], y[usable]
    for i in np.flatnonzero(np.sign(y[1:]) != np.sign(y[:-1])):
        yield float(points[i]), float(points[i + 1])


def _root(f: Function, a: float, b: float) -> Any:
    ctx = context()
    try:
        root = ctx.findroot(f, (a, b), solver="anderson", tol=ctx.mpf(10) ** -100, maxsteps=100)
    except (ValueError, ZeroDivisionError, ctx.NoConvergence):
        return None
    return root if a < root < b else None


def _function(exact: Expr, x: Expr) -> Function:
    return lambda v: value(exact, {x: v})


def _near(root: Any) -> list[float]:
    return [float(root) + s * 2.0**-k for k in range(2, 30, 3) for s in (-1, 1)]


def _loses_digits(stable: Expr, f: Function, x: Expr, points: list[float]) -> bool:
    """Whether the stable form is off by more than a few ulps at one of the points."""
    with np.errstate(all="ignore"):
        y = np.broadcast_to(evaluate(stable, {x: np.array(points)}), len(points))
    for p, v in zip(points, y, strict=True):
        truth = f(context().mpf(p))
        if truth and truth == truth and not abs(context().mpf(float(v)) - truth) <= TOLERATED_ULPS * float(np.spacing(abs(float(truth)))):
            return True
    return False


def _local(stable: Expr, plain: Expr, f: Function, x: Expr, root: Any) -> Expr:
    """`near_root` with its numbers, for the first radius outside of which the plain form is accurate; the widest that fits
    if there is none; the stable form itself when no polynomial of moderate degree fits."""
    order = _multiplicity(f, root)
    best = None
    for radius in RADII:
        coefficients = _fit(f, root, order, float(radius))
        if coefficients is not None:
            best = [float(radius), float(root), float(root - float(root)), float(order), *coefficients]
            edge = [float(root) + s * float(radius) * t for s in (-1, 1) for t in (1.01, 1.07, 1.15, 1.25)]
            if not _loses_digits(plain, f, x, edge):
                break
    return stable if best is None else Call("near_root", (stable, x, *(Const(Fraction(n)) for n in best)))


def _multiplicity(f: Function, root: Any) -> int:
    step = context().mpf(2) ** -24
    return round(float(context().log(abs(f(root + step) / f(root + step / 2)), 2)))


def _fit(f: Function, root: Any, order: int, radius: float) -> list[float] | None:
    """The coefficients, highest first, of the polynomial that f(root + u) / u^order is for |u| <= radius (by interpolation at
    Chebyshev's points, cut where the rest is negligible)."""
    ctx = context()
    angles = [(k + ctx.mpf(1) / 2) * ctx.pi / POINTS for k in range(POINTS)]
    nodes = [radius * ctx.cos(a) for a in angles]
    values = [f(root + u) / u**order for u in nodes]
    series = [2 * ctx.fdot(values, [ctx.cos(j * a) for a in angles]) / POINTS for j in range(POINTS)]
    series[0] /= 2
    allowed = ACCURATE * min(abs(v) for v in values)
    terms = next((n for n in range(POINTS) if sum(abs(c) for c in series[n:]) < allowed), POINTS)
    if terms > MOST_TERMS:
        return None
    return [float(c / ctx.mpf(radius) ** k) for k, c in reversed(list(enumerate(_powers(series[:terms]))))]


def _powers(series: list[Any]) -> list[Any]:
    """A sum of Chebyshev polynomials as coefficients of powers, lowest first."""
    previous, current = [1], [0, 1]
    total = [series[0]] + [0] * (len(series) - 1)
    for c in series[1:]:
        total = [t + c * (current[k] if k < len(current) else 0) for k, t in enumerate(total)]
        doubled = [0, *(2 * v for v in current)]
        following = [v - (previous[k] if k < len(previous) else 0) for k, v in enumerate(doubled)]
        previous, current = current, following
    return total
