"""StarGAN and AttGAN as SeCGAN has them: Tables 2 and 3, for pictures and for semantic masks.

A generator is told what to change: a difference vector, the labels that are wanted less those that
are there (STGAN, Liu et al. 2019), 0 for what stays.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn

from faceedit.methods.pictures.networks import (
    SLOPE,
    beside,
    check_size,
    star_decoder,
    star_encoder,
    strided,
)
from faceedit.nn.blocks import make_norm
from faceedit.ranges import check_ranges

Backbone = Literal["stargan", "attgan"]
"""Whose generator and discriminator a branch has."""
BACKBONES: tuple[Backbone, ...] = get_args(Backbone)
STAR_LAYERS, ATT_LAYERS = 6, 5
"""Strided convolutions of the discriminators, and of AttGAN's encoder."""


class Shape(NamedTuple):
    """What shapes the networks of a branch.

    Attributes:
        labels: n_a, numbers in a label vector.
        channels: of what is translated: 3 of a picture, 12 of a mask.
        size: side in pixels, a power of two from 16; AttGAN's from 32.
        width: channels of the first convolution; 64 in the paper.
        blocks: residual blocks of StarGAN's generator.
        extra: channels that a generator is shown beside what it translates.
    """

    labels: int
    channels: int = 3
    size: int = 128
    width: int = 64
    blocks: int = 6
    extra: int = 0


class StarGenerator(nn.Module):
    """The generator of Table 2: the labels' planes lie beside the picture.

    Args:
        shape: of the branch.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(self, shape: Shape):
        super().__init__()
        _check(shape)
        given = shape.channels + shape.extra + shape.labels
        self.body = nn.Sequential(
            *star_encoder(given, shape.width, shape.blocks),
            *star_decoder(shape.width, shape.channels),
        )

    def forward(self, picture: Tensor, difference: Tensor) -> Tensor:
        """(N, channels + extra, S, S) and (N, n_a) to (N, channels, S, S), before tanh, softmax."""
        return self.body(beside(picture, difference))


class StarDiscriminator(nn.Module):
    """The discriminator of Table 2.

    Args:
        shape: of the branch.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(self, shape: Shape):
        super().__init__()
        _check(shape)
        count = min(STAR_LAYERS, int(math.log2(shape.size)))
        widths = [shape.channels, *(shape.width << i for i in range(count))]
        self.body = strided(widths)
        self.realism = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.labels = nn.Conv2d(widths[-1], shape.labels, shape.size >> count)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(N, channels, S, S) to (N,) scores, the mean over places, and (N, n_a) logits."""
        features = self.body(picture)
        return self.realism(features).mean((1, 2, 3)), self.labels(features).flatten(1)


class AttGenerator(nn.Module):
    """The generator of Table 3: the labels enter the decoder twice, with one skip connection.

    Args:
        shape: of the branch.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(self, shape: Shape):
        super().__init__()
        _check(shape, 1 << ATT_LAYERS)
        widths = [shape.width << i for i in range(ATT_LAYERS)]
        way = pairwise([shape.channels + shape.extra, *widths])
        self.down = nn.ModuleList(_down(inner, outer) for inner, outer in way)
        top, below = widths[-1], widths[-2]
        self.first = _up(top + shape.labels, top)
        self.second = _up(top + below + shape.labels, below)
        self.rest = nn.Sequential(
            *(_up(inner, outer) for inner, outer in pairwise(widths[-2:0:-1])),
        )
        self.last = nn.ConvTranspose2d(widths[1], shape.channels, 4, stride=2, padding=1)

    def forward(self, picture: Tensor, difference: Tensor) -> Tensor:
        """(N, channels + extra, S, S) and (N, n_a) to (N, channels, S, S), before tanh, softmax."""
        levels = [picture]
        for layer in self.down:
            levels.append(layer(levels[-1]))
        x = self.first(beside(levels[-1], difference))
        x = self.second(beside(torch.cat([x, levels[-2]], 1), difference))
        return self.last(self.rest(x))


class AttDiscriminator(nn.Module):
    """The discriminator of Table 3.

    Args:
        shape: of the branch.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(self, shape: Shape):
        super().__init__()
        _check(shape, 1 << ATT_LAYERS)
        widths = [shape.channels, *(shape.width << i for i in range(ATT_LAYERS))]
        self.body = strided(widths)
        side = shape.size >> ATT_LAYERS
        self.realism = _head(widths[-1] * side * side, widths[-1], 1)
        self.labels = _head(widths[-1] * side * side, widths[-1], shape.labels)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(N, channels, S, S) to (N,) scores and (N, n_a) logits."""
        features = self.body(picture).flatten(1)
        return self.realism(features)[:, 0], self.labels(features)


_GENERATORS: dict[str, Callable[[Shape], nn.Module]] = {
    "stargan": StarGenerator,
    "attgan": AttGenerator,
}
_DISCRIMINATORS: dict[str, Callable[[Shape], nn.Module]] = {
    "stargan": StarDiscriminator,
    "attgan": AttDiscriminator,
}


def make_generator(backbone: str, shape: Shape) -> nn.Module:
    """Return an untrained generator.

    Raises:
        ValueError: there is no such backbone, or a number is out of range.
    """
    check_backbone(backbone)
    return _GENERATORS[backbone](shape)


def make_discriminator(backbone: str, shape: Shape) -> nn.Module:
    """Return an untrained discriminator; raises as `make_generator` does."""
    check_backbone(backbone)
    return _DISCRIMINATORS[backbone](shape)


def check_backbone(name: str) -> None:
    """Check the name of a backbone.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in BACKBONES:
        raise ValueError(f"backbone is {name!r}, not one of {', '.join(BACKBONES)}")


def _check(shape: Shape, least: int = 16) -> None:
    check_size(shape.size)
    check_ranges(
        size=(shape.size, least, 1024),
        labels=(shape.labels, 1, 1000),
        channels=(shape.channels, 1, 64),
        width=(shape.width, 1, 256),
        blocks=(shape.blocks, 0, 64),
        extra=(shape.extra, 0, 64),
    )


def _down(inner: int, outer: int) -> nn.Sequential:
    convolution = nn.Conv2d(inner, outer, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, make_norm("batch", outer), nn.LeakyReLU(SLOPE))


def _up(inner: int, outer: int) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(inner, outer, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, make_norm("batch", outer), nn.ReLU())


def _head(inner: int, middle: int, outer: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inner, middle), nn.ReLU(), nn.Linear(middle, outer))
