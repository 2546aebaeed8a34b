"""Sums of exponentials of every make: generated code at arguments far past what exp can hold, against the oracle."""

import builtins

import numpy as np
import pytest

from derive import oracle
from derive.calculus.textbook import hide_differences
from derive.catalog import find
from derive.catalog.activations import softmax
from derive.codegen.execute import compile_source
from derive.language import Index, Positive, Real, exp, idx, log, logsumexp, mean, op, sqrt, sum, where
from derive.language.nodes import Call, Reduce, Where, leaves
from derive.numerics.degrees import Mixed, Shift, rescaled
from derive.numerics.shift import shifted
from derive.pipeline import generated, readings, source, stability


@op
def either(a: Real["N"], b: Real["N"]):
    """The logarithm of a sum of two exponentials."""
    return log(exp(a) + exp(b))


@op
def any_of(a: Real["N"], b: Real["N"]):
    """The same with one added."""
    return log(1 + exp(a) + exp(b))


@op
def causal(s: Real["L M"]):
    """Shares of what is not in the future."""
    w = where(idx("M") <= idx("L"), exp(s), 0)
    return w / sum(w, "M")


@op
def quiet(x: Real["N D"]):
    """Shares that may all be small."""
    e = exp(x)
    return e / (1 + sum(e, "D"))


@op
def mixture(x: Real["N D"], mu: Real["K D"], logits: Real["K"]):
    """Negative log-likelihood of a mixture of unit normal densities."""
    e = sum((x - mu) ** 2, "D")
    return -mean(log(sum(exp(logits) * exp(-e / 2), "K")), "N")


@op
def weighted(w: Real["K", Positive], x: Real["N D"], mu: Real["K D"]):
    """The same with weights as they are, written over the variance."""
    e = sum((x - mu) ** 2, "D")
    density = w * exp(-e / (2 * 2**2))
    return -mean(log(sum(density, "K")), "N")


@op
def mixture_of_shares(logits: Real["N K"], x: Real["N D"], mu: Real["K D"], *, sd: Positive = 1.5):
    """A mixture whose weights are a softmax, with names for weights and densities."""
    w = softmax(logits)
    e = sum((x - mu) ** 2, "D")
    density = w * exp(-e / (2 * sd**2)) / sd
    return -mean(log(sum(density, "K")), "N")


@op
def contrast(near: Real["N"], far: Real["N M"], *, t: Positive = 0.1):
    """How well one is told from many."""
    p = exp(near / t) / (exp(near / t) + sum(exp(far / t), "M"))
    return -mean(log(p), "N")


@op
def focus(z: Real["N C"], label: Index["N -> C"], *, gamma: Positive = 2):
    """Cross-entropy that looks away from what is easy."""
    p = exp(z) / sum(exp(z), "C")
    pt = p.at(C=label)
    return mean(-((1 - pt) ** gamma) * log(pt), "N")


@op
def spread(x: Real["N D"], u: Real["D"], *, tau: Positive = 0.7):
    """A soft maximum of lengths; its gradient has r/tau and 1/tau * r among its exponents."""
    r = sqrt(1 + sum(u * x**2, "D") ** 2)
    return tau * log(mean(exp(r / tau), "N"))


@op
def one_step(x: Real["N S"], w: Real["S' S"]):
    """A product of matrices in logarithms; what the exponentials are of has no name, and comes apart in the gradient."""
    return logsumexp(x.at(S=idx("S'")) + w, "S'")


@op
def a_step_or_none(x: Real["N S"], w: Real["S' S"], moves: Real["N S"]):
    """The same behind a mask."""
    return where(moves > 0, logsumexp(x.at(S=idx("S'")) + w, "S'"), x)


OPS = (either, any_of, causal, quiet, mixture, weighted, mixture_of_shares, contrast, focus, spread, one_step, a_step_or_none)
SIZES = {"S": 3, "S'": 3, "N": 3, "D": 2, "K": 4, "L": 3, "M": 3, "C": 4}


def drawn(program, scale, rng):
    return {
        i.name: rng.integers(0, SIZES[i.into], [SIZES[a] for a in i.names])
        if i.into
        else np.abs(rng.normal(1, 0.2, [SIZES[a] for a in i.names]))
        if i.limits.low == 0
        else rng.normal(0, scale if i.name != "g" else 1, [SIZES[a] for a in i.names])
        for i in program.inputs
    }


@pytest.mark.parametrize("scale", [1.0, 30.0, 400.0])
@pytest.mark.parametrize("op", OPS, ids=[op.name for op in OPS])
def test_value_and_gradient_where_exponentials_overflow(op, scale):
    rng = np.random.default_rng(5)
    given = drawn(op.program, scale, rng)
    functions = generated(op)
    names = [i.name for i in op.program.inputs]
    with np.errstate(all="raise", under="ignore"):
        value = functions[op.name](*(given[n] for n in names))
        g = rng.normal(size=np.shape(value))
        pulled = functions[f"{op.name}_vjp"](g, *(given[n] for n in names))
    (truth,) = oracle.evaluate(op.program, given).values()
    np.testing.assert_allclose(value, truth.value, rtol=1e-12, atol=1e-300)
    truths = (t.value for t in oracle.gradient(op.program, given, {op.program.outputs[0].name: g}).values())
    for got, want in zip(pulled if isinstance(pulled, tuple) else (pulled,), truths, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)  # g - sum(g*p) cancels


@pytest.mark.parametrize("op", OPS, ids=[op.name for op in OPS])
def test_every_shift_is_proved(op):
    for reading, program in readings(op).programs:
        assert stability(program), f"{op.name} {reading}: nothing was shifted"


def test_masked_sums_shift_by_what_the_mask_lets_through():
    top = shifted(causal.program).lets[0].body
    assert isinstance(top, Reduce) and isinstance(top.body, Where)
    assert not any(c.fn == "exp" for c in leaves(top, Call))


def test_an_argument_spelled_in_two_ways_is_shifted_once():
    assert builtins.sum("shift" in let.name for let in shifted(readings(spread).program("vjp")).lets) == 1


def test_what_does_not_cancel_is_left_alone():
    @op
    def plain_sum(x: Real["N D"]):
        """Nothing divides it."""
        return sum(exp(x), "D")

    assert shifted(plain_sum.program) == plain_sum.program


def test_a_term_without_exponential_takes_part_only_where_that_is_safe():
    x = quiet.program.inputs[0]
    denominator = 1 + sum(exp(x), "D")
    by = shifted(quiet.program).lets[0].ref
    assert rescaled(denominator, Shift(frozenset([x]), by, True, {}), {}).degree == 1
    with pytest.raises(Mixed):
        rescaled(denominator, Shift(frozenset([x]), by, False, {}), {})


def test_hidden_parts_are_seen_through():
    gradient = readings(mixture).program("vjp")
    named, _ = hide_differences(gradient)
    assert any("shift" in let.name for let in shifted(named).lets)


def test_the_largest_product_of_share_and_exponential_is_taken_out():
    """With the share of the only near centre 0 in floats, what counts is the product."""
    given = np.array([[-800.0, 0.0]]), np.array([[0.0]]), np.array([[0.0], [60.0]])
    functions = generated(mixture_of_shares)
    names = [i.name for i in mixture_of_shares.program.inputs]
    (truth,) = oracle.evaluate(mixture_of_shares.program, dict(zip(names, given, strict=True))).values()
    assert functions["mixture_of_shares"](*given) == pytest.approx(float(truth.value), rel=1e-15)
    assert np.isfinite(np.concatenate([d.ravel() for d in functions["mixture_of_shares_vjp"](1.0, *given)])).all()


def test_all_readings_of_a_mixture_are_proved():
    found = readings(mixture_of_shares)
    assert {reading: found.proof(reading) for reading in found.names} == dict.fromkeys(found.names, "A")


def test_a_running_sum_over_another_is_shifted_by_the_maximum_so_far():
    """Derivative of logcumsumexp: what follows later and is larger by far must not make 0/0 of it."""
    made = compile_source(source(find("logcumsumexp")), "running sums")
    x = np.array([[-800.0, 0.0, 800.0], [800.0, 0.0, -800.0]])
    v = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    assert np.array_equal(made["logcumsumexp_jvp"](v, x), [[1, 2, 3], [1, 1, 1]])
