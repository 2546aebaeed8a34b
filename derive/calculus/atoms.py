"""Functions that formulas are shown in: each is a definition made of primitives, and more than one op uses it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derive.language.functions import exp, log, pi, sqrt
from derive.language.nodes import Call, Expr, transform


def sigmoid(x: Expr) -> Expr:
    """The logistic function, 1 / (1 + exp(-x))."""
    return 1 / (1 + exp(-x))


def softplus(x: Expr) -> Expr:
    """log(1 + exp(x))."""
    return log(1 + exp(x))


def normal_pdf(x: Expr) -> Expr:
    """Density of the standard normal."""
    return exp(-(x**2) * Fraction(1, 2)) / sqrt(2 * pi)


MEANING: dict[str, Callable[..., Expr]] = {"sigmoid": sigmoid, "softplus": softplus, "normal_pdf": normal_pdf}


def primitive(expr: Expr) -> Expr:
    """The expression with every atom replaced by its meaning."""
    return transform(expr, lambda n: MEANING[n.fn](*n.args) if isinstance(n, Call) and n.fn in MEANING else n)
