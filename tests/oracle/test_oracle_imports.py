"""The oracle stands alone: walking its imports, transitively, meets the language and nothing else of ours."""

from __future__ import annotations

import ast
from pathlib import Path

import derive

ROOT = Path(derive.__file__).parent.parent
OUTSIDE = {"numpy", "mpmath", "flint"}
STANDARD = {"__future__", "collections", "contextlib", "dataclasses", "fractions", "functools", "importlib", "math", "typing"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}"
            names |= {node.module or ""} | {f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("derive."):
            names.add(node.value)  # modules that are imported by name
    return names


def file_of(module: str) -> Path | None:
    stem = ROOT.joinpath(*module.split("."))
    return next((p for p in (stem.with_suffix(".py"), stem / "__init__.py") if p.exists()), None)


def test_oracle_reaches_only_the_language() -> None:
    waiting, seen = sorted((ROOT / "derive" / "oracle").glob("*.py")), set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imported(path):
            if not name.startswith("derive."):
                inside = path.relative_to(ROOT).parts[1] == "oracle"
                assert not inside or name.split(".")[0] in OUTSIDE | STANDARD | {"derive"}, f"{path} imports {name}"
                continue
            assert name.split(".")[1] in {"oracle", "language"}, f"{path} imports {name}"
            found = file_of(name)
            waiting += [found] if found else []
    assert any(p.name == "balls.py" for p in seen) and any(p.parent.name == "language" for p in seen)
