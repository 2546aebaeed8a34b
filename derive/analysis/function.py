"""A definition as a function of one real variable, to be evaluated in any arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from derive.calculus.atoms import primitive
from derive.language.errors import DeriveError
from derive.language.nodes import BATCH, ONE, Add, Call, Expr, Mul, add, leaves, transform
from derive.language.operation import Op
from derive.language.program import Let, Program
from derive.numerics.kernels import KERNELS
from derive.oracle.arithmetic import Arithmetic
from derive.oracle.meaning import program_values
from derive.oracle.setting import Setting
from derive.oracle.tensor import scalar
from derive.pipeline import readings

BEYOND_ELEMENTS = ("Reduce", "At", "Carried", "Iota", "Size", "Delta")


@dataclass(frozen=True)
class Curve:
    """The first output of an element-wise program, as a function of `variable`; every other input is 1."""

    program: Program
    variable: str
    parameters: Mapping[str, Fraction] = field(default_factory=dict)

    def at(self, x: Any, a: Arithmetic) -> Any:
        """The value at an element of the arithmetic."""
        named = {i.name: scalar(x if i.name == self.variable else a.number(1)) for i in self.program.inputs}
        numbers = {p.name: scalar(a.number(self.parameters[p.name])) for p in self.program.parameters}
        setting, _ = program_values(self.program, Setting(a, {BATCH: 1}, {**named, **numbers}))
        return setting.leaves[self.program.outputs[0].name].data.flat[0]


def curve(op: Op, parameters: Mapping[str, Fraction] | None = None) -> Curve:
    """An element-wise op of one input, at the given parameters (the others at their defaults).

    Raises DeriveError for an op that mixes positions or takes several inputs.
    """
    return Curve(_folded(op.program), element_wise(op), _numbers(op, parameters or {}))


def curve_of(program: Program) -> Curve:
    """The first output of a program with one scalar input, its parameters at their defaults."""
    return Curve(_folded(program), program.inputs[0].name, {p.name: p.default or Fraction(0) for p in program.parameters})


def slope(op: Op, parameters: Mapping[str, Fraction] | None = None) -> Curve:
    """The derivative of an element-wise op of one input, as it was derived."""
    return Curve(_folded(readings(op).program("vjp")), element_wise(op), _numbers(op, parameters or {}))


def derived(op: Op) -> Op:
    """The gradients of an op as an op of their own, of g and its inputs, to be used in definitions."""
    return Op(f"d_{op.name}", f"The gradients of {op.name}.", op.source, readings(op).program("vjp"))


def element_wise(op: Op) -> str:
    """The name of the one input of an element-wise op; DeriveError where it has another shape."""
    inputs = op.program.inputs
    if len(inputs) != 1 or inputs[0].dtype != "real" or any(set(let.body.axes) - {BATCH} for let in op.program.lets):
        raise DeriveError(f"{op.name} takes {_arrays(op)}; wanted an element-wise op of one input, such as gelu")
    if any(type(n).__name__ in BEYOND_ELEMENTS for let in op.program.lets for n in leaves(let.body, Expr)):
        raise DeriveError(f"{op.name} mixes positions; wanted an element-wise op, such as gelu")
    return inputs[0].name


def _arrays(op: Op) -> str:
    return ", ".join(f"{i.name} ({', '.join(i.names)})" for i in op.program.inputs)


def _numbers(op: Op, given: Mapping[str, Fraction]) -> dict[str, Fraction]:
    known = {p.name: p for p in op.program.parameters}
    for name, value in given.items():
        if name not in known:
            raise DeriveError(f"{op.name} has no parameter {name}; its parameters are ({', '.join(known) or 'none'})")
        known[name].accept(value, op.name)
    return {n: given[n] if n in given else _default(op, n, p.default) for n, p in known.items()}


def _default(op: Op, name: str, default: Fraction | None) -> Fraction:
    if default is None:
        raise DeriveError(f"{op.name} needs parameter {name}; give it with --param {name}=NUMBER")
    return default


def _folded(program: Program) -> Program:
    return replace(program, lets=tuple(Let(let.name, folded(primitive(let.body))) for let in program.lets))


def folded(expr: Expr) -> Expr:
    """The expression with hyperbolic tangents and logarithms of 1 + u as calls: each argument then occurs once."""
    return transform(expr, _fold)


def _fold(node: Expr) -> Expr:
    match node:
        case Mul():
            exponents = (c.args for c in leaves(node, Call) if isinstance(c, Call) and c.fn == "exp")
            return next((Call("tanh", x) for x in exponents if KERNELS["tanh"].meaning(*x) == node), node)
        case Call("log", (Add(terms),)) if ONE in terms:
            return Call("log1p", (add(*(t for t in terms if t != ONE)),))
    return node
