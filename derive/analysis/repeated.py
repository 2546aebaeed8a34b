"""What t steps of an op with a state lead to, each on the same arrays: linear recurrences, solved and then proved by induction.

SymPy's rsolve proposes a closed form, and nothing rests on that: what is given out was proved by the canonical forms of
`derive.calculus`, for step 1 and from each step to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy

from derive.analysis.letters import Letters
from derive.analysis.signs import Formula, Undecided
from derive.calculus.canonical import Canon, canon_for
from derive.calculus.certificate import exact
from derive.language.memory import remembered
from derive.language.nodes import MINUS_ONE, ONE, ZERO, Expr, Input, Ref, add, leaves, substitute
from derive.language.program import Let, Program

ZERO_START = sympy.S.Zero
FUNCTION, DONE = sympy.Function("state"), sympy.Symbol("n", integer=True, nonnegative=True)


@dataclass(frozen=True)
class Closed:
    """The value of a let in step t, and how that was checked: always for all numbers and sizes, tier A."""

    name: str
    value: Expr
    evidence: str


@remembered(256)
def after_steps(program: Program) -> tuple[Closed, ...]:
    """Each new state in step t, where it has a closed form that was proved; the inputs stand for the states before step 1."""
    return tuple(Closed(solved.new, solved.value, solved.evidence) for solved in _solved(program).values())


@remembered(256)
def from_zero(program: Program) -> tuple[Closed, ...]:
    """What the states are in step t if they begin at 0, and what is then the same in every step, as a corrected mean is."""
    solved, canon, count = _solved(program), canon_for(program), count_of(program)
    letters = Letters(program, _moving(program))
    zero: dict[Expr, Expr] = dict.fromkeys(solved, ZERO)
    values: dict[Expr, Expr] = {s: substitute(c.value, {**zero, count: add(count, MINUS_ONE)}) for s, c in solved.items()}
    new = {c.new: substitute(c.value, zero) for c in solved.values()}
    found = []
    for let in program.lets:
        body = substitute(let.body, values)
        closed = Closed(let.name, new[let.name], "0 for the states") if let.name in new else None
        closed = closed or (None if body == let.body else _steady(let.name, body, letters, canon))
        if closed:
            found.append(closed)
            values[let.ref] = closed.value
    return tuple(found)


def _steady(name: str, body: Expr, letters: Letters, canon: Canon) -> Closed | None:
    """A let that SymPy makes into something without states and without a count of steps, where that was proved."""
    try:
        value = letters.collected(letters.formula(body))
    except Undecided:
        return None
    certificate = None if letters.moves(value) else exact(body, value, canon)
    return Closed(name, value, certificate.evidence) if certificate else None


def count_of(program: Program) -> Input:
    """What counts the steps of a program from 1: its own input for that, or t."""
    return next((i for i in program.inputs if i.dtype == "count"), Input("t", (), "count"))


@dataclass(frozen=True)
class _Solved:
    """A state in closed form: the name of its new value, that value in step t, and the evidence."""

    new: str
    value: Expr
    evidence: str


def _solved(program: Program) -> dict[Expr, _Solved]:
    """The states that have a closed form, by the inputs that they begin with; those that depend on others come after them."""
    waiting = _states(program)
    bodies, found = _written_out(program), dict[Expr, _Solved]()
    for _ in program.states:
        for state, new in waiting.items():
            if state not in found and not set(leaves(bodies[new], Input)) & waiting.keys() - found.keys() - {state}:
                solved = _closed(program, state, Let(new, bodies[new]), found)
                found |= {state: solved} if solved else {}
    return found


def _states(program: Program) -> dict[Expr, str]:
    """The states before a step, and the names of those after it."""
    inputs = {i.name: i for i in program.inputs}
    outputs = program.outputs[len(program.outputs) - len(program.states) :]
    return {inputs[s]: o.name for s, o in zip(program.states, outputs, strict=True)}


def _moving(program: Program) -> frozenset[Expr]:
    """What differs from step to step: the states, the count of steps, and the lets that depend on them."""
    moving: set[Expr] = {*_states(program), count_of(program)}
    for let in program.lets:
        if not moving.isdisjoint(leaves(let.body, Input, Ref)):
            moving.add(let.ref)
    return frozenset(moving)


def _written_out(program: Program) -> dict[str, Expr]:
    """The bodies of all lets, with no name in them that stands for something else in another step."""
    moving, written, bodies = _moving(program), dict[Expr, Expr](), dict[str, Expr]()
    for let in program.lets:
        bodies[let.name] = substitute(let.body, written)
        if let.ref in moving:
            written[let.ref] = bodies[let.name]
    return bodies


def _closed(program: Program, state: Expr, update: Let, known: dict[Expr, _Solved]) -> _Solved | None:
    """A state in closed form; None where none is found, or none is proved."""
    canon, count = canon_for(program), count_of(program)
    letters = Letters(program, _moving(program))
    later: dict[Expr, Expr] = {count: add(count, ONE)}
    before = {s: substitute(c.value, {count: add(count, MINUS_ONE)}) for s, c in known.items()}
    try:
        formulas = [letters.formula(e) for e in (substitute(update.body, before), state, count)]
        solution = _recurrence(*formulas)
        value = letters.collected(solution)
    except Undecided:
        return None
    if not _divides_safely(solution, formulas[0], letters):
        return None
    held = {s: c.value for s, c in known.items()} | {state: value}
    first = exact(substitute(update.body, {count: ONE}), substitute(value, {count: ONE}), canon)
    step = exact(substitute(substitute(update.body, later), held), substitute(value, later), canon)
    return _Solved(update.name, value, f"step 1: {first.evidence}; from t to t + 1: {step.evidence}") if first and step else None


def _recurrence(update: Formula, state: Formula, count: Formula) -> Formula:
    """state(t), where state(t) = update at state(t - 1) and state(0) is given. Raises Undecided for one that is not linear."""
    factor = sympy.diff(update, state)
    added = sympy.expand(update - factor * state)
    if factor.has(state) or added.has(state):
        raise Undecided(f"{update} is not linear in {state}")
    after = {count: DONE + 1}
    parts = [_part(factor.subs(after), term, ZERO_START) for term in sympy.Add.make_args(added.subs(after))]
    found = sum(parts, _part(factor.subs(after), sympy.S.Zero, state))
    return sympy.powsimp(found.subs(DONE, count), combine="base", force=True)


@lru_cache(maxsize=256)
def _part(factor: Formula, added: Formula, start: Formula) -> Formula:
    """What one term adds to the state (rsolve fails on some sums of terms). Raises Undecided where no closed form is found."""
    equation = FUNCTION(DONE + 1) - factor * FUNCTION(DONE) - added
    try:
        found = sympy.rsolve(equation, FUNCTION(DONE), {FUNCTION(0): start}) if added or start else start
    except (ValueError, NotImplementedError, AttributeError):  # how it says, or fails to say, that it finds none
        found = None
    if found is None:
        raise Undecided(f"no closed form of {equation}")
    return found


def _divides_safely(solution: Formula, update: Formula, letters: Letters) -> bool:
    """Whether what a solution divides by, and the update does not, is never 0 for the parameters that are allowed."""
    below = sympy.denom(sympy.together(update))
    new = [f for f, _ in sympy.factor_list(sympy.denom(sympy.together(solution)))[1] if not sympy.rem(below, f).is_zero]
    return all(letters.never_zero(f) for f in new)
