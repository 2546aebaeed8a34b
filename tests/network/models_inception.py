"""Inception v3 in plain torch modules, without its auxiliary classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Conv(nn.Sequential):
    """Convolution, batch norm, relu."""

    def __init__(self, entering: int, leaving: int, kernel: int | tuple[int, int], stride: int = 1, padding: int | tuple[int, int] = 0):
        conv = nn.Conv2d(entering, leaving, kernel, stride, padding, bias=False)
        super().__init__(conv, nn.BatchNorm2d(leaving, eps=0.001), nn.ReLU(inplace=True))


class Fork(nn.Module):
    """Branches that read the same input."""

    def __init__(self, *branches: nn.Module):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> list[Tensor]:
        made = [branch(x) for branch in self.branches]
        return [y for several in made for y in (several if isinstance(several, list) else [several])]


class Side(Fork):
    """Branches that read the same input, their channels side by side."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(super().forward(x), 1)


def pooled(entering: int, leaving: int) -> nn.Sequential:
    return nn.Sequential(nn.AvgPool2d(3, 1, 1), Conv(entering, leaving, 1))


def block_35(entering: int, pool: int) -> Side:
    """The module of the 35 x 35 grid."""
    five = nn.Sequential(Conv(entering, 48, 1), Conv(48, 64, 5, padding=2))
    three = nn.Sequential(Conv(entering, 64, 1), Conv(64, 96, 3, padding=1), Conv(96, 96, 3, padding=1))
    return Side(Conv(entering, 64, 1), five, three, pooled(entering, pool))


def to_17(entering: int) -> Side:
    """From the 35 x 35 grid to 17 x 17."""
    three = nn.Sequential(Conv(entering, 64, 1), Conv(64, 96, 3, padding=1), Conv(96, 96, 3, 2))
    return Side(Conv(entering, 384, 3, 2), three, nn.MaxPool2d(3, 2))


def block_17(width: int) -> Side:
    """The module of the 17 x 17 grid: 7x7 windows as 1x7 and 7x1."""
    row, column = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
    once = nn.Sequential(Conv(768, width, 1), Conv(width, width, *row), Conv(width, 192, *column))
    halves = (Conv(width, width, *column), Conv(width, width, *row), Conv(width, width, *column), Conv(width, 192, *row))
    return Side(Conv(768, 192, 1), once, nn.Sequential(Conv(768, width, 1), *halves), pooled(768, 192))


def to_8() -> Side:
    """From the 17 x 17 grid to 8 x 8."""
    three = nn.Sequential(Conv(768, 192, 1), Conv(192, 320, 3, 2))
    seven = (Conv(192, 192, (1, 7), 1, (0, 3)), Conv(192, 192, (7, 1), 1, (3, 0)), Conv(192, 192, 3, 2))
    return Side(three, nn.Sequential(Conv(768, 192, 1), *seven), nn.MaxPool2d(3, 2))


def block_8(entering: int) -> Side:
    """The module of the 8 x 8 grid: 3x3 windows split into 1x3 beside 3x1."""

    def split() -> Fork:
        return Fork(Conv(384, 384, (1, 3), 1, (0, 1)), Conv(384, 384, (3, 1), 1, (1, 0)))

    deep = nn.Sequential(Conv(entering, 448, 1), Conv(448, 384, 3, padding=1), split())
    return Side(Conv(entering, 320, 1), nn.Sequential(Conv(entering, 384, 1), split()), deep, pooled(entering, 192))


class InceptionV3(nn.Module):
    """A classifier of 299 x 299 images."""

    def __init__(self, classes: int = 1000):
        super().__init__()
        first = (Conv(3, 32, 3, 2), Conv(32, 32, 3), Conv(32, 64, 3, padding=1), nn.MaxPool2d(3, 2))
        self.stem = nn.Sequential(*first, Conv(64, 80, 1), Conv(80, 192, 3), nn.MaxPool2d(3, 2))
        self.fine = nn.Sequential(block_35(192, 32), block_35(256, 64), block_35(288, 64))
        self.middle = nn.Sequential(to_17(288), block_17(128), block_17(160), block_17(160), block_17(192))
        self.coarse = nn.Sequential(to_8(), block_8(1280), block_8(2048))
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout()
        self.linear = nn.Linear(2048, classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.coarse(self.middle(self.fine(self.stem(x))))
        return self.linear(torch.flatten(self.dropout(self.mean(y)), 1))
