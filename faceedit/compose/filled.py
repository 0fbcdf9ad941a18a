"""What creases skin and is gone after an edit: found in the photo, and filled from beside it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from faceedit.compose.canvas import Canvas, Patch
from faceedit.compose.details import MovedPoints
from faceedit.compose.mouth.lips import sample_box
from faceedit.faces.align import invert

SMALLEST = 8
"""Pixels: side of a part of a window that shows nothing to fill."""


@dataclass(frozen=True)
class Filled(ABC):
    """A `Detail` that changes the gain alone, where the flow takes what it fills.

    Attributes:
        points: of the face.
        places: mesh points of each crease.
        reach: eye distances about them that are looked at.
    """

    points: MovedPoints
    places: ClassVar[tuple[tuple[int, ...], ...]]
    reach: ClassVar[float]

    @abstractmethod
    def share(self) -> float:
        """Return in [0, 1] how far what is filled goes with the edit."""

    @abstractmethod
    def fill(
        self, photo: np.ndarray, landmarks: np.ndarray, place: tuple[int, ...], unit: float
    ) -> np.ndarray:
        """Return the log ratio, (h, w, 3) float32, that fills one crease in full.

        Args:
            photo: (h, w, 3) float32 RGB in [0, 1].
            landmarks: (>= 468, 2) in its pixels.
            place: one of `places`.
            unit: the eye distance in pixels.
        """

    @property
    def paints(self) -> bool:
        """See `Detail.paints`."""
        return False

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        self.points.check(size)

    def scaled(self, strength: float) -> Self:
        """See `Detail.scaled`."""
        return replace(self, points=self.points.scaled(strength))

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        share = self.share()
        if share == 0:
            return []
        points = self.points.mapped(invert(canvas.to_crop))
        limit = np.array(canvas.pixels.shape[1::-1])
        for place in self.places:
            ends = np.concatenate([points.before[list(place), :2], points.after[list(place)]])
            reach = points.unit * self.reach
            low = np.clip(np.floor(ends.min(0) - reach), 0, limit).astype(int)
            high = np.clip(np.ceil(ends.max(0) + reach) + 1, 0, limit).astype(int)
            if (high - low).min() < SMALLEST:
                continue
            box = (slice(low[1], high[1]), slice(low[0], high[0]))
            landmarks = points.before[:, :2] - low
            fill = share * self.fill(canvas.pixels[box], landmarks, place, points.unit)
            canvas.gain[box] *= np.exp(sample_box(fill, canvas.flow[box]))
        return []
