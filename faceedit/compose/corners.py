"""The corners of mouths that open or close: their dark strokes are filled from skin beside."""

import cv2
import numpy as np

from faceedit.compose.details import MovedPoints
from faceedit.compose.filled import Filled
from faceedit.compose.mouth.opening import lip_gap, mouth_width
from faceedit.faces.topology import MOUTH_CORNERS

STROKE = 0.04
"""Eye distances: half the side of the square whose median a stroke is filled with."""
NEAR, FAR = 0.06, 0.13
"""Eye distances from a corner up to which strokes are filled, and from which on they are not."""
LIFT = 0.8
"""Of a stroke's depth, in log units, that is filled."""
DEEPEST, DARKEST = 1.2, 0.02
"""Log ratio of the deepest stroke, and what is black."""
TEXTURE = 2.0
"""Of the median depth of the skin's own texture that is no stroke."""
MOVES = 0.06
"""Eye distances by which a mouth opens or closes from which on its corners are filled in full."""
WIDENS = 0.06
"""Eye distances by which a mouth becomes wider, as one that smiles, from which on nothing is."""


class CornersDetail(Filled):
    """A `Detail`: what a mouth's corners fold is smooth where they are drawn apart."""

    places, reach = tuple((corner,) for corner in MOUTH_CORNERS), FAR + 2 * STROKE

    def share(self) -> float:
        """See `Filled.share`."""
        return corner_share(self.points)

    def fill(
        self, photo: np.ndarray, landmarks: np.ndarray, place: tuple[int, ...], unit: float
    ) -> np.ndarray:
        """See `Filled.fill`."""
        return stroke_fill(photo, landmarks[place[0]], unit)


def corner_share(points: MovedPoints) -> float:
    """Return in [0, 1] how far an edit draws the corners of a mouth apart or together."""
    (gap, width), (next_gap, next_width) = (
        (lip_gap(one, points.unit), mouth_width(one, points.unit))
        for one in (points.before, points.after)
    )
    moves = min(abs(next_gap - gap) / MOVES, 1.0)
    wider = max(next_width - width, 0.0)
    return moves * max(1 - wider / WIDENS, 0.0)


def stroke_fill(photo: np.ndarray, corner: np.ndarray, unit: float) -> np.ndarray:
    """Return the log ratio, (h, w, 3) float32 from 0, that fills what is dark and thin at a corner.

    Args:
        photo: (h, w, 3) float32 RGB in [0, 1].
        corner: (2,) x and y in its pixels.
        unit: the eye distance in pixels.
    """
    size = 2 * max(round(STROKE * unit), 1) + 1
    plain = cv2.medianBlur(np.rint(np.clip(photo, 0, 1) * 255).astype(np.uint8), size)
    plain = cv2.GaussianBlur(plain.astype(np.float32) / 255, (0, 0), size / 6)
    missing = np.log(np.maximum(plain, DARKEST) / np.maximum(photo, DARKEST))
    rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]]
    away = np.hypot(rows - corner[1], columns - corner[0]) / unit
    near = np.clip((FAR - away) / (FAR - NEAR), 0, 1)
    # What is as deep farther off, too, is pores and beards.
    beside = (away > FAR) & (away < FAR + 2 * STROKE)
    usual = TEXTURE * float(np.median(np.abs(missing[beside]))) if beside.any() else 0.0
    fill = np.clip(missing - np.clip(missing, -usual, usual), -DEEPEST, DEEPEST)
    return (LIFT * (near * near * (3 - 2 * near))[..., None] * fill).astype(np.float32)
