"""Integer formulas as Python (ast), plain text and LaTeX, with terms in the order a person would write them.

A `Words` value fixes that order: it lists the names that occur, each with its letter. SymPy's own order is not used, so
what is printed does not depend on its version.
"""

from __future__ import annotations

import ast
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.printing.latex import LatexPrinter

from derive.language.errors import NotPrintable

Words = tuple[tuple[str, str], ...]
Formula = Any

BINARY: dict[str, ast.operator] = {"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "/": ast.Div(), "//": ast.FloorDiv(), "**": ast.Pow()}

RELATIONS: dict[str, ast.cmpop] = {"==": ast.Eq(), "!=": ast.NotEq(), "<": ast.Lt(), "<=": ast.LtE(), ">": ast.Gt(), ">=": ast.GtE()}


def python(expr: Formula, words: Words) -> ast.expr:
    """The formula as a Python expression over whole numbers; floor(a / b) becomes a // b, ceiling(a / b) -(-a // b).

    Raises NotPrintable for anything that has no exact form.
    """
    if expr.is_Integer:
        return ast.Constant(int(expr))
    if expr.is_Rational:
        return _binary("/", ast.Constant(expr.p), ast.Constant(expr.q))
    if expr.is_Symbol:
        return ast.Name(expr.name, ast.Load())
    for kind, printer in PRINTERS:
        if isinstance(expr, kind):
            node: ast.expr = printer(expr, words)
            return node
    raise NotPrintable(f"{expr}: {type(expr).__name__} has no exact form in whole numbers")


def _binary(op: str, left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, BINARY[op], right)


def _sum(expr: Formula, words: Words) -> ast.expr:
    first, *rest = ordered_terms(expr, words)
    result = python(first, words)
    for term in rest:
        sign, size = ("-", -term) if is_negative(term) else ("+", term)
        result = _binary(sign, result, python(size, words))
    return result


def _product(expr: Formula, words: Words) -> ast.expr:
    above, below = sympy.fraction(expr)
    if below != 1:
        return _binary("/", python(above, words), python(below, words))
    if is_negative(expr):
        return ast.UnaryOp(ast.USub(), python(-expr, words))
    first, *rest = ordered_factors(expr, words)
    result = python(first, words)
    for factor in rest:
        result = _binary("*", result, python(factor, words))
    return result


def _power(expr: Formula, words: Words) -> ast.expr:
    if is_negative(expr.exp):
        return _binary("/", ast.Constant(1), python(1 / expr, words))
    return _binary("**", python(expr.base, words), python(expr.exp, words))


def _floor(expr: Formula, words: Words) -> ast.expr:
    above, below = sympy.fraction(expr.args[0])
    if below == 1:
        above, below = sympy.fraction(sympy.together(above))
    return _binary("//", python(above, words), python(below, words))


def _ceiling(expr: Formula, words: Words) -> ast.expr:
    return ast.UnaryOp(ast.USub(), _floor(sympy.floor(-expr.args[0], evaluate=False), words))


def _cases(expr: Formula, words: Words) -> ast.expr:
    *cases, (otherwise, certain) = expr.args
    if certain != sympy.true:
        raise NotPrintable(f"{expr}: the last case does not cover the rest")
    result = python(otherwise, words)
    for value, condition in reversed(cases):
        result = ast.IfExp(python(condition, words), python(value, words), result)
    return result


def _relation(expr: Formula, words: Words) -> ast.expr:
    return ast.Compare(python(expr.lhs, words), [RELATIONS[expr.rel_op]], [python(expr.rhs, words)])


def _applied(expr: Formula, words: Words) -> ast.expr:
    return ast.Call(ast.Name(expr.func.__name__, ast.Load()), [python(a, words) for a in expr.args], [])


PRINTERS = (
    (sympy.Add, _sum),
    (sympy.Mul, _product),
    (sympy.Pow, _power),
    (sympy.floor, _floor),
    (sympy.ceiling, _ceiling),
    (sympy.Piecewise, _cases),
    (Relational, _relation),
    (AppliedUndef, _applied),
)


def is_negative(term: Formula) -> bool:
    """Whether the term is written with a leading minus."""
    return bool(term.as_coeff_Mul()[0].is_negative)


def ordered_terms(expr: Formula, words: Words) -> list[Formula]:
    """Terms of a sum: what is added, then what is taken away, numbers last; short terms first, names in the order of `words`."""

    def place(term: Formula) -> tuple[Any, ...]:
        ranks = [r for f in ordered_factors(term, words) for r in _rank(f, words)]
        return (term.is_Number, is_negative(term), len(term.free_symbols), ranks, str(term))

    return sorted(sympy.Add.make_args(expr), key=place)


def ordered_factors(expr: Formula, words: Words) -> list[Formula]:
    """Factors of a product: the number, then names in the order of `words`, then sums."""
    return sorted(sympy.Mul.make_args(expr), key=lambda f: (not f.is_Number, f.is_Add, _rank(f, words), str(f)))


def _rank(expr: Formula, words: Words) -> list[int]:
    order = {name: i for i, (name, _) in enumerate(words)}
    return sorted(order.get(s.name, len(order)) for s in expr.free_symbols)


def text(expr: Formula, words: Words) -> str:
    """The formula as one line of Python.

    >>> size, kernel = sympy.symbols("size kernel")
    >>> text(sympy.floor((1 - kernel + size) / 2), (("size", "w"), ("kernel", "k")))
    '(size - kernel + 1) // 2'
    """
    return ast.unparse(python(expr, words))


class _Latex(LatexPrinter):  # type: ignore[misc]
    """LaTeX of symbols that are called by their rank; SymPy sorts factors by name, and `words` sorts terms."""

    def __init__(self, words: Words) -> None:
        self.ranked = tuple((f"x{rank:03}", letter) for rank, (_, letter) in enumerate(words))
        super().__init__({"symbol_names": {sympy.Symbol(rank): letter for rank, letter in self.ranked}})

    def _as_ordered_terms(self, expr: Formula, order: object = None) -> list[Formula]:
        return ordered_terms(expr, self.ranked)


def latex(expr: Formula, words: Words) -> str:
    """The formula in LaTeX, with the letters of `words`."""
    ranks = {name: sympy.Symbol(f"x{rank:03}") for rank, (name, _) in reversed(tuple(enumerate(words)))}
    letters = dict(words)
    expr = expr.replace(
        lambda e: isinstance(e, AppliedUndef), lambda e: sympy.Function(letters.get(e.func.__name__, e.func.__name__))(*e.args)
    )
    return str(_Latex(words).doprint(expr.subs({s: ranks[s.name] for s in expr.free_symbols if s.name in ranks})))
