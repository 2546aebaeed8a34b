"""The oracle's own table of derivatives, and the arithmetic of values that carry a tangent.

Tangents and adjoints may be None: nothing flows there. That differs from 0, which times an undefined slope is
undefined; a branch that was not taken adds nothing, however steep it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

from derive.oracle.arithmetic import Arithmetic, Element, Truth
from derive.oracle.interval import Interval

Slope = Callable[[Arithmetic, Element, Element], Element]  # of an arithmetic, the argument x and the value y


def _gaussian(a: Arithmetic, x: Element, half: Fraction, area: Element) -> Element:
    """exp(-half x^2) over its integral."""
    exponent = a.mul(a.number(-half), a.mul(x, x))
    return a.div(a.functions["exp"](exponent), a.power(area, a.number(Fraction(1, 2))))


def _normal_density(a: Arithmetic, x: Element, y: Element) -> Element:
    return _gaussian(a, x, Fraction(1, 2), a.mul(a.number(2), a.functions["pi"]()))


def _erf_slope(a: Arithmetic, x: Element, y: Element) -> Element:
    return _gaussian(a, x, Fraction(1), a.div(a.functions["pi"](), a.number(4)))


def _arctan_slope(a: Arithmetic, x: Element, y: Element) -> Element:
    return a.div(a.number(1), a.add(a.number(1), a.mul(x, x)))


# fmt: off
SLOPES: dict[str, Slope | None] = {
    "exp":        lambda a, x, y: y,
    "log":        lambda a, x, y: a.div(a.number(1), x),
    "normal_cdf": _normal_density,
    "erf":        _erf_slope,
    "sin":        lambda a, x, y: a.functions["cos"](x),
    "cos":        lambda a, x, y: a.mul(a.number(-1), a.functions["sin"](x)),
    "arctan":     _arctan_slope,
    "abs":        lambda a, x, y: a.functions["sign"](x),
    "sign":       None,
    "floor":      None,
    "pi":         None,
    "inf":        None,
}
# fmt: on


def base_slope(a: Arithmetic, x: Element, n: Element) -> Element:
    """The derivative of x^n by x."""
    zero = a.number(0)
    if a.compare("==", n, zero) is True:
        return zero
    return a.mul(n, a.power(x, a.add(n, a.number(-1))))


def exponent_slope(a: Arithmetic, x: Element, y: Element) -> Element:
    """The derivative of y = x^n by n; 0 at x = 0, where y is 0 too."""
    zero = a.number(0)
    if a.compare("==", x, zero) is True and a.compare("==", y, zero) is True:
        return zero
    return a.mul(y, a.functions["log"](x))


def join(a: Arithmetic, s: Element | None, t: Element | None) -> Element | None:
    """The sum of two flows."""
    return t if s is None else s if t is None else a.add(s, t)


def weigh(a: Arithmetic, s: Element | None, slope: Element) -> Element | None:
    """A flow through a slope."""
    return None if s is None else a.mul(s, slope)


def route(a: Arithmetic, taken: Truth, s: Element | None) -> Element | None:
    """A flow along a branch that was taken, or not; where that is not decided, anything."""
    if taken is False or s is None:
        return None
    return s if taken is True else a.unknown if taken is None else a.undefined


@dataclass(slots=True, eq=False)
class Dual:
    """A value and its tangent (None where nothing changes)."""

    value: Any
    tangent: Any


def duals(a: Arithmetic) -> Arithmetic:
    """The arithmetic of values with tangents over another arithmetic."""

    def number(v: Any) -> Dual:
        return v if isinstance(v, Dual) else Dual(a.number(v), None)

    def compare(op: str, x: Dual, y: Dual) -> Truth:
        return a.compare(op, x.value, y.value)

    def interval(x: Dual) -> Interval:
        return a.interval(x.value)

    functions = {name: partial(_function, a, f, SLOPES[name]) for name, f in a.functions.items()}
    undefined, unknown = (Dual(v, v) for v in (a.undefined, a.unknown))
    add, mul, div, power, hull = (partial(f, a) for f in (_add, _mul, _div, _power, _hull))
    return replace(
        a, number=number, add=add, mul=mul, div=div, power=power, functions=functions, compare=compare, hull=hull,
        interval=interval, unknown=unknown, undefined=undefined,
    )  # fmt: skip


def _add(a: Arithmetic, x: Dual, y: Dual) -> Dual:
    return Dual(a.add(x.value, y.value), join(a, x.tangent, y.tangent))


def _mul(a: Arithmetic, x: Dual, y: Dual) -> Dual:
    tangent = join(a, weigh(a, x.tangent, y.value), weigh(a, y.tangent, x.value))
    return Dual(a.mul(x.value, y.value), tangent)


def _div(a: Arithmetic, x: Dual, y: Dual) -> Dual:
    quotient = a.div(x.value, y.value)
    below = None if y.tangent is None else a.mul(a.number(-1), a.mul(quotient, y.tangent))
    above = join(a, x.tangent, below)
    return Dual(quotient, None if above is None else a.div(above, y.value))


def _power(a: Arithmetic, x: Dual, n: Dual) -> Dual:
    y = a.power(x.value, n.value)
    tangent = None if x.tangent is None else a.mul(x.tangent, base_slope(a, x.value, n.value))
    if n.tangent is not None:
        tangent = join(a, tangent, a.mul(n.tangent, exponent_slope(a, x.value, y)))
    return Dual(y, tangent)


def _function(a: Arithmetic, f: Callable[..., Element], slope: Slope | None, *args: Dual) -> Dual:
    y = f(*(x.value for x in args))
    if slope is None or not args or args[0].tangent is None:
        return Dual(y, None)
    return Dual(y, a.mul(args[0].tangent, slope(a, args[0].value, y)))


def _hull(a: Arithmetic, x: Dual, y: Dual) -> Dual:
    if x.tangent is None and y.tangent is None:
        return Dual(a.hull(x.value, y.value), None)
    s, t = (a.number(0) if t is None else t for t in (x.tangent, y.tangent))
    return Dual(a.hull(x.value, y.value), a.hull(s, t))
