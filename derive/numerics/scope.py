"""What the rewriting knows of a program: which lets it looks through, and which signs are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from derive.language.nodes import (
    Add,
    Call,
    Carried,
    Compare,
    Const,
    Expr,
    Input,
    Mul,
    Param,
    Pow,
    Reduce,
    Ref,
    Size,
    Where,
    leaves,
    substitute,
    transform,
    walk,
)  # fmt: skip
from derive.language.program import Program
from derive.numerics.alphabet import constant_expr
from derive.numerics.reading import EXPONENTIALS, has_exponential

ELEMENT_WISE = (Const, Input, Param, Ref, Size, Add, Mul, Pow, Call, Where, Compare)
ATOMS = (Input, Param, Ref, Size)
MOST_CHOICES = 1  # each one doubles what is written out where a name is seen through


@dataclass(frozen=True)
class Scope:
    """`exponentials`: element-wise lets that hold exponentials, each with its meaning in leaves; `arguments`: element-wise
    lets that are a polynomial in one leaf or a product of two, seen through inside exponentials; `signs`: known signs;
    `positive`: parameters above 0; `largest`: lets that are a largest value, as shifts are; `named`: meanings of the lets so
    far, each with its name."""

    exponentials: dict[Expr, Expr]
    arguments: dict[Expr, Expr]
    signs: dict[Expr, int]
    positive: frozenset[Expr]
    largest: frozenset[Expr]
    named: dict[Expr, Expr] = field(default_factory=dict)


def scope(program: Program) -> Scope:
    """What is known of a program before its lets are rewritten."""
    exponentials: dict[Expr, Expr] = {}
    arguments: dict[Expr, Expr] = {}
    carried = _carried(program)
    for let in program.lets:
        if is_element_wise(let.body):
            body = expanded(let.body, exponentials, arguments)
            alone = has_exponential(body) and _share_a_variable(body) and not _adds_to(body, carried)
            if alone and len(leaves(let.body, Where)) <= MOST_CHOICES:
                exponentials[let.ref] = body
            elif is_argument(substitute(let.body, arguments)):
                arguments[let.ref] = substitute(let.body, arguments)
    positive = frozenset(Param(p.name) for p in program.parameters if p.positive)
    largest = frozenset(let.ref for let in program.lets if _is_largest(let.body))
    return Scope(exponentials, arguments, given_signs(program), positive, largest)


def _is_largest(e: Expr) -> bool:
    """Whether it is a largest value, as a shift is: a maximum over axes, or the larger of two numbers (x > y, x, y)."""
    larger = isinstance(e, Where) and isinstance(e.condition, Compare) and e.children[1:] == e.condition.children
    return (isinstance(e, Reduce) and e.how == "max") or (larger and e.condition.op in (">", ">="))  # type: ignore[attr-defined]


def given_signs(program: Program) -> dict[Expr, int]:
    """The inputs, parameters and names that are never negative (1) or never positive (-1)."""
    signs: dict[Expr, int] = {Param(p.name): 1 for p in program.parameters if p.low >= 0}
    signs |= {Param(p.name): -1 for p in program.parameters if p.high <= 0}
    signs |= {i: 1 for i in program.inputs if i.limits.low >= 0}
    ranges: dict[Expr, tuple[float, float]] = {Param(p.name): (p.low, p.high) for p in program.parameters}
    for let in program.lets:
        ranges[let.ref] = low, high = _reach(let.body, ranges)
        if _never_negative(let.body) or low >= 0 or high <= 0:
            signs[let.ref] = 1 if _never_negative(let.body) or low >= 0 else -1
    return signs


def _reach(e: Expr, known: dict[Expr, tuple[float, float]]) -> tuple[float, float]:
    """Ends between which a sum of parameters with numbers in front lies."""
    match e:
        case Const(value):
            return float(value), float(value)
        case Add(args):
            ends = [_reach(a, known) for a in args]
            return sum(low for low, _ in ends), sum(high for _, high in ends)
        case Mul((Const(value), rest)) if value:
            low, high = sorted(float(value) * end for end in _reach(rest, known))
            return low, high
    return known.get(e, (-inf, inf))


def _share_a_variable(e: Expr) -> bool:
    """Whether one variable moves all the exponentials: sigmoid(f)*c + sigmoid(i)*t is a value of its own, to be used by name."""
    inside = [atoms(n) for n in walk(e) if isinstance(n, Call) and n.fn in EXPONENTIALS]
    return bool(frozenset.intersection(*inside))


def _carried(program: Program) -> set[str]:
    """The names of what recurrences carry, before a step and after it."""
    before = [let for let in program.lets if isinstance(let.body, Carried)]
    return {let.name for let in before} | {let.body.name for let in before}  # type: ignore[attr-defined]


def _adds_to(e: Expr, carried: set[str]) -> bool:
    """Whether it is a sum with a term in what a recurrence carries and no exponentials: c + sigmoid(o), with c as large as it has grown."""
    plain = [t for t in e.args if not has_exponential(t)] if isinstance(e, Add) else []
    return any(isinstance(a, Ref) and a.name in carried for t in plain for a in atoms(t))


def is_element_wise(e: Expr) -> bool:
    """Whether nothing in the tree moves along an axis."""
    return all(isinstance(n, ELEMENT_WISE) for n in walk(e))


def is_argument(e: Expr) -> bool:
    """Whether it is made of sums, products and whole powers of one leaf and constants, or is a product of two leaves."""
    nodes = list(walk(e))
    atoms = [n for n in nodes if isinstance(n, ATOMS)]
    smooth = all(isinstance(n, (Const, Add, Mul, *ATOMS)) or constant_expr(n) or _whole_power(n) for n in nodes)
    if len(atoms) == 1:
        return smooth
    return len(atoms) == 2 and smooth and not any(isinstance(n, Add) for n in nodes)


def _whole_power(n: Expr) -> bool:
    return isinstance(n, Pow) and isinstance(n.exponent, Const) and n.exponent.value.denominator == 1


def _never_negative(e: Expr) -> bool:
    return (isinstance(e, Call) and e.fn in ("abs", "exp")) or (
        isinstance(e, Pow) and isinstance(e.exponent, Const) and e.exponent.value.numerator % 2 == 0
    )


def expanded(e: Expr, exponentials: dict[Expr, Expr], arguments: dict[Expr, Expr]) -> Expr:
    """The tree with lets of exponentials replaced by what they name, except in conditions; inside exponentials, lets of arguments too."""
    choices = {n for n in leaves(e, Ref) if leaves(exponentials.get(n, n), Where)}
    if len(choices) > MOST_CHOICES:
        exponentials = {n: body for n, body in exponentials.items() if n not in choices}
    e = _outside_conditions(e, exponentials)

    def change(n: Expr) -> Expr:
        if not (isinstance(n, Call) and n.fn in EXPONENTIALS):
            return n
        return n.rebuild(tuple(_of_two(substitute(c, arguments), c) for c in n.children))

    return transform(e, change)


def _of_two(seen: Expr, named: Expr) -> Expr:
    """An argument seen through names where that is worth more digits: of at most two variables."""
    return seen if len(atoms(seen)) <= max(2, len(atoms(named))) else named


def _outside_conditions(e: Expr, bodies: dict[Expr, Expr]) -> Expr:
    """The tree with names replaced. What a condition compares is computed once, under its name."""
    done: dict[Expr, Expr] = {}
    for n in walk(e):
        children = tuple(done[c] for c in n.children)
        done[n] = n.rebuild((n.condition, *children[1:]) if isinstance(n, Where) else children) if n.children else bodies.get(n, n)
    return done[e]


def atoms(e: Expr) -> frozenset[Expr]:
    """The leaves of a tree that vary from call to call."""
    return frozenset(leaves(e, *ATOMS))
