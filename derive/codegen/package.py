"""A package of generated modules: one per section, their support in one place, and an `__init__` that imports on demand."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import derive.codegen.lazy as lazy
from derive.codegen.module import Piece, helper_texts, import_lines, joined, listing, opening
from derive.codegen.sources import imports, segments
from derive.codegen.syntax import constant, text


@dataclass(frozen=True)
class Group:
    """A section of the package: the name of its module, a sentence about it, and its functions in order."""

    name: str
    summary: str
    pieces: Sequence[Piece]


def package_files(groups: Sequence[Group], summary: str) -> dict[str, str]:
    """The text of each file of a package, by its path in the package.

    A module whose name would be that of a function gets "_ops" behind it, so that the package's attribute is the function.
    """
    pieces = {g.name: g.pieces for g in groups}
    taken = {p.name for found in pieces.values() for p in found}
    homes = {g.name: f"{g.name}_ops" if g.name in taken else g.name for g in groups}
    files = {"__init__.py": init_text(summary, {p.name: homes[g.name] for g in groups for p in pieces[g.name]})}
    files["_support.py"] = _support([p for found in pieces.values() for p in found])
    files.update({f"{homes[g.name]}.py": _module(g.summary, pieces[g.name]) for g in groups})
    return files


def _module(summary: str, pieces: Sequence[Piece]) -> str:
    bodies = [p.text for p in pieces]
    helpers = sorted({n for p in pieces for _, n in p.helpers})
    local = text(ast.ImportFrom("_support", [ast.alias(n) for n in helpers], 1)) if helpers else ""
    needed = "\n".join([*import_lines(bodies), "", _wrapped_import(local)]).strip()
    return joined([opening(summary), needed, listing("__all__", [p.name for p in pieces])], bodies)


def _wrapped_import(line: str) -> str:
    """`from ._support import (...)`, a name per line."""
    before, _, names = line.partition(" import ")
    return "\n".join([f"{before} import (", *(f"    {n}," for n in names.split(", ")), ")"]) if names else ""


def _support(pieces: Sequence[Piece]) -> str:
    helpers = helper_texts(pieces)
    summary = "What the generated functions share: checks of their arguments, gathers, and functions that NumPy lacks."
    return joined([opening(summary), "\n".join(import_lines(helpers))], helpers)


def init_text(summary: str, homes: Mapping[str, str]) -> str:
    entries = [f"    {text(constant(n))}: {text(constant(m))}," for n, m in homes.items()]
    table = "\n".join(["_HOME = {", *entries, "}"])
    known = segments(lazy)
    head = [opening(summary), "\n".join(imports(lazy)), table, known["__all__"]]
    return joined(head, [known["__getattr__"], known["__dir__"]])
