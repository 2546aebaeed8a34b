"""A program evaluated in float64 NumPy over named axes: every array has one dimension per axis of the program's order."""

from __future__ import annotations

from typing import Any

import numpy as np

from derive.language.nodes import At, Delta, Expr, Input, Iota, Param, Reduce, Ref, Size, base_axis, walk
from derive.language.program import Program
from derive.numerics.alphabet import constant_expr
from derive.numerics.constants import nearest_double
from derive.numerics.evaluate import apply
from derive.numerics.kernels import meaning

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
    for n in walk(body):
        if n in done:
            continue
        args = [done[c] for c in n.children]
        if isinstance(n, (Input, Param, Ref)):
            raise KeyError(str(n))
        if isinstance(n, Size):
            done[n] = float(sizes[base_axis(n.axis)])
        elif isinstance(n, Iota):
            done[n] = _spread(np.arange(sizes[base_axis(n.axis)]), (n.axis,), order)
        elif isinstance(n, Delta):
            done[n] = (_spread(np.arange(sizes[base_axis(n.axis)]), (n.axis,), order) == args[0]).astype(float)
        elif isinstance(n, Reduce):
            places = tuple(order.index(a) for a in n.over)
            array = np.broadcast_to(args[0], [sizes[base_axis(a)] if a in n.over else s for a, s in zip(order, args[0].shape, strict=True)])
            done[n] = REDUCE[n.how](array, axis=places, keepdims=True)
        elif isinstance(n, At):
            done[n] = _read(args[0], dict(zip((a for a, _ in n.index), args[1:], strict=True)), order)
        elif constant_expr(n) and n.kind == "real":
            done[n] = nearest_double(meaning(n))
        else:
            done[n] = apply(n, args)
    return done[body]


def _read(array: Any, moved: dict[str, Any], order: tuple[str, ...]) -> Any:
    index, inside = [], True
    for k, a in enumerate(order):
        here = np.asarray(moved[a]) if a in moved else np.arange(array.shape[k]).reshape([-1 if j == k else 1 for j in range(len(order))])
        inside = inside & (here >= 0) & (here < array.shape[k])
        index.append(np.clip(here, 0, array.shape[k] - 1))
    return np.where(inside, array[tuple(np.broadcast_arrays(*index))], 0.0)
