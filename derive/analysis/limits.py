"""The arithmetic of limits: what tends to a number, or comes near a polynomial in x, as that and a rest that tends to 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy
from mpmath import libmp

from derive.analysis import tails
from derive.analysis.enclosed import is_bounded, rational
from derive.analysis.tails import FLAT, TAILS, Tail

A = tails.A
NONE = tails.number(0)
LEVEL = Tail(A.hull(A.number(0), A.number(1)))  # the slopes of tanh and of the normal distribution are at most 1
X = sympy.Symbol("x", positive=True)  # the distance from 0


@dataclass(frozen=True, eq=False)
class Limit:
    """Bounds of a function far out; where it comes near `to`, a polynomial in X, also those of the rest, which tends to 0."""

    tail: Tail
    to: Any = None
    rest: Tail = NONE


def decays(t: Tail) -> bool:
    """Whether it tends to 0, by its bounds."""
    return t.exact == 0 or (is_bounded(t.bounds) and (t.order < FLAT or t.bounds.low == t.bounds.high == libmp.fzero))


def of(tail: Tail, to: Any = None, rest: Tail = NONE) -> Limit:
    """What is known together; a rest that does not tend to 0 says nothing."""
    if to is not None and decays(rest):
        rest = NONE if rest.bounds.low == rest.bounds.high == libmp.fzero else rest
        return Limit(rest if to == 0 else tail, to, rest)
    return Limit(tail, sympy.Integer(0), tail) if decays(tail) else Limit(tail)


def number(v: Any) -> Limit:
    if isinstance(v, Limit):
        return v
    tail = tails.number(v)
    return Limit(tail) if tail.exact is None else Limit(tail, sympy.Rational(tail.exact.numerator, tail.exact.denominator))


def constant(tail: Tail, value: Any) -> Limit:
    """A number that is no fraction."""
    return Limit(tail, value)


def variable(side: int) -> Limit:
    """x, or -x."""
    return Limit(tails.variable(side), side * X)


def scaled(t: Tail, by: Any) -> Tail:
    """A tail times a polynomial in X."""
    return NONE if by == 0 else tails.mul(tail_of(by), t)


def tail_of(p: Any) -> Tail:
    """A polynomial in X as a tail."""
    result = NONE
    for (n,), c in sympy.Poly(p, X).terms():
        result = tails.add(result, tails.mul(_number(c), tails.power(tails.variable(1), tails.number(n)) if n else tails.number(1)))
    return result


def _number(c: Any) -> Tail:
    if c.is_Rational:
        return tails.number(Fraction(int(c.p), int(c.q)))
    middle, width = Fraction(str(c.evalf(40))), Fraction(1, 10**25)
    return Tail(A.hull(A.number(middle - width), A.number(middle + width)))


def add(x: Limit, y: Limit) -> Limit:
    tail = tails.add(x.tail, y.tail)
    if x.to is None or y.to is None:
        return of(tail)
    return of(tail, x.to + y.to, tails.add(x.rest, y.rest))


def mul(x: Limit, y: Limit) -> Limit:
    tail = tails.mul(x.tail, y.tail)
    if x.to is None or y.to is None:
        return of(tail)
    rest = tails.add(tails.add(scaled(y.rest, x.to), scaled(x.rest, y.to)), tails.mul(x.rest, y.rest))
    return of(tail, sympy.expand(x.to * y.to), rest)


def div(x: Limit, y: Limit) -> Limit:
    tail = tails.div(x.tail, y.tail)
    if x.to is None or y.to is None or y.to == 0:
        return of(tail)
    to, left = sympy.div(x.to, y.to, X) if y.to.free_symbols else (x.to / y.to, sympy.Integer(0))
    rest = tails.add(tails.add(x.rest, tail_of(left)), scaled(y.rest, -to))
    return of(tail, to, tails.div(rest, y.tail))


def power(x: Limit, n: Limit) -> Limit:
    tail = tails.power(x.tail, n.tail)
    whole = n.tail.exact
    if x.to is None or whole is None or whole.denominator != 1 or not 0 < whole <= 8:
        return of(tail, x.to**n.to if whole is not None and x.rest.exact == 0 and is_positive(x.to) else None)
    found = x
    for _ in range(int(whole) - 1):
        found = mul(found, x)
    return of(tail, found.to, found.rest)


def is_positive(c: Any) -> bool:
    """Whether it is a number above 0."""
    return c is not None and not c.free_symbols and bool(c.is_positive or c.evalf(40) > sympy.Float("1e-30"))


def is_number(c: Any) -> bool:
    """Whether it tends to a number."""
    return c is not None and not c.free_symbols


def exp(x: Limit) -> Limit:
    tail = tails.exp(x.tail)
    if not is_number(x.to):
        return of(tail)
    return of(tail, sympy.exp(x.to), scaled(tails.mul(x.rest, _around(x.rest)), sympy.exp(x.to)))


def _around(rest: Tail) -> Tail:
    """(e^r - 1)/r, which lies between e^-|r| and e^|r|."""
    size = A.functions["abs"](tails.constant(rest))
    top = A.functions["exp"](size)
    return Tail(A.hull(A.div(A.number(1), top), top))


def log(x: Limit) -> Limit:
    tail = tails.log(x.tail)
    if not is_positive(x.to):
        return of(tail)
    return of(tail, sympy.log(x.to), _log_rest(scaled(x.rest, 1 / x.to)))


def log1p(x: Limit) -> Limit:
    tail = tails.log1p(x.tail)
    if not is_number(x.to) or not is_positive(1 + x.to):
        return of(tail)
    return of(tail, sympy.log(1 + x.to), _log_rest(scaled(x.rest, 1 / (1 + x.to))))


def _log_rest(r: Tail) -> Tail:
    """log(1 + r), which is r times what lies between 1/(1 + |r|) and 1/(1 - |r|)."""
    size = tails.constant(r)
    if not is_bounded(size) or max(abs(rational(size.low)), abs(rational(size.high))) > Fraction(1, 2):
        return tails.NOTHING
    return tails.mul(r, Tail(A.hull(A.number(Fraction(2, 3)), A.number(2))))


def tanh(x: Limit) -> Limit:
    tail, side = tails.tanh(x.tail), _grows(x.tail)
    if side:
        beyond = tails.exp(tails.mul(tails.number(2 * side), x.tail))
        return of(tail, sympy.Integer(side), tails.div(tails.number(-2 * side), tails.add(tails.number(1), beyond)))
    return of(tail, sympy.tanh(x.to) if is_number(x.to) else None, tails.mul(x.rest, LEVEL))


def normal_cdf(x: Limit) -> Limit:
    tail, side = tails.normal_cdf(x.tail), _grows(x.tail)
    if side > 0:
        return of(tail, sympy.Integer(1), tails.mul(tails.number(-1), tails.normal_cdf(tails.mul(tails.number(-1), x.tail))))
    to = (1 + sympy.erf(x.to / sympy.sqrt(2))) / 2 if is_number(x.to) else None
    return of(tail, to, tails.mul(x.rest, LEVEL))


def _grows(x: Tail) -> int:
    """1 or -1 where it goes to an infinity, 0 where that is not known."""
    return strict(x.bounds) if x.order > FLAT else 0


def strict(x: Any) -> int:
    """The sign of an interval without 0; 0 for any other."""
    if x.low is None:
        return 0
    return 1 if libmp.mpf_sign(x.low) > 0 else -1 if libmp.mpf_sign(x.high) < 0 else 0


def plain(name: str) -> Callable[..., Limit]:
    """A function of which bounds alone are known."""
    return lambda *x: of(tails.FUNCTIONS[name](*(v.tail for v in x)))


FUNCTIONS: dict[str, Callable[..., Limit]] = {
    **{name: plain(name) for name in tails.FUNCTIONS},
    "pi": lambda: constant(tails.FUNCTIONS["pi"](), sympy.pi),
    "exp": exp,
    "log": log,
    "log1p": log1p,
    "tanh": tanh,
    "normal_cdf": normal_cdf,
}

LIMITS = replace(
    TAILS, number=number, add=add, mul=mul, div=div, power=power, functions=FUNCTIONS,
    compare=lambda op, x, y: tails.compare(op, x.tail, y.tail), hull=lambda x, y: of(tails.hull(x.tail, y.tail)),
    interval=lambda x: x.tail.bounds, unknown=Limit(tails.NOTHING), undefined=Limit(TAILS.undefined),
)  # fmt: skip
