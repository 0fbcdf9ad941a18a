"""How far something reaches from a line through a head."""

from dataclasses import dataclass

import cv2
import numpy as np

STEP = 0.03
STEPS = np.arange(0, 3, STEP, dtype=np.float32)
HEIGHTS = np.arange(-3, 3, STEP, dtype=np.float32)
"""Eye distances out of a line and down it, at which an end is looked for."""
EVEN = 0.12
"""Heights over which an outline is smoothed."""


@dataclass(frozen=True)
class Line:
    """A line through a head, and the side of it that is looked at.

    Attributes:
        middle: (2,) float32 pixels, on the line.
        out: (2,) float32 unit, from it to the side.
        down: (2,) float32 unit, along it.
        unit: eye distance in pixels.
    """

    middle: np.ndarray
    out: np.ndarray
    down: np.ndarray
    unit: float

    def far(self, places: np.ndarray) -> np.ndarray:
        """Return how far (..., 2) places are from the line, in eye distances."""
        return (places - self.middle) @ self.out / np.float32(self.unit)

    def low(self, places: np.ndarray) -> np.ndarray:
        """Return how far they are below its middle, in eye distances."""
        return (places - self.middle) @ self.down / np.float32(self.unit)

    def places(self) -> np.ndarray:
        """Return where each of `HEIGHTS` and each of `STEPS` is, (H, F, 2) float32 pixels."""
        out = STEPS[:, None] * self.out + HEIGHTS[:, None, None] * self.down
        return self.middle + np.float32(self.unit) * out


def sampled(field: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return a (S, S, ...) field at (..., 2) float32 pixels, continued beyond its edges."""
    return cv2.remap(
        field, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def first(found: np.ndarray, over: float = EVEN) -> np.ndarray:
    """Return the first step at which something is found at each height, (H,) float32.

    Args:
        found: (H, F) bool, at `Line.places`.
        over: heights over which the steps are smoothed.
    """
    step = np.where(found.any(1), STEPS[found.argmax(1)], STEPS[-1])
    return cv2.GaussianBlur(step[:, None].astype(np.float32), (0, 0), over / STEP)[:, 0]


def extents(line: Line, person: np.ndarray) -> np.ndarray:
    """Return how far out a person reaches at each of `HEIGHTS`, (H,) float32 eye distances.

    Args:
        line: from which that is measured.
        person: (S, S) float32 in [0, 1].
    """
    return first(sampled(person, line.places()) < 0.5)
