"""What a crop shows beside the expression: its parts, its light, and how the person looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.nn.parsing import Parser
from faceedit.ranges import check_ranges
from faceedit.recognisers.base import Recogniser, resample
from faceedit.recognisers.looks import Looks, zone_shares
from faceedit.studio.lights import LIGHTS
from faceedit.studio.semantic import Region
from faceedit.targets import ATTRIBUTES

LIGHT_NAMES = tuple(LIGHTS)
"""In the order of every vector of lights: that of `training.pair_tensors.LIGHT_ORDER`."""


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
    """Twelve segments (SeCGAN's), the studio's lights and 13 attributes.

    Parsing needs fine pictures and many; light and attributes need neither, and learn faster from
    coarse ones, so each has an encoder of its own. What is parsed tells the other where to look.

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
        self.looks = Looks(widths, zone_width, dropout)
        self.threshold: Tensor
        self.register_buffer("threshold", torch.zeros(len(ATTRIBUTES)))

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
        regions = self.parser(resample(crops, self.size))
        # Where a zone lies is the parser's own business: no other loss may move it. Half the size
        # is fine enough for means, and four times as fast.
        coarse = F.adaptive_avg_pool2d(regions.detach().contiguous(), self.size // 2)
        zones = F.adaptive_avg_pool2d(zone_shares(coarse.softmax(1)), self.looks_size // 2)
        found = self.looks(resample(crops, self.looks_size), zones)
        return AppearanceOutput(
            regions, found.lights, found.light_vector, found.attributes - self.threshold
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
