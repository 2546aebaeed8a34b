"""Logarithms of shares, exp(a)/sum, as differences of logarithms: none is of what may be 0 in floats."""

from __future__ import annotations

from dataclasses import replace

from derive.language.nodes import MINUS_INFINITY, ZERO, Add, At, Call, Const, Expr, Input, Mul, Pow, Reduce, Where, add, at, mul, transform
from derive.language.program import Let, Program
from derive.numerics.degrees import terms
from derive.numerics.groups import seen, several
from derive.numerics.masks import turned


def plain_logsumexp(program: Program) -> Program:
    """The program with every logsumexp written as the logarithm of a sum."""

    def change(n: Expr) -> Expr:
        if isinstance(n, Reduce) and n.how == "logsumexp":
            return Call("log", (Reduce("sum", Call("exp", (n.body,)), n.over),))
        return n

    return replace(program, lets=tuple(Let(let.name, transform(let.body, change)) for let in program.lets))


def logs_apart(program: Program) -> Program:
    """log(exp(a) / sum) as a - log(sum), the quotient being seen through names; positions read after the logarithm."""
    program = turned(program)
    bodies: dict[Expr, Expr] = {let.ref: let.body for let in program.lets}

    def change(n: Expr) -> Expr:
        if isinstance(n, Call) and n.fn == "log" and _is_share(n.args[0], bodies):
            return _log_apart(n.args[0], bodies)
        return _read_at(n.body, dict(n.index)) if isinstance(n, At) and isinstance(n.body, Add) and _is_gather(n) else n

    return replace(program, lets=tuple(Let(let.name, transform(let.body, change)) for let in program.lets))


def _is_share(e: Expr, bodies: dict[Expr, Expr]) -> bool:
    """Whether it is a product of an exponential with powers of sums, possibly read at other positions."""
    e = seen(e, bodies)
    if isinstance(e, At):
        return _is_gather(e) and _is_share(e.body, bodies)
    if not isinstance(e, Mul):
        return False
    factors = [seen(f.base if isinstance(f, Pow) else f, bodies) for f in e.args]
    return any(_is_let_through(f, bodies) for f in factors) and any(_is_total(f, bodies) for f in factors)


def _is_let_through(f: Expr, bodies: dict[Expr, Expr]) -> bool:
    """Whether it is an exponential, or one that a mask lets through: 0 elsewhere."""
    f = seen(f, bodies)
    return f.fn == "exp" if isinstance(f, Call) else isinstance(f, Where) and f.other == ZERO and _is_let_through(f.chosen, bodies)


def _is_total(f: Expr, bodies: dict[Expr, Expr]) -> bool:
    """Whether it is a sum over axes, or of terms with exponentials of different arguments."""
    return isinstance(f, Reduce) or (isinstance(f, Add) and any(several(f, bodies)))


def _is_gather(e: At) -> bool:
    """Whether it reads at positions that are given, and so in range: sums may be read term by term."""
    return all(isinstance(i, Input) for _, i in e.index)


def _log_apart(e: Expr, bodies: dict[Expr, Expr]) -> Expr:
    whole = seen(e, bodies)
    match whole:
        case At(body, index):
            return _read_at(_log_apart(body, bodies), dict(index))
        case Mul(args):
            return _added([_log_apart(a, bodies) for a in args])
        case Pow(base, Const() as n):
            return mul(n, _log_apart(base, bodies))
        case Call("exp", (a,)):
            return a
        case Where(condition, chosen, _) if _is_let_through(whole, bodies):
            return Where(condition, _log_apart(chosen, bodies), MINUS_INFINITY)
    return Call("log", (e,))


def _added(logs: list[Expr]) -> Expr:
    """The sum of logarithms; beside that of a masked factor, -inf where it is 0, the others stand inside the mask."""
    for log in logs:
        match log:
            case Where(condition, chosen, other) if other == MINUS_INFINITY:
                return Where(condition, _added([chosen, *(e for e in logs if e is not log)]), other)
    return add(*logs)


def _read_at(e: Expr, index: dict[str, Expr]) -> Expr:
    """The sum read at other positions, term by term."""
    products = (t.args if isinstance(t, Mul) else (t,) for t in terms(e))
    return add(*(mul(*(at(f, {a: i for a, i in index.items() if a in f.axes}) for f in factors)) for factors in products))
