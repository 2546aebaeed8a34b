"""What an op promises, read off its program alone: axes, domains, kinks, and the inputs where floats go wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.edges import Edge, edges
from derive.checker.evaluate import Numbers, evaluate
from derive.checker.floats import Floats
from derive.language.nodes import At, Call, Compare, Const, Delta, Expr, Input, Reduce, walk
from derive.language.operation import Op
from derive.language.program import Parameter, Program

Array = NDArray[Any]
KINDS = ("real", "state")  # inputs that hold real numbers; a state is not differentiated
DOMAINS = ("real", "nonnegative", "positive", "unit")


@dataclass(frozen=True)
class Contract:
    """The legal calls of an op.

    `domains` says which reals each real input may hold (one of DOMAINS), `choices` the values tried for each parameter,
    its default first; `simplices` maps an input to the axis along which the definition assumes that it sums to one.
    """

    op: Op
    domains: Mapping[str, str]
    choices: Mapping[str, tuple[float, ...]]
    simplices: Mapping[str, str]
    kinks: tuple[str, ...]
    elementwise: bool

    @property
    def program(self) -> Program:
        """The definition."""
        return self.op.program

    def edges(self, parameters: Numbers, dtype: str) -> Mapping[str, tuple[Edge, ...]]:
        """The values of each real input where something happens: overflow, saturation, a kink, a root."""
        return edges(self.program, self._typical(1, 1), parameters, dtype)

    def _typical(self, n: int, seed: int) -> dict[str, Array]:
        return typical(self.program, self.domains, n, seed)


def float_inputs(program: Program) -> tuple[Input, ...]:
    """The inputs that hold real numbers, states included."""
    return tuple(i for i in program.inputs if i.dtype in KINDS)


def contract(op: Op) -> Contract:
    """The contract of an op."""
    program = op.program
    nodes = [n for let in program.lets for n in walk(let.body)]
    found = domains(program)
    kinks = tuple(dict.fromkeys(_kinks(nodes)))
    elementwise = not any(isinstance(n, (Reduce, At, Delta)) for n in nodes)
    return Contract(op, found, choices(program, found), dict(_simplices(program)), kinks, elementwise)


def _kinks(nodes: list[Expr]) -> Iterator[str]:
    for n in nodes:
        match n:
            case Compare(_, left, right):
                yield f"{left} = {right}"
            case Call("abs" | "sign" | "floor", (inner,)):
                yield f"{inner} = 0" if n.fn != "floor" else f"{inner} an integer"
            case Reduce("max" | "min" | "argmax" | "argmin", body, over):
                yield f"ties of {body} along {' '.join(over)}"


def _simplices(program: Program) -> Iterator[tuple[str, str]]:
    for h in program.hypotheses:
        match h.left, h.right:
            case Reduce("sum", Input() as i, (axis,)), Const(Fraction(numerator=1, denominator=1)):
                yield i.name, axis


def typical(program: Program, domain: Mapping[str, str], n: int, seed: int) -> dict[str, Array]:
    """Moderate inputs with n positions along every axis."""
    rng = np.random.default_rng(seed)
    return {i.name: _typical_input(i, domain.get(i.name, "real"), n, rng) for i in program.inputs}


def _typical_input(i: Input, domain: str, n: int, rng: np.random.Generator) -> Array:
    shape = tuple(n for _ in i.names)
    if i.dtype == "count":
        return np.asarray(2)
    return rng.integers(0, n, shape) if i.dtype == "index" else into_domain(rng.normal(size=shape), domain)


def into_domain(x: Array, domain: str) -> Array:
    """Any reals moved into the domain, keeping their sizes where possible."""
    if domain == "unit":
        return np.asarray(np.clip(1 / (1 + np.exp2(-np.clip(x, -20, 20))), 2.0**-20, 1 - 2.0**-10))
    if domain == "positive":
        return np.asarray(np.where(x == 0, 1.0, np.abs(x)))
    return np.abs(x) if domain == "nonnegative" else x


def domains(program: Program) -> dict[str, str]:
    """The widest domain of each real input on which the definition is a number, found by trying: all inputs in the same
    domain first, then each in the widest that keeps the definition a number."""
    names, sums = [i.name for i in float_inputs(program)], dict(_simplices(program))
    tried = [d for d in DOMAINS if d != "nonnegative"]
    starts = [{name: "unit" if name in sums else d for name in names} for d in tried]
    scores = [_undefined(program, s) for s in starts]
    found, least = starts[scores.index(min(scores))], min(scores)
    for name in names:
        if least and name not in sums:
            found = min(({**found, name: d} for d in tried), key=lambda f: (_undefined(program, f), tried.index(f[name])))
    least = _undefined(program, found)
    for name in (n for n in names if n not in sums):
        found[name] = next(d for d in tried if _undefined(program, {**found, name: d}) <= least)
    for name, domain in found.items():
        if domain == "positive" and not _undefined(program, found, zero=name):
            found[name] = "nonnegative"
    return found


def choices(program: Program, domain: Mapping[str, str]) -> dict[str, tuple[float, ...]]:
    """For each parameter the values, away from its default too, at which the definition is still a number."""

    def works(name: str, value: float) -> bool:
        return value == typical_parameter(next(p for p in program.parameters if p.name == name)) or not _undefined(
            program, domain, given={name: value}
        )

    return {p.name: tuple(v for v in parameter_values(p) if works(p.name, v)) for p in program.parameters}


def _undefined(program: Program, domain: Mapping[str, str], zero: str | None = None, given: Numbers | None = None) -> int:
    """How many numbers of the program's outputs are nan or infinite at moderate inputs."""
    inputs = typical(program, domain, 5, 7)
    if zero is not None:
        inputs[zero] = np.zeros_like(inputs[zero])
    given = {**{p.name: typical_parameter(p) for p in program.parameters}, **(given or {})}
    with np.errstate(all="ignore"):
        _, named = evaluate(program, inputs, given, Floats())
    return sum(int(np.sum(~np.isfinite(named[o.name]))) for o in program.outputs)


def typical_parameter(p: Parameter) -> float:
    """The default, or the first of a few round numbers in the range."""
    return float(p.default) if p.default is not None else parameter_values(p)[0]


def parameter_values(p: Parameter) -> list[float]:
    """The default (if any), then values away from it, all within the range."""
    d = float(p.default) if p.default is not None else None
    middle = (p.low + p.high) / 2 if math.isfinite(p.low + p.high) else 1.0
    beyond = 2.5 if d is None or 0 < d <= 0.5 else d * 3  # on the other side of 1
    tried = [] if d is None else [d, d + 1, d + 2] if p.integer else [d, d * 100, 0.1] if 0 < d < 0.01 else [d, d * 0.5, beyond]
    values = [*tried, middle, 1.0, 2.0, 0.5, 0.9]
    kept = [v for v in dict.fromkeys(values) if p.admits(v)]
    return kept[:3]


def text(c: Contract) -> str:
    """The contract in lines of plain text."""
    lines = [f"{c.op.name}: {c.op.summary}", "inputs"]
    for i in c.program.inputs:
        kind = {"index": f"position along {i.into}", "count": "counts from 1"}.get(i.dtype) or c.domains[i.name]
        lines.append(
            f"  {i.name:<12} ({', '.join(i.names)})  {kind}"
            + (f", sums to one along {c.simplices[i.name]}" if i.name in c.simplices else "")
        )
    lines += ["parameters"] * bool(c.program.parameters)
    lines += [f"  {p.name:<12} {p.range}, default {float(p.default) if p.default is not None else 'none'}" for p in c.program.parameters]
    lines += ["outputs", *(f"  {o.name:<12} ({', '.join(o.names)})" for o in c.program.outputs)]
    lines += ["kinks"] * bool(c.kinks) + [f"  {k}" for k in c.kinks]
    return "\n".join(lines)
