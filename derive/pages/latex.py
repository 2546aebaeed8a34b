"""Expressions over named axes in LaTeX, with an index for each axis: mean(x, N) is \\frac{1}{N}\\sum_{n} x_{nd}.

A position is written into the names: log(p)[C=label] is \\log p_{n,\\mathrm{label}_n}. An index that is summed over gets a
prime where its letter is already in use, so no formula depends on where its sums end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from derive.language.errors import NotPrintable
from derive.language.nodes import (
    Add,
    At,
    Call,
    Carried,
    Compare,
    Const,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Param,
    Pow,
    Reduce,
    Ref,
    Size,
    Where,
    base_axis,
)  # fmt: skip
from derive.language.text import fraction, is_negative, opposite
from derive.pages.symbols import Symbols

SUM, BIG, PRODUCT, POWER, ATOM = 1, 2, 3, 4, 5
Written = tuple[str, int]
TALL = (r"\frac", r"\sum", r"\begin", r"\max", r"\min")
SMALL_DENOMINATOR, MOST_DIGITS = 16, 8

# fmt: off
FUNCTIONS = {
    "exp": r"\exp", "log": r"\log", "sin": r"\sin", "cos": r"\cos", "arctan": r"\arctan",
    "normal_cdf": r"\Phi", "normal_pdf": r"\varphi", "sigmoid": r"\sigma",
}
CONSTANTS = {"pi": r"\pi", "inf": r"\infty"}
BRACKETS  = {"abs": (r"\lvert ", r" \rvert"), "floor": (r"\lfloor ", r" \rfloor")}
RELATIONS = {"<": r"\lt", "<=": r"\le", ">": r"\gt", ">=": r"\ge", "==": "=", "!=": r"\ne"}
LETTERS   = (r"\Phi", r"\varphi", r"\sigma")
# fmt: on


@dataclass(frozen=True)
class Scope:
    """What each axis is written as here, and the letters in use."""

    symbols: Symbols
    index: Mapping[str, Written]
    used: frozenset[str]

    def read(self, positions: Mapping[str, Written]) -> Scope:
        """The scope in which some axes are read at given positions."""
        return Scope(self.symbols, {**self.index, **positions}, self.used)

    def bind(self, axes: Iterable[str]) -> tuple[Scope, list[str]]:
        """The scope inside a reduction over some axes, and the letters that run over them."""
        scope, letters = self, []
        for axis in self.symbols.ordered(axes):
            letter = self.symbols.letter(base_axis(axis))
            while letter and letter in scope.used:
                letter += "'"
            letters.append(letter)
            scope = Scope(self.symbols, {**scope.index, axis: (letter, ATOM)}, scope.used | {letter})
        return scope, [x for x in letters if x]

    def at(self, axis: str) -> Written:
        """What is written for a position along an axis."""
        return self.index.get(axis) or (self.symbols.letter(axis), ATOM)


def scope_of(symbols: Symbols, axes: Iterable[str]) -> Scope:
    """The scope of a formula whose result has these axes."""
    letters = {a: symbols.letter(a) for a in axes}
    return Scope(symbols, {a: (x, ATOM) for a, x in letters.items()}, frozenset(letters.values()) - {""})


def latex(expr: Expr, symbols: Symbols, axes: Iterable[str] | None = None) -> str:
    """The expression in LaTeX, for display; `axes` are those of the whole formula, where it has more than the expression.

    Raises NotPrintable for a node that has no notation.
    """
    return _write(expr, scope_of(symbols, expr.axes if axes is None else axes))[0]


def named(name: str, axes: Iterable[str], symbols: Symbols) -> str:
    """A name with the indices of its axes."""
    return symbols.name(name, [symbols.letter(a) for a in symbols.ordered(axes)])


def _write(e: Expr, s: Scope) -> Written:
    printer = PRINTERS.get(type(e))
    if printer is None:
        raise NotPrintable(f"{e}: {type(e).__name__} has no notation in LaTeX")
    return printer(e, s)


def _wrap(e: Expr, level: int, s: Scope) -> str:
    string, own = _write(e, s)
    return string if own >= level else _brackets(string)


def _brackets(string: str, left: str = "(", right: str = ")") -> str:
    if any(t in string for t in TALL):
        return rf"\left{left}{string}\right{right}"
    return f"{left}{string}{right}"


def _const(e: Const, s: Scope) -> Written:
    value = abs(e.value)
    string = decimal(value) or (str(value) if value.denominator == 1 else rf"\frac{{{value.numerator}}}{{{value.denominator}}}")
    return (string, ATOM if value.denominator == 1 or "frac" not in string else PRODUCT) if e.value >= 0 else (f"-{string}", SUM)


def decimal(value: Fraction) -> str:
    """A short decimal such as 0.044715 as written, or "" where a fraction reads better."""
    if value.denominator <= SMALL_DENOMINATOR:
        return ""
    digits = next((d for d in range(1, MOST_DIGITS + 1) if (value * 10**d).denominator == 1), 0)
    return f"{float(value):.{digits}f}" if digits else ""


def _name(e: Expr, s: Scope) -> Written:
    if isinstance(e, Ref) and e.name in s.symbols.carried:
        return _at_step(s.symbols.carried[e.name], s), ATOM
    axes: Iterable[str] = e.names if isinstance(e, Input) else s.symbols.ordered(e.axes)
    return s.symbols.name(e.name, [s.at(a)[0] for a in axes]), ATOM  # type: ignore[attr-defined]


def _at_step(c: Carried, s: Scope) -> str:
    """A state at the position before or after this one: h_{t-1}."""
    there = s.read({c.axis: (f"{s.at(c.axis)[0]}{c.step:+d}", SUM)})
    return s.symbols.name(c.name, [there.at(a)[0] for a in s.symbols.ordered(c.names)])


def start(c: Carried, symbols: Symbols) -> tuple[str, str]:
    """Both sides of what a recurrence starts with: h_{-1} = 0, or h_T = 0 where it runs back."""
    s = scope_of(symbols, c.names)
    there = s.read({c.axis: ("-1", SUM) if c.step < 0 else _size(Size(c.axis), s)})
    return symbols.name(c.name, [there.at(a)[0] for a in symbols.ordered(c.names)]), _write(c.start, s)[0]


def _size(e: Size, s: Scope) -> Written:
    return s.symbols.counts.get(base_axis(e.axis), rf"\lvert\mathrm{{{base_axis(e.axis)}}}\rvert"), ATOM


def _iota(e: Iota, s: Scope) -> Written:
    return s.at(e.axis)


def _add(e: Add, s: Scope) -> Written:
    parts = [_write(e.args[0], s)[0]]
    for a in e.args[1:]:
        parts.append(f"- {_wrap(opposite(a), BIG, s)}" if is_negative(a) else f"+ {_write(a, s)[0]}")
    return " ".join(parts), SUM


def _mul(e: Mul, s: Scope) -> Written:
    if is_negative(e):
        return f"-{_wrap(opposite(e), BIG, s)}", SUM
    above, below = _parted(e.args)
    written = [_write(a, s) for a in above]
    big = [w for w, level in written if level == BIG]
    small = [w if level > BIG else _brackets(w) for w, level in written if level != BIG]
    factors = r"\,".join(small)
    if below:
        bottom = r"\,".join(_wrap(b, PRODUCT if len(below) > 1 else SUM, s) for b in below)
        factors = rf"\frac{{{_bare(above, written) or factors or '1'}}}{{{bottom}}}"
    tail = [*(_brackets(b) for b in big[:-1]), *big[-1:]]
    return r"\,".join([*([factors] if factors else []), *tail]), BIG if big else PRODUCT


def _bare(above: list[Expr], written: list[Written]) -> str:
    """A numerator that is one sum needs no brackets."""
    return written[0][0] if len(above) == 1 and written[0][1] == SUM else ""


def _parted(args: tuple[Expr, ...]) -> tuple[list[Expr], list[Expr]]:
    """The factors above and below the line; a decimal stays in one piece."""
    head = [a for a in args if isinstance(a, Const) and decimal(abs(a.value))]
    above, below = fraction(tuple(a for a in args if a not in head))
    return [*head, *above], below


def _pow(e: Pow, s: Scope) -> Written:
    if isinstance(e.exponent, Const):
        value = e.exponent.value
        if value == Fraction(1, 2):
            return rf"\sqrt{{{_write(e.base, s)[0]}}}", ATOM
        if value < 0:
            positive = e.base if value == -1 else Pow(e.base, Const(-value))
            return rf"\frac{{1}}{{{_write(positive, s)[0]}}}", PRODUCT
        if value.denominator != 1:
            return f"{_base(e.base, s)}^{{{value.numerator}/{value.denominator}}}", POWER
    return f"{_base(e.base, s)}^{{{_write(e.exponent, s)[0]}}}", POWER


def _base(e: Expr, s: Scope) -> str:
    string = _wrap(e, ATOM, s)
    plain = not isinstance(e, Call) or not e.args or e.fn in BRACKETS or FUNCTIONS.get(e.fn) in LETTERS
    return string if plain else _brackets(string)


def _call(e: Call, s: Scope) -> Written:
    if e.fn in CONSTANTS:
        return CONSTANTS[e.fn], ATOM
    inner = ", ".join(_write(a, s)[0] for a in e.args)
    if e.fn in BRACKETS:
        left, right = BRACKETS[e.fn]
        return (rf"\left{left}{inner}\right{right.strip()}" if any(t in inner for t in TALL) else left + inner + right), ATOM
    word = FUNCTIONS.get(e.fn) or rf"\operatorname{{{e.fn.replace('_', ' ')}}}"
    return word + _brackets(inner), ATOM


def _compare(e: Compare, s: Scope) -> Written:
    return f"{_write(e.left, s)[0]} {RELATIONS[e.op]} {_write(e.right, s)[0]}", 0


def _where(e: Where, s: Scope) -> Written:
    rows, rest = [], e
    while isinstance(rest, Where):
        rows.append(rf"{_write(rest.chosen, s)[0]} & \text{{if }} {_write(rest.condition, s)[0]}")
        rest = rest.other  # type: ignore[assignment]
    rows.append(rf"{_write(rest, s)[0]} & \text{{otherwise}}")
    return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}", BIG


def _reduce(e: Reduce, s: Scope) -> Written:
    inside, letters = s.bind(e.over)
    below = ", ".join(letters)
    return f"{_operator(e, below, s)} {_inside(e, inside)}", BIG


def _operator(e: Reduce, below: str, s: Scope) -> str:
    under = f"_{{{below}}}" if below else ""
    if e.how == "mean":
        return rf"\frac{{1}}{{{r' '.join(_size(Size(a), s)[0] for a in s.symbols.ordered(e.over))}}}\sum{under}"
    return OPERATORS[e.how] + under


OPERATORS = {
    "sum": r"\sum", "max": r"\max", "min": r"\min", "argmax": r"\arg\max", "argmin": r"\arg\min", "logsumexp": r"\log\sum",
}  # fmt: skip


def _inside(e: Reduce, s: Scope) -> str:
    if e.how == "logsumexp":
        return rf"\exp{_brackets(_write(e.body, s)[0])}"
    return _wrap(e.body, BIG, s)


def _at(e: At, s: Scope) -> Written:
    return _write(e.body, s.read({axis: _write(index, s) for axis, index in e.index}))


def _delta(e: Delta, s: Scope) -> Written:
    return rf"\mathbb{{1}}[{s.at(e.axis)[0]} = {_write(e.index, s)[0]}]", ATOM


PRINTERS: dict[type[Expr], Callable[..., Written]] = {
    Const: _const,
    Input: _name,
    Ref: _name,
    Param: _name,
    Size: _size,
    Iota: _iota,
    Add: _add,
    Mul: _mul,
    Pow: _pow,
    Call: _call,
    Compare: _compare,
    Where: _where,
    Reduce: _reduce,
    At: _at,
    Delta: _delta,
}
