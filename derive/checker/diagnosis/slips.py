"""Slips of the chain rule at one place: a power's factor or exponent, the slope of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.adjoint import SLOPES, Parts, parts
from derive.checker.diagnosis.edits.formula import as_tanh
from derive.checker.evaluate import Walker
from derive.language.nodes import Call, Const, Expr, Input, Pow, Ref, leaves, transform, walk
from derive.language.program import Let, Program

Array = NDArray[Any]
Times = Callable[[Walker], Any]  # what the slip multiplies a flow by


def slips(program: Program) -> Iterator[tuple[str, Parts]]:
    """Each slip in words, and the rule of differentiation that makes it."""
    nodes = dict.fromkeys(n for let in program.lets for n in walk(let.body))
    for node in (n for n in nodes if leaves(n, Input, Ref)):
        for words, times in _slips_at(node):
            yield f"{words} when {node.brief} is differentiated", _slipping(node, times)


def with_tanh(program: Program) -> Program:
    """The program with quotients of exponentials that are a tanh called that: differentiated as such they keep their digits."""
    return replace(program, lets=tuple(Let(let.name, transform(let.body, as_tanh)) for let in program.lets))


def _slips_at(node: Expr) -> Iterator[tuple[str, Times]]:
    match node:
        case Pow(base, Const(p)) if p not in (0, 1):
            yield f"the factor {p} is left out", lambda w: 1 / float(p)
            yield "the exponent is not lowered", lambda w: w.done[base]
        case Call(fn, (x,)) if fn in SLOPES:
            yield f"the slope of {fn} is left out", lambda w: 1 / np.asarray(SLOPES[fn](w.done[x], w.done[node]))


def _slipping(at: Expr, times: Times) -> Parts:
    def slipped(w: Walker, node: Expr, g: Array) -> list[tuple[Expr, Array]]:
        found = parts(w, node, g)
        return [(child, flow * times(w)) for child, flow in found] if node == at else found

    return slipped
