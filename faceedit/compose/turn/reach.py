"""How far a person reaches from a line through the head."""

from dataclasses import dataclass

import cv2
import numpy as np

STEP, EVEN = 0.02, 0.12
"""Eye distances between places at which an outline is looked for, and heights over which it is
smoothed."""
REACH = 3.0
"""From the line, within which it lies."""


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


def heights() -> np.ndarray:
    """Return the heights at which outlines are looked for, below a line's middle, (H,) float32."""
    return np.arange(-REACH, REACH, STEP, dtype=np.float32)


def extents(line: Line, person: np.ndarray) -> np.ndarray:
    """Return how far out a person reaches at each of `heights`, (H,) float32 eye distances.

    Args:
        line: from which that is measured.
        person: (S, S) float32 in [0, 1].
    """
    far = np.arange(0, REACH, STEP, dtype=np.float32)[None, :, None]
    low = heights()[:, None, None]
    at = line.middle + np.float32(line.unit) * (far * line.out + low * line.down)
    seen = cv2.remap(
        person, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    gone = seen < 0.5
    reach = np.where(gone.any(1), gone.argmax(1), far.size) * np.float32(STEP)
    return cv2.GaussianBlur(reach[:, None], (0, 0), EVEN / STEP)[:, 0]
