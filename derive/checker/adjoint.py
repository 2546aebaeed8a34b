"""Numbers for the gradient of any program, by one reverse sweep over its values in float64: no formula, no proof, only speed.

The diagnosis differentiates many edited definitions; whether the candidate is right never depends on this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.evaluate import Numbers, Walker, walked
from derive.checker.floats import Floats
from derive.checker.recurrences import flow_back
from derive.language.nodes import Add, At, Call, Const, Delta, Expr, Input, Mul, Pow, Reduce, Ref, Where, walk
from derive.language.program import Program
from derive.language.recurrence import Loop, schedule

Array = NDArray[Any]
Flow = dict[Expr, Array]
Counted = Callable[[Array], Array]
Parts = Callable[[Walker, Expr, Array], list[tuple[Expr, Array]]]

# fmt: off
SLOPES: dict[str, Callable[[Array, Array], Array]] = {
    "exp":        lambda x, y: y,
    "expm1":      lambda x, y: y + 1,
    "log":        lambda x, y: 1 / x,
    "log1p":      lambda x, y: 1 / (1 + x),
    "normal_cdf": lambda x, y: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "erf":        lambda x, y: np.exp(-x * x) * 2 / np.sqrt(np.pi),
    "sin":        lambda x, y: np.cos(x),
    "cos":        lambda x, y: -np.sin(x),
    "arctan":     lambda x, y: 1 / (1 + x * x),
    "abs":        lambda x, y: np.sign(x),
    "tanh":       lambda x, y: 1 - y * y,
}
# fmt: on


def adjoints(
    program: Program,
    inputs: Mapping[str, Array],
    cotangents: Mapping[str, Array],
    parameters: Numbers,
    blocked: frozenset[str] = frozenset(),
    arithmetic: Floats | None = None,
    rule: Parts | None = None,
) -> dict[str, Array]:
    """The gradient by each real input; what would flow back through the lets in `blocked` is dropped. The values it is made from
    are computed in the given arithmetic (float64); `rule` says what flows to the children of a node (the right amount)."""
    return _swept(program, inputs, cotangents, parameters, blocked, arithmetic or Floats(), _signed, rule or parts)


def path_sizes(program: Program, inputs: Mapping[str, Array], cotangents: Mapping[str, Array], parameters: Numbers) -> dict[str, Array]:
    """For each real input the sum of the sizes of all that flows back to it: what automatic differentiation adds up and rounds."""
    return _swept(program, inputs, cotangents, parameters, frozenset(), Floats(), np.abs, parts)


def _signed(flow: Array) -> Array:
    return flow


def _swept(
    program: Program,
    inputs: Mapping[str, Array],
    cotangents: Mapping[str, Array],
    parameters: Numbers,
    blocked: frozenset[str],
    arithmetic: Floats,
    counted: Counted,
    rule: Parts,
) -> dict[str, Array]:
    """One reverse sweep; `counted` is what of each flow is passed on."""
    with np.errstate(all="ignore"):
        w = walked(program, inputs, parameters, arithmetic)
        named: dict[str, Array] = {}
        leaves: Flow = {}
        for o in program.outputs:
            _pass(named, o.name, counted(w.frame.spread(np.asarray(cotangents[o.name], np.float64), o.names)), w.named[o.name])
        through = partial(_through, w, named=named, leaves=leaves, counted=counted, rule=rule)
        for unit in reversed(schedule(program.lets)):
            if isinstance(unit, Loop):
                flow_back(w, unit, named, through, lambda name, flow: _pass(named, name, counted(flow), w.named[name]))
            elif unit.name in named and unit.name not in blocked:
                through(unit.body, named[unit.name])
        return {i.name: _gathered(w, leaves.get(i), i) for i in program.real_inputs}


def _gathered(w: Walker, flow: Array | None, i: Input) -> Array:
    return w.frame.gather(np.zeros(()) if flow is None else flow, i.names)


def _pass(into: dict[Any, Array], key: Any, flow: Array, value: Any) -> None:
    """Add a flow, summed over what was broadcast."""
    flow = np.broadcast_to(flow, np.broadcast_shapes(np.shape(flow), np.shape(value)))
    shape = np.shape(value)
    shape = (1,) * (flow.ndim - len(shape)) + tuple(shape)
    dims = tuple(k for k, n in enumerate(shape) if n == 1 and flow.shape[k] != 1)
    flow = np.sum(flow, axis=dims, keepdims=True) if dims else flow
    into[key] = into[key] + flow if key in into else flow


def _through(w: Walker, body: Expr, flow: Array, named: dict[str, Array], leaves: Flow, counted: Counted, rule: Parts) -> None:
    flows: Flow = {body: flow}
    for node in reversed(list(walk(body))):
        if node not in flows:
            continue
        g = flows[node]
        match node:
            case Ref(name):
                _pass(named, name, g, w.named[name])
            case Input():
                _pass(leaves, node, g, w.done[node])
            case _:
                for child, part in rule(w, node, g):
                    _pass(flows, child, counted(part), w.done[child])


def parts(w: Walker, node: Expr, g: Array) -> list[tuple[Expr, Array]]:
    """What flows to the children of a node."""
    done = w.done
    match node:
        case Add(args):
            return [(a, g) for a in args]
        case Mul(args):
            return [(a, g * _product([done[b] for j, b in enumerate(args) if j != k])) for k, a in enumerate(args)]
        case Pow(base, Const(p)):
            return [(base, g * float(p) * w.arithmetic.power(done[base], float(p - 1), Fraction(p - 1)))]
        case Pow(base, exponent):
            return [(base, g * done[exponent] * done[node] / done[base]), (exponent, g * done[node] * np.log(done[base]))]
        case Call(fn, (x,)) if fn in SLOPES:
            return [(x, g * SLOPES[fn](done[x], done[node]))]
        case Where(condition, chosen, other):
            return [(chosen, np.where(done[condition], g, 0)), (other, np.where(done[condition], 0, g))]
        case Reduce(how, x, over):
            return [(x, g * _weights(how, done[x], done[node], tuple(w.frame.place(a) for a in over)))]
        case At(x, _):
            return [(x, _scattered(w, node, g))]
        case Delta():
            return []
    return []


def _product(values: list[Any]) -> Any:
    total: Any = 1.0
    for v in values:
        total = total * v
    return total


def _weights(how: str, x: Array, y: Array, dims: tuple[int, ...]) -> Any:
    """How much each element of a reduction counts."""
    if how == "mean":
        return np.full(x.shape, 1 / max(int(np.prod([x.shape[d] for d in dims])), 1))
    if how == "logsumexp":
        return np.exp(x - y)
    if how in ("max", "min"):
        hit = (x == y).astype(float)
        return hit / np.sum(hit, axis=dims, keepdims=True)
    return np.ones(x.shape) if how == "sum" else np.zeros(x.shape)


def _scattered(w: Walker, node: At, g: Array) -> Array:
    shape = tuple(np.shape(w.done[node.body]))
    mesh: list[Any] = [np.arange(n).reshape([n if j == k else 1 for j in range(len(shape))]) for k, n in enumerate(shape)]
    inside: Any = np.ones([1] * len(shape), bool)
    for axis, index in node.index:
        k, places = w.frame.place(axis), np.asarray(w.done[index]).astype(np.int64)
        inside = inside & (places >= 0) & (places < w.frame.size(axis))
        mesh[k] = np.clip(places, 0, max(shape[k] - 1, 0))
    full = np.broadcast_shapes(np.shape(g), np.shape(w.done[node]))
    target = np.zeros(shape)
    spots = np.broadcast_arrays(*mesh, inside, np.broadcast_to(g, full))
    np.add.at(target, tuple(spots[: len(shape)]), np.where(spots[-2], spots[-1], 0))
    return target
