"""Numbers by the names that people would give them: sizes, parameters, and a few that everybody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from derive.checker.diagnosis.evidence import Seen

Value = Callable[[Seen], "float | None"]
NUMBERS: dict[str, float] = {
    "2": 2.0, "1/2": 0.5, "3": 3.0, "1/3": 1 / 3, "4": 4.0, "1/4": 0.25, "6": 6.0, "pi": np.pi, "1/pi": 1 / np.pi, "2*pi": 2 * np.pi,
    "sqrt(2)": 2**0.5, "1/sqrt(2)": 0.5**0.5, "sqrt(pi)": np.pi**0.5, "sqrt(2*pi)": (2 * np.pi) ** 0.5, "log(2)": float(np.log(2)),
    "1/log(2)": float(1 / np.log(2)), "log(10)": float(np.log(10)), "1/log(10)": float(1 / np.log(10)),
}  # fmt: skip
# fmt: off
OF_ONE: dict[str, Callable[[float], float]] = {
    "{}":                  lambda n: n,
    "1/{}":                lambda n: 1 / n,
    "sqrt({})":            lambda n: n**0.5,
    "1/sqrt({})":          lambda n: n**-0.5,
    "{}/({} - 1)":         lambda n: n / (n - 1),
    "({} - 1)/{}":         lambda n: (n - 1) / n,
    "{}/({} + 1)":         lambda n: n / (n + 1),
    "2/{}":                lambda n: 2 / n,
    "2*{}":                lambda n: 2 * n,
    "{}/2":                lambda n: n / 2,
    "sqrt({}/({} - 1))":   lambda n: (n / (n - 1)) ** 0.5,
    "sqrt(({} - 1)/{})":   lambda n: ((n - 1) / n) ** 0.5,
    "{}**2":               lambda n: n * n,
    "1/{}**2":             lambda n: 1 / (n * n),
}
OF_TWO: dict[str, Callable[[float, float], float]] = {
    "{}/{}":               lambda m, n: m / n,
    "sqrt({}/{})":         lambda m, n: (m / n) ** 0.5,
    "{}*{}":               lambda m, n: m * n,
    "1/({}*{})":           lambda m, n: 1 / (m * n),
    "1/sqrt({}*{})":       lambda m, n: (m * n) ** -0.5,
}
OF_PARAMETER: dict[str, Callable[[float], float]] = {
    "{}":                  lambda p: p,
    "1/{}":                lambda p: 1 / p,
    "{}**2":               lambda p: p * p,
    "1/{}**2":             lambda p: 1 / (p * p),
    "(1 - {})":            lambda p: 1 - p,
    "1/(1 - {})":          lambda p: 1 / (1 - p),
    "sqrt({})":            lambda p: p**0.5,
    "(1 + {})":            lambda p: 1 + p,
}
# fmt: on


def named_factor(s: Seen) -> Iterator[tuple[str, Value]]:
    """Names with the numbers that they stand for at a call."""
    yield from ((name, _known(NUMBERS[name])) for name in ("2", "1/2"))
    for a in s.sizes:
        yield from ((form.replace("{}", f"size({a})"), _size(f, a)) for form, f in OF_ONE.items())
    for a, b in combinations(s.sizes, 2):
        for first, second in ((a, b), (b, a)):
            yield from ((form.format(f"size({first})", f"size({second})"), _sizes(f, first, second)) for form, f in OF_TWO.items())
    for p in s.parameters:
        yield from ((form.replace("{}", p), _parameter(f, p)) for form, f in OF_PARAMETER.items())
    yield from ((name, _known(value)) for name, value in NUMBERS.items())


def _known(value: float) -> Value:
    return lambda s: value


def _size(f: Callable[[float], float], a: str) -> Value:
    return lambda s: _tried(lambda: f(s.sizes[a]))


def _sizes(f: Callable[[float, float], float], a: str, b: str) -> Value:
    return lambda s: _tried(lambda: f(s.sizes[a], s.sizes[b]))


def _parameter(f: Callable[[float], float], p: str) -> Value:
    return lambda s: _tried(lambda: f(s.parameters[p]))


def _tried(value: Callable[[], float]) -> float | None:
    try:
        found = value()
    except (ZeroDivisionError, KeyError):
        return None
    return found if isinstance(found, (int, float)) else None
