"""A form of running shares, exp(x)*sum of g/(running sums of exp(x)), that does not overflow: each share less a running maximum."""

from __future__ import annotations

from dataclasses import replace

from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    At,
    Call,
    Expr,
    Mul,
    Pow,
    Reduce,
    Where,
    add,
    mul,
    negate,
    reciprocal,
    transform,
    where,
)  # fmt: skip
from derive.language.program import Let, Program


def running(program: Program) -> Program:
    """The program with an exponential moved into a sum of inverse running sums of exponentials, both less the maximum so far."""
    return replace(program, lets=tuple(Let(let.name, transform(let.body, _inside)) for let in program.lets))


def _inside(node: Expr) -> Expr:
    match node:
        case Mul(factors):
            sums = [f for f in factors if isinstance(f, Reduce) and f.how == "sum"]
            powers = [f for f in factors if isinstance(f, Call) and f.fn == "exp"]
            if len(sums) == len(powers) == 1 and not powers[0].axes & set(sums[0].over):
                body = _share(sums[0].body, powers[0].args[0])
                rest = [f for f in factors if f not in (sums[0], powers[0])]
                return node if body is None else mul(*rest, Reduce("sum", body, sums[0].over))
    return node


def _share(body: Expr, v: Expr) -> Expr | None:
    """exp(v) times a product with a mask and the inverse of a masked sum of exponentials, where the mask holds."""
    match body:
        case Mul(factors):
            masks = [f for f in factors if isinstance(f, Where) and (f.chosen, f.other) == (ONE, ZERO)]
            for divisor in factors:
                if len(masks) == 1 and (found := _lowered(divisor)):
                    inverse, shift = found
                    rest = [f for f in factors if f not in (masks[0], divisor)]
                    share = mul(*rest, inverse, Call("exp", (add(v, negate(shift)),)))
                    return where(masks[0].condition, share, ZERO)
    return None


def _lowered(divisor: Expr) -> tuple[Expr, Expr] | None:
    """The inverse of a masked sum of exponentials, read somewhere, with each less the largest of them; and that, read there."""
    match divisor:
        case Pow(At(Reduce("sum", Where(mask, Call("exp", (w,)), other), over), index), exponent) if (other, exponent) == (ZERO, MINUS_ONE):
            most = Reduce("max", where(mask, w, Reduce("min", w, over)), over)
            least = Reduce("sum", where(mask, Call("exp", (add(w, negate(most)),)), ZERO), over)
            return reciprocal(At(least, index)), At(most, index)
    return None
