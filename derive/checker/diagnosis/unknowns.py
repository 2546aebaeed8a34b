"""Places where a mistake may have put an unknown number: a factor, a term, a floor or a ceiling at some node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.tape import Change, Changed, Tape
from derive.language.nodes import ZERO, Call, Compare, Const, Expr, Input, Iota, Param, Pow, Ref, Size, Where, walk
from derive.language.program import Program

Array = NDArray[Any]
LEAVES = (Const, Param, Size, Iota)
POWERS = np.exp2(np.linspace(-108, 14, 123))
NEAR_ONE = np.exp2(np.linspace(-9, 9, 73)) * 1.01
WHOLE = np.concatenate([-POWERS[::-1], [0.0], POWERS])
AROUND = np.concatenate([-NEAR_ONE[::-1], [0.0], NEAR_ONE])


@dataclass(frozen=True)
class Unknown:
    """A place for a number: how the mistake reads, what it does with the number at which nodes, the numbers tried first, the number
    that changes nothing, and nodes that stay as they are although what they are made of changes."""

    words: str
    nodes: tuple[Expr, ...]
    change: Callable[[Array, Changed, Array], Any]
    line: Array
    neutral: float | None = None
    kept: tuple[Expr, ...] = ()

    def at(self, values: Array, tape: Tape) -> dict[Expr, Change]:
        """The change with these numbers, along the first dimension."""
        column = np.asarray(values).reshape([-1] + [1] * (len(tape.walker.frame.order) - 1))
        return {**{n: partial(self.change, column) for n in self.nodes}, **{n: partial(_as_before, n) for n in self.kept}}


# fmt: off
def factor(c: Array, w: Changed, own: Array) -> Any:   return c * own
def _term(c: Array, w: Changed, own: Array) -> Any:     return c + own
def _floor(c: Array, w: Changed, own: Array) -> Any:    return np.maximum(c, own)
def _ceiling(c: Array, w: Changed, own: Array) -> Any:  return np.minimum(c, own)
def _both(c: Array, w: Changed, own: Array) -> Any:     return np.clip(own, -np.abs(c), np.abs(c))
def _unit(c: Array, w: Changed, own: Array) -> Any:     return np.clip(own, c, 1 - c)
def _instead(c: Array, w: Changed, own: Array) -> Any:  return c + 0 * own
# fmt: on


def _beside(c: Array, w: Changed, own: Array) -> Any:
    return own + c


def _under(c: Array, w: Changed, own: Array) -> Any:
    return own / (1 + c * own)


def _masked_by(condition: Expr, c: Array, w: Changed, own: Array) -> Any:
    return np.where(np.asarray(w.done[condition]), own, np.exp(c))


def _as_before(node: Expr, w: Changed, own: Array) -> Any:
    return w.done.below[node]  # type: ignore[attr-defined]


def _smooth(u: Expr, c: Array, w: Changed, own: Array) -> Any:
    return w.done[u] / (np.abs(w.done[u]) + c)


def unknowns(program: Program) -> Iterator[Unknown]:
    """Every place for a number, numbers of the formula first."""
    nodes = tuple(dict.fromkeys(n for let in program.lets for n in (*walk(let.body), let.ref)))
    exponents = {n.exponent for n in nodes if isinstance(n, Pow)}
    for n in nodes:
        if isinstance(n, Const) and n not in exponents:
            yield Unknown(f"the constant {n.brief} is {{}}", (n,), _instead, AROUND * float(n.value or 1), float(n.value))
        if isinstance(n, Param):
            yield Unknown(f"the parameter {n.name} is ignored: it is always {{}}", (n,), _instead, WHOLE)
        if isinstance(n, Call) and n.fn == "pi":
            yield Unknown("the constant pi is {}", (n,), _instead, AROUND * np.pi, np.pi)
    for n in nodes:
        if isinstance(n, Where) and isinstance(n.chosen, Call) and n.chosen.fn == "exp" and n.other == ZERO:
            words = f"where {n.condition.brief} does not hold, {n.chosen.args[0].brief} is {{}}, not minus infinity: the mask leaks"
            yield Unknown(words, (n,), partial(_masked_by, n.condition), -POWERS[::-1])
            guards = tuple(c for c in nodes if isinstance(c, Compare) and c != n.condition)
            if guards:
                yield Unknown(f"{words} (but is guarded)", (n,), partial(_masked_by, n.condition), -POWERS[::-1], kept=guards)
    yield from _guards(nodes)
    inner = [n for n in nodes if n.kind == "real" and not isinstance(n, LEAVES) and getattr(n, "dtype", "real") == "real"]
    for n in (n for n in inner if not isinstance(n, Ref)):
        yield Unknown(f"a factor {{}} on {n.brief}", (n,), factor, AROUND, 1.0)
    named = [n for n in inner if not isinstance(n, Ref) and (isinstance(n, Input) or n in {let.body for let in program.lets})]
    for n in named:
        yield Unknown(f"a constant {{}} is added to {n.brief}", (n,), _term, WHOLE, 0.0)
    for n in named:
        yield Unknown(f"clip: {n.brief} is never below {{}}", (n,), _floor, WHOLE)
        yield Unknown(f"clip: {n.brief} is never above {{}}", (n,), _ceiling, WHOLE)
        yield Unknown(f"clip: {n.brief} is kept within +-{{}}", (n,), _both, POWERS)
        yield Unknown(f"clip: {n.brief} is kept within {{}} of 0 and 1", (n,), _unit, POWERS)


def _guards(nodes: Sequence[Expr]) -> Iterator[Unknown]:
    """Small numbers against zero: inside one logarithm, divisor or root, inside all of a kind, or beside them."""
    logs = tuple(n for n in nodes if isinstance(n, Call) and n.fn == "log")
    divisors = tuple(n for n in nodes if isinstance(n, Pow) and isinstance(n.exponent, Const) and n.exponent.value < 0)
    powers = tuple(n for n in nodes if isinstance(n, Pow) and isinstance(n.exponent, Const) and n.exponent.value > 0)
    roots = tuple(n for n in divisors + powers if isinstance(n.exponent, Const) and n.exponent.value.denominator == 2)
    signs = tuple(n for n in nodes if isinstance(n, Call) and n.fn in ("sign", "abs"))
    for word, kind in (("logarithm", logs), ("divisor", divisors), ("root", roots), ("absolute value", signs)):
        inside = tuple(dict.fromkeys(n.children[0] for n in kind))
        for some in dict.fromkeys((*((n,) for n in inside), *((inside,) if len(inside) > 1 else ()))):
            shown = some[0].brief if len(some) == 1 else f"each {word}"
            yield Unknown(f"epsilon {{}} is added inside the {word}: to {shown}", some, _term, WHOLE, 0.0)
            yield Unknown(f"clip at {{}} inside the {word}: {shown} is never below it", some, _floor, WHOLE)
            yield Unknown(f"clip to [{{}}, 1 - {{}}] inside the {word}: {shown}", some, _unit, POWERS)
    if len(logs) > 1:
        yield Unknown("clip: no logarithm is below {}", logs, _floor, WHOLE)
    for change, some in ((_beside, [n for n in roots if n in powers]), (_under, [n for n in roots if n in divisors])):
        for n in some:
            yield Unknown(f"epsilon {{}} is added outside the root of {n.brief}", (n,), change, WHOLE, 0.0)
        if len(some) > 1:
            yield Unknown("epsilon {} is added to each root", tuple(some), change, WHOLE, 0.0)
    for sign in (n for n in signs if n.fn == "sign"):
        words = f"epsilon {{}} in a smooth sign: u/(abs(u) + {{}}) for {sign.brief}"
        yield Unknown(words, (sign,), partial(_smooth, sign.children[0]), POWERS)
