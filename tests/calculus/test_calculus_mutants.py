"""Every kind of wrong step is rejected: signs, coefficients, indices, axes, exponents and dropped terms, everywhere in it."""

from collections import Counter

import calculus_definitions as odd
import numpy as np
import pytest
from calculus_mutants import KINDS, mutants
from calculus_values import Values

from derive.calculus import proof
from derive.calculus.gradient import jvp, vjp
from derive.catalog import find
from derive.language.errors import NotProved
from derive.language.nodes import Input, Param, Ref, base_axis, walk

OPS = [find(n) for n in ("sigmoid", "softmax", "batch_norm_train", "cross_entropy", "huber", "embedding", "attention")]
OPS += [odd.norm, odd.nested_where, odd.window, odd.pooled, odd.pair_abs]

# What a change leaves true, with the reason. Nothing else may be accepted.
REVERSED = "a sum over all positions is the same backwards"
SIGNED = "twice a difference has its sign"
SCALED = "twice the numbers have their largest in the same place"
EQUAL = {
    ("softmax", "through p%0", "index"): REVERSED,
    ("cross_entropy", "through p%0", "index"): REVERSED,
    ("batch_norm_train", "through mu", "index"): REVERSED,
    ("batch_norm_train", "dbeta", "index"): REVERSED,
    ("batch_norm_train", "mu_dot", "index"): REVERSED,
    ("pair_abs", "through y", "coefficient"): SIGNED,
    ("pair_abs", "dx", "coefficient"): SIGNED,
    ("pair_abs", "y_dot", "coefficient"): SIGNED,
    ("pooled", "through y", "coefficient"): SCALED,
    ("pooled", "dx", "coefficient"): SCALED,
    ("pooled", "dw", "coefficient"): SCALED,
}


def steps_of(program, monkeypatch):
    """(left, right, canon, step) of every step that deriving makes."""
    made, original = [], proof._step

    def remember(name, left, right, rule, canon, certificate):
        step = original(name, left, right, rule, canon, certificate)
        made.append((left, right, canon, step))
        return step

    with monkeypatch.context() as patch:
        patch.setattr(proof, "_step", remember)
        vjp(program)
        jvp(program)
    seen = {}
    for left, right, canon, step in made:
        seen.setdefault((left, right), (left, right, canon, step))
    return list(seen.values())


def numeric(sides, canon, seed):
    """Both sides at a random point."""
    rng = np.random.default_rng(seed)
    values = Values({}, {})

    def bind(expr):
        for n in walk(expr):
            for axis in n.axes | set(getattr(n, "over", ())) | {getattr(n, "axis", "N"), getattr(n, "into", None) or "N"}:
                values.sizes.setdefault(base_axis(axis), 2 + len(values.sizes) % 3)
            if isinstance(n, Ref) and n.name in canon.bodies and n.name not in values.named:
                bind(canon.bodies[n.name])
                values.named[n.name] = values.of(canon.bodies[n.name], n.axes)
            elif isinstance(n, (Input, Ref, Param)) and n.name not in values.named:
                shape = [values.sizes[base_axis(a)] for a in sorted(n.axes)]
                into = getattr(n, "into", None)
                values.sizes.setdefault(into, 3)
                values.named[n.name] = rng.integers(0, values.sizes[into], shape) if into else rng.uniform(0.2, 1.5, shape)

    for side in sides:
        bind(side)
    axes = sides[0].axes | sides[1].axes
    return [values.of(side, axes) for side in sides]


@pytest.mark.parametrize("op", OPS, ids=[op.name for op in OPS])
def test_mutated_steps_are_rejected(op, monkeypatch):
    rejected, accepted = Counter(), set()
    for left, right, canon, step in steps_of(op.program, monkeypatch):
        axes = sorted({a for side in (left, right) for n in walk(side) for a in n.axes})
        for kind, wrong in {w: (k, w) for k, w in mutants(right, axes)}.values():
            try:
                proof.certify("mutant", left, wrong, step.rule, canon)
            except NotProved:
                rejected[kind] += 1
                continue
            accepted.add((op.name, step.name, kind))
            for seed in range(3):
                a, b = numeric((left, wrong), canon, seed)
                assert np.allclose(a, b, rtol=1e-9, atol=1e-9), f"{step.name}: accepted {left} == {wrong}"
    assert accepted == {key for key in EQUAL if key[0] == op.name}
    assert sum(rejected.values()) >= 30
    assert set(rejected) >= set(KINDS) - MISSING.get(op.name, set())


# kinds that no step of an op offers: an element-wise op has no axis to confuse
MISSING = {"sigmoid": {"axis"}, "huber": {"axis"}, "nested_where": {"axis", "exponent"}}
