"""Expressions as SymPy formulas and back, with a letter for each input, parameter, name, and sum over axes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import sympy

from derive.analysis.scalars import FUNCTIONS, formula
from derive.analysis.signs import Formula, Undecided
from derive.language.nodes import At, Call, Const, Expr, Input, Param, Reduce, Ref, add, leaves, mul, power, substitute
from derive.language.program import Parameter, Program

WORDS = {function: name for name, function in FUNCTIONS.items()} | {sympy.Abs: "abs"}


class Letters:
    """The letters of a program, which tell SymPy the signs of parameters and what counts; `moving` is what no sum may hold."""

    def __init__(self, program: Program, moving: frozenset[Expr]) -> None:
        self._letters: dict[Expr, Formula] = {Param(p.name): sympy.Symbol(p.name, **_sign(p)) for p in program.parameters}
        self._spans = {self._letters[Param(p.name)]: _span(p) for p in program.parameters}
        self._moving = moving

    def formula(self, e: Expr) -> Formula:
        """The expression in SymPy. Raises Undecided for one with conditions, or with a sum over axes of what moves."""
        stands: dict[Expr, Expr] = {}
        for part in _whole(e):
            if part not in self._moving and self.moves(part):
                raise Undecided(f"{part.brief} holds the state")
            self._letters.setdefault(part, _letter(part))
            stands[part] = Param(str(self._letters[part]))
        return formula(substitute(e, stands), {stands.get(leaf, leaf): letter for leaf, letter in self._letters.items()})

    def moves(self, e: Expr) -> bool:
        """Whether something that moves is in the expression."""
        return not self._moving.isdisjoint(leaves(e, Input, Ref))

    def never_zero(self, f: Formula) -> bool:
        """Whether a formula of one parameter has no zero in the range of that; False for any other formula."""
        span = self._spans.get(next(iter(f.free_symbols), None)) if len(f.free_symbols) == 1 else None
        if span is None:
            return False
        real = sympy.Dummy(real=True)
        zeros = sympy.solveset(f.subs(dict.fromkeys(f.free_symbols, real)), real, span)
        return zeros is sympy.S.EmptySet

    def expression(self, f: Formula) -> Expr:
        """The formula in the language, numbers first in sums. Raises Undecided for a function that it has no word for."""
        for leaf, letter in self._letters.items():
            if f == letter:
                return leaf
        if isinstance(f, sympy.Rational):
            return Const(Fraction(int(f.p), int(f.q)))
        if isinstance(f, sympy.Add):
            return add(*map(self.expression, sorted(f.args, key=lambda a: (not a.is_number, str(a)))))
        parts = tuple(map(self.expression, f.args))
        if isinstance(f, sympy.Mul):
            return mul(*parts)
        if isinstance(f, sympy.Pow):
            return power(*parts)
        if f.func in WORDS:
            return Call(WORDS[f.func], parts)
        raise Undecided(f"{f} is no expression of the language")

    def collected(self, f: Formula) -> Expr:
        """The formula as a sum over the arrays in it, each times what it is multiplied by, in the order in which they came."""
        arrays = [letter for leaf, letter in self._letters.items() if not isinstance(leaf, Param) and not letter.is_integer]
        found = sympy.collect(sympy.expand(f), arrays, evaluate=False)
        order = sorted(found, key=lambda m: [-sympy.degree(m, a) if m.is_polynomial(a) else 0 for a in arrays])
        return add(*(mul(self._factored(found[m]), self.expression(m)) for m in order))

    def _factored(self, f: Formula) -> Expr:
        """The product of its factors, none of which begins with a negative number: (1 - b^t)/(1 - b), not (b^t - 1)/(b - 1)."""
        sign, factors = 1, []
        for base, exponent in (part.as_base_exp() for part in sympy.Mul.make_args(min(sympy.factor(f), f, key=sympy.count_ops))):
            turned = exponent.is_Integer and base.is_Add and base.as_coeff_Add()[0] < 0
            sign *= -1 if turned and exponent % 2 else 1
            factors.append(self.expression((-base if turned else base) ** exponent))
        return mul(Const(Fraction(sign)), *factors)


def _whole(e: Expr) -> Iterator[Expr]:
    """The leaves that are no numbers or parameters, and the sums over axes and reads at positions, as wholes."""
    if isinstance(e, (Input, Ref, Reduce, At)):
        yield e
    else:
        for child in e.children:
            yield from _whole(child)


def _letter(part: Expr) -> Formula:
    if isinstance(part, Input) and part.dtype == "count":
        return sympy.Symbol(part.name, integer=True, positive=True)
    return sympy.Symbol(str(part), real=True)


def _sign(p: Parameter) -> dict[str, bool]:
    if p.positive:
        return {"positive": True}
    return {"nonnegative": True} if p.low == 0 else {"real": True}


def _span(p: Parameter) -> Formula:
    low, high = (sympy.Rational(str(end)) if math.isfinite(end) else sympy.oo * (1 if end > 0 else -1) for end in (p.low, p.high))
    return sympy.Interval(low, high, not p.low_included, not p.high_included)
