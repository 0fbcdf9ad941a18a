"""Hairs drawn on the photo's own pixels, and the shade that roots give to the skin below."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.canvas import FARTHEST, Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR
from faceedit.faces.align import invert
from faceedit.numerics import check_answer

FINE = 900.0
"""Eye distance in pixels at which hairs are drawn."""
FINEST = 5
"""Times by which a window is enlarged for it at most."""
BITS = 4
"""Of fractions of a pixel."""
TIP = 0.5
"""Opacity of a hair's outer part."""
FULL = 0.25
"""Strength from which on all hairs are there; below it they fade."""
SHORTEST = 0.16
"""Length of stubble, of that of hairs at full strength."""
SOFT = 0.0035
"""Blur of strokes in eye distances: photos are not as sharp as what is drawn."""


@dataclass(frozen=True)
class Hairs:
    """Hairs on a face.

    Attributes:
        curves: (N, K, 2) float32 in crop pixels, from the root to the tip.
        colours: (N, 3) float32 RGB in [0, 1].
        widths: (N,) float32 in eye distances.
    """

    curves: np.ndarray
    colours: np.ndarray
    widths: np.ndarray


@dataclass(frozen=True)
class Growth(Fading):
    """Hair that grows out of skin, a `Detail`.

    Attributes:
        hairs: the lowest first.
        roots: (h, w) float32 in [0, 1] that covers the crop: how far roots shade the skin.
        allowed: (h, w) float32 in [0, 1], where hairs may be seen.
        colour: (h, w, 3) float32 RGB in [0, 1], of hair in the light of each place.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
    """

    hairs: Hairs
    roots: np.ndarray
    allowed: np.ndarray
    colour: np.ndarray
    size: int
    unit: float

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(FARTHEST * size, hairs=self.hairs.curves)
        check_answer(LARGEST_COLOUR, roots=self.roots, allowed=self.allowed, colour=self.colour)
        check_answer(LARGEST_COLOUR, hair=self.hairs.colours, widths=self.hairs.widths)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        box = canvas.where(self.allowed, self.size) if self.strength else None
        if box is None or not len(self.hairs.curves):
            return []
        part = canvas.part(box)
        shape = part.pixels.shape[:2]

        def field(values: np.ndarray) -> np.ndarray:
            return np.clip(part.sample(values, self.size), 0, 1)

        allowed, hue = field(self.allowed), field(self.colour)
        fade = np.float32(min(self.strength / FULL, 1.0))
        shade = field(self.roots) * allowed * np.float32(min(self.strength, 1.0) ** 0.7)
        # Roots darken; fair ones on dark skin do not show.
        below = np.minimum(part.pixels, hue)
        strokes = self._strokes(part, shape) * (allowed * fade)[..., None]
        over = 1 - strokes[..., 3:]
        opacity = strokes[..., 3] + shade * over[..., 0]
        paint = strokes[..., :3] + below * shade[..., None] * over
        paint = np.clip(paint / np.maximum(opacity, 1e-4)[..., None], 0, 1)
        return [Patch(box, paint, opacity)]

    def _strokes(self, part: Canvas, shape: tuple[int, int]) -> np.ndarray:
        """Return hairs on a window, (h, w, 4) float32: RGB times opacity, and opacity."""
        back = invert(part.to_crop)
        unit = self.unit * float(np.hypot(back[0, 0], back[1, 0]))
        finer = int(np.clip(FINE / unit, 1, FINEST))
        shown, kept = self._shown()
        places = shown @ back[:, :2].T.astype(np.float32) + back[:, 2].astype(np.float32)
        fixed = np.round(((places + 0.5) * finer - 0.5) * (1 << BITS)).astype(np.int32)
        sheet = np.zeros((shape[0] * finer, shape[1] * finer, 4), np.uint8)
        colours = np.column_stack([self.hairs.colours[kept] * 255, np.full(kept.sum(), 255)])
        widths = np.maximum(np.round(self.hairs.widths[kept] * unit * finer), 1).astype(int)
        half = fixed.shape[1] // 2
        # What is over a tip is another hair: tips first.
        for start, share in ((half, TIP), (0, 1.0)):
            end = fixed.shape[1] if start else half + 1
            told = (share * colours).tolist()
            for curve, colour, width in zip(
                fixed[:, start:end], told, widths.tolist(), strict=True
            ):
                cv2.polylines(sheet, [curve], False, colour, width, cv2.LINE_AA, BITS)
        drawn = cv2.resize(sheet, shape[::-1], interpolation=cv2.INTER_AREA)
        drawn = drawn.astype(np.float32) / np.float32(255)
        return cv2.GaussianBlur(drawn, (0, 0), max(0.45, SOFT * unit))

    def _shown(self) -> tuple[np.ndarray, np.ndarray]:
        """Return hairs as long as the strength has them, and which of all these are."""
        share = np.float32(min(self.strength, 1.0))
        curves = self.hairs.curves
        kept = np.arange(len(curves)) % 16 < np.ceil(16 * min(1.0, 0.45 + 0.55 * share))
        root = curves[kept][:, :1]
        return root + (curves[kept] - root) * (SHORTEST + (1 - SHORTEST) * share), kept
