"""What an element-wise op of one variable looks like: range, limits, slopes, kinks, symmetry; from the definition, with certainty."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import sympy

from derive.analysis.enclosed import Enclosed, enclosed
from derive.analysis.far import Far
from derive.analysis.function import curve
from derive.analysis.pieces import END, Piece, is_everywhere, numeric, runs, split, value
from derive.analysis.relations import proof
from derive.analysis.scalars import formula, variables
from derive.analysis.signs import Undecided
from derive.language.nodes import Const, add, mul, substitute
from derive.language.operation import Op
from derive.pipeline import readings

SMALL = Fraction(1, 1000)  # a slope below this counts as saturated
FURTHEST, CLOSE = Fraction(10**6), Fraction(1, 10**9)
SMOOTHEST = 4  # derivatives that are compared at a kink
SETTLES = 10**12  # what differs by less than 1/SETTLES is printed as one number


@dataclass(frozen=True)
class Number:
    """A value, or an end of a range: enclosed, in closed form where one is known, or infinite; attained, and where."""

    exact: Any = None
    enclosed: Enclosed | None = None
    attained: bool = False
    where: tuple[Any, ...] = ()

    @cached_property
    def size(self) -> float:
        """About how large it is."""
        return float(self.exact) if self.exact is not None else float(self.enclosed.middle)  # type: ignore[union-attr]


@dataclass(frozen=True)
class Span:
    """The infimum and the supremum."""

    low: Number
    high: Number


@dataclass(frozen=True)
class Stretch:
    """A part of the line (None: no end there) on which a function rises (1), falls (-1), stays (0), or where that is not known (None)."""

    low: Number | None
    high: Number | None
    side: int | None


@dataclass(frozen=True)
class Kink:
    """A point at which a derivative jumps: its order, its values to the left and to the right, and the slope taken there."""

    at: Fraction
    order: int
    left: Any
    right: Any
    slope: Any


@dataclass(frozen=True, eq=False)
class Shape:
    """A function of one variable in pieces, with what lies beyond them."""

    pieces: tuple[Piece, ...]
    points: tuple[Fraction, ...]
    far: Mapping[int, Far]
    values: Mapping[Fraction, Any]


@lru_cache(maxsize=64)
def shape(op: Op) -> Shape:
    """The pieces of an op at its default parameters. Raises DeriveError for what is not element-wise, Undecided for what cannot be cut."""
    f = curve(op)
    if not is_everywhere(op.program, f.variable):
        raise Undecided(f"{f.variable} lies in a part of the line alone")
    derived = tuple(readings(op).program(r) for r in ("value", "vjp", "hvp"))
    pieces, points = split(derived, f.variable, dict(f.parameters))
    far = {side: Far(pieces[-1 if side > 0 else 0], side) for side in (-1, 1)}
    return Shape(tuple(pieces), tuple(points), far, {p: _at_point(op, "value", p) for p in points})


def _at_point(op: Op, reading: str, at: Fraction) -> Any:
    """The value of a reading at a point, as its conditions decide there; what it takes besides is 1."""
    f, program = curve(op), readings(op).program(reading)
    names = {leaf: symbol for leaf, (symbol, _) in variables(program).items()}
    symbol = next(s for s in names.values() if s.name == f.variable)
    side = substitute(numeric(program, dict(f.parameters)), {i: Const(Fraction(1)) for i in program.inputs if i.name != f.variable})
    point = _rational(at)
    return formula(side, names, {symbol: (point, point)}).subs(symbol, point)


def _rational(x: Fraction) -> Any:
    return sympy.Rational(x.numerator, x.denominator)


def at_end(p: Piece, order: int, end: Fraction) -> Any:
    """The derivative of a piece at one of its ends, in closed form. Raises Undecided where the formula has no value there."""
    value = sympy.diff(p.formula, p.symbol, order).subs(p.symbol, _rational(end))
    if not value.is_finite:
        raise Undecided(f"{p.formula} has no value at {p.symbol} = {end}")
    return value


def stretches(s: Shape, order: int = 0) -> list[Stretch]:
    """Where the derivative of an order rises, falls and stays, from left to right. Raises Undecided."""
    found: list[Stretch] = []
    for p in s.pieces:
        parts = runs(p, order + 1)
        ends = [_far_part(s, -1, order)] if p.low is None else []
        inner = [
            Stretch(_between(p, order + 1, parts, k), _between(p, order + 1, parts, k + 1), side) for k, (_, _, side) in enumerate(parts)
        ]
        ends += inner + ([_far_part(s, 1, order)] if p.high is None else [])
        found += joined(ends, ())
    return found


def joined(parts: list[Stretch], jumps: Collection[Fraction]) -> list[Stretch]:
    """Stretches that go the same way as one, across points at which the function does not jump."""
    found: list[Stretch] = []
    for part in parts:
        same = bool(found) and found[-1].side == part.side
        if same and not (part.low and part.low.exact is not None and part.low.exact in map(_rational, jumps)):
            found[-1] = replace(found[-1], high=part.high)
        else:
            found.append(part)
    return found


def _far_part(s: Shape, side: int, order: int) -> Stretch:
    sign = s.far[side].sign(order + 1)
    end = Number(_rational(side * END))
    return Stretch(None, end, sign) if side < 0 else Stretch(end, None, sign)


def _between(p: Piece, order: int, parts: list[tuple[Fraction, Fraction, int]], k: int) -> Number | None:
    """The place between part k - 1 and part k of a piece."""
    if k in (0, len(parts)):
        end = p.window[0 if k == 0 else 1]
        return Number(_rational(end))
    left, right = parts[k - 1][1], parts[k][0]
    return Number(_rational(left)) if left == right else Number(enclosed=Enclosed(left, right))


@lru_cache(maxsize=64)
def span(s: Shape, order: int = 0) -> Span:
    """Between which values the derivative of an order lies (the function itself: 0). Raises Undecided."""
    found = [*_ends(s, order), *_turns(s, order)]
    if order == 0:
        found += [Number(v, attained=True, where=(_rational(p),)) for p, v in s.values.items()]
    else:
        found += [Number(v, attained=True, where=(_rational(p),)) for p, v in _meeting(s, order)]
    return Span(_extreme(found, min), _extreme(found, max))


def _meeting(s: Shape, order: int) -> list[tuple[Fraction, Any]]:
    """The points between pieces at which the derivatives up to an order meet, and its value there."""
    found = []
    for at, (left, right) in zip(s.points, pairwise(s.pieces), strict=True):
        if all(sympy.expand(at_end(left, k, at) - at_end(right, k, at)) == 0 for k in range(order + 1)):
            found.append((at, at_end(left, order, at)))
    return found


def _ends(s: Shape, order: int) -> list[Number]:
    """What the pieces tend to at their ends; where a piece stays, it attains it."""
    found = []
    for p in s.pieces:
        flat = bool(sympy.expand(sympy.diff(p.formula, p.symbol, order + 1)) == 0)
        for end, side in ((p.low, -1), (p.high, 1)):
            limit = s.far[side].tends(order) if end is None else at_end(p, order, end)
            found.append(Number(limit, attained=flat and limit.is_finite, where=()))
    return found


def _turns(s: Shape, order: int) -> list[Number]:
    """The values at the places where it turns."""
    found = []
    for p in s.pieces:
        for (_, left, _), (right, _, _) in pairwise(runs(p, order + 1)):
            if left == right:
                exact = at_end(p, order, left)
                found.append(Number(sympy.nsimplify(exact) if exact.is_rational else exact, attained=True, where=(_rational(left),)))
            else:
                found.append(Number(enclosed=value(p, order, left, right), attained=True, where=(Enclosed(left, right),)))
    for side in (-1, 1):
        if not _goes_on(s, order, side) and not _harmless(s, order, side, found):
            raise Undecided(f"the sign of derivative {order + 1} beyond {side * END} is not known")
    return found


def _goes_on(s: Shape, order: int, side: int) -> bool:
    """Whether the derivative is known to go on beyond END as it does before."""
    parts = runs(s.far[side].piece, order + 1)
    return s.far[side].sign(order + 1) == parts[-1 if side > 0 else 0][2]


def _harmless(s: Shape, order: int, side: int, found: list[Number]) -> bool:
    """Whether what lies beyond END stays between the values that are attained before."""
    known = s.far[side].span(order)
    if known is None or not found:
        return False
    beyond, sizes = enclosed(known), [n.size for n in found]
    return min(sizes) < float(beyond.low) and float(beyond.high) < max([*sizes, float(s.far[-side].tends(order))])


def _extreme(found: list[Number], pick: Callable[..., Number]) -> Number:
    """The smallest or largest of all; of equal ones, all places where it is attained."""
    best = pick(found, key=lambda n: n.size)
    same = [n for n in found if n.size == best.size or abs(n.size - best.size) * SETTLES < 1]
    attained = [n for n in same if n.attained]
    first = next((n for n in (*attained, *same) if n.exact is not None), (*attained, *same)[0])
    places = tuple(dict.fromkeys(w for n in attained for w in n.where)) if all(n.where for n in attained) else ()
    return replace(first, attained=bool(attained), where=places)


def kinks(op: Op, s: Shape) -> list[Kink]:
    """The points at which the function, or one of its first derivatives, jumps."""
    found = []
    for at, (left, right) in zip(s.points, pairwise(s.pieces), strict=True):
        for order in range(SMOOTHEST):
            sides = at_end(left, order, at), at_end(right, order, at)
            jumps = sympy.expand(sides[0] - sides[1]) != 0 and abs(sympy.N(sides[0] - sides[1], 30)) > sympy.Float("1e-25")
            if jumps:
                found.append(Kink(at, order, *sides, _at_point(op, "vjp", at)))
                break
    return found


def symmetry(op: Op) -> str:
    """What f(-x) is: -f(x) for "odd", f(x) for "even", a number less f(x) for that number; "" where none of these is shown."""
    side = numeric(op.program, dict(curve(op).parameters))
    (x,) = op.program.inputs
    mirrored = substitute(side, {x: mul(Const(Fraction(-1)), x)})
    for name, right in (("odd", mul(Const(Fraction(-1)), side)), ("even", side)):
        if _may_be(op, name) and proof(op.program, (mirrored, right), "="):
            return name
    twice = 2 * _at_point(op, "value", Fraction(0))
    if twice.is_Rational and twice != 0:
        right = add(Const(Fraction(int(twice.p), int(twice.q))), mul(Const(Fraction(-1)), side))
        if proof(op.program, (mirrored, right), "="):
            return str(twice)
    return ""


def _may_be(op: Op, name: str) -> bool:
    """Whether values at two points do not speak against it."""
    factor = -1 if name == "odd" else 1
    return all(
        abs(float(_at_point(op, "value", -x)) - factor * float(_at_point(op, "value", x))) < 1e-9 for x in (Fraction(1), Fraction(5, 2))
    )


def saturation(s: Shape, side: int) -> tuple[str, Any] | None:
    """From where on the slope is 0 on one side ("zero"), or below SMALL ("small"); None where it is neither."""
    far = s.far[side]
    edge = far.piece.low if side > 0 else far.piece.high
    if far.sign(1) == 0:
        return "zero", edge
    if far.tends(1) != 0:
        return None
    if not far.sign(2):
        raise Undecided("whether the slope falls steadily is not known")
    parts = runs(far.piece, 2)
    start = parts[-1][0] if side > 0 else parts[0][1]
    return "small", _crosses(far.piece, side, start)


def _crosses(p: Piece, side: int, start: Fraction) -> Enclosed:
    """Where the size of the slope, which falls from `start` on, falls below SMALL."""
    near, step = start, Fraction(1)
    while abs(value(p, 1, near + side * step).middle) > SMALL:
        step *= 2
        if step > FURTHEST:
            raise Undecided(f"the slope is above {float(SMALL)} as far as {float(FURTHEST):g}")
    far = near + side * step
    while abs(far - near) > CLOSE:
        middle = (near + far) / 2
        near, far = (middle, far) if abs(value(p, 1, middle).middle) > SMALL else (near, middle)
    return Enclosed(min(near, far), max(near, far))
