"""What a step of a derivation says: an equality, a chain of bounds, or that two bounds say the same; over whole numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from derive.geometry.printing import Formula, Words, latex, text

LARGEST_TOTAL = 12
MOST_TRIED = 20_000


@dataclass(frozen=True)
class Equal:
    """left = right."""

    left: Formula
    right: Formula


@dataclass(frozen=True)
class AtMost:
    """Each part is at most the next."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Iff:
    """The two bounds hold for the same whole numbers."""

    left: AtMost
    right: AtMost


Statement = Equal | AtMost | Iff
Fact = Statement


def parts(statement: Statement) -> tuple[Formula, ...]:
    """The formulas of a statement, left to right."""
    match statement:
        case Equal(left, right):
            return (left, right)
        case AtMost(found):
            return found
        case Iff(left, right):
            return (*left.parts, *right.parts)


def replaced(statement: Statement, known: Mapping[Formula, Formula]) -> Statement:
    """The statement with formulas put in place of names."""
    match statement:
        case Equal(left, right):
            return Equal(left.subs(known), right.subs(known))
        case AtMost(found):
            return AtMost(tuple(p.subs(known) for p in found))
        case Iff(left, right):
            return Iff(AtMost(tuple(p.subs(known) for p in left.parts)), AtMost(tuple(p.subs(known) for p in right.parts)))


def as_text(statement: Statement, words: Words) -> str:
    """The statement as a line of text."""
    return _written(statement, lambda e: text(e, words), " = ", " <= ", "   exactly when   ")


def as_latex(statement: Statement, words: Words) -> str:
    """The statement in LaTeX."""
    return _written(statement, lambda e: latex(e, words), " = ", r" \le ", r" \iff ")


def _written(statement: Statement, write: Callable[[Formula], str], equal: str, at_most: str, iff: str) -> str:
    match statement:
        case Equal(left, right):
            return write(left) + equal + write(right)
        case AtMost(found):
            return at_most.join(map(write, found))
        case Iff(left, right):
            return iff.join(at_most.join(map(write, side.parts)) for side in (left, right))


def counterexample(statement: Statement, given: Iterable[Fact]) -> Mapping[str, int] | None:
    """Small whole numbers that meet the facts and break the statement; None when a short search finds none."""
    facts = tuple(given)
    known = {fact.left: fact.right for fact in facts if isinstance(fact, Equal)}
    statement = replaced(statement, known)
    if any(p.atoms(AppliedUndef) for p in parts(statement)):
        return None
    bounds = _bounds(statement, [f for f in facts if isinstance(f, AtMost)])
    symbols = sorted(_symbols(statement).union(*map(_symbols, bounds)), key=str)
    true, allowed = _test(statement, symbols), [_test(f, symbols) for f in bounds]
    by_size = (v for total in range(LARGEST_TOTAL) for v in _adding_to(total, len(symbols)))
    for values in itertools.islice(by_size, MOST_TRIED):
        with suppress(ZeroDivisionError):
            if all(f(values) for f in allowed) and not true(values):
                return {s.name: v for s, v in zip(symbols, values, strict=True)}
    return None


def _bounds(statement: Statement, facts: Iterable[AtMost]) -> list[AtMost]:
    """The facts about what the statement speaks of; a lower bound on anything else can be met and says nothing."""
    names, found = _symbols(statement), []
    for fact in facts:
        if fact.parts[-1] in names:
            found.append(fact)
            names |= _symbols(fact)
    return found


def _symbols(statement: Statement) -> set[Formula]:
    return set().union(*(p.free_symbols for p in parts(statement)))


def _adding_to(total: int, count: int) -> Iterator[tuple[int, ...]]:
    """All tuples of `count` numbers, none negative, that add to `total`."""
    if count == 0:
        yield from [()] if total == 0 else []
        return
    for first in range(total + 1):
        for rest in _adding_to(total - first, count - 1):
            yield (first, *rest)


def _test(statement: Statement, symbols: list[Any]) -> Callable[[tuple[int, ...]], bool]:
    compute = sympy.lambdify(symbols, parts(statement), modules="math")

    def holds(values: tuple[int, ...]) -> bool:
        found = compute(*values)
        match statement:
            case Equal():
                return bool(found[0] == found[1])
            case AtMost():
                return _rising(found)
            case Iff(left, _):
                return _rising(found[: len(left.parts)]) == _rising(found[len(left.parts) :])

    return holds


def _rising(values: tuple[Any, ...]) -> bool:
    return all(bool(a <= b) for a, b in itertools.pairwise(values))
