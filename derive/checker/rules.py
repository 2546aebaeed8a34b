"""The accuracy promised for generated element-wise code: 8 ulp in float64, with its two stated exceptions.

They are found in the definition, never by name: within 1/16 of a root (of a gradient, say) the absolute error is held
to 8 ulp of the largest term; where the argument of a normal distribution lies in its tail, below -5, to 2500 ulp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.contract import float_inputs, typical
from derive.checker.edges import roots
from derive.checker.evaluate import Frame, Numbers, evaluate, probe
from derive.checker.floats import Floats
from derive.checker.tolerance import Allowance
from derive.language.nodes import Add, At, Call, Carried, Const, Delta, Expr, Mul, Pow, Reduce, leaves, walk
from derive.language.program import Program

Array = NDArray[Any]
PROMISE = 8.0
ROUGH = 1000.0
LOW = -960  # below this power of two intermediates may be subnormal, and what is derived holds
NEAR = 1 / 16
STEEP = ("exp", "sin", "cos", "exp_product", "exp_quotient")
EXACT = ("abs", "sign", "floor", "maximum", "minimum", "beyond_quarter", "pi")  # pi is no variable: that it is rounded is promised for
TAIL, TAIL_PROMISE = -5.0, 2500.0


def is_promised(form: Program, computed: Program, definition: Program) -> bool:
    """Whether the promise is made: one result of one real array, no let of whose printed form reduces or reads at other positions,
    and nothing computed is e to something rounded, or a sine of it: each ulp of a large argument counts as many times as it is large."""
    return (
        len(definition.outputs) == 1
        and len(float_inputs(definition)) == 1
        and not any(leaves(let.body, Reduce, At, Carried, Delta) for let in form.lets)
        and not _is_steep(computed)
    )


def _is_steep(computed: Program) -> bool:
    """Whether it holds e to something rounded, through names too: exp(-exp(x)) has as many ulps as exp(x) is large."""
    functions: set[Expr] = set()
    for let in computed.lets:
        calls = [n for n in walk(let.body) if isinstance(n, Call) and n.fn not in EXACT]
        if any(_is_rounded(c, functions) for n in calls if n.fn in STEEP for c in n.children):
            return True
        if calls:
            functions.add(let.ref)
    return False


def _is_rounded(e: Expr, functions: set[Expr]) -> bool:
    """Whether computing it takes a sum, a power, a product of several variables, or a function, be it through one of the names."""
    if any((isinstance(n, Call) and n.fn not in EXACT) or n in functions for n in walk(e)):
        return True
    products = [n for n in walk(e) if isinstance(n, Mul)]
    several = any(sum(not isinstance(f, Const) for f in n.args) > 1 for n in products)
    return several or any(isinstance(n, (Add, Pow)) for n in walk(e))


class Terms(Floats):
    """Floats with every sum taken of absolute values: how large the terms are that a result is made from."""

    def add(self, args: list[Any]) -> Any:
        """Sizes add up."""
        return super().add([np.abs(a) for a in args])


class AnyOrder(Floats):
    """Floats whose products overflow if they do so in any order of their factors."""

    def mul(self, args: list[Any]) -> Any:
        """Infinite where the large factors alone leave the range, of the sign of the product; nan where a factor is 0."""
        large = super().mul([np.maximum(np.abs(a), 1) for a in args])
        sign = super().mul([np.sign(a) for a in args])
        return np.where(np.isinf(large), np.inf * sign, super().mul(args))


def promised(
    form: Program,
    definition: Program,
    inputs: Mapping[str, Array],
    parameters: Numbers,
    exact: Sequence[Array],
    allowed: Sequence[Allowance],
) -> list[Allowance]:
    """The allowances of the form's outputs with the derived slack replaced by the promise.

    Nothing is promised where every form leaves the range of floats on its way to a result that is a number.
    """
    with np.errstate(all="ignore"):
        fr, plain = evaluate(form, inputs, parameters, AnyOrder())
        values = [np.asarray(fr.gather(plain[o.name], o.names), np.float64) for o in form.outputs]
        _, named = evaluate(form, inputs, parameters, Terms())
        terms = [np.abs(np.asarray(fr.gather(named[o.name], o.names), np.float64)) for o in form.outputs]
        near = _near_roots(form, inputs, parameters, fr) | _beside_root(form, definition, inputs, parameters, fr)
        tail = _in_tail(definition, inputs, parameters)
    places = [(fr.gather(near, o.names), fr.gather(tail, o.names)) for o in form.outputs]
    slack = [_slack(*p, t, v) for p, t, v in zip(places, terms, exact, strict=True)]
    low = 2.0**LOW
    slack = [np.where(np.abs(v) < low, np.fmax(s, a.slack), s) for v, s, a in zip(exact, slack, allowed, strict=True)]
    within = [np.isfinite(a.slack) | _close(v, x) for a, v, x in zip(allowed, values, exact, strict=True)]
    return [replace(a, slack=np.where(w, s, np.inf)) for a, w, s in zip(allowed, within, slack, strict=True)]


def finite_at_least(
    form: Program, inputs: Mapping[str, Array], parameters: Numbers, exact: Sequence[Array], allowed: Sequence[Allowance]
) -> list[Allowance]:
    """The allowances, but where nothing was claimed and the form itself gives the result, code must give its size at least."""
    if all(np.isfinite(a.slack).all() for a in allowed):
        return list(allowed)
    with np.errstate(all="ignore"):
        fr, plain = evaluate(form, inputs, parameters, AnyOrder())
    values = [np.asarray(fr.gather(plain[o.name], o.names), np.float64) for o in form.outputs]
    owed = [~np.isfinite(a.slack) & _close(v, x) & np.isfinite(x) for a, v, x in zip(allowed, values, exact, strict=True)]
    return [replace(a, slack=np.where(w, np.abs(x), a.slack)) for a, w, x in zip(allowed, owed, exact, strict=True)]


def _close(value: Array, exact: Array) -> Array:
    """Whether plain arithmetic gives the result, roughly."""
    with np.errstate(all="ignore"):
        return np.asarray((value == exact) | (np.abs(value - exact) <= ROUGH * _ulp(np.abs(exact), exact.dtype)))


def _slack(near: Array, tail: Array, terms: Array, exact: Array) -> Array:
    """The promise in absolute terms, less the half ulp that every judgement adds."""
    with np.errstate(all="ignore"):
        ulp = _ulp(np.abs(exact), exact.dtype)
        slack = (np.where(tail, TAIL_PROMISE, PROMISE) - 0.5) * ulp
        return np.asarray(np.where(near, np.maximum(slack, PROMISE * _ulp(terms, exact.dtype)), slack))


def _ulp(x: Array, dtype: Any) -> Array:
    """The spacing of floats at x; the largest float has the spacing of its neighbour below."""
    largest = np.finfo(dtype).max
    inside = np.minimum(np.where(np.isfinite(x), x, 1.0), np.nextafter(largest, np.zeros((), dtype)))
    return np.asarray(np.spacing(inside.astype(dtype)), np.float64)


def _near_roots(form: Program, inputs: Mapping[str, Array], parameters: Numbers, fr: Frame) -> Array:
    """Where some input lies within 1/16 of a value at which an output changes sign, in full rank."""
    found = roots(form, typical(form, {}, 1, 3), parameters)
    placed = {i.name: fr.spread(inputs[i.name], i.names) for i in form.inputs}
    near = [np.abs(placed[name] - r) <= NEAR for name, rs in found.items() for r in rs]
    return np.asarray(np.any(np.broadcast_arrays(*near), axis=0)) if near else np.asarray(False)


def _beside_root(form: Program, definition: Program, inputs: Mapping[str, Array], parameters: Numbers, fr: Frame) -> Array:
    """Where an output changes sign within 1/16, or is less than half of what it is on both sides, in full rank: a function of sines
    has more roots than can be listed."""
    (real,) = float_inputs(definition)
    x = np.asarray(inputs[real.name])
    step = np.fmax(NEAR, 2 * np.spacing(np.abs(x)))
    places = [evaluate(form, {**inputs, real.name: x + k * step}, parameters, Floats())[1] for k in (-1, 0, 1)]
    found = np.asarray(False)
    for o in form.outputs:
        left, here, right = (np.asarray(p[o.name], np.float64) for p in places)
        found = found | (left * np.sign(right) < 0) | (2 * np.abs(here) < np.minimum(np.abs(left), np.abs(right)))
    return found


def _in_tail(definition: Program, inputs: Mapping[str, Array], parameters: Numbers) -> Array:
    """Where the argument of a normal distribution is below -5, in full rank."""
    calls = [n for let in definition.lets for n in leaves(let.body, Call)]
    arguments = [n.args[0] for n in calls if isinstance(n, Call) and n.fn in ("normal_cdf", "erf")]
    if not arguments:
        return np.asarray(False)
    _, values = probe(definition, inputs, parameters, arguments, Floats())
    return np.asarray(np.any(np.broadcast_arrays(*(v < TAIL for v in values)), axis=0))
