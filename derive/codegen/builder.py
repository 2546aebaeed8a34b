"""The state of planning: steps so far, each kept once, and which expression each one computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Protocol

from derive.codegen.constants import is_irrational, nearest
from derive.codegen.steps import Axes, Broadcast, Number, Step, Ufunc, layout
from derive.language.errors import NotPrintable
from derive.language.nodes import BATCH, Expr, Ref, walk
from derive.language.program import Program


class Kernel(Protocol):
    """A row of the kernel table: a scalar function and the NumPy (or support) function that computes it."""

    @property
    def name(self) -> str: ...
    @property
    def numpy(self) -> str: ...


Rule = Callable[["Builder", Expr], int]


class Builder:
    """Collects steps. `lower(expr)` gives the number of the step that computes an expression; equal expressions share it."""

    def __init__(self, program: Program, kernels: Mapping[str, Kernel], rules: Mapping[type[Expr], Rule]) -> None:
        self.program, self.kernels, self.rules = program, kernels, rules
        self.order = layout(program)
        self.steps: list[Step] = []
        self.hints: dict[int, str] = {}
        self.whole = {p.name for p in program.parameters if p.integer}
        self.parents = Counter(c for n in {n: None for let in program.lets for n in walk(let.body)} for c in n.children)
        self._numbers: dict[Step, int] = {}
        self._done: dict[Expr, int] = {}

    def lower(self, expr: Expr) -> int:
        """The step of an expression."""
        if expr not in self._done:
            self._done[expr] = self.spread(self._lowered(expr), expr.axes)
        return self._done[expr]

    def _lowered(self, expr: Expr) -> int:
        if is_irrational(expr):
            return self.emit(Number((), "real", (), nearest(expr)))
        if type(expr) not in self.rules:
            raise NotPrintable(f"{expr} has no NumPy form")
        return self.rules[type(expr)](self, expr)

    def spread(self, step: int, axes: frozenset[str]) -> int:
        """A step that varies along fewer axes than its expression (a row that one position was picked from) repeated along them."""
        if axes <= set(self.steps[step].axes):
            return step
        return self.emit(Broadcast(self.sorted(axes), self.steps[step].kind, (self.as_number(step),)))

    def emit(self, step: Step) -> int:
        """The number of a step, new or already there."""
        if step not in self._numbers:
            self._numbers[step] = len(self.steps)
            self.steps.append(step)
        return self._numbers[step]

    def bind(self, expr: Expr, step: int) -> None:
        """Let an expression stand for a step."""
        self._done[expr] = step

    def handle(self, step: int) -> Expr:
        """An expression that stands for a step."""
        ref = Ref(f"%{step}", frozenset(self.steps[step].axes))
        self.bind(ref, step)
        return ref

    def sorted(self, axes: frozenset[str]) -> Axes:
        """Axes in layout order; axes that the layout does not know come last."""
        return (*(a for a in self.order if a in axes), *sorted(axes - set(self.order)))

    def elementwise(self, fn: str, *args: int, kind: str = "real") -> int:
        """An operation element by element; its axes follow the largest argument's order, or the layout."""
        return self.emit(Ufunc(self._joint_axes(args), kind, args, fn))

    def _joint_axes(self, args: tuple[int, ...]) -> Axes:
        together = [self.steps[a].axes for a in args]
        canonical = self.sorted(frozenset(a for axes in together for a in axes))
        complete = [axes for axes in together if len(axes) == len(canonical)]
        return canonical if canonical in complete or not complete else complete[0]

    def number(self, value: int | Fraction) -> int:
        """A literal."""
        value = Fraction(value)
        return self.emit(Number((), "int" if value.denominator == 1 else "real", (), value))

    def kind(self, *args: int) -> str:
        """What arithmetic on the arguments gives: int when all are whole, else real."""
        return "real" if any(self.steps[a].kind == "real" for a in args) else "int"

    def as_number(self, step: int) -> int:
        """A condition as zeros and ones; numbers stay as they are."""
        return self.elementwise("float", step) if self.steps[step].kind == "bool" else step


def has_batch(axes: Axes | frozenset[str]) -> bool:
    """Whether "..." is among the axes."""
    return BATCH in axes
