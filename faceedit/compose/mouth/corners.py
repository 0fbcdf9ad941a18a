"""The corners of mouths that open or close: their dark strokes are filled from skin beside."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.compose.canvas import Canvas, Patch
from faceedit.compose.details import MovedPoints
from faceedit.compose.mouth.lips import sample_box
from faceedit.compose.mouth.opening import lip_gap
from faceedit.faces.align import invert
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


@dataclass(frozen=True)
class CornersDetail:
    """A `details.Detail`: what a mouth's corners fold is smooth where they are drawn apart.

    Attributes:
        points: of the face.
    """

    points: MovedPoints

    @property
    def paints(self) -> bool:
        """See `Detail.paints`."""
        return False

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        self.points.check(size)

    def scaled(self, strength: float) -> "CornersDetail":
        """See `Detail.scaled`."""
        return replace(self, points=self.points.scaled(strength))

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`; it changes the gain alone, where the flow takes the strokes."""
        share = corner_share(self.points)
        if share == 0:
            return []
        points = self.points.mapped(invert(canvas.to_crop))
        limit = np.array(canvas.pixels.shape[1::-1])
        for corner in MOUTH_CORNERS:
            ends = np.stack([points.before[corner, :2], points.after[corner]])
            reach = points.unit * (FAR + 2 * STROKE)
            low = np.clip(np.floor(ends.min(0) - reach), 0, limit).astype(int)
            high = np.clip(np.ceil(ends.max(0) + reach) + 1, 0, limit).astype(int)
            if (high - low).min() < 8:
                continue
            box = (slice(low[1], high[1]), slice(low[0], high[0]))
            fill = share * stroke_fill(canvas.pixels[box], ends[0] - low, points.unit)
            canvas.gain[box] *= np.exp(sample_box(fill, canvas.flow[box]))
        return []


def corner_share(points: MovedPoints) -> float:
    """Return in [0, 1] how far an edit draws the corners of a mouth apart or together."""

    def width(landmarks: np.ndarray) -> float:
        left, right = landmarks[list(MOUTH_CORNERS), :2]
        return float(np.linalg.norm(left - right)) / points.unit

    gaps = [lip_gap(landmarks, points.unit) for landmarks in (points.before, points.after)]
    moves = min(abs(gaps[1] - gaps[0]) / MOVES, 1.0)
    wider = max(width(points.after) - width(points.before), 0.0)
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
