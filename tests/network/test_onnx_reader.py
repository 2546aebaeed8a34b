"""What the ONNX reader makes of operators, of sizes that are computed in the graph, and of what it does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from derive.network import Network, NetworkError, UnreadableNetwork, receptive_field  # noqa: E402
from derive.network.onnx_reader import read_model, read_onnx  # noqa: E402

Dim = int | str


def model(nodes: list[Any], shape: tuple[Dim, ...] = (1, 4, 12, 10), constants: dict[str, Any] | None = None) -> Any:
    """A graph from x to y; constants are its initializers."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    weights = [numpy_helper.from_array(np.asarray(v), k) for k, v in {**WEIGHTS, **(constants or {})}.items()]
    return helper.make_model(helper.make_graph(nodes, "g", [x], [y], weights), opset_imports=[helper.make_opsetid("", 20)])


WEIGHTS = {"w": np.ones((8, 4, 3, 3), np.float32), "b": np.ones(8, np.float32)}


def only(op: str, *more: str, constants: dict[str, Any] | None = None, outputs: int = 1, **attributes: Any) -> Network:
    names = ["y", *(f"y{n}" for n in range(1, outputs))]
    return read_model(model([helper.make_node(op, ["x", *more], names, **attributes)], constants=constants))


def ends(net: Network) -> tuple[str, tuple[int | None, ...], int | None]:
    (row,) = receptive_field(net).ends
    return row.op, row.size, row.channels


def test_windows() -> None:
    net = only("Conv", "w", "b", strides=[2, 1], pads=[1, 0, 2, 1], dilations=[2, 1])
    assert ends(net) == ("conv", (6, 9), 8)
    assert net.layers[0].padding == ((1, 2), (0, 1)) and net.layers[0].bias and receptive_field(net).total.params == 296
    assert ends(only("Conv", "w", auto_pad="SAME_UPPER", strides=[3, 3])) == ("conv", (4, 4), 8)
    assert ends(only("MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)) == ("max_pool", (6, 5), 4)
    assert ends(only("AveragePool", kernel_shape=[2, 2])) == ("avg_pool", (11, 9), 4)
    assert ends(only("GlobalMaxPool")) == ("global_pool", (1, 1), 4)


def test_transposed_convolution_to_a_given_shape() -> None:
    constants = {"t": np.ones((4, 6, 4, 4), np.float32)}
    net = only("ConvTranspose", "t", constants=constants, strides=[2, 2], output_shape=[25, 20])
    assert ends(net) == ("conv_transpose", (25, 20), 6)
    assert net.layers[0].padding == ((1, 0), (1, 1))


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ({"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, "nearest"),
        ({"mode": "nearest"}, "nearest_exact"),
        ({"mode": "linear"}, "linear"),
        ({"mode": "cubic", "coordinate_transformation_mode": "align_corners"}, "cubic"),
    ],
)
def test_resize(attributes: dict[str, Any], wanted: str) -> None:
    net = only("Resize", "", "s", constants={"s": np.array([1, 1, 2, 2], np.float32)}, **attributes)
    assert ends(net) == ("resize", (24, 20), 4) and net.layers[0].mode == wanted
    net = only("Resize", "", "", "s", constants={"s": np.array([1, 4, 36, 20])}, **attributes)
    assert ends(net) == ("resize", (36, 20), 4)


def test_resizing_that_has_no_name_here() -> None:
    odd = ({"coordinate_transformation_mode": "asymmetric"}, {"mode": "nearest", "nearest_mode": "ceil"}, {"antialias": 1})
    for given in odd:
        net = only("Resize", "", "s", constants={"s": np.array([1, 1, 2, 2], np.float32)}, **{"mode": "linear", **given})
        assert net.layers[0].op == "unknown" and net.layers[0].note.startswith("ONNX Resize with ")


def test_slices_pads_and_parts() -> None:
    assert ends(only("Slice", "b0", "e0", "a0", "s0", constants=ends_of([1, -8], [-1, 2**63 - 1], [2, 3], [2, 1]))) == ("slice", (5, 8), 4)
    assert ends(only("Pad", "p", constants={"p": np.array([0, 0, 1, -2, 0, 0, 2, 0])})) == ("pad", (15, 8), 4)
    split = only("Split", "p", constants={"p": np.array([1, 3])}, outputs=2, axis=1)
    assert [(each.op, each.cout) for each in split.layers] == [("pointwise", 1), ("pointwise", 3)]
    assert ends(only("DepthToSpace", blocksize=2)) == ("depth_to_space", (24, 20), 1)


def ends_of(starts: list[int], stops: list[int], axes: list[int], steps: list[int]) -> dict[str, Any]:
    return dict(zip(("b0", "e0", "a0", "s0"), map(np.array, (starts, stops, axes, steps)), strict=True))


def test_the_size_of_another_layer_computed_in_the_graph() -> None:
    nodes = [
        helper.make_node("MaxPool", ["x"], ["m"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Shape", ["x"], ["all"]),
        helper.make_node("Slice", ["all", "two", "four"], ["places"]),
        helper.make_node("Concat", ["front", "places"], ["sizes"], axis=0),
        helper.make_node("Resize", ["m", "", "", "sizes"], ["y"], mode="linear"),
    ]
    made = model(nodes, ("N", 4, "H", "W"), {"two": np.array([2]), "four": np.array([4]), "front": np.array([1, 4])})
    assert ends(read_model(made, (13, 10))) == ("resize", (13, 10), 4)
    assert [each.note for each in read_model(made).layers if each.op == "unknown"] == [
        "ONNX Resize with a number that depends on the input's size, which is not given"
    ]
    with pytest.raises(NetworkError, match=r"the size \[13\] has 1 numbers; the model has 2 spatial axes"):
        read_model(made, (13,))


def test_channels_last() -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w"], ["c"]),
        helper.make_node("Transpose", ["c"], ["y"], perm=[0, 2, 3, 1]),
    ]
    assert ends(read_model(model(nodes, (1, 12, 10, 4)))) == ("conv", (10, 8), 8)


def test_what_is_not_known_is_named_and_where_it_begins() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="first"),
        helper.make_node("Wavelet", ["c"], ["v"], name="odd", domain="com.example"),
        helper.make_node("Relu", ["v"], ["y"], name="last"),
    ]
    found = receptive_field(read_model(model(nodes)))
    assert [(row.name, row.op, row.note) for row in found.rows][1] == ("odd", "unknown", "com.example Wavelet")
    assert found["first"].axes[0].field == 3
    (end,) = found.ends
    assert end.name == "last" and end.axes[0].unknown is not None and end.axes[0].unknown.since == "odd"


def test_files_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(UnreadableNetwork, match=r"none.onnx: no such file"):
        read_onnx(str(tmp_path / "none.onnx"))
    for content in (b"", b"no model at all"):
        (tmp_path / "bad.onnx").write_bytes(content)
        with pytest.raises(UnreadableNetwork, match=r"bad\.onnx"):
            read_onnx(str(tmp_path / "bad.onnx"))
