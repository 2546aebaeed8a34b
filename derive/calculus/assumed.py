"""What a definition assumes of a sum, applied wherever that sum, or a sum that it is part of, occurs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from derive.calculus import algebra as al
from derive.calculus import indices as ix
from derive.calculus.algebra import Factor, Index, Mono, Poly
from derive.calculus.powers import positive, power
from derive.calculus.rules import match


def about_one_sum(left: Poly, right: Poly) -> tuple[Factor, Poly] | None:
    """An equation about one sum, times positive factors, as that sum and its value."""
    if len(left) != 1:
        return None
    ((mono, c),) = left.items()
    sums = [f for f, e in mono if f[0] == "sum" and e == 1]
    rest = {f: -e for f, e in mono if f not in sums}
    if len(sums) != 1 or not all(positive(f) for f in rest):
        return None
    return sums[0], al.times(right, al.scale(al.from_exponents(rest), 1 / c))


def with_value(p: Poly, target: Factor, by: Poly) -> Poly:
    """Positive whole powers of a sum replaced by its value, also where other factors stand under the same sum."""
    total: Poly = {}
    for mono, c in p.items():
        term = al.constant(c)
        for f, e in mono:
            whole = e.denominator == 1 and e > 0 and f[0] == "sum"
            value = (by if f == target else _within(f, target, by)) if whole else None
            term = al.times(term, al.factor(f, e) if value is None else power(value, e))
        total = al.plus(total, term)
    return total


def _within(f: Factor, target: Factor, by: Poly) -> Poly | None:
    """A sum in which the target's factors occur, at some positions and with its indices nowhere else, in terms of the target's value."""
    with ix.opened(f[1], f[2]) as (body, names), ix.opened(target[1], target[2]) as (wanted, held):
        for found, rest in _occurrences(wanted, dict(body)):
            summed = [found[n] for n in held]
            others = {j for i, j in found.items() if i not in held}
            alone = set(summed).isdisjoint(others | ix.free(tuple(rest.items())))
            if alone and len(set(summed)) == len(summed) and set(summed) <= set(names):
                value = ix.replace(by, {i: j for i, j in found.items() if i != j})
                left = al.times(al.from_exponents(rest), value)
                return with_value(ix.sum_over(left, [n for n in names if n not in summed]), target, by)
    return None


def _occurrences(wanted: Mono, there: dict[Factor, Fraction]) -> Iterator[tuple[dict[Index, Index], dict[Factor, Fraction]]]:
    """The ways to find all factors of one monomial in another: at which positions, and what is left."""
    if not wanted:
        yield {}, there
        return
    ((f, e), *others) = wanted
    for g, x in there.items():
        found: dict[Index, Index] = {}
        if x >= e > 0 and g[0] == f[0] and match(g, f, found):
            rest = {h: y - e if h == g else y for h, y in there.items() if h != g or y > e}
            for more, left in _occurrences(tuple(others), rest):
                if all(more.get(i, j) == j for i, j in found.items()):
                    yield {**more, **found}, left
