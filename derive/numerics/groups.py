"""The sums of exponentials of a program, each with the largest of its arguments: what a shift takes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from derive.language.functions import max as largest
from derive.language.functions import maximum
from derive.language.functions import min as smallest
from derive.language.nodes import ZERO, Add, Call, Expr, Mul, Pow, Reduce, Ref, Where, walk
from derive.language.program import Program
from derive.numerics.exponents import linear


@dataclass(frozen=True)
class Group:
    """A sum with exponentials: their arguments, the largest of them, and whether terms without exponential take part."""

    arguments: frozenset[Expr]
    top: Expr
    with_plain: bool = False


def seen(e: Expr, bodies: dict[Expr, Expr]) -> Expr:
    """What a name stands for, at last."""
    while e in bodies:
        e = bodies[e]
    return e


def groups(program: Program) -> list[Group]:
    """The sums of exponentials of the program: of several terms first, then over axes."""
    bodies: dict[Expr, Expr] = {}
    wide: list[Group] = []
    narrow: list[Group] = []
    for let in program.lets:
        for n in walk(let.body):
            if isinstance(n, Add):
                wide += several(n, bodies)
            elif isinstance(n, Reduce) and n.how in ("sum", "mean"):
                narrow += _over_axes(n, bodies)
        bodies[let.ref] = let.body
    return list(dict.fromkeys([*wide, *narrow]))


def several(n: Add, bodies: dict[Expr, Expr]) -> Iterator[Group]:
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
    e = seen(e, bodies)
    return [f for a in e.args for f in _factors(a, bodies)] if isinstance(e, Mul) else [e]


def _exponentials(e: Expr, bodies: dict[Expr, Expr]) -> list[Expr]:
    """The arguments of exponentials that are factors of the expression, or of what it sums or masks."""
    found: list[Expr] = []
    for f in _factors(e, bodies):
        match f:
            case Call("exp", (a,)):
                found.append(a)
            case Reduce("sum" | "mean", body, _) if isinstance(seen(body, bodies), (Call, Mul, Where)):
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
    done: set[Expr] = set()
    open_ = [e]
    while open_:
        for n in walk(open_.pop()):
            if isinstance(n, Call) and n.fn == "exp":
                return True
            if isinstance(n, Ref) and n in bodies and n not in done:
                done.add(n)
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
