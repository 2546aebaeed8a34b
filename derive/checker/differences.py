"""Derived gradients against finite differences of the generated value, and the adjoint identity of VJP and JVP."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.contract import Contract, into_domain
from derive.checker.evaluate import probe
from derive.checker.floats import Floats
from derive.checker.inputs import Case, Sample, sample
from derive.language.nodes import Call, Compare, Expr, Reduce, leaves
from derive.language.ranges import Range

Array = NDArray[Any]
STEP = 1 / 64
ATTEMPTS = 12


@dataclass(frozen=True)
class Direction:
    """A moderate call and directions of its real inputs along which no kink is met."""

    sample: Sample
    moves: Mapping[str, Array]

    def at(self, t: float) -> dict[str, Array]:
        """The inputs moved by t."""
        return {n: x + t * self.moves[n] if n in self.moves else x for n, x in self.sample.inputs.items()}


def directions(c: Contract, count: int, seed: int) -> list[Direction]:
    """Directions at moderate inputs, away from kinks; fewer than `count` if kinks are dense. Those along which the definition,
    computed as it stands, is a number come first: where it has no value (all of a row is masked), nothing has a slope."""
    found: list[Direction] = []
    without: list[Direction] = []
    for k in range(count * ATTEMPTS):
        d = _direction(c, seed + k, ("odd", "square")[k % 2])
        if _smooth(c, d):
            (found if _has_value(c, d) else without).append(d)
        if len(found) == count:
            break
    return found or without[:count]


def _has_value(c: Contract, d: Direction) -> bool:
    """Whether the outputs are finite at both ends of the steps taken."""
    outputs = [c.program.let(o.name).ref for o in c.program.outputs]
    with np.errstate(all="ignore"):
        ends = (probe(c.program, d.at(t), d.sample.parameters, outputs, Floats())[1] for t in (-STEP, STEP))
        return all(np.isfinite(np.asarray(y, np.float64)).all() for values in ends for y in values)


def _direction(c: Contract, seed: int, shape: str) -> Direction:
    s = sample(c, Case(shape, "plain", 0, "C", seed), "float64")
    rng = np.random.default_rng(seed + 1)
    inputs = {n: _inside(x, c.domains[n]) if n in c.domains and n not in c.simplices else x for n, x in s.inputs.items()}
    moved = [i.name for i in c.program.real_inputs if i.name not in c.simplices]
    return Direction(replace(s, inputs=inputs), {n: rng.normal(size=np.shape(inputs[n])) for n in moved})


def _inside(x: Array, domain: Range) -> Array:
    """Far enough from the border of the domain to be moved."""
    if math.isfinite(domain.low) and math.isfinite(domain.high):
        margin = (domain.high - domain.low) / 5
        return np.asarray(np.clip(x, domain.low + margin, domain.high - margin))
    return np.asarray(into_domain(x, domain) + (0.25 if math.isfinite(domain.low) else -0.25 if math.isfinite(domain.high) else 0))


def _smooth(c: Contract, d: Direction) -> bool:
    """Whether no comparison, sign, or tie changes within the steps taken."""
    nodes = _choices(c)
    if not nodes:
        return True
    seen = [_signature(c, nodes, d, t) for t in np.linspace(-1, 1, 5) * STEP]
    return all(s == seen[0] for s in seen)


def _choices(c: Contract) -> list[Expr]:
    found: list[Expr] = []
    for let in c.program.lets:
        for node in leaves(let.body, Compare, Call, Reduce):
            match node:
                case Compare():
                    found.append(node)
                case Call("abs" | "sign" | "floor", (inner,)):
                    found.append(Call("sign" if node.fn != "floor" else "floor", (inner,)))
                case Reduce("max" | "min" | "argmax" | "argmin", body, over):
                    found.append(Reduce("arg" + node.how[-3:], body, over[:1]))
    return found


def _signature(c: Contract, nodes: Sequence[Expr], d: Direction, t: float) -> bytes:
    with np.errstate(all="ignore"):
        _, values = probe(c.program, d.at(t), d.sample.parameters, nodes, Floats())
    return b"".join(np.ascontiguousarray(v).tobytes() for v in values)


def difference_error(c: Contract, value: Callable[..., Any], gradients: Mapping[str, Array], d: Direction) -> float:
    """|finite difference - gradient along the direction| over the size of the terms of the latter."""
    from scipy.differentiate import derivative

    def along(t: Array) -> Array:
        return np.array([_paired(c, value, d, float(step)) for step in np.ravel(t)]).reshape(np.shape(t))

    with np.errstate(all="ignore"):
        found = derivative(along, 0.0, initial_step=STEP, step_factor=2.0, order=8)
    terms = [float(np.sum(gradients[n] * m)) for n, m in d.moves.items()]
    scale = sum(float(np.sum(np.abs(gradients[n] * m))) for n, m in d.moves.items())
    size = abs(_paired(c, value, d, 0.0)) + scale
    return abs(float(found.df) - sum(terms)) / size if size else abs(float(found.df))


def _paired(c: Contract, value: Callable[..., Any], d: Direction, t: float) -> float:
    """The sum of cotangent times output at the inputs moved by t."""
    moved = d.at(t)
    results = value(*(moved[i.name] for i in c.program.inputs), **d.sample.parameters)
    outputs = results if isinstance(results, tuple) else (results,)
    return sum(float(np.sum(d.sample.cotangents[o.name] * y)) for o, y in zip(c.program.outputs, outputs, strict=True))


def adjoint_error(c: Contract, jvp: Callable[..., Any], gradients: Mapping[str, Array], d: Direction) -> float:
    """How far <g, jvp(v)> is from <vjp(g), v>, over the size of their terms."""
    tangents = [d.moves.get(i.name, np.zeros_like(d.sample.inputs[i.name])) for i in c.program.real_inputs]
    results = jvp(*tangents, *(d.sample.inputs[i.name] for i in c.program.inputs), **d.sample.parameters)
    outputs = results if isinstance(results, tuple) else (results,)
    pairs = [d.sample.cotangents[o.name] * y for o, y in zip(c.program.outputs, outputs, strict=True)]
    right = [gradients[n] * m for n, m in d.moves.items()]
    scale = sum(float(np.sum(np.abs(p))) for p in (*pairs, *right))
    return abs(sum(float(np.sum(p)) for p in pairs) - sum(float(np.sum(r)) for r in right)) / (scale or 1.0)
