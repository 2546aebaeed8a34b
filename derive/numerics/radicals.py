"""Sums of roots and fractions read as exact polynomials: a letter for each leaf, and for each sum that is raised to a power."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from derive.language.nodes import (
    Add,
    Const,
    Expr,
    Mul,
    Pow,
    flatten,
    mul,
    power,
)  # fmt: skip
from derive.numerics.alphabet import Alphabet, spell
from derive.numerics.arguments import sign
from derive.numerics.polynomial import ONE as UNIT
from derive.numerics.polynomial import Monomial, Poly, constant, exponent, gathered, letter, letters, plus, raised, times
from derive.numerics.reading import has_exponential

MOST_TERMS, MOST_POWER = 24, 4


@dataclass(frozen=True)
class Sum:
    """A sum read as terms in letters; `bases` are the letters that stand for sums themselves, each with its polynomial."""

    terms: tuple[Poly, ...]
    bases: dict[int, Poly]
    book: Alphabet

    @property
    def whole(self) -> Poly:
        """All terms together."""
        return plus(*self.terms)


def read_sum(n: Expr, signs: dict[Expr, int]) -> Sum | None:
    """The sum in letters; None when it is too long."""
    book, bases = Alphabet(lambda e: e, signs=dict(signs)), dict[int, Poly]()
    terms = tuple(term(t, book, bases) for t in n.children)
    return None if len(terms) > MOST_TERMS or any(len(t.terms) != 1 for t in terms) else Sum(terms, bases, book)


def term(e: Expr, book: Alphabet, bases: dict[int, Poly]) -> Poly:
    """One term of a sum: a number times powers of letters."""
    match e:
        case Const(value):
            return constant(value)
        case Mul(args):
            return reduce(times, (term(a, book, bases) for a in args), UNIT)
        case Pow(Mul(args), Const(n)) if n.denominator == 1:
            return reduce(times, (term(power(a, Const(n)), book, bases) for a in args), UNIT)
        case Pow(Pow(base, Const(m)), Const(n)) if n.denominator == 1:
            return term(power(base, Const(m * n)), book, bases)
        case Pow(Const(value), Const(n)) if n.denominator == 1:
            return constant(value ** int(n))
        case Pow(base, Const(n)) if not isinstance(base, Mul):
            return letter(_letter(base, book, bases), n)
    return letter(_letter(e, book, bases))


def _letter(e: Expr, book: Alphabet, bases: dict[int, Poly]) -> int:
    number = book.number(e)
    if isinstance(e, Add) and number not in bases and not has_exponential(e):
        parts = [term(t, book, bases) for t in flatten(e).children]
        bases[number] = plus(*parts)
        if sign(bases[number], book) > 0:
            book.signs[e] = 1
    return number


def expanded(p: Poly, bases: dict[int, Poly]) -> tuple[Poly, Monomial] | None:
    """The polynomial as a numerator with every sum multiplied out, over powers of sums; None where that is too long."""
    below: list[tuple[int, Fraction]] = []
    while used := [k for k in reversed(letters(p)) if k in bases]:
        k = used[0]
        lowest = min(exponent(m, k) for m, _ in p.terms)
        below += [(k, lowest)] if lowest else []
        p = times(p, letter(k, -lowest))
        powers = {exponent(m, k) for m, _ in p.terms}
        if any(e.denominator != 1 or e > MOST_POWER for e in powers):
            return None
        p = plus(*(_multiplied_out(m, c, k, bases[k]) for m, c in p.terms))
        if len(p.terms) > MOST_TERMS:
            return None
    return p, tuple(below)


def _multiplied_out(m: Monomial, c: Fraction, k: int, base: Poly) -> Poly:
    rest = gathered([(tuple(ke for ke in m if ke[0] != k), c)])
    return times(rest, raised(base, int(exponent(m, k))))


def _spelled(p: Poly, below: Monomial, book: Alphabet) -> Expr:
    return mul(spell(p, book), *(power(book.expr(k), Const(e)) for k, e in below))
