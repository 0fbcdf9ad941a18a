"""Paler or darker skin: its lightness and chroma moved, its shade, lines and freckles kept."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.canvas import Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR, sample_field
from faceedit.compose.matte import draw_matte
from faceedit.numerics import check_answer

AROUND = 0.16
"""Eye distances about a pixel whose skin tells whether it is something darker: hair, a lash."""
HAIR = (0.45, 0.75)
"""Of the lightness around below which a pixel is none of skin, and from which it is all of it."""
DARK = (0.3, 0.55)
"""The same of the lightness of the whole face's skin, in log lightness halved: beards."""
WHITE = 97.0
"""L* that skin does not exceed."""


@dataclass(frozen=True)
class SkinTone(Fading):
    """Skin in another tone, a `Detail`.

    Attributes:
        skin: (h, w) float32 in [0, 1], which pixels of the crop show it.
        level: median L* of the face's skin.
        gain: log factor of L*.
        chroma: (2,) factors of a* and b*.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
    """

    skin: np.ndarray
    level: float
    gain: float
    chroma: np.ndarray
    size: int
    unit: float

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(LARGEST_COLOUR, skin=self.skin, tone=np.array([self.gain, *self.chroma]))

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        box = canvas.where(self.skin, self.size) if self.strength else None
        if box is None:
            return []
        part = canvas.part(box)
        pixels, to_crop = part.pixels, part.to_crop
        skin = draw_matte(self.skin, pixels, 1.0, to_crop, self.size)
        # The matte may follow an edge beyond the segment; that is not the skin's.
        skin *= np.clip(3 * sample_field(self.skin, self.size, to_crop, skin.shape), 0, 1)
        lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
        unit = self.unit / float(np.hypot(to_crop[0, 0], to_crop[1, 0]))
        skin *= self._bare(lab[..., 0], skin, unit)
        moved = lab.copy()
        moved[..., 0] = _lifted(lab[..., 0], self.gain * self.strength)
        moved[..., 1:] *= (1 + self.strength * (self.chroma - 1)).astype(np.float32)
        made = np.clip(cv2.cvtColor(moved, cv2.COLOR_LAB2RGB), 0, 1)
        return [Patch(box, made, skin)]

    def _bare(self, light: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
        """Return how far pixels are skin, not hair that grows out of it; (H, W) in [0, 1]."""
        sigma = max(1.0, AROUND * unit)
        weight = cv2.GaussianBlur(skin, (0, 0), sigma) + np.float32(1e-3)
        around = cv2.GaussianBlur(light * skin, (0, 0), sigma) / weight
        local = (light / np.maximum(around, 1) - HAIR[0]) / (HAIR[1] - HAIR[0])
        whole = (np.sqrt(np.maximum(light, 0) / self.level) - DARK[0]) / (DARK[1] - DARK[0])
        bare = np.clip(np.minimum(local, whole), 0, 1)
        # Grain must not decide.
        return cv2.GaussianBlur(bare.astype(np.float32), (0, 0), max(0.6, 0.006 * unit))


def _lifted(light: np.ndarray, gain: float) -> np.ndarray:
    """Return L* times exp(gain), highlights bent under white so that they keep their shape."""
    if gain <= 0:
        return light * np.float32(np.exp(gain))
    # Odds against white grow evenly: what is dark gets the factor, what is white stays.
    share = np.clip(light / np.float32(WHITE), 0, 0.999)
    factor = np.float32(np.exp(gain))
    return np.where(
        light < WHITE, WHITE * share * factor / (1 + share * (factor - 1)), light
    ).astype(np.float32)
