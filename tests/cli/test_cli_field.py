"""derive field: its table, its JSON, its exit codes."""

import builtins
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from derive.cli import main

UNET = """
input 1 64x48
d: conv 3 padding=1 cout=4 bias
p: max_pool 2
b: conv 3 padding=1 cout=8 bias
u: deconv 3 /2 padding=1 output_padding=1 cout=4 bias
c: concat < d, u
out: conv 3 padding=1 cout=2 bias
"""


@pytest.fixture
def unet(tmp_path: Path) -> str:
    (tmp_path / "unet.txt").write_text(UNET)
    return str(tmp_path / "unet.txt")


def test_the_table(unet: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["field", unet]) == 0
    text = capsys.readouterr().out
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line}
    assert rows["b"] == ["b", "conv", "32x24", "8", "2", "8", "0.5", "296", "221,184"]
    assert rows["u"][4:6] == ["1", "8..10"]
    assert "fields of 'out' by output position modulo 2" in text
    assert "misaligned: in 'c' the centres of 'u' lie behind those of 'd'" in text


def test_json_has_everything(unet: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["field", unet, "--json", "--input", "32x32", "--at", "u"]) == 0
    data = json.loads(capsys.readouterr().out)
    last = data["layers"][-1]
    assert [x["name"] for x in data["layers"]] == ["d", "p", "b", "u"]
    assert last["size"] == [32, 32] and last["axes"][0]["fields"] == [8, 10] and last["axes"][0]["jump"] == 1
    assert data["layers"][2]["axes"][0]["centres"] == ["1/2"]
    assert data["total"]["params"] == sum(x["params"] for x in data["layers"]) == 40 + 296 + 292
    assert data["total"]["flops"]["2 per multiply-add"] == 2 * data["total"]["macs"]


def test_formulas(unet: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["field", unet, "--symbolic"]) == 0
    assert "2*floor(H/2) x 2*floor(W/2)" in capsys.readouterr().out


def test_input_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    net = "conv 7 /2 p=3; max_pool 3 /2 p=1; conv 3 /2 p=1"
    assert main(["field", net, "--inputs-for", "28"]) == 0
    assert "axis 0: 'conv3' has 28 positions at input sizes 217 to 224\n" in capsys.readouterr().out
    assert main(["field", "conv 3 p=1; deconv 2 /2", "--inputs-for", "7"]) == 1
    assert "sizes none" in capsys.readouterr().out
    assert main(["field", net, "--inputs-for", "28", "--json", "--at", "conv1"]) == 0
    assert json.loads(capsys.readouterr().out)["input_sizes"] == [[55, 56], [55, 56]]
    assert main(["field", net, "--exact"]) == 0
    assert "axis 1: no window leaves positions over at input sizes 8*n + 1\n" in capsys.readouterr().out


def test_wanted_fields(unet: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["field", unet, "--want", "40", "--at", "b", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["fields"] == [8] and all(w["field"] >= 40 > (w["below"] or 0) for w in data["ways"])
    assert main(["field", "global_pool", "--want", "40"]) == 1


# fmt: off
CODES = [
    (["input 1 9x9; a: conv 11"],                         1, "layer 'a' (conv, axis 0): the window spans 11"),
    (["a: conv 3; b: conv 3 /2 < input; add < a, b"],     1, "advance differently"),
    (["a: conv 3 < b; b: conv 3 < a"],                    3, "cycle"),
    (["none.toml"],                                       3, "No such file"),
    (["conv 3 kernal=2"],                                 3, 'did you mean "kernel"?'),
    (["conv 3", "--at", "con1"],                          2, 'did you mean "conv1"?'),
    (["conv 3", "--input", "0"],                          2, '"0" is no size'),
    (["conv 3", "--input", "3x"],                         2, '"3x" is no size'),
    (["conv 3", "--want", "many"],                        2, "no whole number"),
    (["conv 3", "--input", "3x4x5"],                      3, "wanted one number for each of 2 axes"),
    ([],                                                  2, "required"),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "code", "words"), CODES)
def test_exit_codes(arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        found = main(["field", *arguments])
    except SystemExit as end:
        found = int(end.code or 0)
    printed = capsys.readouterr()
    assert (found, printed.out) == (code, "") and words in printed.err
    assert len(printed.err.splitlines()) == 1


def test_a_plot_without_matplotlib_says_what_to_install(
    unet: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)

    for name in [n for n in sys.modules if n.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["field", unet, "--plot", "out.svg"]) == 2
    assert "pip install 'derive-nn[plot]'" in capsys.readouterr().err


def test_a_plot_is_written(unet: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / "out.svg"
    assert main(["field", unet, "--plot", str(file)]) == 0
    first = file.read_text()
    assert "<svg" in first
