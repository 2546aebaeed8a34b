"""Which inputs a definition takes the difference of: where they lie close together and far from zero, digits cancel."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

from derive.language.nodes import Add, Expr, Input, leaves
from derive.language.program import Program


@lru_cache(maxsize=256)
def neighbours(program: Program) -> tuple[frozenset[str], ...]:
    """The pairs of real inputs that stand in two terms of one sum; all real inputs together where there is no such pair."""
    found: dict[frozenset[str], None] = {}
    for let in program.lets:
        for node in leaves(let.body, Add):
            for a, b in combinations(node.children, 2):
                found.update(dict.fromkeys(frozenset((i, j)) for i in _inputs(a) for j in _inputs(b) if i != j))
    return tuple(found) or (frozenset(i.name for i in program.real_inputs),)


def _inputs(term: Expr) -> tuple[str, ...]:
    return tuple(i.name for i in leaves(term, Input) if isinstance(i, Input) and i.dtype in ("real", "state"))
