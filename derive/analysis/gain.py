"""The gain of an activation: how weights are scaled so that signals, or gradients, keep their variance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from derive.analysis import closed
from derive.analysis.enclosed import Enclosed, rational
from derive.analysis.function import Curve, curve, slope
from derive.analysis.integral import mean_square
from derive.language.errors import DeriveError
from derive.language.operation import Op
from derive.oracle.intervals import intervals

PLACES = 15
BITS = 128
COARSE = Fraction(1, 10**7)  # width of an enclosure that a closed form is only held against


@dataclass(frozen=True)
class MeanSquare:
    """E[f(z)^2] for a standard normal z: an enclosure, and a closed form where there is one ("" where not)."""

    value: Enclosed
    closed: str

    @property
    def gain(self) -> Enclosed:
        """1/sqrt of it: the factor by which the standard deviation of weights grows."""
        a = intervals(BITS)
        ends = [a.power(a.number(end), a.number(Fraction(-1, 2))) for end in (self.value.high, self.value.low)]
        return Enclosed(rational(ends[0].low), rational(ends[1].high))


@dataclass(frozen=True)
class Gain:
    """What an activation makes of variances: that of its output, and that of a gradient on the way back."""

    op: Op
    parameters: Mapping[str, Fraction]
    forward: MeanSquare
    backward: MeanSquare


def gain(op: Op, given: Mapping[str, Fraction] | None = None) -> Gain:
    """The gains of an element-wise op of one input.

    Raises DeriveError for any other op, and where a mean square cannot be enclosed.
    """
    value, derivative = curve(op, given), slope(op, given)
    return Gain(op, value.parameters, _mean_square(value), _mean_square(derivative))


def _mean_square(f: Curve) -> MeanSquare:
    found = mean_square(f)
    if found.low <= 0:
        raise DeriveError(f"{f.program.name}: its mean square is not known to be positive, so there is no gain")
    formula = closed.mean_square(f.program, f.variable, f.parameters)
    return MeanSquare(found, str(formula) if formula is not None and _agrees(formula, f, found) else "")


def closed_gain(op: Op, longest: int) -> tuple[str, str]:
    """Closed forms of E[f(z)^2] and E[f'(z)^2] at the defaults, each within a coarse enclosure; "" where there is no short one."""
    first, second = (_closed(f, longest) for f in (curve(op), slope(op)))
    return first, second


def _closed(f: Curve, longest: int) -> str:
    formula = closed.mean_square(f.program, f.variable, f.parameters)
    if formula is None or len(str(formula)) > longest:
        return ""
    return str(formula) if _agrees(formula, f, mean_square(f, COARSE)) else ""


def _agrees(formula: Any, f: Curve, found: Enclosed) -> bool:
    """Whether a closed form, at the parameters, lies in the enclosure (give or take the last of 40 digits)."""
    at = {s: sympy.Rational(v.numerator, v.denominator) for s in formula.free_symbols for n, v in f.parameters.items() if s.name == n}
    value = Fraction(str(formula.subs(at).evalf(40)))
    slack = abs(value) / 10**35
    return found.low - slack <= value <= found.high + slack


def inverse(x: Enclosed) -> Enclosed:
    """1/x of a positive number."""
    return Enclosed(1 / x.high, 1 / x.low)


def text(g: Gain) -> str:
    """The gain as the terminal shows it."""
    at = ", ".join(f"{n} = {float(v):g}" for n, v in g.parameters.items())
    forward, backward = g.forward, g.backward
    n, m = (x.value.decimals(6).removesuffix("...") for x in (forward, backward))
    rows = [
        f"{g.op.name}{f' at {at}' if at else ''}, for a standard normal z",
        _line("E[f(z)^2] ", forward),
        _line("E[f'(z)^2]", backward),
        "",
        "Weights between n inputs f(z) and m outputs, independent and of mean 0, keep the variance (derive claims 30)",
        f"  of signals    at variance 1/({n} n)          gain {forward.gain.decimals(PLACES)}",
        f"  of gradients  at variance 1/({m} m)          gain {backward.gain.decimals(PLACES)}",
        f"  of both       about, at 2/({n} n + {m} m)",
    ]
    return "\n".join(rows) + "\n"


def _line(name: str, m: MeanSquare) -> str:
    return f"  {name} = {f'{m.closed} = ' if m.closed else ''}{m.value.decimals(PLACES)}"


def data(g: Gain) -> dict[str, object]:
    """The gain as JSON; numbers as decimals."""
    parts = {name: _data(m) for name, m in (("forward", g.forward), ("backward", g.backward))}
    return {"schema": "derive.gain/1", "op": g.op.name, "parameters": {n: str(v) for n, v in g.parameters.items()}, **parts}


def _data(m: MeanSquare) -> dict[str, object]:
    return {
        "mean_square": float(m.value.middle),
        "width": float(m.value.high - m.value.low),
        "closed_form": m.closed or None,
        "gain": float(m.gain.middle),
        "weight_variance_times_fan": float(inverse(m.value).middle),
    }
