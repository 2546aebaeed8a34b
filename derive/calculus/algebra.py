"""Polynomials over tensor factors: the canonical form in which two expressions are compared.

A `Poly` maps monomials to rational coefficients. A monomial is a sorted tuple of (factor, exponent); a factor is a
nested tuple whose first entry says what it is:

    ("t", name, ((axis, index), ...))    a tensor (input or opaque intermediate) read at an index per axis
    ("param", name)  ("size", axis)  ("iota", index)  ("num", prime)
    ("exp", monomial)                    e to a monomial; the exponent carries the coefficient
    ("pow", key)                         a primitive sum of several terms; the exponent is negative or fractional
    ("call", fn, (key, ...))             any other primitive function
    ("ind", op, key)                     1 where key > 0 (or >= 0, == 0), else 0; idempotent
    ("delta", index, index)              1 where two indices agree; idempotent
    ("inr", axis, index)                 1 where an affine index lies inside its axis; idempotent
    ("sum", ((k, axis), ...), monomial)  a connected sum over bound indices
    ("red", how, ((k, axis), ...), key)  max, min, argmax, argmin

An index is ("f", axis) when free, ("b", k, axis) when bound, ("p", key) when it is an integer expression. Bound indices
are numbered canonically, so alpha-equivalent sums are equal tuples (see `indices`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from derive.language.memory import Form, remembered
from derive.language.nodes import base_axis
from derive.language.work import TooLarge, spend

Index = tuple[Any, ...]
Factor = tuple[Any, ...]
Mono = tuple[tuple[Factor, Fraction], ...]
Key = tuple[tuple[Mono, Fraction], ...]
Poly = dict[Mono, Fraction]

UNIT: Mono = ()
NONE = Fraction(0)  # the exponent of what does not occur
ONE = Fraction(1)  # the exponent and coefficient of most; known by identity, it is not multiplied by
IDEMPOTENT = ("ind", "delta", "inr")
LIMIT = 4000
BULK = 1000  # characters of a term that takes twice the work of a short one


def _spend(products: int) -> None:
    if products > LIMIT:
        raise TooLarge
    spend(products)


@remembered(500_000)
def order(item: Any) -> str:
    """A total order on factors and monomials that does not depend on hashes."""
    return repr(item)


def constant(value: Fraction | int) -> Poly:
    """The polynomial of a number."""
    return {UNIT: Fraction(value)} if value else {}


def factor(f: Factor, exponent: Fraction | int = 1) -> Poly:
    """The polynomial of one factor."""
    f = f if isinstance(f, Form) else Form(f)
    return {Form(((f, exponent if isinstance(exponent, Fraction) else Fraction(exponent)),)): ONE}


def key(p: Poly) -> Key:
    """A hashable canonical form of a polynomial."""
    return Form(sorted(p.items(), key=lambda item: order(item[0])))


def poly(k: Key) -> Poly:
    """The polynomial of a key."""
    return dict(k)


def plus(*ps: Poly) -> Poly:
    """The sum."""
    total: Poly = {}
    for p in ps:
        _add_to(total, p, ONE)
    return total


def _add_to(total: Poly, p: Poly, by: Fraction) -> None:
    for m, c in p.items():
        c = c if by is ONE else by if c is ONE else by * c
        value = total[m] + c if m in total else c
        if value:
            total[m] = value
        else:
            total.pop(m, None)


def scale(p: Poly, c: Fraction | int) -> Poly:
    """The polynomial times a number."""
    if c is ONE or c == 1:
        return dict(p)
    return {m: v * c for m, v in p.items()} if c else {}


def minus(a: Poly, b: Poly) -> Poly:
    """The difference."""
    return plus(a, scale(b, -1))


def times(a: Poly, b: Poly) -> Poly:
    """The product, with powers of sums that became whole expanded."""
    _spend(len(a) * len(b))
    total: Poly = {}
    for ma, ca in a.items():
        for mb, cb in b.items():
            _add_to(total, mono_times(ma, mb), cb if ca is ONE else ca if cb is ONE else ca * cb)
    return total


def product(ps: Iterable[Poly]) -> Poly:
    """The product of several."""
    total = constant(1)
    for p in ps:
        total = times(total, p)
    return total


@remembered(200_000)
def _mono_times(a: Mono, b: Mono) -> tuple[Mono, Fraction, tuple[tuple[Key, int], ...], int]:
    """The product, and how much larger than an ordinary one it is."""
    exponents: dict[Factor, Fraction] = dict(a)
    for f, e in b:
        exponents[f] = exponents[f] + e if f in exponents else e
    mono, number, whole = clean(exponents)
    return mono, number, whole, sum(len(order(f)) for f, _ in mono) // BULK


def clean(exponents: Mapping[Factor, Fraction]) -> tuple[Mono, Fraction, tuple[tuple[Key, int], ...]]:
    """A monomial from exponents, with the number and the whole powers of sums that fall out of it."""
    number, whole, kept = ONE, [], {}
    for f, e in exponents.items():
        if not e:
            continue
        if f[0] in IDEMPOTENT:
            e = ONE
        elif f[0] == "num":
            number *= Fraction(f[1]) ** (e.numerator // e.denominator)
            e -= e.numerator // e.denominator
            if not e:
                continue
        elif f[0] == "pow" and e.denominator == 1 and e > 0:
            whole.append((f[1], int(e)))
            continue
        kept[f] = e
    for f in [f for f in kept if f[0] == "call" and f[1] == "sign" and kept[f] >= 2]:
        (mono, _), *more = f[2][0]
        if not more and len(mono) == 1 and kept.get(mono[0][0], 0) > 0:  # sign(x)^2 x = x, even at 0
            kept[f] -= 2 * (kept[f] // 2)
            if not kept[f]:
                del kept[f]
    for f in [f for f in kept if f[0] == "ind" and f[1] == ">=" and {("ind", ">", f[2]), ("ind", "==", f[2])} & kept.keys()]:
        del kept[f]
    for f in [f for f in kept if f[0] == "ind" and f[1] == "!=" and ("ind", ">", f[2]) in kept]:
        del kept[f]
    return Form(sorted(kept.items(), key=lambda item: order(item[0]))), number, tuple(whole)


def mono_times(a: Mono, b: Mono) -> Poly:
    """The product of two monomials: a polynomial, for a power of a sum may have become whole."""
    mono, number, whole, more = _mono_times(a, b)
    _spend(more)
    result = {mono: number}
    for base, exponent in whole:
        for _ in range(exponent):
            result = times(result, poly(base))
    return result


def from_exponents(exponents: Mapping[Factor, Fraction]) -> Poly:
    """The polynomial of a product of powers."""
    mono, number, whole = clean(exponents)
    result = {mono: number}
    for base, exponent in whole:
        for _ in range(exponent):
            result = times(result, poly(base))
    return result


# ---- what does not depend on the names of indices -----------------------------------------------------------------


@remembered(200_000)
def anonymous(item: Any) -> Any:
    """The same without the names of indices: equal for forms that differ in what their indices are called alone."""
    if not isinstance(item, tuple) or not item:
        return item
    if (item[0] == "f" and len(item) == 2 and isinstance(item[1], str)) or (item[0] == "b" and len(item) == 3 and isinstance(item[1], int)):
        return ("*", base_axis(re.split("[#~]", item[-1])[0]))
    if len(item) == 2 and isinstance(item[0], int) and isinstance(item[1], str):
        return item[1]
    return Form(anonymous(part) for part in item)


def leading(p: Poly) -> tuple[Mono, Fraction]:
    """The first term with a sign that the sum and its opposite tell apart; where only names of indices do, a term of coefficient 0.

    Which term and what number it has does not depend on what indices are called: x[i] - x[j] has no sign of its own.
    """
    groups: dict[str, list[tuple[Fraction, Mono]]] = {}
    for m, c in p.items():
        groups.setdefault(order(anonymous(m)), []).append((c, m))
    for _, terms in sorted(groups.items()):
        forth, back = sorted(c for c, _ in terms), sorted(-c for c, _ in terms)
        if forth != back:
            c, m = max(terms) if (sum(forth), forth) > (sum(back), back) else min(terms)
            return m, c
    return (), Fraction(0)


def orientation(p: Poly) -> int:
    """1, or -1 for the opposite of such a sum, whatever its indices are called; 0 where only they tell: x[i] - x[j]."""
    c = leading(p)[1]
    return (c > 0) - (c < 0)
