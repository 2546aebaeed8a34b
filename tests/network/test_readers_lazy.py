"""Frameworks are loaded when a model of theirs is read, and missed with a message that says what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from derive.network import UnreadableNetwork
from derive.network.onnx_reader import read_onnx
from derive.network.torch_reader import read_python


def test_importing_the_readers_loads_no_framework() -> None:
    code = "import sys, derive.network.torch_reader, derive.network.torch_export, derive.network.onnx_reader, derive.network.referee_torch"
    code += "; print(sorted({'torch', 'onnx'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    made = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_a_framework_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.py").write_text("def net():\n    pass\n")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UnreadableNetwork, match=r"model.py:net needs torch, which is not installed; try: pip install torch"):
        read_python(str(tmp_path / "model.py"), "net")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UnreadableNetwork, match=r"model.onnx needs onnx, which is not installed; try: pip install onnx"):
        read_onnx("model.onnx")


def test_a_file_of_python_that_holds_a_network_of_ours(tmp_path: Path) -> None:
    lines = ("from derive.network import Network, layer", "net = Network((layer('c', 'conv', kernel=3, ndim=2),), 2)")
    (tmp_path / "model.py").write_text("\n".join(lines))
    assert read_python(str(tmp_path / "model.py"), "net").inputs[0].size is None
    assert read_python(str(tmp_path / "model.py"), "net", 9).inputs[0].size == (9, 9)
