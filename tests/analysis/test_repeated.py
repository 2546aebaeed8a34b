"""What a step leads to when it is repeated: closed forms against the steps themselves, one after the other."""

from fractions import Fraction

import numpy as np
import pytest

from derive.analysis.repeated import after_steps, count_of, from_zero
from derive.catalog.adaptive import adabelief, adam, nadam
from derive.catalog.normalization import batch_norm_statistics
from derive.catalog.optimizers import adadelta, adagrad, lion, nesterov, rmsprop_centered, sgd_dampened, sgd_momentum, sgd_momentum_inside
from derive.language import Count, Fraction01, NonNegative, Positive, Real, State, maximum, op, sqrt
from derive.language.nodes import Reduce, Ref, leaves
from derive.language.text import text
from derive.pipeline import generated


@op
def chained(x: Real["N"], a: State["N"], b: State["N"], *, p: Fraction01 = 0.5, q: Fraction01 = 0.75):
    """A mean of a mean, read after its step."""
    a = p * a + (1 - p) * x
    b = q * b + a
    return x - b


@op
def chained_before(x: Real["N"], a: State["N"], b: State["N"], *, p: Fraction01 = 0.5):
    """A sum of means, each read before its step."""
    b = b + a
    a = p * a + (1 - p) * x
    return x - b


@op
def summed(x: Real["N"], a: State["N"], *, p: NonNegative = 0.5):
    """A geometric sum that may also grow."""
    a = p * a + x
    return a


@op
def counted(x: Real["N"], s: State["N"], t: Count, *, p: Fraction01 = 0.5):
    """A sum with weights that depend on the step, through a name."""
    weight = 1 + t * p
    s = s + weight * x
    return s * x


@op
def grown(x: Real["N"], s: State["N"], t: Count, *, p: Positive = 0.5):
    """A product, whose factor is another in each step, through a name."""
    factor = p**t
    s = factor * s
    return s * x


@op
def corrected(x: Real["N"], m: State["N"], t: Count, *, b: Fraction01 = 0.9):
    """A mean that is divided by what its weights add up to."""
    m = b * m + (1 - b) * x
    return m / (1 - b**t)


@op
def peak(x: Real["N"], s: State["N"]):
    """The largest so far."""
    s = maximum(s, x)
    return s


@op
def rooted(x: Real["N"], s: State["N"]):
    """No linear recurrence."""
    s = sqrt(s**2 + x**2)
    return s


MADE_UP = (chained, chained_before, summed, counted, grown, corrected)
CATALOGUE = (nesterov, adagrad, adam, nadam, batch_norm_statistics)
STEPS = 4


def repeated_numbers(op, start):
    """What the steps of the generated code lead to, and the arrays that they were given."""
    rng, program = np.random.default_rng(3), op.program
    given = {i.name: rng.uniform(0.5, 2, [3 for _ in i.names]) for i in program.inputs if i.dtype == "real"}
    states = {s: start * rng.uniform(0.5, 2, [3 for _ in next(i for i in program.inputs if i.name == s).names]) for s in program.states}
    known = {**given, **states}
    for step in range(1, STEPS + 1):
        arrays = {**given, **states, count_of(program).name: step}
        results = generated(op)[op.name](**{i.name: arrays[i.name] for i in program.inputs})
        states = dict(zip(program.states, results[len(results) - len(states) :], strict=True))
    return known, states


def value_of(op, closed, known):
    names = {p.name: float(Fraction(p.default)) for p in op.program.parameters} | known | {count_of(op.program).name: STEPS}
    return eval(text(closed.value), {"sqrt": np.sqrt}, names)


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("op", (*MADE_UP, *CATALOGUE), ids=lambda op: op.name)
def test_closed_forms_are_where_the_steps_lead(op, start):
    known, states = repeated_numbers(op, start)
    places = {o.name: s for s, o in zip(op.program.states, op.program.outputs[-len(op.program.states) :], strict=True)}
    for c in from_zero(op.program) if start == 0 else after_steps(op.program):
        if c.name in places and not leaves(c.value, Ref, Reduce):
            np.testing.assert_allclose(value_of(op, c, known), states[places[c.name]], rtol=1e-12)


# fmt: off
FOUND = [
    (sgd_momentum,        {"velocity_new": "momentum**t*velocity + (1 - momentum**t)/(1 - momentum)*grad"}),
    (sgd_momentum_inside, {"velocity_new": "momentum**t*velocity + rate*(1 - momentum**t)/(1 - momentum)*grad"}),
    (nesterov,            {"velocity_new": "momentum**t*velocity + (1 - momentum**t)/(1 - momentum)*grad"}),
    (adagrad,             {"total_new": "total + t*grad**2"}),
    (lion,                {"m_new": "beta2**t*m + (1 - beta2**t)*grad"}),
    (adam,                {"m_new": "beta1**t*m + (1 - beta1**t)*grad", "v_new": "beta2**t*v + (1 - beta2**t)*grad**2"}),
    (rmsprop_centered,    {"m_new": "decay**t*m + (1 - decay**t)*grad", "v_new": "decay**t*v + (1 - decay**t)*grad**2"}),
    (adadelta,            {"v_new": "decay**t*v + (1 - decay**t)*grad**2"}),
    (adabelief,           {"m_new": "beta1**t*m + (1 - beta1**t)*grad"}),
    (sgd_dampened,        {}),
    (peak,                {}),
    (rooted,              {}),
]
# fmt: on


@pytest.mark.parametrize("op, forms", FOUND, ids=[op.name for op, _ in FOUND])
def test_closed_forms_that_are_known(op, forms):
    assert {c.name: text(c.value) for c in after_steps(op.program)} == forms


def test_bias_corrections_are_found():
    assert {c.name: text(c.value) for c in from_zero(adam.program)}.items() >= {("mhat", "grad"), ("vhat", "grad**2")}
    assert {c.name: text(c.value) for c in from_zero(corrected.program)}["y"] == "x"


def test_a_factor_that_moves_through_a_name_is_no_constant():
    assert "left_new" not in {c.name for c in after_steps(nadam.program)}


def test_states_that_depend_on_states_are_solved_in_turn():
    assert {c.name for c in after_steps(chained_before.program)} == {"a_new", "b_new"}


def test_a_form_that_divides_by_what_may_be_0_is_not_given():
    """(p^t - q^t)/(p - q), where p = q is allowed; and 1 - p, where p = 1 is."""
    assert {c.name for c in after_steps(chained.program)} == {"a_new"}
    assert not after_steps(summed.program)
