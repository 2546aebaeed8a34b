"""What a definition says of its arrays: ranges, numbers of positions, labels that are no position, and what lies outside."""
# mypy: ignore-errors

import numpy as np
import pytest

from derive.catalog.activations import softmax
from derive.language import (
    Between,
    DefinitionError,
    Index,
    Integer,
    Natural,
    NonNegative,
    Positive,
    PositiveInteger,
    Range,
    Real,
    State,
    assume,
    exp,
    idx,
    inf,
    log,
    logsumexp,
    max,
    mean,
    new,
    onehot,
    op,
    size,
    sqrt,
    sum,
    where,
)
from derive.language.annotations import Array
from derive.oracle import OracleError, evaluate
from derive.pipeline import generated, readings


@op
def odds(p: Real["N", Between(0, 1)], weight: Real["N", NonNegative], mu: State["N", Positive]):
    """A ratio."""
    mu = mu + 1
    return weight * p / (1 - p)


def test_ranges_of_inputs():
    assert [str(i.limits) for i in odds.program.inputs] == ["(0, 1)", "[0, inf)", "(0, inf)"]
    assert odds.program.inputs[0] != Real["N"] and Real["N", Range()] == Array(("N",))


@pytest.mark.parametrize("wrong", [("N", 3), ("N", Natural), ("N", Range(1, 0)), ("N", Positive, Positive)])
def test_a_range_is_one_of_real_numbers(wrong):
    with pytest.raises(DefinitionError, match=r"takes its axes as one string|stands the range of real numbers"):
        Real[wrong]


def test_an_index_has_no_range():
    with pytest.raises(DefinitionError, match="range of real numbers"):
        Index["N -> C", Positive]


@op
def area(a: Real["N K=4"]):
    """The area of boxes."""
    return (a.at(K=2) - a.at(K=0)) * (a.at(K=3) - a.at(K=1))


@op
def spread(x: Real["N D"], *, groups: PositiveInteger = 2):
    """The unbiased variance."""
    assume(size("N") > 1)
    assume(size("D") % groups, equals=0)
    return sum((x - mean(x, "N")) ** 2, "N") / (size("N") - 1)


@op
def several(x: Real["N D"], boxes: Real["N K"]):
    """Uses both."""
    return sum(spread(x, groups=3)) + sum(area(boxes))


def test_requirements_are_inherited():
    assert [str(r) for r in area.program.requirements] == ["size(K) == 4"]
    assert [str(r) for r in spread.program.requirements] == ["size(N) > 1", "size(D) - groups*floor(size(D)/groups) == 0"]
    assert [str(r) for r in several.program.requirements] == ["size(N) > 1", "size(D) - 3*floor(size(D)/3) == 0", "size(K) == 4"]
    assert not spread.program.hypotheses


def test_the_oracle_holds_a_call_to_them():
    with pytest.raises(OracleError, match=r"spread: wanted size\(N\) > 1; sizes are N = 1, D = 2, parameters groups = 2"):
        evaluate(spread.program, {"x": np.ones((1, 2))})
    with pytest.raises(OracleError, match=r"wanted size\(D\) - groups"):
        evaluate(spread.program, {"x": np.ones((2, 3))})
    assert evaluate(spread.program, {"x": np.array([[1.0, 2.0], [3.0, 2.0]])})["y"].value.tolist() == [2.0, 0.0]


def refused(function, match):
    with pytest.raises(DefinitionError, match=match):
        op(function)


def test_what_is_required_must_be_known():
    def elsewhere(x: Real["N"]):
        """Of an axis that is not there."""
        assume(size("M") > 1)
        return x

    def data(x: Real["N"]):
        """Of the numbers."""
        assume(x > 0)
        return x

    def never(x: Real["N"], *, k: PositiveInteger = 2):
        """Of itself."""
        return spread_of(x, k=3)

    @op
    def spread_of(x: Real["N"], *, k: PositiveInteger = 2):
        """Only small k."""
        assume(k < 3)
        return k * x

    refused(elsewhere, r"assume\(size\(M\) > 1\): nothing gives axis M a size")
    refused(data, "the range of an input stands where it is declared")
    refused(never, "it needs 3 < 3, which does not hold")


@op
def kept(logp: Real["N C"], label: Index["N -> C or none"], *, none: Integer = -100):
    """Log-probabilities of labels that count."""
    return logp.at(C=label) + sum(onehot(label, "C"), "C")


def test_a_label_that_is_no_position_reads_nothing():
    (let,) = [let for let in kept.program.lets if let.name == "y"]
    assert str(let.body).count("label != none") == 2
    found = evaluate(kept.program, {"logp": np.array([[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]), "label": np.array([1, -100, 0])})["y"].value
    assert found.tolist() == [5.0, 0.0, 8.0]


def test_a_label_that_may_be_none_is_not_computed_with():
    def moved(x: Real["N C"], label: Index["N -> C or -1"]):
        """One further."""
        return x.at(C=label + 1)

    def unknown(x: Real["N C"], label: Index["N -> C or none"]):
        """Of a parameter that is not there."""
        return x.at(C=label)

    def barred(x: Real["N C"], label: Index["N -> C but gap"]):
        """Of a parameter that is not there."""
        return x.at(C=label)

    refused(barred, "label may not be gap, which is no parameter of whole numbers")
    refused(moved, r"computes with label, which may be -1, no position; read at label itself")
    refused(unknown, "label may be none, which is no parameter of whole numbers")
    with pytest.raises(DefinitionError, match='after "but" stands one position'):
        Index["N -> C but the first"]
    with pytest.raises(DefinitionError, match='after "or" stands one number'):
        Index["N -> C or -1 or -2"]


@op
def widest(x: Real["L"], *, padding: Natural = 1):
    """The largest of three, outside not counted."""
    return max(x.at(L=new("P") + new("K", size=3) - padding, outside=-inf), "K")


def test_what_lies_outside_never_wins():
    assert evaluate(widest.program, {"x": np.array([-3.0, -2.0, -5.0, -7.0])})["y"].value.tolist() == [-2.0, -2.0, -2.0, -5.0]


def test_infinity_is_no_number():
    def loose(x: Real["L"]):
        """Outside of a maximum."""
        return sum(x.at(L=idx("L") + 1, outside=-inf))

    def huge(x: Real["L"]):
        """A number outside."""
        return max(x.at(L=idx("L") + 1, outside=-9), "L")

    def inside_exp(x: Real["L"]):
        """Alone."""
        return exp(x) + log(inf)

    refused(loose, "inf is no number")
    refused(inside_exp, "inf is no number")
    refused(huge, "what lies outside an array is 0, inf or -inf")


@op
def padded_score(logits: Real["N C"], label: Index["N -> C"], length: Real["N"], *, pad: Natural = 0):
    """The score of a label, or of what stands in for it."""
    return logits.at(C=where(length > 0, label, pad))


def test_what_stands_in_for_a_label_is_a_position_too():
    assert [str(r) for r in padded_score.program.requirements] == ["size(C) > pad"]
    with pytest.raises(ValueError, match=r"padded_score: .*pad"):
        generated(padded_score)["padded_score"](np.zeros((1, 2)), np.array([1]), np.ones(1), pad=2)


@op
def kept_shares(s: Real["N K"], mask: Real["N K"], slope: Real[""]):
    """A mask among the terms of the scores."""
    return softmax(s + (slope * idx("K") + where(mask > 0, 0, -inf)), over="K")


@op
def kept_total(s: Real["N K"], mask: Real["N K"]):
    """The other way round."""
    return logsumexp(where(mask > 0, -inf, s), "K")


@op
def stay_or_advance(s: Real["K"]):
    """What lies outside takes no part."""
    return logsumexp(s.at(K=idx("K") - new("M", size=2), outside=-inf), "M")


def test_a_score_that_a_mask_makes_minus_infinite_takes_no_part():
    s, mask = np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([[1.0, 0, 1], [1, 1, 0]])
    e = np.exp(s + 0.5 * np.arange(3)) * mask
    np.testing.assert_allclose(generated(kept_shares)["kept_shares"](s, mask, 0.5), e / e.sum(1, keepdims=True), rtol=1e-15)
    np.testing.assert_allclose(generated(kept_total)["kept_total"](s, 1 - mask), np.log((np.exp(s) * mask).sum(1)), rtol=1e-15)
    moved = np.log(np.exp(s[0]) + np.roll(np.exp(s[0]), 1) * [0, 1, 1])
    np.testing.assert_allclose(generated(stay_or_advance)["stay_or_advance"](s[0]), moved, rtol=1e-15)
    assert {readings(o).proof("vjp") for o in (kept_shares, kept_total, stay_or_advance)} == {"A"}


@op
def cooled_shares(s: Real["N K"], mask: Real["N K"], b: Real["K"]):
    """Scores that are scaled after the mask."""
    return softmax((s + where(mask > 0, b, -inf)) / sqrt(size("K")), over="K", temperature=2)


def test_masked_scores_may_be_scaled_by_numbers_and_sizes():
    s, mask, b = np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([[1.0, 0, 1], [1, 1, 0]]), np.array([0.5, 1, 2])
    e = np.exp((s + b) / np.sqrt(3) / 2) * mask
    np.testing.assert_allclose(generated(cooled_shares)["cooled_shares"](s, mask, b), e / e.sum(1, keepdims=True), rtol=1e-15)
    assert {readings(cooled_shares).proof(name) for name in ("value", "vjp", "jvp", "hvp")} == {"A"}


def test_a_masked_score_times_a_parameter_is_told_how_to_be_written():
    with pytest.raises(DefinitionError, match=r"Instead of where\(mask > 0, s, -inf\)/tau write where\(mask > 0, s/tau, -inf\)"):

        @op
        def tempered(s: Real["N K"], mask: Real["N K"], *, tau: Positive = 2):
            """Scores scaled by what may be any number."""
            return softmax(where(mask > 0, s, -inf) / tau, over="K")


def test_a_negative_number_leaves_a_mask_infinite():
    with pytest.raises(DefinitionError, match="inf is no number"):

        @op
        def turned(s: Real["N K"], mask: Real["N K"]):
            """What is turned round would be chosen alone."""
            return softmax(-2 * where(mask > 0, s, -inf), over="K")
