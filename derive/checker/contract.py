"""What an op promises, read off its program alone: axes, domains, kinks, and the inputs where floats go wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.edges import Edge, edges
from derive.checker.evaluate import Numbers, all_axes, evaluate, holds
from derive.checker.floats import Floats
from derive.checker.shapes import axes_of, legal_sizes
from derive.language.nodes import At, Call, Compare, Const, Delta, Expr, Input, Reduce, Ref, Size, base_axis, leaves, walk
from derive.language.operation import Op
from derive.language.program import Parameter, Program
from derive.language.ranges import Between, NonNegative, Positive, Range, Scalar

Array = NDArray[Any]
KINDS = ("real", "state")  # inputs that hold real numbers; a state is not differentiated
UNIT = Between(0, 1)
WIDEST = (Scalar, Positive, UNIT)  # what is tried for an input that declares no range, the widest first
TRIED = 3  # values of each parameter; one more of whole numbers, that below the default
MANY = 9  # axes, beyond which few positions along each must do
FAR = 20.0  # beyond which a number stands for the end of a range with two ends


@dataclass(frozen=True)
class Contract:
    """The legal calls of an op.

    `domains` says which reals each real input may hold, `choices` the values tried for each parameter,
    its default first; `simplices` maps an input to the axis along which the definition assumes that it sums to one.
    """

    op: Op
    domains: Mapping[str, Range]
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
        return edges(self.program, typical(self.program, self.domains, 1, 1, parameters), parameters, dtype)


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
            case Compare(_, left, right) if any(getattr(leaf, "dtype", "real") in KINDS for leaf in leaves(n, Input, Ref)):
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


def typical(program: Program, domain: Mapping[str, Range], n: int, seed: int, given: Numbers | None = None) -> dict[str, Array]:
    """Moderate inputs with n positions along every axis, or the fewest beyond that with which a call is legal."""
    rng = np.random.default_rng(seed)
    parameters: dict[str, float | Fraction] = {**_typical_parameters(program), **(given or {})}
    sizes = legal_sizes(program, dict.fromkeys(axes_of(program), n), parameters)
    return {i.name: _typical_input(i, domain.get(i.name, Scalar), sizes, n, rng) for i in program.inputs}


def _typical_input(i: Input, domain: Range, sizes: Mapping[str, int], n: int, rng: np.random.Generator) -> Array:
    shape = tuple(sizes.get(base_axis(a), n) for a in i.names)
    if i.dtype == "count":
        return np.asarray(2)
    return rng.integers(0, sizes[i.into or ""], shape) if i.dtype == "index" else into_domain(rng.normal(size=shape), domain)


def into_domain(x: Array, domain: Range) -> Array:
    """Any reals moved into the domain, keeping their sizes where possible; far ones to the ends that belong to it."""
    if domain.values:
        return _one_of(x, domain.values)
    if math.isfinite(domain.low) and math.isfinite(domain.high):
        share = np.clip(1 / (1 + np.exp2(-np.clip(x, -20, 20))), 2.0**-20, 1 - 2.0**-10)
        share = np.where((x < -FAR) & domain.low_included, 0, np.where((x > FAR) & domain.high_included, 1, share))
        return np.asarray(domain.low + (domain.high - domain.low) * share)
    if domain.low == -math.inf:
        return x if domain.high == math.inf else np.asarray(-into_domain(-x, Range(-domain.high, math.inf, domain.high_included)))
    above = np.abs(x) if domain.low_included else np.where(x == 0, 1.0, np.abs(x))
    return np.asarray(domain.low + above)


def _one_of(x: Array, values: tuple[float, ...]) -> Array:
    """Each real replaced by one of a few numbers, small ones by the first and large ones by the last."""
    share = 1 / (1 + np.exp2(-np.clip(x, -FAR, FAR)))
    return np.asarray(np.asarray(values)[np.minimum((share * len(values)).astype(int), len(values) - 1)])


def inside(x: Array, domain: Range) -> Array:
    """Where the numbers of an array lie in the domain."""
    if domain.values:
        return np.asarray(np.isin(x, domain.values))
    above = x >= domain.low if domain.low_included else x > domain.low
    below = x <= domain.high if domain.high_included else x < domain.high
    return np.asarray((above | (domain.low == -math.inf)) & (below | (domain.high == math.inf)))


def kept_inside(x: Array, domain: Range) -> Array:
    """The numbers of an array that rounding left in the domain, and for the others one from its inside."""
    kept = inside(x, domain)
    return x if bool(np.all(kept)) else np.where(kept, x, into_domain(np.zeros(()), domain).astype(x.dtype))


def domains(program: Program) -> dict[str, Range]:
    """The range of each real input: as declared; else the widest on which the definition is a number, found by trying: all
    inputs in the same domain first, then each in the widest that keeps the definition a number."""
    sums = dict(_simplices(program))
    declared = {i.name: i.limits for i in float_inputs(program) if i.limits != Scalar}
    names = [i.name for i in float_inputs(program) if i.name not in declared]
    starts = [declared | {name: UNIT if name in sums else d for name in names} for d in WIDEST]
    scores = [_undefined(program, s) for s in starts]
    found, least = starts[scores.index(min(scores))], min(scores)
    for name in names:
        if least and name not in sums:
            found = min(({**found, name: d} for d in WIDEST), key=lambda f: (_undefined(program, f), WIDEST.index(f[name])))
    least = _undefined(program, found)
    for name in (n for n in names if n not in sums):
        found[name] = next(d for d in WIDEST if _undefined(program, {**found, name: d}) <= least)
    for name in names:
        if found[name] == Positive and not _undefined(program, found, zero=name):
            found[name] = NonNegative
    return {i.name: found[i.name] for i in float_inputs(program)}


def choices(program: Program, domain: Mapping[str, Range]) -> dict[str, tuple[float, ...]]:
    """For each parameter the values, away from its default too, that the definition allows and at which it is still a number."""
    defaults = _typical_parameters(program)
    alone = [r for r in program.requirements if not leaves(r, Size)]

    def works(name: str, value: float) -> bool:
        with suppress(ZeroDivisionError):  # a stride of 0, say, where the definition allows one
            return value == defaults[name] or not _undefined(program, domain, given={name: value})
        return False

    def allowed(name: str, value: float) -> bool:
        return all(holds(r, {}, {**defaults, name: value}) for r in alone)

    tried = {p.name: [v for v in parameter_values(p) if allowed(p.name, v)][: TRIED + p.integer] for p in program.parameters}
    return {name: tuple(v for v in values if works(name, v)) for name, values in tried.items()}


def _undefined(program: Program, domain: Mapping[str, Range], zero: str | None = None, given: Numbers | None = None) -> int:
    """How many numbers of the program's outputs are nan or infinite at moderate inputs."""
    inputs = typical(program, domain, 5 if len(all_axes(program)) <= MANY else 2, 7, given)
    if zero is not None:
        inputs[zero] = np.zeros_like(inputs[zero])
    given = {**_typical_parameters(program), **(given or {})}
    with np.errstate(all="ignore"):
        _, named = evaluate(program, inputs, given, Floats())
    return sum(int(np.sum(~np.isfinite(named[o.name]))) for o in program.outputs)


def _typical_parameters(program: Program) -> dict[str, float]:
    return {p.name: typical_parameter(p) for p in program.parameters}


def typical_parameter(p: Parameter) -> float:
    """The default, or the first of a few round numbers in the range."""
    return float(p.default) if p.default is not None else parameter_values(p)[0]


def parameter_values(p: Parameter) -> list[float]:
    """The default (if any), then values away from it, all within the range."""
    d = float(p.default) if p.default is not None else None
    middle = (p.low + p.high) / 2 if math.isfinite(p.low + p.high) else 1.0
    beyond = 0.8 if d is None or 0 < d <= 0.5 else d * 3  # a share stays one: max(x, slope*x) is a leaky relu up to slope 1
    whole = [] if d is None else [d, d + 1, d + 2, d - 1] if d >= 0 else [d, 0.0, 1.0]
    tried = whole if p.integer or d is None else [d, d * 100, 0.1] if 0 < d < 0.01 else [d, d * 0.5, beyond]
    values = [*tried, middle, 1.0, 2.0, 0.5, 0.9]
    return [v for v in dict.fromkeys(values) if p.admits(v)]


def _in_words(domain: Range) -> str:
    return "real" if domain == Scalar else f"real in {domain}"


def text(c: Contract) -> str:
    """The contract in lines of plain text."""
    lines = [f"{c.op.name}: {c.op.summary}", "inputs"]
    for i in c.program.inputs:
        position = f"position along {i.into}{'' if i.spare is None else f', or {i.spare}'}{i.exception}"
        kind = {"index": position, "count": "counts from 1"}.get(i.dtype) or _in_words(c.domains[i.name])
        lines.append(
            f"  {i.name:<12} ({', '.join(i.names)})  {kind}"
            + (f", sums to one along {c.simplices[i.name]}" if i.name in c.simplices else "")
        )
    lines += ["parameters"] * bool(c.program.parameters)
    lines += [f"  {p.name:<12} {p.range}, default {float(p.default) if p.default is not None else 'none'}" for p in c.program.parameters]
    lines += ["outputs", *(f"  {o.name:<12} ({', '.join(o.names)})" for o in c.program.outputs)]
    lines += ["requires"] * bool(c.program.requirements) + [f"  {r}" for r in c.program.requirements]
    lines += ["kinks"] * bool(c.kinks) + [f"  {k}" for k in c.kinks]
    return "\n".join(lines)
