"""LSSL's generator (section 4.1): photo and side image to a latent, with attributes to both again.

The text counts five convolutions of stride 2, and a latent of a 16th of the side, which four
double again. The authors' own program settles it as it is built here: a 7x7 convolution of stride 1
and four of stride 2.
"""

from typing import Any

import torch
from torch import Tensor, nn

from faceedit.methods.lssl.vector import WIDTH
from faceedit.methods.pictures.networks import (
    ResidualBlock,
    beside,
    check_size,
    normed,
    shuffled,
)
from faceedit.ranges import check_ranges

HALVINGS = 4
"""Of the side, between a picture and its latent."""


class Generator(nn.Module):
    """G: G_enc makes a latent of the pair (x, s), G_dec of the latent and y a pair again.

    Args:
        size: side of the pictures in pixels, a power of two from 32.
        width: channels of the first convolution; each next has twice as many.
        blocks: residual blocks.
        side: channels of the side image s: 1 of a heat map, 3 of a photo, 0 without one.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(self, size: int = 128, width: int = 64, blocks: int = 6, side: int = 1):
        super().__init__()
        check_size(size)
        check_ranges(
            size=(size, 32, 1024), width=(width, 1, 128), blocks=(blocks, 0, 64), side=(side, 0, 3)
        )
        self.size, self.side = size, side
        self.architecture: dict[str, Any] = {
            "size": size, "width": width, "blocks": blocks, "side": side,
        }  # fmt: skip
        first = nn.Conv2d(3 + side, width, 7, padding=3, bias=False)
        layers: list[nn.Module] = [*normed(first, width)]
        channels = width
        for _ in range(HALVINGS):
            down = nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1, bias=False)
            channels *= 2
            layers += normed(down, channels)
        self.encoder = nn.Sequential(*layers, *(ResidualBlock(channels) for _ in range(blocks)))
        layers, inner = [], channels + WIDTH
        for _ in range(HALVINGS):
            outer = channels // 2
            layers += normed(shuffled(inner, outer), outer)
            inner = channels = outer
        self.decoder = nn.Sequential(*layers)
        self.picture = nn.Conv2d(width, 3, 7, padding=3)
        self.beside = nn.Conv2d(width, side, 7, padding=3) if side else None

    def encode(self, pair: Tensor) -> Tensor:
        """G_enc: (N, 3 + side, S, S) in [-1, 1] to (N, 16 width, S / 16, S / 16)."""
        return self.encoder(pair)

    def answer(self, latent: Tensor, y: Tensor) -> Tensor:
        """G_dec before its tanh: a latent and (N, 15) attributes to (N, 3 + side, S, S).

        An overflow is seen here only: tanh makes a plain 1 of an infinity.
        """
        features = self.decoder(beside(latent, y))
        made = [self.picture(features)]
        made += [] if self.beside is None else [self.beside(features)]
        return torch.cat(made, 1)

    def forward(self, pair: Tensor, y: Tensor, with_latent: bool = False) -> Any:
        """(N, 3 + side, S, S) in [-1, 1] and (N, 15) to a pair of the same shape.

        `with_latent` puts the pair's latent before it. A training calls this alone: what spreads
        and casts a network goes through here.
        """
        latent = self.encode(pair)
        made = torch.tanh(self.answer(latent, y))
        return (latent, made) if with_latent else made
