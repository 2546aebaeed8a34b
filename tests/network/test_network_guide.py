"""docs/geometry.md runs: commands print what they show (... stands for any lines), Python blocks too."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from derive.cli import main
from derive.network import settled
from derive.pages.index import NOTE

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "geometry.md").read_text()
COMMANDS = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", TEXT, re.MULTILINE)
FILES = re.findall(r"^```text\n# (\S+)\n((?:.*\n)*?)```$", TEXT, re.MULTILINE)
PYTHON = re.findall(r"^```python\n((?:.*\n)*?)```\n\n```text\n((?:.*\n)*?)```$", TEXT, re.MULTILINE)


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[c for c, _ in COMMANDS])
def test_commands(command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in FILES:
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    main(shlex.split(command)[1:])
    printed = "".join(capsys.readouterr())
    pattern = "".join(r"(?:.*\n)*" if line == "..." else re.escape(line) + r"\n" for line in shown.splitlines())
    assert re.fullmatch(pattern, printed), printed


def test_python() -> None:
    names: dict[str, object] = {}
    for code, shown in PYTHON:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "geometry.md", "exec", dont_inherit=True), names)
        assert printed.getvalue() == shown, code


def test_no_block_is_left_out() -> None:
    assert len(COMMANDS) + len(FILES) + 2 * len(PYTHON) == TEXT.count("\n```\n")
    assert len(COMMANDS) == 8 and len(FILES) == 1 and len(PYTHON) == 3


def test_the_page_of_published_formulas_is_up_to_date() -> None:
    assert (DOCS.parent / settled.PATH).read_text() == NOTE + settled.page()
