"""A fringe of locks that are cut out of the photo's own hair."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.blur import blur_wide
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
SHADE = np.array([0.1, 0.0, 0.0], np.float32)
"""RGB of the shadow: skin in the shade is redder."""
FINEST = 300.0
"""Eye distance in pixels at which locks are drawn, if the photo is not coarser."""
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
        bow: see `Lock`.
        shadow: opacity of the shadow that they throw.
    """

    hair: np.ndarray
    roots: np.ndarray
    tips: np.ndarray
    widths: np.ndarray
    down: np.ndarray
    size: int
    unit: float
    seed: int
    bow: float = 1.3
    shadow: float = SHADOW

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(LARGEST_COLOUR, hair=self.hair)
        check_answer(FARTHEST * size, roots=self.roots, tips=self.tips, widths=self.widths)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        # Less strength is a shorter fringe.
        tips = self.roots + min(self.strength, 1.0) * (self.tips - self.roots)
        around = self.hair.copy()
        for place in np.vstack([self.roots, tips]).round().astype(int).tolist():
            cv2.circle(around, place, round(AROUND * self.unit), 1.0, -1)
        box = canvas.where(around, self.size) if self.strength else None
        if box is None:
            return []
        part = canvas.part(box)
        small = _smaller(part, self.unit)
        unit = self.unit / float(np.hypot(small.to_crop[0, 0], small.to_crop[1, 0]))
        draw = np.random.default_rng(self.seed)
        matte = draw_matte(self.hair, small.pixels, 1.0, small.to_crop, self.size)
        found, _ = find_pieces(small.pixels, matte, unit, draw)
        pieces = cut_pieces(small.pixels, found, unit)
        if not pieces:
            return []
        sheet = self._sheet(small, matte, tips, pieces, draw)
        opacity = np.clip(sheet[..., 3], 0, 1)
        shadow = cv2.GaussianBlur(opacity, (0, 0), 0.8 * FALLS * unit)
        shift = np.column_stack([np.eye(2), FALLS * unit * self.down]).astype(np.float32)
        shadow = cv2.warpAffine(shadow, shift, shadow.shape[::-1])
        shadow *= np.float32(self.shadow) * (1 - matte)
        sheet, shadow = (
            cv2.resize(one, part.pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            for one in (sheet, shadow)
        )
        below = (shadow * (1 - np.clip(sheet[..., 3], 0, 1)))[..., None]
        opacity = sheet[..., 3:] + below
        paint = (sheet[..., :3] + below * SHADE) / np.maximum(opacity, np.float32(1e-4))
        opacity = opacity[..., 0] * np.float32(min(self.strength / FULL, 1.0))
        return [Patch(box, np.clip(paint, 0, 1), opacity)]

    def _sheet(
        self,
        part: Canvas,
        matte: np.ndarray,
        tips: np.ndarray,
        pieces: list[Piece],
        draw: np.random.Generator,
    ) -> np.ndarray:
        """Return the locks on a window, (h, w, 4) float32: RGB times opacity, and opacity."""
        back = invert(part.to_crop)
        scale = float(np.hypot(back[0, 0], back[1, 0]))
        unit = self.unit * scale
        roots, tips = (one @ back[:, :2].T + back[:, 2] for one in (self.roots, tips))
        down = back[:, :2] @ self.down / scale
        near = blur_wide(matte, BROAD * unit)[..., None] + np.float32(1e-3)
        light = blur_wide(np.log(part.pixels + DARK) * matte[..., None], BROAD * unit)
        middles = np.array([piece.middle for piece in pieces])
        # As bright as the hair at both ends, as far as there is any.
        ends = np.stack([roots, tips]).round().astype(int)
        columns, rows = np.moveaxis(np.clip(ends, 0, np.array(matte.shape[::-1]) - 1), 2, 0)
        lights = light[rows, columns].sum(0) / near[rows, columns].sum(0)
        sheet = np.zeros((*matte.shape, 4), np.float32)
        for root, tip, width, own in zip(roots, tips, self.widths * scale, lights, strict=True):
            close = np.exp(-np.linalg.norm(middles - root, axis=1) / (NEARBY * unit)) + 1e-9
            piece = pieces[draw.choice(len(pieces), p=close / close.sum())]
            change = np.clip(own - piece.light, -LIKE, LIKE) + draw.normal(0, UNEVEN)
            gain = np.exp(change).astype(np.float32)
            lay_lock(sheet, piece, Lock(root, tip, float(width), down, self.bow), gain, unit, draw)
        return cv2.GaussianBlur(sheet, (0, 0), max(0.3, SOFT * unit))


def _smaller(part: Canvas, unit: float) -> Canvas:
    """Return a window no finer than `FINEST`; `unit` is the eye distance in crop pixels."""
    scale = float(np.hypot(part.to_crop[0, 0], part.to_crop[1, 0]))
    share = min(1.0, FINEST * scale / unit)
    shape = part.pixels.shape[:2]
    grid = [max(1, round(side * share)) for side in shape]
    stretch = np.array([shape[1] / grid[1], shape[0] / grid[0]])
    middle = part.to_crop[:, 2] + part.to_crop[:, :2] @ ((stretch - 1) / 2)
    to_crop = np.column_stack([part.to_crop[:, :2] * stretch, middle])
    pixels = cv2.resize(part.pixels, grid[::-1], interpolation=cv2.INTER_AREA)
    return Canvas(pixels, part.flow, part.gain, to_crop)
