"""Bad input: one clear error, no traceback, the right exit code, nothing half-written."""

import os
import re
from pathlib import Path

import pytest

from derive.cli import main

DEFINITIONS = '''
from derive.language import Real, op, sum

@op
def scores(q: Real["L D"], k: Real["M K"]):
    """Similarity of each query to each key."""
    return sum(q * k, "D")
'''
GOOD = '''
from derive.language import Real, op

@op
def twice(x: Real["..."]):
    """Two times the input."""
    return 2 * x
'''
CANDIDATES = """
import numpy as np

def raises(x):
    raise RuntimeError("not today")

def misshapen(x):
    return np.zeros(3)

def nothing(x):
    return None

constant = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a user's files."""
    files = {"bad.py": DEFINITIONS, "good.py": GOOD, "mine.py": CANDIDATES, "broken.py": "def f(:\n", "empty.py": ""}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# fmt: off
USAGE = [
    ("show sofmax",                                     'no op is called "sofmax"; did you mean "softmax"'),
    ("show recptive_field",                             '"receptive_field"'),
    ("generate sofmax -o out.py",                       "softmax"),
    ("verify relu sofmax",                              "softmax"),
    ("stub sofmax",                                     "softmax"),
    ("check mine.py:raises --op sofmax",                "softmax"),
    ("check mine.py:raises --op receptive_field",       "recurrence"),
    ("show good.py:thrice",                             'good.py has no "thrice"'),
    ("show good.txt:twice",                             '"good.txt:twice" is no op'),
    ("show nowhere.py:f",                               "nowhere.py: no such file"),
    ("show broken.py:f",                                "broken.py, line 1"),
    ("show empty.py",                                   "defines no op"),
    ("show bad.py:scores",                              "bad.py, line 7: sum over D: q has axes (L, D), k has (M, K)"),
    ("check mine.py:raises --op relu --dtype float23",  "float32"),
    ("check mine.py:raises --op relu --param slope=1",  "relu has no parameter slope"),
    ("check mine.py:raises --op elu --param alpha=nan", "parameter alpha is nan; wanted a finite number"),
    ("generate good.py:twice -o .",                     "it is a folder"),
    ("generate good.py:twice -o missing/out.py",        "cannot write missing/out.py: No such file or directory"),
    ("build",                                           "is no checkout of derive"),
    ("build --output good.py",                          "it is no folder"),
]
PARSED = [
    ("",                                       "arguments are required: COMMAND"),
    ("shwo relu",                              'did you mean show?'),
    ("show",                                   "required: OP"),
    ("show relu --format html",                "wanted text, markdown, latex, json"),
    ("show relu --reading gradient",           "wanted value, vjp, jvp, hvp"),
    ("generate relu",                          "-o/--output"),
    ("check mine.py:raises",                   "--op"),
    ("check mine.py:raises --op elu --param alpha", "alpha"),
    ("check mine.py:raises --op elu --param alpha=one", "wanted alpha=NUMBER"),
    ("verify --budget 0",                      "no number of seconds"),
    ("verify --budget soon",                   "no number of seconds"),
    ("verify --seed 1.5",                      "no whole number"),
]
CANNOT_RUN = [
    ("check nowhere.py:f --op relu",           "nowhere.py: no such file"),
    ("check mine.py:raise --op relu",          'no function raise; did you mean "raises"?'),
    ("check mine.py:constant --op relu",       "constant is int, not a function"),
    ("check mine.py --op relu",                "wanted FILE.py:FUNCTION"),
    ("check broken.py:f --op relu",            "could not be loaded"),
    ("check mine.py:raises --op relu",         "RuntimeError: not today"),
]
WRONG = [
    ("check mine.py:misshapen --op relu --budget 1", "has shape (3,); wanted"),
    ("check mine.py:nothing --op relu --budget 1",   "returned None"),
]
# fmt: on


@pytest.mark.parametrize(("line", "wanted"), USAGE)
def test_usage_errors(line: str, wanted: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.rglob("*.py"))
    assert main(line.split()) == 2
    assert_one_error(capsys, wanted)
    assert sorted(folder.rglob("*.py")) == before


@pytest.mark.parametrize(("line", "wanted"), PARSED)
def test_arguments_that_do_not_parse(line: str, wanted: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(line.split())
    assert end.value.code == 2
    assert_one_error(capsys, wanted)


@pytest.mark.parametrize(("line", "wanted"), CANNOT_RUN)
def test_candidates_that_cannot_run(line: str, wanted: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 3
    assert_one_error(capsys, wanted)


@pytest.mark.parametrize(("line", "wanted"), WRONG)
def test_candidates_that_return_the_wrong_thing(line: str, wanted: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 1
    printed = capsys.readouterr()
    assert wanted in printed.out and not printed.err


def assert_one_error(capsys: pytest.CaptureFixture[str], wanted: str) -> None:
    """One line on standard error that holds the words, and nothing else."""
    printed = capsys.readouterr()
    assert wanted in printed.err
    assert printed.err.count("\n") == 1 and not re.search(r"Traceback|File \"", printed.err)
    assert printed.out == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "closed").mkdir(mode=0o500)
    assert main(["generate", "good.py:twice", "-o", "closed/out.py"]) == 2
    assert_one_error(capsys, "cannot write closed/out.py: Permission denied")


def test_a_write_that_fails_leaves_the_old_file(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "out.py").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert main(["generate", "good.py:twice", "-o", "out.py"]) == 2
    assert_one_error(capsys, "cannot write out.py: No space left on device")
    assert (folder / "out.py").read_text() == "old"
    assert not [p for p in folder.iterdir() if p.name.startswith(".out")]
