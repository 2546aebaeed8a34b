"""Certificates: true equations get one, false ones get none from any tier, and quickly; a Step has no other origin."""

import copy
import pickle
import time
from dataclasses import replace
from fractions import Fraction

import pytest

from derive.calculus.canonical import Canon
from derive.calculus.proof import Certificate, Step, certify, certify_exactly, exact
from derive.calculus.sampling import modular, real
from derive.language import (
    abs,
    arctan,
    argmax,
    cos,
    equal,
    erf,
    exp,
    floor,
    idx,
    log,
    logsumexp,
    max,
    mean,
    min,
    normal_cdf,
    pi,
    sign,
    sin,
    size,
    sqrt,
    sum,
    where,
)  # fmt: skip
from derive.language.errors import NotProved
from derive.language.nodes import Call, Const, Delta, Input, Iota, Param, Ref, at
from derive.language.program import Hypothesis

x, y = Input("x", ("N",)), Input("y", ("N",))
a, b = Input("a", ("N", "D")), Input("b", ("D",))
s, t = Input("s", ()), Input("t", ())
target = Input("target", ("N", "D"))
label = Input("label", ("N",), "index", "D")
q, c = Param("q"), Param("c")
CANON = Canon(positive=frozenset({"q"}))
TIERS = {"A": exact, "B": modular, "C": real}


def sigmoid(z):
    return Call("sigmoid", (z,))


def mirror(z, axis):
    return at(z, {axis: size(axis) - 1 - idx(axis)})


n = Param("n")
square = Input("square", ("N", "N'"))
rows = 1 + sum(square, "N'")
columns = 1 + sum(at(square, {"N": idx("N'"), "N'": idx("N")}), "N'")


def pairs(f):
    """f of all differences of x, which have no sign of their own."""
    return f(x - x.at(N=idx("N'")))


# fmt: off
TRUE = [  # what is equal, and the tiers that see it
    (sum(x * 2, "N"),                         2 * sum(x, "N"),                                "ABC"),
    (sum(x + y, "N"),                         sum(x, "N") + sum(y, "N"),                      "ABC"),
    (mean(a, "N D"),                          mean(mean(a, "D"), "N"),                        "ABC"),
    (sum(x + 1, "N"),                         sum(x, "N") + size("N"),                        "ABC"),
    (sum(a, "N") * sum(y, "N"),               sum(a * sum(y, "N"), "N"),                      "ABC"),
    (1 - sigmoid(x),                          sigmoid(-x),                                    "ABC"),
    (exp(x + y) / exp(y),                     exp(x),                                         "ABC"),
    (exp(log(1 + x**2)),                      1 + x**2,                                       "ABC"),
    (log(exp(x) * q),                         x + log(q),                                     "ABC"),
    (logsumexp(a, "D"),                       log(sum(exp(a), "D")),                          "ABC"),
    (exp(logsumexp(a, "D")),                  sum(exp(a), "D"),                               "ABC"),
    (sqrt(s**2 + 1) ** 2,                     s**2 + 1,                                       "ABC"),
    (sum(a**2, "D") / sqrt(sum(a**2, "D")),   sqrt(sum(a**2, "D")),                           "ABC"),
    (sqrt(q**2),                              q,                                              "AC"),
    (sqrt(size("D")) ** 2,                    size("D"),                                      "ABC"),
    (sqrt(8 + s - s),                         2 * sqrt(2 + s - s),                            "AC"),
    (normal_cdf(-x),                          1 - normal_cdf(x),                              "ABC"),
    (erf(x),                                  2 * normal_cdf(sqrt(2) * x) - 1,                "ABC"),
    (sin(-x) * cos(-x),                       -sin(x) * cos(x),                               "ABC"),
    (sin(x) ** 2 + cos(x) ** 2,               1 + 0 * x,                                      "BC"),
    (arctan(-x),                              -arctan(x),                                     "ABC"),
    (abs(x) * sign(x),                        x,                                              "C"),
    (abs(x) ** 2,                             x**2,                                           "BC"),
    (where(x > y, x, y),                      where(y < x, x, y),                             "ABC"),
    (where(x > 0, x, 0) - where(x > 0, 0, -x), x,                                             "ABC"),
    (where(idx("N") >= 0, x, 7),              x,                                              "BC"),
    (a.at(D=label),                           sum(a * Delta("D", label), "D"),                "ABC"),
    (sum(mirror(x, "N"), "N"),                sum(x, "N"),                                    "BC"),
    (max(a, "D"),                             a.at(D=argmax(a, "D")),                         "BC"),
    ((1 + s**2) ** (t + 1),                   (1 + s**2) * (1 + s**2) ** t,                   "ABC"),
    (x / y + y / x,                           (x**2 + y**2) / (x * y),                        "ABC"),
    (sum(pairs(abs), "N N'"),            sum(abs(x.at(N=idx("N'")) - x), "N N'"),        "ABC"),
    (sum(pairs(sin), "N N'"),            0 * s,                                          "BC"),
    (sum(y * pairs(normal_cdf), "N N'"), sum(y.at(N=idx("N'")) * normal_cdf(x.at(N=idx("N'")) - x), "N N'"), "ABC"),
    (sum(Delta("D", idx("N")) * a, "D"),      a.at(D=idx("N")),                               "ABC"),
    (sum(x.at(N=idx("N") + 1) * 1, "N"),      sum(x, "N") - x.at(N=idx("N") - idx("N")),      "BC"),
]
FALSE = [
    (sum(x, "N"),                             mean(x, "N")),
    (sum(x + 1, "N"),                         sum(x, "N") + 1),
    (mean(a, "N"),                            sum(a, "N") / size("D")),
    (size("N") ** 2,                          2 * size("N")),
    (size("N") * size("D"),                   size("N") + size("D")),
    (size("N") ** 3 - 6 * size("N") ** 2 + 11 * size("N"), 6 + 0 * size("N")),
    (sum(x * y, "N"),                         sum(x, "N") * sum(y, "N")),
    (sqrt(s**2),                              s),
    (sqrt(s**2),                              -s),
    (sqrt(c**2),                              c),
    (sqrt(9 + 0 * s),                         Const(Fraction(-3)) + 0 * s),
    (sqrt(s**2) * sqrt(t**2),                 s * t),
    ((abs(s) - s) * (abs(t) - t),             0 * s),
    (sqrt(s**2 + 2 * s + 1) + sqrt(1 + s),    1 + s + sqrt(2 + s)),
    (log(s**2),                               2 * log(t**2)),
    (log(s**2 * 2),                           2 * log(s) + log(s - s + 3)),
    (abs(x),                                  x),
    (where(x >= 0, 1, 0),                     where(x > 0, 1, 0)),
    (sign(x) ** 2,                            1 + 0 * x),
    (where(equal(x, 0), 1, 2),                2 + 0 * x),
    (where(x > y, 1, 0) + where(y > x, 1, 0), 1 + 0 * x),
    (where(sqrt(s) * t > 0, 1, 0),            where(t > 0, 1, 0) + 0 * s),
    (exp(x + y),                              exp(x) + exp(y)),
    (exp(2 * x),                              exp(x**2)),
    (sigmoid(x),                              sigmoid(2 * x)),
    (normal_cdf(x),                           normal_cdf(-x)),
    (sin(x + pi),                             sin(x)),
    (cos(x),                                  1 + 0 * x),
    (floor(x),                                x),
    (max(a, "D"),                             min(a, "D")),
    (max(-a, "D"),                            -max(a, "D")),
    (max(a, "D"),                             a.at(D=idx("D") - idx("D"))),
    (a.at(D=label),                           a.at(D=0 * label)),
    (a.at(D=label),                           sum(a, "D")),
    (mirror(x, "N"),                          x),
    (sum(x.at(N=idx("N") + 1), "N"),          sum(x, "N")),
    (sum(a * Delta("D", label), "N"),         sum(a, "N")),
    (Delta("D", label) * Delta("D", label),   2 * Delta("D", label)),
    (s * (2**61 - 1),                         0 * s),
    (s ** 3 - s,                              0 * s),
    ((1 + s**2) ** t,                         (1 + t**2) ** s),
    (sum(target, "D"),                        1 + 0 * x),
    (logsumexp(a, "D"),                       sum(a, "D")),
    (rows**1.5 * sqrt(columns),               sqrt(rows) * columns**1.5),
    (sum(rows**1.5 * sqrt(columns), "N"),     sum(sqrt(rows) * columns**1.5, "N")),  # two indices of one axis, one within the other
    ((a + 1).at(D=idx("N")),                  a.at(D=idx("N")) + 1),  # zero outside, where N is longer than D
    (sum(Delta("D", idx("N")), "D"),          1 + 0 * x),
    (sum(Delta("D", label - 1), "D"),         1 + 0 * x),
    (sum(pairs(sign), "N N'"),           sum(pairs(abs), "N N'")),
    (sum(y.at(N=idx("N'")) * pairs(normal_cdf), "N N'"), 0 * s),
    (sqrt(s**n),                              s ** (n / 2)),  # n = 2, s = -1
    (sum(abs(x), "N") ** 2,                   sum(x, "N") ** 2),  # true where all have one sign
    (max(abs(x), "N"),                        abs(max(x, "N"))),
    (sum(where(x > 0, 1, 0), "N") * size("N"), sum(where(x > 0, 1, 0), "N") ** 2),
    (where(x >= y, x, x + 1),                 where(x > y, x, x + 1)),
]
# fmt: on


def label_of(pair):
    return f"{pair[0]} == {pair[1]}"


@pytest.mark.parametrize(("left", "right", "tiers"), TRUE, ids=[label_of(p) for p in TRUE])
def test_true_equations_are_certified_by_the_tiers_that_see_them(left, right, tiers):
    given = {name: check(left, right, CANON) for name, check in TIERS.items()}
    seen = "".join(n for n, certificate in given.items() if certificate)
    assert set(seen) >= set(tiers)
    assert all(certificate.tier == n for n, certificate in given.items() if certificate)
    assert certify("claim", left, right, "arithmetic", CANON).certificate.tier <= tiers[0]


@pytest.mark.parametrize(("left", "right"), FALSE, ids=[label_of(p) for p in FALSE])
def test_false_equations_are_refused_by_every_tier_and_quickly(left, right):
    start = time.process_time()
    assert {name: check(left, right, CANON) for name, check in TIERS.items()} == dict.fromkeys(TIERS)
    assert time.process_time() - start < 2
    with pytest.raises(NotProved, match="could not show"):
        certify("claim", left, right, "wishing", CANON)


def test_refs_are_expanded_by_their_bodies_and_opaque_without():
    e, p = Ref("e", frozenset({"D"})), Ref("p", frozenset({"D"}))
    bodies = {"e": exp(b), "p": e / sum(e, "D")}
    for check in TIERS.values():
        assert check(sum(p, "D"), Const(Fraction(1)), Canon(bodies))
        assert check(sum(p, "D"), Const(Fraction(1)), Canon({"p": bodies["p"]}))
        assert check(sum(p, "D"), Const(Fraction(1)), Canon({"e": bodies["e"]})) is None


def test_a_body_may_lack_axes_of_its_ref():
    flat = Ref("flat", frozenset({"N", "D"}))
    for check in TIERS.values():
        assert check(sum(x * flat, "N D"), size("D") * sum(x, "N") * s, Canon({"flat": s}))


def test_cases_are_told_apart_at_every_position_and_on_the_boundary():
    """Equal for all signs: a proof. Equal unless signs differ, or unless something is 0: none (see FALSE)."""
    bent, straight = where(x > 0, x, 0) + log(1 + exp(-abs(x))), log(1 + exp(x))
    assert certify("fold", bent, straight, "cases", CANON).certificate.tier == "A"
    step = certify("mean of folds", 3 * mean(bent * y, "N"), 3 * mean(straight * y, "N"), "cases", CANON)
    assert step.certificate.tier == "A" and "cases" in step.certificate.evidence
    for left, right in (
        (sum(abs(x), "N") * sum(x, "N"), sum(x, "N") * sum(x, "N")),
        (mean(where(x > 0, x, 1), "N"), mean(where(x >= 0, x, 1), "N")),
        (max(abs(a), "D") ** 2, max(a, "D") ** 2),
    ):
        with pytest.raises(NotProved):
            certify("almost", left, right, "cases", CANON)


def test_hypotheses_count_and_only_where_they_are_made():
    assumed = Canon(hypotheses=(Hypothesis(sum(target, "D"), Const(Fraction(1))),))
    claim = sum(target * x, "D"), x
    for name, check in TIERS.items():
        assert check(*claim, assumed), name
        assert check(*claim, Canon()) is None, name
        assert check(sum(target**2, "D"), 1 + 0 * x, assumed) is None, name
        assert check(sum(target, "N"), 1 + 0 * b, assumed) is None, name
    assert certify("claim", *claim, "hypothesis", assumed).hypotheses == assumed.hypotheses


@pytest.mark.parametrize(
    "left", [2 * sum(target, "D"), sum(target, "D") ** 2, sum(target, "D") * s, mean(target, "D"), exp(sum(target, "D"))]
)
def test_hypotheses_about_something_else_are_not_taken_for_the_sum(left):
    assumed = Canon(hypotheses=(Hypothesis(left, Const(Fraction(1))),))
    for name, check in TIERS.items():
        assert check(sum(target * x, "D"), x, assumed) is None, name
        assert check(size("D") + 0 * s, 1 + 0 * s, assumed) is None, name


def test_a_hypothesis_that_holds_anyway_does_no_harm():
    p = exp(a) / sum(exp(a), "D")
    assert exact(2 * x, x + x + sum(p, "D") - 1, Canon(hypotheses=(Hypothesis(sum(p, "D"), Const(Fraction(1))),)))


def test_evidence_says_what_was_done():
    assert "for all sizes" in exact(*TRUE[0][:2], CANON).evidence
    found = modular(*TRUE[0][:2], CANON).evidence
    assert "modulo" in found and "N=" in found and "probability below" in found
    assert float(found.rsplit(" ", 1)[1]) < 1e-9
    found = real(*TRUE[0][:2], CANON).evidence
    assert "40 points" in found and "overlap" in found and "N=" in found


def test_the_answer_does_not_depend_on_the_day():
    left, right, _ = TRUE[12]
    assert modular(left, right, CANON) == modular(left, right, CANON)
    assert real(left, right, CANON) == real(left, right, CANON)


def test_certify_falls_back_from_tier_to_tier():
    assert certify("same", x, x, "reading", CANON).certificate.tier == "A"
    assert certify("circle", sin(x) ** 2 + cos(x) ** 2, 1 + 0 * x, "Pythagoras", CANON).certificate.tier == "B"
    assert certify("mirrored", sqrt(x**4), abs(x) * sqrt(x**2), "squares", CANON).certificate.tier in "BC"
    with pytest.raises(NotProved):
        certify_exactly("circle", sin(x) ** 2 + cos(x) ** 2, 1 + 0 * x, "Pythagoras", CANON)


def test_a_step_is_made_by_certify_alone():
    step = certify("same", 2 * x, x + x, "arithmetic", CANON)
    proof = Certificate("A", "trust me")
    with pytest.raises(NotProved):
        Step("false", x, y, "wishing", (), proof)
    with pytest.raises(NotProved):
        Step("false", x, y, "wishing", (), proof, object())
    with pytest.raises((NotProved, ValueError)):
        replace(step, right=y)
    with pytest.raises(AttributeError):
        step.right = y
    assert copy.copy(step) == step == pickle.loads(pickle.dumps(step))


def test_numbers_that_are_nothing_modulo_a_prime_are_refused():
    for prime in (2**61 - 1, 2**31 - 1, 1152921504606847009):
        assert modular(prime * s, 0 * s, CANON) is None
    assert modular(s / (x - x), s, CANON) is None


def test_a_root_read_at_another_position_is_the_same_root():
    """And so is a quotient by what is under it."""
    x = Input("x", ("A", "D"))
    total = sum(x**2, "D")
    there = {"A": Iota("A'")}
    left, right = at(1 / sqrt(total), there), sqrt(at(total, there)) / at(total, there)
    assert exact(left, right, Canon()).tier == "A"
    assert exact(left, at(total, there) ** Fraction(1, 2), Canon()) is None
