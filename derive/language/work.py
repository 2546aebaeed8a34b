"""How much work an answer may take. It is counted in products of terms, not in seconds, so that the answer is the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_left: list[int] = []  # what is left of each budget that work is done under
_done = [0]  # products of terms, ever


class TooLarge(Exception):
    """A form that would grow past what a proof, a page or a program can use."""


@contextmanager
def at_most(products: int) -> Iterator[None]:
    """Raise TooLarge when more than so many products of terms are formed inside, or than is left outside."""
    _left.append(min([products, *_left[-1:]]))
    given = _left[-1]
    try:
        yield
    finally:
        used = given - _left.pop()
        if _left:
            _left[-1] -= used


def work_done() -> int:
    """Products of terms formed so far, by the same account as budgets."""
    return _done[0]


def spend(products: int) -> None:
    """Enter work that is about to be done, or was done earlier: what a proof may take does not depend on what was asked before."""
    _done[0] += products
    if _left:
        _left[-1] -= products
        if _left[-1] < 0:
            raise TooLarge
