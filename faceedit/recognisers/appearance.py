"""What a crop shows beside the expression: its parts, its light, and how the person looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.nn.parsing import ParsingDecoder
from faceedit.nn.residual import ResidualEncoder
from faceedit.recognisers.base import Recogniser, resample
from faceedit.studio.lights import LIGHTS
from faceedit.studio.semantic import Region
from faceedit.targets import ATTRIBUTES

LIGHT_NAMES = tuple(LIGHTS)
"""In the order of every vector of lights: that of `training.pair_tensors.LIGHT_ORDER`."""
ZONES = (
    (Region.SKIN, Region.NOSE),
    (Region.HAIR,),
    (Region.BROWS,),
    (Region.EYES, Region.EYEGLASSES),
    (Region.MOUTH, Region.LIPS),
    (Region.BACKGROUND,),
)
"""Parts of the picture that are looked at apart; the first is what the others are compared with."""
DARKEST = 0.03
"""Added to display values in [0, 1] before the logarithm."""
SCANT = 0.002
"""Share of the picture at which a zone's own mean weighs as much as the whole picture's."""
GRID = 4
"""The light is read off so many by so many cells."""


class AppearanceOutput(NamedTuple):
    """What the network says of N crops.

    Attributes:
        regions: (N, 12, size, size) logits of `studio.semantic.Region` at the network's size.
        lights: (N, 20) logits of `LIGHT_NAMES`; their softmax is the probability.
        light_vector: (N, 3) direction to the light (x right, y up, z to the camera) times its
            share of all light, 0 to 1 long.
        attributes: (N, 13) logits in the order of `targets.ATTRIBUTES`; their sigmoid is the
            probability where an attribute is as often there as not, and 0 is the threshold.
    """

    regions: Tensor
    lights: Tensor
    light_vector: Tensor
    attributes: Tensor


@dataclass(frozen=True)
class AppearanceReading:
    """What one crop shows.

    Attributes:
        regions: (S, S) uint8 of `studio.semantic.Region`, at the network's size.
        lights: (20,) probabilities in the order of `LIGHT_NAMES`.
        light_vector: (3,) direction to the light times its share of all light.
        attributes: (13,) probabilities in the order of `targets.ATTRIBUTES`, yes from 0.5.
    """

    regions: np.ndarray
    lights: np.ndarray
    light_vector: np.ndarray
    attributes: np.ndarray

    @property
    def light(self) -> str:
        """The likeliest of the studio's lights."""
        return LIGHT_NAMES[int(self.lights.argmax())]

    @property
    def strength(self) -> float:
        """The directed light's share of all light, 0 to 1."""
        return float(np.linalg.norm(self.light_vector))

    @property
    def shown(self) -> tuple[str, ...]:
        """The attributes that are there."""
        return tuple(n for n, p in zip(ATTRIBUTES, self.attributes, strict=True) if p >= 0.5)


class AppearanceRecogniser(Recogniser[AppearanceOutput, AppearanceReading]):
    """One residual encoder for twelve segments (SeCGAN's), the studio's lights and 13 attributes.

    Lights and attributes see, beside the encoder's features, what it takes a photographer to name
    a hair colour or a pale face: the mean colour of each zone as the network itself parsed it.

    Args:
        widths: channels of the encoder's stages.
        inner: channels of the decoder's steps, coarsest first.
        size: side in pixels of the square that it sees, a multiple of 16.
        zone_width: channels that are averaged over each zone.
        dropout: of the features that attributes are told by, in training; a quarter of it for
            lights, of which there are pictures enough.
    """

    name: ClassVar[str] = "appearance"

    def __init__(
        self,
        widths: Sequence[int] = (16, 48, 96, 192),
        inner: Sequence[int] = (64, 32, 32),
        size: int = 128,
        zone_width: int = 48,
        dropout: float = 0.35,
    ):
        super().__init__()
        self.widths, self.inner, self.size = tuple(widths), tuple(inner), size
        self.zone_width = zone_width
        self.encoder = ResidualEncoder(3, widths)
        self.parsing = ParsingDecoder(widths, inner, 3, len(Region))
        self.zone_features = nn.Conv2d(widths[-2], zone_width, 1)
        self.layout = nn.Conv2d(widths[-1], 32, 1)
        tones = 8 * len(ZONES)
        self.tone_scale = nn.BatchNorm1d(tones, affine=False)
        self.lights = _head(32 * GRID**2 + widths[-1] + tones, 160, len(LIGHTS) + 3, dropout / 4)
        looks = widths[-1] + zone_width * len(ZONES) + tones
        self.attributes = _head(looks, 160, len(ATTRIBUTES), dropout)
        self.threshold: Tensor
        self.register_buffer("threshold", torch.zeros(len(ATTRIBUTES)))

    @property
    def architecture(self) -> dict[str, Any]:
        """Widths and size."""
        return {
            "widths": list(self.widths),
            "inner": list(self.inner),
            "size": self.size,
            "zone_width": self.zone_width,
        }

    def forward(self, crops: Tensor) -> AppearanceOutput:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], to what they show."""
        return self.look(resample(crops, self.size))

    def look(self, pictures: Tensor) -> AppearanceOutput:
        """(N, 3, T, T) whole crops, RGB in [-1, 1], T a multiple of 16, to what they show.

        Segments come out at T. Made for T = `size`; training begins smaller.
        """
        levels = self.encoder(pictures)
        regions = self.parsing(pictures, levels)
        # Where a zone lies is parsing's own business: no other loss may move it. Half the size is
        # fine enough for means, and four times as fast.
        zones = zone_shares(F.avg_pool2d(regions.detach().contiguous(), 2))
        tones = self.tone_scale(zone_tones(F.avg_pool2d(pictures, 2), zones))
        whole = levels[-1].mean((2, 3))
        layout = F.adaptive_avg_pool2d(torch.relu(self.layout(levels[-1])), GRID).flatten(1)
        light = self.lights(torch.cat([layout, whole, tones], 1))
        local = zone_means(torch.relu(self.zone_features(levels[-2])), zones).flatten(1)
        attributes = self.attributes(torch.cat([whole, local, tones], 1))
        return AppearanceOutput(
            regions,
            light[:, : len(LIGHTS)],
            _within_one(light[:, len(LIGHTS) :]),
            attributes - self.threshold,
        )

    def readings(self, output: AppearanceOutput) -> list[AppearanceReading]:
        """Return one reading per crop."""
        columns = (
            output.regions.argmax(1).to(torch.uint8),
            output.lights.float().softmax(1),
            output.light_vector.float(),
            output.attributes.float().sigmoid(),
        )
        rows = zip(*(column.cpu().numpy() for column in columns), strict=True)
        return [AppearanceReading(*row) for row in rows]


def zone_shares(regions: Tensor) -> Tensor:
    """(N, 12, S, S) logits to the probability of each of `ZONES`: (N, len(ZONES), S, S)."""
    chances = regions.softmax(1)
    return torch.stack([chances[:, list(zone)].sum(1) for zone in ZONES], 1)


def zone_means(values: Tensor, zones: Tensor) -> Tensor:
    """Average over zones; over one that is hardly there, nearly as over the whole picture.

    Args:
        values: (N, C, s, s).
        zones: (N, Z, S, S) shares in [0, 1], S a multiple of s.

    Returns:
        (N, Z, C).
    """
    flat = values.flatten(2)
    factor = zones.shape[-1] // values.shape[-1]
    weights = (F.avg_pool2d(zones, factor) if factor > 1 else zones).flatten(2)
    weights = weights / weights.shape[2]
    sums = weights @ flat.transpose(1, 2) + SCANT * flat.mean(2)[:, None]
    return sums / (weights.sum(2, keepdim=True) + SCANT)


def zone_tones(pictures: Tensor, zones: Tensor) -> Tensor:
    """Say which colours zones have.

    Args:
        pictures: (N, 3, S, S) RGB in [-1, 1].
        zones: (N, Z, S, S) shares in [0, 1].

    Returns:
        (N, 8 Z): logarithms of the display colour (3), for the first zone against the whole
        picture and for the others against the first (3), spread of the logarithm of green (1),
        and the zone's share of the picture (1).
    """
    logs = ((pictures + 1) / 2).clamp(0, 1).add(DARKEST).log()
    means = zone_means(torch.cat([logs, logs[:, 1:2].square()], 1), zones)
    colours = means[..., :3]
    base = torch.cat(
        [logs.mean((2, 3))[:, None], colours[:, :1].expand(-1, zones.shape[1] - 1, -1)], 1
    )
    spread = (means[..., 3] - colours[..., 1].square()).clamp(min=1e-4).sqrt()
    share = zones.mean((2, 3))
    return torch.cat([colours, colours - base, spread[..., None], share[..., None]], 2).flatten(1)


def _head(inner: int, hidden: int, outer: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(inner, hidden),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
        nn.Linear(hidden, outer),
    )


def _within_one(x: Tensor) -> Tensor:
    """Shorten (N, 3) vectors to less than 1; short ones hardly."""
    length = x.square().sum(1, keepdim=True).add(1e-8).sqrt()
    return x * (torch.tanh(length) / length)
