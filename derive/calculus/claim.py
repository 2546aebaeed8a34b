"""What is to be checked at sampled points: two expressions, their axes and sizes, and what is known of their leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from derive.calculus.canonical import Canon
from derive.language.nodes import Add, At, Delta, Expr, Input, Iota, Param, Reduce, Ref, Size, base_axis, leaves, walk
from derive.language.program import Hypothesis

SIZES = ((2, 3), (3, 2), (2,), (1,), (1, 2, 4), (2, 4, 1), (4, 1, 2))  # axes take them in turn
WIDE = (5, 6, 4)  # and those that windows move along, in the first three
ENOUGH = 3  # assignments of sizes that must have been tried


@dataclass(frozen=True)
class Claim:
    """Two expressions that are said to be equal, and what is known."""

    left: Expr
    right: Expr
    canon: Canon

    @cached_property
    def nodes(self) -> list[Expr]:
        """Every node of both sides and of what they name."""
        seen: dict[Expr, None] = {}
        open_ = [self.left, self.right]
        while open_:
            for node in walk(open_.pop()):
                if node not in seen:
                    seen[node] = None
                    if isinstance(node, Ref) and node.name in self.canon.bodies:
                        open_.append(self.canon.bodies[node.name])
        return list(seen)

    @cached_property
    def axes(self) -> list[str]:
        """The axes that need a size."""
        inside = {a for n in self.nodes for a in (*n.axes, *_own_axes(n))}
        return sorted({base_axis(a) for a in inside | {a for h in self.imposed for a in h.left.axes | h.right.axes}})

    @cached_property
    def integers(self) -> frozenset[str]:
        """Parameters that stand in an index."""
        positions = [i for n in self.nodes for i in _positions(n)]
        return frozenset(p.name for i in positions for p in leaves(i, Param))  # type: ignore[attr-defined]

    @cached_property
    def imposed(self) -> list[Hypothesis]:
        """The hypotheses that sampled inputs are made to satisfy: sums of an input. Others are done without."""
        inputs = {n for n in self.nodes if isinstance(n, Input)}
        return [h for h in self.canon.hypotheses if isinstance(h.left, Reduce) and h.left.how == "sum" and h.left.body in inputs]

    @cached_property
    def wide(self) -> list[str]:
        """Axes that are read or written at positions made of more than one axis or number."""
        maps = [(a, i) for n in self.nodes if isinstance(n, At) for a, i in n.index] + [
            (n.axis, n.index) for n in self.nodes if isinstance(n, Delta)
        ]
        return sorted({base_axis(a) for a, i in maps if isinstance(i, Add) and leaves(i, Iota)})

    @property
    def assignments(self) -> Iterator[dict[str, int]]:
        """Sizes for the axes, some equal, some not."""
        found: list[dict[str, int]] = []
        for k, row in enumerate(SIZES):
            sizes = {a: row[i % len(row)] for i, a in enumerate(self.axes)}
            if k < len(WIDE):
                sizes |= dict.fromkeys(self.wide, WIDE[k])
            if sizes not in found:
                found.append(sizes)
                yield sizes

    def covers(self, tried: list[dict[str, int]]) -> bool:
        """Whether sizes that were tried tell a sum from a product, and one axis from another."""
        if not self.axes:
            return bool(tried)
        various = all(len({s[a] for s in tried}) > 1 for a in self.axes)
        return len(tried) >= ENOUGH and various and any(min(s.values()) > 1 for s in tried)


def _own_axes(n: Expr) -> tuple[str, ...]:
    match n:
        case Size(axis) | Delta(axis, _):
            return (axis,)
        case Reduce(_, _, over):
            return over
        case At(_, index):
            return tuple(a for a, _ in index)
        case Input() if n.into is not None:
            return (n.into,)
    return ()


def _positions(n: Expr) -> tuple[Expr, ...]:
    return tuple(i for _, i in n.index) if isinstance(n, At) else (n.index,) if isinstance(n, Delta) else ()
