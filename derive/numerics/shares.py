"""Shares of a whole: what is left of 1 beside one of them is the sum of the others, which does not cancel.

A share along an axis is p = e / sum(e). Near 1, p - 1 loses every digit; minus the sum of the other shares loses none.
So p - onehot(label) becomes others - onehot(label)*sum(others), with others = p - p*onehot(label), which is exact, and
1 - p[label] becomes sum(others).
"""

from __future__ import annotations

from dataclasses import replace

from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    Add,
    At,
    Const,
    Delta,
    Expr,
    Mul,
    Pow,
    Reduce,
    Ref,
    add,
    mul,
    negate,
    transform,
)  # fmt: skip
from derive.language.program import Let, Program


def beside_one(program: Program) -> Program:
    """The program with p - onehot(label) and 1 - p[label] written by the other shares."""
    bodies: dict[Expr, Expr] = {let.ref: let.body for let in program.lets}
    return replace(program, lets=tuple(Let(let.name, transform(let.body, lambda n: _node(n, bodies))) for let in program.lets))


def _node(n: Expr, bodies: dict[Expr, Expr]) -> Expr:
    if not isinstance(n, Add):
        return n
    for plus in n.args:
        for minus in n.args:
            found = _difference(plus, minus, bodies) if minus is not plus else None
            if found is not None:
                rest = [t for t in n.args if t is not plus and t is not minus]
                return add(found, *(_node(add(*rest), bodies),) if rest else ())
    return n


def _difference(plus: Expr, minus: Expr, bodies: dict[Expr, Expr]) -> Expr | None:
    """plus + minus by the other shares, where it is p - onehot, onehot - p or 1 - p[label]."""
    taken = _negated(minus)
    if taken is None:
        return None
    if isinstance(taken, Delta) and _is_share(plus, taken.axis, bodies):
        return _minus_one(plus, taken)
    if isinstance(plus, Delta) and _is_share(taken, plus.axis, bodies):
        return negate(_minus_one(taken, plus))
    read = _read(taken, bodies)
    if plus == ONE and isinstance(read, At) and len(read.index) == 1:
        ((axis, index),) = read.index
        if _is_share(read.body, axis, bodies) and axis not in index.axes:
            return Reduce("sum", _others(read.body, Delta(axis, index)), (axis,))
    return None


def _minus_one(share: Expr, hot: Delta) -> Expr:
    others = _others(share, hot)
    return add(others, mul(MINUS_ONE, hot, Reduce("sum", others, (hot.axis,))))


def _others(share: Expr, hot: Delta) -> Expr:
    return add(share, mul(MINUS_ONE, hot, share))


def _negated(e: Expr) -> Expr | None:
    """What is subtracted, if e is minus something."""
    return mul(*e.args[1:]) if isinstance(e, Mul) and e.args[0] == MINUS_ONE else None


def _read(e: Expr, bodies: dict[Expr, Expr]) -> Expr:
    while isinstance(e, Ref) and e in bodies:
        e = bodies[e]
    return e


def _is_share(e: Expr, axis: str, bodies: dict[Expr, Expr]) -> bool:
    """Whether it is some expression divided by its own sum over the axis."""
    body = _read(e, bodies)
    if not isinstance(body, Mul) or axis not in body.axes:
        return False
    wholes = [f.base for f in body.args if isinstance(f, Pow) and f.exponent == Const(MINUS_ONE.value)]
    parts = [f for f in body.args if not (isinstance(f, Pow) and f.base in wholes)]
    return len(wholes) == 1 and _read(wholes[0], bodies) == Reduce("sum", mul(*parts), (axis,))
