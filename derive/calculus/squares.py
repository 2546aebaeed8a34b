"""Whole squares among exponents: e^(-a^2/2) e^(-ab) e^(-b^2/2) is e^(-(a + b)^2/2), which is 0 or 1 where its parts are infinite."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isqrt

from derive.calculus import algebra as al
from derive.calculus.algebra import Factor, Mono, Poly


def whole_square(exponents: Mapping[Factor, Fraction]) -> tuple[Fraction, Poly] | None:
    """c and a sum of several terms such that exp(c sum^2) is a product of exponentials among these."""
    inside: dict[Mono, Fraction] = {f[1]: e for f, e in exponents.items() if f[0] == "exp"}
    squares = sorted((m for m in inside if all(e.denominator == 1 and e % 2 == 0 for _, e in m)), key=al.order)
    for k, first in enumerate(squares[:-1]):
        c, root = inside[first], {_root(first): Fraction(1)}
        for m in squares[k + 1 :]:
            size = _rational_root(inside[m] / c)
            both = inside.get(next(iter(al.times({_root(first): Fraction(1)}, {_root(m): Fraction(1)}))))
            if size is not None and both is not None:
                root[_root(m)] = size if both / c > 0 else -size
        if len(root) > 1 and all(inside.get(m) == e for m, e in al.scale(al.times(root, root), c).items()):
            return c, root
    return None


def without_square(exponents: Mapping[Factor, Fraction], c: Fraction, root: Poly) -> dict[Factor, Fraction]:
    """The other factors."""
    used = al.scale(al.times(root, root), c)
    return {f: e for f, e in exponents.items() if not (f[0] == "exp" and f[1] in used)}


def _root(square: Mono) -> Mono:
    return tuple((f, e / 2) for f, e in square)


def _rational_root(x: Fraction) -> Fraction | None:
    root = Fraction(isqrt(max(x.numerator, 0)), isqrt(x.denominator))
    return root if root and root * root == x else None
