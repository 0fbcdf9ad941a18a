"""Residual networks (He et al. 2016) as small as faces need."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """Two 3x3 convolutions with batch normalisation beside a shortcut.

    Args:
        inner: channels of the input.
        outer: channels of the output.
        stride: of the first convolution; the shortcut averages.
    """

    def __init__(self, inner: int, outer: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inner, outer, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outer),
            nn.ReLU(inplace=True),
            nn.Conv2d(outer, outer, 3, padding=1, bias=False),
            nn.BatchNorm2d(outer),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inner != outer:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                nn.Conv2d(inner, outer, 1, bias=False),
                nn.BatchNorm2d(outer),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) to (N, outer, H / stride, W / stride)."""
        return torch.relu(self.body(x) + self.shortcut(x))


class ResidualEncoder(nn.Module):
    """A strided stem and stages of two residual blocks.

    Args:
        channels: of the input.
        widths: channels of the stages; the first works at half the input's resolution, each other
            one at half of that before.
    """

    def __init__(self, channels: int, widths: Sequence[int]):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, widths[0], 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        )
        before = [widths[0], *widths[:-1]]
        self.stages = nn.ModuleList(
            nn.Sequential(Residual(a, b, 1 if i == 0 else 2), Residual(b, b, 1))
            for i, (a, b) in enumerate(zip(before, widths, strict=True))
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, channels, S, S) to the output of every stage: (N, widths[i], S / 2^(i+1), ...)."""
        x = self.stem(x)
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return levels
