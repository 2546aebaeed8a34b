"""Mistakes in sums, products, powers and signs: what one node of a formula may have been taken for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from derive.checker.diagnosis.edits.proposal import Proposal
from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Const,
    Expr,
    Input,
    Mul,
    Param,
    Pow,
    Ref,
    Where,
    add,
    mul,
    negate,
    power,
    reciprocal,
    substitute,
    where,
)  # fmt: skip
from derive.language.program import Program

LIKE = {"sin": "cos", "cos": "sin"}


def terms(node: Expr, program: Program) -> Iterator[Proposal]:
    """A term left out, or with the other sign."""
    if isinstance(node, Add) and len(node.args) > 1:
        for k, term in enumerate(node.args):
            rest = [a for j, a in enumerate(node.args) if j != k]
            yield f"the term {term.brief} is left out of {node.brief}", add(*rest)
            yield f"wrong sign of {term.brief} in {node.brief}", add(*rest, negate(term))
            if rest == [ONE]:
                yield f"{negate(term).brief} instead of {node.brief} (swapped)", negate(term)
            if len(rest) > 1:
                yield f"only the term {term.brief} is left of {node.brief}", term


def shared(node: Expr, program: Program) -> Iterator[Proposal]:
    """A factor of one term that is put on the whole sum, or taken from it."""
    if not isinstance(node, Add):
        return
    for k, term in enumerate(node.args):
        rest = [a for j, a in enumerate(node.args) if j != k]
        factors = term.args if isinstance(term, Mul) else ()
        for j, f in enumerate(factors):
            if f != MINUS_ONE:
                left = mul(*(g for i, g in enumerate(factors) if i != j))
                yield f"the factor {f.brief} is put on the whole of {node.brief}", mul(f, add(*rest, left))


def apart(node: Expr, program: Program) -> Iterator[Proposal]:
    """A factor of a whole sum that reaches all of its terms but one."""
    if not isinstance(node, Mul):
        return
    for k, total in enumerate(node.args):
        rest = mul(*(a for j, a in enumerate(node.args) if j != k))
        terms_ = total.args if isinstance(total, Add) and rest != MINUS_ONE else ()
        for term in terms_:
            others = add(*(t for t in terms_ if t != term))
            yield f"the factor {rest.brief} is left out of the term {term.brief} of {node.brief}", add(mul(rest, others), term)


def factors(node: Expr, program: Program) -> Iterator[Proposal]:
    """A factor left out, applied twice, or on the wrong side of the fraction."""
    if not isinstance(node, Mul):
        return
    above = [a for a in node.args if not (isinstance(a, Pow) and isinstance(a.exponent, Const) and a.exponent.value < 0)]
    if len(node.args) - len(above) > 1:
        yield f"every division is left out of {node.brief} (not normalised)", mul(*above)
    for k, factor in enumerate(node.args):
        rest = [a for j, a in enumerate(node.args) if j != k]
        if isinstance(factor, Pow) and factor.exponent == MINUS_ONE:
            yield f"the division by {factor.base.brief} is left out of {node.brief}", mul(*rest)
            yield f"multiplied by {factor.base.brief} instead of divided, in {node.brief}", mul(*rest, factor.base)
        elif factor != MINUS_ONE:
            yield f"the factor {factor.brief} is left out of {node.brief}", mul(*rest)
            yield f"the factor {factor.brief} is applied twice in {node.brief}", mul(*node.args, factor)
            if isinstance(factor, Add):
                yield f"a root added: that of the factor {factor.brief} of {node.brief}", mul(*rest, power(factor, Const(Fraction(1, 2))))
            if not isinstance(factor, Const):
                yield f"divided by {factor.brief} instead of multiplied, in {node.brief}", mul(*rest, reciprocal(factor))


def extra(node: Expr, program: Program) -> Iterator[Proposal]:
    """An argument or an intermediate that multiplies what it should not."""
    if not isinstance(node, Mul | Where | Pow | Call | Add) or node.kind != "real":
        return
    others = (*program.real_inputs, *(let.ref for let in program.lets))
    for f in (f for f in others if f.axes <= node.axes and f not in node.children):
        yield f"a factor {f.brief} too many on {node.brief}", mul(node, f)


def powers(node: Expr, program: Program) -> Iterator[Proposal]:
    """A root or square left out, an exponent off by one."""
    if not isinstance(node, Pow) or not isinstance(node.exponent, Const):
        return
    p = node.exponent.value
    if isinstance(node.base, Add) and p > 0:
        parts = [_split(t) for t in node.base.args]
        yield f"the power of each term instead of that of the sum, in {node.brief}", add(*(power(t, node.exponent) for _, t in parts))
        signed = add(*(mul(sign, power(t, node.exponent)) for sign, t in parts))
        yield f"the power of each term with its sign instead of that of the sum, in {node.brief}", signed
    if p.denominator == 2:
        yield f"the root is left out of {node.brief}", power(node.base, Const(2 * p))
    if p in (2, -2, 3):
        yield f"the square is left out of {node.brief}", power(node.base, Const(p / 2 if p != 3 else Fraction(2)))
        yield f"absolute value instead of square, in {node.brief}", power(Call("abs", (node.base,)), Const(p / 2))
    if p in (1, -1):
        yield f"a root added: {power(node.base, Const(p / 2)).brief} for {node.brief}", power(node.base, Const(p / 2))
    yield f"{power(node.base, Const(p + 1)).brief} instead of {node.brief}", power(node.base, Const(p + 1))
    yield f"{power(node.base, Const(p - 1)).brief} instead of {node.brief}", power(node.base, Const(p - 1))


def _split(term: Expr) -> tuple[Expr, Expr]:
    """A term as sign and size."""
    if isinstance(term, Mul) and term.args[0] == MINUS_ONE:
        return MINUS_ONE, mul(*term.args[1:])
    return Const(Fraction(1)), term


def signs(node: Expr, program: Program) -> Iterator[Proposal]:
    """The sign of an argument, and absolute values left out."""
    if isinstance(node, Call) and len(node.args) == 1 and node.fn != "abs":
        yield f"wrong sign of the argument of {node.brief}", Call(node.fn, (negate(node.args[0]),))
    if isinstance(node, Call) and node.fn in ("abs", "sign"):
        yield f"{node.fn} (the sign) is left out of {node.brief}", node.args[0]


def functions(node: Expr, program: Program) -> Iterator[Proposal]:
    """A function left out, or taken for its like; the function itself where its square stands."""
    if isinstance(node, Call) and node.fn in LIKE:
        yield f"{LIKE[node.fn]} instead of {node.fn}: {LIKE[node.fn]} of {node.args[0].brief}", Call(LIKE[node.fn], node.args)
    if isinstance(node, Call) and len(node.args) == 1 and node.fn not in ("abs", "sign"):
        yield f"{node.fn} is left out of {node.brief}", node.args[0]
    if isinstance(node, Ref | Input) and node.kind == "real" and getattr(node, "dtype", "real") == "real":
        yield f"{node.name}**2 instead of {node.name}", mul(node, node)


def curves(node: Expr, program: Program) -> Iterator[Proposal]:
    """A hyperbolic tangent for a logistic function, that for a hyperbolic tangent, or neither."""
    match as_tanh(node), node:
        case Call("tanh", (u,)), _:
            found, other = "tanh", reciprocal(add(ONE, Call("exp", (negate(u),))))
        case _, Pow(Add((Const(Fraction(numerator=1, denominator=1)), Call("exp", (v,)))), Const(Fraction(numerator=-1, denominator=1))):
            found, u = "logistic function", negate(v)
            other = Call("tanh", (u,))
        case _:
            return
    yield f"a {'logistic function' if found == 'tanh' else 'tanh'} instead of the {found} of {u.brief}", other
    yield f"the {found} of {u.brief} is left out", u
    for step in (ONE, MINUS_ONE):
        yield f"a constant {step.brief} is added to {u.brief} in its {found}", substitute(node, _shifted(node, u, step))
    yield f"the positive part instead of the {found} of {u.brief}", where(u > ZERO, u, ZERO)


def _shifted(node: Expr, u: Expr, step: Expr) -> dict[Expr, Expr]:
    """Every exponential of u, and of minus u, with a number added to u."""
    more = add(u, step)
    return {Call("exp", (u,)): Call("exp", (more,)), Call("exp", (negate(u),)): Call("exp", (negate(more),))}


def as_tanh(node: Expr) -> Expr:
    """A quotient of exponentials that is a hyperbolic tangent, as one."""
    match node:
        case Mul((Add((Call("exp", (v,)), _)) as top, Pow(under, exponent))) if exponent == MINUS_ONE:
            one, other = Call("exp", (v,)), Call("exp", (negate(v),))
            return Call("tanh", (v,)) if (top, under) == (add(one, negate(other)), add(one, other)) else node
    return node


def weighted(node: Expr, program: Program) -> Iterator[Proposal]:
    """A term weighted by a parameter, or by what is left of one."""
    if isinstance(node, Add):
        for k, term in enumerate(node.args):
            rest = [a for j, a in enumerate(node.args) if j != k]
            for p in program.parameters:
                yield (
                    f"a factor 1 - {p.name} on {term.brief}, in {node.brief}",
                    add(*rest, mul(add(Const(Fraction(1)), negate(Param(p.name))), term)),
                )
                yield f"a factor {p.name} on {term.brief}, in {node.brief}", add(*rest, mul(Param(p.name), term))
