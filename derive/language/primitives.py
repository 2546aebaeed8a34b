"""The primitive scalar functions of the language: the one place where their names are listed.

Each row is a function of real numbers, not of floats. Its derivative stands in calculus, its enclosure in the oracle and
its floating-point form in numerics, one row each, under the same name; everything else (tanh, sigmoid, softplus, ...) is
an ordinary definition made from these.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Primitive:
    """A scalar function: its `name`, how many arguments it takes, where it is defined, and what it means."""

    name: str
    arity: int
    domain: str
    meaning: str


# fmt: off
PRIMITIVES = (
    Primitive("pi",         0, "",        "the circle's circumference over its diameter"),
    Primitive("inf",        0, "",        "more than every number; stands for what no maximum or minimum picks"),
    Primitive("exp",        1, "real",    "e to the power of the argument"),
    Primitive("log",        1, "x > 0",   "natural logarithm"),
    Primitive("normal_cdf", 1, "real",    "probability that a standard normal falls below the argument"),
    Primitive("erf",        1, "real",    "error function, 2 normal_cdf(sqrt(2) x) - 1"),
    Primitive("sin",        1, "real",    "sine, argument in radians"),
    Primitive("cos",        1, "real",    "cosine, argument in radians"),
    Primitive("arctan",     1, "real",    "inverse tangent, in (-pi/2, pi/2)"),
    Primitive("abs",        1, "real",    "distance from zero; its derivative at zero is 0"),
    Primitive("sign",       1, "real",    "-1, 0 or 1; its derivative is 0"),
    Primitive("floor",      1, "real",    "largest integer not above the argument; its derivative is 0"),
)
# fmt: on

BY_NAME = {p.name: p for p in PRIMITIVES}
