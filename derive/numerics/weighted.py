"""Sums of exponentials weighted by shares, under a logarithm or in a denominator: the weights go into the exponent.

In sum(p*exp(-d)) with p = exp(a)/sum(exp(a)) the largest exponential may have a weight that is 0 in floats. With
exp(a - d)/sum(exp(a)) written out, what is largest is the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.language.nodes import Add, Call, Const, Expr, Mul, Pow, Reduce, add, mul, transform, walk
from derive.language.program import Let, Program
from derive.numerics.exponents import Linear, linear
from derive.numerics.groups import seen

Bodies = dict[Expr, Expr]


def weights_joined(program: Program) -> Program:
    """The program with such products written as one exponential, there and wherever they occur again."""
    bodies: Bodies = {let.ref: let.body for let in program.lets}
    wanted = {form for let in program.lets for n in walk(let.body) for form in _wanted(n, bodies)}
    if not wanted:
        return program
    return replace(program, lets=tuple(Let(let.name, transform(let.body, lambda n: _joined(n, wanted, bodies))) for let in program.lets))


def _factors(e: Expr, bodies: Bodies) -> Iterator[Expr]:
    """The factors of a product, names of products with exponentials being seen through."""
    whole = seen(e, bodies)
    if isinstance(whole, Mul):
        for f in whole.args:
            yield from _factors(f, bodies)
    else:
        yield whole if _exponent(whole) is not None else e


def _exponent(e: Expr) -> Expr | None:
    return e.args[0] if isinstance(e, Call) and e.fn == "exp" else None


def _wanted(n: Expr, bodies: Bodies) -> Iterator[Linear]:
    """The exponent of a sum under a logarithm or in a denominator, where it has more exponentials than it is divided by sums."""
    inside = n.args[0] if isinstance(n, Call) and n.fn == "log" else n.base if isinstance(n, Pow) and _divides(n) else None
    total = None if inside is None else seen(inside, bodies)
    if not isinstance(total, Reduce) or total.how not in ("sum", "mean"):
        return
    factors = list(_factors(total.body, bodies))
    arguments = [a for a in _arguments(total.body, bodies) if a.axes & set(total.over)]
    shares = [f for f in factors if isinstance(f, Pow) and _divides(f) and isinstance(seen(f.base, bodies), Reduce)]
    if shares and len(arguments) > len(shares):
        yield linear(add(*arguments))


def _divides(n: Pow) -> bool:
    return isinstance(n.exponent, Const) and n.exponent.value < 0


def _joined(n: Expr, wanted: set[Linear], bodies: Bodies) -> Expr:
    """A product with its exponentials joined, unless one name stands for all of them; sums are multiplied out where only their
    terms complete them."""
    if not isinstance(n, Mul):
        return n
    factors = list(_factors(n, bodies))
    arguments = _arguments(n, bodies)
    if any(len(_arguments(f, bodies)) == len(arguments) for f in n.args):
        return _multiplied_out(n, wanted, bodies)
    if linear(add(*arguments)) in wanted:
        return mul(*(f for f in factors if _exponent(f) is None), Call("exp", (add(*arguments),)))
    return _multiplied_out(n, wanted, bodies)


def _arguments(e: Expr, bodies: Bodies) -> list[Expr]:
    return [a for f in _factors(e, bodies) if (a := _exponent(f)) is not None]


def _multiplied_out(n: Mul, wanted: set[Linear], bodies: Bodies) -> Expr:
    """The product with a sum among its factors multiplied out, where that joins exponentials."""
    for f in n.args:
        if isinstance(f, Add):
            rest = [g for g in n.args if g is not f]
            parts = [mul(*rest, *(t.args if isinstance(t, Mul) else (t,))) for t in f.args]
            joined = [_joined(p, wanted, bodies) for p in parts]
            if any(new is not old for new, old in zip(joined, parts, strict=True)):
                return add(*joined)
    return n
