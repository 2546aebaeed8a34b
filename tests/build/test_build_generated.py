"""What is generated and committed: up to date, in need of NumPy alone, and a new op appears everywhere by itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from derive.build import exported, left_over, longest_first, stale
from derive.catalog import CATALOG
from derive.catalog.geometry import RECURRENCES

ROOT = Path(__file__).parents[2]
REFERENCE = sorted((ROOT / "reference").glob("*.py"))

ONLY = """
import sys

class Only:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {allowed} and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"this test has no {{top}}")

sys.meta_path.insert(0, Only())
"""
NEW = '''

@op(source="nowhere")
def squashed(x: Real["..."]):
    """The input over one more than its size."""
    return x / (1 + exp(x))


ACTIVATIONS = (*ACTIVATIONS, squashed)
'''


def python(script: str, folder: Path = ROOT) -> str:
    """What a script prints, run by this interpreter with a folder to import from."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")} | {"PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wanted() -> dict[str, str]:
    """What is committed, which `derive build --check` says is what derive build would write; to derive it all takes minutes."""
    return {p: (ROOT / p).read_text(encoding="utf-8") for p in left_over(ROOT, {})}


def test_a_changed_or_extra_file_is_stale(wanted: dict[str, str], tmp_path: Path) -> None:
    for path, text in wanted.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert stale(tmp_path, wanted) == []
    (tmp_path / "reference" / "losses.py").write_text(wanted["reference/losses.py"] + "\n")
    shutil.copy(tmp_path / "reference" / "layers.py", tmp_path / "reference" / "old.py")
    (tmp_path / "reference" / "mine.py").write_text("# not generated\n")
    assert stale(tmp_path, wanted) == ["reference/losses.py is stale", "reference/old.py is left over"]
    assert left_over(tmp_path, wanted) == ["reference/old.py"]


def test_every_entry_is_exported(wanted: dict[str, str]) -> None:
    modules = [t for p, t in wanted.items() if p.startswith("reference/") and not Path(p).name.startswith("_")]
    names = [n for t in modules for n in exported(t)]
    assert len(names) == len(set(names))
    assert {op.name for op in CATALOG} | {r.name for r in RECURRENCES} <= set(names)
    listed = python("import reference; print(*sorted(reference.__all__))").split()
    assert listed == sorted(names)


def test_every_entry_has_a_page(wanted: dict[str, str]) -> None:
    pages = {Path(p).stem for p in wanted if p.startswith("docs/derivations/")}
    assert pages == {"README", *(op.name for op in CATALOG), *(r.name for r in RECURRENCES)}


def test_reference_needs_numpy_alone() -> None:
    script = (
        ONLY.format(allowed={"numpy", "reference"})
        + "from reference import batch_norm_train, softmax_vjp; print(batch_norm_train.__name__)"
    )
    assert python(script) == "batch_norm_train\n"


def test_reference_imports_neither_sympy_nor_derive() -> None:
    modules = ", ".join(f"reference.{p.stem}" for p in REFERENCE if p.stem != "__init__")
    script = (
        ONLY.format(allowed={"numpy", "scipy", "reference"}) + f"import {modules}\nprint('derive' in sys.modules, 'sympy' in sys.modules)"
    )
    assert python(script) == "False False\n"


def test_a_new_op_changes_one_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "derive", tmp_path / "derive", ignore=shutil.ignore_patterns("__pycache__"))
    definitions = tmp_path / "derive" / "catalog" / "activations.py"
    definitions.write_text(definitions.read_text() + NEW)
    script = """
from derive.cli import main
from derive.entries import entries
main(["list"])
main(["show", "squashed", "--reading", "vjp"])
main(["stub", "squashed"])
main(["generate", "squashed", "-o", "made.py"])
main(["verify", "squashed", "--budget", "0.5"])
from derive.pages.entries import document
from derive.pages.markdown import markdown
print(markdown(document(next(e for e in entries() if e.name == "squashed"))).splitlines()[0])
"""
    out = python(script, tmp_path)
    for part in ("squashed  ", "The input over one more", "dx", "def forward(x):", "all 2 readings of 1 ops hold", "# squashed"):
        assert part in out
    assert "def squashed_vjp(g, x):" in (tmp_path / "made.py").read_text()


def test_curves_then_the_largest_definitions_are_derived_first_and_each_entry_once() -> None:
    names = longest_first()
    assert sorted(names) == sorted(e.name for e in (*CATALOG, *RECURRENCES))
    assert names.index("relu") < names.index("lstm") < names.index("matmul") < names.index(RECURRENCES[0].name)
