"""The least value of a smooth function on the whole line, and where: boxes are discarded until Newton's method is sure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from mpmath import libmp

from derive.analysis import tails
from derive.analysis.enclosed import Enclosed, enclosed, is_bounded, rational
from derive.analysis.function import Curve
from derive.analysis.jets import jets
from derive.language.errors import DeriveError
from derive.oracle.arithmetic import Arithmetic
from derive.oracle.interval import Interval
from derive.oracle.intervals import intervals

BITS, FINE = 64, 256
NARROW = Fraction(1, 10**40)
CONVEX = Fraction(1, 64)  # width of boxes that are left to Newton's method
HALVINGS = 20  # of them
MOST = 20_000  # boxes looked at

Span = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Extremum:
    """The value, and every place at which it may be attained."""

    value: Enclosed
    places: tuple[Enclosed, ...]


def greatest(f: Curve) -> Extremum:
    """The largest value of a function and where it is."""
    found = smallest(f, -1)
    return replace(found, value=Enclosed(-found.value.high, -found.value.low))


def smallest(f: Curve, factor: int = 1) -> Extremum:
    """The least value of factor*f over all real numbers. Raises DeriveError where that cannot be enclosed."""
    left, best = _search(f, factor)
    for sign in (1, -1):
        bound = _beyond(f, factor, sign)
        if bound is None or bound <= best:
            raise DeriveError(f"{f.program.name}: nothing shows that it stays above {float(best):.6g} beyond {sign * tails.START}")
    minima = [_minimum(f, factor, span) for span in _clusters(f, factor, left, best)]
    value = min((m.value for m in minima), key=lambda v: v.middle)
    return Extremum(value, tuple(m.places[0] for m in minima if m.value.low <= value.high))


def _search(f: Curve, factor: int) -> tuple[list[Span], Fraction]:
    """The boxes in which the least value may lie, in each of which the function is convex, and a value that is attained."""
    boxes = [(Fraction(n), Fraction(n + 1)) for n in range(-tails.START, tails.START)]
    kept: list[Span] = []
    best = min(_value(f, factor, low) for low, _ in boxes)
    for _ in range(MOST):
        if not boxes:
            return [s for s in kept if _bounds(f, factor, s)[0] <= best], best
        low, high = boxes.pop()
        middle = (low + high) / 2
        best = min(best, _value(f, factor, middle))
        bottom, moves, bends = _bounds(f, factor, (low, high))
        if bottom > best or moves:
            continue
        if bends and high - low <= CONVEX:
            kept.append((low, high))
        else:
            boxes += [(low, middle), (middle, high)]
    raise DeriveError(f"{f.program.name}: its least value could not be separated from others in {MOST} boxes")


def _clusters(f: Curve, factor: int, left: list[Span], best: Fraction) -> list[Span]:
    """Neighbouring boxes joined, once they are so small that the function is convex in what they make."""
    for _ in range(HALVINGS):
        joined = _joined(left)
        if all(_bounds(f, factor, span)[2] for span in joined):
            return joined
        halves = [half for low, high in left for half in ((low, (low + high) / 2), ((low + high) / 2, high))]
        known = [(half, _bounds(f, factor, half)) for half in halves]
        left = [half for half, (bottom, moves, _) in known if bottom <= best and not moves]
    raise DeriveError(f"{f.program.name} may have several least values near {float(left[0][0]):g}")


def _jet(f: Curve, factor: int, span: Span, bits: int, order: int = 2) -> tuple[Arithmetic, tuple[Any, ...]]:
    a = intervals(bits)
    x = (a.hull(a.number(span[0]), a.number(span[1])), a.number(1))
    found = f.at(x, jets(a, order))
    padded = (*found, *[a.number(0)] * (order + 1 - len(found)))
    return a, tuple(a.mul(a.number(factor), c) for c in padded)


def _value(f: Curve, factor: int, x: Fraction) -> Fraction:
    """No less than the value at x."""
    return rational(_jet(f, factor, (x, x), BITS, 0)[1][0].high)


def _bounds(f: Curve, factor: int, span: Span) -> tuple[Fraction, bool, bool]:
    """A lower bound over the box, whether the slope has one sign there, and whether the function is convex."""
    middle, half = (span[0] + span[1]) / 2, (span[1] - span[0]) / 2
    a, (value, slope, bend) = _jet(f, factor, span, BITS)
    _, (height, tilt) = _jet(f, factor, (middle, middle), BITS, 1)
    reach, square = a.hull(a.number(-half), a.number(half)), a.hull(a.number(0), a.number(half**2))
    straight = a.add(height, a.mul(slope, reach))
    curved = a.add(height, a.add(a.mul(tilt, reach), a.mul(bend, square)))
    forms = [v for v in (value, straight, curved) if is_bounded(v)]
    if not forms:
        raise DeriveError(f"{f.program.name} has no bound near {float(span[0]):g}")
    turns = _may_vanish(slope) and _may_vanish(a.add(tilt, a.mul(a.mul(a.number(2), bend), reach)))
    return max(rational(v.low) for v in forms), not turns, is_bounded(bend) and libmp.mpf_sign(bend.low) > 0


def _may_vanish(x: Interval) -> bool:
    return not is_bounded(x) or libmp.mpf_sign(x.low) <= 0 <= libmp.mpf_sign(x.high)


def _joined(spans: list[Span]) -> list[Span]:
    """Neighbours as one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and found[-1][1] == span[0]:
            found[-1] = (found[-1][0], span[1])
        else:
            found.append(span)
    return found


def _minimum(f: Curve, factor: int, span: Span) -> Extremum:
    """The one place where the slope vanishes, by Newton's method with enclosures, and the value there."""
    certain = False
    for _ in range(60):
        middle = (span[0] + span[1]) / 2
        a, (_, _, bend) = _jet(f, factor, span, FINE)
        _, (_, slope, _) = _jet(f, factor, (middle, middle), FINE)
        if _may_vanish(bend):
            raise DeriveError(f"{f.program.name} may have several least values near {float(middle):g}")
        step = enclosed(a.add(a.number(middle), a.div(a.mul(a.number(-1), slope), a.mul(a.number(2), bend))))
        certain = certain or (span[0] < step.low and step.high < span[1])
        span = max(span[0], step.low), min(span[1], step.high)
        if certain and span[1] - span[0] <= NARROW:
            break
    if not certain or span[0] > span[1]:
        raise DeriveError(f"{f.program.name}: Newton's method is not certain near {float(span[0]):g}")
    _, (value, *_) = _jet(f, factor, span, FINE)
    return Extremum(enclosed(value), (Enclosed(*span),))


def _beyond(f: Curve, factor: int, sign: int) -> Fraction | None:
    """A lower bound of factor*f over x > START (sign 1) or x < -START."""
    bound = tails.mul(tails.number(factor), f.at(tails.variable(sign), tails.TAILS))
    low = bound.bounds.low
    if low is not None and libmp.mpf_sign(low) >= 0:
        return Fraction(0)
    flat = tails.constant(bound)
    return rational(flat.low) if is_bounded(flat) else None
