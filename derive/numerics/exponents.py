"""Products of exponentials as one exponential, where that is what a sum is over."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.language.nodes import ONE, ZERO, Add, Call, Const, Expr, Mul, Pow, Reduce, Where, add, mul, power, substitute, transform, walk
from derive.language.program import Let, Program

HIDDEN = "%"  # in the names of lets that stand for part of a body
Linear = tuple[tuple[Expr, Fraction], ...]


def merged(program: Program) -> Program:
    """The program with exp(a)*exp(b) under a sum over axes of both written exp(a + b), there and wherever it occurs again."""
    hidden = hidden_parts(program)
    known: dict[Linear, Expr] = {}
    for let in program.lets:
        for n in walk(let.body):
            if isinstance(n, Reduce) and n.how in ("sum", "mean"):
                known = _joined(n, hidden) | known
    if not known:
        return program
    lets: list[Let] = []
    later = dict(hidden)
    for let in program.lets:
        later.pop(let.ref, None)
        lets.append(Let(let.name, transform(let.body, _Join(known, hidden, later).joined)))
    return replace(program, lets=tuple(lets))


def hidden_parts(program: Program) -> dict[Expr, Expr]:
    """The names that stand for part of a body, with these parts."""
    return {let.ref: let.body for let in program.lets if HIDDEN in let.name}


def linear(argument: Expr) -> Linear:
    """The terms of an expression, multiplied out, with their rational coefficients in a fixed order; numbers are multiples of 1."""
    total: dict[Expr, Fraction] = {}

    def collect(e: Expr, c: Fraction) -> None:
        if isinstance(e, Add):
            for t in e.args:
                collect(t, c)
        elif isinstance(e, Const):
            total[ONE] = total.get(ONE, Fraction(0)) + c * e.value
        elif isinstance(e, Mul) and (split := next((f for f in e.args if isinstance(f, (Add, Const))), None)) is not None:
            rest = mul(*(f for f in e.args if f is not split))
            for t in split.args if isinstance(split, Add) else ():
                collect(mul(*_factors(t), *_factors(rest)), c)
            if isinstance(split, Const):
                collect(rest, c * split.value)
        else:
            number, term = _term(e)
            total[term] = total.get(term, Fraction(0)) + c * number

    collect(argument, Fraction(1))
    return tuple(sorted(((e, c) for e, c in total.items() if c), key=lambda item: str(item[0])))


def _term(e: Expr) -> tuple[Fraction, Expr]:
    """A product as a number and its other factors in a fixed order, powers of products taken apart: 1/(2*x) is 1/2 * 1/x."""
    parts = [p for f in _factors(e) for p in _powers(f)]
    rest = mul(*sorted((p for p in parts if not isinstance(p, Const)), key=str))
    return math.prod((p.value for p in parts if isinstance(p, Const)), start=Fraction(1)), rest


def _powers(f: Expr) -> tuple[Expr, ...]:
    """The factors of a whole power of a product."""
    if isinstance(f, Pow) and isinstance(f.base, Mul) and isinstance(f.exponent, Const) and f.exponent.value.denominator == 1:
        return tuple(power(b, f.exponent) for b in f.base.args)
    return (f,)


def _factors(e: Expr) -> tuple[Expr, ...]:
    return e.args if isinstance(e, Mul) else (e,)


def _joined(n: Reduce, hidden: dict[Expr, Expr]) -> dict[Linear, Expr]:
    """The argument of the product of the exponentials under a sum over summed axes, if it has several terms."""
    factors = _factors(n.body)
    arguments = [a for f in factors if (a := _exponent(f)) is not None and a.axes & set(n.over)]
    total = add(*arguments)
    return {linear(substitute(total, hidden)): total} if isinstance(total, Add) else {}


def _exponent(f: Expr) -> Expr | None:
    """The argument of exp(a) or exp(a)^n."""
    match f:
        case Call("exp", (a,)):
            return a
        case Pow(Call("exp", (a,)), Const() as n):
            return mul(n, a)
    return None


@dataclass(frozen=True)
class _Join:
    """The arguments wanted, by their linear forms; `hidden` names are seen through, and those defined `later` written out."""

    known: dict[Linear, Expr]
    hidden: dict[Expr, Expr]
    later: dict[Expr, Expr]

    def exponential(self, arguments: Iterable[Expr]) -> Expr | None:
        """exp of the sum, if it is wanted."""
        found = self.known.get(linear(substitute(add(*arguments), self.hidden)))
        return None if found is None else Call("exp", (substitute(found, self.later),))

    def joined(self, n: Expr) -> Expr:
        """A node with the exponentials among its factors joined."""
        if isinstance(n, Call) and n.fn == "exp":
            return n if (found := self.exponential(n.args)) is None else found
        if not isinstance(n, Mul):
            return n
        n = self._taken_in(n)
        exponents = {f: a for f in n.args if (a := _exponent(f)) is not None}
        whole = self.exponential(exponents.values()) if len(exponents) > 1 else None
        return n if whole is None else mul(*(f for f in n.args if f not in exponents), whole)

    def _taken_in(self, n: Mul) -> Mul:
        """exp(b) * sum(exp(a) * ...) as sum(exp(a + b) * ...), where exp(a + b) is wanted."""
        for f, (o, b) in itertools.product(n.args, [(f, a) for f in n.args if (a := _exponent(f)) is not None]):
            if not isinstance(f, Reduce) or f.how not in ("sum", "mean"):
                continue
            body = self._with(f.body, b)
            if body is not None:
                return Mul((*(x for x in n.args if x not in (o, f)), Reduce(f.how, body, f.over)))
        return n

    def _with(self, body: Expr, b: Expr) -> Expr | None:
        """exp(b) times a product with exponentials, or one behind a mask, where what they are together is wanted."""
        if isinstance(body, Where) and ZERO in (body.chosen, body.other):
            branches = [e if e == ZERO else self._with(e, b) for e in (body.chosen, body.other)]
            return None if None in branches else Where(body.condition, *branches)  # type: ignore[arg-type]
        factors = _factors(body)
        inner = {x: a for x in factors if (a := _exponent(x)) is not None}
        whole = self.exponential([*inner.values(), b]) if inner else None
        return None if whole is None else mul(*(x for x in factors if x not in inner), whole)
