"""Short names for the pieces of Python's syntax tree that the printer needs."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from fractions import Fraction

from derive.codegen.constants import literal

# fmt: off
OPERATORS: dict[str, type[ast.operator]] = {
    "+":  ast.Add,
    "-":  ast.Sub,
    "*":  ast.Mult,
    "/":  ast.Div,
    "//": ast.FloorDiv,
    "**": ast.Pow,
    "&":  ast.BitAnd,
    "@":  ast.MatMult,
}
COMPARISONS: dict[str, type[ast.cmpop]] = {
    "<":  ast.Lt,
    "<=": ast.LtE,
    ">":  ast.Gt,
    ">=": ast.GtE,
    "==": ast.Eq,
    "!=": ast.NotEq,
}
# fmt: on


def name(word: str) -> ast.expr:
    """A name, or a dotted one."""
    head, *rest = word.split(".")
    node: ast.expr = ast.Name(head)
    for part in rest:
        node = ast.Attribute(node, part)
    return node


def constant(value: object) -> ast.expr:
    """A literal; a negative number is a minus sign before a positive one."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)  # type: ignore[arg-type]


def number(value: Fraction | float) -> ast.expr:
    """A number as its shortest literal."""
    return constant(literal(value))


def call(function: str, *args: ast.expr, **keywords: ast.expr) -> ast.expr:
    """A call of a function by its dotted name."""
    return ast.Call(name(function), list(args), [ast.keyword(k, v) for k, v in keywords.items()])


def method(value: ast.expr, word: str, *args: ast.expr) -> ast.expr:
    """A call of a method."""
    return ast.Call(ast.Attribute(value, word), list(args), [])


def binary(operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
    """An arithmetic operator or a comparison."""
    if operator in COMPARISONS:
        return ast.Compare(left, [COMPARISONS[operator]()], [right])
    return ast.BinOp(left, OPERATORS[operator](), right)


def subscript(value: ast.expr, items: Sequence[ast.expr]) -> ast.expr:
    """value[items]."""
    return ast.Subscript(value, items[0] if len(items) == 1 else ast.Tuple(list(items)))


def items(values: Sequence[ast.expr]) -> ast.expr:
    """A tuple."""
    return ast.Tuple(list(values))


def assign(target: ast.expr, value: ast.expr) -> ast.stmt:
    """target = value."""
    return ast.Assign([target], value, lineno=0)


def function(word: str, arguments: ast.arguments, body: list[ast.stmt]) -> ast.stmt:
    """A function of that name."""
    node = ast.FunctionDef(word, arguments, body, [], None, None, lineno=0)
    if hasattr(node, "type_params"):
        node.type_params = []
    return node


def text(node: ast.AST) -> str:
    """The source text of a node."""
    return ast.unparse(node)
