"""Definitions as users write them, each of which once went wrong: values, gradients and proofs against plain NumPy."""

import time

import numpy as np
import pytest

from derive import pipeline
from derive.catalog.activations import relu, sigmoid, tanh
from derive.catalog.convolution import conv2d
from derive.language import Between, DefinitionError, Real, assume, exp, idx, log, maximum, mean, minimum, op, size, sum, where
from derive.language.operation import Op


@op
def spread(x: Real["N D"]):
    """Mean fourth power of the differences of all pairs."""
    return mean(sum((x - x.at(N=idx("N'"))) ** 4, "D"))


@op
def unnamed_argument(x: Real["N D"], w: Real["H D"]):
    """A layer written in one line."""
    return tanh(sum(x * w, "D"))


@op
def square_layers(x: Real["N D"], w: Real["K=3 D D'"], b: Real["K=3 D"]):
    """Three layers with a shortcut each, their weights in one array, in a Python loop."""
    h = x
    for k in range(3):
        h = h + tanh(sum(h.at(D=idx("D'")) * w.at(K=k), "D'") + b.at(K=k))
    return h


@op
def two_convolutions(x: Real["N C H W"], w1: Real["A C I J"], w2: Real["B A I J"], v: Real["O B P Q"]):
    """Two convolutions, then a linear map of what they leave."""
    h = relu(conv2d(x, w1))
    h = conv2d(h, w2, P="P", Q="Q")
    return sum(h * v, "B P Q")


@op
def sorted_lists(score: Real["N L"]):
    """Plackett-Luce likelihood of sorted lists; the second index has a name of its own."""
    tail = log(sum(where(idx("K") >= idx("L"), exp(score.at(L=idx("K"))), 0), "K"))
    return mean(sum(tail - score, "L"), "N")


@op
def shifted_gate(x: Real["N"], b: Real[""]):
    """A gate with one bias for all."""
    return mean(sigmoid(x + b), "N")


def directional(defined: Op, arrays: list[np.ndarray]) -> tuple[float, float, float]:
    """The slope of the sum of all outputs along a random direction: by differences, by jvp, by vjp."""
    f, rng, name = pipeline.generated(defined), np.random.default_rng(3), defined.name
    v = [rng.normal(size=a.shape) for a in arrays]
    ends = [f[name](*(a + s * 1e-6 * d for a, d in zip(arrays, v, strict=True))) for s in (1, -1)]
    gradients = f[f"{name}_vjp"](np.ones_like(ends[0]), *arrays)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    back = np.sum([(g * d).sum() for g, d in zip(gradients, v, strict=True)])
    return float(np.sum(ends[0] - ends[1]) / 2e-6), float(np.sum(f[f"{name}_jvp"](*v, *arrays))), float(back)


SHAPES = {
    "spread": (spread, [(4, 3)]),
    "unnamed_argument": (unnamed_argument, [(3, 4), (2, 4)]),
    "square_layers": (square_layers, [(2, 3), (3, 3, 3), (3, 3)]),
    "sorted_lists": (sorted_lists, [(2, 3)]),
    "shifted_gate": (shifted_gate, [(3,), ()]),
    "two_convolutions": (two_convolutions, [(2, 2, 5, 6), (3, 2, 2, 2), (2, 3, 2, 2), (3, 2, 3, 4)]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_derivatives_agree_with_each_other_and_are_proved(name: str) -> None:
    defined, shapes = SHAPES[name]
    rng = np.random.default_rng(2)
    differences, forward, back = directional(defined, [rng.normal(size=s) for s in shapes])
    assert forward == pytest.approx(differences, rel=1e-6)
    assert back == pytest.approx(forward, rel=1e-11)
    found = pipeline.readings(defined)
    assert {reading: found.proof(reading) for reading in ("vjp", "jvp")} == {"vjp": "A", "jvp": "A"}


def test_an_argument_that_is_a_sum_saturates_like_any_other() -> None:
    y = pipeline.generated(unnamed_argument)["unnamed_argument"](np.full((1, 2), 1000.0), np.array([[1.0, 1.0], [-1.0, -1.0]]))
    np.testing.assert_array_equal(y, [[1, -1]])


def test_each_value_of_a_variable_in_a_loop_has_a_name_and_deriving_is_quick() -> None:
    assert [let.name for let in square_layers.program.lets if let.name.startswith("h")] == ["h_1", "h_2", "h"]
    began = time.process_time()
    shown = " ".join(str(let.body) for let in pipeline.readings(square_layers).program("vjp").lets)
    assert time.process_time() - began < 10
    assert "where" not in shown


def test_axes_that_an_op_creates_are_called_as_the_caller_says() -> None:
    assert two_convolutions.program.sizes[-2:][0][0] == "P" and dict(two_convolutions.program.sizes).keys() == {"P", "Q", "P_2", "Q_2"}
    with pytest.raises(ValueError, match="P"):
        pipeline.generated(two_convolutions)["two_convolutions"](
            np.ones((1, 1, 5, 5)), np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 3))
        )


def two_sizes(x: Real["N D=4"]):
    """A size that nothing can have."""
    assume(size("D") > 5)
    return x


def two_sums(x: Real["N D"]):
    """A sum that is two numbers."""
    assume(sum(x, "D"), equals=1)
    assume(sum(x, "D"), equals=2)
    return x


def beyond(x: Real["N K=3"]):
    """A position that is not there."""
    return x.at(K=3)


def before(x: Real["N K"]):
    """A position counted as Python counts."""
    return x.at(K=-1)


def length(x: Real["N K"]):
    """Python's length."""
    return x / len(x)


def assigned(x: Real["N K"]):
    """An assignment to an element."""
    x[0] = 1
    return x


def counted(x: Real["N K"]):
    """A loop over positions."""
    for k in range(size("K")):
        return exp(x.at(K=k))


def renamed(x: Real["N C H W"], w: Real["O C I J"]):
    """An axis called as another one is."""
    return conv2d(x, w, P="N")


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        (two_sizes, "no size of D satisfies both"),
        (two_sums, "is assumed to be 1 and 2 at once"),
        (beyond, "no position 3 along size.K."),
        (before, "positions count from 0"),
        (length, 'size."N".'),
        (assigned, "expressions are values"),
        (counted, "Python cannot count to it"),
        (renamed, "P cannot be called N"),
    ],
)
def test_mistakes_are_told_in_the_language_of_the_definition(definition: object, says: str) -> None:
    with pytest.raises(DefinitionError, match=says):
        op(definition)


def test_a_choice_on_an_exponential_keeps_its_name():
    """A clipped ratio of probabilities: its condition was written out in every branch, and the branches in one another."""

    @op
    def clipped_objective(logp: Real["N"], old: Real["N"], adv: Real["N"], *, clip: Between(0, 1) = 0.2):
        """Clipped surrogate, and the clipped ratio once more."""
        ratio = exp(logp - old)
        clipped = minimum(maximum(ratio, 1 - clip), 1 + clip)
        return mean(minimum(ratio * adv, clipped * adv), "N") + mean(logp * ratio, "N")

    found = pipeline.readings(clipped_objective)
    assert {reading: found.proof(reading) for reading in found.names} == dict.fromkeys(found.names, "A")
    lets = [let for reading in found.names for let in pipeline.stable(found.program(reading)).lets]
    assert max(str(let.body).count("exp(") for let in lets) <= 3  # once in each branch that uses it
