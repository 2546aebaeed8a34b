"""The command as a process: how fast it starts, what it imports, interruption, colours, pipes."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DERIVE = [sys.executable, "-m", "derive"]
HEAVY = ("sympy", "numpy", "scipy", "mpmath", "hypothesis", "torch", "flint")


def environment(**more: str) -> dict[str, str]:
    """The environment with this checkout importable from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def test_help_imports_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "derive", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    imported = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert imported.isdisjoint(HEAVY) and "derive" in imported
    assert "examples:" in done.stdout


def test_help_takes_less_than_150_ms() -> None:
    def once() -> float:
        """Processor time, which a busy machine does not stretch."""
        before = os.times()
        subprocess.run([*DERIVE, "--help"], capture_output=True, env=environment(), check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(once() for _ in range(7)) < 0.15


def test_sympy_computes_in_python_integers_unless_told_otherwise() -> None:
    script = "import os; from derive.cli import main; main(['stub', 'relu']); print(os.environ['SYMPY_GROUND_TYPES'])"
    for given, wanted in (({}, "python"), ({"SYMPY_GROUND_TYPES": "auto"}, "auto")):
        plain = {k: v for k, v in environment(**given).items() if k != "SYMPY_GROUND_TYPES" or given}
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=plain, check=True)
        assert done.stdout.splitlines()[-1] == wanted


@pytest.mark.skipif(os.name == "nt", reason="signals to a group of processes")
@pytest.mark.parametrize("after", [1.0, 8.0])
def test_interruption_ends_with_130_and_one_line(after: float) -> None:
    process = subprocess.Popen(
        [*DERIVE, "verify"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True,
    )  # fmt: skip
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "derive: interrupted\n")


def test_a_closed_pipe_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m derive show layer_norm | head -n 1", shell=True, capture_output=True, text=True, env=environment(), check=True
    )
    assert done.stdout == "layer_norm\n" and done.stderr == ""


def terminal(**more: str) -> str:
    """What `derive list` prints on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*DERIVE, "list"], stdout=theirs, env=environment(**more))
    os.close(theirs)  # what is printed is read meanwhile: a terminal holds a few pages only
    chunks = []
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return b"".join(chunks).decode()


def test_colour_on_a_terminal_unless_refused() -> None:
    assert "\x1b[1m" in terminal(NO_COLOR="")
    assert "\x1b" not in terminal(NO_COLOR="1")
