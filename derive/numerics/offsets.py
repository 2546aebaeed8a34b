"""Numbers in the arguments of exponentials: taken out where they cancel, as whatever is added to a large number loses its digits.

In the derivative of logsumexp(where(c, x, -1e30)) the canonical form has where(c, x + 1e30, 0), which is where(c, x, -1e30) + 1e30.
"""

from __future__ import annotations

from dataclasses import replace

from derive.language.nodes import Add, Call, Const, Expr, Where, add, transform, where
from derive.language.program import Let, Program


def numbers_in_front(program: Program) -> Program:
    """The program with where(c, a + k, b) in exponentials, k and b being numbers, as where(c, a, b - k) + k."""

    def change(n: Expr) -> Expr:
        if not isinstance(n, Where):
            return n
        for chosen, other in ((n.chosen, n.other), (n.other, n.chosen)):
            k = number_in(chosen)
            if k is not None and isinstance(other, Const):
                rest, left = add(*(t for t in chosen.children if t is not k)), Const(other.value - k.value)
                branches = (rest, left) if chosen is n.chosen else (left, rest)
                return add(where(n.condition, *branches), k)
        return n

    def inside(n: Expr) -> Expr:
        return Call("exp", (transform(n.args[0], change),)) if isinstance(n, Call) and n.fn == "exp" else n

    return replace(program, lets=tuple(Let(let.name, transform(let.body, inside)) for let in program.lets))


def number_in(argument: Expr) -> Const | None:
    """The number that is one of several terms."""
    terms = argument.args if isinstance(argument, Add) else ()
    return next((t for t in terms if isinstance(t, Const)), None)
