"""Sizes that follow from an index map: how many windows fit, and which input holds a given number of windows."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from derive.catalog.geometry import Recurrence
from derive.geometry.printing import Formula
from derive.geometry.rules import Step
from derive.geometry.statement import AtMost, Equal, Iff
from derive.geometry.window import Window, affine_step, ends_step, first, last, size_of, whole, window

ZERO = sympy.Integer(0)


@dataclass(frozen=True)
class Size:
    """A size; nothing exists where `value` is below 1. `needed` and `there` are the two lengths compared then."""

    value: Formula
    needed: Formula
    there: Formula
    wrong: tuple[str, str, str]


def room(w: Window, inputs: Formula) -> Formula:
    """How far the first window can move to the right in an input padded alike on both sides."""
    end_of_padding = inputs - 1 - w.offset
    return end_of_padding - last(w, ZERO)


def span(w: Window) -> Formula:
    """The positions from the first tap of a window to the last."""
    return last(w, w.made) - first(w, w.made) + 1


def output_size(recurrence: Recurrence) -> Size:
    """The number of windows that fit."""
    w, inputs = window(recurrence), size_of(recurrence, recurrence.index.read)
    value = sympy.floor(room(w, inputs) / w.stride) + 1
    return Size(value, span(w), inputs - 2 * w.offset, ("the window spans", "positions, the padded input has", ""))


def input_size(recurrence: Recurrence) -> Size:
    """The smallest input into which exactly the given number of windows fits."""
    w, outputs = window(recurrence), size_of(recurrence, recurrence.index.made)
    reach = w.stride * (outputs - 1)
    value = reach - room(w, ZERO)
    written = last(w, outputs - 1) - first(w, ZERO) + 1
    return Size(value, -2 * w.offset, written, ("padding takes away", "positions of the", " written"))


def output_size_steps(recurrence: Recurrence, claim: Size) -> tuple[Step, ...]:
    """Proof that output o exists exactly when o <= value - 1: a value below 1 means that nothing fits."""
    w, inputs = window(recurrence, ((recurrence.name, "O"),)), size_of(recurrence, recurrence.index.read)
    starts, ends = first(w, w.made), last(w, w.made)
    fits = AtMost((w.stride * w.made, room(w, inputs)))
    exists = Iff(AtMost((w.made, claim.value - 1)), fits)
    return (
        affine_step(w),
        ends_step(w),
        Step("no window starts before the padding", AtMost((w.offset, starts)), "signs", (AtMost((ZERO, w.made)), *w.facts), w.words),
        Step(
            "a window fits when it ends within the padding",
            Iff(AtMost((ends, inputs - 1 - w.offset)), fits),
            "rearranging",
            w.facts,
            w.words,
        ),
        Step("the windows that fit are those up to a floor", exists, "floor", w.facts, w.words),
        Step("counted from 0", Equal(whole(recurrence.name), claim.value), "counting", (exists,), w.words),
    )


def input_size_steps(recurrence: Recurrence, claim: Size) -> tuple[Step, ...]:
    """Proof that `value` is the smallest input with the given number of windows, and that stride - 1 more change nothing."""
    inputs, more = whole(recurrence.name), whole("more")
    w, outputs = window(recurrence, (("more", "e"), (recurrence.name, "V"))), size_of(recurrence, recurrence.index.made)
    enough = Iff(AtMost((w.stride * (outputs - 1), room(w, inputs))), AtMost((claim.value, inputs)))
    not_more = Iff(AtMost((room(w, inputs) + 1, w.stride * outputs)), AtMost((inputs, claim.value + w.stride - 1)))
    counted = Equal(sympy.floor(room(w, claim.value + more) / w.stride) + 1, outputs)
    within = (AtMost((more + 1, w.stride)), AtMost((ZERO, more)), *w.facts)
    return (
        affine_step(w),
        ends_step(w),
        Step("the last window fits from this input size on", enough, "rearranging", w.facts, w.words),
        Step("so the smallest is", Equal(inputs, claim.value), "least", (enough,), w.words),
        Step("and no further window up to stride - 1 positions more", not_more, "rearranging", w.facts, w.words),
        Step("so the convolution takes all these sizes back", counted, "division", within, w.words),
    )
