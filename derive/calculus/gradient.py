"""VJP, JVP and HVP of a Program as Programs in textbook form, each with the steps that prove it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from derive.calculus.atoms import primitive
from derive.calculus.canonical import canon_for
from derive.calculus.forward import Forward
from derive.calculus.reverse import Reverse
from derive.calculus.slopes import slopes
from derive.calculus.sweep import INLINE_TERMS, LONG, NEVER, Derivation, Sweep, fresh_name, names_in, tangents
from derive.calculus.textbook import refine, see_through
from derive.language.errors import DefinitionError
from derive.language.nodes import Input
from derive.language.program import Let, Program
from derive.language.work import TooLarge

AnySweep = TypeVar("AnySweep", bound=Sweep)


def differentiable(program: Program) -> None:
    """Raise DefinitionError when there is nothing to differentiate."""
    if program.states:
        raise DefinitionError(f"{program.name} is a recurrence with state ({', '.join(program.states)}); it has no gradient of its own")
    if not program.real_inputs:
        raise DefinitionError(f"{program.name} has no real input; integers have no gradient")


def cotangents(program: Program) -> dict[str, Input]:
    """One input per output: `g`, or `g_NAME` where there are several."""
    taken = names_in(program)
    several = len(program.outputs) > 1
    return {o.name: Input(fresh_name(f"g_{o.name}" if several else "g", taken), o.names) for o in program.outputs}


def vjp(program: Program) -> Derivation:
    """The program (g, *inputs) -> gradients of the real inputs, in order."""
    differentiable(program)
    seeds = cotangents(program)
    return _swept(Reverse, program, seeds, (NEVER, INLINE_TERMS)).derivation(program)


def _swept(kind: Callable[..., AnySweep], program: Program, seeds: object, limits: tuple[int, ...]) -> AnySweep:
    """The best sweep: for a small program of all that are worth comparing, for a long one the one whose cost grows with its length.

    Fractions of exponentials are written out, except those with a slope in terms of themselves; where these are divided by,
    or stand in logarithms, it is tried with all of them written out: that may cancel.
    """
    plain = replace(program, lets=tuple(Let(let.name, primitive(let.body)) for let in program.lets))
    if len(refine(plain)[0].lets) > LONG:
        return cheapest([kind(plain, seeds, INLINE_TERMS)])
    opaque = canon_for(plain, expanded=False)
    forms = dict.fromkeys((see_through(plain, opaque, slopes(plain, opaque)), plain))
    sweeps = [kind(form, seeds, limit) for form in forms for limit in limits]
    best, through = cheapest(sweeps), see_through(plain, opaque)
    if best.divides and through not in forms:
        best = cheapest([best, *(kind(through, seeds, limit) for limit in limits)])
    return best


def readings(program: Program) -> list[Program]:
    """The forms of a program that a sweep may have taken, as `_swept` says."""
    plain = replace(program, lets=tuple(Let(let.name, primitive(let.body)) for let in program.lets))
    opaque = canon_for(plain, expanded=False)
    return list(dict.fromkeys((see_through(plain, opaque, slopes(plain, opaque)), plain, see_through(plain, opaque))))


def cheapest(sweeps: Iterable[AnySweep]) -> AnySweep:
    """The sweep whose lets cost least, of those that divide least by what is small; the first program is preferred by a quarter.
    One that grows too large does not count."""
    done: list[AnySweep] = []
    for sweep in sweeps:
        if not any(d.is_lean and d.program is sweep.program for d in done):
            try:
                if not sweep.lets:
                    sweep.run()
            except TooLarge:
                continue
            done.append(sweep)
    if not done:
        raise TooLarge
    return min(done, key=lambda c: (c.risks, c.price * (Fraction(4, 5) if c.program is done[0].program else 1)))


def _forward(program: Program, seeds: dict[Input, Input], name: str) -> Derivation:
    return _swept(Forward, program, seeds, (NEVER, INLINE_TERMS, 0)).derivation(program, name)


def jvp(program: Program) -> Derivation:
    """The program (*tangents, *inputs) -> tangents of the outputs."""
    differentiable(program)
    return _forward(program, tangents(program), f"{program.name}_jvp")


def hvp(program: Program, gradient: Program) -> Derivation:
    """The program (g, *tangents, *inputs) -> derivative of the gradients in that direction, the cotangent held fixed."""
    seeds = {i: v for i, v in tangents(gradient).items() if i in program.real_inputs}
    result = _forward(gradient, seeds, f"{program.name}_hvp")
    inputs = result.program.inputs
    count = len(seeds)
    held = len(gradient.inputs) - len(program.inputs)
    ordered = (*inputs[count : count + held], *inputs[:count], *inputs[count + held :])
    return Derivation(replace(result.program, inputs=ordered), result.steps, result.gaps)
