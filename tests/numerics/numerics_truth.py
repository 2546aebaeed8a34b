"""Definitions of one variable evaluated to hundreds of digits, and errors in ulps: what the stable forms are held against.

Everything is evaluated as it is written, at 420 digits: more than 1 - tanh(x)^2 loses before it leaves float64.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from derive.language.nodes import Add, Call, Compare, Const, Expr, Input, Mul, Pow, Where, walk

ctx = mpmath.MPContext()
ctx.dps = 420
SMALLEST_NORMAL = float(np.finfo(float).tiny)
FUNCTIONS = {
    "pi": lambda: +ctx.pi, "inf": lambda: ctx.inf, "exp": ctx.exp, "log": ctx.log, "erf": ctx.erf, "abs": abs, "sign": ctx.sign,
    "normal_cdf": lambda v: ctx.erfc(-v / ctx.sqrt(2)) / 2,
}  # fmt: skip
COMPARE = {">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b}


def truth(expr: Expr, point: float) -> Any:
    """The value of an expression of one input."""
    done: dict[Expr, Any] = {}
    for n in walk(expr):
        done[n] = _node(n, [done[c] for c in n.children], point)
    return done[expr]


def _node(n: Expr, args: list[Any], point: float) -> Any:
    match n:
        case Const(v):
            return ctx.mpf(v.numerator) / v.denominator
        case Input():
            return ctx.mpf(point)
        case Add():
            return ctx.fsum(args)
        case Mul():
            return ctx.fprod(args)
        case Pow(_, Const(e)):
            return args[0] ** int(e) if e.denominator == 1 else ctx.sqrt(args[0]) ** e.numerator
        case Compare(op, _, _):
            return COMPARE[op](*args)
        case Where():
            return args[1] if args[0] else args[2]
        case Call(fn, _):
            return FUNCTIONS[fn](*args)
    raise TypeError(str(n))


def ulps(computed: float, exact: Any) -> float:
    """|computed - exact| in units of the last place of the exact value; infinite where a normal number was lost."""
    size = max(abs(float(exact)), SMALLEST_NORMAL)
    if not np.isfinite(computed) or (computed == 0 and size > SMALLEST_NORMAL):
        return float("inf")
    return float(abs(ctx.mpf(float(computed)) - exact) / float(np.spacing(size)))


def points(limit: float = 745.0) -> Any:
    """Both signs, every exponent up to the limit, more of them where functions bend, and the tails."""
    rng = np.random.default_rng(2)
    exponents = np.concatenate([np.arange(-1022, 10, 24), np.repeat(np.arange(-30, 10), 6)])
    sizes = np.concatenate([np.ldexp(1 + rng.random(len(exponents)), exponents), rng.uniform(0, 40, 160), rng.uniform(0, 3, 100), [5e-324]])
    sizes = np.concatenate([sizes, rng.uniform(30, limit, 60), np.linspace(limit - 40, limit, 12)])
    sizes = sizes[sizes <= limit]
    return np.unique(np.concatenate([sizes, -sizes]))
