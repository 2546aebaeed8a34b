"""What a definition assumes of a sum holds inside larger sums, at any positions; and no counterexample breaks what is assumed."""

from __future__ import annotations

import pytest

from derive.calculus.canonical import Canon, canon_for
from derive.claims.decide import decide
from derive.claims.statements import at_most, equal
from derive.language import Real, assume, idx, mean, op, size, sqrt, sum, where
from derive.language import equal as same
from derive.language import max as largest
from derive.language.operation import Op


@op
def lengths(w: Real["O I"], x: Real["I"]):
    """Behind a root."""
    assume(sum(w * w.at(I=idx("I'")), "O"), equals=where(same(idx("I"), idx("I'")), 1, 0))
    return sqrt(mean(sum(w * x, "I") ** 2, "O")), sqrt(sum(x**2, "I") / size("O"))


@op
def lengths_doubled(w: Real["O I"], x: Real["I"]):
    """Another number."""
    assume(sum(w * w.at(I=idx("I'")), "O"), equals=where(same(idx("I"), idx("I'")), 1, 0))
    return sum(sum(w * x, "I") ** 2, "O"), 2 * sum(x**2, "I")


@op
def elements(w: Real["O I"]):
    """At one position twice."""
    assume(sum(w * w.at(I=idx("I'")), "O"), equals=where(same(idx("I"), idx("I'")), 1, 0))
    return sum(w**2, "O I"), size("I")


@op
def weighted(w: Real["N"], x: Real["N M"], b: Real["M"]):
    """One factor among others."""
    assume(sum(w, "N"), equals=1)
    return sum(sum(w * (x + b), "N"), "M"), sum(sum(w * x, "N") + b, "M")


@op
def used_elsewhere(w: Real["N"], c: Real["M N"]):
    """Another factor runs over the same axis."""
    assume(sum(w, "N"), equals=1)
    return sum(w * c, "N M"), sum(c, "N M")


@op
def rows_for_columns(w: Real["O I"], y: Real["O"]):
    """Orthonormal columns are not orthonormal rows."""
    assume(sum(w * w.at(I=idx("I'")), "O"), equals=where(same(idx("I"), idx("I'")), 1, 0))
    return sum(sum(w * y, "O") ** 2, "I"), sum(y**2, "O")


@pytest.mark.parametrize(
    ("definition", "settled"),
    [
        (lengths, "proved"),
        (elements, "proved"),
        (weighted, "proved"),
        (lengths_doubled, "refuted"),
        (used_elsewhere, "refuted"),
        (rows_for_columns, "refuted"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_an_assumption_inside_a_larger_sum(definition: Op, settled: str) -> None:
    assert decide(equal(definition)).settled == settled


@op
def entries_of_a_unit_vector(w: Real["I"]):
    """No entry of a vector of length 1 is above 1: true, though not shown by what we have."""
    assume(sum(w**2, "I"), equals=1)
    return largest(w, "I"), 1


def test_no_counterexample_breaks_an_assumption() -> None:
    assert decide(at_most(entries_of_a_unit_vector)).settled in ("undecided", "proved")


def test_what_runs_over_the_same_axis_too_is_left_alone() -> None:
    program = used_elsewhere.program
    total = program.lets[0].body
    assert canon_for(program).poly(total) == Canon().poly(total)
