"""A world in which expressions have exact values: residues modulo a prime, with every discrete choice tried.

Whatever the real numbers know and the field does not is left free, so an equation that holds here for generic values holds
for real ones, while a true one may fail here:

    inputs, parameters      random residues; labels, positions of extremes and integers inside an index: each one is tried
    exp, log, arctan, ...   one random residue per argument, with exp(a + b) = exp(a) exp(b), log(exp(a) b) = a + log(b)
                            for b > 0, sin^2 + cos^2 = 1, and parities
    comparisons             the sign of left - right is free, 0 included: each one is tried
    roots                   a random residue per argument, or the square root where there is one (`free_root`, `true_root`)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Any

from numpy.typing import NDArray
from sympy import factorint

from derive.language.nodes import Expr, base_axis

Element = Fraction | int  # an exact rational number, or a residue
Data = NDArray[Any]


class Stuck(Exception):
    """No value at this point: a division by zero, or a square root that is missing, after `roots` others were found."""

    def __init__(self, roots: int = -1) -> None:
        self.roots = roots


class NoModel(Exception):
    """An expression without meaning in a prime field, or one that takes too much work."""


@dataclass
class Budget:
    """How many elements may still be computed."""

    left: int

    def spend(self, count: int) -> None:
        """Raise NoModel when nothing is left."""
        self.left -= count
        if self.left < 0:
            raise NoModel


@dataclass
class World:
    """One point: a prime, sizes, random values, and a script of discrete choices, which grows as new ones come up."""

    prime: int
    sizes: dict[str, int]
    bodies: dict[str, Expr]
    positive: frozenset[str]
    integers: frozenset[str]
    random: Random
    root_of: Callable[[World, int], int]
    budget: Budget
    script: list[int]
    options: list[int] = field(default_factory=list)
    leaves: dict[str, Data] = field(default_factory=dict)
    tables: dict[Any, int] = field(default_factory=dict)
    roots: dict[int, int] = field(default_factory=dict)
    done: dict[Expr, Data] = field(default_factory=dict)

    def size(self, axis: str) -> int:
        """Positions along an axis."""
        return self.sizes[base_axis(axis)]

    def shape(self, axes: frozenset[str]) -> tuple[int, ...]:
        """The sizes of the axes, sorted."""
        return tuple(self.size(a) for a in sorted(axes))

    def choose(self, count: int) -> int:
        """The next discrete choice among `count`: what the script says, 0 where it ends."""
        here = len(self.options)
        if here == len(self.script):
            self.script.append(0)
        self.options.append(count)
        return self.script[here]

    def table(self, kind: str, key: object) -> int:
        """The free value that stands for a function at an argument."""
        if (kind, key) not in self.tables:
            self.tables[kind, key] = self.random.randrange(1, self.prime)
        return self.tables[kind, key]

    # ---- elements ----

    def residue(self, a: Element) -> int:
        """The element as a residue."""
        if isinstance(a, int):
            return a
        if a.denominator % self.prime == 0:
            raise Stuck
        return a.numerator * pow(a.denominator, -1, self.prime) % self.prime

    def add(self, a: Element, b: Element) -> Element:
        """The sum, exact where both are."""
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return a + b
        return (self.residue(a) + self.residue(b)) % self.prime

    def times(self, a: Element, b: Element) -> Element:
        """The product, exact where both are."""
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return a * b
        return self.residue(a) * self.residue(b) % self.prime

    def raised(self, a: Element, n: int) -> Element:
        """A whole power."""
        if n < 0 and not a:
            raise Stuck
        return a**n if isinstance(a, Fraction) else pow(a, n, self.prime)

    def fractional(self, a: Element, e: Fraction) -> Element:
        """A rational power; of zero, a positive one."""
        if e.denominator == 1:
            return self.raised(a, int(e))
        return Fraction(0) if not a and e > 0 else self.raised(self._root(a, e.denominator), e.numerator)

    def odd(self, a: Element) -> tuple[int, int]:
        """A residue up to sign, and the sign."""
        r = self.residue(a)
        return (r, 1) if r <= self.prime - r else (self.prime - r, -1)

    def sign(self, a: Element) -> int:
        """The sign of a rational number; of a residue a choice, which it shares with its negative."""
        if isinstance(a, Fraction):
            return (a > 0) - (a < 0)
        r, s = self.odd(a)
        if r and ("sign", r) not in self.tables:
            self.tables["sign", r] = (1, -1, 0)[self.choose(3)]
        return s * self.tables["sign", r] if r else 0

    def _root(self, a: Element, degree: int) -> Element:
        if isinstance(a, Fraction):
            return self._rational_root(a, degree)
        return self.root_of(self, a) if degree == 2 else self.table(f"root {degree}", a)

    def _rational_root(self, a: Fraction, degree: int) -> Element:
        """Prime by prime, so that roots of numbers multiply as they should."""
        if a <= 0:
            raise Stuck
        result: Element = Fraction(1)
        for q, count in prime_powers(a):
            whole, rest = divmod(count, degree)
            result = self.times(result, Fraction(q) ** whole)
            result = self.times(result, self.raised(self._prime_root(q, degree), rest)) if rest else result
        return result

    def _prime_root(self, q: int, degree: int) -> int:
        if degree != 2:
            return self.table(f"root {degree}", ("number", q))
        if not is_square(q, self.prime):
            raise Stuck
        return pow(q, (self.prime + 1) // 4, self.prime)


def prime_powers(a: Fraction) -> list[tuple[int, int]]:
    """A positive rational as a product of powers of primes."""
    return [(int(q), s * int(n)) for part, s in ((a.numerator, 1), (a.denominator, -1)) for q, n in factorint(part).items()]


def is_square(a: int, prime: int) -> bool:
    """Whether a residue other than 0 is the square of one."""
    return pow(a, (prime - 1) // 2, prime) == 1


def free_root(w: World, a: int) -> int:
    """A residue of its own for each argument: its square need not be the argument."""
    return w.table("root 2", a)


def true_root(w: World, a: int) -> int:
    """The square root that is a square itself; Stuck where there is none."""
    if a not in w.roots:
        if not is_square(a, w.prime):
            raise Stuck(len(w.roots))
        w.roots[a] = pow(a, (w.prime + 1) // 4, w.prime)
    return w.roots[a]
