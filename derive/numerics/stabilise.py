"""`stabilise`: the same program in a form that float64 NumPy evaluates accurately and without warnings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derive.calculus.atoms import primitive
from derive.language.nodes import TWO, ZERO, Call, Compare, Expr, Input, Pow, Ref, Where, flatten, substitute, transform, walk
from derive.language.program import Let, Program
from derive.language.recurrence import needed
from derive.numerics.cancelling import uncancelled
from derive.numerics.exponents import HIDDEN, Linear, linear
from derive.numerics.moving import opaque_arguments, unnamed
from derive.numerics.regions import affordable
from derive.numerics.running import running
from derive.numerics.scope import scope
from derive.numerics.shares import beside_one
from derive.numerics.shift import shifted

SHARED = ("exp", "exp_polynomial", "exp_product", "exp_quotient")


def stabilise(program: Program) -> Program:
    """The program with the same inputs, parameters and outputs, and let bodies rewritten into stable forms.

    The bodies may call any of `kernels.KERNELS`. Lets that are no longer used are dropped; exponentials that are used more
    than once get lets of their own (e, and h with e = h^2).
    """
    program = _pruned(running(_each(program, lambda body: flatten(primitive(body)))))
    program, moving = opaque_arguments(uncancelled(beside_one(shifted(program))))
    known = scope(program)
    lets: list[Let] = []
    for let in program.lets:
        lets.append(Let(let.name, flatten(affordable(let.body, known))))
        if let.ref in known.exponentials:
            known.named.setdefault(known.exponentials[let.ref], let.ref)
    program = unnamed(replace(program, lets=tuple(lets)), moving)
    return _pruned(_with_shared(_spelled_alike(_pruned(program))))


def _each(program: Program, change: object) -> Program:
    assert callable(change)
    return replace(program, lets=tuple(Let(let.name, change(let.body)) for let in program.lets))


def _pruned(program: Program) -> Program:
    """Without the lets that no output needs."""
    return replace(program, lets=tuple(needed(program)))


def _spelled_alike(program: Program) -> Program:
    """The program with exponentials of equal arguments spelled as the first of them is."""
    first: dict[Linear, Expr] = {}

    def change(n: Expr) -> Expr:
        return first.setdefault(linear(n.args[0]), n) if isinstance(n, Call) and n.fn == "exp" else n

    return _each(program, lambda body: transform(body, change))


def _with_shared(program: Program) -> Program:
    """Parts used more than once as lets before their first use."""
    names = _Names({let.name for let in program.lets} | {i.name for i in program.inputs} | {p.name for p in program.parameters})
    counts = _uses(let.body for let in program.lets)
    roots = {n.base for n in counts if _is_square(n)}  # type: ignore[attr-defined]
    places: dict[Expr, Expr] = {let.body: let.ref for let in program.lets if isinstance(let.body, Call)}
    lets: list[Let] = []
    for let in program.lets:
        for n in walk(let.body):
            name = _name(n, roots) if n not in places and counts.get(n, 0) > 1 else None
            if name:
                lets.append(Let(names.new(name), _replaced(n.rebuild(n.children), places)))
                places[n] = lets[-1].ref
        lets.append(Let(let.name, _replaced(let.body, {n: ref for n, ref in places.items() if ref != let.ref})))
    return replace(program, lets=tuple(lets))


def _name(n: Expr, roots: set[Expr]) -> str | None:
    """The name of a part worth sharing: h and e = h^2 for exponentials, the bounded leaf of a guard, the normal tail."""
    if _is_shared(n):
        return "h" if n in roots else "e"
    if _is_square(n):
        return "e"
    if isinstance(n, Call) and n.fn == "normal_tail_ratio":
        return "tail"
    if isinstance(n, Where) and isinstance(n.condition, Compare) and _is_shared(n.condition.left) and n.other == ZERO:
        chosen = n.chosen
        return f"{chosen.name}_bounded" if isinstance(chosen, (Input, Ref)) and HIDDEN not in chosen.name else "bounded"
    return None


def _replaced(body: Expr, places: dict[Expr, Expr]) -> Expr:
    """The body with shared parts named, larger ones first."""
    for n in reversed([n for n in walk(body) if n in places]):
        body = substitute(body, {n: places[n]})
    return body


def _is_shared(n: Expr) -> bool:
    return isinstance(n, Call) and n.fn in SHARED


def _is_square(n: Expr) -> bool:
    return isinstance(n, Pow) and n.exponent == TWO and _is_shared(n.base)


def _uses(bodies: Iterable[Expr]) -> dict[Expr, int]:
    """How many nodes have each expression as a child."""
    counts: dict[Expr, int] = {}
    for node in dict.fromkeys(n for body in bodies for n in walk(body)):
        for child in node.children:
            counts[child] = counts.get(child, 0) + 1
    return counts


class _Names:
    """Names that are not taken."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def new(self, name: str) -> str:
        """The name, or the name with the first free number."""
        count, unique = 1, name
        while unique in self.taken:
            count += 1
            unique = f"{name}_{count}"
        self.taken.add(unique)
        return unique
