"""How a sum over shared axes of a product of two arrays is computed: @ where the axes allow it, else einsum.

For left and right, the axes are: shared and kept (batch), only left (rows), only right (columns), shared and summed.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.codegen.builder import Builder, has_batch
from derive.codegen.steps import Axes, Contraction
from derive.language.nodes import Reduce


@dataclass(frozen=True)
class Roles:
    """The axes of a contraction by the part they play, each in the order of its array."""

    batch: Axes
    rows: Axes
    columns: Axes
    over: Axes


def roles(left: Axes, right: Axes, over: Axes) -> Roles:
    """The parts that the axes of two arrays play."""
    return Roles(
        tuple(a for a in left if a in right and a not in over),
        tuple(a for a in left if a not in right),
        tuple(a for a in right if a not in left),
        tuple(a for a in left if a in over),
    )


def contract(b: Builder, left: int, right: int, over: Axes) -> int:
    """The step that sums left * right over the axes; both have all of them."""
    wanted = b.sorted(frozenset((*b.steps[left].axes, *b.steps[right].axes)) - frozenset(over))
    choices = [
        (pair, form)
        for pair in ((left, right), (right, left))
        for form in FORMS
        if FORMS[form](b.steps[pair[0]].axes, b.steps[pair[1]].axes, over) in (wanted, ANY_ORDER)
    ]
    if not choices:
        product = b.elementwise("*", b.as_number(left), right)
        return b.lower(Reduce("sum", b.handle(product), over))
    pair, form = next((c for c in choices if c[1] != "einsum"), ((left, right), "einsum"))
    return b.emit(Contraction(wanted, "real", pair, over, form))


ANY_ORDER: Axes = ("any",)


def _matmul(left: Axes, right: Axes, over: Axes) -> Axes | None:
    """The axes of left @ right, when each needs at most its last two axes swapped; else None."""
    r = roles(left, right, over)
    if len(r.over) != 1 or has_batch(r.over) or len(r.columns) != 1 or not r.rows or has_batch(r.columns):
        return None
    if not r.batch:
        fits = len(right) == 2 and (left[-1] == r.over[0] or (len(left) == 2 and not has_batch(left)))
    else:
        count = len(r.batch)
        fits = len(r.rows) == 1 and len(left) == len(right) == count + 2 and left[:count] == right[:count] == r.batch
    return (*r.batch, *r.rows, *r.columns) if fits else None


def _matvec(left: Axes, right: Axes, over: Axes) -> Axes | None:
    """The axes of left @ right for a vector right."""
    return left[:-1] if right == over == left[-1:] and not has_batch(over) else None


def _tensordot(left: Axes, right: Axes, over: Axes) -> Axes | None:
    """The axes of a contraction over the leading axes of both."""
    r = roles(left, right, over)
    fits = has_batch(over) and not r.batch and left[: len(over)] == right[: len(over)] == over
    return (*r.rows, *r.columns) if fits else None


def _einsum(left: Axes, right: Axes, over: Axes) -> Axes | None:
    """Any order of axes, unless the leading axes themselves are summed."""
    return None if has_batch(over) else ANY_ORDER


FORMS = {"matmul": _matmul, "matvec": _matvec, "tensordot": _tensordot, "einsum": _einsum}
