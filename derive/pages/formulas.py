"""Lets and steps as equations, in text and in LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from derive.calculus.gradient import readings
from derive.calculus.proof import Step
from derive.calculus.sweep import Derivation
from derive.calculus.textbook import refine
from derive.language.nodes import Carried, Expr, Input, Ref, flatten, leaves, substitute
from derive.language.program import Let, Program
from derive.language.text import text
from derive.pages.document import Equation, Inline, Math, Proved
from derive.pages.latex import latex, named, start
from derive.pages.symbols import COTANGENT, Symbols

THROUGH = "through "


def equation(let: Let, symbols: Symbols) -> Equation:
    """name = body; of what a recurrence carries, what it starts with, for the rest is in the indices."""
    if isinstance(let.body, Carried):
        first, value = start(let.body, symbols)
        return Equation((Math(let.name, first), Math(text(let.body), value)))
    left = Math(let.name, named(let.name, let.body.axes, symbols))
    return Equation((left, Math(text(let.body), latex(let.body, symbols))))


def equations(lets: Iterable[Let], symbols: Symbols) -> tuple[Equation, ...]:
    """One equation per let."""
    return tuple(equation(let, symbols) for let in lets)


def new_lets(program: Program, forward: Program) -> tuple[Let, ...]:
    """What a gradient adds to the definition's own lets."""
    return tuple(let for let in program.lets if let not in forward.lets)


def proved(steps: Sequence[Step], symbols: Symbols) -> tuple[Proved, ...]:
    """The steps, numbered from 1."""
    return tuple(_proved(k, s, symbols) for k, s in enumerate(steps, 1))


def _proved(number: int, step: Step, symbols: Symbols) -> Proved:
    axes = step.left.axes | step.right.axes
    sides = [Math(text(flatten(e)), latex(flatten(_marked(e, step, symbols)), symbols, axes)) for e in (step.left, step.right)]
    if step.name in symbols.known:
        sides.insert(0, Math(step.name, named(step.name, axes, symbols)))
    hypotheses = tuple(str(h) for h in step.hypotheses)
    distinct = Equation(tuple({side.latex: side for side in reversed(sides)}.values())[::-1])
    return Proved(number, _title(step, symbols), distinct, step.rule, hypotheses, step.certificate.tier, step.certificate.evidence)


def _marked(e: Expr, step: Step, symbols: Symbols) -> Expr:
    """The side of a step with a bar over what is passed back, and the axes of changes in the order of the page."""
    found = {}
    for i in _leaves(e):
        if isinstance(i, Input) and (i.name == "bar" or i.name.startswith("v_")):
            name = COTANGENT + step.name.removeprefix(THROUGH) if i.name == "bar" else i.name
            found[i] = Input(name, tuple(symbols.ordered(i.names)))
    return substitute(e, found)  # type: ignore[arg-type]


def _title(step: Step, symbols: Symbols) -> Inline:
    if step.name.startswith(THROUGH):
        name = step.name.removeprefix(THROUGH)
        return ("Through ", Math(name, named(name, (), symbols)))
    if step.name in symbols.known:
        return (Math(step.name, named(step.name, (), symbols)),)
    return (TITLES.get(step.name, step.name),)


TITLES = {"fact": "A fact", "transpose": "The whole"}


def parts(derivation: Derivation, forward: Program) -> tuple[Let, ...]:
    """The parts of definitions that steps have names for (var%0), so that a page can say what they are."""
    used = {name.removeprefix("v_") for s in derivation.steps for name in _mentioned(s) if "%" in name}
    if not used:
        return ()
    for version in readings(forward):
        lets = {let.name: let for let in refine(version)[0].lets}
        if used <= lets.keys() and all(_fits(s, lets) for s in derivation.steps):
            return tuple(let for name, let in lets.items() if name in used)
    return ()


def _mentioned(step: Step) -> set[str]:
    """The names that a step speaks of."""
    return {step.name.removeprefix(THROUGH), *(leaf.name for leaf in _leaves(step.left) + _leaves(step.right))}


def _fits(step: Step, lets: dict[str, Let]) -> bool:
    """Whether the step goes through these definitions: it speaks of a change of each thing they are made of."""
    name = step.name.removeprefix(THROUGH)
    if not step.name.startswith(THROUGH):
        return True
    if name in lets and isinstance(lets[name].body, Carried):
        return True
    changes = {i.name for i in leaves(step.left, Input) if i.name.startswith("v_")}  # type: ignore[attr-defined]
    return name in lets and changes <= {f"v_{leaf.name}" for leaf in _leaves(lets[name].body)}


def _leaves(body: Expr) -> list[Ref | Input]:
    return leaves(body, Ref, Input)  # type: ignore[return-value]
