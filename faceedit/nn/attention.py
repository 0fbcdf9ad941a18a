"""Attention by hourglass: where a feature unit's output is let through.

After SPARNet (Chen et al., "Learning Spatial Attention for Face Super-Resolution", TIP 2020), from
which RegGAN takes its blocks.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.nn.activation import PReLU
from faceedit.nn.blocks import FeatureUnit, NormKind, make_norm

MapKind = Literal["spatial", "full"]


class ConvNormAct(nn.Sequential):
    """Convolution, norm, PReLU.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel: odd side of the convolution.
        norm: kind of normalisation.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, norm: NormKind):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=norm == "none"),
            make_norm(norm, out_channels),
            PReLU(out_channels),
        )


class Hourglass(nn.Module):
    """Features at several scales: bottom-up by pooling, top-down by nearest upsampling.

    Args:
        channels: channels of input, output and everything between.
        depth: number of halvings; sides need not be divisible by 2**depth.
        norm: kind of normalisation.
    """

    def __init__(self, channels: int, depth: int, norm: NormKind):
        super().__init__()
        self.here = ConvNormAct(channels, channels, 3, norm)
        self.down = ConvNormAct(channels, channels, 3, norm)
        self.below = (
            Hourglass(channels, depth - 1, norm)
            if depth > 1
            else ConvNormAct(channels, channels, 3, norm)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        low = self.below(self.down(F.avg_pool2d(x, 2, ceil_mode=True)))
        return self.here(x) + F.interpolate(low, size=x.shape[-2:], mode="nearest")


class AttentionUnit(nn.Module):
    """The map alpha of Eq. 8 of RegGAN: hourglass, convolution, sigmoid.

    Args:
        channels: channels of the features that are looked at.
        hidden: width of the hourglass, entered through a 1x1 convolution.
        depth: depth of the hourglass.
        kind: "spatial" gives one map for all channels, "full" one for each.
        norm: kind of normalisation.
    """

    def __init__(self, channels: int, hidden: int, depth: int, kind: MapKind, norm: NormKind):
        super().__init__()
        self.enter = ConvNormAct(channels, hidden, 1, norm)
        self.hourglass = Hourglass(hidden, depth, norm)
        self.leave = nn.Conv2d(hidden, 1 if kind == "spatial" else channels, 3, padding=1)
        with torch.no_grad():
            self.leave.weight.mul_(0.1)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 1 or C, H, W) in (0, 1)."""
        return torch.sigmoid(self.leave(self.hourglass(self.enter(features))))


class AttentionBlock(nn.Module):
    """Eq. 7 to 9 of RegGAN: ``shortcut(x) + alpha * f``, with ``f = unit(x)``.

    The shortcut is a strided convolution where the block halves its input, a 1x1 convolution where
    it changes the number of channels, and the identity otherwise.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: 2 to halve the input (EAB), 1 to keep it (LAB, DAB after its upsampling).
        norm: kind of normalisation.
        attention: the attention unit, or None to let every feature through.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        norm: NormKind,
        attention: AttentionUnit | None,
    ):
        super().__init__()
        self.unit = FeatureUnit(in_channels, out_channels, stride, norm)
        self.attention = attention
        if stride > 1:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1)
        elif in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1)
        else:
            self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        features = self.unit(x)
        if self.attention is None:
            return self.shortcut(x) + features
        return torch.addcmul(self.shortcut(x), self.attention(features), features)
