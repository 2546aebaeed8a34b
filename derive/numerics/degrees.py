"""Expressions as powers of exp(shift): what becomes of a program part when the arguments of exponentials are shifted.

With exp(a) written exp(a - shift), every expression is its old self times a power of exp(shift), its degree; a ratio of
degree 0 is unchanged, a logarithm gains degree * shift.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from derive.language.nodes import (
    MINUS_ONE,
    ZERO,
    Add,
    At,
    Call,
    Compare,
    Const,
    Expr,
    Mul,
    Pow,
    Reduce,
    Where,
    add,
    mul,
    negate,
    substitute,
    walk,
)  # fmt: skip
from derive.numerics.exponents import Linear, linear

MOST_PAIRED = 8
SCALING = ("sum", "mean", "max", "min")


class Mixed(Exception):
    """The expression is no power of exp(shift) times something free of it."""


@dataclass(frozen=True)
class Scaled:
    """true value = expr * exp(degree * shift) + extra * shift; never both degree and extra."""

    expr: Expr
    degree: Fraction = Fraction(0)
    extra: Fraction = Fraction(0)


@dataclass(frozen=True)
class Shift:
    """exp(a) becomes exp(a - by) for each of the arguments a; `at_least_one` says that exp(by) is never below 1, so that
    terms without an exponential may take part as multiples of exp(-by); `hidden` names are seen through."""

    arguments: frozenset[Expr]
    by: Expr
    at_least_one: bool
    hidden: dict[Expr, Expr]

    @cached_property
    def degrees(self) -> dict[Linear, int]:
        """How many of the arguments are added up in an argument: 1 for each of them, 2 for a sum of two."""
        seen = [substitute(a, self.hidden) for a in self.arguments]
        pairs = itertools.combinations_with_replacement(seen, 2) if len(seen) <= MOST_PAIRED else ()
        return {linear(add(a, b)): 2 for a, b in pairs} | {linear(a): 1 for a in seen}

    def shifts(self, e: Expr) -> bool:
        """Whether it is an exponential of the arguments, however they are spelled."""
        return isinstance(e, Call) and e.fn == "exp" and self.exponential(e.args[0]) is not None

    def exponential(self, argument: Expr) -> Scaled | None:
        """exp(argument) shifted, where it is an exponential of the arguments."""
        degree = self.degrees.get(linear(substitute(argument, self.hidden)))
        if degree is None:
            return None
        down = negate(self.by) if degree == 1 else mul(Const(Fraction(-degree)), self.by)
        return Scaled(Call("exp", (add(*terms(argument), down),)), Fraction(degree))


def terms(e: Expr) -> tuple[Expr, ...]:
    """The terms of a sum, or the expression itself."""
    return e.args if isinstance(e, Add) else (e,)


def rescaled(body: Expr, shift: Shift, degrees: Mapping[Expr, Fraction]) -> Scaled:
    """The body with its exponentials shifted; `degrees` are those of the names in it. Raises Mixed."""
    done: dict[Expr, Scaled] = {}
    for n in walk(body):
        own = shift.exponential(n.children[0]) if shift.shifts(n) else None
        done[n] = _node(n, [done[c] for c in n.children], shift, degrees) if own is None else own
    return _settled(done[body], shift)


def _node(n: Expr, parts: list[Scaled], shift: Shift, degrees: Mapping[Expr, Fraction]) -> Scaled:
    if not parts:
        return Scaled(n, degrees.get(n, Fraction(0)))
    if isinstance(n, Add):
        return _sum(parts, shift)
    if isinstance(n, Mul) and len(parts) == 2 and isinstance(n.args[0], Const) and parts[1].extra:
        return Scaled(n.rebuild((n.args[0], parts[1].expr)), extra=n.args[0].value * parts[1].extra)
    parts = [_settled(p, shift) for p in parts]
    rebuilt = n.rebuild(tuple(p.expr for p in parts))
    total = [p.degree for p in parts]
    if not any(total):
        return Scaled(rebuilt)
    match n:
        case Mul():
            return Scaled(rebuilt, sum(total, Fraction(0)))
        case Pow(_, Const(power)) if not total[1]:
            return Scaled(rebuilt, total[0] * power)
        case Reduce(how, _, over) if how in SCALING and not set(over) & shift.by.axes:
            return Scaled(rebuilt, total[0])
        case At(_, index) if not any(total[1:]) and not {a for a, _ in index} & shift.by.axes:
            return Scaled(rebuilt, total[0])
        case Call("log", _):
            return Scaled(rebuilt, extra=total[0])
        case Compare() if total[0] == total[1] or ZERO in (parts[0].expr, parts[1].expr):
            return Scaled(rebuilt)
        case Where() if not total[0]:
            chosen, other = _alike(parts[1:], shift)
            return Scaled(n.rebuild((parts[0].expr, chosen.expr, other.expr)), (other if chosen.expr == ZERO else chosen).degree)
    raise Mixed


def _alike(parts: list[Scaled], shift: Shift) -> list[Scaled]:
    """The same values in one degree: 0 has any; one without exponentials is multiplied by exp(-shift), where that is safe."""
    wanted = {p.degree for p in parts if p.expr != ZERO}
    if len(wanted) <= 1:
        return parts
    if not shift.at_least_one or min(wanted) < 0 or any(p.extra for p in parts):
        raise Mixed
    return [_raised(p, max(wanted), shift) for p in parts]


def _raised(p: Scaled, degree: Fraction, shift: Shift) -> Scaled:
    if p.degree == degree or p.expr == ZERO:
        return p
    down = Call("exp", (mul(Const(p.degree - degree), shift.by),))
    return Scaled(mul(p.expr, down), degree)


def _sum(parts: list[Scaled], shift: Shift) -> Scaled:
    """Terms of one degree; what logarithms gained goes next to the argument itself, where it cancels exactly."""
    parts = _alike(parts, shift)
    extra = sum((p.extra for p in parts), Fraction(0))
    summands = [p.expr for p in parts]
    degree = next((p.degree for p in parts if p.expr != ZERO), Fraction(0))
    own = [t for t in summands if t in shift.arguments or (isinstance(t, At) and t.body in shift.arguments)]
    if extra == -1 and own:
        rest = [t for t in summands if t is not own[0]]
        return Scaled(add(*terms(own[0]), mul(MINUS_ONE, shift.by), *rest))
    return Scaled(add(*summands), degree, extra)


def _settled(p: Scaled, shift: Shift) -> Scaled:
    """The same value without extra."""
    return Scaled(add(*terms(p.expr), mul(Const(p.extra), shift.by)), p.degree) if p.extra else p
