"""A program evaluated in float64 NumPy over named axes: every array has one dimension per axis of the program's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derive.language.nodes import At, Delta, Expr, Iota, Param, Reduce, Ref, Size, base_axis
from derive.language.program import Program
from derive.numerics.evaluate import apply

REDUCE = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}


def run(program: Program, inputs: dict[str, Any], parameters: dict[str, float] | None = None) -> dict[str, Any]:
    """The outputs by name, as arrays over the axes they have (in the program's order)."""
    order = program.order
    sizes: dict[str, int] = {}
    leaves: dict[Expr, Any] = {}
    for i in program.inputs:
        array = np.asarray(inputs[i.name])
        sizes.update(zip(i.names, array.shape, strict=True))
        leaves[i] = _spread(array, i.names, order)
    given = {p.name: float(p.default) if p.default is not None else None for p in program.parameters} | (parameters or {})
    leaves |= {Param(n): np.float64(v) for n, v in given.items() if v is not None}
    for let in program.lets:
        leaves[Ref(let.name, let.body.axes)] = _value(let.body, leaves, order, sizes)
    return {o.name: _packed(leaves[program.let(o.name).ref], o.names, order) for o in program.outputs}


def _spread(array: Any, names: tuple[str, ...], order: tuple[str, ...]) -> Any:
    shape = [array.shape[names.index(a)] if a in names else 1 for a in order]
    return np.transpose(array, sorted(range(len(names)), key=lambda k: order.index(names[k]))).reshape(shape)


def _packed(array: Any, names: tuple[str, ...], order: tuple[str, ...]) -> Any:
    array = np.asarray(array).reshape((1,) * (len(order) - np.ndim(array)) + np.shape(array))
    kept = [a for a in order if a in names]
    array = array.reshape([array.shape[order.index(a)] for a in kept])
    return np.transpose(array, [kept.index(a) for a in names])


def _value(body: Expr, leaves: dict[Expr, Any], order: tuple[str, ...], sizes: dict[str, int]) -> Any:
    done = dict(leaves)

    def value(n: Expr) -> Any:
        if n not in done:
            done[n] = _node(n, value, order, sizes)
        return done[n]

    return value(body)


def _node(n: Expr, value: Callable[[Expr], Any], order: tuple[str, ...], sizes: dict[str, int]) -> Any:
    match n:
        case Size(axis):
            return float(sizes[base_axis(axis)])
        case Iota(axis):
            return _positions(axis, order, sizes)
        case Delta(axis, index):
            return (_positions(axis, order, sizes) == value(index)).astype(float)
        case Reduce(how, inside, over):
            array = value(inside)
            shape = [sizes[base_axis(a)] if a in over else s for a, s in zip(order, array.shape, strict=True)]
            return REDUCE[how](np.broadcast_to(array, shape), axis=tuple(order.index(a) for a in over), keepdims=True)
        case At(inside, index):
            return _read(value(inside), {a: value(i) for a, i in index}, order)
    return apply(n, value)


def _positions(axis: str, order: tuple[str, ...], sizes: dict[str, int]) -> Any:
    return _spread(np.arange(sizes[base_axis(axis)]), (axis,), order)


def _read(array: Any, moved: dict[str, Any], order: tuple[str, ...]) -> Any:
    index, inside = [], True
    for k, a in enumerate(order):
        here = np.asarray(moved[a]) if a in moved else np.arange(array.shape[k]).reshape([-1 if j == k else 1 for j in range(len(order))])
        inside = inside & (here >= 0) & (here < array.shape[k])
        index.append(np.clip(here, 0, array.shape[k] - 1))
    return np.where(inside, array[tuple(np.broadcast_arrays(*index))], 0.0)
