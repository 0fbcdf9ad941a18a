"""Shapes that several papers took from StarGAN (Choi et al. 2018), as LEGAN has them."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from faceedit.nn.blocks import make_norm
from faceedit.ranges import check_ranges

Upsampling = Literal["shuffle", "transposed", "bilinear"]
"""How an hourglass doubles its maps: pixels shuffled after a convolution, a transposed convolution,
or interpolation (section 13 of LEGAN)."""
UPSAMPLINGS: tuple[Upsampling, ...] = get_args(Upsampling)
SLOPE = 0.01
"""Of a discriminator's leaky ReLU."""
LAST_MAP = 2
"""Side of the discriminator's last map: six strided convolutions lead there from 128 pixels."""
MAX_SIZE = 1024


class ResidualBlock(nn.Module):
    """RB: two 3x3 convolutions with instance normalisation beside the input.

    Args:
        channels: of input and output.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            *normed(nn.Conv2d(channels, channels, 3, padding=1, bias=False), channels),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            make_norm("instance", channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to the same shape."""
        return x + self.body(x)


class Hourglass(nn.Sequential):
    """Down twice, residual blocks, up twice: Tables 7, 8 and 9 of LEGAN.

    The tables give a shuffling layer as many filters as it has channels afterwards, so that a
    3x3 convolution (the size of Table 14's) makes four times as many first. The 4x4 convolutions
    of stride 1 are padded by one pixel before and two behind, which keeps the size.

    Args:
        channels: of the input.
        width: channels of the first convolution.
        blocks: residual blocks.
        upsampling: how maps are doubled.

    Raises:
        ValueError: a number is out of range, or there is no such way to double maps.
    """

    def __init__(
        self, channels: int, width: int = 64, blocks: int = 6, upsampling: Upsampling = "shuffle"
    ):
        check_ranges(width=(width, 1, 256), blocks=(blocks, 0, 64))
        check_upsampling(upsampling)
        fine, middle, coarse = width, 2 * width, 4 * width
        super().__init__(
            *star_encoder(channels, width, blocks),
            *normed(_doubling(coarse, upsampling), coarse),
            nn.ZeroPad2d((1, 2, 1, 2)),
            *normed(nn.Conv2d(coarse, middle, 4, bias=False), middle),
            *normed(_doubling(middle, upsampling), middle),
            nn.ZeroPad2d((1, 2, 1, 2)),
            *normed(nn.Conv2d(middle, fine, 4, bias=False), fine),
            nn.Conv2d(fine, 3, 7, padding=3),
        )

    def forward(self, input: Tensor) -> Tensor:
        """(N, channels, S, S), S a multiple of 4, to (N, 3, S, S) before their tanh."""
        return super().forward(input)


class Discriminator(nn.Module):
    """D: strided convolutions, then D_src and D_cls (Table 10 of LEGAN, where they are six).

    Args:
        classes: channels of D_cls; 26 in the paper.
        size: side of the pictures in pixels, a power of two from 16.
        width: channels of the first convolution; each next has twice as many, up to 32 times.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(self, classes: int, size: int = 128, width: int = 64):
        super().__init__()
        check_ranges(classes=(classes, 1, 1000), width=(width, 1, 256))
        check_size(size)
        widths = [3, *(width << min(i, 5) for i in range(int(math.log2(size // LAST_MAP))))]
        self.body = strided(widths)
        self.source = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.classes = nn.Conv2d(widths[-1], classes, 1)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, S, S) to D_src, (N, 1, 2, 2) scores, and D_cls, (N, classes, 2, 2) logits."""
        features = self.body(picture)
        return self.source(features), self.classes(features)


def star_encoder(channels: int, width: int, blocks: int) -> tuple[nn.Module, ...]:
    """Return the first half of StarGAN's generator: a 7x7 convolution, down twice, residual blocks.

    Args:
        channels: of the input.
        width: channels of the first convolution; the last layer has four times as many.
        blocks: residual blocks.
    """
    fine, middle, coarse = width, 2 * width, 4 * width
    return (
        *normed(nn.Conv2d(channels, fine, 7, padding=3, bias=False), fine),
        *normed(nn.Conv2d(fine, middle, 4, stride=2, padding=1, bias=False), middle),
        *normed(nn.Conv2d(middle, coarse, 4, stride=2, padding=1, bias=False), coarse),
        *(ResidualBlock(coarse) for _ in range(blocks)),
    )


def star_decoder(width: int, outputs: int) -> tuple[nn.Module, ...]:
    """Return the second half of StarGAN's generator: up twice, then a 7x7 convolution."""
    fine, middle, coarse = width, 2 * width, 4 * width
    return (
        *normed(nn.ConvTranspose2d(coarse, middle, 4, stride=2, padding=1, bias=False), middle),
        *normed(nn.ConvTranspose2d(middle, fine, 4, stride=2, padding=1, bias=False), fine),
        nn.Conv2d(fine, outputs, 7, padding=3),
    )


def strided(widths: Sequence[int]) -> nn.Sequential:
    """Return 4x4 convolutions of stride 2 between numbers of channels, each with a leaky ReLU."""
    layers: list[nn.Module] = []
    for inner, outer in pairwise(widths):
        layers += [nn.Conv2d(inner, outer, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)


def beside(image: Tensor, numbers: Tensor) -> Tensor:
    """Return (N, C, H, W) images with a plane for each of (N, K) numbers: (N, C + K, H, W)."""
    planes = numbers[:, :, None, None].expand(-1, -1, *image.shape[2:])
    return torch.cat([image, planes.to(image.dtype)], 1)


def normed(layer: nn.Module, channels: int) -> tuple[nn.Module, ...]:
    """Return a layer with instance normalisation of its channels and a ReLU after it."""
    return layer, make_norm("instance", channels), nn.ReLU(inplace=True)


def shuffled(inner: int, outer: int) -> nn.Sequential:
    """Return a sub-pixel convolution (Shi et al. 2016) to twice the side."""
    spread = nn.Conv2d(inner, 4 * outer, 3, padding=1, bias=False)
    return nn.Sequential(spread, nn.PixelShuffle(2))


def check_size(size: int) -> None:
    """Check the side of pictures.

    Raises:
        ValueError: it is out of range, or no power of two.
    """
    check_ranges(size=(size, 16, MAX_SIZE))
    if size & (size - 1):
        raise ValueError(f"size is {size}, which is no power of two")


def check_upsampling(name: str) -> None:
    """Check a way to double maps.

    Raises:
        ValueError: there is no such way.
    """
    if name not in UPSAMPLINGS:
        raise ValueError(f"upsampling is {name!r}, not one of {', '.join(UPSAMPLINGS)}")


def _doubling(channels: int, kind: Upsampling) -> nn.Module:
    """Return a layer from (N, channels, H, W) to (N, channels, 2 H, 2 W)."""
    if kind == "bilinear":
        return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    if kind == "transposed":
        return nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=1, bias=False)
    return shuffled(channels, channels)
