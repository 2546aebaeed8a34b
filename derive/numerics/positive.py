"""Logarithms of products and quotients of what is positive for all to see: the sum of the logarithms of each."""

from __future__ import annotations

from derive.language.nodes import Add, Call, Const, Expr, Mul, Pow, add, mul
from derive.numerics.reading import has_exponential


def logs_of_factors(e: Expr, positive: frozenset[Expr]) -> Expr | None:
    """log((1 + exp(a)) / (1 + exp(b))) as log(1 + exp(a)) - log(1 + exp(b)), neither of which overflows; None for anything else."""
    match e:
        case Call("log", (Mul(factors),)) if all(_is_positive(f, positive) for f in factors) and sum(map(has_exponential, factors)) > 1:
            return add(*(_log(f) for f in factors))
    return None


def _log(f: Expr) -> Expr:
    match f:
        case Pow(base, Const() as n):
            return mul(n, Call("log", (base,)))
        case Call("exp", (a,)):
            return a
    return Call("log", (f,))


def _is_positive(e: Expr, positive: frozenset[Expr]) -> bool:
    match e:
        case Const(value):
            return value > 0
        case Call("exp" | "pi", _):
            return True
        case Add(parts) | Mul(parts):
            return all(_is_positive(p, positive) for p in parts)
        case Pow(base, Const()):
            return _is_positive(base, positive)
    return e in positive
