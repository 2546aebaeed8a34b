"""The kinds of formal statement. Each is data: definitions in the language, and what is said of their outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from derive.catalog.geometry import Recurrence
from derive.language.errors import DefinitionError
from derive.language.functions import size
from derive.language.nodes import Expr, add, mul
from derive.language.operation import Op
from derive.language.program import Let, Output, Program, expand
from derive.pipeline import readings

Setting = Mapping[str, int]
S = TypeVar("S", bound="Statement")


@dataclass(frozen=True)
class Answer:
    """How a statement was settled ("proved", "computed", "refuted" or "undecided"), by what, and the tier of what was proved."""

    settled: str
    evidence: str
    tier: str = ""


@dataclass(frozen=True, eq=False)
class Statement:
    """Something said of the outputs of a program; `says` is one sentence."""

    says: str
    program: Program

    @cached_property
    def sides(self) -> tuple[Expr, ...]:
        """The outputs, written out down to inputs and parameters."""
        return tuple(expand(self.program, self.program.let(o.name).ref) for o in self.program.outputs)


@dataclass(frozen=True, eq=False)
class Relation(Statement):
    """The outputs, from left to right, stand in a relation ("=", "<=" or "<") for all inputs, parameters and sizes."""

    sign: str

    def __post_init__(self) -> None:
        if len(self.program.outputs) < 2:
            raise DefinitionError(f"{self.program.name} has one output; wanted two or more, of which something is said")


@dataclass(frozen=True, eq=False)
class Number(Statement):
    """The value at given inputs and parameters, rounded to as many places as `digits` has."""

    digits: str
    inputs: tuple[tuple[str, NDArray[Any]], ...]
    parameters: tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True, eq=False)
class Extreme(Statement):
    """The least or largest value over all real x, and where it is, rounded to the given places. The program has one scalar input."""

    which: str
    digits: str
    where: str


@dataclass(frozen=True, eq=False)
class Tends(Statement):
    """The first output tends to the second as a variable goes to a limit."""

    variable: str
    toward: str


@dataclass(frozen=True, eq=False)
class Counted(Statement):
    """A formula in scalar inputs gives what `count` finds without a formula, at all the settings."""

    count: Callable[..., int]
    settings: tuple[Setting, ...]

    def __post_init__(self) -> None:
        if not self.settings:
            raise DefinitionError(f"{self.program.name} is to be counted nowhere; wanted at least one setting")


@dataclass(frozen=True, eq=False)
class Window(Statement):
    """A formula is what follows from the index map of a recurrence: its answer, or the named unknown behind one layer more."""

    recurrence: Recurrence
    unknown: str


@dataclass(frozen=True, eq=False)
class MeanSquare(Statement):
    """The mean square of an op, or of its slope, at a standard normal input, rounded to the given places."""

    op: Op
    of_slope: bool
    digits: str


@dataclass(frozen=True, eq=False)
class Mean(Statement):
    """The mean of an op at a standard normal input, rounded to the given places."""

    op: Op
    digits: str


@dataclass(frozen=True, eq=False)
class Fails(Statement):
    """Another statement is false."""

    other: Statement


def about(statement: S, *ops: Op) -> S:
    """The statement as one about these ops, too: where a formula stands for them without their names."""
    program = statement.program
    return replace(statement, program=replace(program, uses=(*program.uses, *(op.name for op in ops))))


def equal(op: Op) -> Relation:
    """The outputs of a definition are equal."""
    return Relation(op.summary, op.program, "=")


def at_most(op: Op) -> Relation:
    """Each output of a definition is at most the next."""
    return Relation(op.summary, op.program, "<=")


def below(op: Op) -> Relation:
    """Each output of a definition is below the next."""
    return Relation(op.summary, op.program, "<")


def gradient(op: Op, by: str, formula: Op) -> Relation:
    """The derived gradient of an op by one input is what a formula in g and its inputs says."""
    own, vjp = formula.program, readings(op).program("vjp")
    place = [i.name for i in op.program.real_inputs].index(by)
    slope = expand(vjp, vjp.let(vjp.outputs[place].name).ref)
    first = Output(f"d{by}", vjp.outputs[place].names)
    program = replace(vjp, name=own.name, lets=(Let(first.name, slope), *own.lets), outputs=(first, *own.outputs), uses=(op.name,))
    return Relation(formula.summary, program, "=")


def weights(op: Op, names: str, formula: Op) -> Relation:
    """The elements of the named inputs of an op, counted, are what a formula in the sizes of its axes says."""
    arrays = [i for i in op.program.inputs if i.name in names.split()]
    count = add(*(mul(*(size(a) for a in i.names)) for i in arrays))
    program = replace(formula.program, lets=(Let("count", count), *formula.program.lets))
    program = replace(program, outputs=(Output("count", ()), *program.outputs), uses=(op.name,))
    return Relation(f"{formula.summary} (counted: {names} of {op.name})", program, "=")


def fails(statement: Statement) -> Fails:
    """A statement that does not hold."""
    return Fails(f"not so: {statement.says}", statement.program, statement)


def mean_square(op: Op, digits: str, says: str) -> MeanSquare:
    """E[f(z)^2] of an element-wise op."""
    return MeanSquare(says, op.program, op, False, digits)


def expected(op: Op, digits: str, says: str) -> Mean:
    """E[f(z)] of an element-wise op."""
    return Mean(says, op.program, op, digits)


def mean_square_of_slope(op: Op, digits: str, says: str) -> MeanSquare:
    """E[f'(z)^2] of an element-wise op."""
    return MeanSquare(says, op.program, op, True, digits)


def number(op: Op, digits: str, given: Mapping[str, Any], **parameters: Any) -> Number:
    """The value of an op (its first output) at given inputs, as decimals."""
    program = replace(op.program, outputs=op.program.outputs[:1])
    numbers = tuple((n, Fraction(str(v))) for n, v in parameters.items())
    return Number(op.summary, program, digits, tuple((n, _exact(v)) for n, v in given.items()), numbers)


def _exact(value: Any) -> NDArray[Any]:
    """Decimals as an array of exact numbers."""
    return np.array([Fraction(v) for v in value] if isinstance(value, tuple) else Fraction(value), dtype=object)


def least(op: Op, digits: str, where: str) -> Extreme:
    """The least value of a function of one variable, and where."""
    return Extreme(op.summary, op.program, "least", digits, where)


def largest(op: Op, digits: str, where: str) -> Extreme:
    """The largest value of a function of one variable, and where."""
    return Extreme(op.summary, op.program, "largest", digits, where)


def tends(op: Op, variable: str, toward: str = "oo") -> Tends:
    """The first output of a definition tends to the second."""
    return Tends(op.summary, op.program, variable, toward)


def counted(op: Op, count: Callable[..., int], settings: Iterable[Setting]) -> Counted:
    """A formula (the first output) agrees with counting at all settings of its parameters."""
    return Counted(op.summary, op.program, count, tuple(settings))


def window(op: Op, recurrence: Recurrence, unknown: str = "") -> Window:
    """A formula is the answer to a question about windows."""
    return Window(op.summary, op.program, recurrence, unknown)


def with_side(statement: Statement, place: int, side: Expr) -> Statement:
    """The statement with one output replaced by another expression."""
    sides = list(statement.sides)
    sides[place] = side
    program = statement.program
    lets = tuple(Let(o.name, e) for o, e in zip(program.outputs, sides, strict=True))
    outputs = tuple(replace(o, names=program.ordered(e.axes)) for o, e in zip(program.outputs, sides, strict=True))
    return replace(statement, program=replace(program, lets=lets, outputs=outputs))
