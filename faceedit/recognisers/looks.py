"""Light and attributes of a crop, given where its parts are."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.lights import LIGHTS
from faceedit.nn.residual import ResidualEncoder
from faceedit.regions import Region
from faceedit.targets import ATTRIBUTES

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
"""The light is read off so many by so many cells, and where the segments lie."""
HIDDEN = 160
"""Width between the two layers of each head."""
QUARTERS = 2
"""The parser's coarsest features are averaged over so many by so many cells."""


class LooksOutput(NamedTuple):
    """What `Looks` says of N pictures; see `AppearanceOutput`.

    Attributes:
        lights: (N, 20).
        light_vector: (N, 3).
        attributes: (N, 13).
        traits: (N, T) what attributes are told by.
    """

    lights: Tensor
    light_vector: Tensor
    attributes: Tensor
    traits: Tensor


class Looks(nn.Module):
    """A residual encoder and two heads.

    Beside the encoder's features they see what it takes a photographer to name a hair colour, a
    pale face or a light: the mean colour of each zone of the picture. For attributes there are
    hints of the parser (`parsed_hints`) as well: it sees finer pictures, and where hair is.

    Args:
        widths: channels of the encoder's stages.
        zone_width: channels that are averaged over each zone.
        dropout: of the features that attributes are told by, in training; a quarter of it for
            lights, of which there are pictures enough.
        hints: how many the parser gives.
    """

    def __init__(self, widths: Sequence[int], zone_width: int, dropout: float, hints: int):
        super().__init__()
        self.hints = hints
        self.encoder = ResidualEncoder(3, widths)
        self.zone_features = nn.Conv2d(widths[-2], zone_width, 1)
        self.layout = nn.Conv2d(widths[-1], 32, 1)
        tones = 8 * len(ZONES)
        self.tone_scale = nn.BatchNorm1d(tones, affine=False)
        self.lights = head(32 * GRID**2 + widths[-1] + tones, HIDDEN, len(LIGHTS) + 3, dropout / 4)
        traits = widths[-1] + zone_width * len(ZONES) + tones + hints
        self.attributes = head(traits, HIDDEN, len(ATTRIBUTES), dropout)

    def forward(self, pictures: Tensor, zones: Tensor, hints: Tensor | None = None) -> LooksOutput:
        """Look at pictures.

        Args:
            pictures: (N, 3, S, S) whole crops, RGB in [-1, 1], S a multiple of 2 to the number of
                `widths`.
            zones: (N, len(ZONES), s, s) shares in [0, 1] of the same.
            hints: (N, hints) of the parser; None for all 0, as the encoder is trained.
        """
        levels = self.encoder(pictures)
        tones = self.tone_scale(zone_tones(F.adaptive_avg_pool2d(pictures, zones.shape[-1]), zones))
        whole = levels[-1].mean((2, 3))
        layout = F.adaptive_avg_pool2d(torch.relu(self.layout(levels[-1])), GRID).flatten(1)
        light = self.lights(torch.cat([layout, whole, tones], 1))
        local = zone_means(torch.relu(self.zone_features(levels[-2])), zones).flatten(1)
        known = whole.new_zeros(len(whole), self.hints) if hints is None else hints
        traits = torch.cat([whole, local, tones, known], 1)
        return LooksOutput(
            light[:, : len(LIGHTS)],
            _within_one(light[:, len(LIGHTS) :]),
            self.attributes(traits),
            traits,
        )


def hints_of(widths: Sequence[int]) -> int:
    """Return how many hints a parser whose stages have so many channels gives."""
    return widths[-2] * len(ZONES) + widths[-1] * QUARTERS**2 + len(Region) * GRID**2


def parsed_hints(levels: Sequence[Tensor], chances: Tensor, zones: Tensor) -> Tensor:
    """Sum up what a parser has seen: features by zone and by quarter, and where each segment lies.

    Args:
        levels: of the parser's encoder, finest first.
        chances: (N, 12, S, S) probabilities of segments.
        zones: (N, len(ZONES), s, s) of the same.

    Returns:
        (N, hints_of(widths)).
    """
    parts = (
        zone_means(levels[-2], zones),
        F.adaptive_avg_pool2d(levels[-1], QUARTERS),
        F.adaptive_avg_pool2d(chances, GRID),
    )
    return torch.cat([part.flatten(1) for part in parts], 1)


def zone_shares(chances: Tensor) -> Tensor:
    """(N, 12, S, S) probabilities of segments to those of `ZONES`: (N, len(ZONES), S, S)."""
    return torch.stack([chances[:, list(zone)].sum(1) for zone in ZONES], 1)


def zone_means(values: Tensor, zones: Tensor) -> Tensor:
    """Average over zones; over one that is hardly there, nearly as over the whole picture.

    Args:
        values: (N, C, s, s).
        zones: (N, Z, S, S) shares in [0, 1].

    Returns:
        (N, Z, C).
    """
    flat = values.flatten(2)
    weights = F.adaptive_avg_pool2d(zones, values.shape[-1]).flatten(2)
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


def head(inner: int, hidden: int, outer: int, dropout: float) -> nn.Sequential:
    """Return two layers, (N, inner) to (N, outer)."""
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
