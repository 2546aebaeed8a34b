"""A plain reading of a Program in float64: every array over all axes at once. Slow, short, and independent of the rest."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from derive.language.nodes import (
    Add,
    At,
    Call,
    Compare,
    Const,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Param,
    Pow,
    Reduce,
    Ref,
    Size,
    Where,
    base_axis,
    walk,
)  # fmt: skip
from derive.language.program import Program

# fmt: off
CALLS = {
    "pi": lambda: np.pi, "inf": lambda: np.inf,
    "exp": np.exp, "log": np.log, "abs": np.abs, "sign": np.sign, "floor": np.floor, "sin": np.sin, "cos": np.cos,
    "arctan": np.arctan, "normal_cdf": np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2), "erf": np.vectorize(math.erf),
}
COMPARE = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}
# fmt: on


def evaluate(program: Program, *arrays: Any, **parameters: float) -> tuple[np.ndarray, ...]:
    """The outputs; "..." is exactly one axis of the arrays here."""
    order = program.order
    given = {i.name: np.asarray(a) for i, a in zip(program.inputs, arrays, strict=True)}
    sizes = {a: n for i in program.inputs for a, n in zip(i.names, given[i.name].shape, strict=True)}
    numbers = {p.name: float(parameters.get(p.name, p.default)) for p in program.parameters}
    done: dict[Expr, Any] = {}

    def length(axis: str) -> int:
        return sizes[axis] if axis in sizes else sizes[base_axis(axis)]

    def spread(array: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
        moved = np.transpose(array, [names.index(a) for a in order if a in names])
        return moved.reshape([length(a) if a in names else 1 for a in order])

    def read(node: At) -> np.ndarray:
        body, moved = done[node.body], dict(node.index)
        shape = [length(a) if a in node.axes else 1 for a in order]
        inside, places = np.ones(shape, bool), []
        for k, (axis, own) in enumerate(zip(order, np.indices(shape), strict=True)):
            at = np.broadcast_to(done[moved[axis]], shape).astype(int) if axis in moved else own if body.shape[k] > 1 else 0 * own
            inside &= (at >= 0) & (at < body.shape[k])
            places.append(np.clip(at, 0, body.shape[k] - 1))
        return np.where(inside, body[tuple(places)], 0.0)

    def value(node: Expr) -> Any:
        children = [done[c] for c in node.children]
        match node:
            case Const(number):
                return np.float64(number)
            case Input(name, names):
                return spread(given[name], names)
            case Param(name):
                return np.float64(numbers[name])
            case Ref():
                return done[node]
            case Size(axis):
                return np.float64(length(axis))
            case Iota(axis):
                return spread(np.arange(length(axis)), (axis,))
            case Add():
                return sum(children)
            case Mul():
                return reduce(np.multiply, children)
            case Pow():
                return np.power(*children)
            case Call(fn):
                return CALLS[fn](*children)
            case Compare(op):
                return COMPARE[op](*children)
            case Where():
                return np.where(*children)
            case Reduce(how, _, over):
                body = np.broadcast_to(children[0], full(node.body))
                return getattr(np, how)(body, axis=tuple(order.index(a) for a in over), keepdims=True)
            case At():
                return read(node)
            case Delta(axis):
                return (spread(np.arange(length(axis)), (axis,)) == children[0]).astype(float)
        raise AssertionError(node)

    def full(node: Expr) -> list[int]:
        return [length(a) if a in node.axes else 1 for a in order]

    def run(expr: Expr) -> Any:
        for node in walk(expr):
            if node not in done:
                done[node] = value(node)
                if not isinstance(node, (Const, Param, Size)) and np.ndim(done[node]) != len(order):
                    done[node] = np.reshape(done[node], [1] * len(order))
        return done[expr]

    sizes.update({axis: int(np.ravel(run(size))[0]) for axis, size in program.sizes})
    for let in program.lets:
        done[let.ref] = run(let.body)
    return tuple(laid_out(program, o.name, o.names, run, length) for o in program.outputs)


def laid_out(program: Program, name: str, names: tuple[str, ...], run: Any, length: Any) -> np.ndarray:
    value = np.broadcast_to(run(program.let(name).ref), [length(a) if a in names else 1 for a in program.order])
    squeezed = value.reshape([length(a) for a in program.order if a in names])
    kept = [a for a in program.order if a in names]
    return np.transpose(squeezed, [kept.index(a) for a in names])
