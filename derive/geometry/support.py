"""Plain functions that generated modules carry along: their source is copied, so they use nothing but Python."""

from __future__ import annotations


def _whole(function: str, name: str, value: int, least: int) -> int:
    """The value as an int; TypeError or ValueError, naming the argument, when it is none or below `least`."""
    try:
        number = value.__index__()
    except (AttributeError, TypeError):
        raise TypeError(f"{function}: {name} is {value!r}; wanted an integer of at least {least}") from None
    if number < least:
        raise ValueError(f"{function}: {name} is {number}; wanted an integer of at least {least}")
    return number


def _layers(function: str, layers: list[tuple[int, ...]], **least: int) -> list[tuple[int, ...]]:
    """One tuple of ints per layer, in the order of `least`, which names them and gives their least values."""
    wanted = ", ".join(least)
    try:
        rows = [tuple(layer) for layer in layers]
    except TypeError:
        raise TypeError(f"{function}: layers is {layers!r}; wanted a list of ({wanted})") from None
    for number, row in enumerate(rows):
        if len(row) != len(least):
            raise ValueError(f"{function}: layers[{number}] is {row!r}; wanted ({wanted})")
    return [
        tuple(_whole(function, f"{n} of layers[{i}]", v, least[n]) for n, v in zip(least, row, strict=True)) for i, row in enumerate(rows)
    ]
