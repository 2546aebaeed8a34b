"""The operations of a plan. Each step is one array operation; its arguments are the numbers of earlier steps.

`axes` are the axes of the result in the order of its dimensions. `kind` is what its elements are: "real" (float64),
"int" or "bool". The axis "..." is always the first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from derive.language.nodes import BATCH
from derive.language.program import Program

Axes = tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One operation on the results of the steps `args`."""

    axes: Axes
    kind: str
    args: tuple[int, ...]


@dataclass(frozen=True)
class Array(Step):
    """An input; a count and a parameter are inputs without axes."""

    name: str


@dataclass(frozen=True)
class Number(Step):
    """A literal: an exact rational, or the nearest double of an irrational constant."""

    value: Fraction | float


@dataclass(frozen=True)
class Extent(Step):
    """The size of an axis."""

    axis: str


@dataclass(frozen=True)
class Positions(Step):
    """0, 1, ... along an axis."""

    axis: str


@dataclass(frozen=True)
class Ufunc(Step):
    """An operation element by element; `fn` is an operator, a dotted NumPy name, or a function of a support module."""

    fn: str


@dataclass(frozen=True)
class Reduction(Step):
    """A reduction of the one argument over the axes `over`."""

    how: str
    over: Axes


@dataclass(frozen=True)
class Contraction(Step):
    """The sum over `over` of the product of two arrays. `form` says how: matmul, matvec, tensordot or einsum."""

    over: Axes
    form: str


@dataclass(frozen=True)
class Rename(Step):
    """The same array under other axis names; no operation at run time."""


@dataclass(frozen=True)
class Take(Step):
    """args (array, index): the array read along `axis` at integer positions, which have axes of their own."""

    axis: str


@dataclass(frozen=True)
class TakeAlong(Step):
    """args (array, index): one position along `axis` for each position of the array's other axes."""

    axis: str


@dataclass(frozen=True)
class Fancy(Step):
    """args (array, index, ...): each axis of the array in `indexed` is read at the index that stands in its place."""

    indexed: Axes


@dataclass(frozen=True)
class Read(Step):
    """args (array, positions): like Take, but 0 where a position falls outside the axis."""

    axis: str


@dataclass(frozen=True)
class Scatter(Step):
    """args (values, index, ...): values added up along the axes `into`, each at its positions there; what falls outside is dropped."""

    into: Axes


@dataclass(frozen=True)
class Broadcast(Step):
    """The one argument repeated along the axes it lacks."""


@dataclass(frozen=True)
class Beside(Step):
    """args (array, start): the array read `step` positions further along `axis`, and the start at the end where there is nothing."""

    axis: str
    step: int


@dataclass(frozen=True)
class Loop(Step):
    """args (starts, arrays, others): the plan `inner` for one position after another along `axis`, its `states` first results
    going into the next one. It takes the starts as states, a row of each of `rows` arrays, and the others as they are."""

    inner: Plan
    axis: str
    step: int
    states: int
    rows: int


@dataclass(frozen=True)
class Part(Step):
    """args (loop,): one result of a loop, for all positions of `along`."""

    number: int
    along: str


@dataclass(frozen=True)
class Plan:
    """The steps of a program in order of evaluation.

    `names` are the lets that have a step of their own, `hints` are words for some other steps, `outputs` the step of
    each output, `sizes` the step of each size that index maps create, `order` the layout of axes, "..." first, and
    `requirements` the text and the step of each condition on sizes and parameters.
    """

    program: Program
    steps: tuple[Step, ...]
    names: tuple[tuple[int, str], ...]
    hints: tuple[tuple[int, str], ...]
    outputs: tuple[int, ...]
    sizes: tuple[tuple[str, int], ...]
    order: Axes
    requirements: tuple[tuple[str, int], ...] = ()


def layout(program: Program) -> Axes:
    """The layout order of a program's axes, "..." first."""
    return tuple(sorted(program.order, key=lambda axis: axis != BATCH))


def reachable(plan: Plan) -> list[int]:
    """The steps that the outputs need, in order."""
    needed: set[int] = set()
    stack = list(plan.outputs)
    while stack:
        step = stack.pop()
        if step not in needed:
            needed.add(step)
            stack.extend(plan.steps[step].args)
    return sorted(needed)
