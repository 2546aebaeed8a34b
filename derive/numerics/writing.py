"""A fraction in one exponential written as a stable expression: the last step of the rewriting of an element-wise region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from derive.language.nodes import ONE, TWO, ZERO, Call, Compare, Const, Expr, Mul, Pow, add, leaves, mul, power, substitute, where
from derive.numerics.alphabet import Alphabet, constant_expr, spell, spell_term
from derive.numerics.arguments import clipped, exp_minus_magnitude, exp_of, expm1_minus_magnitude
from derive.numerics.polynomial import ONE as UNIT
from derive.numerics.polynomial import Monomial, Poly, by_power, common, gathered, letter, letters, minus, quotient, scaled, without
from derive.numerics.ratio import Ratio, reduced
from derive.numerics.sides import DECAY, HALF_DECAY, Branching, Side, branching, moving, side


@dataclass(frozen=True)
class Written:
    """`outside` * `inside`: the factors free of the exponential's variables, and the stable form of the rest, whose meaning
    is `exact`."""

    outside: Expr
    inside: Expr
    exact: Expr


def written(ratio: Ratio, book: Alphabet) -> Written | None:
    """The stable form of a fraction that holds one exponential; None when it holds several."""
    at = branching(ratio, book)
    if at is None:
        return None if book.is_special(ratio.top) or ratio.bottom else Written(ONE, spell(ratio.top, book), ZERO)
    inner = {*moving(at, book), at.big, *book.cdfs, *book.logs}
    foreign = tuple((k, e) for k, e in common(ratio.top) if k not in inner and not constant_expr(book.expr(k)))
    top = without(ratio.top, foreign)
    parts = _by_zeros(top, at, inner)
    if len(parts) > 1:
        forms = [written(reduced(p, ratio.bottom), book) for p in parts]
        return Written(spell_term(foreign, Fraction(1), book), add(*(mul(f.outside, f.inside) for f in forms if f is not None)), ZERO)
    size = top.terms[0][1] if len(top.terms) == 1 else Fraction(1)
    rest = Ratio(scaled(top, 1 / size), ratio.bottom)
    outside = spell_term(foreign, size, book)
    inside = next(form for form in (f(rest, at, book) for f in FORMS) if form is not None)
    exact = mul(spell(rest.top, book), *(power(spell(f, book), Const(Fraction(-n))) for f, n in rest.bottom))
    return Written(outside, inside, exact)


def _by_zeros(top: Poly, at: Branching, inner: set[int]) -> list[Poly]:
    """The terms in parts of equal order of vanishing at E = 1, taken for each monomial in foreign letters: written apart,
    each part keeps its factors 1 - e."""
    families: dict[Monomial, list[tuple[Monomial, Fraction]]] = {}
    for m, c in top.terms:
        families.setdefault(tuple(ke for ke in m if ke[0] > 0 and ke[0] not in inner), []).append((m, c))
    parts: dict[int, list[tuple[Monomial, Fraction]]] = {}
    for family in families.values():
        parts.setdefault(_order(gathered(family), at), []).extend(family)
    return [gathered(p) for p in parts.values()]


def _order(p: Poly, at: Branching) -> int:
    """How often 1 - E divides."""
    factor, count = minus(UNIT, letter(at.big, at.unit)), 0
    found = quotient(p, factor, at.big) if len(p.terms) > 1 else None
    while found is not None:
        p, count = found, count + 1
        found = quotient(p, factor, at.big) if len(p.terms) > 1 else None
    return count


def _tanh(ratio: Ratio, at: Branching, book: Alphabet) -> Expr | None:
    """A number times tanh(u / 2) is that."""
    big = letter(at.big, at.unit)
    if len(ratio.bottom) != 1 or ratio.bottom[0] != (gathered([*UNIT.terms, *big.terms]), 1):
        return None
    found = quotient(ratio.top, minus(big, UNIT), at.big)
    if found is None or not book.is_constant(found):
        return None
    return mul(spell(found, book), Call("tanh", (spell(scaled(at.argument, Fraction(1, 2)), book),)))


def _direct(ratio: Ratio, at: Branching, book: Alphabet) -> Expr | None:
    """A polynomial in E alone, all powers of one sign: exp and expm1 say it as it is."""
    if ratio.bottom or any(k in book.logs or k in book.cdfs for k in letters(ratio.top)):
        return None
    powers = list(by_power(ratio.top, at.big))
    if len(powers) > 1 and min(powers) < 0 < max(powers):
        return None
    way = at.unit if max(powers) > 0 else -at.unit
    factor, zeros, top = minus(UNIT, letter(at.big, way)), 0, ratio.top
    found = quotient(top, factor, at.big) if len(powers) > 1 else None
    while found is not None:
        top, zeros = found, zeros + 1
        found = quotient(top, factor, at.big) if len(top.terms) > 1 else None
    start = Call("expm1", (spell(scaled(at.argument, way / at.unit), book),))
    factors = [power(start, Const(Fraction(zeros)))] if zeros else []
    terms = [_times_exponential(c, e, at, book) for e, c in by_power(scaled(top, Fraction((-1) ** zeros)), at.big).items()]
    return mul(add(*terms), *factors)


def _times_exponential(c: Poly, e: Fraction, at: Branching, book: Alphabet) -> Expr:
    """c exp(e u); where c grows against it, by two halves, so that neither underflows before the product does. What is shifted, the
    largest of its sum being 1, may underflow."""
    if not e:
        return spell(c, book)
    argument = scaled(at.argument, e / at.unit)
    if not set(moving(at, book)) & set(letters(c)):
        return mul(spell(c, book), exp_of(argument, book))
    if any(book.expr(k) in book.largest for k in letters(argument)):
        whole = exp_of(argument, book)
        return mul(_coefficient(c, at, book, whole > 0), whole)
    half = exp_of(scaled(argument, Fraction(1, 2)), book)
    return mul(mul(_coefficient(c, at, book, half > 0), half), half)


def _two_sided(ratio: Ratio, at: Branching, book: Alphabet) -> Expr:
    if at.condition is None:
        return _placed(_one_side(side(ratio, at, at.sign, book), at, at.sign, book), at, book)
    upper, lower = side(ratio, at, 1, book), side(ratio, at, -1, book)
    if upper == lower:
        return _placed(_one_side(upper, at, 0, book), at, book)
    if _mergeable(upper) and _mergeable(lower):
        return _placed(_merged(upper.top, lower.top, at, book), at, book)
    above, below = _factors(upper, at, 1, book), _factors(lower, at, -1, book)
    shared = [f for f in dict.fromkeys(above) if above.count(f) == below.count(f)]
    chosen, other = (mul(*(f for f in side_ if f not in shared)) for side_ in (above, below))
    return _placed(mul(where(at.condition, chosen, other), *(f for f in above if f in shared)), at, book)


def _one_side(s: Side, at: Branching, direction: int, book: Alphabet) -> Expr:
    return mul(*_factors(s, at, direction, book))


def _factors(s: Side, at: Branching, direction: int, book: Alphabet) -> list[Expr]:
    """top e^power (1 - e)^zeros / bottom, as factors."""
    fades = s.power > 0 and bool(set(moving(at, book)) & set(letters(s.top)))
    top = _top(scaled(s.top, Fraction((-1) ** (s.zeros % 2))), at, book, fades)
    factors: list[Expr]
    if fades:
        half = _half_power(s.power)
        factors = [mul(mul(top, half), half)]
    else:
        factors = [top, power(DECAY, Const(Fraction(max(s.power, 0))))]
    if s.power < 0:
        factors.append(Call("exp", (mul(Const(Fraction(-s.power)), clipped(at.argument, book, direction and at.way(direction))),)))
    if s.zeros:
        factors.append(power(expm1_minus_magnitude(at.argument, book), Const(Fraction(s.zeros))))
    factors += [power(_top(f, at, book, False), Const(Fraction(-n))) for f, n in s.bottom]
    return [f for f in factors if f != ONE]


def _half_power(n: int) -> Expr:
    return power(DECAY, Const(Fraction(n // 2))) if n % 2 == 0 else power(HALF_DECAY, Const(Fraction(n)))


def _top(p: Poly, at: Branching, book: Alphabet, fades: bool) -> Expr:
    """A polynomial in e, collected by its powers; what multiplies e is guarded against growing where e has vanished."""
    terms = []
    for e, c in by_power(p, at.small).items():
        guard = DECAY > 0 if e or fades else None
        terms.append(mul(_coefficient(c, at, book, guard), power(DECAY, Const(e))))
    return add(*terms)


def _coefficient(c: Poly, at: Branching, book: Alphabet, guard: Expr | None) -> Expr:
    """A coefficient, collected by the letters that u depends on; these read 0 where the guard does not hold."""
    terms = [mul(_factored(f, book), _inner(m, at, book, guard)) for m, f in _collected(c, at, book).items()]
    return add(*terms)


def _factored(f: Poly, book: Alphabet) -> Expr:
    """A coefficient, its common letters in front: v (1 - t), which is exactly 0 at t = 1."""
    shared = common(f) if len(f.terms) > 1 else ()
    return mul(spell_term(shared, Fraction(1), book), spell(without(f, shared), book)) if shared else spell(f, book)


def _collected(c: Poly, at: Branching, book: Alphabet) -> dict[Monomial, Poly]:
    """The coefficient polynomials of each monomial in the letters that depend on u's; constants belong to the coefficients."""
    own = set(moving(at, book))
    parts: dict[Monomial, list[tuple[Monomial, Fraction]]] = {}
    for m, value in c.terms:
        inner = tuple((k, e) for k, e in m if k in own or _depends(book, k, own))
        parts.setdefault(inner, []).append((tuple(ke for ke in m if ke not in inner), value))
    return {m: gathered(f) for m, f in sorted(parts.items())}


def _depends(book: Alphabet, k: int, own: set[int]) -> bool:
    if k < 0 or constant_expr(book.expr(k)):
        return False
    inside = book.expr(k)
    return DECAY in leaves(inside, type(DECAY)) or any(n == book.expr(o) for o in own for n in (inside, *inside.children))


def _inner(m: Monomial, at: Branching, book: Alphabet, guard: Expr | None) -> Expr:
    """A monomial in the letters of u and of e."""
    own = set(moving(at, book))
    factors = []
    for k, e in sorted(m, key=lambda ke: (ke[1] < 0, ke[0])):
        x = book.expr(k)
        factors.append(power(where(guard, x, ZERO) if guard is not None and k in own and e > 0 else x, Const(e)))
    return mul(*factors)


def _mergeable(s: Side) -> bool:
    return not s.bottom and s.power == 0 and s.zeros == 0


def _merged(upper: Poly, lower: Poly, at: Branching, book: Alphabet) -> Expr:
    """Two sides without denominator, term by term: equal coefficients once, others chosen by the condition."""
    assert at.condition is not None
    above, below = ({e: _collected(c, at, book) for e, c in by_power(p, at.small).items()} for p in (upper, lower))
    terms: list[Expr] = []
    for e in sorted({*above, *below}):
        guard = DECAY > 0 if e else None
        here, there = above.get(e, {}), below.get(e, {})
        for m in sorted({*here, *there}, reverse=True):
            chosen, other = (_factored(side_.get(m, Poly(())), book) for side_ in (here, there))
            monomial = mul(_inner(m, at, book, guard), power(DECAY, Const(e)))
            terms.append(_chosen(at.condition, chosen, other, monomial))
    return add(*terms)


def _chosen(condition: Expr, chosen: Expr, other: Expr, monomial: Expr) -> Expr:
    """Where the condition holds chosen * monomial, elsewhere other * monomial; x * (x >= 0) is maximum(x, 0)."""
    if chosen == other:
        return mul(chosen, monomial)
    for clip, mine, zero in (("maximum", chosen, other), ("minimum", other, chosen)):
        if zero == ZERO and isinstance(condition, Compare):
            clipped_monomial = substitute(monomial, {condition.left: Call(clip, (condition.left, ZERO))})
            if _vanishes(clipped_monomial, condition, clip):
                return mul(mine, clipped_monomial)
    return mul(where(condition, chosen, other), monomial)


def _vanishes(monomial: Expr, condition: Compare, clip: str) -> bool:
    """Whether a monomial holds the clipped side of the condition x >= 0 as a factor."""
    factors = monomial.args if isinstance(monomial, Mul) else (monomial,)
    bases = [f.base if isinstance(f, Pow) else f for f in factors]
    return condition.op == ">=" and condition.right == ZERO and Call(clip, (condition.left, ZERO)) in bases


def _placed(e: Expr, at: Branching, book: Alphabet) -> Expr:
    """The expression with e and its square root in place."""
    if HALF_DECAY in leaves(e, type(HALF_DECAY)):
        half = exp_minus_magnitude(scaled(at.argument, Fraction(1, 2)), book)
        e = substitute(e, {DECAY: power(HALF_DECAY, TWO)})
        e = _halved_guards(e)
        return substitute(e, {HALF_DECAY: half})
    return substitute(e, {DECAY: exp_minus_magnitude(at.argument, book)})


def _halved_guards(e: Expr) -> Expr:
    return substitute(e, {power(HALF_DECAY, TWO) > 0: HALF_DECAY > 0})


FORMS: tuple[Callable[[Ratio, Branching, Alphabet], Expr | None], ...] = (_tanh, _direct, _two_sided)
