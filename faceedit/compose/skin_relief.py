"""The relief of skin: shade laid on a face, its own creases deepened or smoothed, lines drawn."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.channels import largest
from faceedit.compose.canvas import Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR, LARGEST_RATIO
from faceedit.numerics import check_answer
from faceedit.tones import LUMA

BANDS = (0.004, 0.012, 0.04)
"""Eye distances between which pores, lines and folds of skin lie; finer is grain, and stays."""
DARKEST = np.float32(0.03)
"""Added to display values before the logarithm."""
MOST = 0.16
"""Log ratio to which what a band holds is bent: lashes, hairs and moles are no creases."""


@dataclass(frozen=True)
class SkinRelief(Fading):
    """Skin with other shade and creases, a `Detail`.

    Attributes:
        log_ratio: (h, w, 3) float32 that covers the crop, added to the log of the skin.
        skin: (h, w) float32 in [0, 1], where creases change and lines are drawn.
        gains: what pores and lines, and folds, are multiplied by, less 1.
        places: (h, w, 2) float32 that covers the crop: where each pixel lies on `lines`,
            as shares of its side.
        lines: (n, m) float32 log ratio on a map of the face.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
    """

    log_ratio: np.ndarray
    skin: np.ndarray
    gains: tuple[float, float]
    places: np.ndarray
    lines: np.ndarray
    size: int
    unit: float

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(LARGEST_RATIO, log_ratio=self.log_ratio, lines=self.lines)
        check_answer(LARGEST_COLOUR, skin=self.skin, gains=np.array(self.gains))
        check_answer(LARGEST_COLOUR, places=self.places)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        shaded = np.maximum(self.skin, largest(np.abs(self.log_ratio)) > 1e-3)
        box = canvas.where(shaded, self.size) if self.strength else None
        if box is None:
            return []
        part = canvas.part(box)
        skin = np.clip(part.sample(self.skin, self.size), 0, 1)
        unit = self.unit / float(np.hypot(part.to_crop[0, 0], part.to_crop[1, 0]))
        change = self._creases(part.pixels, skin, unit)
        if self.lines.any():
            at = part.sample(self.places, self.size) * np.float32(len(self.lines)) - np.float32(0.5)
            change += cv2.remap(self.lines, at[..., 0], at[..., 1], cv2.INTER_LINEAR) * skin
        # Skin in a crease is redder, as less light leaves it.
        change = change[..., None] * np.array([0.85, 1.05, 1.1], np.float32)
        change += part.sample(self.log_ratio, self.size)
        there = np.clip(20 * part.sample(shaded.astype(np.float32), self.size), 0, 1)
        made = part.pixels * np.exp(np.float32(self.strength) * change)
        return [Patch(box, np.clip(made, 0, 1), there)]

    def _creases(self, pixels: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
        """Return the change of log luma that deepens, or smooths, what skin has of creases."""
        light = np.log(pixels @ LUMA.astype(np.float32) + DARKEST)
        levels = [_blurred(light, skin, one * unit) for one in BANDS]
        change = np.zeros_like(light)
        for gain, finer, coarser in zip(self.gains, levels[:-1], levels[1:], strict=True):
            change += np.float32(gain * MOST) * np.tanh((finer - coarser) / np.float32(MOST))
        return change * skin


def _blurred(light: np.ndarray, skin: np.ndarray, sigma: float) -> np.ndarray:
    """Blur within skin: nothing of what lies beside it runs in."""
    if sigma < 0.4:
        return light
    weight = cv2.GaussianBlur(skin, (0, 0), sigma) + np.float32(1e-3)
    return (cv2.GaussianBlur(light * skin, (0, 0), sigma) + np.float32(1e-3) * light) / weight
