"""A plan as Python statements: named intermediates are assigned, those used once are folded into what uses them."""

from __future__ import annotations

import ast
from fractions import Fraction

from derive.codegen.frames import fit, frames, hollow, place, trim
from derive.codegen.names import Names
from derive.codegen.operations import PRINT
from derive.codegen.steps import (
    Array,
    Axes,
    Extent,
    Loop,
    Number,
    Part,
    Plan,
    Rename,
    Step,
    Ufunc,
    reachable,
)  # fmt: skip
from derive.codegen.syntax import OPERATORS, assign, call, constant, function, items, name, subscript, text
from derive.language.errors import NotPrintable
from derive.language.nodes import BATCH, base_axis
from derive.language.program import Program

WIDTH = 92
SCALAR_WIDTH = 14
ARGUMENT_WIDTH = 36
SCAN = {-1: "_scan", 1: "_scan_back"}


class Printer:
    """Prints the steps of one plan; collects statements, and which sizes and support functions they use."""

    def __init__(self, plan: Plan, names: Names) -> None:
        self.plan = plan
        self.live = reachable(plan)
        self.frames = frames(plan, self.live)
        self.names = names
        self.hints = dict(plan.hints)
        self.statements: list[ast.stmt] = []
        self.axes: list[str] = []
        self.local: dict[int, str] = {}
        self.results: dict[int, list[str]] = {}
        self.inside = "value"
        self.uses = self._count()

    def _count(self) -> dict[int, int]:
        uses = dict.fromkeys(self.live, 0)
        for n in reversed(self.live):
            times = uses[n] if isinstance(self.plan.steps[n], Rename) else 1
            for arg in self.plan.steps[n].args:
                uses[arg] += times
        return uses

    def body(self) -> list[ast.stmt]:
        """The assignments that compute the outputs, in order."""
        lets: dict[int, str] = {}
        for n, let in self.plan.names:
            lets.setdefault(self._source(n), let)
        for n in self.live:
            step = self.plan.steps[n]
            self.inside = next((lets[m] for m in sorted(lets) if m >= n), "value")
            if isinstance(step, Loop):
                self._loop(n, step)
            elif isinstance(step, Part):
                self._along(n, step)
            elif isinstance(step, Array):
                self.local[n] = self.names.of_input(step.name)
            elif n in lets and not isinstance(step, Rename) and not self._is_whole(step):
                self._assign(n, self.names.of_let(lets[n]))
            elif (self.uses[n] > 1 or n in self.hints) and not self._is_small(n):
                self._spill(n)
        return self.statements

    def _loop(self, n: int, loop: Loop) -> None:
        """A function for one position, and a call that runs it along the axis."""
        names = Names(loop.inner)
        inner = Printer(loop.inner, names)
        statements = inner.body()
        results = [inner.fitted(k, o.names) for k, o in zip(loop.inner.outputs, loop.inner.program.outputs, strict=True)]
        self.axes += [a for a in inner.axes if a not in self.axes and a != BATCH]
        if any(names.of_axis(a) != self.names.of_axis(a) for a in inner.axes):
            raise NotPrintable(f"{self.plan.program.name}: an axis is called like something else in a step of its recurrence")
        step = self.names.of_let("step")
        arguments = ast.arguments([], [ast.arg(names.of_input(i.name)) for i in loop.inner.program.inputs], None, [], [], None, [])
        self.statements.append(function(step, arguments, [*statements, ast.Return(items(results) if len(results) > 1 else results[0])]))
        for a in map(self._source, loop.args):
            if a not in self.local and len(text(self.expr(a))) > ARGUMENT_WIDTH:
                self._spill(a)
        starts, rows = loop.args[: loop.states], loop.args[loop.states : loop.states + loop.rows]
        moved = [self._first(self.expr(a), self.plan.steps[a].axes, loop.axis) for a in rows]
        others = [self.expr(a) for a in loop.args[loop.states + loop.rows :]]
        size = self.extent(loop.axis)
        given = [items([self.fitted(a, self.plan.steps[a].axes) for a in starts]), items(moved), items(others)]
        self.results[n] = [self.names.of_let(o.name) for o in loop.inner.program.outputs]
        targets = items([name(x) for x in self.results[n]])
        self.statements.append(assign(targets, call(SCAN[loop.step], name(step), size, *given)))

    def _first(self, node: ast.expr, axes: Axes, axis: str) -> ast.expr:
        at = place(axes, axis)
        return call("np.moveaxis", node, constant(at), constant(0)) if axes[0] != axis else node

    def _along(self, n: int, part: Part) -> None:
        """A result of a loop with its axis in place."""
        self.local[n] = self.results[part.args[0]][part.number]
        if part.axes[0] != part.along:
            moved = call("np.moveaxis", name(self.local[n]), constant(0), constant(place(part.axes, part.along)))
            self.statements.append(assign(name(self.local[n]), moved))

    def _is_whole(self, step: Step) -> bool:
        """Whether a step is a rational literal, which needs no name."""
        return isinstance(step, Number) and isinstance(step.value, Fraction)

    def _source(self, n: int) -> int:
        return self._source(self.plan.steps[n].args[0]) if isinstance(self.plan.steps[n], Rename) else n

    def _is_small(self, n: int) -> bool:
        """Whether repeating a step costs nothing and reads well: a scalar of a few letters, or a mere view."""
        step = self.plan.steps[n]
        if isinstance(step, (Number, Extent, Rename)):
            return True
        plain = isinstance(step, Ufunc) and step.fn in OPERATORS and not step.axes
        return plain and all(not self.plan.steps[a].axes for a in step.args) and len(text(self._build(n))) <= SCALAR_WIDTH

    def _assign(self, n: int, local: str) -> None:
        value = self._build(n)
        self.local[n] = local
        self.statements.append(assign(ast.Name(local), value))

    def _spill(self, n: int) -> None:
        """A temporary for a step that is used more than once, or too long to stand inside another."""
        value = self._build(n)
        args = [self.expr(a) for a in self.plan.steps[n].args]
        self.local[n] = self.names.of_step(self.plan.steps[n], args, self.hints.get(n), self.inside)
        self.statements.append(assign(ast.Name(self.local[n]), value))

    def expr(self, n: int) -> ast.expr:
        """A step as an expression: its name, or its operation written out."""
        return ast.Name(self.local[n]) if n in self.local else self._build(n)

    def fitted(self, n: int, frame: Axes) -> ast.expr:
        """A step as an expression that broadcasts in a frame."""
        axes, own = self.plan.steps[n].axes, self.frames[n]
        if trim(own) == trim(hollow(frame, axes)):
            return self.expr(n)
        return fit(self.expr(n), axes, frame)

    def input(self, public: str) -> ast.expr:
        """An input or a parameter by its local name."""
        return name(self.names.of_input(public))

    def extent(self, axis: str) -> ast.expr:
        """The size of an axis as an expression: for "..." the product of the leading sizes."""
        if axis == BATCH:
            return lead_size(self.plan.program, self.names)
        return ast.Name(self._axis(axis))

    def _axis(self, axis: str) -> str:
        axis = base_axis(axis)
        if axis not in self.axes:
            self.axes.append(axis)
        return self.names.of_axis(axis)

    def lead(self) -> ast.expr:
        """The number of leading axes."""
        return ast.Name(self._axis(BATCH))

    def shape(self, axes: Axes) -> ast.expr:
        """The shape of an array with these axes: that of an input where one has them."""
        same = next((i for i in self.plan.program.inputs if i.names == axes), None)
        if same is not None and axes:
            return ast.Attribute(self.input(same.name), "shape")
        return items([ast.Starred(lead_shape(self.plan.program, self.names)) if a == BATCH else self.extent(a) for a in axes])

    def _build(self, n: int) -> ast.expr:
        """The operation of a step over its arguments, the longest of which get names where the line grows too long."""
        step = self.plan.steps[n]
        node = PRINT[type(step)](self, n)
        while len(text(node)) > WIDTH:
            longest = max((a for a in self._inlined(n)), key=lambda a: len(text(self.expr(a))), default=None)
            if longest is None:
                break
            self._spill(longest)
            node = PRINT[type(step)](self, n)
        return node

    def _inlined(self, n: int) -> list[int]:
        args = [self._source(a) for a in self.plan.steps[n].args]
        return [a for a in args if a not in self.local and not isinstance(self.plan.steps[a], (Number, Extent, Array))]


def lead_shape(program: Program, names: Names) -> ast.expr:
    """The sizes of the leading axes, as an input's shape shows them."""
    home = min((i for i in program.inputs if BATCH in i.names), key=lambda i: len(i.names))
    shape = ast.Attribute(name(names.of_input(home.name)), "shape")
    rest = len(home.names) - 1
    return subscript(shape, [ast.Slice(upper=constant(-rest))]) if rest else shape


def lead_size(program: Program, names: Names) -> ast.expr:
    """The product of the leading sizes."""
    alone = next((i for i in program.inputs if i.names == (BATCH,)), None)
    if alone is not None:
        return ast.Attribute(name(names.of_input(alone.name)), "size")
    return call("math.prod", lead_shape(program, names))
