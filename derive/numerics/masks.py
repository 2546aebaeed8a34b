"""Exponentials beside a factor that is 1 or 0 by a condition: chosen by the condition, so that those it leaves out may overflow."""

from __future__ import annotations

from dataclasses import replace

from derive.language.nodes import ONE, ZERO, Add, Call, Compare, Expr, Mul, Where, add, mul, transform, where
from derive.language.program import Let, Program
from derive.language.text import is_negative, opposite
from derive.numerics.choices import OPPOSITE
from derive.numerics.reading import has_exponential


def masked(program: Program) -> Program:
    """The program with where(c, 1, 0) * exp(a) as where(c, exp(a), 0), and (1 - where(c, 1, 0)) * exp(a) likewise; exponentials
    that are left out where a condition holds are those chosen where it does not."""
    program = turned(program)
    bodies: dict[Expr, Expr] = {let.ref: let.body for let in program.lets}
    changed = (Let(let.name, transform(let.body, lambda n: _chosen(n, bodies) if isinstance(n, Mul) else n)) for let in program.lets)
    return replace(program, lets=tuple(changed))


def turned(program: Program) -> Program:
    """The program with where(c, 0, exp(a)) as where(not c, exp(a), 0)."""
    return replace(program, lets=tuple(Let(let.name, transform(let.body, _turned)) for let in program.lets))


def _turned(n: Expr) -> Expr:
    match n:
        case Where(Compare(op, left, right), chosen, other) if chosen == ZERO and has_exponential(other):
            return where(Compare(OPPOSITE[op], left, right), other, ZERO)
    return n


def _chosen(n: Mul, bodies: dict[Expr, Expr]) -> Expr:
    masks = [(f, c) for f in n.args if (c := _condition(f, bodies)) is not None]
    exponentials = [f for f in n.args if isinstance(bodies.get(f, f), Call) and bodies.get(f, f).fn == "exp"]  # type: ignore[attr-defined]
    if len(masks) != 1 or len(exponentials) != 1:
        return _inside(n, exponentials)
    ((mask, condition),) = masks
    return mul(*(f for f in n.args if f not in (mask, *exponentials)), where(condition, exponentials[0], ZERO))


def _inside(n: Mul, exponentials: list[Expr]) -> Expr:
    """w (where(c, a, 0) + where(d, b, 0)) as where(c, w a, 0) + where(d, w b, 0): a clipped ratio may be inf where none is chosen."""
    chosen = [f for f in n.args if all(isinstance(t, Where) and t.other == ZERO for t in (f.args if isinstance(f, Add) else (f,)))]
    if len(chosen) != 1 or not exponentials:
        return n
    terms = chosen[0].args if isinstance(chosen[0], Add) else chosen
    rest = [f for f in n.args if f not in (*exponentials, *chosen)]
    inside = (where(t.condition, mul(*exponentials, t.chosen), ZERO) for t in terms if isinstance(t, Where))
    return mul(*rest, add(*inside))


def _condition(f: Expr, bodies: dict[Expr, Expr]) -> Expr | None:
    """When a factor is 1 and not 0; None where it may be another number."""
    match bodies.get(f, f):
        case Where(condition, chosen, other) if (chosen, other) == (ONE, ZERO):
            return condition
        case Where(Compare(op, left, right), chosen, other) if (chosen, other) == (ZERO, ONE):
            return Compare(OPPOSITE[op], left, right)
        case Add((a, b)):
            for one, less in ((a, b), (b, a)):
                turned = _condition(opposite(less), bodies) if one == ONE and is_negative(less) else None
                if isinstance(turned, Compare):
                    return Compare(OPPOSITE[turned.op], turned.left, turned.right)
    return None
