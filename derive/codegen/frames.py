"""Where arrays keep their dimensions: which reductions keep an axis of size one, and how an array is fitted to another.

A frame is a tuple of axes in the order of an array's dimensions; "" is a dimension of size one (hollow), "1..." any number of
them. Leading hollow ones may be missing: NumPy adds them when it broadcasts.
"""

from __future__ import annotations

import ast

from derive.codegen.steps import Axes, Plan, Reduction, Ufunc
from derive.codegen.syntax import call, constant, items, subscript
from derive.language.nodes import BATCH

HOLLOW, HOLLOW_LEAD = "", "1..."


def frames(plan: Plan, live: list[int]) -> dict[int, Axes]:
    """The frame of each live step, users before what they use: hollow where all users want it so and nothing has to be moved for it."""
    natural = _natural(plan, live)
    wanted: dict[int, list[Axes]] = {number: [] for number in live}
    for number in plan.outputs:
        wanted[number].append(plan.steps[number].axes)
    chosen: dict[int, Axes] = {}
    for number in reversed(live):
        step = plan.steps[number]
        chosen[number] = natural[number] if _suits(natural[number], step.axes, wanted[number]) else step.axes
        for arg in step.args:
            own = plan.steps[arg].axes
            follows = isinstance(step, Ufunc) and in_order(own, chosen[number])
            wanted[arg].append(hollow(chosen[number], own) if follows else own)
    return chosen


def _suits(frame: Axes, axes: Axes, wanted: list[Axes]) -> bool:
    """Whether a hollow frame is what all users want, and adds no dimension to any of them."""
    short = trim(frame)
    return short != axes and all(w == frame or (trim(w) == short == frame) for w in wanted)


def _natural(plan: Plan, live: list[int]) -> dict[int, Axes]:
    """The frame that each step has when its reductions keep their axes: hollow for a reduction, and for what is made of such."""
    found: dict[int, Axes] = {}
    for number in live:
        step = plan.steps[number]
        found[number] = step.axes
        if isinstance(step, Reduction):
            found[number] = hollow(plan.steps[step.args[0]].axes, step.axes)
        elif isinstance(step, Ufunc):
            kept = {found[a] for a in step.args if found[a] != plan.steps[a].axes}
            frame = next(iter(kept)) if len(kept) == 1 else step.axes
            fits = all(trim(hollow(frame, plan.steps[a].axes)) == trim(found[a]) for a in step.args)
            found[number] = frame if fits and set(step.axes) <= set(frame) else step.axes
    return found


def hollow(frame: Axes, axes: Axes) -> Axes:
    """The frame with size one in place of the axes that an array does not have."""
    return tuple(a if a in axes else HOLLOW_LEAD if a in (BATCH, HOLLOW_LEAD) else HOLLOW for a in frame)


def trim(frame: Axes) -> Axes:
    """The frame without leading hollow axes."""
    first = next((i for i, a in enumerate(frame) if a not in (HOLLOW, HOLLOW_LEAD)), len(frame))
    return frame[first:]


def in_order(axes: Axes, frame: Axes) -> bool:
    """Whether the axes appear in the frame in the same order."""
    rest = iter(frame)
    return all(a in rest for a in axes)


def fit(node: ast.expr, frame: Axes, wanted: Axes) -> ast.expr:
    """An array in `frame`, all of its axes real, made to broadcast in `wanted`."""
    target = tuple(a for a in wanted if a in frame)
    node = transpose(node, frame, target)
    return expand(node, target, trim(hollow(wanted, target))) if target else node


def expand(node: ast.expr, axes: Axes, wanted: Axes) -> ast.expr:
    """Axes of size one where `wanted` has an axis that the array lacks."""
    if axes == wanted:
        return node
    index: list[ast.expr] = [_slot(a, axes) for a in wanted]
    if BATCH in axes:
        while len(index) > 1 and isinstance(index[1], ast.Slice):
            index.pop(1)
    else:
        while isinstance(index[-1], ast.Slice):
            index.pop()
    return subscript(node, index)


def _slot(axis: str, axes: Axes) -> ast.expr:
    if axis not in axes:
        return constant(None)
    return constant(...) if axis == BATCH else ast.Slice()


def place(axes: Axes, axis: str) -> int:
    """The number of an axis: from the front, or from the back where leading axes come first."""
    return axes.index(axis) - len(axes) if BATCH in axes else axes.index(axis)


def transpose(node: ast.expr, axes: Axes, wanted: Axes) -> ast.expr:
    """The array with its axes in another order."""
    if axes == wanted:
        return node
    moved = [i for i, (a, w) in enumerate(zip(axes, wanted, strict=True)) if a != w]
    if axes[0] == wanted[0] == BATCH or BATCH not in axes:
        if len(axes) == 2:
            return ast.Attribute(node, "T")
        if len(moved) == 2:
            return call("np.swapaxes", node, *(constant(place(axes, axes[i])) for i in moved))
        if BATCH not in axes:
            return call("np.transpose", node, items([constant(axes.index(w)) for w in wanted]))
        return call("np.moveaxis", node, *_from_to([place(axes, axes[i]) for i in moved], [place(wanted, axes[i]) for i in moved]))
    return _around_batch(node, axes, wanted)


def _from_to(source: list[int], target: list[int]) -> list[ast.expr]:
    if len(source) == 1:
        return [constant(source[0]), constant(target[0])]
    return [items([constant(i) for i in source]), items([constant(i) for i in target])]


def _around_batch(node: ast.expr, axes: Axes, wanted: Axes) -> ast.expr:
    """Axes moved from behind the leading axes to before them, or back; the others keep their order."""
    if axes[0] == BATCH:
        front = wanted[: wanted.index(BATCH)]
        node = transpose(node, axes, (BATCH, *front, *wanted[len(front) + 1 :]))
        axes = (BATCH, *front, *wanted[len(front) + 1 :])
        return call("np.moveaxis", node, *_from_to([place(axes, a) for a in front], list(range(len(front)))))
    front = axes[: axes.index(BATCH)]
    inner = (BATCH, *front, *axes[len(front) + 1 :])
    source, target = list(range(len(front))), [place(inner, a) for a in front]
    return transpose(call("np.moveaxis", node, *_from_to(source, target)), inner, wanted)
