"""Powers of a^2 + b^2 by the length of (a, b), whose squares are never taken."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isqrt

from derive.language.nodes import (
    Add,
    Call,
    Const,
    Expr,
    Mul,
    Pow,
    flatten,
    mul,
    power,
)  # fmt: skip
from derive.numerics.alphabet import Alphabet
from derive.numerics.arguments import sign
from derive.numerics.polynomial import Poly, letter
from derive.numerics.radicals import read_sum
from derive.numerics.reading import coefficient

HALF = Fraction(1, 2)


def by_length(n: Expr, signs: dict[Expr, int], hidden: Mapping[Expr, Expr]) -> Expr:
    """Powers of a^2 + b^2 by the length hypot(a, b), whose squares cannot overflow: fractional powers, and
    quotients with a above the line."""
    match n:
        case Pow(base, Const(e)) if e.denominator > 1:
            found = _length(hidden.get(base, base), signs)
            return n if found is None else power(Call("hypot", found), Const(2 * e))
        case Mul(args):
            apart = flatten(mul(*(_distributed(f) for f in args)))
            return next((q for f in apart.children if (q := _over_length(apart, f, signs, hidden)) is not None), n)
    return n


def _distributed(f: Expr) -> Expr:
    """(4 s)^2 as 16 s^2."""
    match f:
        case Pow(Mul((Const(), Add()) | (Add(), Const()) as args), Const(k)) if k.denominator == 1:
            return mul(*(power(a, Const(k)) for a in args))
    return f


def _over_length(n: Expr, below: Expr, signs: dict[Expr, int], hidden: Mapping[Expr, Expr]) -> Expr | None:
    """a^m / (a^2 + b^2)^k by a / hypot(a, b), which is never above 1."""
    match below:
        case Pow(base, Const(k)) if k.denominator == 1 and k < 0:
            found = _length(hidden.get(base, base), signs)
        case _:
            return None
    for a, b in (found, found[::-1]) if found is not None else ():
        for f in n.children:
            x, m = (f.base, f.exponent.value) if isinstance(f, Pow) and isinstance(f.exponent, Const) else (f, Fraction(1))
            factor, rest = coefficient(a)
            if x.axes and rest == x and m.denominator == 1 and m > 0:
                shared = Fraction(min(m, -2 * k))
                part = mul(
                    power(Const(factor), Const(-shared)), power(Call("over_length", (a, b)), Const(shared)), power(x, Const(m - shared))
                )
                others = [o for o in n.children if o is not f and o is not below]
                return flatten(mul(*others, part, power(Call("hypot", (a, b)), Const(2 * k + shared))))
    return None


def _length(base: Expr, signs: dict[Expr, int]) -> tuple[Expr, ...] | None:
    """a and b of a^2 + b^2; a constant is the square of its root."""
    if not isinstance(base, Add) or len(base.args) != 2:
        return None
    found = read_sum(flatten(base), signs)
    roots = tuple(r for t in found.terms if (r := root_of(t, found.book)) is not None) if found is not None else ()
    return roots if len(roots) == 2 and any(r.axes for r in roots) else None


def root_of(t: Poly, book: Alphabet) -> Expr | None:
    """A number whose square the sum is; None where that is no term, or no square of something known."""
    if len(t.terms) != 1:
        return None
    ((m, c),) = t.terms
    if c <= 0 or any(e.numerator % 2 and (not sign(letter(k), book) or book.expr(k).axes) for k, e in m if k > 0):
        return None
    half = [power(book.expr(k), Const(e * HALF)) for k, e in m]
    return mul(_root_of_number(c), *half)


def _root_of_number(c: Fraction) -> Expr:
    exact = Fraction(isqrt(c.numerator), isqrt(c.denominator))
    return Const(exact) if exact * exact == c else power(Const(c), Const(HALF))
