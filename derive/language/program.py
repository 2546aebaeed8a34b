"""What a definition means: a Program of named intermediates. Frozen data, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from derive.language.errors import DefinitionError, DeriveError
from derive.language.nodes import Compare, Expr, Input, Ref, substitute
from derive.language.ranges import Range, Scalar


@dataclass(frozen=True)
class Parameter:
    """A scalar keyword: its default (exact) and the range of numbers it may take."""

    name: str
    default: Fraction | None
    limits: Range = Scalar

    def admits(self, value: float | Fraction) -> bool:
        """Whether the value lies in the range (never nan or infinite)."""
        return self.limits.admits(value)

    @property
    def low(self) -> float:
        """The lower end of the range."""
        return self.limits.low

    @property
    def high(self) -> float:
        """The upper end of the range."""
        return self.limits.high

    @property
    def positive(self) -> bool:
        """Whether every number in the range is above 0."""
        return self.low > 0 or (self.low == 0 and not self.low_included)

    @property
    def low_included(self) -> bool:
        """Whether the lower end may be taken."""
        return self.limits.low_included

    @property
    def high_included(self) -> bool:
        """Whether the upper end may be taken."""
        return self.limits.high_included

    @property
    def integer(self) -> bool:
        """Whether it is a whole number."""
        return self.limits.integer

    @property
    def range(self) -> str:
        """The range in words of mathematics, as error messages print it."""
        return f"{'an integer' if self.integer else 'a finite number'} in {self.limits}"

    def accept(self, value: float | Fraction, op: str) -> None:
        """Raise DeriveError unless the value is admitted."""
        if not self.admits(value):
            raise DeriveError(f"{op}: parameter {self.name} is {value}; wanted {self.range}")


@dataclass(frozen=True)
class Let:
    """A named intermediate; its body refers to inputs, parameters and earlier lets."""

    name: str
    body: Expr

    @cached_property
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
    `states` names the inputs whose new value is also an output (in order, after the returned values); `requirements` are
    conditions on sizes and parameters, checked in every call; `uses` names the programs that the definition was written with.
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
    requirements: tuple[Compare, ...] = ()
    uses: tuple[str, ...] = ()

    def ordered(self, axes: frozenset[str]) -> tuple[str, ...]:
        """The axes in layout order."""
        return tuple(a for a in self.order if a in axes)

    def let(self, name: str) -> Let:
        """The let of that name."""
        return self._by_name[name]

    def has(self, name: str) -> bool:
        """Whether a let has that name."""
        return name in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, Let]:
        return {let.name: let for let in self.lets}

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
