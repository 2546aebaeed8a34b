"""Generated code holds its callers to what the definition requires, and names axis and op."""
# mypy: ignore-errors

import numpy as np
import pytest

from derive.language import Index, Integer, PositiveInteger, Real, assume, equal, mean, op, size, sum, where
from derive.pipeline import generated

RNG = np.random.default_rng(3)


@op
def heights(a: Real["N K=4"]):
    """How high boxes are."""
    return a.at(K=3) - a.at(K=1)


@op
def unbiased(x: Real["N D"], *, groups: PositiveInteger = 1):
    """The unbiased variance."""
    assume(size("N") > 1)
    assume(size("D") % groups, equals=0)
    assume(groups < 4)
    return sum((x - mean(x, "N")) ** 2, "N") / (size("N") - 1)


@op
def picked(x: Real["... C"], label: Index["... -> C or none"], *, none: Integer = -100):
    """The mean of the elements that labels point to, of those that do."""
    return sum(x.at(C=label)) / sum(where(equal(label, none), 0, 1))


def test_a_fixed_number_of_positions():
    functions = generated(heights)
    assert functions["heights"](np.arange(8.0).reshape(2, 4)).tolist() == [2.0, 2.0]
    for call in (lambda a: functions["heights"](a), lambda a: functions["heights_vjp"](np.ones(2), a)):
        with pytest.raises(ValueError, match=r"heights(_vjp)?: wanted size\(K\) == 4; got K = 3"):
            call(np.ones((2, 3)))


def test_conditions_on_sizes_and_parameters():
    functions = generated(unbiased)
    x = RNG.normal(size=(5, 6))
    np.testing.assert_allclose(functions["unbiased"](x, groups=3), x.var(axis=0, ddof=1))
    with pytest.raises(ValueError, match=r"unbiased: wanted size\(N\) > 1; got N = 1"):
        functions["unbiased"](x[:1])
    with pytest.raises(ValueError, match=r"unbiased_vjp: wanted size\(N\) > 1; got N = 1"):
        functions["unbiased_vjp"](np.ones(6), x[:1])
    with pytest.raises(ValueError, match=r"wanted size\(D\) - groups\*floor\(size\(D\)/groups\) == 0; got D = 5, groups = 2"):
        functions["unbiased"](x[:, :5], groups=2)
    with pytest.raises(ValueError, match="unbiased: wanted groups < 4; got groups = 6"):
        functions["unbiased"](x, groups=6)


def test_labels_that_are_no_position():
    functions = generated(picked)
    x, label = RNG.normal(size=(2, 3, 4)), np.array([[0, -100, 3], [-100, 1, 1]])
    wanted = (x[0, 0, 0] + x[0, 2, 3] + x[1, 1, 1] + x[1, 2, 1]) / 4
    assert functions["picked"](x, label) == pytest.approx(wanted, rel=1e-15)
    found = functions["picked_vjp"](1.0, x, label)
    expected = np.zeros_like(x)
    for place in ((0, 0, 0), (0, 2, 3), (1, 1, 1), (1, 2, 1)):
        expected[place] = 1 / 4
    np.testing.assert_array_equal(found, expected)
    assert functions["picked"](x, np.where(label < 0, 255, label), none=255) == functions["picked"](x, label)
    with pytest.raises(ValueError, match=r"picked: label is -1 at \(0, 1\); wanted a position of C, 0 to 3, or -100"):
        functions["picked"](x, np.where(label < 0, -1, label))
