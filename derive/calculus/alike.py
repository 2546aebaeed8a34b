"""Proof part by part: two expressions of one build are equal where the parts in which they differ are."""

from __future__ import annotations

from collections.abc import Callable

from derive.calculus.guards import complement
from derive.language.nodes import Add, Const, Delta, Expr, Input, Iota, Mul, Param, Ref, Size, Where, add, mul, walk

Equal = Callable[[Expr, Expr], bool]


def part_by_part(left: Expr, right: Expr, equal: Equal) -> bool:
    """Whether the expressions are equal because their differing parts are, by `equal`, which is asked for the smallest first."""
    if left == right:
        return True
    pairs = _pairs(left, right)
    if pairs and all(part_by_part(a, b, equal) for a, b in pairs):
        return True
    return equal(*_without_shared(left, right))


def _pairs(left: Expr, right: Expr) -> list[tuple[Expr, Expr]]:
    """Parts that have to be equal for two expressions of one build to be; none where they are built differently."""
    if type(left) is not type(right):
        return []
    if isinstance(left, (Add, Mul)):
        return _matched(*_differing(left, right))
    if isinstance(left, Where) and isinstance(right, Where) and left.condition == complement(right.condition):
        return [(left.chosen, right.other), (left.other, right.chosen)]
    if len(left.children) != len(right.children) or left.rebuild(right.children) != right:
        return []
    return [(a, b) for a, b in zip(left.children, right.children, strict=True) if a != b]


def _matched(left: list[Expr], right: list[Expr]) -> list[tuple[Expr, Expr]]:
    """Terms or factors of both sides in pairs, those that are the same left out, each with the one that it has most in common with."""
    pairs = []
    if len(left) != len(right):
        return []
    for a in left:
        b = max(right, key=lambda r: len(_leaves(a) & _leaves(r)))
        right.remove(b)
        pairs.append((a, b))
    return pairs


def _differing(left: Expr, right: Expr) -> tuple[list[Expr], list[Expr]]:
    """The terms or factors of each side that the other lacks."""
    here, there = list(left.children), list(right.children)
    for a in left.children:
        if a in there:
            here.remove(a)
            there.remove(a)
    return here, there


def _without_shared(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Both sides without the terms or factors that they share: equal if these are."""
    for kind, build in ((Add, add), (Mul, mul)):
        if isinstance(left, kind) and isinstance(right, kind):
            here, there = _differing(left, right)
            return build(*here), build(*there)
    return left, right


def _leaves(e: Expr) -> frozenset[Expr]:
    return frozenset(n for n in walk(e) if isinstance(n, (Const, Delta, Input, Iota, Param, Ref, Size)))
