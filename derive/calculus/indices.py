"""Indices: what an expression depends on, how it is read at other positions, and sums and reductions over positions.

Bound indices are numbered canonically, so alpha-equivalent sums are equal tuples, and are opened with names used nowhere
else before anything is done under them, so nothing is ever captured. Dropping a bound index that no factor holds
multiplies by its size.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from derive.calculus.algebra import (
    ONE,
    UNIT,
    Factor,
    Index,
    Key,
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
)  # fmt: skip
from derive.calculus.powers import call, exponential, indicator, power
from derive.language.memory import Form, remembered
from derive.language.nodes import base_axis
from derive.language.work import TooLarge, spend, work_done

NUMBERINGS = 720  # of the bound indices of one sum, tried for the first in order
_open: list[object] = []  # the sums under which something is being done
_fresh = itertools.count()  # printed with leading zeros, so that order never depends on how far it has counted


@remembered(200_000)
def free(item: Any) -> frozenset[Index]:
    """The free and bound index leaves that occur in a factor, monomial or key, less those it binds itself."""
    if not isinstance(item, tuple) or not item:
        return frozenset()
    if item[0] in ("f", "b") and len(item) >= 2 and isinstance(item[1], (str, int)):
        return frozenset((item,))
    if item[0] in ("sum", "red") and len(item) >= 3:
        bound = item[1] if item[0] == "sum" else item[2]
        inside = free(item[-1])
        return inside - {("b", k, axis) for k, axis in bound}
    return frozenset().union(*(free(part) for part in item))


@remembered(200_000)
def deepest(item: Any) -> int:
    """The largest number of a bound index anywhere inside, or -1."""
    if not isinstance(item, tuple) or not item:
        return -1
    if item[0] == "b" and len(item) == 3 and isinstance(item[1], int):
        return int(item[1])
    return max((deepest(part) for part in item), default=-1)


def replace(p: Poly, mapping: Mapping[Index, Index]) -> Poly:
    """The polynomial with indices replaced, all at once."""
    return plus(*(scale(replace_mono(m, mapping), c) for m, c in p.items())) if mapping else p


def replace_mono(mono: Mono, mapping: Mapping[Index, Index]) -> Poly:
    """The same for one monomial."""
    if free(mono).isdisjoint(mapping):
        return {mono: ONE}
    exponents: dict[Factor, Fraction] = {}
    others = []
    for f, e in mono:
        new: Poly = {Form(((f, e),)): ONE} if free(f).isdisjoint(mapping) else power_of(replace_factor(f, mapping), e)
        (term, c), *more = new.items() or [(UNIT, ONE)]
        if more or not new or (c is not ONE and c != 1):
            others.append(new)
            continue
        for g, x in term:
            exponents[g] = exponents[g] + x if g in exponents else x
    return product([from_exponents(exponents), *others])


def power_of(p: Poly, e: Fraction) -> Poly:
    if len(p) == 1:
        (mono, c), *_ = p.items()
        if c is ONE or c == 1:
            return {mono: ONE} if e == 1 else from_exponents({f: x * e for f, x in mono})
    return power(p, e)


def replace_factor(f: Factor, mapping: Mapping[Index, Index]) -> Poly:
    """The same for one factor; sums are rebuilt, since a replaced index may let them fall apart."""
    moved = frozenset((i, mapping[i]) for i in free(f) if i in mapping)
    if not moved:
        return factor(f)
    before = work_done()
    form, work = _replaced(f, moved)
    spend(before + work - work_done())
    return form


@remembered(50_000)
def _replaced(f: Factor, moved: frozenset[tuple[Index, Index]]) -> tuple[Poly, int]:
    """A factor with all indices replaced that it holds, and the work that took: parts inside each other are rebuilt once."""
    before = work_done()
    form = _rebuilt(f, dict(moved))
    return form, work_done() - before


def _rebuilt(f: Factor, mapping: Mapping[Index, Index]) -> Poly:
    match f:
        case ("sum", bound, mono):
            with opened(bound, mono) as (body, names):
                return sum_over(replace_mono(body, mapping), names)
        case ("red", how, bound, k):
            opened_key, names = _open_key(bound, k)
            return reduce_over(how, replace(opened_key, mapping), names)
        case ("delta", i, j):
            return delta(replace_index(i, mapping), replace_index(j, mapping))
        case ("t", name, at):
            return factor(("t", name, tuple((a, replace_index(i, mapping)) for a, i in at)))
        case ("iota", i):
            new = replace_index(i, mapping)
            return poly(new[1]) if new[0] == "p" else factor(("iota", new))
        case ("inr", axis, i):
            return inside(axis, replace_index(i, mapping))
    return rebuild(f, mapping)


def replace_index(i: Index, mapping: Mapping[Index, Index]) -> Index:
    """An index with the indices inside it replaced."""
    if i in mapping:
        return mapping[i]
    if i[0] == "p":
        return as_index(replace(poly(i[1]), mapping))
    return i


def as_index(p: Poly) -> Index:
    """An index from an integer polynomial: a lone position is that position."""
    if len(p) == 1:
        (mono, c), *_ = p.items()
        if c == 1 and len(mono) == 1 and mono[0][0][0] == "iota" and mono[0][1] == 1:
            return mono[0][0][1]  # type: ignore[no-any-return]
    return ("p", key(p))


def index_poly(i: Index) -> Poly:
    """The integer polynomial of an index."""
    return poly(i[1]) if i[0] == "p" else factor(("iota", i))


def inside(axis: str, i: Index) -> Poly:
    """1 where an index lies inside an axis: always, for a position along it, for a label or position of an extreme, and for a
    number, counted from either end: that there is such a position is required of the size."""
    if i[0] != "p":
        return constant(1) if plain(i) == base_axis(axis) else factor(("inr", base_axis(axis), i))
    if _is_counted(i[1], base_axis(axis)):
        return constant(1)
    lone = len(i[1]) == 1 and i[1][0][1] == 1 and len(i[1][0][0]) == 1
    return constant(1) if lone and i[1][0][0][0][0][0] in ("t", "red") else factor(("inr", base_axis(axis), i))


def _is_counted(k: Key, axis: str) -> bool:
    """Whether an index is a whole number from 0, or the size of its axis less one from 1."""
    end = Fraction(dict(k).get(((("size", axis), Fraction(1)),), 0))
    number = Fraction(dict(k).get((), 0))
    return len(k) == (end != 0) + (number != 0) and (number >= 0 if not end else end == 1 and number < 0)


def depends_on_data(i: Index) -> bool:
    """Whether an index holds a tensor: such an index is in range by contract."""
    return i[0] == "p" and _holds_tensor(i[1])


@remembered(50_000)
def _holds_tensor(item: Any) -> bool:
    if not isinstance(item, tuple) or not item:
        return False
    return (item[0] in ("t", "red") and len(item) >= 3 and isinstance(item[1], str)) or any(_holds_tensor(part) for part in item)


def delta(i: Index, j: Index) -> Poly:
    """1 where two indices agree."""
    if i == j:
        return constant(1)
    return factor(("delta", *sorted((i, j), key=order)))


def comparison(op: str, p: Poly) -> Poly:
    """1 where p compares so with 0, else 0; that two positions along one axis are the same is said by `delta`."""
    found = [(mono[0][0][1], c) for mono, c in p.items() if len(mono) == 1 and mono[0][0][0] == "iota" and mono[0][1] == 1]
    if op in ("==", "!=") and len(p) == len(found) == 2:
        (i, c), (j, d) = found
        if c == -d and plain(i) == plain(j):
            return delta(i, j) if op == "==" else plus(constant(1), scale(delta(i, j), -1))
    return indicator(op, p)


# ---- sums ---------------------------------------------------------------------------------------------------------


def fresh_index(axis: str) -> Index:
    """An index over the positions of an axis, under a name used nowhere else."""
    return ("f", f"{axis}#{next(_fresh):09d}")


def open_bound(bound: tuple[tuple[int, str], ...], mono: Mono) -> tuple[Mono, list[Index]]:
    """A sum's body with its bound indices free, under names used nowhere else."""
    names = [fresh_index(axis) for _, axis in bound]
    mapping = {("b", k, axis): name for (k, axis), name in zip(bound, names, strict=True)}
    return renamed(mono, mapping), names


@contextmanager
def opened(bound: tuple[tuple[int, str], ...], mono: Mono) -> Iterator[tuple[Mono, list[Index]]]:
    """A sum's body likewise, for something done under the sum that ends with summing over the names again. They may be used
    again afterwards, so that a sum is opened once for all that is done under it; not by what is opened meanwhile."""
    _open.append(bound)
    try:
        body, names = _opened(bound, mono, len(_open))
        yield body, list(names)
    finally:
        _open.pop()


@remembered(50_000)
def _opened(bound: tuple[tuple[int, str], ...], mono: Mono, depth: int) -> tuple[Mono, tuple[Index, ...]]:
    names = tuple(("f", f"{axis}#9{depth:04d}.{i:04d}") for i, (_, axis) in enumerate(bound))
    return renamed(mono, {("b", k, axis): name for (k, axis), name in zip(bound, names, strict=True)}), names


def renamed(mono: Mono, mapping: Mapping[Index, Index]) -> Mono:
    """A monomial with new names for its indices: one monomial still, for no form depends on what they are called."""
    (result, c), *rest = replace_mono(mono, mapping).items()
    if c != 1 or rest:
        raise TooLarge
    return result


def _open_key(bound: tuple[tuple[int, str], ...], k: Key) -> tuple[Poly, list[Index]]:
    names = [fresh_index(axis) for _, axis in bound]
    return replace(poly(k), {("b", n, axis): name for (n, axis), name in zip(bound, names, strict=True)}), names


def plain(index: Index) -> str:
    """The axis an index runs over, without the mark of a fresh name."""
    axis: str = index[1] if index[0] == "f" else index[2]
    return base_axis(axis.split("#")[0])


def sum_axes(p: Poly, axes: Iterable[str]) -> Poly:
    """The sum of a polynomial over free axes."""
    return sum_over(p, [("f", a) for a in axes])


def sum_over(p: Poly, names: list[Index]) -> Poly:
    """The sum over free indices with names of their own."""
    return plus(*(scale(_sum_mono(m, list(names)), c) for m, c in p.items()))


def _sum_mono(mono: Mono, names: list[Index]) -> Poly:
    mono = _merge_sums(mono, names)
    eliminated = _eliminate_delta(mono, names)
    if eliminated is not None:
        return eliminated
    outside = {f: e for f, e in mono if not free(f) & set(names)}
    inside = [(f, e) for f, e in mono if free(f) & set(names)]
    result = from_exponents(outside)
    for name in [n for n in names if not any(n in free(f) for f, _ in inside)]:
        names.remove(name)
        result = times(result, factor(("size", plain(name))))
    for part, held in _components(inside, names):
        result = times(result, factor(_close(part, held)))
    return result


def _merge_sums(mono: Mono, names: list[Index]) -> Mono:
    """Sums inside this one become part of it: sum_i a_i sum_j b_ij is one sum over i and j."""
    flat: dict[Factor, Fraction] = {}
    merged = False
    for f, e in mono:
        if f[0] == "sum" and e.denominator == 1 and e > 0 and free(f) & set(names):
            merged = True
            for _ in range(int(e)):
                opened, more = open_bound(f[1], f[2])
                names.extend(more)
                for g, x in opened:
                    flat[g] = flat.get(g, Fraction(0)) + x
        else:
            flat[f] = flat.get(f, Fraction(0)) + e
    if not merged:
        return mono
    (result, c), *rest = from_exponents(flat).items()
    if c != 1 or rest:
        raise TooLarge
    return result


def _eliminate_delta(mono: Mono, names: list[Index]) -> Poly | None:
    for f, _ in mono:
        if f[0] != "delta":
            continue
        for mine, other in ((f[1], f[2]), (f[2], f[1])):
            if mine in names and mine not in free(other):
                rest = from_exponents({g: e for g, e in mono if g != f})
                left = [n for n in names if n != mine]
                moved = replace(rest, {mine: other})
                return sum_over(times(moved, inside(plain(mine), other)), left)
    return None


def _components(inside: list[tuple[Factor, Fraction]], names: list[Index]) -> list[tuple[list[tuple[Factor, Fraction]], list[Index]]]:
    """Independent sums: factors that share no bound index go apart."""
    groups: list[tuple[list[tuple[Factor, Fraction]], set[Index]]] = []
    for f, e in inside:
        held = set(free(f)) & set(names)
        touching = [g for g in groups if g[1] & held]
        groups = [g for g in groups if not g[1] & held]
        groups.append(([*(x for g in touching for x in g[0]), (f, e)], held.union(*(g[1] for g in touching))))
    return [(part, [n for n in names if n in held]) for part, held in groups]


def _close(part: list[tuple[Factor, Fraction]], names: list[Index]) -> Factor:
    """A sum over named indices as one canonical factor: of the numberings in the order of `_roles`, the first in order."""
    start = 1 + max(deepest(f) for f, _ in part)
    roles = _roles(tuple(part), names)
    alike = [list(g) for _, g in itertools.groupby(sorted(names, key=lambda n: roles[n]), key=lambda n: roles[n])]
    best: tuple[str, Factor] | None = None
    numberings = itertools.product(*(itertools.islice(itertools.permutations(g), NUMBERINGS) for g in alike))
    for chosen in itertools.islice(numberings, NUMBERINGS):
        flat = [n for g in chosen for n in g]
        bound = tuple((start + i, plain(n)) for i, n in enumerate(flat))
        mapping = {n: ("b", k, axis) for n, (k, axis) in zip(flat, bound, strict=True)}
        candidate = ("sum", bound, renamed(tuple(part), mapping))
        if best is None or order(candidate) < best[0]:
            best = (order(candidate), candidate)
    assert best is not None
    return best[1]


def _roles(item: Any, names: list[Index]) -> dict[Index, tuple[str, ...]]:
    """What each index does, whatever it is called: its axis, then every tensor, function and power it occurs in, whatever its sign
    (which of i - j and j - i stands in i == j depends on names). Those of one role may change places; others need not be tried."""
    found: dict[Index, list[str]] = {n: [] for n in names}
    if len(names) > 1:
        _occurrences(item, "", found)
    return {n: (plain(n), *sorted(places)) for n, places in found.items()}


def _occurrences(item: Any, inside: str, found: dict[Index, list[str]]) -> None:
    if item in found:
        found[item].append(inside)
    elif isinstance(item, tuple):
        words = [str(abs(part) if isinstance(part, Fraction) else part) for part in item if isinstance(part, (str, Fraction))]
        for part in item:
            if isinstance(part, tuple):
                _occurrences(part, f"{inside}/{' '.join(words)}", found)


def reduce_axes(how: str, p: Poly, axes: Iterable[str]) -> Poly:
    """max, min, argmax or argmin of a polynomial over free axes."""
    return reduce_over(how, p, [("f", a) for a in axes])


def reduce_over(how: str, p: Poly, names: list[Index]) -> Poly:
    """The same over free indices with names of their own."""
    k = key(p)
    if how in ("max", "min") and not free(k) & set(names):
        return p
    start = 1 + deepest(k)
    bound = tuple((start + i, plain(n)) for i, n in enumerate(names))
    mapping = {n: ("b", j, axis) for n, (j, axis) in zip(names, bound, strict=True)}
    return factor(("red", how, bound, key(replace(p, mapping))))


def rebuild(f: Factor, mapping: Mapping[Index, Index]) -> Poly:
    """A factor with the indices inside its arguments replaced."""

    def moved(k: Key) -> Poly:
        return replace(poly(k), mapping)

    match f:
        case ("exp", mono):
            return exponential(replace_mono(mono, mapping))
        case ("pow", k):
            p = moved(k)
            return factor(("pow", key(p))) if len(p) > 1 else p
        case ("call", fn, arguments):
            return call(fn, tuple(moved(k) for k in arguments))
        case ("ind", op, k):
            return comparison(op, moved(k))
    return factor(f)
