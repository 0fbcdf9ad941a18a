"""Skin in place of a beard, drawn on the photo's own pixels."""

from dataclasses import dataclass

import numpy as np

from faceedit.channels import largest
from faceedit.compose.canvas import Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR, LARGEST_RATIO
from faceedit.compose.grain import grain_of
from faceedit.numerics import check_answer


@dataclass(frozen=True)
class Shaved(Fading):
    """A chin without its beard, a `Detail`.

    Attributes:
        cover: (h, w) float32 in [0, 1] that covers the crop, where hair is.
        skin: (h, w, 3) float32 RGB in [0, 1], what lies below it, without its grain.
        log_ratio: (h, w, 3) float32, what takes its shade from skin beside it.
        known: (h, w) float32 in [0, 1], where bare skin is seen.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
        seed: of what is by chance.
    """

    cover: np.ndarray
    skin: np.ndarray
    log_ratio: np.ndarray
    known: np.ndarray
    size: int
    unit: float
    seed: int

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(LARGEST_RATIO, log_ratio=self.log_ratio)
        check_answer(LARGEST_COLOUR, cover=self.cover, skin=self.skin, known=self.known)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        touched = np.maximum(self.cover, largest(np.abs(self.log_ratio)) > 0.01)
        box = canvas.where(touched, self.size) if self.strength else None
        if box is None:
            return []
        part = canvas.part(box)
        frame, draw = (self.size, self.unit), np.random.default_rng(self.seed)
        below = np.clip(part.sample(self.skin, self.size), 0, 1)
        below += grain_of(canvas, self.known, frame, part.pixels.shape[:2], draw)
        seen = part.pixels * np.exp(part.sample(self.log_ratio, self.size))
        share = np.clip(part.sample(self.cover, self.size), 0, 1)[..., None]
        made = np.clip(seen + share * (below - seen), 0, 1)
        there = np.clip(20 * part.sample(touched.astype(np.float32), self.size), 0, 1)
        return [Patch(box, made, there * np.float32(min(self.strength, 1.0)))]
