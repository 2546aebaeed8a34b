"""A form of running shares, exp(x)*sum of g/(running sums of exp(x)), that does not overflow: each share less a running maximum."""

from __future__ import annotations

from dataclasses import replace

from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    At,
    Call,
    Compare,
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

MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def running(program: Program) -> Program:
    """The program with an exponential moved into a sum of inverse running sums of exponentials, both less the maximum so far;
    and with such a sum over another under the same mask as that."""
    bodies: dict[Expr, Expr] = {let.ref: let.body for let in program.lets}
    return replace(program, lets=tuple(Let(let.name, transform(let.body, lambda n: _over(_inside(n), bodies))) for let in program.lets))


def _over(node: Expr, bodies: dict[Expr, Expr]) -> Expr:
    """A masked sum of exponentials, or the name of one, over the sum of those: both under one mask, so that one shift fits both."""
    for divisor in node.args if isinstance(node, Mul) else ():
        for total in node.args if isinstance(node, Mul) else ():
            same = _under_one_mask(bodies.get(total, total), divisor)
            if same is not None and isinstance(node, Mul):
                return mul(*(f for f in node.args if f not in (divisor, total)), same, divisor)
    return node


def _under_one_mask(total: Expr, divisor: Expr) -> Expr | None:
    """sum of mask * f * exp(w) as a sum of f * exp(w) where the mask of the divisor holds, if it is the same one."""
    match total, divisor:
        case (
            Reduce("sum", Mul(factors), over),
            Pow(Reduce("sum", Where(mask, Call("exp") as power, other), axes), exponent),
        ) if (other, exponent, axes) == (ZERO, MINUS_ONE, over) and power in factors:
            masks = [f for f in factors if isinstance(f, Where) and (f.chosen, f.other) == (ONE, ZERO)]
            if len(masks) == 1 and mask in (masks[0].condition, _mirrored(masks[0].condition)):
                return Reduce("sum", where(mask, mul(*(f for f in factors if f != masks[0])), ZERO), over)
    return None


def _mirrored(condition: Expr) -> Expr:
    """The same comparison with its sides exchanged."""
    if isinstance(condition, Compare) and condition.op in MIRRORED:
        return Compare(MIRRORED[condition.op], condition.right, condition.left)
    return condition


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
