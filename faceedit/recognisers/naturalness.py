"""How natural a face looks: LEGAN's quality estimator Q (sections 3 and 7 of the paper)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.align import crop_affine
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import N_SURFACE, mean_shape
from faceedit.ranges import check_ranges
from faceedit.recognisers.base import Recogniser, window

SIZE = 128
"""Side in pixels of the square that the network sees (Table 6)."""
WINDOW = (0.1, 0.15, 0.9, 0.95)
"""What it shows of a crop: left, top, right and bottom as shares of its side.

The face with a little around it; 128 px of a crop of 160, which training sees as it is.
"""
LAYERS = 6
SLOPE = 0.01
HIGHEST = 10.0
"""Ratings go from 0, unnatural, to 10, hyper-realistic."""
HULL_MARGIN = 1.1
"""Size of the mask over that of the mean face: open mouths and other faces reach further."""
HULL_SOFTNESS = 3.0
"""Standard deviation of the mask's edge in pixels of the square."""


@dataclass(frozen=True)
class NaturalnessReading:
    """How natural one face looks.

    Attributes:
        score: 0 (unnatural) to 10 (hyper-realistic).
    """

    score: float


class NaturalnessRecogniser(Recogniser[Tensor, NaturalnessReading]):
    """Strided convolutions and two linear layers, as in Table 6 of LEGAN.

    LEGAN blackens what lies outside the convex hull of the picture's own landmarks. Inside a loss
    there are none, so the hull here is that of the mean face, the same for every aligned crop, and
    its edge is soft. What happens in the hair and behind the head has no influence.

    Args:
        width: channels of the first convolution; each other one has twice those of the one before.
        widest: no convolution has more.
        features: channels of the first linear layer.
        masked: whether the hull is all that is seen; False shows the whole window.

    Raises:
        ValueError: a number is out of range.
    """

    name: ClassVar[str] = "naturalness"

    def __init__(
        self, width: int = 64, widest: int = 2048, features: int = 256, masked: bool = True
    ):
        super().__init__()
        check_ranges(width=(width, 1, 512), widest=(widest, 1, 4096), features=(features, 1, 4096))
        if not isinstance(masked, bool):
            raise ValueError(f"masked is {masked!r}, not true or false")
        self.width, self.widest, self.features, self.masked = width, widest, features, masked
        widths = [3, *(min(width << i, widest) for i in range(LAYERS))]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths)
        )
        self.fc0 = nn.Linear(widths[-1] * (SIZE >> LAYERS) ** 2, features)
        self.fc1 = nn.Linear(features, 1)
        self.mask: Tensor
        self.register_buffer("mask", torch.from_numpy(hull_mask()), persistent=False)
        for layer in self.convolutions:
            # Without normalisation only the right spread lets six layers pass on what they see.
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)  # pyright: ignore[reportArgumentType]
            nn.init.zeros_(layer.bias)  # pyright: ignore[reportArgumentType]
        nn.init.constant_(self.fc1.bias, HIGHEST / 2)

    @property
    def architecture(self) -> dict[str, Any]:
        """Widths, and whether there is a mask."""
        return {
            "width": self.width,
            "widest": self.widest,
            "features": self.features,
            "masked": self.masked,
        }

    def forward(self, crops: Tensor) -> Tensor:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], to (N,) scores, linear and unbounded."""
        x = self.seen(crops)
        for layer in self.convolutions:
            x = F.leaky_relu(layer(x), SLOPE)
        return self.judge(x)

    def seen(self, crops: Tensor) -> Tensor:
        """(N, 3, S, S) aligned crops to what the first convolution sees, (N, 3, SIZE, SIZE)."""
        x = window(crops, SIZE, WINDOW)
        return (x + 1) * self.mask - 1 if self.masked else x

    def judge(self, features: Tensor) -> Tensor:
        """What the last convolution gives, (N, C, 2, 2), to (N,) scores."""
        return self.fc1(self.fc0(features.flatten(1)))[:, 0]

    def readings(self, output: Tensor) -> list[NaturalnessReading]:
        """Return one reading per crop, scores outside the scale set to its ends."""
        return [NaturalnessReading(score) for score in output.clamp(0, HIGHEST).tolist()]


def hull_mask() -> np.ndarray:
    """Return the mean face's soft convex hull in the window: (SIZE, SIZE) float32 in [0, 1]."""
    shape = mean_shape()[:N_SURFACE]
    affine = crop_affine(mean_shape(), 1)
    # Pixel centres lie at integers: in a crop of side 1 its left edge is at -0.5.
    points = shape[:, :2] @ affine[:, :2].T + affine[:, 2] + 0.5
    hull = cv2.convexHull(points.astype(np.float32))[:, 0]
    centre = hull.mean(0)
    hull = centre + (hull - centre) * HULL_MARGIN
    left, top, right, bottom = WINDOW
    corners = (hull - [left, top]) / [right - left, bottom - top] * SIZE - 0.5
    return cv2.GaussianBlur(fill_polygon(corners, (SIZE, SIZE)), (0, 0), HULL_SOFTNESS)
