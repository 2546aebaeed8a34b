"""The two halves of a function of one exponential E = exp(u): for u >= 0 and u < 0 it is written in e = exp(-|u|) <= 1.

With E = 1/e on one side and E = e on the other nothing overflows; factors 1 - e are split off exactly (they are
-expm1(-|u|)); log f(E) becomes its dominating term plus log1p of something small; normal_cdf(v) becomes e R(|v|) or its
complement, R being the normal tail without its exponential.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from derive.language.nodes import ONE as ONE_EXPR
from derive.language.nodes import Call, Const, Expr, Param, negate
from derive.numerics.alphabet import Alphabet, spell
from derive.numerics.arguments import nonnegative, sign, variables
from derive.numerics.polynomial import (
    ONE,
    Poly,
    by_power,
    exponent,
    gathered,
    letter,
    letters,
    minus,
    plus,
    quotient,
    raised,
    replaced,
    scaled,
    times,
    without,
)  # fmt: skip
from derive.numerics.ratio import Factors, Ratio, primitive

DECAY = Param("exp(-|u|)")
HALF_DECAY = Param("exp(-|u|/2)")


@dataclass(frozen=True)
class Branching:
    """The exponential of a fraction: its letter, the unit such that all its powers are whole, u for that unit, the sign of
    u (0: both) and the condition of the side u >= 0. When a normal_cdf(v) occurs, u is a multiple of v^2 and never negative: the unit
    has the sign that makes it so, and sign and condition are those of v."""

    big: int
    unit: Fraction
    argument: Poly
    sign: int
    condition: Expr | None
    small: int
    tail: Expr

    def way(self, direction: int) -> int:
        """The sign of u on a side."""
        return direction if self.tail == ONE_EXPR else 1


@dataclass(frozen=True)
class Side:
    """e^power (1 - e)^zeros top / bottom, with polynomials in e that have a term without e."""

    power: int
    zeros: int
    top: Poly
    bottom: Factors


def branching(ratio: Ratio, book: Alphabet) -> Branching | None:
    """How the fraction branches; None unless it holds one exponential (and at most one normal_cdf of a matching argument)."""
    present = _everything(ratio, book)
    cdfs = [k for k in present if k in book.cdfs]
    needed = {k for k in present if k in book.exps} | {_square_letter(k, book) for k in cdfs}
    if len(needed) != 1 or len(cdfs) > 1:
        return None
    (big,) = needed
    unit = _unit(ratio, big, cdfs, book)
    argument = scaled(book.exps[big], unit)
    split_on = book.cdfs[cdfs[0]] if cdfs else argument
    decided = sign(split_on, book)
    tail = Call("normal_tail_ratio", (Call("abs", (spell(split_on, book),)),)) if cdfs else ONE_EXPR
    return Branching(big, unit, argument, decided, None if decided else nonnegative(split_on, book), book.number(DECAY), tail)


def _everything(ratio: Ratio, book: Alphabet) -> list[int]:
    direct = letters(ratio.top, *(f for f, _ in ratio.bottom))
    return sorted({k for n in direct for k in ([n, *letters(book.logs[n])] if n in book.logs else [n])})


def _square_letter(cdf: int, book: Alphabet) -> int:
    square = times(book.cdfs[cdf], book.cdfs[cdf])
    base = scaled(square, 1 / square.terms[0][1])
    return next(k for k, u in book.exps.items() if u == base)


def _unit(ratio: Ratio, big: int, cdfs: list[int], book: Alphabet) -> Fraction:
    polys = [ratio.top, *(f for f, _ in ratio.bottom), *(book.logs[k] for k in letters(ratio.top) if k in book.logs)]
    powers = [exponent(m, big) for p in polys for m, _ in p.terms]
    powers += [_cdf_power(k, book) for k in cdfs]
    powers = [p for p in powers if p] or [Fraction(1)]
    size = Fraction(gcd(*(p.numerator for p in powers)), lcm(*(p.denominator for p in powers)))
    return -size if any(_cdf_power(k, book) < 0 for k in cdfs) else size


def _cdf_power(cdf: int, book: Alphabet) -> Fraction:
    """The power of the letter exp(base) that is exp(v^2 / 2)."""
    return times(book.cdfs[cdf], book.cdfs[cdf]).terms[0][1] / 2


def side(ratio: Ratio, at: Branching, direction: int, book: Alphabet) -> Side:
    """The fraction for u >= 0 (direction 1) or u < 0 (-1)."""
    ratio = _positive_powers(ratio, book)
    top = _image(ratio.top, at, direction, book)
    zeros, bottom = 0, []
    for f, n in ratio.bottom:
        term, rest = primitive(_image(f, at, direction, book))
        top = times(top, raised(term, -n))
        rest, count = _zeros(rest, at.small)
        zeros -= count * n
        whole = Fraction(lcm(*(c.denominator for _, c in rest.terms)))
        top = scaled(top, whole**n)
        if rest != ONE:
            bottom.append((scaled(rest, whole), n))
    power = min(by_power(top, at.small)) if top else Fraction(0)
    top, count = _zeros(without(top, ((at.small, power),)) if power else top, at.small)
    return Side(int(power), zeros + count, top, tuple(bottom))


def _positive_powers(ratio: Ratio, book: Alphabet) -> Ratio:
    """The fraction with negative powers of normal_cdf below the line."""
    for k in letters(ratio.top):
        lowest = min(exponent(m, k) for m, _ in ratio.top.terms)
        if k in book.cdfs and lowest < 0:
            ratio = Ratio(times(ratio.top, letter(k, -lowest)), (*ratio.bottom, (letter(k), int(-lowest))))
    return ratio


def _image(p: Poly, at: Branching, direction: int, book: Alphabet) -> Poly:
    for k in letters(p):
        if k in book.logs:
            p = replaced(p, k, _log_image(book.logs[k], at, direction, book))
        elif k in book.cdfs:
            p = replaced(p, k, _cdf_image(k, at, direction, book))
    return _in_small(p, at, direction)


def _in_small(p: Poly, at: Branching, direction: int) -> Poly:
    """Powers of E as powers of e: E = 1/e for u >= 0, E = e for u < 0."""
    way = Fraction(-at.way(direction)) / at.unit
    return gathered((tuple(sorted((at.small, way * e) if k == at.big else (k, e) for k, e in m)), c) for m, c in p.terms)


def _cdf_image(cdf: int, at: Branching, direction: int, book: Alphabet) -> Poly:
    """normal_cdf(v): e R for v < 0, 1 - e R for v >= 0 (in powers of E, u = v^2/2 being positive on both sides)."""
    tail = times(letter(at.big, -_cdf_power(cdf, book)), letter(book.number(at.tail)))
    return tail if direction < 0 else minus(ONE, tail)


def _log_image(f: Poly, at: Branching, direction: int, book: Alphabet) -> Poly:
    """log f(E): the dominating term's logarithm, plus log1p of the others relative to it."""
    cdfs = [k for k in letters(f) if k in book.cdfs]
    if cdfs:
        return _log_cdf_image(cdfs[0], at, direction, book)
    parts = by_power(_in_small(f, at, direction), at.small)
    lead = min(parts)
    others = gathered((((at.small, e - lead),), c / parts[lead].terms[0][1]) for e, p in parts.items() if e != lead for _, c in p.terms)
    dominating = scaled(at.argument, -at.way(direction) * lead)
    size = parts[lead].terms[0][1]
    known = [letter(book.number(Call("log", (Const(size),))))] if size != 1 else []
    return plus(dominating, *known, letter(book.number(Call("log1p", (spell(others, book),)))))


def _log_cdf_image(cdf: int, at: Branching, direction: int, book: Alphabet) -> Poly:
    """log normal_cdf(v): -v^2/2 + log R for v < 0, log1p(-e R) for v >= 0."""
    power = _cdf_power(cdf, book) / at.unit
    if direction > 0:
        small = spell(times(letter(at.small, power), letter(book.number(at.tail))), book)
        return letter(book.number(Call("log1p", (negate(small),))))
    return plus(scaled(at.argument, -power), letter(book.number(Call("log", (at.tail,)))))


def _zeros(p: Poly, small: int) -> tuple[Poly, int]:
    """The polynomial without its factors 1 - e, and how many there were."""
    factor, count = minus(ONE, letter(small)), 0
    found = quotient(p, factor, small) if len(p.terms) > 1 else None
    while found is not None:
        p, count = found, count + 1
        found = quotient(p, factor, small) if len(p.terms) > 1 else None
    return p, count


def moving(at: Branching, book: Alphabet) -> list[int]:
    """The arrays that u depends on: where they grow, e vanishes."""
    known = variables(at.argument, book)
    return [k for k in known if book.expr(k).axes] or known
