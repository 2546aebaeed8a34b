"""Certificates B and C: exact evaluation modulo primes, and certified enclosures of real numbers, at sampled points.

Both look at the two sides themselves, not at their canonical forms. A true equation may be refused. A false one passes B
with no more than the probability that the certificate states, at the sizes it states; it passes C when its sides differ at
no sampled point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
from sympy import isprime

from derive.calculus.atoms import primitive
from derive.calculus.canonical import Canon
from derive.calculus.certificate import Certificate
from derive.calculus.claim import Claim
from derive.calculus.finite import Budget, NoModel, Stuck, World, free_root, true_root
from derive.calculus.finite_functions import UNIT
from derive.calculus.finite_values import INTEGERS, value
from derive.calculus.linear import Degrees
from derive.language.nodes import Const, Expr, Input, Param, Reduce, Ref, base_axis, leaves, substitute, walk
from derive.language.program import Hypothesis
from derive.language.ranges import Range
from derive.oracle import OracleError, enclose_all, overlap, width

BITS = 61  # of the primes
AGREE = 2  # points that must agree for each pattern of discrete choices
ATTEMPTS = 60  # to find them: every square root halves the chances
PATTERNS = 243  # of discrete choices
ELEMENTS = 40_000  # computed for one assignment of sizes
DOUBT = 1e-9  # the largest probability of error worth a certificate

PRECISION = 256  # bits of the enclosures
DRAWS = 160  # to find so many points at which both sides are defined
FEW = 4  # points that may refute what could not be proved
NARROW = 1e-30  # the largest width of an enclosure, relative to its value or to 1
WORK = 15_000  # elements computed at one point


class _Differs(Exception):
    """Both sides have values, and they are not the same."""


# ---- B ------------------------------------------------------------------------------------------------------------


def modular(left: Expr, right: Expr, canon: Canon) -> Certificate | None:
    """A certificate of tier B, or None: first with free roots, which need no luck, then with true ones."""
    claim = Claim(left, right, canon)
    for root in (free_root, true_root):
        try:
            found = _at_all_sizes(claim, root)
        except _Differs:
            continue
        if found is not None:
            return found
    return None


def _at_all_sizes(claim: Claim, root: Callable[[World, int], int]) -> Certificate | None:
    random = Random(0)
    tried, points, doubt = [], 0, 0.0
    for sizes in claim.assignments:
        try:
            worlds = list(_patterns(claim, sizes, root, random))
        except NoModel:
            continue
        tried.append(sizes)
        points += AGREE * len(worlds)
        doubt = max(doubt, sum(_doubt(claim, w) ** AGREE for w in worlds))
    if not claim.covers(tried) or doubt > DOUBT:
        return None
    at = f"{points} points of sizes {_listed(tried)}"
    return Certificate("B", f"equal modulo random {BITS}-bit primes at {at}; in error with probability below {max(doubt, 1e-99):.0e}")


def _listed(tried: list[dict[str, int]]) -> str:
    return "; ".join(" ".join(f"{a}={n}" for a, n in s.items()) for s in tried) or "one size"


def _patterns(claim: Claim, sizes: dict[str, int], root: Callable[[World, int], int], random: Random) -> Iterator[World]:
    """A world for each pattern of discrete choices. Raises _Differs, or NoModel when there are too many or none has values."""
    script: list[int] = []
    budget = Budget(ELEMENTS)
    for _ in range(PATTERNS):
        world = _agreement(claim, sizes, root, random, script, budget)
        yield world
        script = _next(world.script, world.options)
        if not script:
            return
    raise NoModel


def _next(script: list[int], options: list[int]) -> list[int]:
    """The script after this one, choices counted up like digits; empty after the last."""
    script = script[: len(options)]
    while script and script[-1] == options[len(script) - 1] - 1:
        script.pop()
    return [*script[:-1], script[-1] + 1] if script else []


def _agreement(
    claim: Claim, sizes: dict[str, int], root: Callable[[World, int], int], random: Random, script: list[int], budget: Budget
) -> World:
    """A world of this pattern in which both sides agree, as they did in others before it.

    Each of its square roots was missing at some point where those before it were there, so none can be expressed by those
    before it, and what holds for these roots holds whatever their signs.
    """
    missing: set[int] = set()
    agreed = 0
    for _ in range(ATTEMPTS):
        world = World(_prime(random), sizes, claim.canon.bodies, claim.canon.positive, claim.integers, random, root, budget, list(script))
        try:
            _compare(claim, world)
        except Stuck as stuck:
            missing.add(stuck.roots)
            continue
        agreed += 1
        if agreed >= AGREE and missing >= set(range(len(world.roots))):
            return world
    raise NoModel


def _compare(claim: Claim, w: World) -> None:
    for h in claim.imposed:
        _impose(w, h.left, value(w, h.right, h.left.axes))
    axes = claim.left.axes | claim.right.axes
    left, right = (value(w, side, axes) for side in (claim.left, claim.right))
    if any(w.residue(a) != w.residue(b) for a, b in zip(left.flat, right.flat, strict=True)):
        raise _Differs


def _impose(w: World, total: Expr, wanted: Any) -> None:
    """The last positions of an input changed so that its sum is as wanted."""
    assert isinstance(total, Reduce) and isinstance(total.body, Input)
    leaf = value(w, total.body)
    gap = np.frompyfunc(lambda a, b: w.add(a, w.times(b, Fraction(-1))), 2, 1)(wanted, value(w, total))
    axes = sorted(total.body.axes)
    last = tuple(-1 if a in total.over else slice(None) for a in axes)
    leaf = leaf.copy()
    leaf[last] = np.frompyfunc(w.add, 2, 1)(leaf[last], gap)
    w.leaves[total.body.name] = leaf
    w.done.clear()


def _prime(random: Random) -> int:
    """A random prime that is 7 modulo 8: square roots are powers, and 2 has one."""
    while True:
        n = random.randrange(2 ** (BITS - 1), 2**BITS) | 7
        if isprime(n):
            return n


def _doubt(claim: Claim, w: World) -> float:
    """How likely a point of this world hides a difference: zeros of a polynomial, and arguments that coincide by chance."""
    degrees = Degrees(claim.canon.bodies, w.size, UNIT)
    total = degrees.of(claim.left) + degrees.of(claim.right)
    keys = 1 + len(w.tables) + len(w.roots)
    return float(min(1.0, keys * keys * max(total, *degrees.known.values()) * 2.0 ** len(w.roots) / 2 ** (BITS - 1)))


# ---- C ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draws:
    """How many points are wanted, and of which kinds they are drawn, by turns."""

    points: int
    kinds: tuple[tuple[int, int, int], ...]  # the least and the largest number, and into how many parts 1 is divided


TIES, SOME, POSITIVE = (-2, 2, 2), (-32, 32, 16), (1, 32, 16)
EVERYWHERE = Draws(40, (TIES, SOME, POSITIVE, SOME))
BOUNDARIES = Draws(20, (TIES, SOME, TIES, POSITIVE))  # as many ties as above, for what is proved elsewhere


def real(left: Expr, right: Expr, canon: Canon, draws: Draws = EVERYWHERE) -> Certificate | None:
    """A certificate of tier C, or None."""
    claim = Claim(left, right, canon)
    sides = [_expanded(e, canon) for e in (left, right)]
    random = Random(0)
    tried = [s for s in claim.assignments if _work(sides, s) <= WORK]
    if not claim.covers(tried):
        return None
    points, widest = 0, 0.0
    for draw in range(DRAWS):
        sizes = tried[draw % len(tried)]
        width = _gap(sides, sizes, _sample(claim, sides, sizes, random, draws.kinds[draw % len(draws.kinds)]))
        if width is None:
            continue
        if width > NARROW:
            return None
        points, widest = points + 1, max(widest, width)
        if points == draws.points:
            return Certificate("C", f"enclosures no wider than {widest:.0e} overlap at {points} points of sizes {_listed(tried)}")
    return None


def refuted(left: Expr, right: Expr, canon: Canon) -> bool:
    """Whether the two sides have been seen to differ: enclosures that do not meet, at one of a few points."""
    claim = Claim(left, right, canon)
    sides = [_expanded(e, canon) for e in (left, right)]
    axes = sorted(left.axes | right.axes)
    random = Random(0)
    tried = [s for s in claim.assignments if _work(sides, s) <= WORK]
    for draw in range(min(len(tried), FEW)):
        try:
            given = _sample(claim, sides, tried[draw], random, EVERYWHERE.kinds[draw % len(EVERYWHERE.kinds)])
            a, b = enclose_all(sides, given, tried[draw], PRECISION, axes, "mpmath")
        except OracleError:
            continue
        if not overlap(a, b).all() and not any(np.isnan(width(f)).any() for f in (a, b)):
            return True
    return False


def _expanded(e: Expr, canon: Canon) -> Expr:
    """The expression down to inputs, parameters and intermediates that stay opaque, in primitives."""
    e = primitive(e)
    while known := {r: primitive(canon.bodies[r.name]) for r in leaves(e, Ref) if r.name in canon.bodies}:  # type: ignore[attr-defined]
        e = substitute(e, dict(known))
    return e


def _work(sides: list[Expr], sizes: dict[str, int]) -> int:
    return sum(
        math.prod(sizes[base_axis(a)] for a in (*n.axes, *(n.over if isinstance(n, Reduce) else ()))) for e in sides for n in walk(e)
    )


def _sample(claim: Claim, sides: list[Expr], sizes: dict[str, int], random: Random, kind: tuple[int, int, int]) -> dict[str, Any]:
    """Values for the leaves: with ties and zeros, any, or positive."""
    low, high, step = kind
    given: dict[str, Any] = {}
    for leaf in dict.fromkeys(n for e in sides for n in leaves(e, Input, Param, Ref)):
        name: str = leaf.name  # type: ignore[attr-defined]
        shape = [sizes[base_axis(a)] for a in (leaf.names if isinstance(leaf, Input) else sorted(leaf.axes))]
        if isinstance(leaf, Input) and leaf.into is not None:
            values: list[Any] = [random.randrange(sizes[base_axis(leaf.into)]) for _ in range(math.prod(shape))]
        elif name in claim.integers:
            values = [random.randrange(INTEGERS)]
        else:
            least = max(low, 1) if name in claim.canon.positive else low
            values = [Fraction(random.randint(least, high), step) for _ in range(math.prod(shape))]
            values = [_within(leaf.limits, v, high) for v in values] if isinstance(leaf, Input) else values
        given[name] = _array(values, shape)
    for h in claim.imposed:
        _settle(h, given)
    return given


def _within(limits: Range, x: Fraction, most: int) -> Fraction:
    """A number from -most to most moved into a range."""
    low, high = (Fraction(v) if math.isfinite(v) else None for v in (limits.low, limits.high))
    if low is not None and high is not None:
        return low + (high - low) * (x + most + 1) / (2 * most + 2)
    moved = abs(x) if x or (limits.low_included and limits.high_included) else Fraction(1)
    return low + moved if low is not None else high - moved if high is not None else x


def _array(values: list[Any], shape: list[int]) -> Any:
    data = np.empty(len(values), dtype=object)
    data[:] = values
    return data.reshape(shape)


def _settle(h: Hypothesis, given: dict[str, Any]) -> None:
    """An input changed in its last positions so that its sum is the number wanted."""
    assert isinstance(h.left, Reduce) and isinstance(h.left.body, Input)
    names, array = h.left.body.names, given[h.left.body.name]
    if isinstance(h.right, Const):
        total = array.sum(axis=tuple(names.index(a) for a in h.left.over))
        array[tuple(-1 if a in h.left.over else slice(None) for a in names)] += h.right.value - total


def _gap(sides: list[Expr], sizes: dict[str, int], given: dict[str, Any]) -> float | None:
    """How wide the enclosures are, relative to what they enclose; inf where they do not meet or the oracle
    refuses a side, None where one is undefined."""
    axes = sorted(sides[0].axes | sides[1].axes)
    try:
        found = enclose_all(sides, given, sizes, PRECISION, axes, "mpmath")
    except OracleError:
        return math.inf
    widths = [width(f) for f in found]
    if any(np.isnan(w).any() for w in widths):
        return None
    if not overlap(*found).all():
        return math.inf
    return max((_relative(x, w) for f, ws in zip(found, widths, strict=True) for x, w in zip(f.flat, ws.flat, strict=True)), default=0.0)


def _relative(x: Any, width: float) -> float:
    """A width as a part of the value, or of 10^-30 where that may be 0."""
    if not 0 < width < math.inf:
        return width
    low, high = x.low, x.high
    if low[0] == high[0] and low[1] and high[1]:
        return math.ldexp(width, max(-900, min(900, 1 - int(low[2] + low[3]), 1 - int(high[2] + high[3]))))
    return width * 1e30
