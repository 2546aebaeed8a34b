"""Certificates B and C: exact evaluation modulo a prime, and enclosures of real numbers, at sampled points."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from derive.calculus.canonical import Canon
    from derive.calculus.proof import Certificate
    from derive.language.nodes import Expr


def modular(left: Expr, right: Expr, canon: Canon) -> Certificate | None:
    return None


def real(left: Expr, right: Expr, canon: Canon) -> Certificate | None:
    return None
