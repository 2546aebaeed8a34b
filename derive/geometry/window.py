"""An index map as exact integers: which position output `made` reads through each of its taps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy

from derive.catalog.geometry import Recurrence
from derive.geometry.printing import Formula, Words
from derive.geometry.rules import Step
from derive.geometry.statement import AtMost, Equal
from derive.language.affine import affine
from derive.language.errors import DefinitionError
from derive.language.nodes import Add, Const, Expr, Iota, Mul, Param, Size


@dataclass(frozen=True)
class Window:
    """position = stride*made + spacing*tap + offset, for tap = 0 ... taps - 1.

    `facts` are the least values of the arguments; `words` names everything that occurs, in the order it is written.
    """

    raw: Formula
    stride: Formula
    spacing: Formula
    offset: Formula
    made: Formula
    tap: Formula
    taps: Formula
    facts: tuple[AtMost, ...]
    words: Words


def whole(name: str) -> Formula:
    """A name for a whole number."""
    return sympy.Symbol(name, integer=True)


def size_of(recurrence: Recurrence, axis: str, otherwise: str = "") -> Formula:
    """The size of an axis: the argument that counts it, or a name of its own."""
    return whole(next((a.name for a in recurrence.arguments if a.counts == axis), otherwise or f"size_{axis}"))


def window(recurrence: Recurrence, more: Words = ()) -> Window:
    """The window of a recurrence's index map; `more` are further names, with letters, that its derivation uses."""
    index = recurrence.index
    form = affine(index.position)
    if form is None or not {a for a, _ in form.coefficients} <= {index.made, index.taps}:
        raise DefinitionError(
            f"{recurrence.name}: the index {index.position} is not affine in {index.made} and {index.taps}; "
            f"wanted stride*{index.made} + dilation*{index.taps} - padding with factors that do not depend on positions"
        )
    factors = dict(form.coefficients)
    if index.made not in factors:
        raise DefinitionError(
            f"{recurrence.name}: the index {index.position} does not move with {index.made}, so every output reads the same"
        )
    stride, offset = formula(factors[index.made]), formula(form.offset)
    spacing = formula(factors[index.taps]) if index.taps in factors else sympy.Integer(0)
    letters = (
        *((a.name, a.letter) for a in recurrence.arguments),
        *more,
        *index.letters,
        *((axis, axis) for axis in (index.made, index.taps)),
    )
    facts = tuple(AtMost((sympy.Integer(a.least), whole(a.name))) for a in recurrence.arguments)
    taps = size_of(recurrence, index.taps)
    return Window(formula(index.position), stride, spacing, offset, whole(index.made), whole(index.taps), taps, facts, letters)


def formula(expr: Expr) -> Formula:
    """An index expression of the language as a SymPy formula over whole numbers."""
    match expr:
        case Const(value):
            return sympy.Rational(Fraction(value).numerator, Fraction(value).denominator)
        case Param(name) | Iota(name) | Size(name):
            return whole(name)
        case Add(terms):
            return sympy.Add(*map(formula, terms))
        case Mul(factors):
            return sympy.Mul(*map(formula, factors))
    raise DefinitionError(f"an index map is made of whole numbers, parameters and positions; got {expr}")


def position(window: Window, made: Formula, tap: Formula) -> Formula:
    """The position read by one output through one tap."""
    return window.stride * made + window.spacing * tap + window.offset


def first(window: Window, made: Formula) -> Formula:
    """The first position that an output reads."""
    return position(window, made, sympy.Integer(0))


def last(window: Window, made: Formula) -> Formula:
    """The last position that an output reads."""
    return position(window, made, window.taps - 1)


def affine_step(window: Window) -> Step:
    """The index map, sorted by what moves with the output and what moves with the tap."""
    i = sympy.Function("i")(window.made, window.tap)
    form = position(window, window.made, window.tap)
    return Step("the index map, read off the definition", Equal(i, form), "identity", (Equal(i, window.raw),), window.words)


def ends_step(window: Window) -> Step:
    """An output reads nothing before its first tap and nothing after its last."""
    here = position(window, window.made, window.tap)
    bounds = AtMost((first(window, window.made), here, last(window, window.made)))
    return Step("an output reads between its first and its last tap", bounds, "signs", tap_facts(window), window.words)


def tap_facts(window: Window) -> tuple[AtMost, ...]:
    """What is known of the tap and the arguments: 0 <= tap <= taps - 1 comes first, as it says more of `taps`."""
    return (AtMost((window.tap + 1, window.taps)), AtMost((sympy.Integer(0), window.tap)), *window.facts)
