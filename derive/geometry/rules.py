"""Rules of proof for whole numbers, and the Step that only a rule can make.

Each rule checks a statement exactly: equal canonical forms of polynomials and rational functions, polynomials whose
coefficients are all non-negative, induction by its base and its step. Nothing is sampled and no heuristic decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from derive.geometry.printing import Formula, Words, text
from derive.geometry.statement import AtMost, Equal, Fact, Iff, Statement, as_latex, as_text, counterexample, replaced
from derive.language.errors import NotProved

ONE = sympy.Integer(1)


@dataclass(frozen=True)
class Rule:
    """A way to prove: its name, what it shows, and `check`, which says why a statement holds or raises NotProved."""

    name: str
    meaning: str
    check: Callable[[Any, tuple[Fact, ...], Words], str]


@dataclass(frozen=True)
class Step:
    """One line of a derivation. Making it proves it: the rule runs, and what it cannot show raises NotProved."""

    says: str
    statement: Statement
    rule: str
    given: tuple[Fact, ...]
    words: Words

    certificate = "A"

    def __post_init__(self) -> None:
        object.__setattr__(self, "_proof", _prove(self))

    @property
    def proof(self) -> str:
        """Why the statement holds, for all whole numbers that meet `given`."""
        proof: str = self._proof  # type: ignore[attr-defined]
        return proof

    @property
    def text(self) -> str:
        """The statement as a line of text."""
        return as_text(self.statement, self.words)

    @property
    def latex(self) -> str:
        """The statement in LaTeX."""
        return as_latex(self.statement, self.words)

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """The facts that the proof rests on, as text."""
        return tuple(as_text(fact, self.words) for fact in self.given)


def _prove(step: Step) -> str:
    try:
        return RULES[step.rule].check(step.statement, step.given, step.words)
    except NotProved as reason:
        found = counterexample(step.statement, step.given)
        against = f"; false at {', '.join(f'{n} = {v}' for n, v in found.items())}" if found else ""
        raise NotProved(f"{step.says}: {step.text} is not shown by {step.rule}: {reason}{against}") from None


def canonical(expr: Formula) -> Formula:
    """The one form of a rational function of whole numbers; powers and floors count as unknowns of their own."""
    expr = expr.replace(lambda e: e.is_Pow and e.exp.is_Add, lambda e: sympy.Mul(*(e.base**part for part in e.exp.args)))
    atoms = sorted(expr.atoms(sympy.floor, AppliedUndef) | {p for p in expr.atoms(sympy.Pow) if not p.exp.is_number}, key=str)
    names: dict[Formula, Formula] = {}
    swap: dict[Formula, Formula] = {}
    for atom in atoms:
        same = atom.func(*(sympy.cancel(a) for a in atom.args))
        swap[atom] = names.setdefault(same, sympy.Dummy())
    back = {dummy: atom for atom, dummy in names.items()}
    return sympy.cancel(expr.xreplace(swap)).xreplace(back)


def _same(left: Formula, right: Formula, words: Words) -> None:
    rest = canonical(left - right)
    if rest != 0:
        raise NotProved(f"the sides differ by {text(rest, words)}")


def _identity(statement: Equal, given: tuple[Fact, ...], words: Words) -> str:
    known = {fact.left: fact.right for fact in given if isinstance(fact, Equal)}
    plain = replaced(statement, known)
    assert isinstance(plain, Equal)
    _same(plain.left, plain.right, words)
    return "both sides have the same canonical form"


def non_negative(expr: Formula, given: tuple[Fact, ...]) -> bool:
    """Whether the facts make a polynomial non-negative term by term.

    Each fact `lower <= symbol` turns the symbol into lower + something that is at least 0, in the order of the facts;
    the polynomial that results must have no negative coefficient and no unknown without a bound.
    """
    slack = []
    for lower, symbol in (fact.parts for fact in given if isinstance(fact, AtMost)):
        if symbol.is_Symbol and expr.has(symbol):
            slack.append(sympy.Dummy(symbol.name))
            expr = expr.subs(symbol, lower + slack[-1])
    expr = sympy.expand(expr)
    if expr.is_Integer:
        return bool(expr >= 0)
    return expr.free_symbols <= set(slack) and expr.is_polynomial() and all(c >= 0 for c in sympy.Poly(expr, *slack).coeffs())


def _signs(statement: AtMost, given: tuple[Fact, ...], words: Words) -> str:
    for low, high in zip(statement.parts, statement.parts[1:], strict=False):
        if not non_negative(high - low, given):
            raise NotProved(f"{text(sympy.expand(high - low), words)} is not a sum of non-negative terms")
    return "each difference, written with what exceeds its lower bound, has no negative coefficient"


def _rearranged(statement: Iff, given: tuple[Fact, ...], words: Words) -> str:
    _same(_gap(statement.left), _gap(statement.right), words)
    return "both bounds leave the same room, in canonical form"


def _gap(bound: AtMost) -> Formula:
    low, high = bound.parts
    return high - low


def _floor(statement: Iff, given: tuple[Fact, ...], words: Words) -> str:
    low, high = statement.left.parts
    exact = _without_floor(canonical(high - low))
    if not all(s.is_integer for p in (low, high) for s in p.free_symbols):
        raise NotProved("a name that is no whole number occurs")
    scale = sympy.denom(sympy.together(exact))
    if not non_negative(scale - 1, given):
        raise NotProved(f"the divisor {text(scale, words)} is not known to be positive")
    _same(scale * exact, _gap(statement.right), words)
    return "a whole number is at most floor(a/m) exactly when m times it is at most a, as m >= 1"


def _without_floor(expr: Formula) -> Formula:
    """x + c for floor(x) + c; what has no floor is left alone."""
    floors = expr.atoms(sympy.floor)
    if len(floors) > 1 or expr.atoms(sympy.Piecewise, sympy.ceiling):
        raise NotProved("the bound is not the floor of one quotient")
    if not floors:
        return expr
    (floor,) = floors
    rest = expr - floor
    if rest.has(sympy.floor) or not rest.is_polynomial() or not all(c.is_Integer for c in sympy.Poly(rest, *rest.free_symbols).coeffs()):
        raise NotProved("a floor plus a whole number is wanted")
    return rest + floor.args[0]


def _division(statement: Equal, given: tuple[Fact, ...], words: Words) -> str:
    exact = sympy.together(_without_floor(canonical(statement.left - statement.right)))
    above, below = sympy.fraction(sympy.cancel(exact))
    if not (non_negative(below - 1, given) and non_negative(above, given) and non_negative(below - 1 - above, given)):
        raise NotProved(f"the remainder {text(above, words)} is not shown to lie between 0 and {text(below, words)} - 1")
    return "the remainder lies between 0 and the divisor minus one, so the quotient is the floor"


def _counting(statement: Equal, given: tuple[Fact, ...], words: Words) -> str:
    bound = _equivalence(given).left
    if not bound.parts[0].is_Symbol:
        raise NotProved("what is counted has no name")
    _same(statement.right, bound.parts[1] + 1, words)
    return "from 0 to m there are m + 1 whole numbers, and none when m < 0"


def _equivalence(given: tuple[Fact, ...]) -> Iff:
    found = [fact for fact in given if isinstance(fact, Iff)]
    if not found:
        raise NotProved("no equivalence is among the given facts")
    return found[0]


def _least(statement: Equal, given: tuple[Fact, ...], words: Words) -> str:
    bound = _equivalence(given).right
    if bound.parts[1] != statement.left or not statement.left.is_Symbol or bound.parts[0].has(statement.left):
        raise NotProved("the given fact does not bound this name from below")
    _same(statement.right, bound.parts[0], words)
    return "the smallest number that is at least m is m"


def _induction(statement: Equal, given: tuple[Fact, ...], words: Words) -> str:
    unknown = statement.left
    (count,) = unknown.args
    facts = {fact.left: fact.right for fact in given if isinstance(fact, Equal)}
    start, after = facts.get(unknown.subs(count, 0)), facts.get(unknown.subs(count, count + 1))
    if start is None or after is None:
        raise NotProved("the recurrence is not among the given facts")
    for values in _cases(statement.right, count):
        closed = _branch(statement.right, values)
        _same(closed.subs(count, 0), start.subs(values), words)
        step = after.subs(values).subs(unknown, closed)
        _same(closed.subs(count, count + 1), step, words)
    return "holds for 0; the step from n to n + 1 is an identity of canonical forms, in each case"


def _cases(closed: Formula, count: Formula) -> Iterator[dict[Formula, Formula]]:
    """The values that tell the branches apart, one dict per branch; the last branch is the general one."""
    excluded = ONE
    if isinstance(closed, sympy.Piecewise):
        for _, condition in closed.args[:-1]:
            if not isinstance(condition, sympy.Eq) or not condition.lhs.is_Symbol or condition.has(count):
                raise NotProved(f"case {condition} is no equation for one name")
            excluded *= condition.lhs - condition.rhs
            yield {condition.lhs: condition.rhs}
        if closed.args[-1][1] != sympy.true:
            raise NotProved("the last case does not cover the rest")
    factors = sympy.factor_list(sympy.denom(sympy.together(_branch(closed, {}))))[1]
    if any(sympy.rem(excluded, factor) != 0 for factor, _ in factors):
        raise NotProved("a denominator of the general case may vanish")
    yield {}


def _branch(closed: Formula, values: dict[Formula, Formula]) -> Formula:
    if not isinstance(closed, sympy.Piecewise):
        return closed.subs(values)
    if not values:
        return closed.args[-1][0]
    ((name, value),) = values.items()
    return next(b for b, c in closed.args if c == sympy.Eq(name, value)).subs(values)


RULES = {
    rule.name: rule
    for rule in (
        Rule("identity", "both sides are the same polynomial or rational function", _identity),
        Rule("signs", "differences are sums and products of what is known to be non-negative", _signs),
        Rule("rearranging", "the two bounds differ by what stands on both sides", _rearranged),
        Rule("floor", "the largest whole number below a quotient", _floor),
        Rule("counting", "how many whole numbers there are from 0 to a bound", _counting),
        Rule("least", "the smallest number above a bound", _least),
        Rule("division", "quotient and remainder are unique", _division),
        Rule("induction", "base and step", _induction),
    )
}
