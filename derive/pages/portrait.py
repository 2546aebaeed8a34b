"""What an element-wise op looks like, as a table of its page and as JSON: range, limits, slopes, kinks, symmetry, gains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from derive.analysis import portrait
from derive.analysis.enclosed import Enclosed, decimal
from derive.analysis.function import curve, element_wise
from derive.analysis.gain import closed_gain
from derive.analysis.limits import X
from derive.analysis.portrait import SMALL, Kink, Number, Shape, Stretch
from derive.analysis.signs import Undecided
from derive.language.errors import DeriveError
from derive.language.operation import Op
from derive.pages.document import Block, Heading, Paragraph, Table

PLACES, LONG = 10, 32
SATURATED = {"zero": "the slope is 0", "small": f"the slope is below {float(SMALL)} in size"}
DERIVATIVES = ("the value", "the slope", "the second derivative", "the third derivative")
UNKNOWN = (Undecided, DeriveError, NotImplementedError, ArithmeticError)
MOVES = {1: "rises", -1: "falls", 0: "is constant", None: "not decided"}


@dataclass(frozen=True)
class Row:
    """A property in words; "not decided" with the reason where it is not known."""

    name: str
    text: str


def is_curve(op: Op) -> bool:
    """Whether the op has a portrait: an element-wise one of one input does."""
    try:
        return bool(element_wise(op))
    except DeriveError:
        return False


def look(op: Op) -> tuple[Row, ...]:
    """The properties of an element-wise op of one input; none for any other."""
    try:
        x = element_wise(op)
        parameters = curve(op).parameters
    except DeriveError:
        return ()
    rows = _rows(op, x)
    at = ", ".join(f"{n} = {v}" for n, v in parameters.items())
    return (*([Row("parameters", at)] if at else []), *(r for r in rows if r.text))


def _rows(op: Op, x: str) -> list[Row]:
    try:
        s = portrait.shape(op)
    except UNKNOWN as reason:
        return [Row("all", f"not decided: {reason}")]
    return [Row(name, _settled(op, s, x, tell)) for name, tell in ROWS.items()]


def _settled(op: Op, s: Shape, x: str, tell: Callable[[Op, Shape, str], str]) -> str:
    try:
        return tell(op, s, x)
    except UNKNOWN as reason:
        return f"not decided: {reason}"


def blocks(op: Op) -> Iterator[Block]:
    """The section of the page."""
    rows = look(op)
    if rows:
        yield Heading(2, "The curve")
        yield Paragraph((INTRO,))
        yield Table(("property", "value"), tuple(((r.name,), (r.text,)) for r in rows))


INTRO = (
    "Read off the definition and its derivatives, with certainty: zeros of derivatives are told apart on boxes and enclosed, "
    "what lies far out is bounded. Decimals that end in ... are rounded and certified; other numbers are exact."
)


def data(op: Op) -> dict[str, str]:
    """The same as JSON."""
    return {r.name: r.text for r in look(op)}


def shown(v: Any) -> str:
    """A number: exact where that is short, else its digits."""
    if isinstance(v, Number):
        return shown(v.exact if v.exact is not None else v.enclosed)
    if isinstance(v, Enclosed):
        return v.decimals(PLACES)
    if isinstance(v, Fraction):
        return str(v)
    if abs(v) == sympy.oo:
        return "inf" if v > 0 else "-inf"
    text = str(v)
    return text if len(text) <= LONG else f"{decimal(Fraction(str(sympy.N(v, 40))), PLACES)}..."


def _range(op: Op, s: Shape, x: str) -> str:
    return _span(portrait.span(s), x)


def _span(found: portrait.Span, x: str) -> str:
    if shown(found.low) == shown(found.high):
        return f"{shown(found.low)} everywhere"
    return f"from {_end(found.low, x)} to {_end(found.high, x)}"


def _end(n: Number, x: str) -> str:
    if n.exact is not None and not n.exact.is_finite:
        return shown(n)
    at = f", at {x} = {' and '.join(map(shown, n.where))}" if n.where else ""
    return f"{shown(n)} ({'attained' if n.attained else 'not attained'}{at})"


def _limits(op: Op, s: Shape, x: str) -> str:
    return "; ".join(_limit(s, side, x) for side in (-1, 1))


def _limit(s: Shape, side: int, x: str) -> str:
    end = f"{'' if side > 0 else '-'}inf"
    near = s.far[side].near(0)
    line = "" if near is None or not near.free_symbols else f", near {_line(sympy.expand(near.subs(X, side * sympy.Symbol(x))))}"
    return f"{shown(s.far[side].tends(0))} at {end}{line}"


def _line(p: Any) -> str:
    """A polynomial; long coefficients by their digits."""
    (x,) = p.free_symbols
    terms = sympy.Poly(p, x).terms()
    if all(len(str(c)) <= LONG for _, c in terms):
        return str(p)
    return " + ".join(f"{shown(c)}*{x**n}" if n else shown(c) for (n,), c in terms)


def _monotone(op: Op, s: Shape, x: str) -> str:
    found = portrait.joined(portrait.stretches(s), {k.at for k in portrait.kinks(op, s) if k.order == 0})
    return "; ".join(_stretch(t, x) for t in found)


def _stretch(t: Stretch, x: str) -> str:
    low, high = (None if n is None else shown(n) for n in (t.low, t.high))
    where = "everywhere" if low is high is None else f"for {x} < {high}" if low is None else f"for {x} > {low}"
    return f"{MOVES[t.side]} {where if low is None or high is None else f'for {low} < {x} < {high}'}"


def _slope(op: Op, s: Shape, x: str) -> str:
    return _span(portrait.span(s, 1), x)


def _lipschitz(op: Op, s: Shape, x: str) -> str:
    if any(k.order == 0 for k in portrait.kinks(op, s)):
        return "none: the value jumps"
    found = portrait.span(s, 1)
    largest = max((found.low, found.high), key=lambda n: abs(n.size))
    return "none: the slope has no bound" if abs(largest.size) == float("inf") else shown(largest).removeprefix("-")


def _saturation(op: Op, s: Shape, x: str) -> str:
    found: dict[str, list[str]] = {}
    for side, sign in ((-1, "<"), (1, ">")):
        if there := portrait.saturation(s, side):
            found.setdefault(there[0], []).append(_beyond(there[1], sign, x))
    return "; ".join(f"{SATURATED[kind]} {' and '.join(dict.fromkeys(where))}" for kind, where in found.items()) or "nowhere"


def _beyond(place: Any, sign: str, x: str) -> str:
    if place is None:
        return "everywhere"
    return f"for {x} {sign} {place.decimals(6) if isinstance(place, Enclosed) else shown(place)}"


def _kinks(op: Op, s: Shape, x: str) -> str:
    return "; ".join(_kink(k, x) for k in portrait.kinks(op, s)) or "none"


def _kink(k: Kink, x: str) -> str:
    taken = "" if k.order > 1 else f"; the slope taken there is {shown(k.slope)}"
    return f"at {x} = {shown(k.at)} {DERIVATIVES[k.order]} jumps from {shown(k.left)} to {shown(k.right)}{taken}"


def _symmetry(op: Op, s: Shape, x: str) -> str:
    found = portrait.symmetry(op)
    words = {"odd": f"odd: f(-{x}) = -f({x})", "even": f"even: f(-{x}) = f({x})", "": ""}
    return words.get(found, f"f(-{x}) = {found} - f({x})")


def _gain(op: Op, s: Shape, x: str) -> str:
    found = closed_gain(op, 2 * LONG)
    names = ("E[f(z)^2]", "E[f'(z)^2]")
    parts = [f"{n} = {c}" for n, c in zip(names, found, strict=True) if c]
    return f"{'; '.join(parts)}, for a standard normal z" if parts else f"derive gain {op.name} encloses it"


ROWS: dict[str, Callable[[Op, Shape, str], str]] = {
    "range": _range,
    "limits": _limits,
    "monotone": _monotone,
    "slope": _slope,
    "Lipschitz constant": _lipschitz,
    "saturated": _saturation,
    "kinks": _kinks,
    "symmetry": _symmetry,
    "gain": _gain,
}
