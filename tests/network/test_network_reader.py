"""The ways to write a network down agree, and what cannot be read says why."""

import json
from pathlib import Path
from typing import Any

import pytest

from derive.network import NetworkError, UnreadableNetwork, read, receptive_field

TEXT = """
input 3 32x40
stem: conv 5 /2 padding=2 cout=8 bias     # a comment
max_pool 3 /2 p=1 ceil
a: Conv2d 3 p=same out=8
b: conv 3x1 /1 padding=1,1x0,0 cout=8 < max_pool2
join: add < a, b
act: ReLU
global_pool; flatten; linear 10
"""

TOML = """
input_size = [32, 40]
input_channels = 3
[[layers]]
name = "stem"
op = "conv"
kernel = 5
stride = 2
padding = 2
cout = 8
bias = true
[[layers]]
name = "max_pool2"
op = "max_pool"
kernel = [3, 3]
stride = [2, 2]
padding = [[1, 1], [1, 1]]
ceil_mode = true
[[layers]]
name = "a"
op = "conv"
kernel = 3
padding = "SAME"
cout = 8
[[layers]]
name = "b"
op = "conv"
inputs = ["max_pool2"]
kernel = [3, 1]
padding = [1, 0]
cout = 8
[[layers]]
name = "join"
op = "add"
inputs = ["a", "b"]
[[layers]]
name = "act"
op = "relu"
[[layers]]
name = "global_pool7"
op = "global_avg_pool"
[[layers]]
name = "flatten8"
op = "flatten"
[[layers]]
name = "linear9"
op = "linear"
cout = 10
"""


def test_text_toml_and_json_are_the_same_network(tmp_path: Path) -> None:
    import tomllib

    (tmp_path / "net.toml").write_text(TOML)
    (tmp_path / "net.json").write_text(json.dumps(tomllib.loads(TOML)))
    (tmp_path / "net.txt").write_text(TEXT)
    nets = [read(str(tmp_path / f"net.{ending}")) for ending in ("toml", "json", "txt")]
    assert nets[0] == nets[1] == nets[2] == read(TEXT) == read(tmp_path / "net.txt")
    assert receptive_field(nets[0]).total.params == 3 * 8 * 25 + 8 + 8 * 8 * 9 + 8 * 8 * 3 + 80


def test_a_plain_list_reads_the_layer_before() -> None:
    net = read([{"op": "conv", "kernel": 3}, {"op": "conv2d", "kernel_size": 3, "inputs": ["input"]}, {"op": "maxpool", "k": 2}])
    assert [x.inputs for x in net.layers] == [("input",), ("input",), ("conv2",)]
    assert (net.ndim, net.layers[-1].stride) == (2, (2, 2))
    assert read([{"op": "conv", "kernel": [3]}]).ndim == 1
    assert read([{"op": "conv3d", "kernel": 3}]).ndim == 3


def test_a_size_given_later_replaces_the_one_written() -> None:
    assert read(TEXT, 64).inputs[0].size == (64, 64)
    assert read(TEXT, (8, 9)).inputs[0].size == (8, 9)


# fmt: off
UNREADABLE = [
    ({},                                                   '"layers"'),
    ({"layers": 3},                                        '"layers"'),
    ([3],                                                  "layer 0 is 3"),
    ([{"name": "a"}],                                      "layer 'a' has no op"),
    ([{"name": "a", "op": 3}],                             "layer 'a' has no op"),
    ([{"name": "a", "op": "conv"}],                        "layer 'a': conv needs kernel"),
    ([{"name": "a", "op": "conv", "kernel": 3.0}],         "layer 'a': kernel 3.0 is no whole number"),
    ([{"name": "a", "op": "conv", "kernel": "3"}],         "layer 'a': kernel '3' is no whole number"),
    ([{"name": "a", "op": "conv", "kernel": True}],        "layer 'a': kernel True is no whole number"),
    ([{"name": "a", "op": "conv", "kernel": [3, 3, 3]}, {"op": "conv", "kernel": [1, 1]}], "kernel has 2 values"),
    ([{"name": "a", "op": "conv", "kernel": 3, "padding": "sam"}], "layer 'a': padding 'sam'"),
    ([{"name": "a", "op": "conv", "kernel": 3, "padding": [[1, 2, 3]] * 2}], "layer 'a': padding [1, 2, 3] of one axis"),
    ([{"name": "a", "op": "conv", "kernel": 3, "bias": "no"}], "layer 'a': bias is 'no'; wanted true or false"),
    ([{"name": "a", "op": "conv", "kernel": 3, "k": 3}],   "layer 'a': kernel is given twice"),
    ([{"name": "a", "op": "conv", "kernel": 3, "inputs": 3}], "layer 'a': inputs is 3"),
    ([{"name": "a", "op": "conv", "kernel": 3, "ceil_mode": True}], "layer 'a': conv takes no ceil_mode"),
    ([{"name": "a", "op": "add", "inputs": ["input"]}],    "layer 'a': add has 1 inputs, wanted 2 or more"),
    ([{"name": "a", "op": "resize"}],                      "layer 'a': resize needs either scale or output_size"),
    ([{"name": "a", "op": "resize", "scale": 2, "mode": "cube"}], 'did you mean "cubic"?'),
    ([{"name": "a", "op": "resize", "scale": -2}],         "layer 'a': scale -2; wanted more than 0"),
    ([{"name": "a", "op": "resize", "scale": float("nan")}], "layer 'a': scale nan is no number"),
    ([{"name": "a", "op": "crop", "padding": "same"}],     "layer 'a' (crop, axis 0): padding 'same' needs a window"),
    ({"layers": [], "ndim": 0},                            "ndim is 0"),
    ({"layers": [{"op": "relu"}], "input_size": [-4, 4]},  "size -4"),
    ({"layers": [{"op": "relu"}], "input_size": [4, "4"]}, "size '4'"),
    ({"layers": [], "input_channels": 0},                  "0 channels"),
    ({"layers": [{"op": "relu"}], "outputs": ["a"]},       "no layer 'a'"),
    ({"layers": []},                                       "it has no layers"),
]
# fmt: on


@pytest.mark.parametrize(("data", "words"), UNREADABLE)
def test_what_cannot_be_read_says_why(data: Any, words: str) -> None:
    with pytest.raises((NetworkError, UnreadableNetwork)) as caught:
        receptive_field(read(data))
    assert words in str(caught.value)


# fmt: off
FILES = [
    ("net.json", "{",            "no JSON"),
    ("net.json", "[" * 100_000,  "no JSON"),
    ("net.toml", "a = ",         "no TOML"),
    ("net.txt",  "",             "it has no layers"),
    ("net.txt",  "conv 3 3",     "kernel is given twice"),
    ("net.xyz",  "conv 3",       "the ending '.xyz'"),
    ("net.py",   "conv 3",       "net.py:net"),
    ("none.txt", None,           "No such file"),
]
# fmt: on


@pytest.mark.parametrize(("name", "text", "words"), FILES)
def test_files_that_cannot_be_read(name: str, text: str | None, words: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UnreadableNetwork) as caught:
        read(str(tmp_path / name))
    assert words in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "net.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableNetwork, match="no text in UTF-8"):
        read(tmp_path / "net.txt")


def test_an_op_that_is_not_known_offers_the_nearest() -> None:
    assert 'did you mean "conv"' in read("covn 3; conv 3").layers[0].note


MODULES = (
    "AdaptiveAvgPool2d 4; AdaptiveMaxPool1d 4; ConvTranspose2d 3; Dropout2d; BatchNorm2d; InstanceNorm3d; SiLU; PixelShuffle 2; "
    "AvgPool3d 2; ReLU6; GlobalAvgPool; Conv1d 3"
)


@pytest.mark.parametrize("written", MODULES.split("; "))
def test_names_of_framework_modules(written: str) -> None:
    assert read(f"{written}; conv 3").layers[0].op != "unknown"
