"""The printed forms that a candidate is held against: the definition and its gradient, textbook and stable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numpy.typing import NDArray

from derive.calculus.atoms import primitive
from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Compare,
    Const,
    Delta,
    Expr,
    Mul,
    Pow,
    Reduce,
    Ref,
    Where,
    add,
    mul,
    negate,
    power,
    transform,
    walk,
)
from derive.language.operation import Op
from derive.language.program import Let, Output, Program
from derive.numerics.kernels import KERNELS
from derive.pipeline import readings, stable

Array = NDArray[Any]
LENGTHS = ("hypot", "hypot_minus")


@dataclass(frozen=True)
class Forms:
    """Programs for the value and, where the op has one, the gradient; textbook form first."""

    value: tuple[Program, ...]
    gradient: tuple[Program, ...] = ()


def forms(op: Op) -> Forms:
    """The forms of an op; without gradient for a recurrence with state."""
    read = readings(op)
    if read.vjp is None:
        return Forms(_with_stable(op.program))
    return Forms(_with_stable(op.program), _with_stable(read.vjp))


def plain(program: Program) -> Program:
    """The program with the calculus's display atoms written out in the language's own functions."""
    return replace(program, lets=tuple(Let(let.name, primitive(let.body)) for let in program.lets))


def _with_stable(program: Program) -> tuple[Program, ...]:
    try:
        best = stable(program)
    except ImportError:
        return (plain(program),)
    sharp = sharpened(plain(program))
    return (plain(program), best) if sharp == plain(program) else (plain(program), best, sharp)


def sharpened(program: Program) -> Program:
    """A share less 1 at one position is minus the sum of the other shares: p - onehot without cancellation."""
    shares: dict[Expr, tuple[Expr, str]] = {}
    for let in program.lets:
        match let.body:
            case Mul((e, Pow(Reduce("sum", summed, (axis,)), Const(Fraction(numerator=-1, denominator=1))))) if e == summed:
                shares[let.ref] = (e, axis)

    def change(node: Expr) -> Expr:
        match node:
            case Add((p, Mul((Const(Fraction(numerator=-1, denominator=1)), Delta(axis, _) as hot)))) if shares.get(p, (p, ""))[1] == axis:
                e, _ = shares[p]
                others = Reduce("sum", Where(Compare("==", hot, ONE), ZERO, e), (axis,))
                return Where(Compare("==", hot, ONE), negate(mul(others, power(Reduce("sum", e, (axis,)), MINUS_ONE))), p)
        return node

    lets = tuple(Let(let.name, transform(let.body, change)) for let in program.lets)
    if lets == program.lets:
        return program
    users = {leaf for let in program.lets if let.ref not in shares for leaf in walk(let.body)}
    axes = {e: axis for e, axis in list(shares.values()) if e not in users}
    return replace(program, lets=tuple(_shifted(let, axes, program) for let in lets))


def _shifted(let: Let, axes: Mapping[Expr, str], program: Program) -> Let:
    """An exponential of which only shares are taken, less its maximum."""
    match let.body:
        case Call("exp", (v,)) if let.ref in axes and not any(let.name == o.name for o in program.outputs):
            return Let(let.name, Call("exp", (add(v, negate(Reduce("max", v, (axes[let.ref],)))),)))
    return let


def half_stable(textbook: Program, definition: Program) -> Program:
    """The textbook gradient taken from stable values of the definition, as 1 - h**2 from a good tanh; itself where that is no change.

    The values that the gradient reads are what the stable form is asked for, so that they keep their meaning.
    """
    known = {let.name for let in definition.lets}
    own = tuple(let for let in textbook.lets if let.name not in known)
    read = dict.fromkeys(n.name for let in own for n in walk(let.body) if isinstance(n, Ref) and n.name in known)
    if not read:
        return textbook
    wanted = tuple(Output(n, definition.ordered(definition.let(n).body.axes)) for n in read)
    values = stable(replace(definition, outputs=wanted)).lets
    clash = {let.name for let in own} & {let.name for let in values}
    return textbook if clash else replace(textbook, lets=(*values, *own))


def squares_taken(textbook: Program) -> Program:
    """The stable form with every length written out, sqrt(a**2 + b**2), whose squares may overflow where the length does not; the
    textbook form where there is no length."""
    best = stable(textbook)
    lets = tuple(Let(let.name, transform(let.body, _written_out)) for let in best.lets)
    return textbook if lets == best.lets else replace(best, lets=lets)


def _written_out(node: Expr) -> Expr:
    if isinstance(node, Call) and node.fn in LENGTHS:
        return KERNELS[node.fn].meaning(*node.args)
    return node


def gradient_inputs(form: Program, op: Program, inputs: Mapping[str, Array], cotangents: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays of a gradient form: its first inputs are the cotangents of the outputs, in order."""
    seeds = form.inputs[: len(op.outputs)]
    return {**inputs, **{seed.name: cotangents[o.name] for seed, o in zip(seeds, op.outputs, strict=True)}}
