"""Answers kept because they are asked for again and again while one definition is worked on; of no use once it is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_kept: list[Any] = []


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
