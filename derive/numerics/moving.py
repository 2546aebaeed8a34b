"""What moves along axes inside the argument of an exponential: a letter to the rewriting of exponentials, like any variable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.language.nodes import Add, At, Call, Delta, Expr, Input, Iota, Reduce, Ref, leaves, mul, reciprocal, substitute, transform, walk
from derive.language.program import Let, Program
from derive.numerics.reading import EXPONENTIALS, has_exponential

MOVING = (At, Delta, Iota, Reduce)
ROUNDED = ("sum", "mean", "logsumexp")
SQUARED = ("normal_cdf", "erf")  # their tails are exponentials of the square of their argument
WITH_MORE_DIGITS = ("exp_product", "exp_quotient")


def opaque_arguments(program: Program) -> tuple[Program, frozenset[str]]:
    """The program in which each sum, read or position inside an exponential is a let of its own, and the names of these lets.

    In tanh(sum(w*x, D) + b) that is sum(w*x, D), in normal_cdf(w*x + b) it is w*x + b. What holds exponentials itself stays.
    """
    lets: list[Let] = []
    named: dict[Expr, Expr] = {}
    for let in program.lets:
        for node in _inside_exponentials(let.body):
            if node not in named:
                lets.append(Let(f"%{len(named)}", node))
                named[node] = lets[-1].ref
        lets.append(Let(let.name, _replaced(let.body, named)))
    return replace(program, lets=tuple(lets)), frozenset(ref.name for ref in named.values() if isinstance(ref, Ref))


def unnamed(program: Program, names: frozenset[str]) -> Program:
    """The program with these lets written out again.

    A sum has been rounded, so its product or quotient in an exponential is not worth more digits than that.
    """
    bodies: dict[Expr, Expr] = {}
    kept: list[Let] = []
    sums: set[Expr] = {let.ref for let in program.lets if let.name in names and isinstance(let.body, Reduce) and let.body.how in ROUNDED}
    for let in program.lets:
        body = substitute(transform(let.body, lambda n: _plain(n, sums)), bodies)
        if let.name in names:
            bodies[let.ref] = body
        else:
            kept.append(Let(let.name, body))
    return replace(program, lets=tuple(kept))


def _plain(node: Expr, sums: set[Expr]) -> Expr:
    if isinstance(node, Call) and node.fn in WITH_MORE_DIGITS and any(n in sums for a in node.args for n in walk(a)):
        first, second = node.args
        return Call("exp", (mul(first, second if node.fn == "exp_product" else reciprocal(second)),))
    return node


def _inside_exponentials(body: Expr) -> Iterator[Expr]:
    """The largest parts that move along axes and hold no exponentials, of all arguments of exponentials."""
    for node in walk(body):
        if isinstance(node, Call) and node.fn in EXPONENTIALS:
            stack = list(node.args)
            while stack:
                part = stack.pop()
                if (isinstance(part, MOVING) or (node.fn in SQUARED and _is_sum(part))) and not has_exponential(part):
                    yield part
                else:
                    stack.extend(part.children)


def _is_sum(e: Expr) -> bool:
    """Whether its square has a product of two of its terms, which may be infinite where the square is not."""
    return isinstance(e, Add) and sum(bool(leaves(t, Input, Ref)) for t in e.args) > 1


def _replaced(body: Expr, named: dict[Expr, Expr]) -> Expr:
    """The body with named parts by name, the larger ones first; what is inside them needs no name there."""
    for node in reversed([n for n in walk(body) if n in named]):
        body = substitute(body, {node: named[node]})
    return body
