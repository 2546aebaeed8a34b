"""The meaning of expressions: each node's value at every position, over elements of any Arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial, reduce

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
    leaves,
    walk,
)
from derive.language.primitives import BY_NAME
from derive.language.program import Program
from derive.language.recurrence import Loop, schedule
from derive.oracle.arithmetic import Arithmetic, choose
from derive.oracle.errors import OracleError
from derive.oracle.extremes import arg_extreme, extreme
from derive.oracle.gather import Index, gather
from derive.oracle.recurrence import loop_values
from derive.oracle.setting import Setting, depends_on_data
from derive.oracle.tensor import Tensor, apply, expanded, reduced, scalar

Values = dict[Expr, Tensor]


def program_values(program: Program, setting: Setting) -> tuple[Setting, Values]:
    """The value of every node of every let, and the setting that knows the lets by name."""
    values: Values = {}
    for let in schedule(program.lets):
        if isinstance(let, Loop):
            setting = loop_values(let, setting, values, value)
            continue
        tensor = value(let.body, setting, values)
        depends = depends_on_data(let.body, setting)
        setting = replace(
            setting, leaves={**setting.leaves, let.name: tensor}, data=setting.data | ({let.name} if depends else frozenset())
        )
    return setting, values


def value(expr: Expr, setting: Setting, values: Values) -> Tensor:
    """The value of an expression; `values` remembers every node on the way."""
    for node in walk(expr):
        if node not in values:
            values[node] = _node(node, setting, values)
    return values[expr]


def _node(node: Expr, s: Setting, values: Values) -> Tensor:
    a = s.arithmetic
    match node:
        case Const(number):
            return scalar(a.number(number))
        case Input(name) | Param(name) | Ref(name):
            return _leaf(name, s)
        case Size(axis):
            return scalar(a.number(s.size(axis)))
        case Iota(axis):
            return s.positions(axis)
        case Add(args):
            return reduce(partial(apply, a.add), (values[t] for t in args))
        case Mul(args):
            return product(args, s, values)
        case Pow(base, exponent):
            return _power(base, exponent, s, values)
        case Call(fn, args):
            return call(fn, [values[x] for x in args], a)
        case Compare(op, left, right):
            return apply(partial(a.compare, op), values[left], values[right])
        case Where(condition, chosen, other):
            return apply(partial(choose, a), values[condition], values[chosen], values[other])
        case Reduce(how, body, over):
            return REDUCE[how](s, present(values[body], over, s), over)
        case At(body, index):
            return gather(values[body], positions(index, s, values), a)
        case Delta(axis, index):
            return _delta(axis, values[index], s)
    raise OracleError(f"the oracle knows no meaning for {type(node).__name__}: {node}")


def positions(index: tuple[tuple[str, Expr], ...], s: Setting, values: Values) -> Index:
    """An At's index as tensors."""
    return [(axis, values[i], depends_on_data(i, s) and not _may_be_none(i)) for axis, i in index]


def _may_be_none(index: Expr) -> bool:
    """Whether an integer input in the index may hold a number that is no position, which reads 0."""
    return any(i.spare is not None for i in leaves(index, Input))  # type: ignore[attr-defined]


def _leaf(name: str, s: Setting) -> Tensor:
    if name not in s.leaves:
        raise OracleError(f"{name} has no value; values were given for ({', '.join(sorted(s.leaves))})")
    return s.leaves[name]


def product(args: tuple[Expr, ...], s: Setting, values: Values) -> Tensor:
    """One quotient of two products, so that 6 * 3^-1 is exactly 2."""
    a = s.arithmetic
    above, below = [], []
    for factor in args:
        match factor:
            case Const(number):
                above.append(scalar(a.number(number.numerator)))
                if number.denominator != 1:
                    below.append(scalar(a.number(number.denominator)))
            case Pow(base, Const(exponent)) if exponent < 0 and exponent.denominator == 1:
                below.append(values[base] if exponent == -1 else apply(a.power, values[base], scalar(a.number(-exponent))))
            case _:
                above.append(values[factor])
    top = reduce(partial(apply, a.mul), above) if above else scalar(a.number(1))
    return apply(a.div, top, reduce(partial(apply, a.mul), below)) if below else top


def _power(base: Expr, exponent: Expr, s: Setting, values: Values) -> Tensor:
    a = s.arithmetic
    if isinstance(exponent, Const) and exponent.value == -1:
        return apply(a.div, scalar(a.number(1)), values[base])
    return apply(a.power, values[base], values[exponent])


def call(fn: str, args: Sequence[Tensor], a: Arithmetic) -> Tensor:
    """A primitive, element by element."""
    if fn not in a.functions:
        raise OracleError(f"{fn} is no primitive of the language, so it has no meaning here; the primitives are {', '.join(BY_NAME)}")
    return apply(a.functions[fn], *args) if args else scalar(a.functions[fn]())


def present(body: Tensor, over: tuple[str, ...], s: Setting) -> Tensor:
    """The body with every axis it is reduced over, repeated along those it does not have."""
    missing = [axis for axis in over if axis not in body.axes]
    axes = (*body.axes, *missing)
    return expanded(body, axes, {axis: s.size(axis) if axis in missing else body.sizes[axis] for axis in axes}) if missing else body


def _sum(s: Setting, body: Tensor, over: tuple[str, ...]) -> Tensor:
    return reduced(s.arithmetic.add, body, over, s.arithmetic.number(0))


def _mean(s: Setting, body: Tensor, over: tuple[str, ...]) -> Tensor:
    count = int(np.prod([body.sizes[axis] for axis in over]))
    return apply(s.arithmetic.div, _sum(s, body, over), scalar(s.arithmetic.number(count)))


def _logsumexp(s: Setting, body: Tensor, over: tuple[str, ...]) -> Tensor:
    total = _sum(s, apply(s.arithmetic.functions["exp"], body), over)
    return apply(s.arithmetic.functions["log"], total)


REDUCE: dict[str, Callable[[Setting, Tensor, tuple[str, ...]], Tensor]] = {
    "sum": _sum,
    "mean": _mean,
    "logsumexp": _logsumexp,
    "max": partial(extreme, ">="),
    "min": partial(extreme, "<="),
    "argmax": partial(arg_extreme, ">="),
    "argmin": partial(arg_extreme, "<="),
}


def _delta(axis: str, index: Tensor, s: Setting) -> Tensor:
    a = s.arithmetic
    one, zero = a.number(1), a.number(0)
    if axis in index.axes:
        raise OracleError(f"onehot along {axis} of an index that already has axis {axis}")
    return apply(lambda i, k: choose(a, a.compare("==", i, k), one, zero), s.positions(axis), index)
