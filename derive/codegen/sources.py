"""The source text of support functions, with everything in their file that they use."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from functools import cache
from types import ModuleType


@cache
def segments(module: ModuleType) -> dict[str, str]:
    """The source of each function and constant at the top of a module, in the order of the file."""
    source = inspect.getsource(module)
    lines = source.split("\n")
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        names = _defined(node)
        if names:
            assert node.end_lineno is not None
            text = "\n".join(lines[_first_line(node) - 1 : node.end_lineno])
            found.update(dict.fromkeys(names, text))
    return found


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [t.id for t in targets if isinstance(t, ast.Name)]


def imports(module: ModuleType) -> list[str]:
    """The import statements at the top of a module, derive's own left out."""
    nodes = [n for n in ast.parse(inspect.getsource(module)).body if isinstance(n, (ast.Import, ast.ImportFrom))]
    return [ast.unparse(n) for n in nodes if not (isinstance(n, ast.ImportFrom) and n.module in ("__future__", "derive"))]


def with_dependencies(module: ModuleType, names: Iterable[str]) -> list[str]:
    """The names and all that they use in their module, in the order of its file."""
    known = segments(module)
    wanted = [n for n in names if n in known]
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            wanted += [n.id for n in ast.walk(ast.parse(known[name])) if isinstance(n, ast.Name) and n.id in known]
    return [n for n in known if n in seen]


def text_of(module: ModuleType, names: Iterable[str]) -> list[str]:
    """The source of the names and of all that they use, each piece once."""
    known = segments(module)
    return list(dict.fromkeys(known[n] for n in with_dependencies(module, names)))


def used_modules(texts: Iterable[str]) -> set[str]:
    """The names used before a dot, such as np or math: what source text needs imported."""
    nodes = (n for t in texts for n in ast.walk(ast.parse(t)))
    return {n.value.id for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
