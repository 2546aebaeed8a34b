"""Names written out, as few as it takes: those of one side of an equation first, the last defined before the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from derive.language.nodes import Expr, Ref, leaves, substitute

TRIES = 4  # forms of one equation, with fewer and fewer names


@dataclass(frozen=True)
class Definitions:
    """The names that may be written out, in order of definition, and what each stands for."""

    names: tuple[str, ...]
    body: Callable[[str], Expr]

    def written_out(self, left: Expr, right: Expr) -> Iterator[tuple[Expr, Expr]]:
        """Both sides as they stand, then with more and more names written out."""
        yield left, right
        for _ in range(TRIES):
            if not (self._in(left) | self._in(right)):
                return
            left, right = self._opened(left, right)
            yield left, right

    def _opened(self, left: Expr, right: Expr) -> tuple[Expr, Expr]:
        """At least one name written out, and those of one side alone or defined by them, until both have the same."""
        while every := self._in(left) | self._in(right):
            alone = self._in(left) ^ self._in(right)
            names = {r for r in every if r in alone or self._in(self.body(r.name)) & alone} if alone else every
            last = max(names, key=lambda r: self.names.index(r.name))
            body = self.body(last.name)
            left, right = substitute(left, {last: body}), substitute(right, {last: body})
            if self._in(left) == self._in(right):
                break
        return left, right

    def _in(self, e: Expr) -> frozenset[Ref]:
        return frozenset(r for r in leaves(e, Ref) if isinstance(r, Ref) and r.name in self.names)
