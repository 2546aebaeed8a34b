"""One way to settle each kind of statement. An answer says what was found; nothing else decides a verdict."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import sympy

from derive import geometry
from derive.analysis.enclosed import Enclosed, enclosed, is_bounded
from derive.analysis.extremes import Extremum, greatest, smallest
from derive.analysis.function import curve, curve_of, slope
from derive.analysis.integral import mean, mean_square
from derive.analysis.relations import proof
from derive.analysis.scalars import cells, formula, variables
from derive.analysis.signs import Undecided
from derive.claims.claim import Claim, Verdict
from derive.claims.search import counterexample
from derive.claims.statements import Answer, Counted, Extreme, Fails, Mean, MeanSquare, Number, Relation, Statement, Tends, Window
from derive.geometry.field import with_update
from derive.geometry.window import whole
from derive.language.errors import DeriveError, NotProved
from derive.language.nodes import Expr
from derive.language.operation import Op
from derive.language.program import Program
from derive.oracle import evaluate

GLANCE = 12  # trials before a proof is attempted, as what is false mostly fails at once


def settle(claim: Claim) -> Verdict:
    """Decide every statement of a claim."""
    return Verdict(claim, tuple(map(decide, claim.statements)))


@lru_cache(maxsize=1024)
def decide(statement: Statement) -> Answer:
    """Settle one statement. What no method shows or refutes is undecided."""
    try:
        return DECIDE[type(statement)](statement)
    except (DeriveError, Undecided) as reason:
        return Answer("undecided", str(reason))


def _relation(s: Relation) -> Answer:
    against = counterexample(s, GLANCE)
    if not against and (shown := proof(s.program, s.sides, s.sign)):
        return Answer("proved", shown.evidence, shown.tier)
    against = against or counterexample(s)
    return Answer("refuted", against) if against else Answer("undecided", "neither a proof nor a counterexample was found")


def _number(s: Number) -> Answer:
    found = value(s)
    return _rounded([("", found, s.digits)])


def value(s: Number) -> Enclosed:
    """An enclosure of the number that the statement is about."""
    result = evaluate(s.program, dict(s.inputs), dict(s.parameters))[s.program.outputs[0].name]
    interval = result.enclosure.flat[0]
    if result.enclosure.size != 1 or not is_bounded(interval):
        raise DeriveError(f"{s.program.name} gives {result.value}; wanted one number")
    return enclosed(interval)


def _rounded(parts: list[tuple[str, Enclosed, str]]) -> Answer:
    """Whether each number rounds to the digits stated."""
    evidence = ", ".join(f"{name}{found.decimals()}" for name, found, _ in parts)
    agree = [found.rounds_to(digits) for _, found, digits in parts]
    if False in agree:
        return Answer("refuted", f"it is {evidence}")
    return Answer("undecided" if None in agree else "computed", evidence)


def _extreme(s: Extreme) -> Answer:
    found = _extremum(s.program, s.which)
    return _rounded([("", found.value, s.digits), ("at x = ", found.places[-1], s.where)])


@lru_cache(maxsize=64)
def _extremum(program: Program, which: str) -> Extremum:
    return (smallest if which == "least" else greatest)(curve_of(program))


def _tends(s: Tends) -> Answer:
    """The limit on each cell that reaches the point, the other variables anywhere in it."""
    known = variables(s.program)
    names = {leaf: symbol for leaf, (symbol, _) in known.items()}
    variable = next(symbol for symbol in names.values() if symbol.name == s.variable)
    toward = sympy.sympify(s.toward)
    near = [cell for cell in cells(s.program, s.sides) if cell[variable][0] != cell[variable][1] and toward in cell[variable]]
    if not near:
        raise Undecided(f"{s.variable} comes nowhere near {s.toward}")
    for cell in near:
        low, _ = cell[variable]
        left, right = (_signed(formula(side, names, cell), known.values(), variable) for side in s.sides)
        found = sympy.limit(left, variable, toward, "+" if toward == low else "-")
        if sympy.simplify(found - right) != 0:
            return Answer("refuted", f"the limit is {found}")
    return Answer("proved", "the limit, by Gruntz's algorithm", "A")


def _signed(e: Any, known: Any, variable: Any) -> Any:
    """The formula with variables that are positive or not negative as such."""
    swap = {s: sympy.Symbol(s.name, positive=not d.low_in or None, nonnegative=True) for s, d in known if d.low >= 0 and s != variable}
    return e.subs(swap)


def _counted(s: Counted) -> Answer:
    for setting in s.settings:
        says, is_ = _whole(s, setting), s.count(**setting)
        if says != is_:
            at = ", ".join(f"{n} = {v}" for n, v in setting.items())
            return Answer("refuted", f"{at}: it says {says}, counted are {is_}")
    return Answer("computed", f"counted at {len(s.settings)} settings")


def _whole(s: Counted, setting: Any) -> int:
    result = evaluate(s.program, {i.name: setting[i.name] for i in s.program.inputs})
    found = float(result[s.program.outputs[0].name].value)
    return int(found) if found == int(found) else found  # type: ignore[return-value]


def _window(s: Window) -> Answer:
    names: dict[Expr, Any] = {leaf: whole(symbol.name) for leaf, (symbol, _) in variables(s.program).items()}
    said = formula(s.sides[0], names)
    answer = geometry.answer(s.recurrence)
    claim = with_update(answer, whole(s.unknown), said) if s.unknown else replace(answer, value=said)
    try:
        steps = geometry.prove(s.recurrence, claim)
    except NotProved as reason:
        against = re.search(r"false at (.*)", str(reason))
        return Answer("refuted", against[1]) if against else Answer("undecided", str(reason))
    return Answer("proved", f"{len(steps)} steps from the index map {steps[0].text.partition(' = ')[2]}", "A")


def _mean_square(s: MeanSquare) -> Answer:
    return _rounded([("", _enclosed_mean_square(s.op, s.of_slope), s.digits)])


def _mean(s: Mean) -> Answer:
    return _rounded([("", mean(curve(s.op)), s.digits)])


@lru_cache(maxsize=64)
def _enclosed_mean_square(op: Op, of_slope: bool) -> Enclosed:
    return mean_square((slope if of_slope else curve)(op))


def _fails(s: Fails) -> Answer:
    found = decide(s.other)
    settled = {"refuted": "proved", "undecided": "undecided"}.get(found.settled, "refuted")
    return Answer(settled, f"what it denies is {found.settled}: {found.evidence}")


DECIDE: dict[type, Callable[[Any], Answer]] = {
    Relation: _relation,
    Number: _number,
    Extreme: _extreme,
    Tends: _tends,
    Counted: _counted,
    Window: _window,
    MeanSquare: _mean_square,
    Mean: _mean,
    Fails: _fails,
}
