"""Receptive fields along one axis, by following intervals through index maps; nothing here knows an op.

Output period*q + a of a network spans the inputs from first_a + advance*q to last_a + advance*q. The first and the last
are those of positions really read, padding included: a span is the hull of the union over the taps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from math import gcd, lcm

from derive.network.maps import SAME_PLACE, Everything, Map, Reads, Unfixed

Span = tuple[int, int]
LONGEST_PERIOD = 4096


@dataclass(frozen=True, slots=True)
class Field:
    """What outputs read: `spans[a]` by phase a of the output (None: reads no input), `advance` from one period to the next.

    No spans at all: everything it reads, it reads through a layer that reads all positions. That layer is `whole`
    (or "" for none), and `reach` is what it spans where the size is known.
    """

    period: int
    advance: int
    spans: tuple[Span | None, ...]
    whole: str = ""
    reach: Span | None = None

    @property
    def jump(self) -> Fraction:
        """The distance, in input positions, between neighbouring outputs."""
        return Fraction(self.advance, self.period)

    def at(self, output: int) -> Span | None:
        """The span of one output."""
        if not self.spans:
            return None
        turns, phase = divmod(output, self.period)
        span = self.spans[phase]
        return None if span is None else (span[0] + turns * self.advance, span[1] + turns * self.advance)


@dataclass(frozen=True)
class NotKnown:
    """What outputs read is not known; `since` names the layer from which on, `why` says why."""

    since: str
    why: str


@dataclass(frozen=True)
class Mixed:
    """What outputs read through branches that do not advance alike: the union of fields with different jumps."""

    parts: tuple[Field, ...]

    def at(self, output: int) -> Span | None:
        """The span of one output."""
        return hull([p.at(output) for p in self.parts])

    @property
    def whole(self) -> str:
        """The layer through which every output reads all positions, or ""."""
        return next((p.whole for p in self.parts if p.whole), "")

    @property
    def reach(self) -> Span | None:
        """What all of that spans."""
        return hull([p.reach for p in self.parts])

    @property
    def period(self) -> int:
        """After so many outputs each part is back in its first phase."""
        return lcm(*(p.period for p in self.parts))


State = Field | Mixed | NotKnown | None  # None: nothing of this input is read

INPUT = Field(1, 1, ((0, 0),))


class JumpsDiffer(Exception):
    """Branches that meet advance at different speeds; holds the positions of two of them among the branches."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(one, other)
        self.one, self.other = one, other


def through(reads: Map, state: State, size: int | None, name: str) -> State:
    """The field behind the layer `name`, from the field of its input, which has `size` positions (None: not known)."""
    if state is None or isinstance(state, NotKnown) or reads is SAME_PLACE:
        return state
    if isinstance(reads, Unfixed):
        return NotKnown(name, reads.why)
    if isinstance(state, Field) and not state.spans:
        return state
    if isinstance(reads, Everything):
        return everything(state, size, name)
    if isinstance(state, Mixed):
        return meeting([through(reads, part, size, name) for part in state.parts], exact=True)
    if reads.period == state.period == 1:
        return _slid(reads, state)
    return _composed(reads, state, name)


def everything(field: Field | Mixed, size: int | None, name: str) -> Field:
    """The field of a layer that reads all positions of its input."""
    return Field(1, 0, (), name, reach(field, size))


def reach(field: Field | Mixed, size: int | None) -> Span | None:
    """What all positions together span; None where the size is not known."""
    if isinstance(field, Mixed):
        found = [reach(part, size) for part in field.parts]
        return None if size is None else hull(found)
    if size is None or (field.whole and field.reach is None):
        return None
    ends = {*range(min(field.period, size)), *range(max(0, size - field.period), size)} if field.spans else ()
    return hull([field.reach, *(field.at(o) for o in ends)])


def hull(spans: Sequence[Span | None]) -> Span | None:
    """The smallest interval that contains all; None for none."""
    there = [s for s in spans if s is not None]
    return (min(s[0] for s in there), max(s[1] for s in there)) if there else None


def _slid(reads: Reads, field: Field) -> Field:
    """The case without phases: the first tap gives the start, the last the end."""
    taps, span = reads.taps[0], field.spans[0]
    moved = None if span is None else (span[0] + taps[0] * field.advance, span[1] + taps[-1] * field.advance)
    return Field(1, reads.advance * field.advance, (moved,), field.whole, field.reach)


def _composed(reads: Reads, field: Field, name: str) -> State:
    """Both repeat: together after as many outputs as bring both back to their phase 0."""
    turns = field.period // gcd(field.period, reads.advance)
    if reads.period * turns > LONGEST_PERIOD:
        return NotKnown(name, f"the fields repeat after {reads.period * turns} outputs, more than {LONGEST_PERIOD}")
    taps = [t if field.period > 1 or len(t) < 3 else (t[0], t[-1]) for t in reads.taps]
    spans = tuple(hull([field.at(t + q * reads.advance) for t in each]) for q in range(turns) for each in taps)
    advance = turns * reads.advance // field.period * field.advance
    whole, there = (field.whole, field.reach) if any(spans) else ("", None)  # who reads nothing reads nothing through others
    return shortest(Field(reads.period * turns, advance, spans, whole, there))


def shortest(field: Field) -> Field:
    """The same field with the shortest period."""
    for prime in _primes(field.period):
        while field.period % prime == 0 and field.advance % prime == 0 and _repeats(field, field.period // prime):
            period = field.period // prime
            field = replace(field, period=period, advance=field.advance // prime, spans=field.spans[:period])
    return field


def _repeats(field: Field, period: int) -> bool:
    by = field.advance * period // field.period
    return all(
        (a is None) == (b is None) and (a is None or b is None or (b[0] - a[0], b[1] - a[1]) == (by, by))
        for a, b in zip(field.spans, field.spans[period:], strict=False)
    )


@cache
def _primes(number: int) -> tuple[int, ...]:
    return tuple(p for p in range(2, number + 1) if number % p == 0 and all(p % q for q in range(2, p)))


def meeting(states: Sequence[State], exact: bool) -> State:
    """The field of a layer each of whose outputs reads the same output of every branch: the union.

    Raises JumpsDiffer where branches that read part of the input do not advance alike, unless sizes are `exact`: then
    the outputs that exist read what they read.
    """
    unknown = next((s for s in states if isinstance(s, NotKnown)), None)
    if unknown is not None:
        return unknown
    numbered = [(n, part) for n, s in enumerate(states) for part in _parts(s)]
    if not numbered:
        return None
    whole = next((f.whole for _, f in numbered if f.whole), "")
    reaches = [f.reach for _, f in numbered if f.whole]
    reached = hull(reaches) if None not in reaches else None
    local = [(n, f) for n, f in numbered if f.spans]
    if not local:
        return Field(1, 0, (), whole, reached)
    jumps = {f.jump: n for n, f in reversed(local)}
    if len(jumps) == 1:
        return _union([f for _, f in local], whole, reached)
    if not exact:
        raise JumpsDiffer(*sorted(jumps.values())[:2])
    return Mixed(tuple(_union([f for _, f in local if f.jump == jump], whole, reached) for jump in sorted(jumps)))


def _parts(state: State) -> tuple[Field, ...]:
    return state.parts if isinstance(state, Mixed) else (state,) if isinstance(state, Field) else ()


def _union(fields: Sequence[Field], whole: str, reached: Span | None) -> Field:
    period = lcm(*(f.period for f in fields))
    first = fields[0]
    spans = tuple(hull([f.at(a) for f in fields]) for a in range(period))
    return shortest(Field(period, first.advance * period // first.period, spans, whole, reached))


def centre(span: Span | None) -> Fraction | None:
    """The middle of a span."""
    return None if span is None else Fraction(span[0] + span[1], 2)


def apart(one: Field, other: Field) -> tuple[Fraction, ...]:
    """By how much the centres of `other` lie after those of `one`, by phase; without repetitions, sorted."""
    found = set()
    for a in range(lcm(one.period, other.period)):
        here, there = one.at(a), other.at(a)
        if here is not None and there is not None:
            found.add(Fraction(there[0] + there[1] - here[0] - here[1], 2))
    return tuple(sorted(found))
