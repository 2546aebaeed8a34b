"""What the letters of polynomials stand for: leaves, opaque subtrees, and the special letters exp(u), log(f), normal_cdf(v)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce

from derive.language.nodes import Call, Const, Expr, Input, Param, Ref, Size, add, leaves, mul, power
from derive.numerics.polynomial import PI, Monomial, Poly, constant, letter, letters, scaled, times
from derive.numerics.ratio import Ratio

NEVER_NEGATIVE = ("abs", "hypot", "exp", "exp_polynomial", "exp_product", "exp_quotient", "normal_cdf", "normal_tail_ratio")


@dataclass
class Alphabet:
    """The letters met while one expression is read, numbered from 1 in order of appearance.

    `exps`, `cdfs` and `logs` say of a letter that it is exp(u), normal_cdf(v) or log(f);
    `nested` gives the letters of fractions that stand inside exponentials. `opaque` gives the stable form of a
    subtree that is not looked into; `signs` holds expressions known to be never negative (1) or never positive (-1).
    With a `focus`, exponentials in trees that hold none of it are not looked into. `largest` are names of largest values.
    """

    opaque: Callable[[Expr], Expr]
    spelled: list[Expr] = field(default_factory=list)
    numbers: dict[Expr, int] = field(default_factory=dict)
    exps: dict[int, Poly] = field(default_factory=dict)
    cdfs: dict[int, Poly] = field(default_factory=dict)
    logs: dict[int, Poly] = field(default_factory=dict)
    nested: dict[Ratio, int] = field(default_factory=dict)
    signs: dict[Expr, int] = field(default_factory=dict)
    focus: frozenset[Expr] = frozenset()
    largest: frozenset[Expr] = frozenset()

    def number(self, expr: Expr) -> int:
        """The letter that stands for the expression."""
        if expr not in self.numbers:
            self.spelled.append(expr)
            self.numbers[expr] = len(self.spelled)
        return self.numbers[expr]

    def expr(self, number: int) -> Expr:
        """What a letter stands for."""
        if number < 0:
            return Call("pi", ()) if number == PI else Const(Fraction(-number))
        return self.spelled[number - 1]

    def sign_of(self, expr: Expr) -> int:
        """1 or -1 when the expression is known to have this sign (or to be 0), else 0."""
        if isinstance(expr, Size) or (isinstance(expr, Call) and expr.fn in NEVER_NEGATIVE):
            return 1
        return self.signs.get(expr, 0)

    def is_special(self, p: Poly) -> bool:
        """Whether an exponential, a logarithm of one or a normal_cdf occurs."""
        return any(k in self.exps or k in self.cdfs or k in self.logs for k in letters(p))

    def is_constant(self, p: Poly) -> bool:
        """Whether the polynomial is one real number, known without any input."""
        return all(k < 0 or constant_expr(self.expr(k)) for k in letters(p))


def constant_expr(e: Expr) -> bool:
    """Whether the expression is one real number, known without any input or parameter."""
    return not e.axes and not leaves(e, Input, Param, Ref, Size)


def exponential(u: Poly, book: Alphabet) -> Poly:
    """exp(u): a power of the letter of its base, u with first coefficient 1; arguments in proportion share a letter."""
    if not u:
        return constant(Fraction(1))
    if book.is_constant(u):
        return letter(book.number(Call("exp", (spell(u, book),))))
    lead = u.terms[0][1]
    base = scaled(u, 1 / lead)
    number = book.number(Call("exp", (spell(base, book),)))
    book.exps[number] = base
    return letter(number, lead)


def distribution(v: Poly, book: Alphabet) -> Poly:
    """normal_cdf(v), for v with positive first coefficient; exp(v^2) becomes the letter it is written with."""
    number = book.number(Call("normal_cdf", (spell(v, book),)))
    book.cdfs[number] = v
    exponential(times(v, v), book)
    return letter(number)


def logarithm(f: Poly, book: Alphabet) -> Poly:
    """log(f)."""
    number = book.number(Call("log", (spell(f, book),)))
    if book.is_special(f):
        book.logs[number] = f
    return letter(number)


def spell(p: Poly, book: Alphabet) -> Expr:
    """The polynomial as an expression, term by term."""
    if not p:
        return Const(Fraction(0))
    first = next((i for i, (_, c) in enumerate(p.terms) if c > 0), 0)
    return add(*(spell_term(m, c, book) for m, c in (*p.terms[first:], *p.terms[:first])))


def spell_term(monomial: Monomial, c: Fraction, book: Alphabet) -> Expr:
    """One term: an exact constant, then letters above the line, then letters below it."""
    known = [(k, e) for k, e in monomial if k < 0 or constant_expr(book.expr(k))]
    rest = sorted(((k, e) for k, e in monomial if (k, e) not in known), key=lambda ke: (ke[1] < 0, ke[0]))
    exact = mul(Const(c), *(power(book.expr(k), Const(e)) for k, e in known))
    factors = [power(book.expr(k), Const(e)) for k, e in rest]
    return mul(exact, *factors)


def constant_root(value: Fraction, exponent: Fraction) -> Poly:
    """A positive rational to a rational power, by the powers of its primes."""
    powers = {k: e * exponent for k, e in _primes(value.numerator).items()}
    powers |= {k: -e * exponent for k, e in _primes(value.denominator).items()}
    return reduce(times, (letter(-k, e) for k, e in powers.items()), constant(Fraction(1)))


def _primes(n: int) -> dict[int, int]:
    found: dict[int, int] = {}
    divisor = 2
    while n > 1:
        if divisor > 10_000:
            divisor = n
        while n % divisor == 0:
            found[divisor] = found.get(divisor, 0) + 1
            n //= divisor
        divisor += 1
    return found
