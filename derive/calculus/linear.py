"""What certificates read off the shape of an expression: terms of an exponent, factors under a logarithm, degrees."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from derive.calculus.atoms import MEANING
from derive.language.nodes import (
    ONE,
    Add,
    At,
    Call,
    Compare,
    Const,
    Expr,
    Input,
    Mul,
    Param,
    Pow,
    Reduce,
    Ref,
    Size,
    Where,
    mul,
    power,
    walk,
)  # fmt: skip

Bodies = Mapping[str, Expr]
ALWAYS_POSITIVE = ("exp", "normal_cdf", "pi", "inf", "sigmoid", "softplus", "normal_pdf")


def opened(e: Expr, bodies: Bodies) -> Expr:
    """The expression, or what it names; a logsumexp as the logarithm it is."""
    while isinstance(e, Ref) and e.name in bodies and bodies[e.name].axes == e.axes:
        e = bodies[e.name]
    if isinstance(e, Reduce) and e.how == "logsumexp":
        return Call("log", (Reduce("sum", Call("exp", (e.body,)), e.over),))
    return e


def linear(e: Expr, bodies: Bodies) -> list[tuple[Fraction, Expr]]:
    """The expression as a sum of numbers times terms."""
    e = opened(e, bodies)
    if isinstance(e, Const):
        return [(e.value, ONE)]
    if isinstance(e, Add):
        return [t for a in e.args for t in linear(a, bodies)]
    if not isinstance(e, Mul):
        return [(Fraction(1), e)]
    parts = [opened(a, bodies) for a in e.args]
    number = math.prod((p.value for p in parts if isinstance(p, Const)), start=Fraction(1))
    rest = [p for p in parts if not isinstance(p, Const)]
    sums = [p for p in rest if isinstance(p, (Add, Mul))]
    if len(rest) == 1 and sums:
        return [(number * c, t) for c, t in linear(rest[0], bodies)]
    if not sums:
        return [(number, mul(*rest))]
    others = [p for p in rest if p is not sums[0]]
    return [(number * c * d, u) for c, t in linear(sums[0], bodies) for d, u in linear(mul(*others, t), bodies)]


def log_factors(e: Expr, bodies: Bodies, positive: frozenset[str]) -> list[tuple[Fraction, Expr]]:
    """The expression as a product of powers of positive factors and one last factor, whose sign is unknown."""
    known: list[tuple[Fraction, Expr]] = []
    rest: list[Expr] = []
    for c, f in _powers(e, Fraction(1), bodies, positive):
        if is_positive(f, bodies, positive):
            known.append((c, f))
        else:
            rest.append(power(f, Const(c)))
    return [*known, (Fraction(1), mul(*rest))] if rest else known


def _powers(e: Expr, c: Fraction, bodies: Bodies, positive: frozenset[str]) -> list[tuple[Fraction, Expr]]:
    e = opened(e, bodies)
    if isinstance(e, Mul):
        return [p for a in e.args for p in _powers(a, c, bodies, positive)]
    if isinstance(e, Pow) and isinstance(e.exponent, Const):
        n = e.exponent.value
        if (n.denominator == 1 and n.numerator % 2) or is_positive(e.base, bodies, positive):
            return _powers(e.base, c * n, bodies, positive)
    return [(c, e)]


def is_positive(e: Expr, bodies: Bodies, positive: frozenset[str]) -> bool:
    """Whether the shape of an expression shows that it is positive."""
    match opened(e, bodies):
        case Const(value):
            return value > 0
        case Param(name):
            return name in positive
        case Call(fn, _):
            return fn in ALWAYS_POSITIVE
        case Size():
            return True
        case Add(args) | Mul(args):
            return all(is_positive(a, bodies, positive) for a in args)
        case Pow(base, _) | Reduce("sum" | "mean" | "max" | "min", base, _):
            return is_positive(base, bodies, positive)
    return False


@dataclass
class Degrees:
    """A bound on the degree of numerator and denominator, as functions of random values, by expression."""

    bodies: Bodies
    size: Callable[[str], int]
    unit: int
    known: dict[Expr, float] = field(default_factory=dict)

    def of(self, expr: Expr) -> float:
        """The bound for an expression."""
        for node in walk(expr):
            if node not in self.known:
                self.known[node] = self._node(node)
        return self.known[expr]

    def _node(self, e: Expr) -> float:
        d = self.known
        match e:
            case Ref(name) if name in self.bodies:
                return self.of(self.bodies[name])
            case Input() | Ref() | Param():
                return 1
            case Add() | Mul() | Compare():
                return sum(d[c] for c in e.children)
            case Where(_, chosen, other):
                return max(d[chosen], d[other])
            case Pow(base, Const(value)):
                return abs(value.numerator) * max(1.0, d[base])
            case Pow(base, exponent):
                return self._exponential(mul(exponent, Call("log", (base,))))
            case Call(fn, args):
                return self._call(fn, args)
            case Reduce("max" | "min", body, _):
                return d[body]
            case Reduce(_, body, over):
                return max(1.0, d[body]) * self.unit * math.prod(self.size(a) for a in over)
            case At(body, _):
                return d[body]
        return 0

    def _call(self, fn: str, args: tuple[Expr, ...]) -> float:
        if fn in MEANING:
            return self.of(MEANING[fn](*args))
        if fn == "exp":
            return self._exponential(args[0])
        if fn == "log":
            return sum(max(1.0, self.of(f)) for _, f in log_factors(args[0], self.bodies, frozenset())) + 1
        return max(4.0, self.known[args[0]]) if args else 1

    def _exponential(self, argument: Expr) -> float:
        total = 0.0
        for c, t in linear(argument, self.bodies):
            inner = self.of(t.args[0]) if isinstance(t, Call) and t.fn == "log" else self.unit
            total += max(1.0, abs(float(c))) * max(1.0, inner)
        return total
