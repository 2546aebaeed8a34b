"""Definitions that once crashed, hung or lost all digits in one of their readings: each against the oracle where it went wrong."""

import builtins
import time

import numpy as np
import pytest
from against_oracle import called, hold

from derive import oracle, pipeline
from derive.catalog import find
from derive.catalog.activations import sigmoid, softmax, tanh
from derive.catalog.losses import cross_entropy
from derive.codegen.constants import has_no_value
from derive.language import Index, OneOf, Positive, Real, abs, equal, exp, idx, inf, log, logsumexp, mean, op, scan, size, sqrt, sum, where
from derive.language.nodes import MINUS_ONE, TWO, ZERO, Pow
from derive.language.operation import Op
from derive.language.work import TooLarge, at_most, spend
from derive.numerics import regions


@op
def bent_line(x: Real["..."]):
    """A line with a root on top that outweighs none of it."""
    return (sqrt(x**2 + 1) - 1) / 2 + x


@op
def logistic_score(mu: Real["N"], s: Real["N", Positive], y: Real["N"]):
    """The score of a logistic forecast."""
    z = (y - mu) / s
    f = 1 / (1 + exp(-z))
    return mean(s * (z - 2 * log(f) - 1), "N")


@op
def mixture(logits: Real["N K"], mu: Real["N K"], b: Real["N K", Positive], y: Real["N"]):
    """Likelihood of a mixture, written with its densities."""
    w = softmax(logits)
    density = w / (2 * b) * exp(-abs(y - mu) / b)
    return -mean(log(sum(density, "K")), "N")


@op
def anchors(s: Real["N C"], label: Index["N -> C"], *, alpha: Positive = 32, delta: Positive = 0.1):
    """Terms that 0/1 factors choose, beside a 1."""
    hit = where(idx("C") >= label, 1, 0)
    near = log(1 + sum(hit * exp(-alpha * (s - delta)), "N"))
    far = log(1 + sum((1 - hit) * exp(alpha * (s + delta)), "N"))
    return mean(near + far, "C")


@op
def curve_and_target(x: Real["N"], y: Real["N"]):
    """How far a curve is from a target, inside a logarithm."""
    p = tanh(x)
    return log(1 + (p - y) ** 2)


@op
def kernel_of_curve(x: Real["N"], y: Real["N"]):
    """The same inside an exponential."""
    p = sigmoid(x)
    return exp(-3 * (p - y) ** 2)


@op
def branches(x: Real["..."]):
    """A logarithm in a branch, of what is negative in the other."""
    e = where(x > 0, x, exp(x) - 1)
    f = where(e > 1, 1 + log(e), e)
    return where(f > 1 / 2, f, exp(f) - 1)


@op
def gates(x: Real["..."]):
    """A gate of a gate of a gate."""
    a = x * sigmoid(x)
    b = a * sigmoid(a)
    return tanh(b) * b


@op
def near_centres(x: Real["N"], c: Real["K"], *, h: Positive = 0.1):
    """How close a number is to some of the centres."""
    return log(sum(exp(-((x - c) ** 2) / (2 * h**2)), "K"))


@op
def grows(x: Real["..."], *, a: Positive = 0.5):
    """An exponential with a parameter, whose slope leaves the range of floats."""
    return (exp(a * x) - 1) / a + a


@op
def chosen_power(x: Real["..."], *, n: OneOf(2, 3, 5) = 3):
    """A parameter that is one of a few numbers."""
    return x**n


RNG = np.random.default_rng(5)
SIGNS = np.array([[0, 40.0, -7], [3, 0.5, -90]])
# fmt: off
CASES: dict[str, tuple[Op, tuple[np.ndarray, ...]]] = {
    "bent_line":        (bent_line, (np.array([-1e200, -30, -1e-9, 0, 2, 1e300]),)),
    "logistic_score":   (logistic_score, (np.array([0.0, 30, -900]), np.array([1.0, 0.5, 2]), np.array([3.0, -900, 20]))),
    "mixture":          (mixture, (RNG.normal(size=(2, 3)) * 400, SIGNS, np.ones((2, 3)) / 8, np.array([70.0, -800]))),
    "anchors":          (anchors, (RNG.normal(size=(3, 2)) * 40, np.array([0, 1, 1]))),
    "curve_and_target": (curve_and_target, (np.array([0.3, 2.0]), np.array([np.tanh(0.3) + 1e-5, 0.3]))),
    "branches":         (branches, (np.array([-700, -1e-9, 1e-9, 0.5, 3.0, 1e9]),)),
}
# fmt: on


def assert_near(got: list[np.ndarray], exact: dict[str, oracle.Rounded]) -> None:
    """Vectors number by number, matrices up to their largest one, to nine digits: forms that cancel or overflow have none there."""
    for y, rounded in zip(got, exact.values(), strict=True):
        wanted = np.asarray(rounded.value, float)
        scale = np.abs(wanted) if wanted.ndim < 2 else np.abs(wanted).max()
        assert np.isfinite(wanted).all() and (np.abs(y - wanted) <= 1e-9 * scale).all(), (y, wanted)


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives_where_digits_were_lost(name: str) -> None:
    hold(*CASES[name], RNG, assert_near)


@pytest.mark.parametrize("name", CASES)
def test_no_reading_is_without_proof(name: str) -> None:
    found = pipeline.readings(CASES[name][0])
    assert {found.proof(reading) for reading in found.names[:3]} <= {"-", "A", "C"}


@op
def coupled(x: Real["N A"], y: Real["N B"], w: Real["H A"], ws: Real["B H"], bs: Real["B"], wt: Real["B H"]):
    """An affine coupling layer: a name that one form of the gradient opens is part of one that both have."""
    h = tanh(sum(w * x, "A"))
    u = sum(ws * h, "H") + bs
    s = tanh(u)
    t = sum(wt * h, "H")
    z = (y - t) * exp(-s)
    return mean(sum(z**2 / 2 + s, "B") + sum(x**2 / 2, "A"), "N")


@op
def soft_edit(cost: Real["T L"], *, gamma: Positive = 1.0):
    """Paths that stay or advance: what is read before the first position, inside exponentials, is read nowhere."""

    def step(r):
        move = where(idx("L") < 1, 1000, r.at(L=idx("L") - 1))
        return cost - gamma * log(exp(-r / gamma) + exp(-move / gamma))

    r = scan(step, start=where(equal(idx("L"), 0), 0, 50), over="T")
    return r.at(T=size("T") - 1, L=size("L") - 1)


@pytest.mark.parametrize("definition", [coupled, soft_edit], ids=lambda o: o.name)
def test_it_is_proved_for_all_sizes(definition: Op) -> None:
    assert pipeline.readings(definition).proof("vjp") == "A"


def test_the_gradient_of_a_mixture_is_written_with_its_densities() -> None:
    shown = {let.name: str(let.body) for let in pipeline.readings(mixture).program("vjp").lets}
    assert shown["dlogits"] == "g*(w - density/sum(density, K))/size(N)"


def test_the_square_of_a_difference_is_not_multiplied_out_in_an_exponential() -> None:
    assert "y**2" not in str(pipeline.stable(kernel_of_curve.program).lets[-1].body)


def test_exponentials_in_a_tangent_are_those_of_the_definition() -> None:
    shown = str(pipeline.readings(anchors).program("jvp").lets[-1].body)
    assert "exp(alpha*(delta + s))" in shown and "exp(alpha*(delta - s))" in shown


def test_what_overflows_is_inf() -> None:
    (slope,) = called(grows, "_vjp", np.ones(4), np.array([2000.0, 1e300, 1420, -1e300]))
    np.testing.assert_array_equal(slope, [np.inf, np.inf, np.inf, 0])


def test_a_parameter_may_be_any_of_its_few_numbers_and_no_other() -> None:
    f = pipeline.generated(chosen_power)["chosen_power"]
    assert [f(np.float64(2), n=n) for n in (2, 3, 5)] == [4, 8, 32]
    with pytest.raises(ValueError, match=r"n is 4; wanted .* in \{2, 3, 5\}"):
        f(np.float64(2), n=4)


def test_a_shifted_exponential_is_computed_once_and_not_by_halves() -> None:
    lets = pipeline.stable(pipeline.readings(near_centres).program("vjp")).lets
    assert builtins.sum(str(let.body).count("exp(") for let in lets) == 1 and "e*e" not in str(lets)


def test_a_form_that_takes_too_long_to_find_is_the_one_that_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = pipeline.readings(gates).program("vjp")
    monkeypatch.setattr(regions.affordable, "__defaults__", (regions.LEAST,))
    short = pipeline.stable.__wrapped__(reading)
    monkeypatch.undo()
    lengths = [len("".join(str(let.body) for let in program.lets)) for program in (short, pipeline.stable(reading))]
    assert lengths[0] < lengths[1]


def test_proofs_that_are_not_found_in_time_are_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "PROOF_WORK", 100)
    pipeline.stability.cache_clear()
    assert pipeline.readings(gates).proof("hvp") in ("B", "C", "none")
    pipeline.stability.cache_clear()


def test_what_is_done_inside_counts_outside() -> None:
    with pytest.raises(TooLarge), at_most(10):
        for _ in range(3):
            with at_most(100):
                spend(4)


def test_gates_in_gates_end() -> None:
    began = time.process_time()
    pipeline.readings(gates).proof("hvp")
    assert time.process_time() - began < 60


@op
def both_ways(x: Real["T D"], y: Real["S D"]):
    """Shares of the same scores along two axes."""
    s = sum(x * y, "D")
    a = softmax(s, over="S")
    b = softmax(s, over="T")
    return sum(sum(a * y, "S") ** 2, "T D") + sum(sum(b * x, "T") ** 2, "S D")


def test_each_of_two_shares_of_the_same_scores_has_its_own_gradient() -> None:
    shown = {let.name: str(let.body) for let in pipeline.readings(both_ways).program("vjp").lets}
    assert shown["ds"] == "a*(da - sum(a*da, S)) + b*(db - sum(b*db, T))"
    (dx, _) = called(both_ways, "_vjp", np.float64(1.0), 100 * np.eye(3), 30 * np.eye(3))
    assert np.isfinite(dx).all()


@op
def masked_score(s: Real["N C"], mask: Real["N C"], label: Index["N -> C"]):
    """Cross-entropy of what a mask leaves."""
    return cross_entropy(where(mask > 0, s, -inf), label)


def test_the_gradient_of_masked_scores_is_that_of_scores() -> None:
    shown = {let.name: str(let.body) for let in pipeline.readings(masked_score).program("vjp").lets}
    assert shown["ds"] == "where(mask > 0, g*(p - onehot(label, C))/size(N), 0)"
    s, mask = np.array([[900.0, -900.0, 0.0]]), np.array([[0.0, 1.0, 1.0]])
    (ds, _) = called(masked_score, "_vjp", np.float64(1.0), s, mask, np.array([1]))
    np.testing.assert_array_equal(ds, [[0, -1, 1]])


@op
def masked_logarithms(s: Real["N C"], mask: Real["N C"]):
    """What is masked has no logarithm, and its slope is 1/0."""
    return log(softmax(where(mask > 0, s, -inf)))


def test_a_branch_without_a_value_is_no_crash() -> None:
    s, mask = np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 1.0, 1.0]])
    with np.errstate(all="ignore"):
        value = pipeline.generated(masked_logarithms)["masked_logarithms"](s, mask)
    np.testing.assert_allclose(value[0, 1:], s[0, 1:] - np.log(np.exp(2) + np.exp(3)), rtol=1e-15)
    assert not np.isfinite(value[0, 0]) and has_no_value(Pow(ZERO, MINUS_ONE)) and not has_no_value(Pow(TWO, MINUS_ONE))


@op
def tied(token: Index["N -> V"], target: Index["N -> V"], e: Real["V D"]):
    """A model whose embedding is its last layer too."""
    x = e.at(V=token)
    logits = sum(x * e.at(V=idx("V'")), "D")
    logp = logits - logsumexp(logits, "V'")
    return -mean(logp.at(**{"V'": target}), "N")


def test_a_sum_over_a_second_axis_is_shown_over_it_and_shifted() -> None:
    shown = {let.name: str(let.body) for let in pipeline.readings(tied).program("vjp").lets}
    assert "exp(logits)/sum(exp(logits), V')" in shown["dlogits"]
    (de,) = called(tied, "_vjp", np.float64(1.0), np.array([0, 1]), np.array([1, 0]), 100 * np.eye(3))
    assert np.isfinite(de).all()


@pytest.mark.parametrize(
    ("name", "let", "form"),
    [
        ("swish", "dbeta", "sum(g*x**2*sigmoid*(1 - sigmoid), ...)"),
        ("poly_loss", "dlogits", "g*(p*(eps*(sum(target*p, C) - target) + 1) - target)/size(N)"),
    ],
)
def test_nothing_is_divided_by_what_is_0_in_floats(name: str, let: str, form: str) -> None:
    assert str(pipeline.readings(find(name)).program("vjp").let(let).body) == form
