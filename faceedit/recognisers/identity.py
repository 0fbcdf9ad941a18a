"""Who it is: a vector per face, near for one person and far for two."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.nn.gradients import OrientedGradients
from faceedit.nn.residual import Residual
from faceedit.ranges import check_ranges
from faceedit.recognisers.base import Recogniser, grey, window

IDENTITY_WINDOW = (8 / 64, 9 / 64, 56 / 64, 57 / 64)
"""The part of a crop that is looked at: left, top, right and bottom as shares of its side.

Forehead to chin and ear to ear: a little more than expressions need, little of the hair.
"""
SPREAD = 0.04
"""Added to a picture's own spread, in [-1, 1], so that a blank one stays blank."""


@dataclass(frozen=True)
class Identity:
    """Who a crop shows.

    Attributes:
        vector: (D,) float32 of length 1.
    """

    vector: np.ndarray

    def cosine(self, other: "Identity") -> float:
        """Return how alike two faces are: 1 for one picture, about 0 for two people."""
        return float(self.vector @ other.vector)


class IdentityRecogniser(Recogniser[Tensor, Identity]):
    """Oriented gradients read twice: place by place in one step, and by a small residual network.

    The linear reading is what few people suffice to learn, in closed form (Fisherfaces, Belhumeur
    et al. 1997); the residual one is learned by descent and forgives features that lie elsewhere.
    The cosine of the result is a weighted mean of the cosines of both.

    Args:
        dimensions: of the vector, half of them of each reading.
        widths: channels of the residual network, at the grid of the gradients and at half of it.
        levels: of the pyramid of gradients.
        grid: cells along its side.
        dropout: of the residual network's features, in training.

    Raises:
        ValueError: a number is out of range.

    Attributes:
        balance: weight of the linear reading's cosine, 0 to 1; chosen after training.
        threshold: cosine from which two faces count as one person's; chosen after training.
    """

    name: ClassVar[str] = "identity"

    def __init__(
        self,
        dimensions: int = 256,
        widths: Sequence[int] = (64, 96),
        levels: int = 4,
        grid: int = 14,
        dropout: float = 0.4,
    ):
        super().__init__()
        check_ranges(
            dimensions=(dimensions, 2, 2048),
            widths=(widths, 1, 512),
            levels=(levels, 1, 6),
            grid=(grid, 2, 32),
            dropout=(dropout, 0.0, 0.9),
        )
        if grid % 2:
            raise ValueError(f"grid is {grid}, which is not even")
        self.dimensions, self.widths = dimensions, tuple(widths)
        self.levels, self.grid = levels, grid
        self.gradients = OrientedGradients(levels=levels, grid=grid)
        channels, half = self.gradients.channels, dimensions // 2
        self.places = nn.Linear(channels * grid * grid, half)
        self.shapes = ShapeReading(channels, grid, widths, dimensions - half, dropout)
        self.balance: Tensor
        self.threshold: Tensor
        self.register_buffer("balance", torch.tensor(0.5))
        self.register_buffer("threshold", torch.tensor(0.5))

    @property
    def architecture(self) -> dict[str, Any]:
        """Sizes."""
        return {
            "dimensions": self.dimensions,
            "widths": list(self.widths),
            "levels": self.levels,
            "grid": self.grid,
        }

    def forward(self, crops: Tensor) -> Tensor:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], to (N, dimensions) vectors of length 1."""
        return self.look(self.frame(crops))

    def frame(self, crops: Tensor) -> Tensor:
        """Cut (N, 1, size, size) grey pictures of `IDENTITY_WINDOW` out of crops."""
        return window(grey(crops), self.gradients.size, IDENTITY_WINDOW)

    def look(self, pictures: Tensor) -> Tensor:
        """Pictures of `frame` to (N, dimensions) vectors of length 1."""
        return self.join(*self.both(self.maps(pictures)))

    def maps(self, pictures: Tensor) -> Tensor:
        """(N, 1, size, size) framed grey pictures to their oriented gradients."""
        mean = pictures.mean((2, 3), keepdim=True)
        spread = pictures.std((2, 3), keepdim=True)
        return self.gradients((pictures - mean) / (spread + SPREAD))

    def both(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """(N, channels, grid, grid) to both readings, (N, dimensions / 2) each of length 1."""
        places = self.places(maps.flatten(1))
        return F.normalize(places, dim=1), F.normalize(self.shapes(maps), dim=1)

    def join(self, places: Tensor, shapes: Tensor) -> Tensor:
        """Both readings of `both` to (N, dimensions) vectors of length 1."""
        return torch.cat([places * self.balance.sqrt(), shapes * (1 - self.balance).sqrt()], 1)

    def describe(self, crops: Tensor) -> Tensor:
        """Like `forward`, the mean over each crop and its mirror image."""
        pictures = self.frame(crops)
        own, mirrored = self.look(torch.cat([pictures, pictures.flip(3)])).chunk(2)
        return F.normalize(own + mirrored, dim=1)

    def readings(self, output: Tensor) -> list[Identity]:
        """Return one identity per row of `forward`."""
        return [Identity(vector) for vector in output.float().cpu().numpy()]

    def same_person(self, one: Identity, other: Identity) -> bool:
        """Return whether two readings are of one person.

        The threshold errs as often in both directions on web photos of people held back.
        """
        return one.cosine(other) >= float(self.threshold)


class ShapeReading(nn.Module):
    """A residual network whose last layer still knows where things are.

    Args:
        channels: of the maps.
        grid: their side, even.
        widths: channels at the grid and at half of it.
        dimensions: of the vector.
        dropout: of the features before the last layer, in training.
    """

    def __init__(
        self, channels: int, grid: int, widths: Sequence[int], dimensions: int, dropout: float
    ):
        super().__init__()
        fine, coarse = widths
        self.body = nn.Sequential(
            nn.BatchNorm2d(channels),
            Residual(channels, fine, 1),
            Residual(fine, coarse, 2),
            Residual(coarse, coarse, 1),
        )
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(coarse * (grid // 2) ** 2, dimensions, bias=False)
        self.scale = nn.BatchNorm1d(dimensions)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, channels, grid, grid) to (N, dimensions) of any length."""
        x = self.body(maps.contiguous(memory_format=torch.channels_last))
        return self.scale(self.linear(self.dropout(x.flatten(1))))
