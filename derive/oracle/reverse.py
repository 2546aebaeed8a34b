"""The oracle's own reverse sweep: adjoints of a program's inputs from those of its outputs, over any Arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial, reduce

import numpy as np

from derive.language.nodes import Add, At, Call, Carried, Expr, Input, Mul, Pow, Reduce, Ref, Where, walk
from derive.language.program import Program
from derive.language.recurrence import Loop, schedule
from derive.oracle.arithmetic import Element
from derive.oracle.derivatives import SLOPES, base_slope, exponent_slope, join, route, weigh
from derive.oracle.extremes import winners
from derive.oracle.gather import places, scatter
from derive.oracle.meaning import Values, positions, present
from derive.oracle.recurrence import active_names, first_row, moved, only
from derive.oracle.setting import Setting
from derive.oracle.tensor import Tensor, apply, expanded, reduced, rows

Pull = tuple[Expr, Callable[[], Tensor]]


def adjoints(program: Program, setting: Setting, values: Values, cotangents: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The adjoint of every real input that one reaches, keyed by name; None elements where nothing flows."""
    flows: dict[str, Tensor] = dict(cotangents)
    lets = [(let.name, let.body) for let in program.lets]
    active = active_names(lets, {i.name for i in program.real_inputs}, lambda body, known: _active(body, known)[body])
    for unit in reversed(schedule(program.lets)):
        if isinstance(unit, Loop):
            _through_loop(unit, setting, values, active, flows)
        elif unit.name in flows and unit.name in active:
            _Sweep(setting, values, active, flows).run(unit.body, flows.pop(unit.name))
    return flows


def _through_loop(loop: Loop, setting: Setting, values: Values, active: set[str], flows: dict[str, Tensor]) -> None:
    """The last position first: what it passes on to the state before it is complete when that is reached."""
    count = setting.size(loop.axis)
    for t in reversed(loop.positions(count)):
        for let in reversed(loop.lets):
            if let.name not in flows or let.name not in active:
                continue
            g = only(flows[let.name], loop.axis, t)
            sweep = _Sweep(setting, values, active, flows)
            if not isinstance(let.body, Carried):
                sweep.run(let.body, g)
            elif 0 <= t + loop.step < count:
                sweep.leaf(let.body.name, fit(moved(g, loop.axis, loop.step), setting.leaves[let.body.name], setting))
            else:
                start = let.body.start
                if _active(start, active)[start]:
                    sweep.run(start, fit(first_row(g, loop.axis, loop.step), values[start], setting))
    for let in loop.lets:
        flows.pop(let.name, None)


def _active(body: Expr, active: set[str]) -> dict[Expr, bool]:
    """Which nodes depend on what is differentiated by."""
    known: dict[Expr, bool] = {}
    for node in walk(body):
        leaf = isinstance(node, (Input, Ref)) and node.name in active
        known[node] = leaf or any(known[c] for c in node.children)
    return known


class _Sweep:
    """One let, from its adjoint to those of the leaves."""

    def __init__(self, setting: Setting, values: Values, active: set[str], flows: dict[str, Tensor]) -> None:
        self.setting, self.values, self.active, self.flows = setting, values, active, flows
        self.join = partial(join, setting.arithmetic)

    def run(self, body: Expr, g: Tensor) -> None:
        """Parents before children; what reaches an input or an earlier let is added to `flows`."""
        active = _active(body, self.active)
        local: dict[Expr, Tensor] = {body: g}
        for node in reversed(list(walk(body))):
            if node not in local:
                continue
            if isinstance(node, (Input, Ref)):
                self.leaf(node.name, local[node])
                continue
            for child, flow in pulls(node, local[node], self.setting, self.values):
                if active[child]:
                    arrived = fit(flow(), self.values[child], self.setting)
                    local[child] = apply(self.join, local[child], arrived) if child in local else arrived

    def leaf(self, name: str, g: Tensor) -> None:
        """Add what arrives at a name."""
        if name in self.active:
            before = self.flows.get(name)
            self.flows[name] = g if before is None else apply(self.join, before, g)


def fit(flow: Tensor, like: Tensor, s: Setting) -> Tensor:
    """A flow in the shape of what it reaches: summed over axes that were broadcast, repeated along those reduced away."""
    extra = [axis for axis in flow.axes if axis not in like.axes]
    if extra:
        flow = reduced(partial(join, s.arithmetic), flow, extra, None)
    return expanded(flow, like.axes, like.sizes)


def pulls(node: Expr, g: Tensor, s: Setting, values: Values) -> Iterator[Pull]:
    """For each child, how much of g flows to it; what has no derivative yields nothing."""
    a = s.arithmetic
    through = partial(apply, partial(weigh, a))
    match node:
        case Add(args):
            for term in args:
                yield term, lambda: g
        case Mul(args):
            for i, factor in enumerate(args):
                yield factor, partial(_factor, args[:i] + args[i + 1 :], g, s, values)
        case Pow(base, exponent):
            x, n, y = values[base], values[exponent], values[node]
            yield base, lambda: through(g, apply(partial(base_slope, a), x, n))
            yield exponent, lambda: through(g, apply(partial(exponent_slope, a), x, y))
        case Call(fn, (argument,)) if (slope := SLOPES[fn]) is not None:
            yield argument, lambda: through(g, apply(partial(slope, a), values[argument], values[node]))
        case Where(condition, chosen, other):
            yield chosen, lambda: apply(partial(route, a), values[condition], g)
            yield other, lambda: apply(partial(route, a), apply(_opposite, values[condition]), g)
        case Reduce(how, body, over):
            if how in REDUCE:
                yield body, partial(REDUCE[how], g, present(values[body], over, s), values[node], over, s)
        case At(body, index):
            at = places(values[body], positions(index, s, values), a)
            yield body, lambda: scatter(fit_to(g, at.axes, at.inside.shape), values[body], at, partial(join, a), a.unknown)


def _opposite(taken: Element) -> Element:
    return not taken if isinstance(taken, bool) else taken


def fit_to(g: Tensor, axes: tuple[str, ...], shape: tuple[int, ...]) -> Tensor:
    """A flow repeated to a shape."""
    return expanded(g, axes, dict(zip(axes, shape, strict=True)))


def _factor(others: tuple[Expr, ...], g: Tensor, s: Setting, values: Values) -> Tensor:
    a = s.arithmetic
    rest = reduce(partial(apply, a.mul), (values[o] for o in others))
    return apply(partial(weigh, a), g, rest)


def _sum(g: Tensor, x: Tensor, y: Tensor, over: tuple[str, ...], s: Setting) -> Tensor:
    return expanded(g, x.axes, x.sizes)


def _mean(g: Tensor, x: Tensor, y: Tensor, over: tuple[str, ...], s: Setting) -> Tensor:
    a = s.arithmetic
    count = a.number(int(np.prod([x.sizes[axis] for axis in over])))
    return _sum(apply(lambda e: None if e is None else a.div(e, count), g), x, y, over, s)


def _extreme(op: str, g: Tensor, x: Tensor, y: Tensor, over: tuple[str, ...], s: Setting) -> Tensor:
    kept, _ = rows(x, over)
    won = winners(op, s, x, over).reshape([x.sizes[axis] for axis in (*kept, *over)])
    return apply(partial(route, s.arithmetic), Tensor((*kept, *over), won), g)


def _logsumexp(g: Tensor, x: Tensor, y: Tensor, over: tuple[str, ...], s: Setting) -> Tensor:
    a = s.arithmetic
    minus = a.number(-1)
    share = apply(lambda one, all_: a.functions["exp"](a.add(one, a.mul(minus, all_))), x, y)
    return apply(partial(weigh, a), g, share)


REDUCE: dict[str, Callable[[Tensor, Tensor, Tensor, tuple[str, ...], Setting], Tensor]] = {
    "sum": _sum,
    "mean": _mean,
    "logsumexp": _logsumexp,
    "max": partial(_extreme, ">="),
    "min": partial(_extreme, "<="),
}
