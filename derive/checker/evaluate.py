"""Programs over concrete arrays, in any arithmetic: plain floats, floats with error bounds, or torch tensors.

Every array has one dimension for each axis of the frame, of length 1 where it does not vary, so broadcasting by name is
broadcasting. The axis "..." is flattened into one dimension.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derive.checker.recurrences import beside, visit
from derive.language.errors import DeriveError
from derive.language.nodes import (
    BATCH,
    Add,
    At,
    Call,
    Carried,
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
    walk_unknown,
)  # fmt: skip
from derive.language.program import Program
from derive.language.trace import HOLDS

Array = NDArray[Any]
Numbers = Mapping[str, "float | Fraction"]


class CheckError(DeriveError):
    """A check that cannot be carried out: wrong shapes, an unknown parameter, a candidate with a foreign signature."""


@dataclass(frozen=True)
class Frame:
    """The axes of a call in layout order, their sizes, and the shape that "..." stands for."""

    order: tuple[str, ...]
    sizes: Mapping[str, int]
    batch: tuple[int, ...]

    def place(self, axis: str) -> int:
        """The dimension of an axis."""
        return self.order.index(axis)

    def size(self, axis: str) -> int:
        """The number of positions along an axis; L' runs over as many as L."""
        return self.sizes[axis] if axis in self.sizes else self.sizes[base_axis(axis)]

    def along(self, axis: str, values: Array) -> Array:
        """A vector laid along one axis."""
        return values.reshape([len(values) if a == axis else 1 for a in self.order])

    def spread(self, array: Array, names: Sequence[str]) -> Array:
        """An array with the given axes ("..." flattened) in full rank."""
        if BATCH in names:
            array = array.reshape((-1, *array.shape[len(self.batch) :]))
        by_place = sorted(range(len(names)), key=lambda i: self.place(names[i]))
        return array.transpose(by_place).reshape([self.size(a) if a in names else 1 for a in self.order])

    def gather(self, array: Array, names: Sequence[str]) -> Array:
        """A full-rank array as the caller sees it: the named axes in their order, "..." unfolded."""
        array = np.asarray(array)
        array = array if array.ndim else array.reshape([1] * len(self.order))
        full = np.broadcast_to(array, [self.size(a) if a in names else array.shape[k] for k, a in enumerate(self.order)])
        kept = full.transpose([self.place(a) for a in names] + [self.place(a) for a in self.order if a not in names])
        shape = [n for a in names for n in (self.batch if a == BATCH else (self.size(a),))]
        return kept.reshape(shape)


class Arithmetic(Protocol):
    """What a program's nodes do to values of one kind."""

    def array(self, values: Array, exact: bool) -> Any: ...
    def constant(self, value: Fraction) -> Any: ...
    def parameter(self, value: float | Fraction) -> Any: ...
    def add(self, args: list[Any]) -> Any: ...
    def mul(self, args: list[Any]) -> Any: ...
    def power(self, base: Any, exponent: Any, exact: Fraction | None) -> Any: ...
    def call(self, fn: str, args: list[Any]) -> Any: ...
    def compare(self, op: str, left: Any, right: Any) -> Any: ...
    def where(self, condition: Any, chosen: Any, other: Any) -> Any: ...
    def reduce(self, how: str, body: Any, dims: tuple[int, ...], length: int) -> Any: ...
    def positions(self, index: Any) -> Array: ...
    def shape(self, body: Any) -> tuple[int, ...]: ...
    def read(self, body: Any, mesh: tuple[Array, ...], inside: Array) -> Any: ...
    def onehot(self, index: Any, places: Array, dim: int) -> Any: ...


def frame(program: Program, inputs: Mapping[str, Array], parameters: Numbers) -> Frame:
    """The sizes that the arrays give to the program's axes. Raises CheckError where two arrays disagree."""
    sizes: dict[str, int] = {}
    batch: tuple[int, ...] = ()
    for i in program.inputs:
        shape = inputs[i.name].shape
        inner = [a for a in i.names if a != BATCH]
        lead = len(shape) - len(inner)
        if lead < 0 or (lead and BATCH not in i.names):
            raise CheckError(f"{program.name}: {i.name} has shape {shape}; wanted axes ({', '.join(i.names)})")
        if BATCH in i.names:
            batch = shape[:lead]
            sizes[BATCH] = math.prod(batch)
        for axis, n in zip(inner, shape[lead:], strict=True):
            if sizes.setdefault(axis, n) != n:
                raise CheckError(f"{program.name}: {i.name} has {n} positions along {axis}; another input has {sizes[axis]}")
    for axis, size in program.sizes:
        sizes[axis] = int(whole(size, sizes, parameters))
    return Frame(all_axes(program), sizes, batch)


def all_axes(program: Program) -> tuple[str, ...]:
    """The program's axes in layout order, with any that only stand inside an expression at the end."""
    inside = {a for let in program.lets for node in walk(let.body) for a in node.axes}
    return (*program.order, *sorted(inside - set(program.order)))


def whole(size: Expr, sizes: Mapping[str, int], parameters: Numbers) -> Fraction:
    """An expression in sizes and parameters, exactly."""
    match size:
        case Const(value):
            return value
        case Size(axis):
            return Fraction(sizes[axis])
        case Param(name):
            return Fraction(parameters[name])
        case Add(args):
            return sum((whole(a, sizes, parameters) for a in args), Fraction(0))
        case Mul(args):
            return math.prod((whole(a, sizes, parameters) for a in args), start=Fraction(1))
        case Pow(base, Const(power)):
            return Fraction(whole(base, sizes, parameters) ** int(power))
        case Call("floor", (inner,)):
            return Fraction(math.floor(whole(inner, sizes, parameters)))
        case Where(condition, chosen, other):
            return whole(chosen if holds(condition, sizes, parameters) else other, sizes, parameters)
    raise CheckError(f"the size {size} is not made of sizes and parameters")


def holds(condition: Expr, sizes: Mapping[str, int], parameters: Numbers) -> bool:
    """Whether a condition on sizes and parameters holds."""
    assert isinstance(condition, Compare)
    return bool(HOLDS[condition.op](whole(condition.left, sizes, parameters), whole(condition.right, sizes, parameters)))


def defaults(program: Program, given: Numbers) -> dict[str, float | Fraction]:
    """Every parameter's value: the given one, else the default as the float that code receives."""
    values: dict[str, float | Fraction] = {}
    for p in program.parameters:
        value = given.get(p.name, p.default)
        if value is None:
            raise CheckError(f"{program.name} needs parameter {p.name}: {p.range}")
        values[p.name] = int(value) if value == int(value) else float(value)
    return values


def evaluate(
    program: Program, inputs: Mapping[str, ArrayLike], parameters: Numbers, arithmetic: Arithmetic
) -> tuple[Frame, dict[str, Any]]:
    """Every let of the program in the given arithmetic, in full rank, by name."""
    walker = walked(program, inputs, parameters, arithmetic)
    return walker.frame, walker.named


def probe(
    program: Program, inputs: Mapping[str, ArrayLike], parameters: Numbers, nodes: Sequence[Expr], arithmetic: Arithmetic
) -> tuple[Frame, list[Any]]:
    """Expressions from inside a program, in full rank."""
    walker = walked(program, inputs, parameters, arithmetic)
    return walker.frame, [walker.value(n) for n in nodes]


def walked(program: Program, inputs: Mapping[str, ArrayLike], parameters: Numbers, arithmetic: Arithmetic) -> Walker:
    """A walker that has visited every let."""
    arrays = {i.name: np.asarray(inputs[i.name]) for i in program.inputs}
    numbers = defaults(program, parameters)
    fr = frame(program, arrays, numbers)
    leaves = {i.name: arithmetic.array(fr.spread(arrays[i.name], i.names), i.dtype in ("index", "count")) for i in program.inputs}
    walker = Walker(fr, leaves, numbers, arithmetic)
    visit(walker, program)
    return walker


class Walker:
    """Values of expressions over one frame; equal subexpressions are computed once."""

    def __init__(self, fr: Frame, leaves: Mapping[str, Any], parameters: Numbers, arithmetic: Arithmetic) -> None:
        self.frame, self.leaves, self.parameters, self.arithmetic = fr, leaves, parameters, arithmetic
        self.named: dict[str, Any] = {}
        self.done: dict[Expr, Any] = {}

    def value(self, expr: Expr) -> Any:
        """The value of an expression; its Refs must have been computed."""
        for node in walk_unknown(expr, self.done):
            self.done[node] = RULES[type(node)](self, node)
        return self.done[expr]

    def beside(self, known: Mapping[Expr, Any]) -> Walker:
        """A walker over the same frame that knows these values and no others."""
        other = Walker(self.frame, self.leaves, self.parameters, self.arithmetic)
        other.done.update(known)
        return other

    def of(self, nodes: Sequence[Expr]) -> list[Any]:
        """The values of nodes that were visited before."""
        return [self.done[n] for n in nodes]


def _iota(w: Walker, node: Iota) -> Any:
    return w.arithmetic.array(w.frame.along(node.axis, np.arange(w.frame.size(node.axis))), True)


def _power(w: Walker, node: Pow) -> Any:
    exact = node.exponent.value if isinstance(node.exponent, Const) else None
    return w.arithmetic.power(w.done[node.base], w.done[node.exponent], exact)


def _reduce(w: Walker, node: Reduce) -> Any:
    length = math.prod(w.frame.size(a) for a in node.over)
    return w.arithmetic.reduce(node.how, w.done[node.body], tuple(w.frame.place(a) for a in node.over), length)


def _at(w: Walker, node: At) -> Any:
    body = w.done[node.body]
    shape = w.arithmetic.shape(body)
    mesh = [np.arange(n).reshape([n if j == k else 1 for j in range(len(shape))]) for k, n in enumerate(shape)]
    inside: Array = np.ones([1] * len(shape), bool)
    for axis, index in node.index:
        k, places = w.frame.place(axis), w.arithmetic.positions(w.done[index])
        inside = inside & (places >= 0) & (places < w.frame.size(axis))
        mesh[k] = np.clip(places, 0, max(shape[k] - 1, 0))
    return w.arithmetic.read(body, tuple(mesh), inside)


def _onehot(w: Walker, node: Delta) -> Any:
    places = w.frame.along(node.axis, np.arange(w.frame.size(node.axis)))
    return w.arithmetic.onehot(w.done[node.index], places, w.frame.place(node.axis))


RULES: dict[type[Expr], Callable[[Walker, Any], Any]] = {
    Const: lambda w, n: w.arithmetic.constant(n.value),
    Input: lambda w, n: w.leaves[n.name],
    Param: lambda w, n: w.arithmetic.parameter(w.parameters[n.name]),
    Ref: lambda w, n: w.named[n.name],
    Size: lambda w, n: w.arithmetic.constant(Fraction(w.frame.size(n.axis))),
    Iota: _iota,
    Add: lambda w, n: w.arithmetic.add(w.of(n.args)),
    Mul: lambda w, n: w.arithmetic.mul(w.of(n.args)),
    Pow: _power,
    Call: lambda w, n: w.arithmetic.call(n.fn, w.of(n.args)),
    Compare: lambda w, n: w.arithmetic.compare(n.op, w.done[n.left], w.done[n.right]),
    Where: lambda w, n: w.arithmetic.where(w.done[n.condition], w.done[n.chosen], w.done[n.other]),
    Reduce: _reduce,
    At: _at,
    Delta: _onehot,
    Carried: beside,
}
