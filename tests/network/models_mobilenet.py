"""MobileNet v3 (large) in plain torch modules."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# fmt: off
ROWS = (  # kernel, widened to, leaving, gate, activation, stride
    (3,  16,  16, False, nn.ReLU,      1),
    (3,  64,  24, False, nn.ReLU,      2),
    (3,  72,  24, False, nn.ReLU,      1),
    (5,  72,  40, True,  nn.ReLU,      2),
    (5, 120,  40, True,  nn.ReLU,      1),
    (5, 120,  40, True,  nn.ReLU,      1),
    (3, 240,  80, False, nn.Hardswish, 2),
    (3, 200,  80, False, nn.Hardswish, 1),
    (3, 184,  80, False, nn.Hardswish, 1),
    (3, 184,  80, False, nn.Hardswish, 1),
    (3, 480, 112, True,  nn.Hardswish, 1),
    (3, 672, 112, True,  nn.Hardswish, 1),
    (5, 672, 160, True,  nn.Hardswish, 2),
    (5, 960, 160, True,  nn.Hardswish, 1),
    (5, 960, 160, True,  nn.Hardswish, 1),
)
# fmt: on


def eighths(channels: float) -> int:
    """The nearest multiple of 8, raised by one step where that would lose more than a tenth."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


class Gate(nn.Module):
    """Scales each channel by a function of the means of all channels."""

    def __init__(self, channels: int):
        super().__init__()
        squeezed = eighths(channels / 4)
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.widen = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = nn.functional.relu(self.squeeze(self.mean(x)))
        return x * nn.functional.hardsigmoid(self.widen(y))


def unit(entering: int, leaving: int, kernel: int, stride: int, groups: int, activation: type[nn.Module]) -> list[nn.Module]:
    conv = nn.Conv2d(entering, leaving, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(leaving, eps=0.001, momentum=0.01), activation()]


class Residual(nn.Module):
    """Widen, one window per channel, gate, narrow; with a shortcut where the shapes agree."""

    def __init__(self, entering: int, kernel: int, wide: int, leaving: int, gate: bool, activation: type[nn.Module], stride: int):
        super().__init__()
        rows = unit(entering, wide, 1, 1, 1, activation) if wide != entering else []
        rows += unit(wide, wide, kernel, stride, wide, activation)
        rows += [Gate(wide)] if gate else []
        self.block = nn.Sequential(*rows, *unit(wide, leaving, 1, 1, 1, nn.Identity))
        self.adds = stride == 1 and entering == leaving

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block(x) if self.adds else self.block(x)


class MobileNetV3(nn.Module):
    """A small classifier of images."""

    def __init__(self, classes: int = 1000):
        super().__init__()
        rows, width = unit(3, 16, 3, 2, 1, nn.Hardswish), 16
        for kernel, wide, leaving, gate, activation, stride in ROWS:
            rows.append(Residual(width, kernel, wide, leaving, gate, activation, stride))
            width = leaving
        self.features = nn.Sequential(*rows, *unit(width, 6 * width, 1, 1, 1, nn.Hardswish))
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.classify = nn.Sequential(nn.Linear(960, 1280), nn.Hardswish(inplace=True), nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(torch.flatten(self.mean(self.features(x)), 1))
