"""Axes that are created with the very size of another: second indices over its positions, and called so."""

from __future__ import annotations

from collections.abc import Collection

from derive.language.binding import AxisMap
from derive.language.inline import moved
from derive.language.nodes import Expr, Size, base_axis, fresh_axis, walk
from derive.language.program import Let

Sizes = tuple[tuple[str, Expr], ...]


def second_indices(lets: list[Let], sizes: Sizes, kept: Collection[str]) -> tuple[list[Let], Sizes]:
    """The lets and sizes with L' for each new axis that is as long as L and not `kept`: x.at(L=idx("M")) is x.at(L=idx("L'")).

    Proofs then know that both run over the same positions.
    """
    taken = {a for let in lets for node in walk(let.body) for a in node.axes} | {a for a, _ in sizes}
    called: dict[str, str] = {}
    for axis, size in sizes:
        if isinstance(size, Size) and axis not in kept:
            called[axis] = fresh_axis(base_axis(called.get(size.axis, size.axis)), taken)
            taken.add(called[axis])
    if not called:
        return lets, sizes
    names: AxisMap = {axis: (name,) for axis, name in called.items()}
    refs: dict[Expr, Expr] = {}
    renamed: list[Let] = []
    for let in lets:
        renamed.append(Let(let.name, moved(let.body, refs, names)))
        refs[let.ref] = renamed[-1].ref
    return renamed, tuple((axis, moved(size, {}, names)) for axis, size in sizes if axis not in called)
