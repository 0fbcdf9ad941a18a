"""A fringe of locks that are cut out of the photo's own hair."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.canvas import FARTHEST, Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR
from faceedit.compose.hair.locks import DARK, Lock, Piece, cut_pieces, find_pieces, lay_lock
from faceedit.compose.matte import draw_matte
from faceedit.faces.align import invert
from faceedit.numerics import check_answer

BROAD = 0.25
"""Eye distances over which the light on hair is averaged."""
NEARBY = 0.4
"""Eye distances from which a lock's hair mostly comes."""
LIKE = 0.5
"""Most by which a piece's log brightness is changed to that of hair about its root."""
UNEVEN = 0.06
"""Spread of the log brightness of neighbouring locks."""
SOFT = 0.003
"""Blur of what is drawn in eye distances."""
SHADOW, FALLS = 0.34, 0.035
"""Opacity of the fringe's shadow, and eye distances by which it falls and is soft."""
TINT = np.array([0.85, 1.0, 1.08], np.float32)
"""Of the shadow in each colour: skin in the shade is redder."""
FULL = 0.25
"""Strength from which on a fringe is opaque."""
AROUND = 0.25
"""Eye distances about locks that they may reach."""


@dataclass(frozen=True)
class Fringe(Fading):
    """Locks over a forehead, a `Detail`.

    Attributes:
        hair: (h, w) float32 in [0, 1] that covers the crop, which pixels show hair.
        roots: (N, 2) float32 where locks begin, in crop pixels, the lowest first.
        tips: (N, 2) float32 where they end.
        widths: (N,) float32 in crop pixels.
        down: (2,) unit vector, down the face.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
        seed: of what is by chance.
    """

    hair: np.ndarray
    roots: np.ndarray
    tips: np.ndarray
    widths: np.ndarray
    down: np.ndarray
    size: int
    unit: float
    seed: int

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(LARGEST_COLOUR, hair=self.hair)
        check_answer(FARTHEST * size, roots=self.roots, tips=self.tips, widths=self.widths)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        box = canvas.where(self.hair, self.size) if self.strength else None
        if box is None:
            return []
        part = canvas.part(box)
        unit = self.unit / float(np.hypot(part.to_crop[0, 0], part.to_crop[1, 0]))
        draw = np.random.default_rng(self.seed)
        matte = draw_matte(self.hair, part.pixels, 1.0, part.to_crop, self.size)
        found, _ = find_pieces(part.pixels, matte, unit, draw)
        pieces = cut_pieces(part.pixels, found, unit)
        around = np.zeros((self.size, self.size), np.float32)
        # Less strength is a shorter fringe.
        tips = self.roots + min(self.strength, 1.0) * (self.tips - self.roots)
        for place in np.vstack([self.roots, tips]).round().astype(int).tolist():
            cv2.circle(around, place, round(AROUND * self.unit), 1.0, -1)
        there = canvas.where(around, self.size)
        if not pieces or there is None:
            return []
        # Places of the hair's window in that of the fringe.
        corner = np.array([box[1].start - there[1].start, box[0].start - there[0].start])
        light = _Light(part.pixels, matte, corner, BROAD * unit)
        sheet = self._sheet(canvas.part(there), tips, pieces, light, unit, draw)
        matte = draw_matte(
            self.hair, canvas.pixels[there], 1.0, canvas.part(there).to_crop, self.size
        )
        return [self._over(canvas.pixels[there], there, sheet, matte, unit)]

    def _sheet(
        self,
        part: Canvas,
        tips: np.ndarray,
        pieces: list[Piece],
        light: "_Light",
        unit: float,
        draw: np.random.Generator,
    ) -> np.ndarray:
        """Return the locks on a window, (h, w, 4) float32: RGB times opacity, and opacity."""
        back = invert(part.to_crop)
        scale = float(np.hypot(back[0, 0], back[1, 0]))
        roots, tips = (one @ back[:, :2].T + back[:, 2] for one in (self.roots, tips))
        down = back[:, :2] @ self.down / scale
        middles = np.array([piece.middle for piece in pieces]) + light.corner
        sheet = np.zeros((*part.pixels.shape[:2], 4), np.float32)
        for root, tip, width in zip(roots, tips, self.widths * scale, strict=True):
            near = np.exp(-np.linalg.norm(middles - root, axis=1) / (NEARBY * unit)) + 1e-9
            piece = pieces[draw.choice(len(pieces), p=near / near.sum())]
            change = np.clip(light.at(root) - piece.light, -LIKE, LIKE) + draw.normal(0, UNEVEN)
            gain = np.exp(change).astype(np.float32)
            lay_lock(sheet, piece, Lock(root, tip, float(width), down), gain, unit, draw)
        return cv2.GaussianBlur(sheet, (0, 0), max(0.3, SOFT * unit))

    def _over(
        self,
        pixels: np.ndarray,
        box: tuple[slice, slice],
        sheet: np.ndarray,
        matte: np.ndarray,
        unit: float,
    ) -> Patch:
        """Lay locks and their shadow over a window."""
        opacity = sheet[..., 3]
        shadow = cv2.GaussianBlur(opacity, (0, 0), 0.8 * FALLS * unit)
        shift = np.column_stack([np.eye(2), FALLS * unit * self.down])
        shadow = cv2.warpAffine(shadow, shift.astype(np.float32), shadow.shape[::-1])
        shadow *= np.float32(SHADOW) * (1 - matte)
        made = sheet[..., :3] + (1 - opacity[..., None]) * pixels * (1 - shadow[..., None] * TINT)
        share = np.clip(np.maximum(opacity, shadow) * 50, 0, 1) * min(self.strength / FULL, 1.0)
        return Patch(box, np.clip(made, 0, 1), share.astype(np.float32))


class _Light:
    """The log brightness of hair around places.

    Args:
        pixels: (H, W, 3) float32 RGB of a window.
        matte: (H, W) float32 of its hair.
        corner: (2,) of the window.
        sigma: pixels over which it is averaged.
    """

    def __init__(self, pixels: np.ndarray, matte: np.ndarray, corner: np.ndarray, sigma: float):
        self.corner = corner
        near = cv2.GaussianBlur(matte, (0, 0), sigma)[..., None] + np.float32(1e-3)
        logs = np.log(pixels + DARK) * matte[..., None]
        self._mean = cv2.GaussianBlur(logs, (0, 0), sigma) / near

    def at(self, place: np.ndarray) -> np.ndarray:
        """Return the mean log display values of hair around a (2,) place, (3,)."""
        x, y = np.round(place - self.corner).astype(int)
        height, width = self._mean.shape[:2]
        return self._mean[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
