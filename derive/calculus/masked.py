"""Conditions that a name says already: e = where(c, exp(s), 0) is 0 where c does not hold, so e*where(c, x, 0) is e*x."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from derive.calculus import algebra as al
from derive.calculus import indices as ix
from derive.calculus.algebra import Factor, Index, Mono, Poly
from derive.calculus.powers import power
from derive.calculus.rules import SCALAR, read_at
from derive.language.nodes import Expr, Reduce

GONE: Index = ("f", "")  # an axis that was summed over already


class Masks:
    """What the names of a program are 0 without, and which of them are finite where they are."""

    def __init__(self) -> None:
        self.of: dict[str, frozenset[Factor]] = {}
        self.totals: dict[str, frozenset[str]] = {}  # sums, by the axes they run over
        self.infinite: set[str] = set()
        self.divided: dict[str, frozenset[str]] = {}  # by the axes of the totals that they are divided by

    def learn(self, name: str, meant: Expr, body: Poly) -> None:
        """What the definition of a name says of it."""
        self.of[name] = frozenset[Factor]().union(*body and [frozenset.intersection(*(self._said(m) for m in body))])
        terms = [self._divisors(m) for m in body]
        self.divided[name] = frozenset(i[-1] for t in terms if t is not None for i in t)
        if None in terms:
            self.infinite.add(name)
        if isinstance(meant, Reduce) and meant.how == "sum":
            self.totals[name] = frozenset(meant.over)

    def unsaid(self, p: Poly, summed: Collection[Index] = ()) -> Poly:
        """The polynomial without conditions that a name beside them says, under sums too."""
        p = al.plus(*(al.scale(self._under_sums(m), c) for m, c in p.items()))
        for mask in sorted({f for m in p for f, _ in m if f[0] == "ind"}, key=al.order):
            shares = frozenset(summed).union(*(self._divisors(m) or () for m in p if mask not in dict(m)))
            if all(self._is_said(mask, m, shares) for m in p if mask in dict(m)):
                p = al.plus(*({tuple(fe for fe in m if fe[0] != mask): c} for m, c in p.items()))
        return p

    def _under_sums(self, mono: Mono) -> Poly:
        result = al.constant(1)
        for f, e in mono:
            new = al.factor(f)
            if f[0] == "sum" and any(g[0] == "ind" for g, _ in f[2]):
                with ix.opened(f[1], f[2]) as (body, names):
                    new = ix.sum_over(self.unsaid({body: Fraction(1)}, names), names)
            result = al.times(result, power(new, e) if new != al.factor(f) else al.factor(f, e))
        return result

    def _said(self, mono: Mono) -> frozenset[Factor]:
        """The conditions without which a term is 0."""
        names = (self._at(f) for f, e in mono if f[0] == "t" and e > 0)
        return frozenset(f for f, _ in mono if f[0] == "ind").union(*names)

    def _at(self, f: Factor) -> frozenset[Factor]:
        """The conditions of a name, where it is read."""
        moved: dict[Index, Index] = {("f", axis): i for axis, i in f[2] if i != ("f", axis)}
        return frozenset(g for mask in self.of.get(f[1], ()) if (g := read_at(mask, moved)) is not None)

    def _is_said(self, mask: Factor, mono: Mono, shares: frozenset[Index]) -> bool:
        """Whether a term is 0 without the condition, and not 0 times infinity.

        A share of a total is 0/0 where conditions hold nowhere along the total's axes. There the condition still gives 0, unless
        the share is summed over these axes or stands in other terms without it.
        """
        rest = tuple(fe for fe in mono if fe[0] != mask)
        if mask not in frozenset[Factor]().union(*(self._at(f) for f, e in rest if f[0] == "t" and e > 0)):
            return False
        divisors = self._divisors(rest)
        return divisors is not None and divisors <= shares

    def _divisors(self, mono: Mono) -> frozenset[Index] | None:
        """Where the totals that a term is divided by run; None where something in it may be infinite."""
        found: set[Index] = set()
        masked = any(f[0] == "ind" for f, _ in mono)
        for f, e in mono:
            match f:
                case ("t", name, _) if e < 0 and name in self.totals:
                    found |= {("f", axis) for axis in self.totals[name]}
                case ("t", name, index) if e > 0 and name not in self.infinite:
                    found |= {dict(index).get(axis, GONE) for axis in self.divided.get(name, ())}
                case ("sum", _, inner) if e > 0 and (under := self._divisors(inner)) is not None:
                    found |= {i if i[0] == "f" else GONE for i in under}
                case ("iota" | "delta" | "inr" | "ind", *_) if e > 0:
                    pass
                case (kind, *_) if kind in SCALAR or (kind == "exp" and masked):
                    pass
                case _:
                    return None
        return frozenset(found)
