"""What a backend supplies: exact-to-enclosing arithmetic on single elements. Everything above it is written once.

An element is whatever the backend likes (an interval, a ball, a value with its tangent). Each operation returns an
element that holds the true result for all reals its arguments hold. An element that may be undefined passes that on
through every operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from derive.oracle.interval import UNDEFINED, Interval

Element = Any
Truth = Any  # True, False, None (not decided at this precision) or UNDEFINED


@dataclass(frozen=True)
class Arithmetic:
    """The operations at one precision. `scope` is entered around them; `interval` reads an element."""

    bits: int
    number: Callable[[Any], Element]
    add: Callable[[Element, Element], Element]
    mul: Callable[[Element, Element], Element]
    div: Callable[[Element, Element], Element]
    power: Callable[[Element, Element], Element]
    functions: Mapping[str, Callable[..., Element]]
    compare: Callable[[str, Element, Element], Truth]
    hull: Callable[[Element, Element], Element]
    interval: Callable[[Element], Interval]
    unknown: Element
    undefined: Element
    scope: Callable[[], AbstractContextManager[object]]


def choose(a: Arithmetic, condition: Truth, chosen: Element, other: Element) -> Element:
    """`chosen` or `other`; where the condition is not decided, everything between them."""
    if condition is True:
        return chosen
    if condition is False:
        return other
    return a.undefined if condition is UNDEFINED else a.hull(chosen, other)


def verdict(op: str, below: bool, at_most: bool, above: bool, at_least: bool, same: bool) -> Truth:
    """The truth of `x op y` from what is certain: x < y, x <= y, x > y, x >= y, both the same point."""
    # fmt: off
    yes, no = {
        "<":  (below,    at_least),
        "<=": (at_most,  above),
        ">":  (above,    at_most),
        ">=": (at_least, below),
        "==": (same,     below or above),
        "!=": (below or above, same),
    }[op]
    # fmt: on
    return True if yes else False if no else None
