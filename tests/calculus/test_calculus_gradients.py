"""Derived programs against differences and against the oracle: odd definitions, kinks, random programs.

Those of the catalogue are not derived once more: derive verify holds each gradient against the oracle, each jvp against the gradient
and both against differences, tests/catalog does the same for each hvp, and what these compute is proved to be what was derived.
"""

import gc
import random
import string
import time
from fractions import Fraction

import calculus_definitions as odd
import numpy as np
import pytest
from calculus_checks import domain, mismatches, readings
from calculus_values import draw, run, sizes_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derive import oracle
from derive.calculus.gradient import jvp, vjp
from derive.catalog import CATALOG
from derive.language.nodes import BATCH, Call, Compare, Const, Delta, Input, Iota, Reduce, Size, Where, add, at, mul, power
from derive.language.program import Let, Output, Program

SIZES = {
    "...": 2,
    "N": 3,
    "C": 4,
    "D": 2,
    "L": 2,
    "M": 3,
    "E": 2,
    "I": 2,
    "O": 2,
    "V": 3,
    "H": 5,
    "W": 4,
    "J": 2,
    "A": 3,
    "B": 2,
    "T": 3,
    "K": 2,
}
SIZES = dict.fromkeys(string.ascii_uppercase, 2) | SIZES
SIZES |= {"G": 2, "f": 2, "b": 3, "t": 2, "p": 2, "sum": 2, "red": 3}
AWAY_FROM_ZERO = {"divided", "variance_ratio"}  # steep near 0
ALL = odd.DEFINITIONS


@pytest.mark.parametrize("op", ALL, ids=[op.name for op in ALL])
def test_vjp_jvp_and_hvp_agree_with_differences(op):
    low, high = (0.3, 1.7) if op.name in AWAY_FROM_ZERO else domain(op.program, SIZES)
    gc.disable()  # what other tests left behind is not this derivation's time
    start = time.process_time()
    derived = readings(op.program)
    assert time.process_time() - start < 40, "an expression that grows without end, not a slow machine"
    gc.enable()
    assert mismatches(op.program, SIZES, derived=derived, low=low, high=high) == []
    smaller = {a: 1 if a in ("...", "D") else n for a, n in SIZES.items()}
    if domain(op.program, smaller):  # a variance over one element with n - 1 below it has no value
        assert mismatches(op.program, smaller, seed=1, derived=derived, low=low, high=high) == []


TIES = [op for op in (*CATALOG, *ALL) if op.name in (
    "relu", "leaky_relu", "prelu", "elu", "mae", "huber", "smooth_l1", "nested_where", "clipped", "tied_max", "pooled", "nearest",
    "poolmax_two", "two_kinds", "maxpair", "pair_rank", "triple", "stepped", "causal", "window", "shifted", "diagonal",
)]  # fmt: skip


@pytest.mark.parametrize("op", TIES, ids=[op.name for op in TIES])
def test_kinks_and_ties_belong_to_whom_the_definition_says(op):
    """At small integers everything ties; the oracle differentiates the definition by itself."""
    program, gradient = op.program, vjp(op.program).program
    assert not {o.name for o in program.outputs} & {i.name for i in program.inputs}
    for seed in range(6):
        rng = np.random.default_rng(seed)
        sizes = sizes_of(program, SIZES)
        given = {n: np.round(a) if a.dtype == float else a for n, a in draw(program, sizes, rng).items()}
        seeds = [i for i in gradient.inputs if i.name not in given]
        weights = {i.name: np.round(rng.uniform(-4, 4, [sizes_at(sizes, a) for a in i.names])) for i in seeds}
        cotangents = {o.name: weights[i.name] for o, i in zip(program.outputs, seeds, strict=True)}
        truth = oracle.gradient(program, given, cotangents)
        got = run(gradient, given | weights, sizes)
        for i, name in zip(program.real_inputs, got, strict=True):
            want = np.asarray(truth[i.name].value, float)
            assert np.allclose(got[name], want, rtol=1e-12, atol=1e-12, equal_nan=True), f"{op.name}: d{i.name} at {given}"


def sizes_at(sizes, axis):
    return sizes[axis] if axis in sizes else sizes[axis.rstrip("'")]


def test_a_program_that_is_differentiated_stays_as_it_is():
    for op in TIES[:6]:
        before = op.program
        gradient = vjp(before).program
        assert op.program == before
        assert [o.names for o in gradient.outputs] == [i.names for i in before.real_inputs]
        assert gradient.inputs[len(gradient.inputs) - len(before.inputs) :] == before.inputs


# ---- random programs ----------------------------------------------------------------------------------------------

ORDER = (BATCH, "A", "B", "A'", "B'")
X, Y, W, S = Input("x", ("A", "B")), Input("y", ("B",)), Input("w", (BATCH, "A")), Input("s", ())
LABEL_B, LABEL_A = Input("i", ("A",), "index", "B"), Input("j", ("B",), "index", "A")
HALF, ONE, TWO = Const(Fraction(1, 2)), Const(Fraction(1)), Const(Fraction(2))


class Maker:
    """Draws programs of a few lets: element-wise steps, reductions, branches, reading and writing."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.pool = [X, Y, W, S]

    def tame(self, e):
        return mul(e, power(add(ONE, mul(e, e)), Const(Fraction(-1))))

    def step(self):
        e = self.r.choice(self.pool)
        return getattr(
            self,
            "_"
            + self.r.choice(("sum", "mean", "mix", "mul", "call", "root", "branch", "largest", "read", "write", "shift", "lse", "pair")),
        )(e)

    def axis(self, e):
        return self.r.choice(sorted(a for a in e.axes if "'" not in a) or [None])

    def _reduced(self, how, e):
        axis = self.axis(e)
        return Reduce(how, e, (axis,)) if axis else self.tame(e)

    def _sum(self, e):
        return self._reduced("sum", mul(e, self.r.choice(self.pool)) if self.r.random() < 0.5 else e)

    def _mean(self, e):
        return self._reduced("mean", mul(e, e))

    def _largest(self, e):
        return self._reduced(self.r.choice(("max", "min")), e)

    def _lse(self, e):
        return self._reduced("logsumexp", self.tame(e))

    def _mix(self, e):
        return add(e, mul(self.r.choice((TWO, HALF, Const(Fraction(-1)))), self.r.choice(self.pool)))

    def _mul(self, e):
        return mul(e, self.r.choice(self.pool))

    def _call(self, e):
        return Call(self.r.choice(("exp", "sin", "normal_cdf", "arctan", "abs", "sigmoid_")).replace("sigmoid_", "cos"), (self.tame(e),))

    def _root(self, e):
        return power(add(ONE, mul(e, e)), Const(Fraction(self.r.choice((-3, -1, 1, 3)), 2)))

    def _branch(self, e):
        other = self.r.choice(self.pool)
        return Where(Compare(self.r.choice((">", "<=")), e, other), mul(e, other), add(self.tame(e), other))

    def _read(self, e):
        label, axis = self.r.choice(((LABEL_B, "B"), (LABEL_A, "A")))
        return at(e, {axis: label}) if axis in e.axes and not label.axes & (e.axes - {axis}) else self.tame(e)

    def _write(self, e):
        label, axis = self.r.choice(((LABEL_B, "B"), (LABEL_A, "A")))
        return Reduce("sum", mul(e, Delta(axis, label)), tuple(label.axes)) if label.axes <= e.axes and axis not in e.axes else self.tame(e)

    def _shift(self, e):
        axis = self.axis(e)
        return at(e, {axis: add(Iota(axis), Const(Fraction(self.r.choice((-1, 1)))))}) if axis in ("A", "B") else self.tame(e)

    def _pair(self, e):
        if "A" not in e.axes:
            return mul(e, Size("A"))
        other = at(e, {"A": Iota("A'")})
        return Reduce("sum", Call("sin", (add(e, mul(Const(Fraction(-1)), other)),)), ("A'",))

    def program(self):
        lets = []
        for k in range(self.r.randint(2, 4)):
            lets.append(Let(f"v{k}", self.step()))
            self.pool += [lets[-1].ref] * 3
        chosen = [lets[-1], *self.r.sample(lets[:-1], self.r.randint(0, 1))]
        outputs = tuple(Output(let.name, tuple(a for a in ORDER if a in let.body.axes)) for let in chosen)
        return Program("random", (X, Y, W, S, LABEL_B, LABEL_A), (), tuple(lets), outputs, ORDER)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.integers(0, 10**6))
def test_random_programs(seed):
    program = Maker(seed).program()
    text = "\n".join(f"{let.name} = {let.body}" for let in program.lets)
    assert mismatches(program, {BATCH: 2, "A": 3, "B": 2}, seed) == [], text


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.integers(0, 10**6))
def test_vjp_is_the_transpose_of_jvp(seed):
    """sum(g * J v) = sum(v * J^T g), to rounding: no differences, so nothing hides."""
    program = Maker(seed).program()
    sizes, rng = {BATCH: 3, "A": 2, "B": 4}, np.random.default_rng(seed)
    backward, forward = vjp(program).program, jvp(program).program
    given_ = draw(program, sizes, rng)
    g = {i.name: rng.uniform(-1, 1, [sizes[a] for a in i.names]) for i in backward.inputs[: len(program.outputs)]}
    v = {i.name: rng.uniform(-1, 1, [sizes[a] for a in i.names]) for i in forward.inputs[: len(program.real_inputs)]}
    moved, pulled = run(forward, given_ | v, sizes), run(backward, given_ | g, sizes)
    left = sum(float(np.sum(a * b)) for a, b in zip(g.values(), moved.values(), strict=True))
    right = sum(float(np.sum(a * b)) for a, b in zip(v.values(), pulled.values(), strict=True))
    size = sum(float(np.sum(np.abs(a * b))) for a, b in zip(v.values(), pulled.values(), strict=True))
    assert abs(left - right) <= 1e-11 * (1 + size)
