"""Imports point down, and the engine knows no op by name: both read off the sources."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from derive.calculus.atoms import MEANING
from derive.catalog import CATALOG
from derive.catalog.geometry import RECURRENCES
from derive.language import functions

ROOT = Path(__file__).parents[2]
DERIVE = ROOT / "derive"

# fmt: off
MAY_IMPORT = {
    "language":  "",
    "catalog":   "language",
    "oracle":    "language",
    "calculus":  "language oracle",
    "numerics":  "language calculus",
    "codegen":   "language calculus numerics",
    "geometry":  "language catalog",
    "network":   "language catalog geometry",
    "pipeline":  "language calculus numerics codegen",
    "analysis":  "language catalog oracle calculus numerics pipeline",
    "claims":    "language catalog oracle calculus geometry pipeline analysis",
    "entries":   "language catalog",
    "files":     "language",
    "checker":   "language catalog oracle calculus numerics codegen pipeline",
    "pages":     "language catalog calculus codegen geometry pipeline entries analysis claims",
    "facts":     "language catalog checker pipeline entries pages",
    "build":     "language catalog codegen geometry network pipeline entries files pages facts",
    "commands":  "language catalog geometry network pipeline entries files pages build checker analysis claims",
    "cli":       "language",
    "__main__":  "cli",
    "__init__":  "",
}
# fmt: on
ENGINE = ("language", "calculus", "codegen", "oracle", "checker")
PRIMITIVES = "derive/language/primitives.py"
VERBS = {*functions.__all__, "add", "gather"}  # what definitions are written with; the catalogue has some as ops of their own
WORDS = {
    "calculus": {*MEANING, "linear", "exponential"},  # the functions that formulas are shown in, from atoms.py; linear maps; e to a sum
    "oracle": {"exponential"},
    "codegen": {"tanh", "matmul"},  # a function of numbers, by which a constant is computed; NumPy's product
    "checker": {"identity", "threshold", "quantile", "linear", "tanh", "exponential", "multiply"},  # forms; NumPy's product
}


def sources(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Every file below a folder, or the file itself, with its tree."""
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]:
        yield path, ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import, of {node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def folders(tree: ast.Module) -> set[str]:
    """The parts of derive that a module imports."""
    return {name.split(".")[1] for name in imported(tree) if name.startswith("derive.")}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_point_down(part: str) -> None:
    allowed = {part, *MAY_IMPORT[part].split()}
    above = {f"{p.relative_to(ROOT)}: {f}" for p, tree in sources(DERIVE / part) for f in folders(tree) - allowed}
    assert above == set()


def test_the_table_has_every_part_and_no_cycle() -> None:
    there = {p.stem for p in DERIVE.iterdir() if p.suffix == ".py" or (p.is_dir() and any(p.glob("*.py")))}
    assert there == set(MAY_IMPORT)
    seen: set[str] = set()
    while len(seen) < len(MAY_IMPORT):
        free = {part for part, below in MAY_IMPORT.items() if part not in seen and set(below.split()) <= seen}
        assert free, f"a cycle among {set(MAY_IMPORT) - seen}"
        seen |= free


def test_docs_show_the_same_table() -> None:
    text = (ROOT / "docs" / "design.md").read_text()
    rows = {
        c.strip("`").removesuffix(".py"): row
        for row in text.splitlines()
        if row.startswith("| `")
        for c in re.findall(r"`[^`]+`", row.split("|")[1])
    }
    assert [part for part in MAY_IMPORT if part not in rows and not part.startswith("__")] == []


def names(tree: ast.Module) -> Iterator[str]:
    """The identifiers and strings of a module, docstrings excepted."""
    docs = {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.ClassDef, ast.FunctionDef)) and _has_docstring(n)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Constant(value=str() as value) if id(node) not in docs:
                yield from re.findall(r"\w+", value)


def _has_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


@pytest.mark.parametrize("part", ENGINE)
def test_the_engine_names_no_op(part: str) -> None:
    ops = {e.name for e in (*CATALOG, *RECURRENCES)}
    allowed = VERBS | WORDS.get(part, set())
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in sources(DERIVE / part)
        if path != ROOT / PRIMITIVES
        for name in names(tree)
        if (name in ops and name not in allowed) or any(name == op + ending for op in ops for ending in ("_vjp", "_jvp", "_hvp"))
    }
    assert found == set()
