"""What one output of a chain of layers reads: field, jump and start as recurrences, closed for equal layers.

Output o of a chain spans the inputs from jump*o + start to jump*o + start + field - 1. Behind the chain, a further
layer's output reads a window of the chain's outputs; following both ends of that window gives the recurrences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy

from derive.catalog.geometry import Recurrence
from derive.geometry.printing import Formula
from derive.geometry.rules import Step
from derive.geometry.statement import AtMost, Equal
from derive.geometry.window import Window, affine_step, ends_step, first, last, position, tap_facts, whole, window

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)
FIELD, JUMP, START, LAYERS, A, B = map(whole, ("field", "jump", "start", "n", "a", "b"))
NEXT = {name: whole(f"{name.name}'") for name in (FIELD, JUMP, START)}
WORDS = (("field", "r"), ("jump", "j"), ("start", "u"), ("field'", "r'"), ("jump'", "j'"), ("start'", "u'"), ("n", "n"))


@dataclass(frozen=True)
class Update:
    """One line of a recurrence: the unknown, its value in front of the first layer, and its value behind one layer more."""

    unknown: Formula
    initial: Formula
    after: Formula


@dataclass(frozen=True)
class Chain:
    """Simultaneous recurrences over the layers of a chain; `asked` is the unknown that answers the question."""

    asked: Formula
    updates: tuple[Update, ...]


@dataclass(frozen=True)
class Closed:
    """An unknown after n equal layers, with the recurrence it solves."""

    unknown: Formula
    update: Update
    value: Formula


def chain(recurrence: Recurrence) -> Chain:
    """The recurrences, read off the two ends of the interval that an output reads.

    An empty chain's output o reads input o alone: jump 1, start 0, field 1.
    """
    w = window(recurrence, WORDS)
    begin, end = JUMP * first(w, w.made) + START, JUMP * last(w, w.made) + START + FIELD - 1
    jump = JUMP * w.stride
    start = START + JUMP * first(w, ZERO)
    assert sympy.expand(begin - jump * w.made - start) == 0
    field = FIELD + JUMP * (last(w, w.made) - first(w, w.made))
    assert sympy.expand(end - begin + 1 - field) == 0
    return Chain(FIELD, (Update(FIELD, ONE, field), Update(JUMP, ONE, jump), Update(START, ZERO, start)))


def needed(found: Chain) -> tuple[Update, ...]:
    """The recurrences that the asked unknown depends on, in their order."""
    names = {found.asked}
    for _ in found.updates:
        names |= {s for u in found.updates if u.unknown in names for s in u.after.free_symbols}
    return tuple(u for u in found.updates if u.unknown in names)


def chain_steps(recurrence: Recurrence, claim: Chain) -> tuple[Step, ...]:
    """Proof by induction on the layers, walking from the input to the output and back, then the closed forms."""
    w = window(recurrence, WORDS)
    return (affine_step(w), ends_step(w), *_base(w, claim), *_one_more(w, claim), *_centre(w, claim), *_back(w), *closed_steps(w, claim))


def _base(w: Window, claim: Chain) -> tuple[Step, ...]:
    initial = tuple(Equal(u.unknown, u.initial) for u in claim.updates)
    begin, end = JUMP * w.made + START, JUMP * w.made + START + FIELD - 1
    return (
        Step("no layer: output o begins at input o", Equal(begin, w.made), "identity", initial, w.words),
        Step("no layer: and ends there", Equal(end, w.made), "identity", initial, w.words),
    )


def _one_more(w: Window, claim: Chain) -> tuple[Step, ...]:
    begins, ends = JUMP * first(w, w.made) + START, JUMP * last(w, w.made) + START + FIELD - 1
    reads = JUMP * position(w, w.made, w.tap) + START
    facts = (AtMost((ONE, JUMP)), AtMost((ONE, FIELD)), *tap_facts(w))
    after = tuple(Equal(NEXT[u.unknown], u.after) for u in claim.updates)
    begin, end = NEXT[JUMP] * w.made + NEXT[START], NEXT[JUMP] * w.made + NEXT[START] + NEXT[FIELD] - 1
    jump = next(u.after for u in claim.updates if u.unknown == JUMP)
    return (
        Step("one layer more: its first tap begins first", AtMost((begins, reads)), "signs", facts, w.words),
        Step("one layer more: its last tap ends last", AtMost((reads + FIELD - 1, ends)), "signs", facts, w.words),
        Step("one layer more: output o begins where the recurrences say", Equal(begins, begin), "identity", (*after, *facts), w.words),
        Step("one layer more: and ends where they say", Equal(ends, end), "identity", (*after, *facts), w.words),
        Step("jumps stay positive", AtMost((ONE, jump)), "signs", facts, w.words),
    )


def _centre(w: Window, claim: Chain) -> tuple[Step, ...]:
    centre, moved = START + (FIELD - 1) / 2, JUMP * (first(w, ZERO) + last(w, ZERO)) / 2
    after = tuple(Equal(NEXT[u.unknown], u.after) for u in claim.updates)
    says = "the centre of output 0 moves by jump times the middle of the window"
    return (Step(says, Equal(centre.subs(NEXT), centre + moved), "identity", after, w.words),)


def _back(w: Window) -> tuple[Step, ...]:
    """Walking back: what is read in front of a layer, for an interval of `field` outputs that begins at a."""
    words = (*w.words, ("a", "a"), ("b", "b"))
    facts = (AtMost((w.made, B)), AtMost((A, w.made)), *tap_facts(w))
    here = AtMost((first(w, A), position(w, w.made, w.tap), last(w, B)))
    length = w.stride * FIELD + last(w, ZERO) - first(w, ZERO) + 1 - w.stride
    return (
        Step("walking back: outputs a to b read an interval", here, "signs", facts, words),
        Step("walking back: its length", Equal(last(w, A + FIELD - 1) - first(w, A) + 1, length), "identity", (), words),
    )


def closed(claim: Chain) -> tuple[Closed, ...]:
    """Every unknown after n equal layers: products and sums that SymPy evaluates, to be proved by `closed_steps`.

    Unknowns that depend on themselves alone come first, as what the others add depends on them. (SymPy's rsolve
    fails on a symbolic stride.) An unknown for which this gives no closed form is left out.
    """
    known: dict[Formula, Formula] = {}
    for update in sorted(claim.updates, key=lambda u: len(u.after.free_symbols & NEXT.keys())):
        known[update.unknown] = _solve(update, known)
    return tuple(Closed(u.unknown, u, known[u.unknown]) for u in claim.updates if not known[u.unknown].free_symbols & NEXT.keys())


def _solve(update: Update, known: dict[Formula, Formula]) -> Formula:
    """u(n+1) = factor*u(n), or u(n+1) = u(n) + what does not depend on u."""
    i = whole("i")
    factor = update.after.coeff(update.unknown)
    added = (update.after - factor * update.unknown).subs(known)
    if added == 0:
        return update.initial * sympy.product(factor, (i, 0, LAYERS - 1))
    scale, moving = added.subs(LAYERS, i).as_independent(i)
    return _fold(update.initial, scale, sympy.summation(moving, (i, 0, LAYERS - 1)))


def _fold(initial: Formula, scale: Formula, total: Formula) -> Formula:
    if not isinstance(total, sympy.Piecewise):
        return initial + scale * total
    return sympy.Piecewise(*((initial + scale * _positive_denominator(value), case) for value, case in total.args))


def _positive_denominator(value: Formula) -> Formula:
    above, below = sympy.fraction(value)
    return -above / -below if below.subs(dict.fromkeys(below.free_symbols, 2)) < 0 else value


def closed_steps(w: Window, claim: Chain) -> tuple[Step, ...]:
    """Proof by induction of each closed form, with the ones proved before it."""
    unknowns = {u.unknown: sympy.Function(u.unknown.name)(LAYERS) for u in claim.updates}
    solved = closed(claim)
    values = {c.unknown: c.value for c in solved if not c.value.has(sympy.Piecewise)}
    steps = []
    for c in solved:
        here = unknowns[c.unknown]
        after = c.update.after.subs(c.unknown, here).subs(values)
        given = (Equal(here.subs(LAYERS, 0), c.update.initial), Equal(here.subs(LAYERS, LAYERS + 1), after))
        steps.append(Step(f"{c.unknown} after n equal layers", Equal(here, c.value), "induction", given, w.words))
    return tuple(sorted(steps, key=lambda s: isinstance(s.statement, Equal) and s.statement.right.has(sympy.Piecewise)))


def with_update(found: Chain, unknown: Formula, after: Formula) -> Chain:
    """The same chain with another recurrence for one unknown: a claim to be proved or refused."""
    return replace(found, updates=tuple(replace(u, after=after) if u.unknown == unknown else u for u in found.updates))
