"""The questions that can be asked of an index map: how each is answered, proved, printed and tried by brute force."""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from derive.catalog.geometry import Argument, Recurrence
from derive.geometry import emit, field, referee, size
from derive.geometry.printing import Formula, python
from derive.geometry.rules import Step
from derive.language.errors import DefinitionError, closest

Arguments = tuple[Any, ...]
Function = Callable[..., int]


@dataclass(frozen=True)
class Trial:
    """One call: what it is, what came back and what the referee says. An error stands as its name.

    `fixed` calls are always made; the others are random.
    """

    call: str
    got: int | str
    wanted: int | str
    fixed: bool = True


@dataclass(frozen=True)
class Question:
    """`answer` derives, `steps` prove an answer, `function` prints it; `referee` answers by brute force, None for an error.

    `grid` and `chance` give the arguments of the calls to compare, all small ones and random ones; `closed` compares
    what an answer holds besides the function.
    """

    answer: Callable[[Recurrence], Any]
    steps: Callable[[Recurrence, Any], tuple[Step, ...]]
    function: Callable[[Recurrence, Any, int | None], ast.FunctionDef]
    referee: Callable[[Recurrence, Arguments], int | None]
    grid: Callable[[Recurrence], Iterator[Arguments]]
    chance: Callable[[Recurrence, random.Random], Arguments]
    closed: Callable[[Recurrence, Any], Iterator[Trial]]


def question(recurrence: Recurrence) -> Question:
    """The question a recurrence asks; DefinitionError when there is none of that name."""
    if recurrence.asked not in QUESTIONS:
        wanted = ", ".join(QUESTIONS)
        raise DefinitionError(
            f"{recurrence.name} asks for {recurrence.asked!r}; wanted one of: {wanted}{closest(recurrence.asked, QUESTIONS)}"
        )
    return QUESTIONS[recurrence.asked]


def trials(recurrence: Recurrence, claim: Any, function: Function, chance: random.Random) -> Iterator[Trial]:
    """Calls compared with the referee: the grid, the closed forms, then random ones without end."""
    asked = question(recurrence)
    for arguments in asked.grid(recurrence):
        yield _attempt(recurrence, function, arguments)
    yield from asked.closed(recurrence, claim)
    while True:
        yield replace(_attempt(recurrence, function, asked.chance(recurrence, chance)), fixed=False)


def _attempt(recurrence: Recurrence, function: Function, arguments: Arguments) -> Trial:
    """One call, whose error is an outcome like any other; a referee without an answer wants a ValueError."""
    try:
        got: int | str = function(*arguments)
    except Exception as error:
        got = type(error).__name__
    wanted = question(recurrence).referee(recurrence, arguments)
    return Trial(f"{recurrence.name}({', '.join(map(repr, arguments))})", got, "ValueError" if wanted is None else wanted)


def _few(argument: Argument) -> range:
    """Three values from the least on: all combinations are tried."""
    return range(argument.least, argument.least + 3)


def _many(argument: Argument) -> range:
    """The values that random calls draw from; sizes of arrays are larger than the rest."""
    return range(argument.least, argument.least + (40 if argument.counts not in ("", "k") else 7))


def _row_grid(recurrence: Recurrence) -> Iterator[Arguments]:
    return itertools.product(*map(_few, recurrence.arguments))


def _row_chance(recurrence: Recurrence, chance: random.Random) -> Arguments:
    return tuple(chance.choice(_many(a)) for a in recurrence.arguments)


def _named(recurrence: Recurrence, values: Arguments) -> dict[str, int]:
    """The arguments by name; those left out take their defaults."""
    left = recurrence.arguments[len(values) :]
    return dict(zip((a.name for a in recurrence.arguments), values, strict=False)) | {
        a.name: a.default for a in left if a.default is not None
    }


def _count(recurrence: Recurrence, values: Arguments, axis: str) -> int:
    """The size of an axis in one setting."""
    return _named(recurrence, values)[next(a.name for a in recurrence.arguments if a.counts == axis)]


def _outputs(recurrence: Recurrence, values: Arguments) -> int | None:
    index = recurrence.index
    sizes = (_count(recurrence, values, index.read), _count(recurrence, values, index.taps))
    return referee.windows_that_fit(index, *sizes, _named(recurrence, values)) or None


def _inputs(recurrence: Recurrence, values: Arguments) -> int | None:
    index = recurrence.index
    sizes = (_count(recurrence, values, index.made), _count(recurrence, values, index.taps))
    return referee.smallest_input(index, *sizes, _named(recurrence, values))


def _field(recurrence: Recurrence, arguments: Arguments) -> int:
    """Names of the index map that are no arguments (padding) differ from layer to layer: the field must not depend on them."""
    (layers,) = arguments
    index = recurrence.index
    settings = (dict.fromkeys(referee.names(index), i) | _named(recurrence, layer) for i, layer in enumerate(layers))
    return referee.field(index, [(_count(recurrence, layer, index.taps), s) for layer, s in zip(layers, settings, strict=True)])


def _chain_grid(recurrence: Recurrence) -> Iterator[Arguments]:
    """All chains of up to two small layers."""
    for n in range(3):
        for layers in itertools.product(_row_grid(recurrence), repeat=n):
            yield (list(layers),)


def _chain_chance(recurrence: Recurrence, chance: random.Random) -> Arguments:
    """Up to four layers; all but the first two are small, as fields grow with the product of the strides."""
    ranges = (_few if i > 1 else _many for i in range(chance.randrange(5)))
    return ([tuple(chance.choice(values(a)) for a in recurrence.arguments) for values in ranges],)


def _closed(recurrence: Recurrence, claim: field.Chain) -> Iterator[Trial]:
    """The closed form for up to five equal layers."""
    values = [c.value for c in field.closed(claim) if c.unknown == claim.asked]
    for value, n, layer in itertools.product(values, range(6), list(_row_grid(recurrence))):
        got = _evaluated(value, {"n": n} | _named(recurrence, layer))
        yield Trial(f"closed form of {n} layers {layer}", got, _field(recurrence, ([layer] * n,)))


def _evaluated(value: Formula, setting: dict[str, int]) -> int | str:
    """The formula as printed, in exact fractions; what is no whole number stands as text."""
    code = compile(ast.fix_missing_locations(ast.Expression(python(value, ()))), "closed form", "eval")
    found = Fraction(eval(code, {}, {k: Fraction(v) for k, v in setting.items()}))
    return int(found) if found.denominator == 1 else str(found)


def _nothing(recurrence: Recurrence, claim: Any) -> Iterator[Trial]:
    return iter(())


# fmt: off
QUESTIONS = {
    "output size": Question(size.output_size, size.output_size_steps, emit.size_function,  _outputs, _row_grid,   _row_chance,   _nothing),
    "input size":  Question(size.input_size,  size.input_size_steps,  emit.size_function,  _inputs,  _row_grid,   _row_chance,   _nothing),
    "field":       Question(field.chain,      field.chain_steps,      emit.chain_function, _field,   _chain_grid, _chain_chance, _closed),
}
# fmt: on
