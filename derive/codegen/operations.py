"""How each kind of step is written in NumPy: one function per kind, and the table that names them."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Protocol

from derive.codegen.frames import place, transpose
from derive.codegen.steps import (
    Array,
    Axes,
    Beside,
    Broadcast,
    Contraction,
    Extent,
    Fancy,
    Number,
    Plan,
    Positions,
    Read,
    Reduction,
    Rename,
    Scatter,
    Step,
    Take,
    TakeAlong,
    Ufunc,
)
from derive.codegen.syntax import COMPARISONS, OPERATORS, binary, call, constant, items, method, name, number, subscript
from derive.language.nodes import BATCH


class Context(Protocol):
    """What a step's printing needs to know of the rest: its arguments as expressions, sizes and frames."""

    plan: Plan
    frames: dict[int, Axes]

    def expr(self, n: int) -> ast.expr: ...
    def fitted(self, n: int, frame: Axes) -> ast.expr: ...
    def extent(self, axis: str) -> ast.expr: ...
    def lead(self) -> ast.expr: ...
    def shape(self, axes: Axes) -> ast.expr: ...
    def input(self, public: str) -> ast.expr: ...


def _array(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Array)
    return p.input(step.name)


def _number(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Number)
    if step.value != step.value:
        return name("np.nan")
    if isinstance(step.value, float) and math.isinf(step.value):
        return name("np.inf") if step.value > 0 else ast.UnaryOp(ast.USub(), name("np.inf"))
    return name("np.pi") if step.value == math.pi else number(step.value)


def _extent(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Extent)
    return p.extent(step.axis)


def _positions(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Positions)
    return call("np.arange", p.extent(step.axis))


def _ufunc(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Ufunc)
    args = [p.fitted(a, p.frames[n]) for a in step.args]
    if step.fn in OPERATORS or step.fn in COMPARISONS:
        return binary(step.fn, *args)
    return UNARY[step.fn](*args) if step.fn in UNARY else call(step.fn, *args)


UNARY: dict[str, Callable[[ast.expr], ast.expr]] = {
    "neg": lambda arg: ast.UnaryOp(ast.USub(), arg),
    "float": lambda arg: method(arg, "astype", name("float")),
    "int": lambda arg: method(arg, "astype", name("np.intp")),
}


def _reduction(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Reduction)
    (arg,) = step.args
    axes = p.plan.steps[arg].axes
    keywords: dict[str, ast.expr] = {} if set(step.over) == set(axes) else {"axis": _axis_argument(p, axes, step.over)}
    if p.frames[n] != step.axes:
        keywords["keepdims"] = constant(True)
    return call(f"np.{step.how}", p.expr(arg), **keywords)


def _axis_argument(p: Context, axes: Axes, over: Axes) -> ast.expr:
    rest = [constant(i) for i in sorted(place(axes, a) for a in over if a != BATCH)]
    if BATCH not in over:
        return rest[0] if len(rest) == 1 else items(rest)
    leading = call("range", p.lead())
    return items([ast.Starred(leading), *rest]) if rest else call("tuple", leading)


def _contraction(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Contraction)
    left, right = step.args
    axes = p.plan.steps[left].axes, p.plan.steps[right].axes
    return CONTRACT[step.form](p, step, (p.expr(left), p.expr(right)), axes)


Pair = tuple[ast.expr, ast.expr]


def _matmul(p: Context, step: Contraction, nodes: Pair, axes: tuple[Axes, Axes]) -> ast.expr:
    """Batch and rows, then the summed axis; the summed axis, then columns."""
    (k,) = step.over
    left, right = (tuple(a for a in x if a != k and a not in other) for x, other in zip(axes, reversed(axes), strict=True))
    batch = tuple(a for a in axes[0] if a in axes[1] and a != k)
    return binary("@", transpose(nodes[0], axes[0], (*batch, *left, k)), transpose(nodes[1], axes[1], (*batch, k, *right)))


def _matvec(p: Context, step: Contraction, nodes: Pair, axes: tuple[Axes, Axes]) -> ast.expr:
    return binary("@", *nodes)


def _tensordot(p: Context, step: Contraction, nodes: Pair, axes: tuple[Axes, Axes]) -> ast.expr:
    rest = len(step.over) - 1
    leading = call("range", p.lead() if not rest else binary("+", p.lead(), constant(rest)))
    both = call("np.tensordot", *nodes, axes=items([leading, leading]))
    natural = tuple(a for x in axes for a in x if a not in step.over)
    return transpose(both, natural, step.axes)


def _einsum(p: Context, step: Contraction, nodes: Pair, axes: tuple[Axes, Axes]) -> ast.expr:
    letters = einsum_letters(dict.fromkeys((*axes[0], *axes[1])))
    left, right, result = ("".join(letters[a] for a in x) for x in (*axes, step.axes))
    return call("np.einsum", constant(f"{left},{right}->{result}"), *nodes, optimize=constant(True))


def einsum_letters(axes: dict[str, None]) -> dict[str, str]:
    """A letter for each axis: its own initial where that is free."""
    letters = {BATCH: "..."}
    free = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for axis in axes:
        if axis not in letters:
            first = axis[0].lower()
            letters[axis] = first if first not in letters.values() else next(c for c in free if c not in letters.values())
    return letters


CONTRACT = {"matmul": _matmul, "matvec": _matvec, "tensordot": _tensordot, "einsum": _einsum}


def _rename(p: Context, n: int) -> ast.expr:
    return p.expr(p.plan.steps[n].args[0])


def _take(p: Context, n: int) -> ast.expr:
    """array[index] where the axis comes first, else np.take; positions along the leading axes come first themselves."""
    step = p.plan.steps[n]
    assert isinstance(step, Take)
    array, index = step.args
    axes = p.plan.steps[array].axes
    at = place(axes, step.axis)
    if BATCH in p.plan.steps[index].axes and axes[0] != step.axis:
        return subscript(call("np.moveaxis", p.expr(array), constant(at), constant(0)), [p.expr(index)])
    if axes[0] == step.axis:
        return subscript(p.expr(array), [p.expr(index)])
    return call("np.take", p.expr(array), p.expr(index), axis=constant(at))


def _take_along(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, TakeAlong)
    array, index = step.args
    axes = p.plan.steps[array].axes
    new = next((a for a in p.plan.steps[index].axes if a not in axes), step.axis)
    frame = tuple(new if a == step.axis else a for a in axes)
    taken = call("np.take_along_axis", p.expr(array), p.fitted(index, frame), axis=constant(place(axes, step.axis)))
    if new != step.axis:
        return taken
    after = len(axes) - axes.index(step.axis) - 1
    return subscript(taken, [constant(...), constant(0), *[ast.Slice()] * after])


def _fancy(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Fancy)
    array, *indices = step.args
    axes = p.plan.steps[array].axes
    found = {x for i in indices for x in p.plan.steps[i].axes}
    joint = tuple(a for a in step.axes if a in found)
    at = {a: p.fitted(i, joint) for a, i in zip(step.indexed, indices, strict=True)}
    slots = [at[a] if a in at else constant(...) if a == BATCH else ast.Slice() for a in axes]
    while BATCH not in axes and isinstance(slots[-1], ast.Slice):
        slots.pop()
    return subscript(p.expr(array), slots)


def _read(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Read)
    array, positions = step.args
    return call("_read", p.expr(array), p.expr(positions), axis=constant(place(p.plan.steps[array].axes, step.axis)))


def _scatter(p: Context, n: int) -> ast.expr:
    """Values with the axes of the positions first, repeated along those that they lack; no copy is made for that."""
    step = p.plan.steps[n]
    assert isinstance(step, Scatter)
    values, *positions = step.args
    axes = p.plan.steps[values].axes
    joint = tuple(sorted(dict.fromkeys(a for i in positions for a in p.plan.steps[i].axes), key=lambda a: a != BATCH))
    frame = (*joint, *(a for a in axes if a not in joint))
    if set(joint) <= set(axes):
        moved = transpose(p.expr(values), axes, frame)
    else:
        moved = call("np.broadcast_to", p.fitted(values, frame), p.shape(frame))
    sizes, at = [p.extent(a) for a in step.into], [p.fitted(i, joint) for i in positions]
    one = len(at) == 1
    total = call("_scatter_add", at[0], moved, sizes[0]) if one else call("_scatter_add_at", items(at), moved, items(sizes))
    return transpose(total, (*step.into, *frame[len(joint) :]), step.axes)


def _broadcast(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    value = p.plan.steps[step.args[0]]
    if isinstance(value, Number) and value.value == 0:
        return call("np.zeros", p.shape(step.axes))
    return call("np.full", p.shape(step.axes), p.fitted(step.args[0], step.axes))


def _beside(p: Context, n: int) -> ast.expr:
    step = p.plan.steps[n]
    assert isinstance(step, Beside)
    array, start = (p.fitted(a, p.plan.steps[a].axes) for a in step.args)
    return call("_beside", array, start, axis=constant(place(step.axes, step.axis)), step=constant(step.step))


Print = Callable[[Context, int], ast.expr]

# fmt: off
PRINT: dict[type[Step], Print] = {
    Array:       _array,
    Number:      _number,
    Extent:      _extent,
    Positions:   _positions,
    Ufunc:       _ufunc,
    Reduction:   _reduction,
    Contraction: _contraction,
    Rename:      _rename,
    Take:        _take,
    TakeAlong:   _take_along,
    Fancy:       _fancy,
    Read:        _read,
    Scatter:     _scatter,
    Broadcast:   _broadcast,
    Beside:      _beside,
}
# fmt: on
