"""Residual networks in plain torch modules, with strides that may be replaced by dilations, and DeepLab v3 on top of one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BLOCKS = {50: (3, 4, 6, 3), 152: (3, 8, 36, 3)}
RATES = {32: (12, 24, 36), 16: (6, 12, 18), 8: (12, 24, 36)}


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut; the 3x3 carries stride and dilation."""

    def __init__(self, entering: int, width: int, stride: int, dilation: int):
        super().__init__()
        self.squeeze = nn.Conv2d(entering, width, 1, bias=False)
        self.squeeze_norm = nn.BatchNorm2d(width)
        self.spatial = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.spatial_norm = nn.BatchNorm2d(width)
        self.widen = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.widen_norm = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        same = stride == 1 and entering == 4 * width
        project = (nn.Conv2d(entering, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))
        self.shortcut = nn.Identity() if same else nn.Sequential(*project)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.squeeze_norm(self.squeeze(x)))
        y = self.relu(self.spatial_norm(self.spatial(y)))
        y = self.widen_norm(self.widen(y))
        y += self.shortcut(x)
        return self.relu(y)


def stages(depth: int, output_stride: int) -> nn.Sequential:
    """The four groups of blocks; a stride that would go beyond `output_stride` becomes a dilation of the blocks behind it."""
    made, entering, jump, dilation = [], 64, 4, 1
    for group, blocks in enumerate(BLOCKS[depth]):
        width, stride, before = 64 * 2**group, 2 if group else 1, dilation
        if jump * stride > output_stride:
            dilation, stride = dilation * stride, 1
        jump *= stride
        rows = [Bottleneck(entering, width, stride, before)]
        rows += [Bottleneck(4 * width, width, 1, dilation) for _ in range(blocks - 1)]
        made.append(nn.Sequential(*rows))
        entering = 4 * width
    return nn.Sequential(*made)


class ResNet(nn.Module):
    """A classifier of images: a stem, four groups of bottlenecks, the mean over positions, one linear layer."""

    def __init__(self, depth: int, output_stride: int = 32, classes: int = 1000):
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.norm = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.body = stages(depth, output_stride)
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(2048, classes)

    def features(self, x: Tensor) -> Tensor:
        return self.body(self.pool(self.relu(self.norm(self.conv(x)))))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(torch.flatten(self.mean(self.features(x)), 1))


class DeepLabV3(nn.Module):
    """A segmenter: dilated ResNet-50, four parallel dilations and the image's mean side by side, a classifier, upsampling to the input."""

    def __init__(self, output_stride: int = 8, classes: int = 21):
        super().__init__()
        self.backbone = ResNet(50, output_stride)
        del self.backbone.linear, self.backbone.mean
        rows = [self.branch(1, 0, 1), *(self.branch(3, r, r) for r in RATES[output_stride])]
        self.parallel = nn.ModuleList(rows)
        self.image = nn.Sequential(nn.AdaptiveAvgPool2d(1), *self.branch(1, 0, 1))
        self.project = nn.Sequential(nn.Conv2d(5 * 256, 256, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(), nn.Dropout(0.5))
        self.refine = nn.Sequential(nn.Conv2d(256, 256, 3, padding=1, bias=False), nn.BatchNorm2d(256), nn.ReLU())
        self.classify = nn.Conv2d(256, classes, 1)

    @staticmethod
    def branch(kernel: int, padding: int, dilation: int) -> nn.Sequential:
        conv = nn.Conv2d(2048, 256, kernel, padding=padding, dilation=dilation, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(256), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        y = self.backbone.features(x)
        image = nn.functional.interpolate(self.image(y), size=y.shape[-2:], mode="bilinear", align_corners=False)
        y = torch.cat([*(b(y) for b in self.parallel), image], 1)
        y = self.classify(self.refine(self.project(y)))
        return nn.functional.interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=False)
