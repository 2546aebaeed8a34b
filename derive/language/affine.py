"""Affine index maps: what an index expression such as s * o + d * k - p does to positions, and the sizes that follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from derive.language.errors import DefinitionError
from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    At,
    Call,
    Const,
    Expr,
    Input,
    Iota,
    Mul,
    Ref,
    Size,
    add,
    base_axis,
    flatten,
    leaves,
    mul,
    negate,
    power,
    transform,
    walk,
)  # fmt: skip


@dataclass(frozen=True)
class Affine:
    """offset + the sum of coefficient * position over axes; coefficients and offset hold sizes, parameters and numbers."""

    offset: Expr
    coefficients: tuple[tuple[str, Expr], ...]


def affine(index: Expr) -> Affine | None:
    """The affine form of an index, or None when it depends on data or is not affine in the positions."""
    if leaves(index, Input, Ref):
        return None
    terms: dict[str | None, Expr] = {}
    for term in _terms(index):
        iotas = [f for f in _factors(term) if isinstance(f, Iota)]
        rest = [f for f in _factors(term) if not isinstance(f, Iota)]
        if len(iotas) > 1 or any(leaves(f, Iota) for f in rest):
            return None
        axis = iotas[0].axis if iotas else None
        terms[axis] = add(terms.get(axis, ZERO), mul(*rest))
    offset = terms.pop(None, ZERO)
    return Affine(offset, tuple(sorted((a, c) for a, c in terms.items() if a is not None)))


def _terms(e: Expr) -> list[Expr]:
    e = flatten(transform(flatten(e), _distribute))
    return list(e.args) if isinstance(e, Add) else [e]


def _distribute(e: Expr) -> Expr:
    if isinstance(e, Mul):
        for i, factor in enumerate(e.args):
            if isinstance(factor, Add):
                return add(*(_distribute(mul(*e.args[:i], t, *e.args[i + 1 :])) for t in factor.args))
    return e


def _factors(e: Expr) -> tuple[Expr, ...]:
    return e.args if isinstance(e, Mul) else (e,)


def derived_sizes(bodies: Iterable[Expr], known: Iterable[str]) -> tuple[tuple[str, Expr], ...]:
    """The sizes of axes that index maps create, in the order they appear.

    An index s*o + d*k - p into an axis of size n, with o new, leaves room for floor((n + 2p - d(K - 1) - 1) / s) + 1
    windows: what is added before the first position (p) is added after the last one too.
    """
    sizes: dict[str, Expr] = {}
    known = set(known)
    for body in bodies:
        for node in walk(body):
            if isinstance(node, At):
                for axis, index in node.index:
                    _size_new_axes(axis, index, known, sizes)
    return tuple(sizes.items())


def _size_new_axes(axis: str, index: Expr, known: set[str], sizes: dict[str, Expr]) -> None:
    form = affine(index)
    fresh = [i.axis for i in leaves(index, Iota) if base_axis(i.axis) not in known and i.axis not in sizes]  # type: ignore[attr-defined]
    if not fresh:
        return
    if form is None or len(fresh) > 1:
        raise DefinitionError(f"no size for {', '.join(fresh)} follows from {axis}={index}; wanted one new axis, in an affine index")
    stride = dict(form.coefficients)[fresh[0]]
    reach = [mul(c, add(Size(a), MINUS_ONE)) for a, c in form.coefficients if a != fresh[0]]
    room = add(Size(axis), mul(Const(MINUS_ONE.value * 2), form.offset), negate(add(*reach)), MINUS_ONE)
    steps = room if stride == ONE else Call("floor", (mul(room, power(stride, MINUS_ONE)),))
    sizes[fresh[0]] = add(steps, ONE)
