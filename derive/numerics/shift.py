"""Sums of exponentials: the largest argument is taken out, so that nothing overflows and the largest term is 1.

exp(a) becomes exp(a - shift), where shift is the largest argument in the sum: max(a) over the summed axes, the larger of
a and b in exp(a) + exp(b), what a mask lets through. Where the shift does not cancel in the whole program (sums over
different axes), it is done in each part by itself; where it cannot, nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from derive.language.memory import remembered
from derive.language.nodes import Call, Const, Expr, Ref, leaves, mul, substitute
from derive.language.program import Let, Program
from derive.language.recurrence import held
from derive.numerics.degrees import Mixed, Scaled, Shift, rescaled
from derive.numerics.exponents import Linear, hidden_parts, linear, merged
from derive.numerics.groups import Group, groups
from derive.numerics.logarithms import logs_apart, plain_logsumexp
from derive.numerics.masks import masked
from derive.numerics.offsets import number_in, numbers_in_front
from derive.numerics.weighted import weights_joined


def shifted(program: Program) -> Program:
    """The program with every sum of exponentials shifted, where the shift cancels."""
    program = _without_numbers(masked(merged(weights_joined(logs_apart(plain_logsumexp(program))))))
    hidden = hidden_parts(program)
    tried: set[Group] = set()
    settled: set[Linear] = set()  # what was shifted is not shifted again, however it is spelled, and the loop ends

    def spelled_out(arguments: Iterable[Expr]) -> set[Linear]:
        return {linear(substitute(a, hidden)) for a in arguments}

    while found := [g for g in groups(program) if g not in tried]:
        for group in found:
            tried.add(group)
            if settled.isdisjoint(spelled_out(group.arguments)) and group.arguments <= _arguments(program):
                program, new = _with_shift(program, group)
                settled |= spelled_out(new)
    return program


def _without_numbers(program: Program) -> Program:
    """The program without the numbers in arguments of exponentials, where they cancel."""
    program = numbers_in_front(program)
    for argument in sorted(_arguments(program), key=str):
        number = number_in(argument)
        if number is not None:
            shift = Shift(frozenset([argument]), number, False, hidden_parts(program))
            program = replace(program, lets=tuple(_everywhere(program, shift) or _one_by_one(program, shift)))
    return program


def _arguments(program: Program) -> set[Expr]:
    """The arguments of all exponentials."""
    return set().union(*(_exponents(let.body) for let in program.lets))


@remembered(20_000)
def _exponents(body: Expr) -> frozenset[Expr]:
    return frozenset(n.args[0] for n in _mentioned(body) if isinstance(n, Call) and n.fn == "exp")


@remembered(20_000)
def _mentioned(body: Expr) -> tuple[Expr, ...]:
    """The names and calls in an expression."""
    return tuple(leaves(body, Ref, Call))


def _with_shift(program: Program, group: Group) -> tuple[Program, frozenset[Expr]]:
    """The program with the exponentials of a group shifted, and their new arguments, none where nothing could be shifted."""
    let = Let(_fresh(program, "shift"), group.top)
    shift = Shift(group.arguments, let.ref, group.with_plain, hidden_parts(program))
    lets = _everywhere(program, shift) or _one_by_one(program, shift)
    first = next((i for i, old in enumerate(program.lets) if lets[i].body != old.body), None)
    if first is None:
        return program, frozenset()
    new = (shift.exponential(a) for a in group.arguments)
    return replace(program, lets=(*lets[:first], let, *lets[first:])), frozenset(s.expr.children[0] for s in new if s)


def _everywhere(program: Program, shift: Shift) -> list[Let] | None:
    """All lets shifted together; None unless the shift cancels in every output."""
    degrees: dict[Expr, Fraction] = {}
    outputs = held(program)
    lets: list[Let] = []
    try:
        for let in program.lets:
            if not any(degrees.get(n) or shift.shifts(n) for n in _mentioned(let.body)):
                lets.append(let)
                continue
            scaled = rescaled(let.body, shift, degrees)
            if let.name in outputs and scaled.degree < 0 and shift.at_least_one:
                scaled = Scaled(mul(scaled.expr, Call("exp", (mul(Const(scaled.degree), shift.by),))))
            lets.append(Let(let.name, scaled.expr))
            degrees[let.ref] = scaled.degree
    except Mixed:
        return None
    return None if any(degrees.get(program.let(name).ref) for name in outputs) else lets


def _one_by_one(program: Program, shift: Shift) -> list[Let]:
    """Each part shifted in which the shift cancels by itself, the exponentials being written out there."""
    written_out: dict[Expr, Expr] = {let.ref: let.body for let in program.lets if shift.shifts(let.body)}
    return [Let(let.name, _by_itself(let.body, written_out, shift)) for let in program.lets]


def _by_itself(body: Expr, written_out: dict[Expr, Expr], shift: Shift) -> Expr:
    """The tree with its largest parts shifted in which the shift cancels."""
    whole = substitute(body, written_out)
    try:
        scaled = rescaled(whole, shift, {})
    except Mixed:
        scaled = Scaled(whole, Fraction(1))
    if not scaled.degree:
        return body if scaled.expr == whole else scaled.expr
    return body.rebuild(tuple(_by_itself(c, written_out, shift) for c in body.children)) if body.children else body


def _fresh(program: Program, name: str) -> str:
    taken = {let.name for let in program.lets} | {i.name for i in program.inputs} | {p.name for p in program.parameters}
    count, unique = 1, name
    while unique in taken:
        count += 1
        unique = f"{name}_{count}"
    return unique
