"""The guide runs: each Python block is executed in order, and prints, or raises, what the text block after it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from derive.language import DefinitionError

GUIDE = Path(__file__).parents[2] / "docs" / "definitions.md"
BLOCK = re.compile(r"^```python( raises)?\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[bool, str, str]]:
    return [(bool(raises), code, shown or "") for raises, code, shown in BLOCK.findall(GUIDE.read_text())]


def run(code: str, names: dict[str, object]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, GUIDE.name, "exec", dont_inherit=True), names)
    return printed.getvalue()


def test_the_guide_runs_and_prints_what_it_shows() -> None:
    names: dict[str, object] = {}
    for raises, code, shown in blocks():
        if raises:
            with pytest.raises(DefinitionError) as caught:
                run(code, names)
            assert f"{caught.value}\n" == shown
        else:
            assert run(code, names) == shown, code


def test_no_block_is_left_out() -> None:
    assert len(blocks()) == GUIDE.read_text().count("```python") > 10


def test_the_guide_names_every_word_of_the_language() -> None:
    import derive.language

    words = set(re.findall(r"\w+", GUIDE.read_text()))
    assert set(derive.language.__all__) - words <= {"DefinitionError", "DeriveError", "Op"}
