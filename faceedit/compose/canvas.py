"""What is drawn on a photo's own pixels: the window, a detail of an edit, and its paint."""

from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import cv2
import numpy as np

from faceedit.compose.edit import sample_field

FARTHEST = 4
"""Sides of a crop within which the points of its face lie."""

Slices = tuple[slice, slice]


@dataclass(frozen=True)
class Patch:
    """Paint on a part of a window.

    Attributes:
        box: slices of the window.
        paint: (h, w, 3) float32 RGB in [0, 1].
        opacity: (h, w) float32 in [0, 1].
    """

    box: Slices
    paint: np.ndarray
    opacity: np.ndarray


@dataclass(frozen=True)
class Canvas:
    """A window of a photo on which an edit is drawn.

    Attributes:
        pixels: (H, W, 3) float32 RGB in [0, 1], the photo's.
        flow: (H, W, 2) float32 window pixels, written over.
        gain: (H, W, 3) float32, factors of brightness, written over.
        to_crop: (2, 3) similarity from window pixels to crop pixels.
    """

    pixels: np.ndarray
    flow: np.ndarray
    gain: np.ndarray
    to_crop: np.ndarray

    def part(self, box: Slices) -> "Canvas":
        """Return a part of the window, which shares its arrays."""
        corner = np.array([box[1].start, box[0].start], np.float64)
        shift = self.to_crop[:, :2] @ corner + self.to_crop[:, 2]
        to_crop = np.column_stack([self.to_crop[:, :2], shift])
        return Canvas(self.pixels[box], self.flow[box], self.gain[box], to_crop)

    def sample(self, field: np.ndarray, size: int) -> np.ndarray:
        """Draw a field that covers a crop of side `size` on the window; see `sample_field`."""
        return sample_field(field, size, self.to_crop, self.pixels.shape[:2])

    def where(self, shown: np.ndarray, size: int) -> Slices | None:
        """Return the part that what a crop of side `size` shows can touch; None if none."""
        there = self.sample((shown > 0.02).astype(np.float32), size) > 1e-3
        x, y, width, height = cv2.boundingRect(there.astype(np.uint8))
        return (slice(y, y + height), slice(x, x + width)) if width and height else None


class Detail(Protocol):
    """A part of an edit that is drawn on the photo's own pixels."""

    @property
    def paints(self) -> bool:
        """Whether it shows where neither flow nor log ratio change anything."""
        ...

    def check(self, size: int) -> None:
        """Check the numbers that `draw` works with, in a crop of a side of `size` pixels.

        Raises:
            NetworkError: one is not finite or beyond all measure.
        """
        ...

    def draw(self, canvas: Canvas) -> list[Patch]:
        """Correct the canvas' flow and gain in place, and return what is to be painted."""
        ...

    def scaled(self, strength: float) -> "Detail":
        """Return the detail of an edit that goes `strength` of the way."""
        ...


@dataclass(frozen=True)
class Fading:
    """What details have in common that are drawn the more opaque, the stronger an edit is.

    Attributes:
        strength: share of the way.
    """

    strength: float = field(default=1.0, kw_only=True)

    @property
    def paints(self) -> bool:
        """See `Detail.paints`."""
        return self.strength > 0

    def scaled(self, strength: float) -> Self:
        """See `Detail.scaled`."""
        return replace(self, strength=self.strength * strength)
