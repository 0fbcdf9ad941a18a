"""EGGAN's own networks (sections 3.2, 3.3 and 4.1)."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.nn.activation import PReLU
from faceedit.nn.blocks import make_norm
from faceedit.ranges import check_ranges
from faceedit.targets import ACTION_UNITS
from faceedit.targets.units import MAX_INTENSITY

ENCODER_WIDTHS = (16, 32, 64, 128, 256)
"""Channels of E (4.1)."""
LATENT_CRITIC_WIDTHS = (256, 128, 64, 32, 16, 1)
"""Channels of D_z (4.1)."""
LEVELS = int(MAX_INTENSITY) + 1
"""Of an action unit: 0 to m = 5 (3.3)."""
RARE = 1e-3
"""Share of photos that an intensity is taken to have at least."""
SMALLEST = 2
"""Side of the generator's first map; six doublings lead to the paper's 128."""
MAX_SIZE = 1024
WIDEST = 256
CLASSIFIER_CONVOLUTIONS = (1, 1, 2, 2, 2)
"""Of each stage, as in VGG-11."""


class Encoder(nn.Sequential):
    """E: strided convolutions with PReLU, then one fully connected layer.

    The paper names no normalisation. There is none here: it would hide a face's colours.

    Args:
        size: side of the images, a multiple of 2 to the number of `widths`.
        latent: numbers L in a latent code.
        widths: channels, each at half the resolution of the one before.
        channels: of the images.

    Raises:
        ValueError: a number is out of range, or the sides do not divide.
    """

    def __init__(
        self,
        size: int = 128,
        latent: int = 128,
        widths: Sequence[int] = ENCODER_WIDTHS,
        channels: int = 3,
    ):
        check_ranges(size=(size, 1, MAX_SIZE), latent=(latent, 1, 4096), widths=(widths, 1, 1024))
        if size % 2 ** len(widths):
            raise ValueError(f"size is {size}, which is no multiple of {2 ** len(widths)}")
        layers: list[nn.Module] = []
        for inner, outer in zip([channels, *widths], widths, strict=False):
            convolution = nn.Conv2d(inner, outer, 4, stride=2, padding=1)
            nn.init.kaiming_normal_(convolution.weight, a=0.25)
            layers += [convolution, PReLU(outer)]
        side = size // 2 ** len(widths)
        super().__init__(*layers, nn.Flatten(), nn.Linear(widths[-1] * side * side, latent))

    def forward(self, input: Tensor) -> Tensor:
        """(N, channels, size, size) in [-1, 1] to (N, latent)."""
        return super().forward(input)


class LatentDiscriminator(nn.Sequential):
    """D_z: fully connected layers that tell samples of the prior from latent codes.

    Args:
        latent: numbers in a code.
        widths: of the layers; the last is 1.
    """

    def __init__(self, latent: int = 128, widths: Sequence[int] = LATENT_CRITIC_WIDTHS):
        layers: list[nn.Module] = []
        for inner, outer in zip([latent, *widths], widths, strict=False):
            layers += [nn.Linear(inner, outer), nn.LeakyReLU(0.2)]
        super().__init__(*layers[:-1])

    def forward(self, input: Tensor) -> Tensor:
        """(N, latent) to (N,) logits; positive means the prior."""
        return super().forward(input)[:, 0]


class UpBlock(nn.Module):
    """A residual block that doubles its input: instance norm, PReLU, convolution, twice.

    The shortcut carries what instance norm takes away: how bright the features are.

    Args:
        inner: channels of the input.
        outer: channels of the output.
    """

    def __init__(self, inner: int, outer: int):
        super().__init__()
        self.before = nn.Sequential(make_norm("instance", inner), PReLU(inner))
        self.wide = nn.Conv2d(inner, outer, 3, padding=1)
        self.after = nn.Sequential(make_norm("instance", outer), PReLU(outer))
        self.last = nn.Conv2d(outer, outer, 3, padding=1)
        self.shortcut = nn.Conv2d(inner, outer, 1) if inner != outer else nn.Identity()
        with torch.no_grad():  # a block begins as its shortcut, like `nn.blocks.FeatureUnit`
            self.last.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) to (N, outer, 2 H, 2 W)."""
        y = self.wide(_doubled(self.before(x)))
        return _doubled(self.shortcut(x)) + self.last(self.after(y))


class PaperGenerator(nn.Module):
    """G: latent code and action units to a picture.

    A fully connected layer makes a 2x2 map; blocks double it, six of them to 128 pixels.

    Args:
        size: side of the pictures, a power of two.
        latent: numbers in a latent code.
        width: channels at full size; each block further down has twice as many, up to 256. The
            paper names none; 16 mirrors E.

    Raises:
        ValueError: a number is out of range, or size is no power of two.
    """

    def __init__(self, size: int = 128, latent: int = 128, width: int = 16):
        super().__init__()
        check_ranges(size=(size, 8, MAX_SIZE), latent=(latent, 1, 4096), width=(width, 1, WIDEST))
        if size & (size - 1):
            raise ValueError(f"size is {size}, which is no power of two")
        blocks = int(math.log2(size // SMALLEST))
        widths = [min(width << i, WIDEST) for i in range(blocks - 1, -1, -1)]
        self.enter = nn.Linear(latent + len(ACTION_UNITS), widths[0] * SMALLEST**2)
        self.blocks = nn.Sequential(
            *(UpBlock(a, b) for a, b in zip([widths[0], *widths], widths, strict=False))
        )
        self.leave = nn.Sequential(PReLU(width), nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, latent: Tensor, units: Tensor) -> Tensor:
        """(N, latent) codes and (N, 17) intensities 0 to 5 to (N, 3, size, size) in [-1, 1]."""
        return torch.tanh(self.answer(latent, units))

    def answer(self, latent: Tensor, units: Tensor) -> Tensor:
        """Return what the last convolution says; `forward` is its tanh.

        An overflow is seen here only: tanh makes a plain 1 of an infinity.
        """
        x = self.enter(torch.cat([latent, units / MAX_INTENSITY], 1))
        x = x.view(len(x), -1, SMALLEST, SMALLEST).contiguous(memory_format=torch.channels_last)
        return self.leave(self.blocks(x))


class ImageDiscriminator(nn.Sequential):
    """D_img: six strided convolutions (fewer for small pictures), then one score.

    There is no normalisation: the gradient penalty is each picture's own (Gulrajani et al. 2017).

    Args:
        size: side of the pictures, a power of two.
        width: channels of the first convolution; each next has twice as many, up to 512.
    """

    def __init__(self, size: int = 128, width: int = 32):
        count = int(math.log2(size // SMALLEST))
        widths = [min(width << i, 2 * WIDEST) for i in range(count)]
        layers: list[nn.Module] = []
        for inner, outer in zip([3, *widths], widths, strict=False):
            layers += [nn.Conv2d(inner, outer, 4, stride=2, padding=1), nn.LeakyReLU(0.01)]
        super().__init__(*layers, nn.Conv2d(widths[-1], 1, SMALLEST))

    def forward(self, input: Tensor) -> Tensor:
        """(N, 3, size, size) to (N,) scores."""
        return super().forward(input).flatten()


class Classifier(nn.Sequential):
    """C_exp and C_id: a small VGG with batch normalisation, which lets it tell hundreds of people.

    Made pictures are shown to it in evaluation mode, so that its statistics stay the photos'.

    Args:
        outputs: how many logits.
        size: side of the pictures, a multiple of 32.
        width: channels of the first stage; each next has twice as many.
    """

    def __init__(self, outputs: int, size: int = 128, width: int = 16):
        if size % 32:
            raise ValueError(f"size is {size}, which is no multiple of 32")
        layers: list[nn.Module] = []
        inner = 3
        for stage, count in enumerate(CLASSIFIER_CONVOLUTIONS):
            outer = width << stage
            for _ in range(count):
                layers += [nn.Conv2d(inner, outer, 3, padding=1), nn.BatchNorm2d(outer), nn.ReLU()]
                inner = outer
            layers.append(nn.MaxPool2d(2))
        features = inner * (size // 32) ** 2
        layers += [nn.Flatten(), nn.BatchNorm1d(features), nn.Linear(features, WIDEST)]
        super().__init__(*layers, nn.BatchNorm1d(WIDEST), nn.Linear(WIDEST, outputs))

    def forward(self, input: Tensor) -> Tensor:
        """(N, 3, size, size) in [-1, 1] to (N, outputs) logits."""
        return super().forward(input)


class ExpressionClassifier(Classifier):
    """C_exp; arguments as of `Classifier`."""

    def __init__(self, size: int = 128, width: int = 16):
        super().__init__(len(ACTION_UNITS) * LEVELS, size, width)

    def forward(self, input: Tensor) -> Tensor:
        """(N, 3, size, size) in [-1, 1] to (N, 17, 6) logits of the intensities 0 to 5."""
        return super().forward(input).view(-1, len(ACTION_UNITS), LEVELS)

    @torch.no_grad()
    def begin_with(self, units: Tensor) -> None:
        """Say at first, whatever the picture, how often (N, 17) units have each intensity.

        At a rate of 2e-4 the frequencies alone would take thousands of steps to learn.
        """
        last = self[-1]
        assert isinstance(last, nn.Linear)
        shares = F.one_hot(levels_of(units), LEVELS).float().mean(0)
        last.weight.zero_()
        last.bias.copy_((shares + RARE).log().flatten())


def levels_of(units: Tensor) -> Tensor:
    """Return intensities, of any shape, rounded to whole levels 0 to 5, int64."""
    return (units + 0.5).floor().long().clamp(0, LEVELS - 1)


def expected_units(logits: Tensor) -> Tensor:
    """Return the mean intensities, (N, 17) in 0 to 5, of (N, 17, 6) logits."""
    levels = torch.arange(LEVELS, dtype=torch.float32, device=logits.device)
    return logits.float().softmax(2) @ levels


class PaperNetworks(nn.Module):
    """What an edit needs: E, G and, for the face's own action units, C_exp.

    Args:
        size: side of the pictures in pixels.
        latent: numbers in a latent code.
        width: channels of G at full size and of C_exp's first stage.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(self, size: int, latent: int, width: int):
        super().__init__()
        self.size, self.latent, self.width = size, latent, width
        self.encoder = Encoder(size, latent)
        self.generator = PaperGenerator(size, latent, width)
        self.expression = ExpressionClassifier(size, width)

    def architecture(self) -> dict[str, Any]:
        """Return the arguments that build the networks again, as JSON."""
        return {"size": self.size, "latent": self.latent, "width": self.width}


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
