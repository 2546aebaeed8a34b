"""Places along an axis taken for one another: gates in another order, halves exchanged, channels counted in another order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations, permutations
from typing import Any

from numpy.typing import NDArray

from derive.checker.diagnosis.edits.proposal import Edit, Proposal
from derive.checker.diagnosis.orders import Order, every_order, in_two
from derive.checker.diagnosis.tape import Change, Changed
from derive.language.nodes import BATCH, At, Delta, Expr, Input, at
from derive.language.program import Program

Array = NDArray[Any]
Nodes = tuple[Expr, ...]
FEW = 4  # places of which every order is tried


def exchanged_places(program: Program, nodes: Nodes) -> Iterator[Edit]:
    """What is read, or written, at a few places along an axis, from one another's place."""
    for axis in program.order:
        reads = [n for n in nodes if isinstance(n, At) and axis in dict(n.index)]
        writes = [n for n in nodes if isinstance(n, Delta) and n.axis == axis]
        places = sorted({*(dict(n.index)[axis] for n in reads), *(n.index for n in writes)}, key=lambda p: (len(p.brief), p.brief))
        shown = ", ".join(p.brief for p in places)
        for order in _orders(places):
            words = f"swapped along {axis}: the places {shown} are taken in the order {', '.join(p.brief for p in order)}"
            instead = dict(zip(places, order, strict=True))
            read: dict[Expr, Change] = {n: at(n.body, {**dict(n.index), axis: instead[dict(n.index)[axis]]}) for n in reads}
            written: dict[Expr, Change] = {n: Delta(axis, instead[n.index]) for n in writes}
            yield Edit(words, {**read, **written})
            if read and written:
                yield Edit(f"{words} where they are read", read)
                yield Edit(f"{words} where they are written", written)


def _orders(places: list[Expr]) -> Iterator[list[Expr]]:
    """Two exchanged first; every other order of a few."""
    pairs = []
    for a, b in combinations(range(len(places)), 2):
        order = list(places)
        order[a], order[b] = order[b], order[a]
        pairs.append(order)
    yield from pairs
    if len(places) <= FEW:
        yield from (list(p) for p in permutations(places) if list(p) != places and list(p) not in pairs)


def counted(node: Expr, program: Program) -> Iterator[Proposal]:
    """The positions of an argument along an axis counted in another order, in twos or in blocks as long as a whole parameter."""
    if isinstance(node, Input) and node.dtype == "real":
        for axis in (a for a in node.names if a != BATCH):
            for p in ("", *(p.name for p in program.parameters if p.integer)):
                for order in every_order() if p else in_two():
                    yield f"{node.name} is read along {axis} {order.words(p or '2')}", partial(_counted, order, axis, p)


def _counted(order: Order, axis: str, p: str, w: Changed, own: Array) -> Array:
    """The numbers in that order. Raises ValueError where they cannot be counted so."""
    return order.taken(own, w.frame.place(axis), int(w.parameters[p]) if p else 2)
