"""Mistakes that people make, as changes of a program: each names itself and says what stands in the place of which node.

A row of EDITS looks at one node and proposes what it may have been taken for. Nothing here knows an op; what an edit is called
is made of the expressions that it touches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from derive.checker.diagnosis.edits import aligned, choices, formula, indices, numbers, places, reductions, updates
from derive.checker.diagnosis.edits.proposal import Edit, Proposal
from derive.checker.diagnosis.edits.throughout import LATER, PRECISION, throughout
from derive.checker.diagnosis.tape import Change, Changed, order_of
from derive.language.errors import DefinitionError
from derive.language.nodes import Carried, Const, Expr, Input, Pow, Ref, transform, walk
from derive.language.program import Program

Propose = Callable[[Expr, Program], Iterator[Proposal]]
LIKELY: tuple[Propose, ...] = (
    updates.carried, reductions.divisors, formula.terms, numbers.misplaced, updates.beforehand, updates.unmasked, formula.factors,
    reductions.sizes, reductions.axes, choices.names, numbers.parameters, numbers.steps, choices.arguments, choices.ignored,
    choices.columns, choices.positions, choices.branches, choices.comparisons, formula.signs, formula.powers, numbers.constants,
    updates.early, choices.turned, aligned.shared_by_ties,
)  # fmt: skip
UNLIKELY: tuple[Propose, ...] = (
    aligned.clamped, aligned.inverted, aligned.offset,
    indices.overwritten, formula.shared, formula.apart, formula.weighted, formula.functions, formula.curves, updates.inward,
    places.counted, indices.one_more, choices.masked, reductions.forgotten, reductions.in_blocks, reductions.ignored_labels,
    reductions.others, numbers.added, formula.extra,
)  # fmt: skip
EDITS = LIKELY + UNLIKELY


def edits(program: Program, known: frozenset[str] = frozenset(), kinds: tuple[Propose, ...] = EDITS) -> Iterator[Edit]:
    """Every mistake at every node, simple kinds first; lets in `known` are left alone. What stands in several intermediates is
    mistaken in all of them, then in one."""
    places = list(_places(program, known))
    for propose in kinds:
        for place in places:
            for name, new in _proposed(propose, place.node, program):
                if new == place.node:
                    continue
                if place.body is None:
                    yield Edit(name + place.where, {place.node: new})
                    continue
                if place.first:
                    yield Edit(name, {place.node: new})
                yield Edit(name + place.where, {place.body: partial(_in_body, place.body, place.node, new)})


@dataclass(frozen=True)
class Place:
    """A node in an intermediate: the words for that, its body if others have the node too, and whether to mistake it in all."""

    node: Expr
    where: str
    body: Expr | None
    first: bool


def _places(program: Program, known: frozenset[str]) -> Iterator[Place]:
    inside = {let.name: {*walk(let.body), *_carried(let.body, program)} for let in program.lets}
    seen: set[Expr] = set()
    for let in program.lets:
        where = f", in {let.name}" if len(program.lets) > 1 else ""
        for node in walk(let.body) if let.name not in known else ():
            shared = sum(node in nodes for nodes in inside.values()) > 1
            yield Place(node, where, let.body if shared else None, not known and node not in seen)
            seen.add(node)


def _carried(body: Expr, program: Program) -> tuple[Expr, ...]:
    """The name that a recurrence reads, though it stands in no expression."""
    return (program.let(body.name).ref,) if isinstance(body, Carried) else ()


def somewhere(program: Program, known: frozenset[str] = frozenset()) -> Iterator[Edit]:
    """Mistakes made at one use of what is used in several places."""
    users = order_of(program).users
    nodes = list(_nodes(program, known))
    for propose in EDITS:
        for where, node in nodes:
            mine = [u for u in users.get(node, ()) if not isinstance(u, Ref) or isinstance(node, Ref)]
            for user in mine if len(mine) > 1 else ():
                if isinstance(user, Pow) and user.exponent == node and isinstance(node, Const):
                    continue
                for name, new in _proposed(propose, node, program):
                    yield Edit(f"{name}{where}, only in {user.brief}", {user: partial(_in_place, user, node, new)})


def everywhere(program: Program, known: frozenset[str] = frozenset()) -> Iterator[Edit]:
    """Mistakes made in several places at once."""
    yield from throughout(program, known)


def kept(program: Program) -> Iterator[Edit]:
    """Outputs that are another intermediate than they should be."""
    yield from throughout(program, frozenset(), LATER)


def rounded(program: Program) -> Iterator[Edit]:
    """Digits lost in arguments or on the way."""
    yield from throughout(program, frozenset(), PRECISION)


def _nodes(program: Program, known: frozenset[str]) -> Iterator[tuple[str, Expr]]:
    """Each node with the words that say in which intermediate it stands."""
    done: set[Expr] = set()
    for let in program.lets:
        if let.name not in known:
            for node in walk(let.body):
                if node not in done:
                    done.add(node)
                    yield (f", in {let.name}" if len(program.lets) > 1 else ""), node


def _proposed(propose: Propose, node: Expr, program: Program) -> Iterator[Proposal]:
    """The proposals that are expressions at all."""
    with suppress(DefinitionError):
        yield from propose(node, program)


def _in_body(body: Expr, node: Expr, new: Change, w: Changed, own: Any) -> Any:
    """The value of a body in which a node is something else."""
    stand_in = _standing_for(node, new, w)
    return w.value(transform(body, lambda n: stand_in if n == node else n))


def _standing_for(node: Expr, new: Change, w: Changed) -> Expr:
    """An expression with the value that is to stand for a node."""
    if isinstance(new, Expr):
        return new
    stand_in = Input(f"?{len(w.done)}", tuple(sorted(node.axes)))
    w.done[stand_in] = new(w, w.done[node])
    return stand_in


def _in_place(user: Expr, node: Expr, new: Change, w: Changed, own: Any) -> Any:
    """The value of a node one of whose arguments is something else."""
    stand_in = _standing_for(node, new, w)
    return w.value(user.rebuild(tuple(stand_in if c == node else c for c in user.children)))


__all__ = ["LIKELY", "UNLIKELY", "Edit", "edits", "everywhere", "kept", "rounded", "somewhere"]
