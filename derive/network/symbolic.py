"""Sizes and costs as formulas in the input size: the rules of rules.py, read with formulas for numbers. Floors are kept, exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import lcm
from typing import Any

import sympy

from derive.catalog.geometry import Recurrence, output_size, transposed_output_size
from derive.geometry import answer
from derive.network.arithmetic import Arithmetic
from derive.network.costs import Cost, costs, total
from derive.network.model import Network
from derive.network.rules import RULES
from derive.network.windows import Along

Formula = Any
NAMES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


@dataclass(frozen=True)
class Formulas:
    """Each layer's sizes and costs in the sizes of the first input; None where they are not known."""

    net: Network
    symbols: tuple[Formula, ...]
    sizes: Mapping[str, tuple[Formula, ...]]
    costs: Mapping[str, Cost]

    @property
    def total(self) -> Cost:
        """The sum of all costs."""
        return total(self.costs.values())


def formulas(net: Network) -> Formulas:
    """The sizes and costs of all layers, for every input size at which the network fits together."""
    names = NAMES.get(net.ndim) or tuple(f"n{axis}" for axis in range(net.ndim))
    symbols = tuple(sympy.Symbol(name, integer=True, positive=True) for name in names)
    lanes = [_lane(net, axis, symbol) for axis, symbol in enumerate(symbols)]
    sizes = {name: tuple(lane[name] for lane in lanes) for name in lanes[0]}
    _, priced, _ = costs(net, sizes)
    return Formulas(net, symbols, sizes, priced)


def _lane(net: Network, axis: int, symbol: Formula) -> dict[str, Formula]:
    first, *others = net.inputs
    sizes: dict[str, Formula] = {first.name: symbol}
    sizes |= {i.name: None if i.size is None else sympy.Integer(i.size[axis]) for i in others}
    for each in net.layers:
        rule = RULES[each.op]
        inputs = [sizes[name] for name in each.inputs]
        known = None not in inputs or rule.partial
        size = rule.size(Along(each, axis), inputs, FORMULAS) if known else None
        sizes[each.name] = None if size is None else sympy.sympify(size)
    return sizes


@cache
def _derived(recurrence: Recurrence) -> Formula:
    """The formula that derive.geometry derives and proves, without padding."""
    value = answer(recurrence).value
    return value.subs({s: 0 for s in value.free_symbols if s.name == "padding"})


def _with(recurrence: Recurrence, size: Formula, kernel: int, stride: int, dilation: int) -> Formula:
    values = {"size": sympy.Symbol("size", integer=True), "kernel": kernel, "stride": stride, "dilation": dilation}
    formula = _derived(recurrence).subs({s: values[s.name] for s in _derived(recurrence).free_symbols if s.name != "size"})
    return folded(formula.xreplace({s: size for s in formula.free_symbols if s.name == "size"}))


def _windows(positions: Formula, kernel: int, stride: int, dilation: int) -> Formula:
    return _with(output_size, positions, kernel, stride, dilation)


def _positions(count: Formula, kernel: int, stride: int, dilation: int) -> Formula:
    return _with(transposed_output_size, count, kernel, stride, dilation)


def folded(formula: Formula) -> Formula:
    """The same, with floor((floor(x) + m)/s) written as floor((x + m)/s), for whole m and s > 0."""
    return formula.replace(lambda f: isinstance(f, sympy.floor), _fold)


def _fold(outer: Formula) -> Formula:
    inside = sympy.expand(outer.args[0])
    terms = sympy.Add.make_args(inside)
    steps = lcm(*(int(t.as_coeff_Mul()[0].q) for t in terms))
    inner = [t for t in terms if t.as_coeff_Mul()[1].func is sympy.floor]
    if len(inner) != 1 or steps == 1:
        return sympy.floor(inside)
    factor, floor = inner[0].as_coeff_Mul()
    if factor * steps != 1:
        return sympy.floor(inside)
    return sympy.floor(sympy.expand(inside - inner[0] + floor.args[0] / steps))


def _floored(size: Formula, factor: Fraction) -> Formula:
    return folded(sympy.floor(sympy.expand(size * sympy.Rational(factor.numerator, factor.denominator))))


def _least(one: Formula, other: Formula) -> Formula:
    """The smaller: of two floors whose insides differ by a number, that with the smaller inside."""
    one, other = sympy.sympify(one), sympy.sympify(other)
    gap = sympy.expand(_opened(one) - _opened(other))
    if gap.is_number and _alike(one, other):
        return one if gap <= 0 else other
    return sympy.Min(one, other)


def _alike(one: Formula, other: Formula) -> bool:
    """Whether both are a floor plus a whole number (then their order is that of what is under the floors)."""
    return all(sum(isinstance(t, sympy.floor) for t in sympy.Add.make_args(f)) == 1 for f in (one, other))


def _opened(formula: Formula) -> Formula:
    return formula.replace(lambda f: isinstance(f, sympy.floor), lambda f: f.args[0])


def _most(one: Formula, other: Formula) -> Formula:
    return sympy.Max(one, other)


FORMULAS = Arithmetic(_windows, _positions, _floored, _least, _most)


def written(formula: Formula) -> str:
    """A formula as text; fractions in lowest terms under the floor as one division.

    >>> written(sympy.floor(sympy.Symbol("H") / 4 - sympy.Rational(1, 4)) + 1)
    'floor((H - 1)/4) + 1'
    """
    if formula is None:
        return "not known"
    return str(sympy.sympify(formula).replace(lambda f: isinstance(f, sympy.floor), _under_one)).replace("**", "^")


def _under_one(f: Formula) -> Formula:
    top, bottom = sympy.fraction(sympy.together(f.args[0]))
    whole = sympy.Symbol(f"floor({_sum(top)}/{bottom})") if bottom != 1 else f
    return whole


def _sum(top: Formula) -> str:
    return f"({top})" if isinstance(top, sympy.Add) else str(top)
