"""What stands after the colon of an argument: the axes of an array, or the range of a parameter."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from derive.language.errors import DefinitionError
from derive.language.nodes import BATCH

AXIS = re.compile(r"[A-Za-z][A-Za-z0-9_]*'*")


@dataclass(frozen=True)
class Array:
    """An annotation of an array: its axes in order, what its elements are, and the axis its integers point into."""

    names: tuple[str, ...]
    dtype: str = "real"
    into: str | None = None

    def __str__(self) -> str:
        return f"({', '.join(self.names)})"


class _ArrayKind:
    """`Real["N D"]`: writing axes in brackets makes an annotation."""

    def __init__(self, name: str, dtype: str) -> None:
        self.name = name
        self.dtype = dtype

    def __getitem__(self, axes: str) -> Array:
        if not isinstance(axes, str):
            raise DefinitionError(f'{self.name}[...] takes its axes as one string, as in {self.name}["N D"]; got {axes!r}')
        head, arrow, into = (part.strip() for part in axes.partition("->"))
        if (self.dtype == "index") != bool(arrow):
            wanted = 'Index["N -> C"]: one position of C for each N' if self.dtype == "index" else f'axes only, as in {self.name}["N D"]'
            raise DefinitionError(f'{self.name}["{axes}"]: wanted {wanted}')
        names = tuple(head.split())
        _check_axes(f'{self.name}["{axes}"]', names)
        if arrow and not AXIS.fullmatch(into):
            raise DefinitionError(f'{self.name}["{axes}"]: after the arrow stands one axis, the one that the integers are positions of')
        return Array(names, self.dtype, into if arrow else None)


def _check_axes(where: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name != BATCH and not AXIS.fullmatch(name):
            raise DefinitionError(f'{where}: {name} is no axis; axes are words with spaces between them, and "{BATCH}" is any leading axes')
    if BATCH in names[1:]:
        raise DefinitionError(f'{where}: "{BATCH}" stands for the leading axes, so it comes first, once')
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice:
        raise DefinitionError(
            f"{where}: {twice} stands there twice; call the second axis {twice}' if it is as long as the first, else give it a name"
        )


Real = _ArrayKind("Real", "real")
Index = _ArrayKind("Index", "index")
State = _ArrayKind("State", "state")
Count = Array((), "count")


@dataclass(frozen=True)
class Range:
    """An annotation of a parameter: the numbers it may take."""

    low: float = -math.inf
    high: float = math.inf
    low_included: bool = True
    high_included: bool = True
    integer: bool = False


Scalar = Range()
Positive = Range(low=0, low_included=False)
NonNegative = Range(low=0)
Natural = Range(low=0, integer=True)
PositiveInteger = Range(low=1, integer=True)
Fraction01 = Range(low=0, high=1, high_included=False)
