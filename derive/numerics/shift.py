"""Sums of exponentials: the largest argument is taken out, so that nothing overflows and the largest term is 1.

exp(a) becomes exp(a - shift), where shift is the largest argument in the sum: max(a) over the summed axes, the larger of
a and b in exp(a) + exp(b), what a mask lets through. Where the shift does not cancel in the whole program (sums over
different axes), it is done in each part by itself; where it cannot, nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.language.functions import max as largest
from derive.language.functions import maximum
from derive.language.functions import min as smallest
from derive.language.memory import remembered
from derive.language.nodes import (
    MINUS_INFINITY,
    ZERO,
    Add,
    At,
    Call,
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
    leaves,
    mul,
    substitute,
    transform,
    walk,
)  # fmt: skip
from derive.language.program import Let, Program
from derive.language.recurrence import held
from derive.numerics.degrees import Mixed, Scaled, Shift, rescaled, terms
from derive.numerics.exponents import Linear, hidden_parts, linear, merged
from derive.numerics.masks import masked, turned
from derive.numerics.offsets import number_in, numbers_in_front
from derive.numerics.weighted import weights_joined


@dataclass(frozen=True)
class Group:
    """A sum with exponentials: their arguments, the largest of them, and whether terms without exponential take part."""

    arguments: frozenset[Expr]
    top: Expr
    with_plain: bool = False


def shifted(program: Program) -> Program:
    """The program with every sum of exponentials shifted, where the shift cancels."""
    program = _without_numbers(masked(merged(weights_joined(_logs_apart(_plain_logsumexp(program))))))
    hidden = hidden_parts(program)
    tried: set[Group] = set()
    settled: set[Linear] = set()  # what was shifted is not shifted again, however it is spelled, and the loop ends

    def spelled_out(arguments: Iterable[Expr]) -> set[Linear]:
        return {linear(substitute(a, hidden)) for a in arguments}

    while groups := [g for g in _groups(program) if g not in tried]:
        for group in groups:
            tried.add(group)
            if settled.isdisjoint(spelled_out(group.arguments)) and group.arguments <= _arguments(program):
                program, new = _with_shift(program, group)
                settled |= spelled_out(new)
    return program


def _without_numbers(program: Program) -> Program:
    """The program without the numbers in arguments of exponentials, where they cancel."""
    program = numbers_in_front(program)
    for argument in sorted(_arguments(program), key=str):
        number = number_in(argument)
        if number is not None:
            shift = Shift(frozenset([argument]), number, False, hidden_parts(program))
            program = replace(program, lets=tuple(_everywhere(program, shift) or _one_by_one(program, shift)))
    return program


def _arguments(program: Program) -> set[Expr]:
    """The arguments of all exponentials."""
    return set().union(*(_exponents(let.body) for let in program.lets))


@remembered(20_000)
def _exponents(body: Expr) -> frozenset[Expr]:
    return frozenset(n.args[0] for n in _mentioned(body) if isinstance(n, Call) and n.fn == "exp")


@remembered(20_000)
def _mentioned(body: Expr) -> tuple[Expr, ...]:
    """The names and calls in an expression."""
    return tuple(leaves(body, Ref, Call))


def _plain_logsumexp(program: Program) -> Program:
    def change(n: Expr) -> Expr:
        if isinstance(n, Reduce) and n.how == "logsumexp":
            return Call("log", (Reduce("sum", Call("exp", (n.body,)), n.over),))
        return n

    return replace(program, lets=tuple(Let(let.name, transform(let.body, change)) for let in program.lets))


def _logs_apart(program: Program) -> Program:
    """log(exp(a) / sum) as a - log(sum), the quotient being seen through names; positions read after the logarithm."""
    program = turned(program)
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
    return any(_is_let_through(f, bodies) for f in factors) and any(_is_total(f, bodies) for f in factors)


def _is_let_through(f: Expr, bodies: dict[Expr, Expr]) -> bool:
    """Whether it is an exponential, or one that a mask lets through: 0 elsewhere."""
    f = _seen(f, bodies)
    return f.fn == "exp" if isinstance(f, Call) else isinstance(f, Where) and f.other == ZERO and _is_let_through(f.chosen, bodies)


def _is_total(f: Expr, bodies: dict[Expr, Expr]) -> bool:
    """Whether it is a sum over axes, or of terms with exponentials of different arguments."""
    return isinstance(f, Reduce) or (isinstance(f, Add) and any(_several(f, bodies)))


def _is_gather(e: At) -> bool:
    """Whether it reads at positions that are given, and so in range: sums may be read term by term."""
    return all(isinstance(i, Input) for _, i in e.index)


def _log_apart(e: Expr, bodies: dict[Expr, Expr]) -> Expr:
    seen = _seen(e, bodies)
    match seen:
        case At(body, index):
            return _read_at(_log_apart(body, bodies), dict(index))
        case Mul(args):
            return _added([_log_apart(a, bodies) for a in args])
        case Pow(base, Const() as n):
            return mul(n, _log_apart(base, bodies))
        case Call("exp", (a,)):
            return a
        case Where(condition, chosen, _) if _is_let_through(seen, bodies):
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


def _groups(program: Program) -> list[Group]:
    """The sums of exponentials of the program: of several terms first, then over axes."""
    bodies: dict[Expr, Expr] = {}
    wide: list[Group] = []
    narrow: list[Group] = []
    for let in program.lets:
        for n in walk(let.body):
            if isinstance(n, Add):
                wide += _several(n, bodies)
            elif isinstance(n, Reduce) and n.how in ("sum", "mean"):
                narrow += _over_axes(n, bodies)
        bodies[let.ref] = let.body
    return list(dict.fromkeys([*wide, *narrow]))


def _several(n: Add, bodies: dict[Expr, Expr]) -> Iterator[Group]:
    """Terms whose exponentials have different arguments, none a multiple of another: (exp(x) - exp(-x)) is left alone."""
    if any(_is_ratio(t, bodies) for t in n.args):
        return
    parts = [_exponentials(t, bodies) for t in n.args]
    plain = any(not p for p in parts)
    arguments = [a for p in parts for a in p]
    summed = any(isinstance(m, Reduce) for t in n.args for m in _factors(t, bodies))
    if not all(len(p) <= 1 for p in parts) or len({_direction(a) for a in arguments}) < (1 if plain and summed else 2):
        return
    tops = [ZERO if (top := _top(t, bodies)) is None else top for t in n.args]
    total = tops[0]
    for top in tops[1:]:
        total = total if top == total else maximum(total, top)
    yield Group(frozenset(arguments), total, plain)


def _direction(argument: Expr) -> frozenset[tuple[Expr, Fraction]]:
    """The argument as a linear form, up to a factor."""
    form = linear(argument)
    first = form[0][1] if form else Fraction(1)
    return frozenset((t, c / first) for t, c in form)


def _over_axes(n: Reduce, bodies: dict[Expr, Expr]) -> Iterator[Group]:
    for a in _exponentials(n.body, bodies):
        over = tuple(x for x in n.over if x in a.axes)
        tops = [_largest_chosen(a, over, _factors(n.body, bodies), bodies), largest(a, over)] if over else []
        yield from (Group(frozenset([a]), top) for top in dict.fromkeys(tops))


def _largest_chosen(a: Expr, over: tuple[str, ...], factors: list[Expr], bodies: dict[Expr, Expr]) -> Expr:
    """The largest argument over axes: of those that a mask among the factors lets through, if there is one."""
    masks = [f for f in factors if isinstance(f, Where) and f.other == ZERO]
    allowed = _let_through(masks[0], a, smallest(a, over), bodies) if len(masks) == 1 else None
    return largest(a if allowed is None else allowed, over)


def _let_through(mask: Expr, a: Expr, least: Expr, bodies: dict[Expr, Expr]) -> Expr | None:
    """The argument where a mask, and masks in what it chooses, let its exponential through, and the least one elsewhere; None where
    it is not there."""
    match mask:
        case Where(condition, chosen, other) if other == ZERO:
            factors = _factors(chosen, bodies)
            inside = [a] if Call("exp", (a,)) in factors else [_let_through(f, a, least, bodies) for f in factors]
            return next((Where(condition, found, least) for found in inside if found is not None), None)
    return None


def _factors(e: Expr, bodies: dict[Expr, Expr]) -> list[Expr]:
    """The factors of an expression, seen through names."""
    e = _seen(e, bodies)
    return [f for a in e.args for f in _factors(a, bodies)] if isinstance(e, Mul) else [e]


def _exponentials(e: Expr, bodies: dict[Expr, Expr]) -> list[Expr]:
    """The arguments of exponentials that are factors of the expression, or of what it sums or masks."""
    found: list[Expr] = []
    for f in _factors(e, bodies):
        match f:
            case Call("exp", (a,)):
                found.append(a)
            case Reduce("sum" | "mean", body, _) if isinstance(_seen(body, bodies), (Call, Mul, Where)):
                found += _exponentials(body, bodies)
            case Where(_, chosen, other) if other == ZERO:
                found += _exponentials(chosen, bodies)
    return found


def _is_ratio(e: Expr, bodies: dict[Expr, Expr]) -> bool:
    """Whether a power of a sum of exponentials is among its factors: there a shift cancels already."""
    for f in _factors(e, bodies):
        match f:
            case Pow(base, _) if _holds_exponential(base, bodies):
                return True
            case Reduce(_, body, _) | Where(_, body, _) if _is_ratio(body, bodies):
                return True
    return False


def _holds_exponential(e: Expr, bodies: dict[Expr, Expr]) -> bool:
    """Whether an exponential occurs in an expression, seen through names."""
    seen: set[Expr] = set()
    open_ = [e]
    while open_:
        for n in walk(open_.pop()):
            if isinstance(n, Call) and n.fn == "exp":
                return True
            if isinstance(n, Ref) and n in bodies and n not in seen:
                seen.add(n)
                open_.append(bodies[n])
    return False


def _top(e: Expr, bodies: dict[Expr, Expr]) -> Expr | None:
    """The largest argument of the exponential in a term, None without one."""
    for f in _factors(e, bodies):
        match f:
            case Call("exp", (a,)):
                return a
            case Reduce(_, body, over) if (inner := _top(body, bodies)) is not None:
                own = tuple(a for a in over if a in inner.axes)
                return _largest_chosen(inner, own, _factors(body, bodies), bodies) if own else inner
            case Where(_, chosen, _) if (inner := _top(chosen, bodies)) is not None:
                return inner
    return None


def _with_shift(program: Program, group: Group) -> tuple[Program, frozenset[Expr]]:
    """The program with the exponentials of a group shifted, and their new arguments, none where nothing could be shifted."""
    let = Let(_fresh(program, "shift"), group.top)
    shift = Shift(group.arguments, let.ref, group.with_plain, hidden_parts(program))
    lets = _everywhere(program, shift) or _one_by_one(program, shift)
    first = next((i for i, old in enumerate(program.lets) if lets[i].body != old.body), None)
    if first is None:
        return program, frozenset()
    new = (shift.exponential(a) for a in group.arguments)
    return replace(program, lets=(*lets[:first], let, *lets[first:])), frozenset(s.expr.children[0] for s in new if s)


def _everywhere(program: Program, shift: Shift) -> list[Let] | None:
    """All lets shifted together; None unless the shift cancels in every output."""
    degrees: dict[Expr, Fraction] = {}
    outputs = held(program)
    lets: list[Let] = []
    try:
        for let in program.lets:
            if not any(degrees.get(n) or shift.shifts(n) for n in _mentioned(let.body)):
                lets.append(let)
                continue
            scaled = rescaled(let.body, shift, degrees)
            if let.name in outputs and scaled.degree < 0 and shift.at_least_one:
                scaled = Scaled(mul(scaled.expr, Call("exp", (mul(Const(scaled.degree), shift.by),))))
            lets.append(Let(let.name, scaled.expr))
            degrees[let.ref] = scaled.degree
    except Mixed:
        return None
    return None if any(degrees.get(program.let(name).ref) for name in outputs) else lets


def _one_by_one(program: Program, shift: Shift) -> list[Let]:
    """Each part shifted in which the shift cancels by itself, the exponentials being written out there."""
    written_out: dict[Expr, Expr] = {let.ref: let.body for let in program.lets if shift.shifts(let.body)}
    return [Let(let.name, _by_itself(let.body, written_out, shift)) for let in program.lets]


def _by_itself(body: Expr, written_out: dict[Expr, Expr], shift: Shift) -> Expr:
    """The tree with its largest parts shifted in which the shift cancels."""
    whole = substitute(body, written_out)
    try:
        scaled = rescaled(whole, shift, {})
    except Mixed:
        scaled = Scaled(whole, Fraction(1))
    if not scaled.degree:
        return body if scaled.expr == whole else scaled.expr
    return body.rebuild(tuple(_by_itself(c, written_out, shift) for c in body.children)) if body.children else body


def _fresh(program: Program, name: str) -> str:
    taken = {let.name for let in program.lets} | {i.name for i in program.inputs} | {p.name for p in program.parameters}
    count, unique = 1, name
    while unique in taken:
        count += 1
        unique = f"{name}_{count}"
    return unique
