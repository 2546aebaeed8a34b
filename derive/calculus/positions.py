"""Sums over positions that a one-hot determines, and sums that count the same positions from different places."""

from __future__ import annotations

from fractions import Fraction

from derive.calculus.algebra import (
    Factor,
    Index,
    Mono,
    Poly,
    constant,
    factor,
    from_exponents,
    key,
    order,
    plus,
    poly,
    product,
    scale,
    times,
)
from derive.calculus.indices import (
    as_index,
    free,
    fresh_index,
    index_poly,
    inside,
    open_bound,
    plain,
    power_of,
    replace,
    replace_mono,
    sum_over,
)
from derive.calculus.powers import call, exponential, power


def sum_solved(mono: Mono, names: list[Index]) -> Poly | None:
    """The sum over n beside onehot(n + k - c, m), n running along the axis of m: n is m - k + c, where that lies inside.
    None without such an n."""
    for f, _ in mono:
        for position, target in ((f[1], f[2]), (f[2], f[1])) if f[0] == "delta" else ():
            if position[0] != "p" or target[0] == "p":
                continue
            solved = _solved(index_poly(position), target, names)
            if solved is not None:
                mine, other = solved
                moved = replace(from_exponents({g: e for g, e in mono if g != f}), {mine: other})
                return sum_over(times(moved, inside(plain(mine), other)), [n for n in names if n != mine])
    return None


def _solved(position: Poly, target: Index, names: list[Index]) -> tuple[Index, Index] | None:
    """The one bound index of the target's axis in a position, and its value where the position is the target."""
    mine = [n for n in names if plain(n) == plain(target) and n in {i for m in position for i in free(m)}]
    if len(mine) != 1 or position.get(((("iota", mine[0]), Fraction(1)),)) != 1:
        return None
    rest = {m: c for m, c in position.items() if mine[0] not in free(m)}
    return (mine[0], as_index(plus(index_poly(target), scale(rest, -1)))) if len(rest) == len(position) - 1 else None


def read_inside(p: Poly) -> Poly:
    """Each term in which a position must lie inside an axis, with that taken for granted in its other factors."""
    return plus(*(scale(_read_inside(m), c) for m, c in p.items()))


def _read_inside(mono: Mono) -> Poly:
    held = {f for f, e in mono if f[0] == "inr" and e > 0}
    if not held:
        return {mono: Fraction(1)}
    return product([power(_granted(f, held), e) if f not in held else factor(f) for f, e in mono])


def _granted(f: Factor, held: set[Factor]) -> Poly:
    """A factor with 1 for what is held to be so, wherever it stands inside."""

    def within(p: Poly) -> Poly:
        return plus(*(scale(product([constant(1) if g in held else power(_granted(g, held), e) for g, e in m]), c) for m, c in p.items()))

    match f:
        case ("exp", mono):
            return exponential(within({mono: Fraction(1)}))
        case ("pow", k):
            return within(poly(k))
        case ("call", fn, arguments):
            return call(fn, tuple(within(poly(k)) for k in arguments))
    return factor(f)


def aligned(p: Poly) -> Poly:
    """Sums over n of what is read at n and at n + k, inside an axis, counted from where it reads plainest: over m of m - k and m."""
    return plus(*(scale(_aligned_mono(m), c) for m, c in p.items()))


def _aligned_mono(mono: Mono) -> Poly:
    result = constant(1)
    for f, e in mono:
        forms = [factor(f)]
        if f[0] == "sum" and e == 1:
            forms += [sum_over({moved: Fraction(1)}, names) for moved, names in _moved(*open_bound(f[1], f[2]))]
        result = times(result, power_of(min(forms, key=lambda q: order(key(q))), e))
    return result


def _moved(mono: Mono, names: list[Index]) -> list[tuple[Mono, list[Index]]]:
    """A summand with one or more bound indices counted from another position that must lie inside an axis, along that axis: where
    n runs over A and n + k must lie in B, m = n + k runs over B and m - k must lie in A."""
    forms = [(mono, names)]
    for n in names:
        for f in [f for f, _ in mono if f[0] == "inr"]:
            position = index_poly(f[2])
            if position.get(((("iota", n), Fraction(1)),)) == 1 and sum(n in free(m) for m in position) == 1:
                m = fresh_index(f[1])
                back = as_index(plus(index_poly(m), scale(position, -1), index_poly(n)))
                for g, held in [(g, held) for g, held in forms if f in dict(g)]:
                    rest = times(replace_mono(tuple(fe for fe in g if fe[0] != f), {n: back}), inside(plain(n), back))
                    forms += [(new, [m if i == n else i for i in held]) for new in rest]
    return forms[1:]
