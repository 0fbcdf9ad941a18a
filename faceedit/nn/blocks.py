"""Convolutional building blocks: pre-activation convolutions and feature units."""

from typing import Literal

import torch
from torch import Tensor, nn

from faceedit.nn.activation import PReLU

NormKind = Literal["batch", "instance", "none"]


def make_norm(kind: NormKind, channels: int) -> nn.Module:
    """The normalisation layer named ``kind`` for ``channels`` feature maps.

    Raises:
        ValueError: if ``kind`` is none of "batch", "instance" and "none".
    """
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "instance":
        return nn.InstanceNorm2d(channels, affine=True)
    if kind == "none":
        return nn.Identity()
    raise ValueError(f"unknown norm {kind!r}: use batch, instance or none")


class PreActConv(nn.Module):
    """Pre-activation convolutional block: norm, PReLU, 3x3 convolution (the PCB of RegGAN III-D).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: stride of the convolution.
        norm: kind of normalisation.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, norm: NormKind):
        super().__init__()
        self.norm = make_norm(norm, in_channels)
        self.act = PReLU(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        return self.conv(self.act(self.norm(x)))


class FeatureUnit(nn.Module):
    """Two pre-activation blocks, the second one strided: F of Eq. 7 of RegGAN.

    The second convolution starts at a tenth of its usual size, so that a block begins as its own
    shortcut and a deep stack trains without warm-up.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: stride of the second convolution.
        norm: kind of normalisation.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, norm: NormKind):
        super().__init__()
        # A strided unit works at its input's resolution first: it widens only where pixels are few.
        middle = in_channels if stride > 1 else out_channels
        self.first = PreActConv(in_channels, middle, 1, norm)
        self.second = PreActConv(middle, out_channels, stride, norm)
        with torch.no_grad():
            self.second.conv.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        return self.second(self.first(x))
