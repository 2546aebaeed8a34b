"""Where the floating-point trouble of an expression lies: each input is moved along the number line, the arguments of
exponentials, comparisons and cancelling sums are watched, and the crossings of their critical values are bisected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.evaluate import Numbers, Walker, all_axes, defaults, frame
from derive.checker.floats import Floats
from derive.checker.levels import LEVELS
from derive.checker.recurrences import visit
from derive.language.nodes import Add, Call, Compare, Expr, walk
from derive.language.program import Program

Array = NDArray[Any]
SCAN = "#"
MOST = 96


@dataclass(frozen=True)
class Edge:
    """A value of an input, and what happens there."""

    value: float
    why: str


@dataclass(frozen=True)
class Watch:
    """An expression and a value of it that matters."""

    left: Expr
    right: Expr | None
    target: float
    why: str


def edges(program: Program, typical: Mapping[str, Array], parameters: Numbers, dtype: str) -> dict[str, tuple[Edge, ...]]:
    """For each real input, its edges with every other input at its typical value (one position along every axis)."""
    watched = list(watches(program, dtype))
    numbers = defaults(program, parameters)
    return (
        {i.name: _edges(program, typical, numbers, i.name, watched) for i in program.inputs if i.dtype in ("real", "state")}
        if watched
        else {}
    )


def roots(program: Program, typical: Mapping[str, Array], parameters: Numbers) -> dict[str, tuple[float, ...]]:
    """For each real input, the values at which an output changes sign, everything else at its typical value."""
    watched = [Watch(program.let(o.name).ref, None, 0.0, "root") for o in program.outputs]
    numbers = defaults(program, parameters)
    found = {i.name: _edges(program, typical, numbers, i.name, watched) for i in program.inputs if i.dtype == "real"}
    return {name: tuple(e.value for e in es) for name, es in found.items()}


def watches(program: Program, dtype: str) -> Iterator[Watch]:
    """What to watch in a program, in the order of its lets."""
    for let in program.lets:
        for node in walk(let.body):
            match node:
                case Call("exp", (u,)):
                    yield from (Watch(u, None, t, f"exp({t:.4g})") for t in exponents(dtype))
                case Call("normal_cdf" | "erf" as fn, (u,)):
                    scale = 1 if fn == "normal_cdf" else math.sqrt(2)
                    yield from (
                        Watch(u, None, s * math.sqrt(2 * t) / scale, f"tail of {fn}") for t in exponents(dtype) if t > 0 for s in (1, -1)
                    )
                case Compare(_, left, right):
                    yield Watch(left, right, 0.0, f"kink {node}")
                case Call("abs" | "sign" | "floor", (u,)):
                    yield Watch(u, None, 0.0, f"kink {node}")
                case Add():
                    yield Watch(node, None, 0.0, f"cancellation in {node}")


def exponents(dtype: str) -> tuple[float, ...]:
    """Arguments of exp where it or its reciprocal overflows, turns subnormal or vanishes, a few between those, and where 1 + exp and
    1 - exp lose digits or saturate."""
    level, info = LEVELS[dtype], np.finfo(dtype)
    top, subnormal, vanishes = math.log(float(info.max)), -math.log(float(info.smallest_normal)), -math.log(level.tiny)
    between = [top + share * (vanishes - top) for share in (1 / 16, 1 / 4, 1 / 2, 3 / 4)]
    digits = -math.log(level.u)
    ends = (top, vanishes, subnormal, *between, digits, digits / 2, 2 * digits)
    return (*ends, *(-t for t in ends))


def _line() -> Array:
    magnitudes = np.exp2(np.linspace(-30, 30, 241))
    return np.concatenate([-magnitudes[::-1], [0.0], magnitudes])


def _edges(program: Program, typical: Mapping[str, Array], parameters: Numbers, name: str, watched: list[Watch]) -> tuple[Edge, ...]:
    line = _line()
    series = [np.broadcast_to(s, line.shape) for s in _scan(program, typical, parameters, name, line, watched)]
    found: list[Edge] = []
    brackets: list[tuple[int, float, float, bool]] = []
    for k, s in enumerate(series):
        with np.errstate(all="ignore"):
            crossing = np.flatnonzero(np.isfinite(s[:-1]) & np.isfinite(s[1:]) & (np.sign(s[:-1]) * np.sign(s[1:]) < 0))
        on: Iterable[int] = np.flatnonzero((s == 0) & (np.abs(line) < 2**20)) if np.count_nonzero(s == 0) < 8 else []
        found += [Edge(float(line[j]), watched[k].why) for j in on]
        brackets += [(k, float(line[j]), float(line[j + 1]), bool(s[j] < 0)) for j in crossing]
    found += _bisect(program, typical, parameters, name, watched, brackets[:MOST])
    return tuple({e.value: e for e in found}.values())


def _bisect(
    program: Program,
    typical: Mapping[str, Array],
    parameters: Numbers,
    name: str,
    watched: list[Watch],
    brackets: list[tuple[int, float, float, bool]],
) -> list[Edge]:
    """All brackets narrowed together, one evaluation per halving."""
    if not brackets:
        return []
    low, high = np.array([b[1] for b in brackets]), np.array([b[2] for b in brackets])
    rising = np.array([b[3] for b in brackets])
    rows = np.array([b[0] for b in brackets])
    for _ in range(50):
        middle = (low + high) / 2
        values = np.stack([np.broadcast_to(s, middle.shape) for s in _scan(program, typical, parameters, name, middle, watched)])
        below = (values[rows, np.arange(len(rows))] < 0) == rising
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return [Edge(float(v), watched[k].why) for k, v in zip(rows, low, strict=True)]


def _scan(program: Program, typical: Mapping[str, Array], parameters: Numbers, name: str, line: Array, watched: list[Watch]) -> list[Array]:
    """Each watched difference while one input runs along the line, all others standing still."""
    fr = frame(program, typical, parameters)
    fr = replace(fr, order=(SCAN, *all_axes(program)), sizes={**fr.sizes, SCAN: len(line)})
    leaves = {i.name: fr.spread(typical[i.name], i.names) for i in program.inputs}
    leaves[name] = fr.along(SCAN, line)
    walker = Walker(fr, leaves, parameters, Floats())
    with np.errstate(all="ignore"):
        visit(walker, program)
        return [_difference(walker, w) for w in watched]


def _difference(walker: Walker, w: Watch) -> Array:
    left = walker.value(w.left)
    right = walker.value(w.right) if w.right is not None else 0.0
    difference = np.asarray(left - right - w.target, np.float64)
    if not difference.ndim or not difference.size:
        return np.zeros(1)
    return np.asarray(difference.reshape(len(difference), -1)[:, 0])
