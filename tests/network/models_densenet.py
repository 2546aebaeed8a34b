"""DenseNet-121 in plain torch modules."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    """Adds `growth` channels to those that enter."""

    def __init__(self, entering: int, growth: int):
        super().__init__()
        squeeze = (nn.BatchNorm2d(entering), nn.ReLU(inplace=True), nn.Conv2d(entering, 4 * growth, 1, bias=False))
        widen = (nn.BatchNorm2d(4 * growth), nn.ReLU(inplace=True), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False))
        self.new = nn.Sequential(*squeeze, *widen)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.new(x)], 1)


class DenseNet(nn.Module):
    """A classifier of images: blocks of layers that each see all before them."""

    def __init__(self, blocks: tuple[int, ...] = (6, 12, 24, 16), growth: int = 32, classes: int = 1000):
        super().__init__()
        width = 2 * growth
        stem = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        rows: list[nn.Module] = [stem, nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
        for number, layers in enumerate(blocks):
            if number:
                narrow = nn.Conv2d(width, width // 2, 1, bias=False)
                rows += [nn.BatchNorm2d(width), nn.ReLU(inplace=True), narrow, nn.AvgPool2d(2, 2)]
                width //= 2
            rows += [Layer(width + i * growth, growth) for i in range(layers)]
            width += layers * growth
        self.features = nn.Sequential(*rows, nn.BatchNorm2d(width))
        self.linear = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        y = nn.functional.relu(self.features(x), inplace=True)
        y = nn.functional.adaptive_avg_pool2d(y, (1, 1))
        return self.linear(torch.flatten(y, 1))
