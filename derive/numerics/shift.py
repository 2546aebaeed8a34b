"""Sums of exponentials: the largest argument is taken out, so that nothing overflows and the largest term is 1.

exp(a) becomes exp(a - shift), shift = max(a) over the summed axes. Every expression then is its old self times a power of
exp(shift) (its degree); a ratio of degree 0 is unchanged, a logarithm gains degree * shift. Where that does not work out
for the whole program (sums over different axes), it is done in each part by itself; where it cannot, nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from derive.language.functions import max as largest
from derive.language.nodes import (
    MINUS_ONE,
    ZERO,
    Add,
    At,
    Call,
    Compare,
    Const,
    Expr,
    Input,
    Mul,
    Pow,
    Reduce,
    Ref,
    Where,
    add,
    at,
    mul,
    negate,
    substitute,
    transform,
    walk,
)  # fmt: skip
from derive.language.program import Let, Program

SCALING = ("sum", "mean", "max", "min")


class _Mixed(Exception):
    """The expression is no power of exp(shift) times something free of it."""


@dataclass(frozen=True)
class _Scaled:
    """true value = expr * exp(degree * shift) + extra * shift; never both degree and extra."""

    expr: Expr
    degree: Fraction = Fraction(0)
    extra: Fraction = Fraction(0)


def shifted(program: Program) -> Program:
    """The program with every sum of exponentials shifted, where the shift cancels."""
    program = _logs_apart(_plain_logsumexp(program))
    tried: set[tuple[Expr, tuple[str, ...]]] = set()
    settled: set[Expr] = set()
    while True:
        candidate = next((c for c in _candidates(program) if c not in tried and c[0] not in settled), None)
        if candidate is None:
            return program
        tried.add(candidate)
        program, argument = _with_shift(program, *candidate)
        if argument is not None:
            settled.add(argument)


def _plain_logsumexp(program: Program) -> Program:
    def change(n: Expr) -> Expr:
        if isinstance(n, Reduce) and n.how == "logsumexp":
            return Call("log", (Reduce("sum", Call("exp", (n.body,)), n.over),))
        return n

    return replace(program, lets=tuple(Let(let.name, transform(let.body, change)) for let in program.lets))


def _logs_apart(program: Program) -> Program:
    """log(exp(a) / sum) as a - log(sum), the quotient being seen through names; positions read after the logarithm."""
    bodies: dict[Expr, Expr] = {let.ref: let.body for let in program.lets}

    def change(n: Expr) -> Expr:
        if isinstance(n, Call) and n.fn == "log" and _is_share(n.args[0], bodies):
            return _log_apart(n.args[0], bodies)
        return _read_at(n.body, dict(n.index)) if isinstance(n, At) and isinstance(n.body, Add) and _is_gather(n) else n

    return replace(program, lets=tuple(Let(let.name, transform(let.body, change)) for let in program.lets))


def _seen(e: Expr, bodies: dict[Expr, Expr]) -> Expr:
    while e in bodies:
        e = bodies[e]
    return e


def _is_share(e: Expr, bodies: dict[Expr, Expr]) -> bool:
    """Whether it is a product of an exponential with powers of sums, possibly read at other positions."""
    e = _seen(e, bodies)
    if isinstance(e, At):
        return _is_gather(e) and _is_share(e.body, bodies)
    if not isinstance(e, Mul):
        return False
    factors = [_seen(f.base if isinstance(f, Pow) else f, bodies) for f in e.args]
    return any(isinstance(f, Call) and f.fn == "exp" for f in factors) and any(isinstance(f, Reduce) for f in factors)


def _is_gather(e: At) -> bool:
    """Whether it reads at positions that are given, and so in range: sums may be read term by term."""
    return all(isinstance(i, Input) for _, i in e.index)


def _log_apart(e: Expr, bodies: dict[Expr, Expr]) -> Expr:
    seen = _seen(e, bodies)
    match seen:
        case At(body, index):
            return _read_at(_log_apart(body, bodies), dict(index))
        case Mul(args):
            return add(*(_log_apart(a, bodies) for a in args))
        case Pow(base, Const() as n):
            return mul(n, _log_apart(base, bodies))
        case Call("exp", (a,)):
            return a
    return Call("log", (e,))


def _read_at(e: Expr, index: dict[str, Expr]) -> Expr:
    """The sum read at other positions, term by term."""
    terms = (t.args if isinstance(t, Mul) else (t,) for t in _terms(e))
    return add(*(mul(*(at(f, {a: i for a, i in index.items() if a in f.axes}) for f in factors)) for factors in terms))


def _candidates(program: Program) -> list[tuple[Expr, tuple[str, ...]]]:
    """The exponentials' arguments that stand under a sum over some of their axes, with these axes."""
    inside: dict[Expr, tuple[Expr, ...]] = {}
    found: list[tuple[Expr, tuple[str, ...]]] = []
    for let in program.lets:
        for n in walk(let.body):
            if isinstance(n, Reduce) and n.how in ("sum", "mean"):
                for e in _exponentials(n.body, inside):
                    over = tuple(a for a in n.over if a in e.axes)
                    if over:
                        found.append((e, over))
        inside[let.ref] = tuple(_exponentials(let.body, inside)) if not isinstance(let.body, Reduce) else ()
    return list(dict.fromkeys(found))


def _exponentials(e: Expr, inside: dict[Expr, tuple[Expr, ...]]) -> list[Expr]:
    """The arguments of exponentials that are factors of the expression, seen through names."""
    if isinstance(e, Mul):
        return [a for f in e.args for a in _exponentials(f, inside)]
    if isinstance(e, Call) and e.fn == "exp":
        return [e.args[0]]
    return list(inside.get(e, ())) if isinstance(e, Ref) else []


def _with_shift(program: Program, argument: Expr, over: tuple[str, ...]) -> tuple[Program, Expr | None]:
    """The program with exp(argument) shifted, and its new argument; None for it where nothing could be shifted."""
    shift = Let(_fresh(program, "shift"), largest(argument, over))
    lets = _everywhere(program, argument, shift.ref) or _one_by_one(program, argument, shift.ref)
    first = next((i for i, let in enumerate(program.lets) if lets[i].body != let.body), None)
    if first is None:
        return program, None
    return replace(program, lets=(*lets[:first], shift, *lets[first:])), _minus(argument, shift.ref)


def _everywhere(program: Program, argument: Expr, shift: Ref) -> list[Let] | None:
    """All lets shifted together; None unless the shift cancels in every output."""
    degrees: dict[Expr, Fraction] = {}
    lets: list[Let] = []
    try:
        for let in program.lets:
            scaled = _rescaled(let.body, argument, shift, degrees)
            lets.append(Let(let.name, scaled.expr))
            degrees[let.ref] = scaled.degree
    except _Mixed:
        return None
    return None if any(degrees[program.let(o.name).ref] for o in program.outputs) else lets


def _one_by_one(program: Program, argument: Expr, shift: Ref) -> list[Let]:
    """Each part shifted in which the shift cancels by itself, the exponential being written out there."""
    written_out: dict[Expr, Expr] = {let.ref: let.body for let in program.lets if let.body == Call("exp", (argument,))}
    return [Let(let.name, _by_itself(let.body, written_out, argument, shift)) for let in program.lets]


def _by_itself(body: Expr, written_out: dict[Expr, Expr], argument: Expr, shift: Ref) -> Expr:
    """The tree with its largest parts shifted in which the shift cancels."""
    whole = substitute(body, written_out)
    try:
        scaled = _rescaled(whole, argument, shift, {})
    except _Mixed:
        scaled = _Scaled(whole, Fraction(1))
    if not scaled.degree:
        return body if scaled.expr == whole else scaled.expr
    return body.rebuild(tuple(_by_itself(c, written_out, argument, shift) for c in body.children)) if body.children else body


def _fresh(program: Program, name: str) -> str:
    taken = {let.name for let in program.lets} | {i.name for i in program.inputs} | {p.name for p in program.parameters}
    count, unique = 1, name
    while unique in taken:
        count += 1
        unique = f"{name}_{count}"
    return unique


def _minus(argument: Expr, shift: Expr) -> Expr:
    terms = argument.args if isinstance(argument, Add) else (argument,)
    return add(*terms, negate(shift))


def _rescaled(body: Expr, argument: Expr, shift: Ref, degrees: dict[Expr, Fraction]) -> _Scaled:
    done: dict[Expr, _Scaled] = {}
    for n in walk(body):
        if n == Call("exp", (argument,)):
            done[n] = _Scaled(Call("exp", (_minus(argument, shift),)), Fraction(1))
        else:
            done[n] = _node(n, [done[c] for c in n.children], argument, shift, degrees)
    return _settled(done[body], shift)


def _node(n: Expr, parts: list[_Scaled], argument: Expr, shift: Ref, degrees: dict[Expr, Fraction]) -> _Scaled:
    if not parts:
        return _Scaled(n, degrees.get(n, Fraction(0)))
    if isinstance(n, Add):
        return _sum(parts, argument, shift)
    if isinstance(n, Mul) and len(parts) == 2 and isinstance(n.args[0], Const) and parts[1].extra:
        return _Scaled(n.rebuild((n.args[0], parts[1].expr)), extra=n.args[0].value * parts[1].extra)
    parts = [_settled(p, shift) for p in parts]
    rebuilt = n.rebuild(tuple(p.expr for p in parts))
    total = [p.degree for p in parts]
    if not any(total):
        return _Scaled(rebuilt)
    match n:
        case Mul():
            return _Scaled(rebuilt, sum(total, Fraction(0)))
        case Pow(_, Const(power)) if not total[1]:
            return _Scaled(rebuilt, total[0] * power)
        case Reduce(how, _, over) if how in SCALING and not set(over) & shift.axes:
            return _Scaled(rebuilt, total[0])
        case At(_, index) if not any(total[1:]) and not {a for a, _ in index} & shift.axes:
            return _Scaled(rebuilt, total[0])
        case Call("log", _):
            return _Scaled(rebuilt, extra=total[0])
        case Compare() if total[0] == total[1]:
            return _Scaled(rebuilt)
        case Where() if not total[0] and total[1] == total[2]:
            return _Scaled(rebuilt, total[1])
    raise _Mixed


def _sum(parts: list[_Scaled], argument: Expr, shift: Ref) -> _Scaled:
    """Terms of one degree; what logarithms gained goes next to the argument itself, where it cancels exactly."""
    if len({p.degree for p in parts if p.expr != ZERO}) > 1:
        raise _Mixed
    extra = sum((p.extra for p in parts), Fraction(0))
    terms = [p.expr for p in parts]
    degree = parts[0].degree
    own = [t for t in terms if t == argument or (isinstance(t, At) and t.body == argument)]
    if extra == -1 and own:
        rest = [t for t in terms if t is not own[0]]
        return _Scaled(add(*_terms(own[0]), mul(MINUS_ONE, shift), *rest))
    return _Scaled(add(*terms), degree, extra)


def _terms(e: Expr) -> tuple[Expr, ...]:
    return e.args if isinstance(e, Add) else (e,)


def _settled(p: _Scaled, shift: Ref) -> _Scaled:
    """The same value without extra."""
    return _Scaled(add(*_terms(p.expr), mul(Const(p.extra), shift)), p.degree) if p.extra else p
