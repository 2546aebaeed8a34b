"""Arguments of exponentials: their sign, and the kernel that evaluates exp of them without losing digits.

The absolute error of an argument is the relative error of its exponential, so exp(-x^2/2) with x^2/2 rounded loses
hundreds of ulps in the tail. Polynomials in one variable, products and quotients go to kernels that keep the argument in pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derive.language.nodes import MINUS_ONE, ZERO, Call, Const, Expr, add, as_expr, mul, negate, power
from derive.numerics.alphabet import Alphabet, constant_expr, spell
from derive.numerics.constants import nearest_double
from derive.numerics.polynomial import Poly, by_power, gathered, letters, scaled


def known_sign(number: int, book: Alphabet) -> int:
    """1 or -1 when the letter has this sign (or is 0) at every input, else 0."""
    if number < 0:
        return 1
    return book.sign_of(book.expr(number))


def sign(p: Poly, book: Alphabet) -> int:
    """1 or -1 when the polynomial has this sign (or is 0) at every input, else 0."""
    signs = set()
    for monomial, c in p.terms:
        total = 1 if c > 0 else -1
        for k, e in monomial:
            total *= 1 if e.numerator % 2 == 0 or e.denominator % 2 == 0 else known_sign(k, book)
        signs.add(total)
    return signs.pop() if len(signs) == 1 else 0


def variables(p: Poly, book: Alphabet) -> list[int]:
    """The letters that are not constants."""
    return [k for k in letters(p) if k > 0 and not constant_expr(book.expr(k))]


def _odd_letters(p: Poly, book: Alphabet) -> list[int] | None:
    """The letters whose signs decide the sign of p: those of one term, or the only one of an odd polynomial; else None."""
    undecided = [k for k in variables(p, book) if known_sign(k, book) == 0]
    if len(p.terms) == 1:
        return [k for k in undecided if dict(p.terms[0][0])[k].numerator % 2]
    if len(undecided) == 1 and all(dict(m).get(undecided[0], Fraction(0)).numerator % 2 for m, _ in p.terms):
        image = book.number(Call("abs", (book.expr(undecided[0]),)))
        return undecided if sign(_with_letter(p, undecided[0], image), book) == 1 else None
    return None


def nonnegative(p: Poly, book: Alphabet) -> Expr:
    """The condition p >= 0, for p with positive first coefficient, without evaluating what might overflow."""
    odd = _odd_letters(p, book)
    if not odd or p.terms[0][1] < 0:
        return spell(p, book) >= 0
    *signs, last = [book.expr(k) for k in odd]
    return mul(*(Call("sign", (s,)) for s in signs), last) >= 0


def magnitude(p: Poly, book: Alphabet) -> Poly | None:
    """|p| as a polynomial (letters replaced by their absolute values), or None."""
    decided = sign(p, book)
    if decided:
        return scaled(p, Fraction(decided))
    odd = _odd_letters(p, book)
    if odd is None:
        return None
    for k in odd:
        p = _with_letter(p, k, book.number(Call("abs", (book.expr(k),))))
    decided = sign(p, book)
    return scaled(p, Fraction(decided)) if decided else None


def _with_letter(p: Poly, old: int, new: int) -> Poly:
    return gathered((tuple(sorted((new if k == old else k, e) for k, e in m)), c) for m, c in p.terms)


def clipped(p: Poly, book: Alphabet, side: int) -> Expr:
    """max(p, 0) for side 1, max(-p, 0) for side -1 and |p| for side 0, by changing a letter where that is enough."""
    if side == 0:
        return negate(minus_magnitude(p, book))
    odd = _odd_letters(p, book)
    if odd and len(odd) == 1:
        x = book.expr(odd[0])
        image = Call("maximum", (x if side > 0 else negate(x), ZERO))
        return spell(_with_letter(p, odd[0], book.number(image)), book)
    return Call("maximum", (mul(Const(Fraction(side)), spell(p, book)), ZERO))


def exp_minus_magnitude(p: Poly, book: Alphabet) -> Expr:
    """exp(-|p|)."""
    size = magnitude(p, book)
    if size is None:
        return Call("exp", (negate(Call("abs", (spell(p, book),))),))
    return exp_of(scaled(size, Fraction(-1)), book)


def minus_magnitude(p: Poly, book: Alphabet) -> Expr:
    """-|p|, in working precision."""
    size = magnitude(p, book)
    return negate(Call("abs", (spell(p, book),))) if size is None else spell(scaled(size, Fraction(-1)), book)


def expm1_minus_magnitude(p: Poly, book: Alphabet) -> Expr:
    """exp(-|p|) - 1; for p = 2 x as (exp(-|x|) - 1)(exp(-|x|) + 1), since 2 x may overflow."""
    size = magnitude(p, book)
    factors: list[Expr] = []
    while size is not None and len(size.terms) == 1 and _dyadic(size.terms[0][1]) and abs(size.terms[0][1]) > 1:
        size = p = scaled(size, Fraction(1, 2))
        factors.append(1 + exp_minus_magnitude(p, book))
    return mul(Call("expm1", (minus_magnitude(p, book),)), *factors)


def exp_of(p: Poly, book: Alphabet) -> Expr:
    """exp(p), by the kernel that fits the shape of p."""
    for form in FORMS:
        found = form(p, book)
        if found is not None:
            return found
    return Call("exp", (spell(p, book),))


def _plain(p: Poly, book: Alphabet) -> Expr | None:
    """c x with c a power of two: nothing is rounded. exp(2 x) is exp(x)^2, since 2 x may overflow where exp(2 x) is 0."""
    if len(p.terms) != 1 or len(p.terms[0][0]) != 1 or not _dyadic(p.terms[0][1]) or p.terms[0][0][0][1] != 1:
        return None
    size = abs(p.terms[0][1])
    if size <= 1:
        return Call("exp", (spell(p, book),))
    return power(Call("exp", (spell(scaled(p, 1 / size), book),)), Const(size)) if size <= 4 else None


def _polynomial(p: Poly, book: Alphabet) -> Expr | None:
    """A polynomial in one variable with constant coefficients."""
    unknown = variables(p, book)
    if len(unknown) != 1:
        return None
    parts = by_power(p, unknown[0])
    if any(e.denominator != 1 or e < 1 or e > 6 for e in parts):
        return None
    pairs: list[Expr] = []
    for k in range(1, int(max(parts)) + 1):
        pairs.extend(_pair(spell(parts[Fraction(k)], book)) if Fraction(k) in parts else (ZERO, ZERO))
    return Call("exp_polynomial", (book.expr(unknown[0]), *pairs))


def _pair(c: Expr) -> tuple[Expr, Expr]:
    """An exact constant as a double and the exact rest."""
    high = as_expr(Fraction(nearest_double(c)))
    return high, ZERO if c == high else add(c, mul(MINUS_ONE, high))


def _dyadic(c: Fraction) -> bool:
    """Whether multiplying by c only moves the exponent."""
    return abs(c.numerator) & (abs(c.numerator) - 1) == 0 and c.denominator & (c.denominator - 1) == 0


def _two_letters(p: Poly, exponents: tuple[int, int]) -> tuple[int, int, Fraction] | None:
    if len(p.terms) != 1 or len(p.terms[0][0]) != 2 or not _dyadic(p.terms[0][1]):
        return None
    (monomial, c) = p.terms[0]
    ordered = sorted(monomial, key=lambda ke: (-ke[1], ke[0]))
    if any(k < 0 for k, _ in monomial) or [e for _, e in ordered] != [Fraction(e) for e in exponents]:
        return None
    return ordered[0][0], ordered[1][0], c


def _product(p: Poly, book: Alphabet) -> Expr | None:
    found = _two_letters(p, (1, 1))
    return found and Call("exp_product", (mul(Const(found[2]), book.expr(found[0])), book.expr(found[1])))


def _quotient(p: Poly, book: Alphabet) -> Expr | None:
    found = _two_letters(p, (1, -1))
    return found and Call("exp_quotient", (mul(Const(found[2]), book.expr(found[0])), book.expr(found[1])))


FORMS: tuple[Callable[[Poly, Alphabet], Expr | None], ...] = (_plain, _polynomial, _product, _quotient)
