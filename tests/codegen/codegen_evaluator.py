"""A slow, independent reading of a Program: every array has one dimension per axis of the program, size one where it does not vary."""

from __future__ import annotations

from math import prod

import numpy as np

from derive.language.nodes import (
    Add,
    At,
    Call,
    Compare,
    Const,
    Delta,
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

FUNCTIONS = {"pi": lambda: np.pi, "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "arctan": np.arctan}
FUNCTIONS |= {"abs": np.abs, "sign": np.sign, "floor": np.floor}
COMPARE = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal}
REDUCE = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "argmax": np.argmax, "argmin": np.argmin}


class World:
    """The values of one call: `lead` is the shape of "...", which is one dimension in here."""

    def __init__(self, program, arrays, parameters):
        self.program, self.lead = program, ()
        axes = {a for let in program.lets for n in walk(let.body) for a in n.axes} | {a for i in program.inputs for a in i.names}
        self.axes = sorted(axes | {a for o in program.outputs for a in o.names})
        self.values = {p.name: float(parameters.get(p.name, p.default)) for p in program.parameters}
        self.sizes = {}
        for i, array in zip(program.inputs, arrays, strict=True):
            self.values[i.name] = self.placed(i, np.asarray(array))
        for axis, size in program.sizes:
            self.sizes.setdefault(axis, int(np.ravel(self.run(size))[0]))

    def size(self, axis):
        return self.sizes[base_axis(axis)]

    def placed(self, i, array):
        if "..." in i.names:
            lead = array.ndim - len(i.names) + 1
            self.lead = array.shape[:lead]
            array = array.reshape(prod(self.lead), *array.shape[lead:])
        self.sizes.update(zip((base_axis(a) for a in i.names), array.shape, strict=True))
        array = np.transpose(array, sorted(range(len(i.names)), key=lambda k: i.names[k]))
        return array.reshape([self.size(a) if a in i.names else 1 for a in self.axes])

    def full(self, value, axes):
        return np.broadcast_to(value, [self.size(a) if a in axes else 1 for a in self.axes])

    def run(self, expr):
        parts = [self.run(c) for c in expr.children]
        match expr:
            case Const(value):
                return np.full([1] * len(self.axes), float(value))
            case Input(name) | Param(name) | Ref(name):
                return np.reshape(self.values[name], [1] * len(self.axes)) if np.ndim(self.values[name]) == 0 else self.values[name]
            case Size(axis):
                return np.full([1] * len(self.axes), self.size(axis))
            case Iota(axis):
                return np.arange(self.size(axis)).reshape([self.size(axis) if a == axis else 1 for a in self.axes])
            case Add():
                return sum(parts[1:], parts[0])
            case Mul():
                return prod(parts[1:], start=parts[0])
            case Pow():
                return np.power(parts[0].astype(float), parts[1])
            case Call(fn):
                return np.reshape(FUNCTIONS[fn](*parts), np.shape(parts[0]) if parts else [1] * len(self.axes))
            case Compare(op):
                return COMPARE[op](*parts)
            case Where():
                return np.where(*parts)
            case Reduce(how, body, over):
                return self.reduced(how, self.full(parts[0], body.axes), over)
            case At(body, index):
                return self.read(
                    self.full(parts[0], body.axes), body.axes, dict(zip((a for a, _ in index), parts[1:], strict=True)), expr.axes
                )
            case Delta(axis):
                return (self.run(Iota(axis)) == parts[0]).astype(float)

    def reduced(self, how, body, over):
        if how == "logsumexp":
            return np.log(self.reduced("sum", np.exp(body), over))
        places = tuple(self.axes.index(a) for a in over)
        return REDUCE[how](body, axis=places if how[:3] != "arg" else places[0], keepdims=True)

    def read(self, body, own, index, axes):
        shape = [self.size(a) if a in axes else 1 for a in self.axes]
        here = np.indices(shape)
        places, inside = [], np.ones(shape, bool)
        for k, a in enumerate(self.axes):
            at = np.broadcast_to(index[a], shape).astype(int) if a in index else here[k] if a in own else np.zeros(shape, int)
            inside &= (at >= 0) & (at < body.shape[k])
            places.append(np.clip(at, 0, body.shape[k] - 1))
        return np.where(inside, body[tuple(places)], 0.0)

    def output(self, o):
        value = self.full(self.values[o.name], o.names)
        kept = [a for a in self.axes if a in o.names]
        value = value.reshape([self.size(a) for a in kept]).transpose([kept.index(a) for a in o.names])
        return value.reshape([n for a in o.names for n in (self.lead if a == "..." else (self.size(a),))])


def evaluate(program, *arrays, **parameters):
    """The outputs of a program as a tuple of float64 arrays."""
    world = World(program, arrays, parameters)
    for let in program.lets:
        world.values[let.name] = world.run(let.body)
    return tuple(world.output(o) for o in program.outputs)
