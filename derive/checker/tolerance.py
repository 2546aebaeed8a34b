"""How far correct code may be from the truth: derived from the printed form at this input, per element, no knobs.

The allowance of an element is FACTOR times the smallest running error bound among the printed forms (the textbook form,
the stable form; up to GRACE roundoffs the textbook form counts, even if the stable form is better), plus what the textbook
form may lose to subnormal intermediates, plus half an ulp for rounding the result; no absolute floor. Where no form stays within
the range of the dtype nothing is claimed: such elements are counted, not judged. At a kink or tie anything between the one-sided
results is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derive.checker.bounds import SIDES, Bounds
from derive.checker.evaluate import Numbers, evaluate, frame
from derive.checker.levels import Bound, Level
from derive.checker.sides import Hulls, Ties
from derive.language.nodes import Expr, Reduce, walk
from derive.language.program import Program

Array = NDArray[Any]
FACTOR = 4.0  # correct code may sit this many times above the bound of the printed form: another order, another split
LEAST = 2.0  # unit roundoffs that code may lose wherever a form loses any: another algorithm has a few roundings too
GRACE = 8.0  # unit roundoffs that the textbook form may lose beyond the best form; more than that is called inaccurate
CONVENTIONS = ("the definition's own side", "the other side", "the other side", "the middle", "neither side", "both sides")


@dataclass(frozen=True)
class Allowance:
    """What is allowed of one output: the exact value plus anything in [low, high], give or take `slack`.

    `slack` is absolute and infinite where nothing is claimed. At a kink [low, high] is about `base`, what the definition
    gives in wide arithmetic (which may itself have taken another side than the exact value), and holds what every choice
    gives. `turned` is the slack of results that have the other sign: an intermediate that code takes as zero may be missing, but does
    not turn it. `sides` are the offsets of the conventions at the kinks that code reaches without rounding. Where ties may be broken
    in any way but all ways give the same sum of all elements, `total` is how far that sum may be off.
    """

    low: Array
    high: Array
    slack: Array
    sides: tuple[Array, ...] = ()
    base: Array | None = None
    turned: Array | None = None
    total: float = np.inf

    def about(self, exact: Array) -> tuple[Array, Array]:
        """[low, high] as offsets from the exact value, which is always within."""
        if self.base is None:
            return self.low, self.high
        with np.errstate(all="ignore"):
            moved = np.where(self.kinked & np.isfinite(self.base - exact), self.base - exact, 0)
        return np.minimum(self.low + moved, 0), np.maximum(self.high + moved, 0)

    @property
    def kinked(self) -> Array:
        """Where a kink or tie leaves a choice."""
        return np.asarray(self.low < self.high)

    @property
    def chosen(self) -> Array:
        """Where the choice is one of convention, not of rounding."""
        return np.logical_or.reduce([s != 0 for s in self.sides]) if self.sides else np.zeros(self.low.shape, bool)


def allowances(
    forms: Sequence[Program],
    inputs: Mapping[str, ArrayLike],
    parameters: Numbers,
    level: Level,
    *,
    jumps: bool = True,
    hulls: type[Hulls] = Hulls,
) -> tuple[Allowance, ...]:
    """One allowance per output for code of that format. The first form decides what happens at kinks; the smallest bound of all
    decides the slack.

    `hulls` say what the choices at kinks amount to. Unless `jumps`, what the definition says exactly at a kink is no convention: a
    value, unlike a derivative, is defined there.
    """
    written = Bounds(level, SIDES[0])
    first, met = bounds(forms[0], inputs, parameters, written)
    closed: list[Array] = []
    if not jumps and written.kinks:
        _, closed = bounds(forms[0], inputs, parameters, Ties(level, SIDES[0]))
        met = [near & ~tie for near, tie in zip(met, closed, strict=True)]
    tightest = _tightest(forms, first, written.low, inputs, parameters, level)
    strict = tightest
    if written.low and level.flush:
        kept, _ = bounds(forms[0], inputs, parameters, Bounds(gradual := replace(level, flush=0.0), SIDES[0]))
        strict = _tightest(forms, kept, written.low, inputs, parameters, gradual)
    tightest = _within_range(forms[0], inputs, parameters, level.largest, tightest)
    if not any(bool(m.any()) for m in met):
        return tuple(_smooth(e, t) for e, t in zip(tightest, strict, strict=True))

    def every(arithmetics: Sequence[Bounds]) -> list[tuple[Bound, ...]]:
        for a in arithmetics:
            a.closed = iter(closed) if closed else None
        return list(zip(*(bounds(forms[0], inputs, parameters, a)[0] for a in arithmetics), strict=True))

    near = every([Bounds(level, side) for side in ("right", "left")])
    ties = every(exactly := [Ties(level, side) for side in SIDES])
    found, _ = bounds(forms[0], inputs, parameters, hulls(met))
    without_rounding, _ = bounds(forms[0], inputs, parameters, hulls(exactly[0].met))
    beside = [hulls.beside(h, t[0].v, t[1].v) for h, t in zip(without_rounding, ties, strict=True)]
    hidden = _where_it_saturates(forms[1:], found, inputs, parameters, level, hulls) if jumps else [0.0] * len(found)
    allowed = (replace(a, slack=a.slack + h) for a, h in zip(map(_kinked, first, tightest, near, ties, found, beside), hidden, strict=True))
    if not any(_picks(let.body) for let in forms[0].lets):
        return tuple(allowed)
    return tuple(replace(a, total=_total(a, (*n, *t))) for a, n, t in zip(allowed, near, ties, strict=True))


def _where_it_saturates(
    forms: Sequence[Program], hull: Sequence[Bound], inputs: Mapping[str, ArrayLike], parameters: Numbers, level: Level, hulls: type[Hulls]
) -> list[Array]:
    """What the choices amount to in the other forms, where they amount to nothing in the first: of several values that saturate, any
    may be taken for the largest, and what the first form has as 0 for the slope there may be a small number."""
    extra = [np.zeros_like(h.e) for h in hull]
    for form in forms:
        _, met = bounds(form, inputs, parameters, Bounds(level, SIDES[0]))
        if any(bool(m.any()) for m in met):
            found, _ = bounds(form, inputs, parameters, hulls(met))
            extra = [np.fmax(x, np.where(h.e == 0, 2 * f.e, 0)) for x, h, f in zip(extra, hull, found, strict=True)]
    return extra


def _picks(body: Expr) -> bool:
    return any(isinstance(n, Reduce) and n.how in ("argmax", "argmin") for n in walk(body))


def _total(a: Allowance, choices: Sequence[Bound]) -> float:
    """How far the sum of all elements may be off where every choice gives the same one; else anything."""
    with np.errstate(all="ignore"):
        sums = [float(np.sum(c.v)) for c in choices]
        slack = float(np.sum(a.slack))
        return slack if max(sums) - min(sums) <= slack else np.inf


def _tightest(
    forms: Sequence[Program], first: Sequence[Bound], low: bool, inputs: Mapping[str, ArrayLike], parameters: Numbers, level: Level
) -> list[Array]:
    """The smallest bound of all forms, and what the first may lose to intermediates that are `low`. Where it leaves the range, that is
    no more than a small number: there an intermediate may be low only because another is beyond the range."""
    found = [_at_least(b, level) for b in first]
    grace = [GRACE * level.u * np.abs(np.where(np.isfinite(b.v), b.v, 0)) for b in first]
    for form in forms[1:]:
        others, _ = bounds(form, inputs, parameters, Bounds(level, SIDES[0]))
        found = [np.fmin(e, _at_least(b, level)) for e, b in zip(found, others, strict=True)]
    found = [np.fmax(e, np.fmin(b.e, g)) for e, b, g in zip(found, first, grace, strict=True)]
    if not low:
        return found
    lost, _ = bounds(forms[0], inputs, parameters, Bounds(replace(level, u=0.0, largest=np.inf), SIDES[0]))
    few = level.flush / level.u
    counted = [np.isfinite(b.e) & (np.isfinite(f.e) | (b.e <= few)) for b, f in zip(lost, first, strict=True)]
    return [e + np.where(c, b.e, 0) for e, c, b in zip(found, counted, lost, strict=True)]


def _at_least(b: Bound, level: Level) -> Array:
    return np.where(b.e > 0, np.fmax(b.e, LEAST * level.u * np.abs(b.v)), b.e)


def _within_range(form: Program, inputs: Mapping[str, ArrayLike], parameters: Numbers, largest: float, e: list[Array]) -> list[Array]:
    """Nothing is claimed of results of arguments so large that their product with a small number overflows."""
    arrays = {i.name: np.asarray(inputs[i.name]) for i in form.inputs}
    real = [i for i in form.inputs if i.dtype in ("real", "state")]
    if all(not (np.abs(arrays[i.name]) > largest).any() for i in real):
        return e
    fr = frame(form, arrays, parameters)
    result = []
    for o, bound in zip(form.outputs, e, strict=True):
        beyond = np.zeros([1] * len(fr.order), bool)
        for i in real:
            mask = fr.spread(np.abs(arrays[i.name]) > largest, i.names)
            gone = tuple(k for k, a in enumerate(fr.order) if a not in o.names)
            beyond = beyond | (np.any(mask, axis=gone, keepdims=True) if gone else mask)
        result.append(np.where(fr.gather(beyond, o.names), np.inf, bound))
    return result


def _smooth(e: Array, turned: Array) -> Allowance:
    nothing = np.zeros_like(e)
    return Allowance(nothing, nothing, FACTOR * e, turned=FACTOR * turned)


def _kinked(
    base: Bound, e: Array, near: Sequence[Bound], ties: Sequence[Bound], hull: Bound, beside: Sequence[Array]
) -> Allowance:
    """The sides, and the hull of all choices; where the hull is not finite, nothing is claimed."""
    declared, *others = ties
    with np.errstate(all="ignore"):
        sides = tuple(np.nan_to_num(s.v - declared.v, nan=0.0) for s in others)
        offsets = [np.nan_to_num(s.v - base.v, nan=0.0) for s in near]
        low = np.minimum.reduce([np.zeros_like(base.v), *sides, *offsets, np.where(hull.e > 0, hull.v - hull.e - base.v, 0)])
        high = np.maximum.reduce([np.zeros_like(base.v), *sides, *offsets, np.where(hull.e > 0, hull.v + hull.e - base.v, 0)])
        open_ = ~(low == high) | np.logical_or.reduce([(s.v != base.v) | (s.e != base.e) for s in near])
        lost = open_ & ~(np.isfinite(low) & np.isfinite(high))
        e = np.where(open_, np.maximum.reduce([e, *(s.e for s in near)]), e)
    return Allowance(np.where(lost, 0, low), np.where(lost, 0, high), np.where(lost, np.inf, FACTOR * e), (*sides, *beside), base.v)


def bounds(form: Program, inputs: Mapping[str, ArrayLike], parameters: Numbers, arithmetic: Bounds) -> tuple[list[Bound], list[Array]]:
    """The outputs of a form with their error bounds, and the kinks and ties that were met."""
    with np.errstate(all="ignore"):
        fr, named = evaluate(form, inputs, parameters, arithmetic)
    placed = []
    for output in form.outputs:
        b: Bound = named[output.name]
        e = np.broadcast_to(b.e, np.broadcast_shapes(b.v.shape, b.e.shape))
        placed.append(Bound(fr.gather(b.v, output.names), fr.gather(np.where(np.isnan(e), np.inf, e), output.names)))
    return placed, arithmetic.met
