"""What the torch reader makes of modules, functions, methods and of what it does not know: shapes and parameters are torch's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from derive.network import Network, Report, UnreadableNetwork, receptive_field  # noqa: E402
from derive.network.torch_reader import read_module, read_python  # noqa: E402


class Calls(nn.Module):
    """A module whose forward is a function of its one convolution and the input."""

    def __init__(self, forward: Any, **parts: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, padding=1)
        self.weight = nn.Parameter(torch.ones(6, 2, 3, 3))
        for name, part in parts.items():
            setattr(self, name, part)
        self.function = forward

    def forward(self, x: Any) -> Any:
        return self.function(self, x)


def _branch(m: Any, x: Any) -> Any:
    return F.max_pool2d(m.conv(x), 2)[:, 1:, :, 1:] if x.shape[-1] > 4 else x


def _functions(m: Any, x: Any) -> Any:
    return F.max_pool2d(F.relu(F.conv2d(x, m.weight, stride=2, groups=2)), 2, ceil_mode=True)


def _upsampled(m: Any, x: Any) -> Any:
    return F.interpolate(m.conv(x), scale_factor=2, mode="bilinear") + F.interpolate(x, scale_factor=2).mean(1, keepdim=True)


def _antialias(m: Any, x: Any) -> Any:
    return F.interpolate(x, scale_factor=0.5, mode="bilinear", antialias=True)


def _in_place(m: Any, x: Any) -> Any:
    return m.conv(x).mul_(2).add_(x.mean(1, keepdim=True)).relu_()


def _shuffled(m: Any, x: Any) -> Any:
    y = m.conv(x).view(1, 2, 4, x.size(2), x.size(3)).transpose(1, 2)
    return y.reshape(1, 8, x.size(2), x.size(3))


def _channels_last(m: Any, x: Any) -> Any:
    y = m.norm(m.conv(x).permute(0, 2, 3, 1))
    return m.linear(F.gelu(y)).permute(0, 3, 1, 2)


TURNED = "torch.nn.modules.conv.Conv2d of (batch, channel, axis 1, axis 0), wanted (batch, channel, axis 0, axis 1)"

# fmt: off
KNOWN = {
    # forward                                                           the ops that it is
    "functions":       (_functions, "conv pointwise max_pool"),
    "upsampled":       (_upsampled, "conv resize resize pointwise add"),
    "to a size":       (lambda m, x: F.interpolate(F.avg_pool2d(x, 2), size=x.shape[2:]) * x, "avg_pool resize multiply"),
    "area":            (lambda m, x: F.interpolate(x, size=(5, 7), mode="area"), "adaptive_avg_pool"),
    "adaptive":        (lambda m, x: torch.flatten(F.adaptive_max_pool2d(x, (3, 1)), 1), "adaptive_max_pool flatten"),
    "side by side":    (lambda m, x: torch.cat([m.conv(x), x, x.relu()], dim=1), "conv pointwise concat"),
    "end to end":      (lambda m, x: torch.cat((x, m.conv(x)[:, :4]), -2), "conv pointwise stack"),
    "cut":             (lambda m, x: m.conv(x)[:, 2:6, 1:-2, ::2], "conv slice pointwise"),
    "ellipsis":        (lambda m, x: x[..., 3:], "slice"),
    "narrowed":        (lambda m, x: x.narrow(3, 1, 4), "slice"),
    "parts":           (lambda m, x: torch.mul(*m.conv(x).chunk(2, 1)), "conv pointwise pointwise multiply"),
    "split":           (lambda m, x: m.conv(x).split([2, 6], dim=1)[1], "conv pointwise pointwise"),
    "padded":          (lambda m, x: F.pad(x, (1, 2, -1, 0)), "pad"),
    "padded channels": (lambda m, x: F.pad(x, (0, 0, 0, 0, 1, 1)), "pointwise"),
    "shuffled":        (lambda m, x: F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), "depth_to_space space_to_depth"),
    "channel shuffle": (_shuffled, "conv pointwise"),
    "averaged":        (lambda m, x: x.mean([2, 3]), "global_pool"),
    "gated":           (lambda m, x: x * torch.sigmoid(x.mean((-1, -2), keepdim=True)), "global_pool pointwise gate"),
    "in place":        (_in_place, "conv pointwise pointwise add pointwise"),
    "flattened":       (lambda m, x: x.view(x.size(0), -1), "flatten"),
    "squeezed":        (lambda m, x: F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1), "global_pool"),
    "a branch":        (_branch, "conv max_pool pointwise slice"),
}

UNKNOWN = {
    "rolled":          (lambda m, x: m.conv(torch.roll(x, 1, 2)), "torch.roll"),
    "indexed":         (lambda m, x: m.conv(x[:, :, :, [0, 2, 1]]), "_operator.getitem with index [0, 2, 1]"),
    "flipped":         (lambda m, x: x.flip(2), "Tensor.flip"),
    "turned":          (lambda m, x: m.conv(x.transpose(2, 3)), TURNED),
    "softmax":         (lambda m, x: x.softmax(-1), "Tensor.softmax over positions"),
    "antialias":       (_antialias, "torch.nn.functional.interpolate with antialias"),
}
# fmt: on


def ops(net: Network) -> str:
    return " ".join(each.op for each in net.layers)


def same_as_torch(module: nn.Module, x: Any) -> Report:
    """The report, once its end has the shape that torch makes."""
    found = receptive_field(read_module(module.eval(), tuple(x.shape[2:]), channels=x.shape[1]))
    (end,) = found.ends
    made = tuple(module(x).shape)
    assert end.channels == made[1] or len(made) == 2
    assert end.size == (made[2:] or (1,) * found.net.ndim)
    return found


@pytest.mark.parametrize("name", KNOWN)
def test_functions_and_methods(name: str) -> None:
    forward, wanted = KNOWN[name]
    found = same_as_torch(Calls(forward), torch.zeros(1, 4, 12, 10))
    assert ops(found.net) == wanted


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_is_named(name: str) -> None:
    forward, note = UNKNOWN[name]
    found = receptive_field(read_module(Calls(forward), (12, 10)))
    unknown = [row for row in found.rows if row.op == "unknown"]
    assert [row.note for row in unknown] == [note]
    (end,) = found.ends
    assert all(v.unknown is not None and v.unknown.since == unknown[0].name for v in end.axes)


def test_modules_of_all_kinds() -> None:
    rows = [nn.Conv2d(4, 8, 3, 2, dilation=2, padding=(2, 1), groups=4), nn.BatchNorm2d(8), nn.PReLU(8)]
    rows += [nn.ConvTranspose2d(8, 6, 4, 2, 1, output_padding=1), nn.GroupNorm(2, 6), nn.ZeroPad2d((1, 0, 2, -1))]
    rows += [nn.LPPool2d(2, 3, 1), nn.Upsample(scale_factor=2), nn.PixelUnshuffle(2), nn.Dropout2d(), nn.Identity(), nn.ReLU6()]
    rows += [nn.AdaptiveMaxPool2d((3, None)), nn.Conv2d(24, 5, 1, padding="same"), nn.AvgPool2d(2, ceil_mode=True)]
    rows += [nn.Flatten(), nn.LazyLinear(7), nn.Softmax(1)]
    module = nn.Sequential(*rows)
    x = torch.zeros(1, 4, 17, 23)
    module(x)
    found = same_as_torch(module, x)
    assert found.total.params == sum(p.numel() for p in module.parameters())
    assert "unknown" not in ops(found.net) and "identity" not in ops(found.net)


@pytest.mark.parametrize("ndim", [1, 3])
def test_other_numbers_of_axes(ndim: int) -> None:
    conv, pool, norm = (getattr(nn, f"{kind}{ndim}d") for kind in ("Conv", "MaxPool", "BatchNorm"))
    module = nn.Sequential(conv(2, 3, 3, padding=1), norm(3), nn.ReLU(), pool(2), conv(3, 4, 5))
    found = same_as_torch(module, torch.zeros(1, 2, *(16, 12, 14)[:ndim]))
    assert found.ends[0].axes[0].field == 12 and found.net.ndim == ndim


def test_channels_last_and_linear_layers_at_each_position() -> None:
    module = Calls(_channels_last, norm=nn.LayerNorm(8), linear=nn.Linear(8, 5))
    found = same_as_torch(module, torch.zeros(1, 4, 9, 7))
    assert ops(found.net) == "conv norm pointwise conv"
    assert found.total.params == sum(p.numel() for n, p in module.named_parameters() if n != "weight")


def test_a_layer_used_twice_is_counted_once() -> None:
    module = Calls(lambda m, x: m.again(m.again(m.conv(x))), again=nn.Conv2d(8, 8, 3))
    found = same_as_torch(module, torch.zeros(1, 4, 9, 9))
    assert [each.shares for each in found.net.layers] == ["", "", "again"]
    assert found.total.params == sum(p.numel() for n, p in module.named_parameters() if n != "weight")


def test_channels_are_not_guessed() -> None:
    found = read_module(nn.Sequential(nn.MaxPool2d(2), nn.GLU(1)))
    assert found.inputs[0].channels is None
    assert [each.note for each in found.layers if each.op == "unknown"] == [
        "torch.nn.modules.activation.GLU of channels, how many is not known: no layer says how many the input has"
    ]
    twice = read_module(Calls(lambda m, x: m.conv(torch.cat([x, x], 1))))
    assert twice.inputs[0].channels == 2


def test_modules_without_a_layer_here() -> None:
    class Attends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.attention = nn.Conv1d(4, 4, 3), nn.MultiheadAttention(4, 2, batch_first=True)

        def forward(self, x: Any) -> Any:
            y = self.conv(x).transpose(1, 2)
            return self.attention(y, y, y)[0]

    found = receptive_field(read_module(Attends(), (9,)))
    assert [row.note for row in found.rows if row.op == "unknown"] == ["torch.nn.modules.activation.MultiheadAttention"]
    assert found["conv"].axes[0].field == 3


def test_control_flow_needs_a_size() -> None:
    with pytest.raises(UnreadableNetwork, match=r"Calls cannot be traced for all input sizes .*; give the input's size"):
        read_module(Calls(_branch))


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    lines = ("from torch import nn", "def net():", "    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())", "made = net()", "seven = 7")
    file.write_text("\n".join(lines))
    assert ops(read_python(str(file), "net")) == ops(read_python(str(file), "made")) == "conv pointwise"
    with pytest.raises(UnreadableNetwork, match=r'model.py has no nett; did you mean "net"\?'):
        read_python(str(file), "nett")
    with pytest.raises(UnreadableNetwork, match="seven is int; wanted a torch module"):
        read_python(str(file), "seven")
