"""Proof by cases: equality on each side of every condition, where branches and absolute values are plain expressions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from fractions import Fraction
from math import prod

from derive.calculus.algebra import Key, factor, key, scale
from derive.calculus.atoms import primitive
from derive.calculus.canonical import Canon
from derive.calculus.certificate import Certificate, exact
from derive.calculus.powers import positive, positive_mono
from derive.calculus.sampling import BOUNDARIES, real
from derive.language.nodes import At, Call, Compare, Const, Expr, Reduce, Where, add, mul, negate, walk
from derive.language.work import TooLarge

MOST = 4  # conditions; each doubles the number of cases
HOLDS = {1: (">", ">=", "!="), -1: ("<", "<=", "!=")}


def by_cases(left: Expr, right: Expr, canon: Canon) -> Certificate | None:
    """A certificate of tier A that two expressions without names are equal on every side of their conditions. On the
    boundaries, where the declared branch decides, enclosures must overlap at points that lie there.

    Where a condition stands under a sum or a maximum, its sign may differ from one position to the next: there the two
    sides must be the same but for parts that are equal at every position.
    """
    left, right = _apart(primitive(left), primitive(right))
    if any(_decided_by_position(n) for side in (left, right) for n in walk(side)):
        return None
    named = {k: s for s in _subjects((left, right)) for k in _subject(s, canon)[0]}
    if len(named) > MOST:
        return None
    for signs in itertools.product((1, -1), repeat=len(named)):
        known = dict(zip(named, signs, strict=True))
        if exact(_on_one_side(left, known, canon), _on_one_side(right, known, canon), canon) is None:
            return None
    if not named or real(left, right, canon, BOUNDARIES) is None:
        return None
    cases = f"{2 ** len(named)} cases by the sign of {', '.join(s.brief for s in named.values())}"
    return Certificate("A", f"equal canonical forms, for all sizes, in {cases}; sampled where it is 0")


def _apart(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """The parts in which two expressions differ, as long as it is one part and something brings positions together."""
    while any(_decided_by_position(n) for side in (left, right) for n in walk(side)):
        pairs = [(a, b) for a, b in zip(left.children, right.children, strict=False) if a != b]
        if len(pairs) != 1 or len(left.children) != len(right.children) or left.rebuild(right.children) != right:
            break
        left, right = pairs[0]
    return left, right


def _decided_by_position(n: Expr) -> bool:
    """Whether a node brings together positions on both sides of a condition."""
    return isinstance(n, (Reduce, At)) and bool(_subjects(n.children))


def _subjects(sides: Iterable[Expr]) -> list[Expr]:
    """What the conditions, absolute values and signs are about."""
    found = []
    for side in sides:
        for n in walk(side):
            if isinstance(n, Compare):
                found.append(_difference(n))
            elif isinstance(n, Call) and n.fn in ("abs", "sign"):
                found.append(n.args[0])
    return list(dict.fromkeys(found))


def _difference(n: Compare) -> Expr:
    return add(n.left, negate(n.right))


def _subject(e: Expr, canon: Canon) -> tuple[tuple[Key, ...], int]:
    """The quantities whose signs, times the given one, make the sign of an expression: none where that is known."""
    try:
        p = canon.poly(e)
    except (TooLarge, ZeroDivisionError):
        return (), 1
    if len(p) == 1:
        (mono, c), *_ = p.items()
        odd = [f for f, x in mono if x.numerator % 2 and x.denominator == 1 and not positive(f)]
        return tuple(f[2][0] if f[:2] == ("call", "sign") else key(factor(f)) for f in odd), 1 if c > 0 else -1
    if not p or all(c > 0 and positive_mono(m) for m, c in p.items()):
        return (), 1
    first = key(p)[0][1]
    return (key(scale(p, 1 / first)),), 1 if first > 0 else -1


def _on_one_side(e: Expr, known: dict[Key, int], canon: Canon) -> Expr:
    """The expression with every condition, absolute value and sign decided; they are recognised as they stand in it."""
    done: dict[Expr, Expr] = {}
    for node in walk(e):
        new = node.rebuild(tuple(done[c] for c in node.children)) if node.children else node
        if isinstance(node, Where) and isinstance(node.condition, Compare):
            side = _side(_difference(node.condition), known, canon)
            new = new if side is None else done[node.chosen if node.condition.op in HOLDS[side] else node.other]
        elif isinstance(node, Call) and node.fn in ("abs", "sign"):
            side = _side(node.args[0], known, canon)
            if side is not None:
                new = mul(Const(Fraction(side)), *([done[node.args[0]]] if node.fn == "abs" else []))
        done[node] = new
    return done[e]


def _side(e: Expr, known: dict[Key, int], canon: Canon) -> int | None:
    keys, sign = _subject(e, canon)
    return sign * prod(known[k] for k in keys) if keys and all(k in known for k in keys) else None
