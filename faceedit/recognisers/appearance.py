"""What a crop shows beside the expression: its parts, its light, and how the person looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.lights import LIGHT_ORDER
from faceedit.nn.parsing import Parser
from faceedit.ranges import check_ranges
from faceedit.recognisers.base import Recogniser, resample
from faceedit.recognisers.looks import (
    Looks,
    LooksOutput,
    hints_of,
    parsed_hints,
    zone_shares,
)
from faceedit.regions import Region
from faceedit.targets import ATTRIBUTES

SURE = 0.7
"""What is said of an attribute is unsure below this confidence; see `confidence_of`."""
LIGHT_NAMES = LIGHT_ORDER
"""Of `AppearanceOutput.lights`."""


class AppearanceOutput(NamedTuple):
    """What the network says of N crops.

    Attributes:
        regions: (N, 12, size, size) logits of `regions.Region` at the network's size.
        lights: (N, 20) logits of `LIGHT_NAMES`; their softmax is the probability.
        light_vector: (N, 3) direction to the light (x right, y up, z to the camera) times its
            share of all light, 0 to 1 long.
        attributes: (N, 13) logits in the order of `targets.ATTRIBUTES`; their sigmoid is the
            probability where an attribute is as often there as not, and 0 parts yes from no.
    """

    regions: Tensor
    lights: Tensor
    light_vector: Tensor
    attributes: Tensor


@dataclass(frozen=True)
class AppearanceReading:
    """What one crop shows.

    Attributes:
        regions: (S, S) uint8 of `regions.Region`, at the network's size.
        lights: (20,) probabilities in the order of `LIGHT_NAMES`.
        light_vector: (3,) direction to the light times its share of all light.
        attributes: (13,) probabilities in the order of `targets.ATTRIBUTES`, for people of whom
            half have the attribute; yes from 0.5.
        confidence: (13,) how likely that yes or no is right, see `confidence_of`. Below `SURE`
            the reading is unsure: `there` has None for the attribute, and nothing is shown.
    """

    regions: np.ndarray
    lights: np.ndarray
    light_vector: np.ndarray
    attributes: np.ndarray
    confidence: np.ndarray

    @property
    def light(self) -> str:
        """The likeliest of the studio's lights."""
        return LIGHT_NAMES[int(self.lights.argmax())]

    @property
    def strength(self) -> float:
        """The directed light's share of all light, 0 to 1."""
        return float(np.linalg.norm(self.light_vector))

    @property
    def there(self) -> dict[str, bool | None]:
        """Whether each attribute is there, None where that is unsure."""
        said = zip(ATTRIBUTES, self.attributes, self.confidence, strict=True)
        return {name: bool(p >= 0.5) if sure >= SURE else None for name, p, sure in said}


def confidence_of(logits: Tensor, rarity: Tensor) -> Tensor:
    """Say how likely it is that the sign of logits is right.

    The smaller of two chances: among people of whom half have an attribute, and among people of
    whom as many have it as of those that it was learned from. So what is rare takes more to be
    believed, and what is common more to be denied.

    Args:
        logits: (N, 13) of `AppearanceOutput.attributes`.
        rarity: (13,) logits of the shares of people who have each attribute.

    Returns:
        (N, 13) in [0, 1], 0.5 and more where both agree with the sign.
    """
    there = logits >= 0
    against = torch.where(there, rarity.clamp(max=0), -rarity.clamp(min=0))
    return (logits.abs() + against).sigmoid()


class AppearanceRecogniser(Recogniser[AppearanceOutput, AppearanceReading]):
    """Twelve segments (SeCGAN's), the studio's lights and 13 attributes.

    Parsing needs fine pictures and many; light and attributes need neither, and learn faster from
    coarse ones, so each has an encoder of its own. What is parsed tells the other where to look.
    Attributes are told by what both see.

    Args:
        size: side in pixels of the square that is parsed, a multiple of 16.
        parser_widths: channels of the stages of the parser's encoder.
        inner: channels of its decoder's steps, coarsest first.
        looks_size: side of the square in which light and attributes are seen, a multiple of 16.
        widths: channels of the stages of their encoder.
        zone_width: channels that are averaged over each zone.
        dropout: in training, see `Looks`.

    Raises:
        ValueError: a number is out of range.
    """

    name: ClassVar[str] = "appearance"

    def __init__(
        self,
        size: int = 128,
        parser_widths: Sequence[int] = (16, 32, 64, 128),
        inner: Sequence[int] = (64, 32, 24),
        looks_size: int = 96,
        widths: Sequence[int] = (16, 48, 96, 192),
        zone_width: int = 48,
        dropout: float = 0.35,
    ):
        super().__init__()
        check_ranges(
            size=(size, 32, 512),
            looks_size=(looks_size, 32, 512),
            parser_widths=(parser_widths, 1, 512),
            inner=(inner, 1, 512),
            widths=(widths, 1, 512),
            zone_width=(zone_width, 1, 512),
            dropout=(dropout, 0.0, 0.9),
        )
        if size % 16 or looks_size % 16:
            raise ValueError(f"sizes are multiples of 16, not {size} and {looks_size}")
        self.size, self.looks_size, self.zone_width = size, looks_size, zone_width
        self.parser_widths, self.inner, self.widths = (
            tuple(parser_widths), tuple(inner), tuple(widths),
        )  # fmt: skip
        self.parser = Parser(parser_widths, inner, len(Region))
        self.looks = Looks(widths, zone_width, dropout, hints_of(parser_widths))
        # What the head says less the threshold, times the scale, is calibrated.
        self.threshold: Tensor
        self.register_buffer("threshold", torch.zeros(len(ATTRIBUTES)))
        self.scale: Tensor
        self.register_buffer("scale", torch.ones(len(ATTRIBUTES)))
        self.rarity: Tensor
        self.register_buffer("rarity", torch.zeros(len(ATTRIBUTES)))

    @property
    def architecture(self) -> dict[str, Any]:
        """Sizes and widths."""
        return {
            "size": self.size,
            "parser_widths": list(self.parser_widths),
            "inner": list(self.inner),
            "looks_size": self.looks_size,
            "widths": list(self.widths),
            "zone_width": self.zone_width,
        }

    def forward(self, crops: Tensor) -> AppearanceOutput:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], to what they show."""
        regions, found = self._see(crops)
        attributes = (found.attributes - self.threshold) * self.scale
        return AppearanceOutput(regions, found.lights, found.light_vector, attributes)

    def parse(self, crops: Tensor) -> Tensor:
        """(N, 3, S, S) crops to (N, 12, S, S), the probability of each `regions.Region`."""
        chances = self.parser(resample(crops, self.size)).float().softmax(1)
        return resample(chances, crops.shape[-1])

    def traits(self, crops: Tensor) -> Tensor:
        """(N, 3, S, S) crops to (N, T), what the last layers tell attributes by."""
        return self._see(crops)[1].traits

    def _see(self, crops: Tensor) -> tuple[Tensor, LooksOutput]:
        """Return the segments' logits and what is seen beside them."""
        fine = resample(crops, self.size)
        levels = self.parser.encoder(fine)
        regions = self.parser.decoder(fine, levels)
        # Where a zone lies is the parser's own business: no other loss may move it. Half the size
        # is fine enough for means, and four times as fast.
        coarse = F.adaptive_avg_pool2d(regions.detach().contiguous(), self.size // 2)
        chances = coarse.softmax(1)
        zones = F.adaptive_avg_pool2d(zone_shares(chances), self.looks_size // 2)
        hints = parsed_hints([level.detach() for level in levels], chances, zones)
        return regions, self.looks(resample(crops, self.looks_size), zones, hints)

    def readings(self, output: AppearanceOutput) -> list[AppearanceReading]:
        """Return one reading per crop."""
        columns = (
            output.regions.argmax(1).to(torch.uint8),
            output.lights.float().softmax(1),
            output.light_vector.float(),
            output.attributes.float().sigmoid(),
            confidence_of(output.attributes.float(), self.rarity.float()),
        )
        rows = zip(*(column.cpu().numpy() for column in columns), strict=True)
        return [AppearanceReading(*row) for row in rows]
