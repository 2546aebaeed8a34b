"""Long lines: `ast.unparse` never breaks one, so calls and signatures that are too long get their arguments on lines of their own."""

from __future__ import annotations

import ast
import textwrap

from derive.codegen.syntax import text

LONGEST = 120
INDENT = "    "


def function_text(node: ast.FunctionDef) -> str:
    """The source of a generated function, whose statements do not nest; the same tree, in lines of bearable length."""
    docstring, *statements = node.body
    head = f"def {node.name}({text(node.args)}):"
    if len(head) > LONGEST:
        arguments = textwrap.fill(text(node.args), LONGEST, initial_indent=INDENT, subsequent_indent=INDENT)
        head = f"def {node.name}(\n{arguments}\n):"
    alone = ast.FunctionDef("f", ast.arguments([], [], None, [], [], None, []), [docstring], [], None, None, lineno=0)
    body = text(alone).split("\n", 1)[1]
    written = "\n".join([head, body, *(textwrap.indent(_statement(s), INDENT) for s in statements)])
    assert _is_same(written, text(node)), f"{node.name}: line breaking changed the code"
    return written


def _is_same(broken: str, whole: str) -> bool:
    return broken == whole or ast.dump(ast.parse(broken).body[0]) == ast.dump(ast.parse(whole).body[0])


def _statement(node: ast.stmt) -> str:
    line = text(node)
    value = getattr(node, "value", None)
    if len(line) + len(INDENT) <= LONGEST or not isinstance(value, ast.Call) or not line.endswith(text(value)):
        return line
    arguments = [text(a) for a in value.args] + [f"{k.arg}={text(k.value)}" if k.arg else f"**{text(k.value)}" for k in value.keywords]
    before = line[: -len(text(value))]
    lines = [f"{INDENT}{a}," for a in arguments] if value.keywords else _filled(arguments)
    return "\n".join([f"{before}{text(value.func)}(", *lines, ")"])


def _filled(arguments: list[str]) -> list[str]:
    """As many arguments on a line as fit."""
    lines = [INDENT]
    for a in arguments:
        if lines[-1] != INDENT and len(lines[-1]) + len(a) + 2 > LONGEST - len(INDENT):
            lines.append(INDENT)
        lines[-1] += f"{' ' if lines[-1] != INDENT else ''}{a},"
    return lines
