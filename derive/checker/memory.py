"""What a function keeps between calls: the globals that it names, its attributes, its mutable defaults, and its closure."""

from __future__ import annotations

import dis
import functools
from collections.abc import Callable, Iterator, MutableMapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

KEPT = (dict, list, set, np.ndarray, int, float, str, bool, type(None))
LARGEST = 100_000  # numbers in an array beyond which it is no state of a function but data


@dataclass(frozen=True)
class Memory:
    """Places where a function may keep something, each with a copy of what is in it; those where there is nothing yet."""

    places: tuple[tuple[MutableMapping[str, Any], str, Any], ...]
    empty: tuple[tuple[MutableMapping[str, Any], str], ...]
    shared: tuple[tuple[Any, Any], ...]

    @property
    def changed(self) -> bool:
        """Whether something there is no longer what it was."""
        there = any(not _same(space.get(name), kept) for space, name, kept in self.places)
        return there or any(name in space for space, name in self.empty) or any(not _same(now, kept) for now, kept in self.shared)

    def restore(self) -> None:
        """Everything as it was."""
        for space, name, kept in self.places:
            space[name] = deepcopy(kept)
        for space, name in self.empty:
            space.pop(name, None)
        for now, kept in self.shared:
            _refill(now, kept)


def memory(function: Callable[..., Any]) -> Memory:
    """What a function keeps now."""
    places, empty, shared = [], [], []
    for f in _functions(function):
        code = getattr(f, "__code__", None)
        if code is not None:
            names = [n for n in code.co_names if n in f.__globals__ or _is_assigned(code, n)]
            empty += [(f.__globals__, n) for n in names if n not in f.__globals__]
            places += [(f.__globals__, n) for n in names if n in f.__globals__]
            cells = [c.cell_contents for c in f.__closure__ or () if _filled(c)]
            shared += [
                x
                for x in (*cells, *(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values())
                if isinstance(x, dict | list | set | np.ndarray)
            ]
        shared += [own for own in (getattr(f, "__dict__", None),) if isinstance(own, dict)]
    held = [(space, n, deepcopy(space[n])) for space, n in places if _is_small(space[n])]
    return Memory(tuple(held), tuple(empty), tuple((x, deepcopy(x)) for x in shared if _is_small(x)))


def _functions(function: Any) -> Iterator[Any]:
    """The function, what it wraps, and the object that it belongs to."""
    yield function
    if isinstance(function, functools.partial):
        yield from _functions(function.func)
    if (owner := getattr(function, "__self__", None)) is not None:
        yield owner
    called = getattr(type(function), "__call__", None)  # noqa: B004  what runs, not whether something does
    if hasattr(called, "__code__"):
        yield called


def _is_assigned(code: Any, name: str) -> bool:
    return any(i.opname == "STORE_GLOBAL" and i.argval == name for i in dis.get_instructions(code))


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _is_small(x: Any) -> bool:
    if isinstance(x, dict):
        return len(x) <= LARGEST and all(_is_small(v) for v in x.values())
    if isinstance(x, list | set | tuple):
        return len(x) <= LARGEST and all(_is_small(v) for v in x)
    return isinstance(x, np.generic) or (isinstance(x, KEPT) and getattr(x, "size", 0) <= LARGEST)


def _same(a: Any, b: Any) -> bool:
    try:
        return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) or isinstance(b, np.ndarray) else bool(a == b)
    except ValueError:  # arrays within
        return False


def _refill(now: Any, kept: Any) -> None:
    if isinstance(now, np.ndarray):
        now[...] = kept
    elif isinstance(now, list):
        now[:] = deepcopy(kept)
    else:
        now.clear()
        now.update(deepcopy(kept))
