"""What lies below spectacles, drawn on the photo's own pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.channels import largest
from faceedit.compose.canvas import Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR, LARGEST_RATIO
from faceedit.numerics import check_answer
from faceedit.ramps import ramp

OTHER = (0.03, 0.10)
"""Differences from what lies below at which a pixel comes to be the frame's, display values."""
EDGE, SOFT = 0.012, 0.005
"""Eye distances by which frames are wider than they look, and by which they fade."""
SHARE = 1.4
"""Times the network's opacity: a frame that is thin in its pixels is whole in the photo's."""


@dataclass(frozen=True)
class Uncovered(Fading):
    """A face without spectacles, a `Detail`.

    Attributes:
        opacity: (h, w) float32 in [0, 1] that covers the crop, where a frame is.
        paint: (h, w, 3) float32 RGB in [0, 1], what lies below it.
        log_ratio: (h, w, 3) float32, what takes lenses and shadows back.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
    """

    opacity: np.ndarray
    paint: np.ndarray
    log_ratio: np.ndarray
    size: int
    unit: float

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(LARGEST_RATIO, log_ratio=self.log_ratio)
        check_answer(LARGEST_COLOUR, opacity=self.opacity, paint=self.paint)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        touched = np.maximum(self.opacity, largest(np.abs(self.log_ratio)) > 0.01)
        box = canvas.where(touched, self.size) if self.strength else None
        if box is None:
            return []
        part = canvas.part(box)
        unit = self.unit / float(np.hypot(part.to_crop[0, 0], part.to_crop[1, 0]))
        below = np.clip(part.sample(self.paint, self.size), 0, 1)
        seen = np.clip(part.pixels * np.exp(part.sample(self.log_ratio, self.size)), 0, 1)
        # The network knows where frames are; where they end the photo's own pixels say.
        off = largest(np.abs(cv2.GaussianBlur(seen, (0, 0), max(0.5, 0.003 * unit)) - below))
        frame = ramp(off, OTHER)
        side = 2 * max(1, round(EDGE * unit)) + 1
        frame = cv2.dilate(frame, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
        frame = cv2.GaussianBlur(frame, (0, 0), max(0.6, SOFT * unit))
        share = frame * np.clip(SHARE * part.sample(self.opacity, self.size), 0, 1)
        made = seen + share[..., None] * (below - seen)
        strength = np.float32(min(self.strength, 1.0))
        there = np.clip(20 * part.sample(touched.astype(np.float32), self.size), 0, 1)
        return [Patch(box, made, there * strength)]
