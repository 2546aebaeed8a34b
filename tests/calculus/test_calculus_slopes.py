"""Slopes in terms of themselves are proved in both directions; what can neither be proved nor refuted is said, and no crash."""

from dataclasses import replace

import pytest

from derive.calculus import sweep
from derive.calculus.gradient import jvp, vjp
from derive.catalog import find
from derive.language.errors import NotProved
from derive.language.nodes import TWO, add, mul

DIRECTIONS = pytest.mark.parametrize("derive", [vjp, jvp])


@DIRECTIONS
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "rnn_cell", "gelu_tanh"])
def test_a_wrong_slope_is_refused(name, derive, monkeypatch):
    program, right = find(name).program, sweep.slopes
    assert derive(program).tier == "A"
    for wrong in (lambda by: mul(TWO, by), lambda by: add(by, TWO)):
        monkeypatch.setattr(sweep, "slopes", lambda *a, wrong=wrong: {n: replace(s, by=wrong(s.by)) for n, s in right(*a).items()})
        with pytest.raises(NotProved):
            derive(program)


@DIRECTIONS
def test_the_slope_is_a_step(derive):
    (step,) = [s for s in derive(find("tanh").program).steps if s.name in ("through y", "slope of y")]
    assert "y**2" in str(step.right) and "exp" in str(step.left) and step.certificate.tier == "A"


def test_what_is_not_proved_is_a_gap(monkeypatch):
    def never(*_):
        raise NotProved("no certificate")

    monkeypatch.setattr(sweep, "certify", never)
    found = vjp(find("tanh").program)
    assert found.gaps and found.tier == "none"
