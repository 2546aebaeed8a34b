"""Choices: what is known inside a branch, and branches that raise no warning where they are not chosen.

NumPy evaluates both branches everywhere, so a branch that could overflow or divide by zero outside its own region reads a
harmless value there. A choice between the two sides of its own comparison is np.maximum or np.minimum, which lets nan
through; otherwise a branch that ignores its input is put first, so that nan (for which no comparison holds) takes the other.
"""

from __future__ import annotations

from collections.abc import Callable

from derive.language.nodes import (
    ONE,
    ZERO,
    Add,
    At,
    Call,
    Carried,
    Compare,
    Const,
    Delta,
    Expr,
    Mul,
    Pow,
    Reduce,
    Size,
    Where,
    substitute,
    transform,
    walk,
    where,
)  # fmt: skip
from derive.numerics.alphabet import NEVER_NEGATIVE
from derive.numerics.scope import ATOMS, atoms

Facts = tuple[tuple[Expr, bool], ...]
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
BELOW, ABOVE = ("<", "<="), (">", ">=")


def truth(condition: Expr, facts: Facts) -> bool | None:
    """Whether the condition holds, as far as the facts say."""
    for known, holds in facts:
        if condition in _spellings(known):
            return holds
        if isinstance(known, Compare) and condition in _spellings(Compare(OPPOSITE[known.op], known.left, known.right)):
            return not holds
    return None


def _spellings(c: Expr) -> tuple[Expr, ...]:
    return (c, Compare(MIRRORED[c.op], c.right, c.left)) if isinstance(c, Compare) else (c,)


def resolved(e: Expr, facts: Facts) -> Expr:
    """The tree with every choice that the facts decide made."""

    def change(n: Expr) -> Expr:
        holds = truth(n.condition, facts) if isinstance(n, Where) else None
        return n if holds is None else n.chosen if holds else n.other  # type: ignore[attr-defined]

    return transform(e, change) if facts else e


def signs(facts: Facts) -> dict[Expr, int]:
    """The signs that the facts give: x > 0 says that x is positive."""
    found: dict[Expr, int] = {}
    for known, holds in facts:
        if isinstance(known, Compare):
            for c in _spellings(known):
                op = c.op if holds else OPPOSITE[c.op]  # type: ignore[attr-defined]
                edge = c.right  # type: ignore[attr-defined]
                if isinstance(edge, Const) and op in ABOVE and edge.value >= 0:
                    found[c.left] = 1  # type: ignore[attr-defined]
                if isinstance(edge, Const) and op in BELOW and edge.value <= 0:
                    found[c.left] = -1  # type: ignore[attr-defined]
    return found


def choice(e: Where, facts: Facts, positive: frozenset[Expr], stable: Callable[[Expr, Facts], Expr]) -> Expr:
    """The stable form of a choice whose branches are made stable by the given function; `positive` leaves are above 0."""
    decided = truth(e.condition, facts)
    if decided is not None:
        return stable(e.chosen if decided else e.other, facts)
    condition = e.condition.rebuild(tuple(stable(c, facts) for c in e.condition.children))
    extreme = _extreme(e)
    if extreme is not None:
        return Call(extreme, tuple(stable(c, facts) for c in e.condition.children))
    chosen = _harmless(stable(e.chosen, (*facts, (e.condition, True))), condition, True, positive)
    other = _harmless(stable(e.other, (*facts, (e.condition, False))), condition, False, positive)
    return _nan_last(condition, chosen, other)


def _extreme(e: Where) -> str | None:
    """maximum or minimum, when the choice is between the two sides of its comparison."""
    if not isinstance(e.condition, Compare) or e.condition.op in ("==", "!="):
        return None
    larger_first = e.condition.op in ABOVE
    sides = (e.condition.left, e.condition.right)
    if (e.chosen, e.other) == sides:
        return "maximum" if larger_first else "minimum"
    if (e.other, e.chosen) == sides:
        return "minimum" if larger_first else "maximum"
    return None


def _nan_last(condition: Expr, chosen: Expr, other: Expr) -> Expr:
    tested = atoms(condition)
    if isinstance(condition, Compare) and tested & atoms(chosen) and not tested & atoms(other):
        return where(Compare(OPPOSITE[condition.op], condition.left, condition.right), other, chosen)
    return where(condition, chosen, other)


def _harmless(branch: Expr, condition: Expr, chosen: bool, positive: frozenset[Expr]) -> Expr:
    """The branch, reading harmless values where it is not chosen."""
    hazards = [n for n in walk(branch) if _safe_value(n, positive) is not None]
    if not hazards:
        return branch
    if not any(_rebound(n) & condition.axes for n in walk(branch)) and all(_safe_value(n, positive) == ZERO for n in hazards):
        clipped = _clipped(branch, condition, chosen, positive)
        if clipped is not None:
            return clipped
    return _guarded_inside(branch, condition, chosen, positive)


def _guarded_inside(branch: Expr, condition: Expr, chosen: bool, positive: frozenset[Expr]) -> Expr:
    """The tree guarded wherever the axes of the condition mean what they mean outside."""
    done: dict[Expr, Expr] = {}
    for node in walk(branch):
        inner = node.rebuild(tuple(done[c] for c in node.children)) if node.children else node
        done[node] = node if _rebound(node) & condition.axes else _guarded(inner, condition, chosen, positive)
    return done[branch]


def _rebound(n: Expr) -> set[str]:
    """The axes that mean something else inside a node than outside it."""
    match n:
        case Reduce(_, _, over):
            return set(over)
        case At(_, index):
            return {axis for axis, _ in index}
        case Carried(axis=axis) | Delta(axis, _):
            return {axis}
    return set()


def _guarded(n: Expr, condition: Expr, chosen: bool, positive: frozenset[Expr]) -> Expr:
    safe = _safe_value(n, positive)
    if safe is None:
        return n
    inside, *rest = n.children
    guarded = where(condition, inside, safe) if chosen else where(condition, safe, inside)
    return n.rebuild((guarded, *rest))


def _safe_value(n: Expr, positive: frozenset[Expr]) -> Expr | None:
    """What the argument of a node may read where its value does not matter; None when any argument is harmless."""
    if isinstance(n, Pow) and not isinstance(n.base, Const):
        small = isinstance(n.exponent, Const) and n.exponent.value > 0
        harmless = _bounded(n.base, positive) if small else _positive(n.base, positive)
        return None if harmless else ZERO if small and n.exponent.value.denominator == 1 else ONE  # type: ignore[attr-defined]
    if isinstance(n, Call) and n.fn == "log":
        return None if _positive(n.args[0], positive) else ONE
    if isinstance(n, Call) and n.fn in ("log1p", "exp", "expm1", "exp_product", "exp_quotient"):
        harmless = _at_most_zero(n.args[0], positive) and all(_at_least_zero(a, positive) for a in n.args[1:])
        return None if harmless or (n.fn == "log1p" and _at_least_zero(n.args[0], positive)) else ZERO
    if isinstance(n, Call) and n.fn == "log1mexp":
        return ONE
    return None


def _bounded(e: Expr, positive: frozenset[Expr]) -> bool:
    """Whether no power of the expression can overflow: it has been made of exponentials of negative arguments."""
    return (
        isinstance(e, (Const, Size))
        or e in positive
        or (isinstance(e, Call) and _at_most_zero(e.args[0], positive))
        or (isinstance(e, (Add, Mul, Pow)) and all(_bounded(c, positive) for c in e.children))
    )


def _at_most_zero(e: Expr, positive: frozenset[Expr]) -> bool:
    """Whether the expression is never positive, by its form: -2 abs(x), min(x, 0)."""
    if isinstance(e, Mul) and isinstance(e.args[0], Const) and e.args[0].value < 0:
        return all(_at_least_zero(f, positive) for f in e.args[1:])
    return e == ZERO or (isinstance(e, Call) and e.fn == "minimum" and ZERO in e.args)


def _at_least_zero(e: Expr, positive: frozenset[Expr]) -> bool:
    """Whether the expression is never negative, by its form."""
    if isinstance(e, Call):
        return e.fn in NEVER_NEGATIVE or (e.fn == "maximum" and ZERO in e.args)
    if isinstance(e, Const):
        return e.value >= 0
    if isinstance(e, Pow) and isinstance(e.exponent, Const):
        return e.exponent.value.numerator % 2 == 0 or _at_least_zero(e.base, positive)
    return e in positive or isinstance(e, Size) or (isinstance(e, (Add, Mul)) and all(_at_least_zero(c, positive) for c in e.children))


def _positive(e: Expr, positive: frozenset[Expr]) -> bool:
    """Whether the expression is positive, by its form: 1 + exp(x)."""
    if isinstance(e, Const):
        return e.value > 0
    if isinstance(e, (Mul, Pow)):
        return all(_positive(c, positive) for c in (e.args if isinstance(e, Mul) else (e.base,)))
    if isinstance(e, Add):
        return all(_at_least_zero(t, positive) or _positive(t, positive) for t in e.args) and any(_positive(t, positive) for t in e.args)
    if isinstance(e, Call) and e.fn == "hypot":
        return any(_positive(a, positive) for a in e.args)
    return isinstance(e, Size) or e in positive


def _clipped(branch: Expr, condition: Expr, chosen: bool, positive: frozenset[Expr]) -> Expr | None:
    """The branch with the tested leaf clipped to the branch's region, where a number bounds it on the side that helps."""
    if not isinstance(condition, Compare):
        return None
    for c in _spellings(condition):
        op = c.op if chosen else OPPOSITE[c.op]  # type: ignore[attr-defined]
        x, edge = c.left, c.right  # type: ignore[attr-defined]
        if isinstance(x, ATOMS) and edge == ZERO and op in (*BELOW, *ABOVE):
            clip = Call("minimum" if op in BELOW else "maximum", (x, edge))
            result = substitute(branch, {x: clip})
            if all(_safe_value(n, positive) is None for n in walk(result)):
                return result
    return None
