"""Forms equal to the definition over the reals that lose digits or overflow in floats: stable rewrites, undone.

Each rule is a row: what it is called, and the equal expression it puts in the place of one it knows. A candidate that is far
from the truth where such a form is too computes the right function inaccurately; it is not wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Call,
    Carried,
    Const,
    Expr,
    Mul,
    Pow,
    Reduce,
    Where,
    add,
    flatten,
    mul,
    negate,
    power,
    reciprocal,
    substitute,
    transform,
    where,
)  # fmt: skip
from derive.language.program import Let, Program

HALF = Const(Fraction(1, 2))
SMALL = 24
WRITTEN = "computed as written"
GUARD = Fraction(1, 10**12)
SINGLE_GUARD = Fraction(2305843, 2**61)  # 1e-12 in single precision, which torch takes in double precision too
Change = Callable[[Expr], "Expr | None"]


@dataclass(frozen=True)
class Rule:
    """A rewriting that floats do not forgive: its name and what it does to a node (None where it does not fit)."""

    name: str
    change: Change


@dataclass(frozen=True)
class Form:
    """A program equal to the definition (or, for a published cutoff, taken for it), and how a report calls it."""

    name: str
    program: Program


def undone(textbook: Program, definition: Program) -> tuple[Form, ...]:
    """The textbook form itself, and what each rule and all of them make of it; forms that no rule changes are left out."""
    found = [Form(f"{WRITTEN}: {textbook.let(textbook.outputs[0].name).body.brief}", textbook)]
    several: list[tuple[Rule, Form]] = []
    for rule in RULES:
        program, shown = _applied(textbook, rule.change)
        if shown is not None:
            several.append((rule, Form(f"{rule.name}: {shown}", program)))
    found += [form for _, form in several]
    joined = [r for r, _ in several if r.name.startswith("cancellation")]
    for k in range(len(joined) if len(joined) > 1 else 0):
        program, shown = textbook, ""
        for rule in (*joined[k:], *joined[:k]):
            program, again = _applied(program, rule.change)
            shown = shown or f"{rule.name}: {again}"
        found.append(Form(shown, program))
    return tuple(found)


def _applied(program: Program, change: Change) -> tuple[Program, str | None]:
    """The program with a rule applied wherever it fits, and the first thing that it put in place."""
    shown: list[str] = []

    def visit(node: Expr) -> Expr:
        new = change(node)
        if new is None:
            return node
        shown.append(new.brief)
        return new

    inlined = _small_inlined(program)
    lets = tuple(Let(let.name, transform(let.body, visit)) for let in inlined.lets)
    return replace(program, lets=lets), shown[0] if shown else None


def _small_inlined(program: Program) -> Program:
    """The program with its intermediates written out where they are a difference from a mean or a fraction, so that rules see them."""
    bodies: dict[Expr, Expr] = {}
    lets = []
    for let in program.lets:
        body = substitute(let.body, bodies)
        lets.append(Let(let.name, body))
        if (isinstance(body, Reduce) or _size(body) <= SMALL) and not isinstance(body, Carried):
            bodies[let.ref] = flatten(body)
    return replace(program, lets=tuple(lets))


def _size(expr: Expr) -> int:
    return 1 + sum(_size(c) for c in expr.children)


def _logistic(node: Expr) -> Expr | None:
    """v of 1/(1 + exp(v))."""
    match node:
        case Pow(Add((Const(Fraction(numerator=1, denominator=1)), Call("exp", (v,)))), Const(Fraction(numerator=-1, denominator=1))):
            return v
        case Pow(Add((Call("exp", (v,)), Const(Fraction(numerator=1, denominator=1)))), Const(Fraction(numerator=-1, denominator=1))):
            return v
    return None


def _complement(node: Expr) -> Expr | None:
    v = _logistic(node)
    return None if v is None else add(ONE, negate(reciprocal(add(ONE, Call("exp", (_minus(v),))))))


def _other_sign(node: Expr) -> Expr | None:
    v = _logistic(node)
    return None if v is None else mul(Call("exp", (_minus(v),)), reciprocal(add(ONE, Call("exp", (_minus(v),)))))


def _by_tangent(node: Expr) -> Expr | None:
    v = _logistic(node)
    return None if v is None else mul(HALF, add(ONE, Call("tanh", (mul(HALF, _minus(v)),))))


def _minus(v: Expr) -> Expr:
    match v:
        case Mul((Const(Fraction(numerator=-1, denominator=1)), *rest)):
            return mul(*rest)
    return negate(v)


def _by_erf(node: Expr) -> Expr | None:
    match node:
        case Call("normal_cdf", (v,)):
            return mul(HALF, add(ONE, Call("erf", (mul(v, Pow(TWO, Const(Fraction(-1, 2)))),))))
    return None


def _far_erf(node: Expr) -> Expr | None:
    match node:
        case Call("normal_cdf", (v,)):
            return add(ONE, negate(Call("normal_cdf", (_minus(v),))))
    return None


def _tangent(node: Expr) -> Expr | None:
    """tanh v, written as a quotient of exponentials, by one exponential."""
    match node:
        case Mul((Add((Call("exp", (v,)), _)) as top, Pow(under, Const(Fraction(numerator=-1, denominator=1))))):
            one, other = Call("exp", (v,)), Call("exp", (negate(v),))
            if top == add(one, negate(other)) and under == add(one, other):
                return add(mul(TWO, reciprocal(add(ONE, Call("exp", (mul(Const(Fraction(-2)), v),))))), MINUS_ONE)
    return None


def _doubled(node: Expr) -> Expr | None:
    match node:
        case Call("exp", (v,)):
            return power(Call("exp", (mul(TWO, v),)), HALF)
    return None


def _from_one(node: Expr) -> Expr | None:
    """An exponential that is chosen by a condition, from what an expm1 beside it gives."""
    match node:
        case Where(condition, chosen, other):
            branches = [transform(b, _one_and_expm1) for b in (chosen, other)]
            return where(condition, *branches) if branches != [chosen, other] else None
    return None


def _one_and_expm1(node: Expr) -> Expr:
    match node:
        case Call("exp", (v,)):
            return add(ONE, Call("expm1", (v,)))
    return node


def _log_apart(node: Expr) -> Expr | None:
    """log of a quotient as a difference of logs; log of an exponential as its argument."""
    match node:
        case Call("log", (Mul(factors),)) if any(isinstance(f, Pow) for f in factors):
            return add(*(_log_of(f) for f in factors))
        case Call("log", (Pow(Add(), Const()) as f,)):
            return _log_of(f)
    return None


def _log_of(f: Expr) -> Expr:
    match f:
        case Call("exp", (v,)):
            return v
        case Pow(base, Const() as p):
            return mul(p, _log_of(base))
    return Call("log", (f,))


def _shifted(node: Expr) -> Expr | None:
    """A share of exponentials, shifted by their maximum but not merged with the logarithm around it; where some are masked, by the
    maximum of all."""
    return _share_of(node, _less_largest)


def _renormalised(node: Expr) -> Expr | None:
    """A share of some of the exponentials, from their shares of the sum of all."""
    return _share_of(node, _share_of_all)


def _share_of(node: Expr, change: Callable[[Expr, tuple[str, ...]], Expr | None]) -> Expr | None:
    """A share of exponentials that are written in another way."""
    factors = flat(node)
    for f in factors:
        match f:
            case Pow(Reduce("sum", e, over), power_) if e in factors and power_ == MINUS_ONE and (new := change(e, over)) is not None:
                rest = [g for g in factors if g not in (e, f)]
                return mul(*rest, new, reciprocal(Reduce("sum", new, over)))
    return None


def _share_of_all(e: Expr, over: tuple[str, ...]) -> Expr | None:
    """A masked exponential, divided by the sum of all."""
    match e:
        case Where(c, Call("exp", (v,)), Const(Fraction(numerator=0))):
            less = Call("exp", (add(v, negate(Reduce("max", v, over))),))
            return Where(c, mul(less, reciprocal(Reduce("sum", less, over))), ZERO)
    return None


def _less_largest(e: Expr, over: tuple[str, ...]) -> Expr | None:
    """An exponential, masked or not, less the largest exponent."""
    match e:
        case Call("exp", (v,)):
            return Call("exp", (add(v, negate(Reduce("max", v, over))),))
        case Where(c, Call("exp", (v,)), Const(Fraction(numerator=0))):
            return Where(c, Call("exp", (add(v, negate(Reduce("max", v, over))),)), ZERO)
    return None


def _shifted_log(node: Expr) -> Expr | None:
    """The logarithm of a sum of some of the exponentials, shifted by the maximum of all."""
    match node:
        case Call("log", (Reduce("sum", Where(_, Call("exp", (v,)), _) as e, over),)) if (new := _less_largest(e, over)) is not None:
            return add(Call("log", (Reduce("sum", new, over),)), Reduce("max", v, over))
    return None


def _unshifted(node: Expr) -> Expr | None:
    match node:
        case Reduce("logsumexp", v, over):
            return Call("log", (Reduce("sum", Call("exp", (v,)), over),))
    return None


def _one_pass(node: Expr) -> Expr | None:
    """A sum or mean of squares of differences, with the square multiplied out."""
    match node:
        case Reduce("mean" | "sum" as how, Pow(Add((a, b)), Const(Fraction(numerator=2, denominator=1))), over):
            parts = (power(a, TWO), mul(TWO, a, b), power(b, TWO))
            return add(*(Reduce(how, p, over) if p.axes & set(over) else mul(Reduce(how, mul(ONE, p), over)) for p in parts))
        case Reduce("mean" | "sum" as how, Mul(factors), over):
            squares = [f for f in factors if isinstance(f, Pow) and isinstance(f.base, Add) and f.exponent == TWO]
            if len(squares) == 1 and isinstance(squares[0].base, Add) and len(squares[0].base.args) == 2:
                a, b = squares[0].base.args
                rest = [f for f in factors if f is not squares[0]]
                return add(*(Reduce(how, mul(*rest, p), over) for p in (power(a, TWO), mul(TWO, a, b), power(b, TWO))))
    return None


def _unpaired(node: Expr) -> Expr | None:
    """A product with a sum, multiplied out inside a reduction or not."""
    match node:
        case Mul(factors):
            sums = [f for f in factors if isinstance(f, Add)]
            if len(sums) == 1 and len(factors) <= 4:
                rest = [f for f in factors if f is not sums[0]]
                return add(*(mul(*rest, t) for t in sums[0].args))
    return None


def _linear_tail(node: Expr) -> Expr | None:
    match node:
        case Call("log", (Add((Const(Fraction(numerator=1, denominator=1)), Call("exp", (v,)))),)):
            return where(Call("sign", (v + Const(Fraction(-20)),)) > 0, v, Call("log1p", (Call("exp", (v,)),)))
    return None


def _saturated(node: Expr) -> Expr | None:
    v = _logistic(node)
    return None if v is None else where(Call("sign", (_minus(v) + Const(Fraction(-20)),)) > 0, ONE, node)


def _least_log(node: Expr) -> Expr | None:
    match node:
        case Call("log", (_,)):
            return where(add(node, Const(Fraction(100))) > 0, node, Const(Fraction(-100)))
    return None


def _padded_length(node: Expr) -> Expr | None:
    """A length, or a number divided by a squared one, with the square a little larger."""
    match node:
        case Pow(Reduce("sum", Pow(_, Const(Fraction(numerator=2, denominator=1)))) as squares, Const(p)) if p < 0 or p.denominator != 1:
            return power(add(squares, Const(GUARD)), node.exponent)
    return None


def _least_divisor(node: Expr) -> Expr | None:
    """(u/p + v)/(w*(p + c)) as (u + v*p)/(w*p*(p + c)), and the product p*(p + c) at least SINGLE_GUARD in size."""
    factors = flat(node)
    tops = [f for f in factors if isinstance(f, Add)]
    divisors = [f.base for t in tops for a in t.args for f in flat(a) if isinstance(f, Pow) and f.exponent == MINUS_ONE]
    partners = [f for f in factors if isinstance(f, Pow) and f.exponent == MINUS_ONE and isinstance(f.base, Add) and divisors]
    partners = [f for f in partners if divisors[0] in f.base.children]
    if not len(tops) == len(divisors) == len(partners) == 1:
        return None
    p, product = divisors[0], mul(divisors[0], partners[0].base)
    over = add(*(mul(*(f for f in flat(t) if f != reciprocal(p))) if reciprocal(p) in flat(t) else mul(p, t) for t in tops[0].args))
    floor = mul(Call("sign", (product,)), Const(SINGLE_GUARD))
    under = where(add(Call("abs", (product,)), Const(-SINGLE_GUARD)) > 0, product, floor)
    return mul(*(f for f in factors if f not in (tops[0], partners[0])), over, reciprocal(under))


def flat(node: Expr) -> tuple[Expr, ...]:
    """The factors of a product; one that is none is its only factor."""
    return node.args if isinstance(node, Mul) else (node,)


# fmt: off
RULES = (
    Rule("cancellation in 1 - p",                        _complement),
    Rule("cancellation in 1 + tanh",                     _by_tangent),
    Rule("cancellation in 1 + erf",                      _by_erf),
    Rule("cancellation in 1 - normal_cdf",               _far_erf),
    Rule("cancellation in tanh by one exponential",      _tangent),
    Rule("overflow of an exponential of twice as much",  _doubled),
    Rule("overflow of the exponential of the other sign", _other_sign),
    Rule("underflow of an exponential, although shifted", _shifted),
    Rule("underflow of exponentials, shifted by the largest of more", _shifted_log),
    Rule("underflow of shares, of which some are masked afterwards", _renormalised),
    Rule("overflow of exponentials that are not shifted", _unshifted),
    Rule("cancellation in 1 + expm1",                    _from_one),
    Rule("cancellation in a difference of logarithms",   _log_apart),
    Rule("cancellation in squares multiplied out",       _one_pass),
    Rule("cancellation in a product multiplied out",     _unpaired),
    Rule("published cutoff, linear above 20 (torch.nn.Softplus)", _linear_tail),
    Rule("published cutoff, slope 1 above 20 (torch.nn.Softplus)", _saturated),
    Rule("published floor, no logarithm below -100 (torch.nn.BCELoss)", _least_log),
    Rule("published floor, no divisor below 1e-12 (torch.nn.BCELoss)", _least_divisor),
    Rule("published epsilon, 1e-12 added to squared lengths (torch.nn.CosineEmbeddingLoss)", _padded_length),
)
# fmt: on
