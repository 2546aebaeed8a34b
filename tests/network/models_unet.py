"""U-Net in plain torch modules: the published one, without padding, whose skips are cropped to fit."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def twice(entering: int, leaving: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(entering, leaving, 3), nn.ReLU(), nn.Conv2d(leaving, leaving, 3), nn.ReLU())


class Up(nn.Module):
    """Doubles the positions, puts the middle of the skip beside them, and goes twice through a window."""

    def __init__(self, entering: int, crop: int):
        super().__init__()
        self.up = nn.ConvTranspose2d(entering, entering // 2, 2, 2)
        self.conv = twice(entering, entering // 2)
        self.crop = crop

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        middle = slice(self.crop, -self.crop)
        return self.conv(torch.cat([skip[:, :, middle, middle], self.up(x)], 1))


class UNet(nn.Module):
    """A segmenter: 572 x 572 pixels in, 388 x 388 out."""

    def __init__(self, classes: int = 2):
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.down = nn.ModuleList(twice(a, b) for a, b in ((1, 64), (64, 128), (128, 256), (256, 512), (512, 1024)))
        self.up = nn.ModuleList(Up(w, crop) for w, crop in ((1024, 4), (512, 16), (256, 40), (128, 88)))
        self.classify = nn.Conv2d(64, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for depth, conv in enumerate(self.down):
            x = conv(self.pool(x) if depth else x)
            skips.append(x)
        for up, skip in zip(self.up, skips[-2::-1], strict=True):
            x = up(x, skip)
        return self.classify(x)
