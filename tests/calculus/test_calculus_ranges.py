"""Sums over what must lie inside an axis: counted along either of two axes, and with its range said once or often."""

import pytest

from derive.calculus.canonical import Canon
from derive.calculus.proof import certify_exactly
from derive.language import PositiveInteger, Real, abs, assume, idx, mean, new, op, size, sum
from derive.language.errors import NotProved
from derive.language.functions import sign, where
from derive.language.nodes import Delta, Input, Iota, Size, at
from derive.pipeline import readings

A, B = Input("a", ("A",)), Input("b", ("B",))
N = Iota("A")


def both(i, axis):
    return where(i >= 0, 1, 0) * where(i < Size(axis), 1, 0)


# fmt: off
EQUAL = [
    (sum(A * at(B, {"B": N}), "A"),           sum(B * sum(A * Delta("B", N), "A"), "B")),
    (sum(A * at(B, {"B": N}), "A"),           sum(B * at(A, {"A": Iota("B")}), "B")),
    (sum(A * at(B, {"B": N + 2}), "A"),       sum(B * at(A, {"A": Iota("B") - 2}), "B")),
    (both(N + 1, "B") * at(B, {"B": N + 1}),  at(B, {"B": N + 1})),
    (both(N - 1, "A") * sign(at(A, {"A": N - 1})), sign(at(A, {"A": N - 1})) * both(N - 1, "A")),
    (both(N + 1, "B") * sign(at(B * 2 + 0, {"B": N + 1})), both(N + 1, "B") * sign(both(N + 1, "B") * at(B, {"B": N + 1}))),
    (both(N + 1, "B") / (1 + at(B, {"B": N + 1}) ** 2), both(N + 1, "B") / (1 + both(N + 1, "B") * at(B, {"B": N + 1}) ** 2)),
]
UNEQUAL = [
    (sum(B, "B"),                             sum(at(B, {"B": N}), "A")),
    (sum(A * at(B, {"B": N + 2}), "A"),       sum(B * at(A, {"A": Iota("B") + 2}), "B")),
    (sum(A, "A"),                             sum(A * both(N, "B"), "A")),
    (both(N - 1, "B"),                        both(N, "B")),
    (both(N + 1, "A") * at(B, {"B": N + 1}),  at(B, {"B": N + 1})),
    (both(N + 1, "B") * (1 + sign(at(B, {"B": N + 1}))), 1 + sign(at(B, {"B": N + 1}))),
]
# fmt: on


@pytest.mark.parametrize("left,right", EQUAL, ids=lambda e: str(e)[:40])
def test_equal(left, right):
    assert certify_exactly("t", left, right, "ranges", Canon()).certificate.tier == "A"


@pytest.mark.parametrize("left,right", UNEQUAL, ids=lambda e: str(e)[:40])
def test_unequal(left, right):
    with pytest.raises(NotProved):
        certify_exactly("t", left, right, "ranges", Canon())


@op
def variation(x: Real["N H W"]):
    """What neighbours differ by, along both axes."""
    d = x.at(H=new("P") + 1) - x.at(H=new("P"))
    e = x.at(W=new("Q") + 1) - x.at(W=new("Q"))
    return sum(abs(d)) + sum(abs(e))


@op
def curvature(x: Real["N L"]):
    """The mean square of second differences."""
    assume(size("L") > 2)
    p = new("P", size=size("L") - 2)
    return mean((x.at(L=p) - 2 * x.at(L=p + 1) + x.at(L=p + 2)) ** 2)


@op
def halves(x: Real["N C"], *, groups: PositiveInteger = 2):
    """The first group of channels times the last."""
    assume(size("C") % groups, equals=0)
    k = new("K", size=size("C") // groups)
    return x.at(C=k) * x.at(C=size("C") - 1 - idx("K"))


@pytest.mark.parametrize("found", [variation, curvature, halves], ids=lambda o: o.name)
def test_differences_and_groups_are_proved_for_all_sizes(found):
    assert {reading: readings(found).proof(reading) for reading in ("vjp", "jvp", "hvp")} == {"vjp": "A", "jvp": "A", "hvp": "A"}
