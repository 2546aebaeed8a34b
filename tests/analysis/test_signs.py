"""The sign of a formula on a cell: what points show, and what a smooth formula tends to, are found without a search."""

import pytest
import sympy

from derive.analysis import signs as module
from derive.analysis.signs import ANY, signs

x, y = sympy.symbols("x y", real=True)
LINE = (-sympy.oo, sympy.oo)


@pytest.mark.parametrize(
    ("e", "span", "found"),
    [
        (sympy.tanh(x).rewrite(sympy.exp), LINE, ANY),
        (sympy.exp(x) - 1 - x, (sympy.Integer(0), sympy.oo), {1}),
        (sympy.exp(x) - 1 - x, (-sympy.oo, sympy.Integer(0)), {1}),
        (x - 5, (sympy.Integer(0), sympy.oo), ANY),
        (x - 5, (sympy.Integer(5), sympy.oo), {1}),
        (x - sympy.Rational(1, 10**6), (sympy.Integer(0), sympy.Integer(1)), ANY),
        (1 / (1 + 1 / x), (sympy.Integer(0), sympy.Integer(1)), {1}),
        (-sympy.exp(-x) / (1 + sympy.exp(-x)), LINE, {-1}),
    ],
)
def test_signs(e: sympy.Expr, span: tuple[sympy.Expr, sympy.Expr], found: set[int]) -> None:
    assert signs(e, {x: span}) == frozenset(found)


def test_both_signs_are_seen_without_a_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    def searched(*_: object) -> None:
        raise AssertionError("a search was begun")

    monkeypatch.setattr(module, "_rational", searched)
    assert signs(sympy.exp(x) - 2, {x: LINE}) == ANY
    with pytest.raises(AssertionError):
        signs(sympy.exp(x) + 2, {x: LINE})


@pytest.mark.parametrize(
    ("e", "end", "side", "value"),
    [
        ((sympy.exp(x) - 1) / (sympy.exp(x) + 1), 0, "+", 0),
        ((sympy.exp(x) - 1) / x, 0, "+", 1),
        (1 / (1 + sympy.exp(1 / x)), 0, "+", 0),
        (1 / (1 + sympy.exp(1 / x)), 0, "-", 1),
        (1 / (1 + 1 / x), 0, "-", 0),
        (sympy.sign(x), 0, "-", -1),
        (sympy.sign(x), 0, "+", 1),
    ],
)
def test_what_a_formula_tends_to_at_an_end(e: sympy.Expr, end: int, side: str, value: int) -> None:
    assert module._at_end(e, x, sympy.Integer(end), side) == value
