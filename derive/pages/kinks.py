"""Where a definition has no derivative, and which one its author chose there."""

from __future__ import annotations

from collections.abc import Iterator

from derive.language.nodes import Call, Compare, Expr, Input, Reduce, Ref, Where, leaves, walk
from derive.language.program import Program
from derive.pages.document import Inline, Literal

OWNED_BY_CHOSEN = ("<=", ">=", "==")


def kinks(program: Program) -> tuple[Inline, ...]:
    """One sentence for each kink, in the order of the definition."""
    nodes = [n for let in program.lets for n in walk(let.body)]
    return tuple(dict.fromkeys(sentence for n in nodes for sentence in _of(n)))


def _of(node: Expr) -> Iterator[Inline]:
    match node:
        case Where(Compare(op, left, right) as condition, chosen, other) if _is_data(condition):
            owner = chosen if op in OWNED_BY_CHOSEN else other
            yield ("At ", Literal(f"{left} = {right}"), " value and derivative are those of ", Literal(str(owner)), ".")
        case Call("abs", (inner,)):
            yield ("At ", Literal(f"{inner} = 0"), " the derivative of the absolute value is 0.")
        case Call("sign" | "floor", _):
            yield ("The derivative of ", Literal(str(node)), " is 0, at its jumps too.")
        case Reduce("max" | "min", body, over):
            yield (
                "Where several values of ",
                Literal(str(body)),
                f" along {' '.join(over)} are the {node.how}, the first has the derivative.",
            )
        case Reduce("argmax" | "argmin", body, over):
            yield ("Where several values of ", Literal(str(body)), f" along {' '.join(over)} are equal, the first position is taken.")


def _is_data(condition: Expr) -> bool:
    """Whether the comparison looks at real numbers, not only at positions."""
    return any(isinstance(x, Ref) or x.dtype in ("real", "state") for x in leaves(condition, Ref, Input))  # type: ignore[attr-defined]
