"""What a check leaves behind for other programs: JUnit, GitHub annotations, JSON, exit codes, kept cases, tests of the user's own."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from derive import cli
from derive.checker import search, searching
from derive.checker.candidate import CandidateError, Raised, call
from derive.checker.check import check
from derive.checker.external import external
from derive.checker.outputs import github, junit, unable
from derive.entries import op

ROOT = Path(__file__).resolve().parents[2]
MINE = """
import numpy as np

def relu(x):
    return np.maximum(x, 0)

def relu_grad(g, x):
    return g * (x > 0)

def leaky(x):
    return np.where(x > 0, x, 0.5 * x)

def fails(x):
    raise ValueError("first line\\nsecond line")

def softplus(x):
    return np.log(1 + np.exp(x))
"""
KERNEL = """
import sys
import numpy as np

given = np.load(sys.argv[1])
np.savez(sys.argv[2], {results})
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)


def ran(capsys, *words):
    """The exit code of `derive check`, and what it printed."""
    code = cli.main(["check", *words, "--budget", "0.1"])
    return code, capsys.readouterr()


def relu(x):
    return np.maximum(x, 0)


def leaky(x):
    return np.where(x > 0, x, x.dtype.type(0.5) * x)


def step(g, x):
    return (x > 0).astype(x.dtype)


def test_junit_has_a_case_for_each_reading_and_only_the_wrong_one_fails():
    report = check(relu, "relu", step, dtype="float32", budget=0.2)
    suite = ElementTree.fromstring(junit(report))
    value, gradient = suite
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    assert value.get("name") == "relu value float32" and not list(value)
    assert gradient.find("failure").get("message").startswith("wrong: gradient of x: ")
    assert gradient.find("failure").text == report.text()


def test_junit_holds_only_what_xml_can():
    def strange(x):
        raise ValueError(f"\x00\x1b[31m <{x.ndim}> ]]> & \"'") if x.ndim == 2 else AssertionError

    def sometimes(x):
        return relu(x) if x.ndim != 2 else strange(x)

    failure = ElementTree.fromstring(junit(check(sometimes, "relu", dtype="float32"))).find("testcase/failure")
    assert "??[31m <2> ]]> & \"'" in failure.get("message")


def test_github_marks_the_function_and_keeps_to_one_line():
    def two(x):
        raise ValueError("first,\nsecond: 100 %") if x.ndim == 2 else AssertionError

    report = check(lambda x: relu(x) if x.ndim != 2 else two(x), "relu", dtype="float32")
    first, second = github(report, "a,b:c.py", 7).splitlines()[:2]
    assert (
        first.startswith("::error file=a%2Cb%3Ac.py,line=7,title=<lambda>%3A wrong::raised of ")
        or "::error file=a%2Cb%3Ac.py,line=7" in first
    )
    assert "100 %25" in first and second.startswith("wrong: ")


@pytest.mark.parametrize(
    ("function", "level"), [("relu", "notice"), ("softplus", "warning"), ("leaky", "error")], ids=["agrees", "inaccurate", "wrong"]
)
def test_github_levels(mine, capsys, function, level):
    _, shown = ran(capsys, f"mine.py:{function}", "--op", "relu" if function != "softplus" else "softplus", "--format", "github")
    line = next(k for k, text in enumerate(MINE.splitlines(), 1) if text.startswith(f"def {function}("))
    assert re.match(rf"::{level} file=[^,]*mine\.py,line={line},title={function}%3A ", shown.out)


def documented(title):
    """The field names in the first column of the table that follows a line of docs/check.md."""
    lines = (ROOT / "docs" / "check.md").read_text(encoding="utf-8").split(title, 1)[1].splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("|---"))
    rows = lines[first + 1 : next(k for k in range(first, len(lines)) if not lines[k].startswith("|"))]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_json_has_the_documented_fields_and_no_other():
    fields = json.loads(check(leaky, "relu", step, dtype="float32", budget=0.2).to_json())
    assert set(fields) == documented("`--json` prints one object.")
    assert set(fields["readings"]["value"]) == documented("Each reading:")
    assert all(set(f) == documented("Each finding:") for f in fields["findings"]) and len(fields["findings"]) == 2


def test_json_numbers_are_json():
    def nowhere(x):
        return np.where(x > 3, np.nan, relu(x)).astype(x.dtype)

    text = check(nowhere, "relu", dtype="float32", budget=0.2).to_json()
    fields = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert fields["findings"][0]["got"] == "nan"


def test_a_candidate_that_cannot_be_run_is_told_in_every_form(mine, capsys):
    wanted = "fails raised ValueError: first line second line"
    for form in ("text", "json", "junit", "github"):
        code, shown = ran(capsys, "mine.py:fails", "--op", "relu", "--format", form)
        assert code == 3 and wanted in shown.err, form
        if form != "text":
            assert wanted in shown.out and shown.out.strip() == unable(form, "relu", shown.err.removeprefix("derive check: ").strip())
    assert ElementTree.fromstring(unable("junit", "relu", "<&>")).find("testcase/error").get("message") == "<&>"


def test_a_kept_case_is_tried_again_by_command(mine, capsys):
    code, shown = ran(capsys, "mine.py:leaky", "--op", "relu")
    again = shown.out.split("reproduce", 1)[1].split()
    assert code == 1 and again[:5] == ["derive", "check", "mine.py:leaky", "--op", "relu"]
    code, shown = ran(capsys, *again[2:], "--json")
    assert code == 1 and json.loads(shown.out)["readings"]["value"]["calls"] == 1
    code, shown = ran(capsys, "mine.py:relu", *again[3:], "--json")
    assert code == 0 and json.loads(shown.out)["readings"]["value"]["calls"] == 1


def inputs_of(seed, budget=0.1):
    seen = []

    def watched(x):
        seen.append(x.copy())
        return np.maximum(x, 0)

    check(watched, "relu", dtype="float32", seed=seed, budget=budget)
    return seen


def same(a, b):
    return [x.tobytes() for x in a] == [x.tobytes() for x in b]


def test_seed_and_budget(monkeypatch):
    ticks = itertools.count()  # a clock of our own: each look at it takes a hundredth of a second
    for module in (search, searching):
        monkeypatch.setattr(module, "now", lambda: next(ticks) / 100)
    first, again, other = inputs_of(0), inputs_of(0), inputs_of(1)
    assert same(first, again) and not same(first, other)
    assert len(inputs_of(0, budget=0.6)) > len(first)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["mine.py:softplus", "--op", "softplus"], 1),
        (["mine.py:softplus", "--op", "softplus", "--allow-inaccurate"], 0),
        (["mine.py:leaky", "--op", "leaky_relu", "--param", "slope=0.5"], 0),
        (["mine.py:leaky", "--op", "leaky_relu", "--param", "slope=0.25"], 1),
        (["mine.py:relu", "--op", "leaky_relu", "--against", "relu"], 0),
        (["mine.py:relu", "--op", "relu", "--backward", "mine.py:relu_grad", "--dtype", "float16"], 0),
    ],
)
def test_exit_codes(mine, capsys, words, code):
    assert ran(capsys, *words)[0] == code


def program(tmp_path, results):
    (tmp_path / "kernel.py").write_text(KERNEL.format(results=results))
    return f"{sys.executable} kernel.py {{in}} {{out}}"


@pytest.mark.parametrize(
    ("results", "code", "words"),
    [
        ("y=np.maximum(given['x'], 0)", 0, "agrees"),
        ("np.maximum(given['x'], 0)", 0, "agrees"),
        ("y=np.maximum(given['x'], 0) * 2", 1, "wrong"),
        ("z=given['x']", 1, "returned the keys ['z']"),
        ("y=given['absent']", 3, "KeyError"),
    ],
    ids=["by name", "in order", "wrong", "another name", "fails"],
)
def test_programs_by_files(mine, capsys, tmp_path, results, code, words):
    found, shown = ran(capsys, "--command", program(tmp_path, results), "--op", "relu")
    assert found == code and words in shown.out + shown.err


def test_a_program_for_the_gradient_takes_g(mine, capsys, tmp_path):
    command = program(tmp_path, "x=given['g'] * (given['x'] > 0)")
    assert ran(capsys, "--backward-command", command, "--op", "relu")[0] == 0
    assert ran(capsys, "--backward-command", command.replace("kernel", "absent"), "--op", "relu")[0] == 3


def test_a_program_has_limited_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kernel.py").write_text("import time\ntime.sleep(60)\n")
    slow = external(f"{sys.executable} kernel.py {{in}} {{out}}", op("relu", "check").program, limit=0.3)
    answer = call(slow, [np.zeros(2)], {})
    assert isinstance(answer, Raised) and answer.late


@pytest.mark.parametrize("command", ["./kernel", "./no-such-kernel {in} {out}"])
def test_a_command_that_cannot_be_run(command):
    with pytest.raises(CandidateError, match=r"names no \{in\} and \{out\}|no such program"):
        external(command, op("relu", "check").program)


OWN_TESTS = """
import numpy as np
import pytest

def relu(x):
    return np.maximum(x, 0)

def half(x):
    return np.maximum(x, 0).astype(np.float16).astype(x.dtype)

@pytest.mark.derive_dtypes("float16", "float32", "float64")
def test_half(derive_check):
    derive_check(half, "relu", budget=0.1)

def test_relu(derive_check):
    assert derive_check(relu, "relu", budget=0.1).dtype == "float64"

def test_softplus(derive_check):
    derive_check(lambda x: np.log(1 + np.exp(x)), "softplus", budget=0.1, allow_inaccurate=True)

def test_without():
    pass
"""


OWN_KINDS = """
import numpy as np

def short(x):
    return np.where(np.abs(x) < 6, np.exp(x), 0).astype(x.dtype)

def test_short(derive_check):
    derive_check(short, "exponential", budget=0.2)
"""


def own_tests(tmp_path, *words):
    (tmp_path / "test_own.py").write_text(OWN_TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "derive.checker.plugin", "-p", "no:cacheprovider", "-q", *words, "test_own.py"]
    environment = {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path), "PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False).stdout


def test_the_plugin_has_one_result_for_each_dtype(tmp_path):
    said = own_tests(tmp_path, "-rA", "--strict-markers")
    assert re.findall(r"PASSED .*::(\S+)", said) == ["test_half[float16]", "test_relu", "test_softplus", "test_without"], said
    assert sorted(set(re.findall(r"FAILED .*::(\S+)", said))) == ["test_half[float32]", "test_half[float64]"], said
    assert "wrong: half is not relu (value, float32)" in said and "Traceback" not in said


@pytest.mark.skipif(int(pytest.__version__.split(".")[0]) < 9, reason="subtests came with pytest 9")
def test_the_plugin_has_one_result_for_each_kind_of_input(tmp_path):
    (tmp_path / "test_own.py").write_text(OWN_KINDS)
    command = [sys.executable, "-m", "pytest", "-p", "derive.checker.plugin", "-p", "no:cacheprovider", "-v", "test_own.py"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    said = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False).stdout
    found = {name: outcome for outcome, name in re.findall(r"SUB(PASSED|FAILED)\[value at (\w+)\]", said)}
    assert (found["plain"], found["small"], found["large"]) == ("PASSED", "PASSED", "FAILED"), said
    assert "wrong: short is not exponential" in said


def test_the_plugin_imports_nothing_before_it_is_used(tmp_path):
    heavy = ("numpy", "sympy", "derive.checker.check")
    last = f"import sys\n\ndef pytest_unconfigure():\n    print('IMPORTED', [n for n in {heavy} if n in sys.modules])\n"
    (tmp_path / "conftest.py").write_text(last)
    (tmp_path / "test_own.py").write_text("def test_nothing():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "derive.checker.plugin", "-p", "no:cacheprovider", "-q", "-s", "test_own.py"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    said = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False).stdout
    assert "IMPORTED []" in said, said
