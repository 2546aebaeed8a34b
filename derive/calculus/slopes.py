"""Functions whose derivative is a polynomial in themselves: s' = s (1 - s) for the logistic function, t' = 1 - t^2 for the
hyperbolic tangent. Found by exact arithmetic for any quotient of exponentials, whatever it is called; proved as a step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from derive.calculus.algebra import Poly
from derive.calculus.atoms import primitive
from derive.calculus.canonical import Canon
from derive.language.nodes import Add, Call, Const, Expr, Mul, Pow, add, mul, power, walk
from derive.language.program import Let, Program

POINTS = tuple(map(Fraction, (2, 3, 5, 7, 11, 13)))  # values of exp(argument): three give the polynomial, the others check it
Dual = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Slope:
    """d(name) = by * d(argument), where `by` is a polynomial in the name itself."""

    argument: Expr
    by: Expr


def slopes(program: Program, opaque: Canon) -> dict[str, Slope]:
    """The intermediates of a program that have such a slope."""
    found = {let.name: _slope(let, opaque) for let in program.lets}
    return {name: s for name, s in found.items() if s is not None}


def _slope(let: Let, opaque: Canon) -> Slope | None:
    body = primitive(let.body)
    if not any(isinstance(n, Pow) for n in walk(body)):
        return None
    shared = _shared(body, opaque)
    if shared is None:
        return None
    argument, powers = shared
    try:
        coefficients = _fitted([_dual(body, e, powers) for e in POINTS])
    except (ValueError, ZeroDivisionError):
        return None
    terms = (mul(Const(c), power(let.ref, Const(Fraction(k)))) for k, c in enumerate(coefficients) if c)
    return Slope(argument, add(*terms)) if any(coefficients) else None


def _shared(body: Expr, opaque: Canon) -> tuple[Expr, dict[Expr, int]] | None:
    """u, and the whole numbers k with which each exponential in the body is exp(k u); None where there is no such u."""
    calls = [n for n in walk(body) if isinstance(n, Call) and n.fn == "exp"]
    if not calls:
        return None
    first = opaque.poly(calls[0].args[0])
    ratios = [_ratio(opaque.poly(n.args[0]), first) for n in calls]
    known = [r for r in ratios if r is not None]
    if len(known) < len(ratios):
        return None
    below = math.lcm(*(r.denominator for r in known))
    unit = Fraction(math.gcd(*(int(r * below) for r in known)), below)
    return mul(Const(unit), calls[0].args[0]), {n: int(r / unit) for n, r in zip(calls, known, strict=True)}


def _ratio(p: Poly, q: Poly) -> Fraction | None:
    """p / q, if it is a number other than 0."""
    if p.keys() != q.keys() or not p:
        return None
    ratios = {p[m] / q[m] for m in p}
    return ratios.pop() if len(ratios) == 1 else None


def _dual(expr: Expr, e: Fraction, powers: dict[Expr, int]) -> Dual:
    """Value and derivative where exp(u) is e; ValueError for what is no quotient of exponentials."""
    match expr:
        case Const(value):
            return value, Fraction(0)
        case Call() if expr in powers:
            return e ** powers[expr], powers[expr] * e ** powers[expr]
        case Add(args):
            parts = [_dual(a, e, powers) for a in args]
            return sum((v for v, _ in parts), Fraction(0)), sum((d for _, d in parts), Fraction(0))
        case Mul(args):
            value, change = Fraction(1), Fraction(0)
            for v, d in (_dual(a, e, powers) for a in args):
                value, change = value * v, change * v + value * d
            return value, change
        case Pow(base, Const(n)) if n.denominator == 1:
            v, d = _dual(base, e, powers)
            return v ** int(n), int(n) * v ** int(n - 1) * d
    raise ValueError(f"{expr} is no quotient of exponentials")


def _fitted(samples: list[Dual]) -> tuple[Fraction, Fraction, Fraction]:
    """The polynomial of degree 2 through three samples, which the others must lie on; ValueError where they do not."""
    (x, a), (y, b), (z, c) = samples[:3]
    first, second = (b - a) / (y - x), (c - b) / (z - y)
    curve = (second - first) / (z - x)
    line = first - curve * (x + y)
    found = (a - line * x - curve * x * x, line, curve)
    if any(found[0] + found[1] * v + found[2] * v * v != d for v, d in samples):
        raise ValueError("no polynomial of degree 2")
    return found
