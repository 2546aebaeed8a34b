"""The sign of a formula on a cell: a box of open intervals and points. Exact: Sturm's theorem, coefficients, slopes.

Exponentials become positive unknowns, irrational numbers unknowns between rational bounds. What one variable decides
is decided by counting roots, what several do by coefficients without a sign change. Where that does not do, a function
of one variable has the sign of its value at one end of the cell if its slope leads away from zero.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

import sympy

Formula = Any
Span = tuple[Formula, Formula]  # an open interval, or a point where both ends are the same
Cell = dict[Formula, Span]
ANY = frozenset((-1, 0, 1))
DEPTH = 5
AWAY = tuple(map(sympy.Rational, ("1/4", "1", "4")))  # from an end of an interval, or from 0, where signs are looked at
PLAIN = sympy.Float("1e-9")  # a value whose sign is seen without doubt is larger


class Undecided(Exception):
    """What is asked cannot be settled this way; the reason says why."""


def signs(e: Formula, cell: Cell, depth: int = DEPTH) -> frozenset[int]:
    """The signs that a formula can have on the cell: a superset of those that it has."""
    points = {s: low for s, (low, high) in cell.items() if low == high}
    open_ = {s: span for s, span in cell.items() if span[0] != span[1]}
    e = sympy.sympify(e).subs(points)
    if not e.free_symbols:
        return _of_number(e)
    if not e.free_symbols <= open_.keys():
        return ANY
    if _has_both(e, open_):
        return ANY
    found = _rational(e, open_)
    if len(found) > 1 and len(e.free_symbols) == 1 and depth:
        (x,) = e.free_symbols
        found &= _by_slope(e, x, open_[x], depth)
    return found


def _has_both(e: Formula, cell: Cell) -> bool:
    """Whether a function of one variable is seen to take both signs, at a glance: nothing need be proved of it then."""
    if len(e.free_symbols) != 1:
        return False
    (x,) = e.free_symbols
    seen: set[int] = set()
    for place in _places(cell[x]):
        seen |= _seen(e.subs(x, place))
    return len(seen) > 1


def _seen(e: Formula) -> set[int]:
    value = e.evalf(20, maxn=60)
    if not (value.is_Float and value.is_finite and abs(value) > PLAIN):
        return set()
    return {1 if value > 0 else -1}


def _places(span: Span) -> list[Formula]:
    """A few places inside an interval."""
    low, high = span
    if abs(low) == sympy.oo and abs(high) == sympy.oo:
        return [-n for n in AWAY] + list(AWAY)
    if abs(low) == sympy.oo or abs(high) == sympy.oo:
        return [low + n if abs(high) == sympy.oo else high - n for n in AWAY]
    return [low + (high - low) * n / 8 for n in (1, 4, 7)]


@lru_cache(maxsize=4096)
def _of_number(e: Formula) -> frozenset[int]:
    if e.is_zero or sympy.expand(e) == 0:
        return frozenset((0,))
    value = e.evalf(60)
    if value.is_finite and value.is_real and abs(value) > sympy.Float("1e-40"):
        return frozenset((1 if value > 0 else -1,))
    return ANY


def _rational(e: Formula, cell: Cell) -> frozenset[int]:
    """The sign of a rational function of unknowns, by its factors."""
    plain, spans = _plain(e, cell)
    if plain is None:
        return ANY
    above, below = sympy.fraction(sympy.together(plain))
    if sympy.expand(above) == 0:
        return frozenset((0,))
    try:
        found = _of_polynomial(above, spans), _of_polynomial(below, spans)
    except sympy.PolynomialError:
        return ANY
    return ANY if 0 in found[1] else _times(*found)


def _times(*factors: frozenset[int]) -> frozenset[int]:
    result = frozenset((1,))
    for f in factors:
        result = frozenset(a * b for a, b in product(result, f))
    return result


def _plain(e: Formula, cell: Cell) -> tuple[Formula | None, Cell]:
    """The formula with exponentials, powers and irrational numbers replaced by unknowns; None for anything else."""
    e, spans = _with_exponentials(sympy.expand(e, power_base=False, mul=False, log=False), dict(cell))
    known: dict[Formula, Formula] = {}
    for atom in sorted(e.atoms(sympy.Pow, sympy.NumberSymbol, sympy.Function), key=lambda a: (-a.count_ops(), str(a))):
        if isinstance(atom, sympy.Pow) and atom.exp.is_Integer:
            continue
        if atom.free_symbols:
            return None, spans
        value = atom.evalf(40)
        if not value.is_real:
            return None, spans
        known[atom] = sympy.Dummy()
        middle, width = sympy.Rational(str(value)), sympy.Rational(1, 10**30)
        spans[known[atom]] = (middle - width, middle + width)
    return e.xreplace(known), spans


def _with_exponentials(e: Formula, spans: Cell) -> tuple[Formula, Cell]:
    """exp(a*x + b*y) as powers of an unknown for each variable, base**x likewise."""
    atoms = [p for p in e.atoms(sympy.exp, sympy.Pow) if p.exp.free_symbols and not p.base.free_symbols and p.base.is_positive]
    terms = {(p.base, s) for p in atoms for s in p.exp.free_symbols}
    if any(not p.exp.is_polynomial() or sympy.Poly(p.exp, *p.exp.free_symbols).total_degree() > 1 for p in atoms):
        return e, spans
    unknown: dict[tuple[Formula, Formula], tuple[Formula, Formula]] = {}
    for base, s in terms:
        rates = [sympy.Poly(p.exp, *p.exp.free_symbols).coeff_monomial(s) for p in atoms if p.base == base and s in p.exp.free_symbols]
        if not all(r.is_Rational for r in rates):
            return e, spans
        unit = sympy.Rational(1, math.lcm(*(int(r.q) for r in rates)))
        unknown[base, s] = sympy.Dummy(f"{base}^{s}", positive=True), unit
        spans[unknown[base, s][0]] = _grown(base, spans[s], unit)
    swap = {}
    for p in atoms:
        poly = sympy.Poly(p.exp, *p.exp.free_symbols)
        factors = [unknown[p.base, s][0] ** (poly.coeff_monomial(s) / unknown[p.base, s][1]) for s in p.exp.free_symbols]
        swap[p] = sympy.Mul(p.base ** poly.coeff_monomial(1), *factors)
    return e.xreplace(swap), spans


def _grown(base: Formula, span: Span, unit: Formula) -> Span:
    """Where base^(unit*x) lies for x in the span, with rational ends."""
    ends = []
    for end in span if base > 1 else reversed(span):
        value = sympy.limit(base ** (unit * sympy.Symbol("x")), sympy.Symbol("x"), end)
        ends.append(value)
    low = ends[0] if ends[0].is_Rational else sympy.Rational(str(ends[0].evalf(40))) * (1 - sympy.Rational(1, 10**30))
    high = (
        ends[1] if ends[1].is_Rational or ends[1] == sympy.oo else sympy.Rational(str(ends[1].evalf(40))) * (1 + sympy.Rational(1, 10**30))
    )
    return low, high


def _of_polynomial(e: Formula, cell: Cell) -> frozenset[int]:
    constant, factors = sympy.factor_list(e)
    result = [_of_number(constant)]
    for factor, power in factors:
        found = _of_factor(factor, cell)
        result.append(frozenset(s**power for s in found))
    return _times(*result)


def _of_factor(f: Formula, cell: Cell) -> frozenset[int]:
    symbols = sorted(f.free_symbols, key=str)
    if len(symbols) == 1:
        return _by_roots(sympy.Poly(f, symbols[0]), cell[symbols[0]])
    for s in symbols:
        low, high = cell[s]
        slack = sympy.Dummy(positive=True)
        if low != -sympy.oo and high != sympy.oo:
            f = f.subs(s, (low + high * slack) / (1 + slack))
        elif low != -sympy.oo:
            f = f.subs(s, low + slack)
        elif high != sympy.oo:
            f = f.subs(s, high - slack)
        else:
            return ANY
    above, below = sympy.fraction(sympy.together(f))
    found = _by_coefficients(above), _by_coefficients(below)
    return _times(*found)


def _by_coefficients(e: Formula) -> frozenset[int]:
    """The sign of a polynomial in positive unknowns whose coefficients all have one."""
    coefficients = sympy.Poly(e, *e.free_symbols).coeffs() if e.free_symbols else [e]
    found = frozenset().union(*(_of_number(c) for c in coefficients))
    return found if len(found) == 1 else ANY


def _by_roots(p: Any, span: Span) -> frozenset[int]:
    """The sign of an irreducible polynomial on an open interval, by the number of its roots there."""
    low, high = span
    ends = [None if abs(end) == sympy.oo else end for end in span]
    inside = p.count_roots(*ends) - sum(1 for end in ends if end is not None and p.eval(end) == 0)
    if inside:
        return ANY
    if low == -sympy.oo and high == sympy.oo:
        middle = sympy.Integer(0)
    elif high == sympy.oo:
        middle = low + 1
    elif low == -sympy.oo:
        middle = high - 1
    else:
        middle = (low + high) / 2
    return _of_number(p.eval(middle))


def _by_slope(e: Formula, x: Formula, span: Span, depth: int) -> frozenset[int]:
    """The sign of a smooth function of one variable, from its value at an end of the interval and the sign of its slope."""
    turns = _turns(sympy.diff(e, x), x, span)
    if turns:
        spans = [*((t, t) for t in turns), *pairwise((span[0], *turns, span[1]))]
        return frozenset().union(*(signs(e, {x: part}, depth - 1) for part in spans))
    slope = signs(sympy.diff(e, x), {x: span}, depth - 1)
    if len(slope - {0}) > 1:
        return ANY
    ends = (_from_end(e, x, span[0], "+", slope), _from_end(e, x, span[1], "-", frozenset(-s for s in slope)))
    return ends[0] & ends[1]


def _from_end(e: Formula, x: Formula, end: Formula, side: str, grows: frozenset[int]) -> frozenset[int]:
    """The sign of what begins at an end of the interval and moves away from there in one direction."""
    value = _at_end(e, x, end, side)
    if value is None:
        return ANY
    here = _of_number(value)
    return ANY if here | grows >= {1, -1} else grows if here == {0} else here


def _turns(slope: Formula, x: Formula, span: Span) -> list[Formula]:
    """The rational places inside the interval at which a rational slope may change its sign."""
    try:
        factors = sympy.factor_list(sympy.fraction(sympy.together(slope))[0])[1]
    except sympy.PolynomialError:
        return []
    linear = [sympy.Poly(f, x) for f, _ in factors if f.is_polynomial(x) and sympy.degree(f, x) == 1]
    roots = {-p.nth(0) / p.nth(1) for p in linear}
    return sorted(r for r in roots if r.is_rational and span[0] < r < span[1])


def _at_end(e: Formula, x: Formula, end: Formula, side: str) -> Formula | None:
    value = e.subs(x, end) if _is_smooth(e, x) and abs(end) != sympy.oo else sympy.nan
    try:
        value = value if value.is_finite else sympy.limit(e, x, end, side)
    except (NotImplementedError, ValueError):
        return None
    return value if value.is_finite and not value.free_symbols else None


def _is_smooth(e: Formula, x: Formula) -> bool:
    """Whether it is made of sums, products, whole powers and exponentials: it then tends to its value, where that is a number."""
    if x not in e.free_symbols:
        return True
    if isinstance(e, sympy.Pow) and not e.exp.is_Integer and not (x not in e.base.free_symbols and e.base.is_positive):
        return False
    return e == x or (isinstance(e, sympy.Add | sympy.Mul | sympy.Pow | sympy.exp) and all(_is_smooth(part, x) for part in e.args))
