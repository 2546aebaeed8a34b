"""False versions of formal statements: a number, a sign, an exponent or an order changed."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from derive.analysis.enclosed import decimal
from derive.claims.statements import Counted, Extreme, Fails, Mean, MeanSquare, Number, Relation, Statement, Tends, Window, with_side
from derive.language.nodes import ONE, TWO, ZERO, Const, Expr, Pow, add, mul, negate, transform, walk


def false_versions(s: Statement) -> Iterator[tuple[str, Statement]]:
    """Versions of a true statement that are certainly false."""
    match s:
        case Relation(sign="="):
            right = s.sides[-1]
            yield "plus one", with_side(s, -1, add(right, ONE))
            if right != ZERO:
                yield "sign", with_side(s, -1, negate(right))
                yield "doubled", with_side(s, -1, mul(TWO, right))
        case Relation():
            outputs = s.program.outputs
            yield "order", replace(s, program=replace(s.program, outputs=(outputs[1], outputs[0])), sign="<")
            yield "less one", with_side(s, -1, add(s.sides[-1], Const(Fraction(-1))))
        case Number() | Mean() | MeanSquare():
            yield "digit", replace(s, digits=moved(s.digits))
        case Extreme():
            yield "digit", replace(s, digits=moved(s.digits))
            yield "place", replace(s, where=moved(s.where))
        case Tends():
            yield "plus one", with_side(s, 1, add(s.sides[1], ONE))
        case Counted() | Window():
            yield "plus one", with_side(s, 0, add(s.sides[0], ONE))
        case Fails(other=other):
            yield "denied", Fails(s.says, s.program, Fails(s.says, s.program, other))


def moved(digits: str) -> str:
    """The digits, two units in the last place larger."""
    places = len(digits.partition(".")[2])
    return decimal(Fraction(digits) + Fraction(2, 10**places), places) if places else str(int(digits) + 2)


def changed(s: Statement) -> Iterator[tuple[str, Statement]]:
    """Versions with one coefficient or exponent of the right side (or the formula) larger by one; a few may still be true."""
    if isinstance(s, (Number, Extreme, Mean, MeanSquare, Fails)):
        return
    place = 0 if isinstance(s, (Counted, Window)) else -1
    side = s.sides[place]
    for node in [n for n in walk(side) if isinstance(n, Const)]:
        yield f"{node} changed", with_side(s, place, _with(side, node, Const(node.value + 1)))
    for node in [n for n in walk(side) if isinstance(n, Pow) and isinstance(n.exponent, Const)]:
        yield f"{node.brief} raised", with_side(s, place, _with(side, node, mul(node, node)))


def _with(expr: Expr, old: Expr, new: Expr) -> Expr:
    return transform(expr, lambda n: new if n == old else n)
