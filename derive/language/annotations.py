"""What stands after the colon of an array: its axes, and the range of its elements."""

from __future__ import annotations

import re
from dataclasses import dataclass

from derive.language.errors import DefinitionError
from derive.language.nodes import BATCH
from derive.language.ranges import Range, Scalar

AXIS = re.compile(r"[A-Za-z][A-Za-z0-9_]*'*")
SPARE = re.compile(r"-?[0-9]+|[A-Za-z][A-Za-z0-9_]*")
COUNTED = re.compile(rf"({AXIS.pattern})=([1-9][0-9]*)")


@dataclass(frozen=True)
class Array:
    """An annotation of an array: its axes in order, what its elements are, the axis its integers point into, the range of its
    real numbers, the axes whose number of positions is given, the number or parameter that is no position, and the position that its
    integers never are."""

    names: tuple[str, ...]
    dtype: str = "real"
    into: str | None = None
    limits: Range = Scalar
    counts: tuple[tuple[str, int], ...] = ()
    spare: str | None = None
    barred: str | None = None

    def __str__(self) -> str:
        return f"({', '.join(self.names)})"


class _ArrayKind:
    """`Real["N D"]`: writing axes in brackets makes an annotation; `Real["N D", Positive]` adds the range of the elements,
    `Real["N K=4"]` how many positions K has."""

    def __init__(self, name: str, dtype: str) -> None:
        self.name = name
        self.dtype = dtype

    def __getitem__(self, wanted: str | tuple[str, Range]) -> Array:
        axes, limits = wanted if isinstance(wanted, tuple) and len(wanted) == 2 else (wanted, Scalar)
        if limits != Scalar:
            self._check_limits(axes, limits)
        if not isinstance(axes, str):
            raise DefinitionError(f'{self.name}[...] takes its axes as one string, as in {self.name}["N D"]; got {axes!r}')
        head, arrow, target = (part.strip() for part in axes.partition("->"))
        target, exception, barred = (part.strip() for part in target.partition(" but "))
        into, alternative, spare = (part.strip() for part in target.partition(" or "))
        if (self.dtype == "index") != bool(arrow):
            wanted = 'Index["N -> C"]: one position of C for each N' if self.dtype == "index" else f'axes only, as in {self.name}["N D"]'
            raise DefinitionError(f'{self.name}["{axes}"]: wanted {wanted}')
        counted = [COUNTED.fullmatch(word) for word in head.split()]
        names = tuple(found.group(1) if found else word for word, found in zip(head.split(), counted, strict=True))
        _check_axes(f'{self.name}["{axes}"]', names)
        if arrow and alternative and not SPARE.fullmatch(spare):
            raise DefinitionError(
                f'{self.name}["{axes}"]: after "or" stands one number that is no position, or the parameter that holds it; got {spare!r}'
            )
        if arrow and exception and not SPARE.fullmatch(barred):
            raise DefinitionError(
                f'{self.name}["{axes}"]: after "but" stands one position that may not be, or the parameter that holds it; got {barred!r}'
            )
        if arrow and not AXIS.fullmatch(into):
            raise DefinitionError(f'{self.name}["{axes}"]: after the arrow stands one axis, the one that the integers are positions of')
        counts = tuple((found.group(1), int(found.group(2))) for found in counted if found)
        return Array(names, self.dtype, into if arrow else None, limits, counts, spare or None, barred or None)

    def _check_limits(self, axes: object, limits: object) -> None:
        if not isinstance(limits, Range) or limits.integer or self.dtype == "index" or not limits.low < limits.high:
            raise DefinitionError(
                f"{self.name}[{axes!r}, {limits}]: after the axes stands the range of real numbers, as in "
                'Real["N", Positive], Real["N", Range(0, 1)] or Real["N", Between(0, 1)]'
            )


def _check_axes(where: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name != BATCH and not AXIS.fullmatch(name):
            raise DefinitionError(
                f'{where}: {name} is no axis; axes are words with spaces between them, "K=4" is one of four positions, '
                f'and "{BATCH}" is any leading axes'
            )
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
