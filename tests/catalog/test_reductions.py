"""The sum and the single terms of a loss follow from its mean."""

from __future__ import annotations

import numpy as np
import pytest
from plain import evaluate

from derive.catalog import find
from derive.catalog.reductions import REDUCTIONS, with_reductions
from derive.language import DefinitionError

R = np.random.default_rng(5)
NAMES = [op.name.removesuffix("_sum") for op in REDUCTIONS[::2]]


def arrays(name: str) -> list[np.ndarray]:
    if name in ("nll", "cross_entropy"):
        return [R.normal(size=(5, 4)), R.integers(0, 4, 5)]
    shape = (5, 4) if name == "cross_entropy_probs" else (6,)
    return [R.uniform(0.1, 0.9, shape), R.uniform(0.1, 0.9, shape)]


@pytest.mark.parametrize("name", NAMES)
def test_the_mean_and_the_sum_are_those_of_the_terms(name: str) -> None:
    given = arrays(name)
    mean, total, terms = (evaluate(find(n).program, *given)[0] for n in (name, f"{name}_sum", f"{name}_none"))
    assert terms.shape in ((5,), (6,)) and mean.shape == total.shape == ()
    np.testing.assert_allclose([terms.mean(), terms.sum()], [mean, total], rtol=1e-14)


def test_a_variant_says_what_it_is() -> None:
    assert find("nll_sum").summary == "Like nll, but summed over N, not averaged."
    assert find("mse_none").summary == "Like mse, but for each position alone, not averaged over all axes."


def test_what_is_no_mean_has_no_other_reduction() -> None:
    with pytest.raises(DefinitionError, match=r"chamfer is mean\(min\(d, M\), N\) \+ .* no mean"):
        with_reductions(find("chamfer"))
