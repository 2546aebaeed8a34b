"""What a definition means: a Program of named intermediates. Frozen data, no behaviour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from derive.language.errors import DefinitionError, DeriveError
from derive.language.nodes import Expr, Input, Ref, substitute


@dataclass(frozen=True)
class Parameter:
    """A scalar keyword: its default (exact) and its range; `integer` restricts it to whole numbers."""

    name: str
    default: Fraction | None
    low: float = -math.inf
    high: float = math.inf
    low_included: bool = True
    high_included: bool = True
    integer: bool = False

    def admits(self, value: float | Fraction) -> bool:
        """Whether the value lies in the range (never nan or infinite)."""
        if not math.isfinite(value) or (self.integer and value != int(value)):
            return False
        above = value >= self.low if self.low_included else value > self.low
        below = value <= self.high if self.high_included else value < self.high
        return above and below

    @property
    def range(self) -> str:
        """The range in words of mathematics, as error messages print it."""
        left = "[" if self.low_included and self.low > -math.inf else "("
        right = "]" if self.high_included and self.high < math.inf else ")"
        return f"{'an integer' if self.integer else 'a finite number'} in {left}{self.low:g}, {self.high:g}{right}"

    def accept(self, value: float | Fraction, op: str) -> None:
        """Raise DeriveError unless the value is admitted."""
        if not self.admits(value):
            raise DeriveError(f"{op}: parameter {self.name} is {value}; wanted {self.range}")


@dataclass(frozen=True)
class Let:
    """A named intermediate; its body refers to inputs, parameters and earlier lets."""

    name: str
    body: Expr

    @property
    def ref(self) -> Ref:
        return Ref(self.name, self.body.axes)


@dataclass(frozen=True)
class Output:
    """A result: the let it names and the order of its axes."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Hypothesis:
    """An equation that the definition assumes of its inputs, such as sum(t, "C") == 1."""

    left: Expr
    right: Expr

    def __str__(self) -> str:
        return f"{self.left} == {self.right}"


@dataclass(frozen=True)
class Program:
    """Inputs, parameters and named intermediates in order of evaluation. Shapes are symbolic throughout.

    `order` is the order in which axes are laid out in arrays; `sizes` gives the sizes of axes that index maps create;
    `states` names the inputs whose new value is also an output (in order, after the returned values).
    """

    name: str
    inputs: tuple[Input, ...]
    parameters: tuple[Parameter, ...]
    lets: tuple[Let, ...]
    outputs: tuple[Output, ...]
    order: tuple[str, ...]
    sizes: tuple[tuple[str, Expr], ...] = ()
    states: tuple[str, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()

    def ordered(self, axes: frozenset[str]) -> tuple[str, ...]:
        """The axes in layout order."""
        return tuple(a for a in self.order if a in axes)

    def let(self, name: str) -> Let:
        """The let of that name."""
        return next(let for let in self.lets if let.name == name)

    @property
    def real_inputs(self) -> tuple[Input, ...]:
        """The inputs a gradient is taken with respect to."""
        return tuple(i for i in self.inputs if i.dtype == "real")


def expand(program: Program, expr: Expr) -> Expr:
    """The expression with every Ref replaced by what it names, down to inputs and parameters."""
    bodies: dict[Expr, Expr] = {}
    for let in program.lets:
        bodies[let.ref] = substitute(let.body, bodies)
    return substitute(expr, bodies)


def check_names(names: list[str]) -> None:
    """Raise DefinitionError when two things of one definition carry the same name."""
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DefinitionError(f"{', '.join(twice)} named twice; inputs, parameters and axes need names of their own")
