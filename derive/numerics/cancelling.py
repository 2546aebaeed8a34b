"""Sums of roots and fractions whose terms cancel, written so that they do not: rows that each say what becomes of one kind of sum.

u + v with opposite signs is (v^2 - u^2) / (v - u); where the squares' difference is one term (roots: x + sqrt(x^2 + b)), that loses
nothing. Fractions are brought over one denominator where the numerator becomes one term: 1 - x^2/(1 + x^2) is 1/(1 + x^2).
Every row is an equality of real numbers, which `stability` proves again for each program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial, reduce

from derive.language.functions import abs as absolute
from derive.language.nodes import (
    ONE,
    Add,
    Call,
    Const,
    Expr,
    Input,
    Mul,
    Param,
    Pow,
    Ref,
    Size,
    add,
    flatten,
    leaves,
    mul,
    power,
    substitute,
    transform,
    walk,
    where,
)  # fmt: skip
from derive.language.program import Let, Program
from derive.numerics.alphabet import Alphabet, spell
from derive.numerics.arguments import sign
from derive.numerics.exponents import HIDDEN
from derive.numerics.lengths import by_length, root_of
from derive.numerics.polynomial import ONE as UNIT
from derive.numerics.polynomial import Monomial, Poly, constant, exponent, letter, letters, minus, plus, raised, scaled, times
from derive.numerics.radicals import Sum, expanded, read_sum, term
from derive.numerics.reading import coefficient, has_exponential
from derive.numerics.scope import given_signs

HALF = Fraction(1, 2)
MOST = Fraction(3, 5)  # of the sum of two squares, beyond which their difference says nothing better than its roots


def uncancelled(program: Program) -> Program:
    """The program with every sum that a row of RULES mends written as the row says, and lengths as such."""
    signs = given_signs(program)
    named: dict[Expr, Expr] = {}
    hidden: dict[Expr, Expr] = {}
    lets: list[Let] = []
    for let in program.lets:
        body = transform(let.body, lambda n: _as_function(n, signs, named))
        body = transform(body, lambda n: _mended(n, signs, named))
        if _is_algebraic(let.body):
            named[let.ref] = substitute(let.body, named)
            if HIDDEN in let.name:
                hidden[let.ref] = named[let.ref]
        lets.append(Let(let.name, transform(body, partial(by_length, signs=signs, hidden=hidden))))
    return replace(program, lets=tuple(lets))


def _is_algebraic(e: Expr) -> bool:
    """Whether it is made of leaves by sums, products and constant powers alone."""
    return all(isinstance(n, (Const, Input, Param, Ref, Size, Add, Mul, Pow)) for n in walk(e))


def _mended(n: Expr, signs: dict[Expr, int], named: dict[Expr, Expr]) -> Expr:
    """The sum by the first row that applies, as it stands or with its names written out."""
    if not isinstance(n, Add) or has_exponential(n):
        return n
    found = _by_rules(flatten(n), signs)
    whole = substitute(n, named) if found is None else n
    if found is None and whole != n:
        found = _by_rules(flatten(whole), signs)
        found = None if found is None else _with_names(found, n, named)
    return n if found is None else found


def _with_names(e: Expr, n: Expr, named: dict[Expr, Expr]) -> Expr:
    """The names of a sum put back where their values occur."""
    for ref in reversed([ref for ref in named if ref in leaves(n, Ref)]):
        e = substitute(e, {named[ref]: ref})
    return e


def _as_function(n: Expr, signs: dict[Expr, int], named: dict[Expr, Expr]) -> Expr:
    """The logarithm of a sum or quotient that is an inverse hyperbolic function of one term, as that function."""
    match n:
        case Call("log", (arg,)) if isinstance(arg := flatten(substitute(arg, named)), (Add, Mul)):
            found = _inverse_sinh(arg, signs) if isinstance(arg, Add) else _inverse_tanh(arg, signs)
            return n if found is None else found
        case Add(args):
            found = next((f for f in (row(args) for row in FUNCTIONS) if f is not None), None)
            return n if found is None else found
    return n


def _power_minus_one(args: tuple[Expr, ...]) -> Expr | None:
    """c (1 + v)^e - c, for a power that is no root."""
    for t in args:
        number, rest = coefficient(t)
        match rest:
            case Pow(Add(terms), e) if ONE in terms and Const(-number) in args and not has_exponential(rest) and not _is_halved(e):
                v = add(*(o for o in terms if o != ONE))
                return add(mul(Const(number), Call("power_minus_one", (v, e))), *(o for o in args if o is not t and o != Const(-number)))
    return None


def _is_halved(e: Expr) -> bool:
    return isinstance(e, Const) and e.value.denominator <= 2


def _error_function(args: tuple[Expr, ...]) -> Expr | None:
    """2 c normal_cdf(v) - c as c erf(v / sqrt(2)), where v is no number times one leaf: of such, local forms are found at 0."""
    for t in args:
        number, rest = coefficient(t)
        whole = Const(-number / 2)
        if isinstance(rest, Call) and rest.fn == "normal_cdf" and whole in args and _is_made(rest.args[0]):
            factors = rest.args[0].args if isinstance(rest.args[0], Mul) else (rest.args[0],)
            root = power(Const(Fraction(2)), Const(HALF))
            argument = mul(*(f for f in factors if f != root)) if root in factors else mul(power(root, Const(Fraction(-1))), *factors)
            return add(mul(Const(number / 2), Call("erf", (argument,))), *(o for o in args if o is not t and o != whole))
    return None


def _is_made(v: Expr) -> bool:
    """Whether an argument is a name, holds exponentials, or has several variables."""
    return has_exponential(v) or bool(leaves(v, Ref)) or len(leaves(v, Input, Param)) > 1


def _versine(args: tuple[Expr, ...]) -> Expr | None:
    """c - c cos(u) as c times 1 - cos(u)."""
    for t in args:
        number, rest = coefficient(t)
        whole = Const(-number)
        if isinstance(rest, Call) and rest.fn == "cos" and whole in args:
            return add(mul(whole, Call("versine", rest.args)), *(o for o in args if o is not t and o != whole))
    return None


def _inverse_sinh(arg: Expr, signs: dict[Expr, int]) -> Expr | None:
    """log(u + sqrt(u^2 + 1))."""
    found = read_sum(arg, signs)
    for u, v in _splits(found) if found is not None else ():
        assert found is not None
        if sign(v, found.book) > 0 and len(u.terms) == 1 and expanded(minus(times(v, v), times(u, u)), found.bases) == (UNIT, ()):
            return Call("arcsinh", (spell(u, found.book),))
    return None


def _inverse_tanh(arg: Expr, signs: dict[Expr, int]) -> Expr | None:
    """log(n / d) with n + d a number: twice the inverse of tanh at (n - d) / (n + d)."""
    match arg:
        case Mul((Add() as n, Pow(Add() as d, Const(e)))) if e == -1:
            book, bases = Alphabet(lambda e: e, signs=dict(signs)), dict[int, Poly]()
            above, below = (plus(*(term(t, book, bases) for t in x.args)) for x in (n, d))
            total, difference = plus(above, below), minus(above, below)
            if len(difference.terms) == 1 and total.terms and not letters(total):
                ((_, c),) = total.terms
                return mul(Const(Fraction(2)), Call("arctanh", (spell(scaled(difference, 1 / c), book),)))
    return None


def _by_rules(n: Expr, signs: dict[Expr, int]) -> Expr | None:
    found = read_sum(n, signs) if isinstance(n, Add) and _holds_roots_or_fractions(n) else None
    return None if found is None else next((form for form in (rule(found) for rule in RULES) if form is not None), None)


def _holds_roots_or_fractions(n: Expr) -> bool:
    """Whether some term has a root, or a sum below the line."""
    factors = [f for t in n.children for f in (t.args if isinstance(t, Mul) else (t,))]
    powers = [f for f in factors if isinstance(f, Pow) and isinstance(f.exponent, Const)]
    return any(_is_root(f) or (isinstance(f.base, Add) and f.exponent.value < 0) for f in powers)  # type: ignore[attr-defined]


def _is_root(f: Expr) -> bool:
    return isinstance(f, Pow) and isinstance(f.exponent, Const) and f.exponent.value.denominator == 2


def _spelled(p: Poly, below: Monomial, book: Alphabet) -> Expr:
    return mul(spell(p, book), *(power(book.expr(k), Const(e)) for k, e in below))


def _same_signs(p: Poly, book: Alphabet) -> bool:
    """Whether no two terms can cancel."""
    return len(p.terms) == 1 or sign(p, book) != 0


def _over_one_denominator(s: Sum) -> Expr | None:
    """a/b + c/d as one fraction, where the terms of its numerator cannot cancel."""
    if not any(exponent(m, k) < 0 for t in s.terms for m, _ in t.terms for k, _ in m if k in s.bases):
        return None
    found = expanded(s.whole, s.bases)
    if found is None or not found[0] or not _same_signs(found[0], s.book) or _same_signs(s.whole, s.book):
        return None
    return _spelled(*found, s.book)


def _conjugate(s: Sum) -> Expr | None:
    """u + v, v never negative, as (v^2 - u^2) / (v + |u|) where u is negative; what both are divided by goes in front."""
    below = _divisor(s.whole)
    inside = _conjugated(replace(s, terms=tuple(times(t, raised(below, -1)) for t in s.terms)))
    return None if inside is None else mul(inside, spell(below, s.book))


def _divisor(p: Poly) -> Poly:
    """The negative powers that some term has, as one term."""
    lowest = {k: min(exponent(m, k) for m, _ in p.terms) for k in letters(p)}
    return reduce(times, (letter(k, e) for k, e in lowest.items() if e < 0), UNIT)


def _conjugated(s: Sum) -> Expr | None:
    for u, v in _splits(s):
        way = sign(v, s.book)
        difference = expanded(minus(times(v, v), times(u, u)), s.bases) if way else None
        if difference is None or not difference[0] or not _same_signs(difference[0], s.book) or sign(u, s.book) == way:
            continue
        if _is_most(difference, expanded(plus(times(v, v), times(u, u)), s.bases)):
            continue
        size_u, size_v = _size(scaled(u, Fraction(way)), s.book), spell(scaled(v, Fraction(way)), s.book)
        side = None if difference[1] else root_of(difference[0], s.book)
        if side is not None and side.axes:
            mended: Expr = Call("hypot_minus", (side, size_u))
        else:
            mended = mul(_spelled(*difference, s.book), power(add(size_v, size_u), Const(Fraction(-1))))
        if not sign(u, s.book):
            mended = where(_negative(scaled(u, Fraction(way)), s.book), mended, add(size_u, size_v))
        return mul(Const(Fraction(way)), mended) if way < 0 else mended
    return None


def _is_most(difference: tuple[Poly, Monomial], total: tuple[Poly, Monomial] | None) -> bool:
    """Whether v^2 - u^2 is 3/5 of v^2 + u^2, term by term: then |u| is at most half of v, and v - |u| loses one bit."""
    if total is None or total[1] != difference[1]:
        return False
    left = dict(difference[0].terms)
    return all(left.get(m, 0) / c >= MOST for m, c in total[0].terms)


def _splits(s: Sum) -> list[tuple[Poly, Poly]]:
    """The ways to take one root out of the sum, as (the rest, it) and the other way round."""
    ways = []
    for i, t in enumerate(s.terms):
        ((m, _),) = t.terms
        rest = plus(*(o for j, o in enumerate(s.terms) if j != i))
        if any(e.denominator == 2 for k, e in m if k > 0) and rest:
            ways += [(rest, t), (t, rest)]
    return ways


def _size(u: Poly, book: Alphabet) -> Expr:
    """|u|, factor by factor for a single term."""
    if sign(u, book):
        return spell(scaled(u, Fraction(sign(u, book))), book)
    if len(u.terms) > 1:
        return absolute(spell(u, book))
    ((m, c),) = u.terms
    unsure = [k for k, e in m if e.numerator % 2 and not sign(letter(k), book)]
    images = {k: letter(book.number(absolute(book.expr(k)))) for k in unsure}
    factors = (raised(images[k], int(e)) if k in images else letter(k, e) for k, e in m)
    return spell(reduce(times, factors, constant(abs(c))), book)


def _negative(u: Poly, book: Alphabet) -> Expr:
    """The condition u < 0, without the factors that are never negative."""
    if len(u.terms) > 1:
        return spell(u, book) < 0
    ((m, c),) = u.terms
    unsure = [book.expr(k) for k, e in m if e.numerator % 2 and not sign(letter(k), book)]
    return mul(*unsure) < 0 if c > 0 else mul(*unsure) > 0


# fmt: off
FUNCTIONS: tuple[Callable[[tuple[Expr, ...]], Expr | None], ...] = (  # sums that are a function which does not cancel, times a number
    _versine,
    _power_minus_one,
    _error_function,
)
RULES: tuple[Callable[[Sum], Expr | None], ...] = (  # what becomes of a sum that may cancel; None where a row does not apply
    _over_one_denominator,
    _conjugate,
)
# fmt: on
