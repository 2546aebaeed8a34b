"""Real models written in plain torch: what the torch reader and the ONNX reader make of them, against torch itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from models_densenet import DenseNet  # noqa: E402
from models_inception import InceptionV3  # noqa: E402
from models_mobilenet import MobileNetV3  # noqa: E402
from models_resnet import DeepLabV3, ResNet  # noqa: E402
from models_unet import UNet  # noqa: E402

from derive.network import Network, Report, receptive_field  # noqa: E402
from derive.network.onnx_reader import read_onnx  # noqa: E402
from derive.network.torch_reader import read_module  # noqa: E402

Make = Callable[[], Any]

# fmt: off
MODELS: dict[str, tuple[Make, int, int, int, int]] = {
    # name            model                size   small  channels  parameters, as published implementations count them
    "resnet50":       (lambda: ResNet(50),   224,    64,   3,      25_557_032),
    "resnet152":      (lambda: ResNet(152),  224,     0,   3,      60_192_808),
    "inception_v3":   (InceptionV3,          299,   107,   3,      23_834_568),
    "densenet121":    (DenseNet,             224,    64,   3,       7_978_856),
    "mobilenet_v3":   (MobileNetV3,          224,    64,   3,       5_483_032),
    "unet":           (UNet,                 572,   188,   1,      31_030_658),
    "deeplab_v3":     (DeepLabV3,            513,    65,   3,      39_638_869),
}
# fmt: on


def empty(make: Make) -> Any:
    with torch.device("meta"):
        return make().eval()


def report(make: Make, size: int | None) -> Report:
    return receptive_field(read_module(empty(make), None if size is None else (size, size)))


@pytest.mark.parametrize("name", MODELS)
def test_sizes_and_parameters_are_those_of_torch(name: str) -> None:
    make, size, _, channels, parameters = MODELS[name]
    model = empty(make)
    found = receptive_field(read_module(model, (size, size)))
    assert found.total.params == sum(p.numel() for p in model.parameters()) == parameters
    assert [row.name for row in found.rows if row.op == "unknown"] == []
    sizes = {row.name: row.size for row in found.rows}
    compared = 0
    for target, shape in _run(model, channels, size).items():
        if target in sizes and len(shape) == 4:
            assert sizes[target] == shape[2:], target
            compared += 1
    assert compared >= sum(isinstance(m, torch.nn.Conv2d | torch.nn.BatchNorm2d) for m in model.modules())


def _run(model: Any, channels: int, size: int) -> dict[str, tuple[int, ...]]:
    """The shape that each module makes when it is first called."""
    shapes: dict[str, tuple[int, ...]] = {}

    def note(target: str) -> Any:
        def hook(module: Any, given: Any, made: Any) -> None:
            if hasattr(made, "shape"):
                shapes.setdefault(target, tuple(made.shape))

        return hook

    hooks = [module.register_forward_hook(note(target)) for target, module in model.named_modules()]
    with torch.no_grad():
        model(torch.empty(1, channels, size, size, device="meta"))
    for hook in hooks:
        hook.remove()
    return shapes


@pytest.mark.parametrize("name", [n for n, (_, _, small, _, _) in MODELS.items() if small])
def test_onnx_and_torch_give_the_same_table(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    make, _, small, channels, _ = MODELS[name]
    model, file = empty(make).to_empty(device="cpu"), tmp_path / "model.onnx"
    preserve = torch.onnx.TrainingMode.PRESERVE
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter is deprecated; the newer one needs a further package
        torch.onnx.export(model, torch.zeros(1, channels, small, small), str(file), dynamo=False, training=preserve)
    by_onnx, by_torch = read_onnx(str(file)), read_module(model, (small, small))
    assert table(by_onnx) == table(by_torch)
    named = [each.name for each in by_torch.layers if each.op in ("conv", "conv_transpose", "linear", "bn")]
    assert named == [each.name for each in by_onnx.layers if each.op in ("conv", "conv_transpose", "linear", "bn")]


def table(net: Network) -> list[Any]:
    """Everything but names: op, size, jump, fields, centres, costs."""
    rows = receptive_field(net).rows
    return [(r.op, r.channels, r.size, [(v.jump, v.fields, v.centres, v.whole == "") for v in r.axes], r.cost) for r in rows]


@pytest.mark.parametrize("output_stride", [32, 16, 8])
def test_dilation_in_place_of_stride_keeps_the_field(output_stride: int) -> None:
    made = report(lambda: ResNet(50, output_stride), None)
    last = [row for row in made.rows if row.op == "conv" and row.axes[0].field]
    assert {v.jump for v in last[-1].axes} == {output_stride}
    assert {v.field for v in last[-1].axes} == {427}


def test_unet_by_phase() -> None:
    (end,) = report(UNet, 572).ends
    assert end.size == (388, 388)
    for view in end.axes:
        assert view.jump == 1 and view.fields is not None
        assert set(view.fields) == {188, 204} and len(view.fields) == 16


def test_without_a_size_sizes_stay_open_and_what_needs_one_is_unknown() -> None:
    known, needs = report(lambda: ResNet(50), None), report(DeepLabV3, None)
    assert {row.size[0] for row in known.rows if row.op == "conv"} == {None}
    assert [row.op for row in known.rows if row.op == "unknown"] == []
    (first, *_) = [row for row in needs.rows if row.op == "unknown"]
    assert first.note == "torch.nn.functional.interpolate with size that depends on the input's size, which is not given"
