"""A plain reading of expressions in float64, and gradients by differences: what the calculus is held against.

Arrays have one dimension per axis, sorted by name; "..." is one axis. Nothing here is shared with the calculus.
"""

import math
from functools import reduce

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

# fmt: off
CALLS = {
    "pi": lambda: np.pi, "inf": lambda: np.inf,
    "exp": np.exp, "log": np.log, "abs": np.abs, "sign": np.sign, "floor": np.floor, "sin": np.sin, "cos": np.cos,
    "arctan": np.arctan, "normal_cdf": np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2, otypes=[float]),
    "erf": np.vectorize(math.erf, otypes=[float]), "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softplus": lambda x: np.log1p(np.exp(x)),
    "normal_pdf": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
}
COMPARE = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal}
REDUCE = {
    "sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "argmax": np.argmax, "argmin": np.argmin,
    "logsumexp": lambda a, axis: np.log(np.sum(np.exp(a), axis=axis)),
}
# fmt: on


class Values:
    """Named arrays (sorted axes), numbers and sizes; `of` gives the array of an expression."""

    def __init__(self, named, sizes):
        self.named, self.sizes, self.done = named, sizes, {}

    def size(self, axis):
        return self.sizes[axis] if axis in self.sizes else self.sizes[base_axis(axis)]

    def spread(self, array, axes, want):
        assert set(axes) <= set(want), (axes, want)
        shape = [self.size(a) if a in axes else 1 for a in sorted(want)]
        return np.broadcast_to(np.asarray(array, float).reshape(shape), [self.size(a) for a in sorted(want)])

    def of(self, expr, axes=None):
        for node in walk(expr):
            if node not in self.done:
                with np.errstate(all="ignore"):
                    self.done[node] = self.node(node)
        return self.spread(self.done[expr], expr.axes, expr.axes if axes is None else axes)

    def node(self, e):
        parts = [] if isinstance(e, (At, Reduce)) else [self.spread(self.done[c], c.axes, e.axes) for c in e.children]
        match e:
            case Const(value):
                return np.float64(value)
            case Input(name) | Param(name) | Ref(name):
                return self.named[name]
            case Size(axis):
                return np.float64(self.size(axis))
            case Iota(axis):
                return np.arange(self.size(axis), dtype=float)
            case Add():
                return sum(parts)
            case Mul():
                return reduce(np.multiply, parts)
            case Pow(_, Const(value)) if value.denominator == 1:
                return parts[0] ** float(value)
            case Pow():
                return np.power(*parts)
            case Call(fn):
                return CALLS[fn](*parts)
            case Compare(op):
                return COMPARE[op](*parts).astype(float)
            case Where():
                return np.where(parts[0] > 0, parts[1], parts[2])
            case Reduce(how, body, over):
                return self.reduced(how, self.of(body, e.axes | set(over)), sorted(e.axes | set(over)), over)
            case At():
                return self.read(e)
            case Delta(axis):
                return (self.of(Iota(axis), e.axes) == parts[0]).astype(float)
        raise AssertionError(e)

    def reduced(self, how, body, axes, over):
        places = tuple(axes.index(a) for a in over)
        return REDUCE[how](body, axis=places[0] if len(places) == 1 else places)

    def read(self, e):
        axes, inner = sorted(e.axes), sorted(e.body.axes)
        index = {a: self.of(i, e.axes) for a, i in e.index}
        body, out = self.done[e.body], np.zeros([self.size(a) for a in axes])
        for place in np.ndindex(*out.shape):
            here = dict(zip(axes, place, strict=True))
            source = [round(float(index[a][place])) if a in index else here[a] for a in inner]
            if all(0 <= s < self.size(a) for s, a in zip(source, inner, strict=True)):
                out[place] = body[tuple(source)]
        return out


def sorted_axes(array, names):
    """An array over `names` with its axes sorted."""
    return np.transpose(np.asarray(array, float), [names.index(a) for a in sorted(names)])


def run(program, given, sizes, **parameters):
    """The outputs of a program as a dict, each laid out as the output says; inputs by name, laid out as they say."""
    values = Values({i.name: sorted_axes(given[i.name], i.names) for i in program.inputs}, dict(sizes))
    values.named |= {p.name: np.float64(parameters.get(p.name, p.default)) for p in program.parameters}
    for axis, size in program.sizes:
        values.sizes[axis] = int(values.of(size))
    for let in program.lets:
        values.named[let.name] = values.of(let.body)
    out = {}
    for o in program.outputs:
        full = values.spread(values.named[o.name], program.let(o.name).body.axes, set(o.names))
        out[o.name] = np.transpose(full, [sorted(o.names).index(a) for a in o.names])
    return out


def sizes_of(program, sizes, **parameters):
    """The sizes with those that index maps create."""
    values = Values({p.name: np.float64(parameters.get(p.name, p.default)) for p in program.parameters}, dict(sizes))
    for axis, size in program.sizes:
        values.sizes[axis] = int(values.of(size))
    return values.sizes


def draw(program, sizes, rng, low=-1.5, high=1.5, **parameters):
    """Random inputs of the right shapes and kinds; hypotheses about sums of an input to a number are made to hold."""
    sizes = sizes_of(program, sizes, **parameters)
    given = {}
    for i in program.inputs:
        shape = [sizes[a] if a in sizes else sizes[base_axis(a)] for a in i.names]
        given[i.name] = (
            rng.integers(0, sizes[i.into], shape)
            if i.into
            else rng.integers(1, 5, shape)
            if i.dtype == "count"
            else rng.uniform(low, high, shape)
        )
    for h in program.hypotheses:
        if isinstance(h.left, Reduce) and isinstance(h.left.body, Input) and isinstance(h.right, Const):
            i = h.left.body
            places = tuple(i.names.index(a) for a in h.left.over)
            given[i.name] = np.abs(given[i.name]) + 0.1
            given[i.name] *= float(h.right.value) / given[i.name].sum(axis=places, keepdims=True)
    return given


STEP = 1e-5


def along(f, given, direction):
    """The derivative of the arrays f returns, along a direction of some inputs, by central differences."""
    up = f(given | {n: given[n] + STEP * d for n, d in direction.items()})
    down = f(given | {n: given[n] - STEP * d for n, d in direction.items()})
    return {n: (up[n] - down[n]) / (2 * STEP) for n in up}


def close(got, want, tolerance=3e-6):
    """Whether arrays agree up to a part of the largest entry (or 1)."""
    return (
        bool(np.all(np.isfinite(want)))
        and got.shape == want.shape
        and np.allclose(got, want, rtol=0, atol=tolerance * (1 + np.max(np.abs(want), initial=0)))
    )


def inner(a, b):
    """The sum of products over all arrays of two dicts."""
    return sum(float(np.sum(a[n] * b[n])) for n in a)
