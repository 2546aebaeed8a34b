"""What is kept because it is asked for again and again: hashes, and answers of no use once a definition is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_kept: list[Any] = []


class Form(tuple[Any, ...]):
    """A tuple that works out its hash once: forms are nested deep, and looked up all the time."""

    _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = tuple.__hash__(self)
            return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies carry the entries alone: a hash means nothing in another process."""
        return Form, (tuple(self),)


def remembered(most: int) -> Callable[[F], F]:
    """A function that keeps its last answers, until all are forgotten."""

    def kept(f: F) -> F:
        found: Any = lru_cache(maxsize=most)(f)
        _kept.append(found)
        return found  # type: ignore[no-any-return]

    return kept


def forget() -> None:
    """Drop every answer that is kept: what is asked next is worked out anew, and is the same."""
    for f in _kept:
        f.cache_clear()
