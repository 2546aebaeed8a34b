"""How an equation was checked, and the strongest way: one canonical form for both sides."""

from __future__ import annotations

from dataclasses import dataclass

from derive.calculus.algebra import minus
from derive.calculus.canonical import Canon, is_zero
from derive.calculus.positions import aligned, read_inside
from derive.calculus.powers import with_bare_roots
from derive.calculus.rules import sifted
from derive.language.nodes import Expr
from derive.language.work import TooLarge, at_most

PROOF_WORK = 50_000  # products of terms that one proof may take: twice what the longest known one takes


@dataclass(frozen=True)
class Certificate:
    """How a step was checked: its tier (A, B or C) and what exactly was done."""

    tier: str
    evidence: str


def exact(left: Expr, right: Expr, canon: Canon) -> Certificate | None:
    """A certificate of tier A: both sides have one canonical form."""
    if left == right:
        return Certificate("A", "the same expression")
    try:
        with at_most(PROOF_WORK):
            difference = minus(canon.poly(left), canon.poly(right))
            same = is_zero(difference) or is_zero(read_inside(aligned(sifted(difference)))) or is_zero(with_bare_roots(difference))
        if same:
            return Certificate("A", "equal canonical forms, for all sizes")
    except (TooLarge, ZeroDivisionError):
        pass
    return None
