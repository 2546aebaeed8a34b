"""The commands, called as `main` in this process: what they print, and their exit codes."""

import json
import stat
from pathlib import Path

import pytest

from derive.cli import COMMANDS, main
from derive.entries import entries

DEFINITIONS = '''
from derive.language import Real, op, where

@op(source="Donoho & Johnstone 1994, section 2")
def shrink(x: Real["..."], *, width=0.5):
    """What lies beyond width on either side, moved to zero by width."""
    return where(x > width, x - width, where(x < -width, x + width, 0))
'''
CANDIDATES = """
import numpy as np

def right(x, width=0.5):
    return np.where(x > width, x - width, np.where(x < -width, x + width, 0))

def right_gradient(g, x, width=0.5):
    return np.where(abs(x) > width, g, 0)

def wrong(x, width=0.5):
    return np.where(x > width, x, 0.0)
"""


@pytest.fixture
def ops(tmp_path: Path) -> str:
    """A user's file of definitions, named as on the command line."""
    path = tmp_path / "my_ops.py"
    path.write_text(DEFINITIONS)
    return f"{path}:shrink"


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """A user's file of candidates."""
    path = tmp_path / "mine.py"
    path.write_text(CANDIDATES)
    return str(path)


def test_list_names_every_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out
    for e in entries():
        assert f"  {e.name}" in lines and e.summary in lines


def test_show_prints_definition_steps_gradient_and_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "batch_norm_train"]) == 0
    text = capsys.readouterr().out
    assert "rstd = 1/sqrt(var + eps)" in text
    assert "gamma*rstd*(g - mean(g, N) - xhat*mean(g*xhat, N))" in text
    assert "proof tier A" in text and "equal canonical forms" in text
    assert "def batch_norm_train_vjp(g, x, gamma, beta, *, eps=1e-05):" in text
    assert "batch_norm_train_hvp" not in text


def test_show_one_reading(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "relu", "--reading", "jvp"]) == 0
    text = capsys.readouterr().out
    assert "def relu_jvp(v_x, x):" in text and "def relu_vjp" not in text


def test_show_in_every_format(ops: str, capsys: pytest.CaptureFixture[str]) -> None:
    marks = {
        "text": "Definition\n\n  y = where",
        "markdown": "```math\n",
        "latex": r"\begin{document}",
        "json": '"schema": "derive.show/1"',
    }
    for how, mark in marks.items():
        assert main(["show", ops, "--format", how]) == 0
        assert mark in capsys.readouterr().out


def test_show_as_json_has_the_documented_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "softmax", "--format", "json", "--reading", "vjp"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["readings"]) == ["vjp"]
    assert found["readings"]["vjp"]["formulas"][0]["text"] == "p*(g - sum(g*p, C))/temperature"
    step = found["readings"]["vjp"]["steps"][0]
    assert set(step) == {"name", "left", "right", "rule", "hypotheses", "tier", "evidence"}
    guide = (Path(__file__).parents[2] / "docs" / "output.md").read_text()
    fields = {*found, *found["readings"]["vjp"], *step, *found["inputs"][0], *found["parameters"][0]}
    assert [f for f in fields if f"`{f}`" not in guide] == []


def test_show_a_recurrence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "receptive_field"]) == 0
    text = capsys.readouterr().out
    assert "induction" in text and "def receptive_field(layers" in text


@pytest.mark.parametrize("op", ["softmax", "receptive_field"])
def test_generate_writes_a_module_that_runs(op: str, tmp_path: Path) -> None:
    path = tmp_path / "made.py"
    assert main(["generate", op, "-o", str(path)]) == 0
    space: dict[str, object] = {}
    exec(path.read_text(), space)
    assert callable(space[op]) and op in space["__all__"]  # type: ignore[operator]
    assert "derive" not in {
        line.split()[1].split(".")[0] for line in path.read_text().splitlines() if line.startswith(("import ", "from "))
    }
    assert [p.name for p in tmp_path.iterdir()] == ["made.py"]


def test_generate_to_standard_output_is_the_same_text(ops: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "made.py"
    assert main(["generate", ops, "-o", str(path)]) == main(["generate", ops, "-o", "-"]) == 0
    assert capsys.readouterr().out == path.read_text()


def test_a_new_file_has_ordinary_permissions_and_an_old_one_keeps_its_own(ops: str, tmp_path: Path) -> None:
    plain, made = tmp_path / "plain", tmp_path / "made.py"
    plain.write_text("")
    main(["generate", ops, "-o", str(made)])
    assert stat.S_IMODE(made.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    made.chmod(0o640)
    main(["generate", ops, "-o", str(made)])
    assert stat.S_IMODE(made.stat().st_mode) == 0o640


def test_generate_into_a_device_writes_to_it(ops: str) -> None:
    assert main(["generate", ops, "-o", "/dev/null"]) == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_stub_is_a_file_to_fill_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stub", "layer_norm"]) == 0
    text = capsys.readouterr().out
    compile(text, "stub", "exec")
    assert "def forward(x, gamma, beta, *, eps=1e-05):" in text and "def backward(g, x, gamma, beta" in text


def test_check_agrees(ops: str, mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", f"{mine}:right", "--backward", f"{mine}:right_gradient", "--op", ops, "--budget", "1"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("agrees")


def test_check_disagrees_and_says_where(ops: str, mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{mine}:wrong", "--op", ops, "--param", "width=0.25", "--budget", "1"]) == 1
    text = capsys.readouterr().out
    assert text.startswith("wrong") and "smallest input" in text and "width=0.25" in text


def test_check_as_json_has_the_documented_fields(ops: str, mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{mine}:wrong", "--op", ops, "--json", "--budget", "1"]) == 1
    found = json.loads(capsys.readouterr().out)
    guide = (Path(__file__).parents[2] / "docs" / "check.md").read_text()
    fields = {*found, *found["findings"][0], *found["readings"]["value"]}
    assert found["schema"] == "derive.check/2"
    assert [f for f in fields if f"`{f}`" not in guide] == []


def test_verify_prints_a_table(ops: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", ops, "output_size", "--budget", "0.5"]) == 0
    text = capsys.readouterr().out
    assert "shrink" in text and "output_size" in text and "3 readings of 2 ops hold" in text


def test_verify_exits_1_when_a_bound_fails(ops: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from derive import pipeline

    right = pipeline.generated

    def off(op: object) -> dict[str, object]:
        found = dict(right(op))  # type: ignore[arg-type]
        exact = found["shrink"]
        found["shrink"] = lambda x, *, width=0.5: exact(x, width=width) * (1 + 1e-12)
        return found

    monkeypatch.setattr(pipeline, "generated", off)
    assert main(["verify", ops, "--budget", "0.5", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["passes"] is False


def test_build_check_names_what_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from derive.commands import build

    monkeypatch.setattr(build, "files", lambda: {"reference/a.py": "a = 1\n", "reference/b.py": "b = 1\n"})
    monkeypatch.setattr("derive.build.files", build.files)
    assert main(["build", "--output", str(tmp_path)]) == 0
    assert main(["build", "--check", "--output", str(tmp_path)]) == 0
    (tmp_path / "reference/a.py").write_text("a = 2\n")
    (tmp_path / "reference/b.py").unlink()
    (tmp_path / "reference/c.py").write_text("# Generated by derive; edit the definition, not this file.\n")
    capsys.readouterr()
    assert main(["build", "--check", "--output", str(tmp_path)]) == 1
    faults = capsys.readouterr().err.splitlines()
    assert faults == ["reference/a.py is stale", "reference/b.py is missing", "reference/c.py is left over"]
    assert main(["build", "--output", str(tmp_path)]) == 0
    assert sorted(p.name for p in (tmp_path / "reference").iterdir()) == ["a.py", "b.py"]


@pytest.mark.parametrize("command", [c.name for c in COMMANDS])
def test_every_command_explains_itself_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"examples:\n  derive {command}" in capsys.readouterr().out
