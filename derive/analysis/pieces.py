"""A function of one variable as smooth pieces, on each of which all its conditions are decided, and the zeros of its derivatives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import sympy
from mpmath import libmp

from derive.analysis.enclosed import Enclosed, enclosed, is_bounded
from derive.analysis.function import Curve, folded
from derive.analysis.jets import jets
from derive.analysis.scalars import cells, formula, variables
from derive.analysis.signs import Cell, Formula, Undecided
from derive.calculus.atoms import primitive
from derive.language.nodes import Call, Compare, Const, Expr, Param, Where, mul, substitute, walk
from derive.language.program import Let, Program, expand
from derive.oracle.arithmetic import Arithmetic
from derive.oracle.intervals import intervals

END = Fraction(10)  # what lies further out is left to bounds on tails
OFFSET = Fraction(3, 7)  # boxes do not begin where zeros of well-known functions lie
SHORTEST, NARROW = Fraction(1, 2**30), Fraction(1, 10**16)
MOST = 500  # boxes looked at
HIGHEST = 6  # order of the derivative that may decide what a multiple zero is
BITS, FINE = 64, 256
Segment = tuple[Fraction, Fraction, int]


@dataclass(frozen=True, eq=False)
class Piece:
    """A smooth function on an open interval (None: without end): its derivatives by order, as they were derived, and its formula."""

    derivatives: tuple[Curve, ...]
    symbol: Formula
    formula: Formula
    low: Fraction | None
    high: Fraction | None

    @property
    def window(self) -> tuple[Fraction, Fraction]:
        """The part of the interval that lies between -END and END."""
        return (-END if self.low is None else self.low), (END if self.high is None else self.high)


def numeric(program: Program, parameters: dict[str, Fraction]) -> Expr:
    """The first output of a program, written out, with numbers for its parameters."""
    side = expand(program, program.let(program.outputs[0].name).ref)
    return primitive(substitute(side, {Param(n): Const(v) for n, v in parameters.items()}))


def split(programs: tuple[Program, ...], variable: str, parameters: dict[str, Fraction]) -> tuple[list[Piece], list[Fraction]]:
    """The pieces of a function, given with its derivatives, from left to right, and the points between them.

    Raises Undecided where its conditions cannot be decided, or a point lies further out than END.
    """
    sides = [_alone(numeric(p, parameters), p, variable) for p in programs]
    names = {leaf: symbol for leaf, (symbol, _) in variables(programs[0]).items()}
    symbol = next(s for s in names.values() if s.name == variable)
    spans = _spans(programs[0], sides[0], symbol)
    points = [low for low, high in spans if low == high]
    if any(abs(p) >= END for p in points):
        raise Undecided(f"it changes beyond {END}")
    pieces = [_piece(programs[0], sides, names, symbol, (low, high)) for low, high in spans if low != high]
    return pieces, [Fraction(int(p.p), int(p.q)) for p in points]


def _alone(side: Expr, program: Program, variable: str) -> Expr:
    """The expression where every input but the variable is 1."""
    return substitute(side, {i: Const(Fraction(1)) for i in program.inputs if i.name != variable})


def _spans(program: Program, side: Expr, symbol: Formula) -> list[tuple[Formula, Formula]]:
    """The domain of the variable, cut where a condition changes; points at the ends of the domain are left out."""
    found = list(dict.fromkeys(cell[symbol] for cell in cells(program, (side,))))
    domain = variables(program)[next(i for i in program.inputs if i.name == symbol.name)][1]
    inside = [s for s in found if s[0] != s[1] or domain.low < s[0] < domain.high]
    return sorted(inside, key=lambda s: (s[0], s[1]))


def _piece(of: Program, sides: list[Expr], names: dict[Expr, Formula], symbol: Formula, span: tuple[Formula, Formula]) -> Piece:
    cell = {symbol: span}
    name = of.outputs[0].name
    lets = [Let(name, folded(_decided(side, names, cell))) for side in sides]
    curves = tuple(Curve(Program(of.name, of.inputs, (), (let,), of.outputs, of.order), symbol.name) for let in lets)
    low, high = (None if abs(end) == sympy.oo else Fraction(int(end.p), int(end.q)) for end in span)
    return Piece(curves, symbol, formula(sides[0], names, cell), low, high)


def _decided(expr: Expr, names: dict[Expr, Formula], cell: Cell) -> Expr:
    """The expression with its conditions and absolute values as they are on the cell."""
    done: dict[Expr, Expr] = {}
    for node in walk(expr):
        new = substitute(node, done) if not isinstance(node, (Where, Compare)) else node
        match node:
            case Where(condition, chosen, other):
                holds = formula(condition, names, cell) == sympy.true
                new = done.get(chosen, chosen) if holds else done.get(other, other)
            case Call("abs" | "sign" as fn, (x,)):
                side = formula(Call("sign", (x,)), names, cell)
                new = Const(Fraction(int(side))) if fn == "sign" else mul(Const(Fraction(int(side))), done.get(x, x))
        if new != node:
            done[node] = new
    return done.get(expr, expr)


def is_everywhere(program: Program, variable: str) -> bool:
    """Whether the variable may be any real number."""
    limits = next(i.limits for i in program.inputs if i.name == variable)
    return math.isinf(limits.low) and math.isinf(limits.high)


def enclosures(p: Piece, order: int, low: Fraction, high: Fraction, bits: int = BITS) -> Iterator[Any]:
    """Intervals that the derivative of an order stays in on a box (or at a point): from the series of each lower derivative."""
    for k in reversed(range(min(order + 1, len(p.derivatives)))):
        yield _enclosure(p, k, order - k, low, high, bits)


@lru_cache(maxsize=8192)
def _enclosure(p: Piece, k: int, more: int, low: Fraction, high: Fraction, bits: int) -> Any:
    """The derivative of an order in which derivative k is differentiated as often as said, by its series."""
    a: Arithmetic = intervals(bits)
    series = p.derivatives[k].at((a.hull(a.number(low), a.number(high)), a.number(1)), jets(a, more))
    return a.mul(a.number(math.factorial(more)), series[more]) if more < len(series) else a.number(0)


def sign(p: Piece, order: int, low: Fraction, high: Fraction, bits: int = BITS) -> int | None:
    """The sign of the derivative on a box, but for points where it is 0; None where it is not known."""
    return next((s for c in enclosures(p, order, low, high, bits) if (s := side_of(c)) is not None), None)


def side_of(x: Any) -> int | None:
    """The sign of an interval (of what it encloses, but for points where that is 0); None where it is not known."""
    if not is_bounded(x):
        return None
    low, high = libmp.mpf_sign(x.low), libmp.mpf_sign(x.high)
    return 0 if low == high == 0 else 1 if low >= 0 else -1 if high <= 0 else None


def value(p: Piece, order: int, low: Fraction, high: Fraction | None = None) -> Enclosed:
    """The derivative of an order at a point, or anywhere in a narrow box. Raises Undecided where it has no bound."""
    found = next((c for c in enclosures(p, order, low, low if high is None else high, FINE) if is_bounded(c)), None)
    if found is None:
        raise Undecided(f"no bound is known at {float(low):g}")
    return enclosed(found)


def runs(p: Piece, order: int) -> list[Segment]:
    """The window of a piece cut into parts on each of which the derivative of an order has one sign (0: it vanishes all over).

    Between two parts lies a zero, in the gap between them (which may be one point).
    """
    low, high = p.window
    found: list[Segment] = []
    for part in sorted(_parts(p, order, low, high)):
        if found and found[-1][1] == part[0] and found[-1][2] == part[2]:
            found[-1] = (found[-1][0], part[1], part[2])
        else:
            found.append(part)
    return found


def _parts(p: Piece, order: int, low: Fraction, high: Fraction) -> Iterator[Segment]:
    cuts = [low, *(x for n in range(-11, 11) if low < (x := n + OFFSET) < high), high]
    boxes = list(pairwise(cuts))
    for _ in range(MOST):
        if not boxes:
            return
        left, right = boxes.pop()
        found = _of_box(p, order, left, right)
        if found is not None:
            yield from found
        elif right - left <= SHORTEST:
            raise Undecided(f"the sign of derivative {order} is not known near {float(left):g}")
        else:
            middle = (left + right) / 2
            boxes += [(left, middle), (middle, right)]
    raise Undecided(f"the zeros of derivative {order} could not be told apart in {MOST} boxes")


def _of_box(p: Piece, order: int, low: Fraction, high: Fraction) -> list[Segment] | None:
    """The parts of a box; None where it is too wide to tell."""
    narrow = high - low <= Fraction(1, 4)
    side = sign(p, order, low, high) if not narrow else sign(p, order, low, high, FINE)
    if side is not None:
        return [(low, high, side)]
    grows = sign(p, order + 1, low, high, FINE if narrow else BITS)
    if grows:
        ends = [sign(p, order, end, end, FINE) for end in (low, high)]
        if None not in ends:
            return _crossing(p, order, low, high, grows) if -grows == ends[0] and ends[1] == grows else [(low, high, _nonzero(ends))]
    return _multiple(p, order, low, high) if narrow else None


def _nonzero(ends: list[int | None]) -> int:
    return next((e for e in ends if e), 0)


def _crossing(p: Piece, order: int, low: Fraction, high: Fraction, grows: int) -> list[Segment]:
    """Both sides of the one zero, enclosed (or found exactly, where it is a simple fraction)."""
    x = _newton(p, order, low, high)
    left, right = max(low, x - NARROW), min(high, x + NARROW)
    known = sign(p, order, left, left, FINE) if left > low else -grows, sign(p, order, right, right, FINE) if right < high else grows
    if known != (-grows, grows):
        raise Undecided(f"the zero of derivative {order} near {float(x):g} could not be enclosed")
    exact = _exact_zero(p, order, left, right)
    return [(low, left, -grows), (right, high, grows)] if exact is None else [(low, exact, -grows), (exact, high, grows)]


def _newton(p: Piece, order: int, low: Fraction, high: Fraction) -> Fraction:
    """Near a simple zero; bisection, where Newton's method leaves the box."""
    left, right = low, high
    x = (low + high) / 2
    rises = value(p, order, high).middle > 0
    for _ in range(100):
        here = value(p, order, x).middle
        left, right = (left, x) if (here > 0) == rises else (x, right)
        new = (x - here / value(p, order + 1, x).middle).limit_denominator(10**24)
        new = new if left < new < right else (left + right) / 2
        if abs(new - x) < NARROW / 10:
            return new
        x = new
    return x


def _exact_zero(p: Piece, order: int, low: Fraction, high: Fraction) -> Fraction | None:
    """The fraction of small denominator between two numbers at which a derivative vanishes, by its formula; None if there is none."""
    candidate = ((low + high) / 2).limit_denominator(64)
    if not low <= candidate <= high:
        return None
    if sign(p, order, candidate, candidate, FINE) not in (0, None):
        return None
    return candidate if _vanishes(p, order, candidate) else None


def _vanishes(p: Piece, order: int, at: Fraction) -> bool:
    derivative = sympy.diff(p.formula, p.symbol, order).subs(p.symbol, sympy.Rational(at.numerator, at.denominator))
    return bool(sympy.expand(derivative) == 0)


def _multiple(p: Piece, order: int, low: Fraction, high: Fraction) -> list[Segment] | None:
    """Both sides of a zero of higher order at a simple fraction, from the first derivative that has one sign in the box."""
    at = ((low + high) / 2).limit_denominator(2)
    if not low < at < high or sign(p, order, at, at, FINE) not in (0, None):
        return None
    for m in range(order, order + HIGHEST):
        side = sign(p, m, low, high)
        if side:
            return [(low, at, side * (-1) ** (m - order)), (at, high, side)]
        if not _vanishes(p, m, at):
            return None
    return None
