"""Conditions inside their own branches: in where(c, a, b), what a says where c holds, and b where it does not."""

from __future__ import annotations

from derive.language.nodes import At, Compare, Expr, Reduce, Where, walk

Known = tuple[tuple[Expr, bool], ...]


def settled(expr: Expr) -> Expr:
    """The same real number with each condition decided inside its own branches: where(c, where(c, a, 0), b) is where(c, a, b).

    Inside a sum, or a reading at other positions, a condition that varies along these axes is another one: it is forgotten.
    """
    if not any(isinstance(n, Where) for n in walk(expr)):
        return expr
    return _Guards().under(expr, ())


class _Guards:
    """Expressions already settled, by what was known."""

    def __init__(self) -> None:
        self.done: dict[tuple[Expr, Known], Expr] = {}

    def under(self, e: Expr, known: Known) -> Expr:
        """The expression where the known conditions are as known."""
        if not e.children:
            return e
        if (e, known) not in self.done:
            self.done[e, known] = self._node(e, known)
        return self.done[e, known]

    def _node(self, e: Expr, known: Known) -> Expr:
        match e:
            case Where(condition, chosen, other):
                holds = _holds(condition, dict(known))
                if holds is not None:
                    return self.under(chosen if holds else other, known)
                return e.rebuild(
                    (
                        self.under(condition, known),
                        self.under(chosen, (*known, (condition, True))),
                        self.under(other, (*known, (condition, False))),
                    )
                )
            case Reduce(_, _, over):
                known = _without(known, frozenset(over))
            case At(body, index):
                inside = _without(known, frozenset(a for a, _ in index))
                return e.rebuild((self.under(body, inside), *(self.under(c, known) for c in e.children[1:])))
        return e.rebuild(tuple(self.under(c, known) for c in e.children))


COMPLEMENT = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}


def complement(condition: Expr) -> Expr | None:
    """The condition that holds where this one does not."""
    return Compare(COMPLEMENT[condition.op], condition.left, condition.right) if isinstance(condition, Compare) else None


def _holds(condition: Expr, known: dict[Expr, bool]) -> bool | None:
    """Whether a condition is known to hold, or not to."""
    if condition in known:
        return known[condition]
    other = complement(condition)
    return not known[other] if other is not None and other in known else None


def _without(known: Known, axes: frozenset[str]) -> Known:
    return tuple((c, holds) for c, holds in known if not c.axes & axes)
