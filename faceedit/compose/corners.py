"""The corners of mouths that move: their dark strokes are filled from skin beside."""

import cv2
import numpy as np

from faceedit.compose.details import MovedPoints
from faceedit.compose.filled import Filled
from faceedit.compose.mouth.opening import lip_gap, mouth_width
from faceedit.faces.topology import INNER_LIPS, MOUTH_CORNERS
from faceedit.ramps import ramp, smoothstep

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
INNER_MIDDLES, HANGS = (13, 14), (0.1, 0.3)
"""Points between which a mouth opens, and heights of its opening that corners lie below the first,
between which it comes to be one that does not smile."""
BENDS, OUTSIDE = 0.03, (0.0, 0.03)
"""Eye distances by which a corner moves against the middle of the lips from which on what it folds
is filled in full outside the mouth, and beyond a corner between which that is."""


class CornersDetail(Filled):
    """A `Detail`: what a mouth's corners fold is smooth where they go elsewhere."""

    places, reach = tuple((corner,) for corner in MOUTH_CORNERS), FAR + 2 * STROKE

    def share(self) -> float:
        """See `Filled.share`."""
        bent = [corner_bend(self.points, corner) for corner in MOUTH_CORNERS]
        return float(max(corner_share(self.points), *bent) > 0)

    def fill(
        self, photo: np.ndarray, landmarks: np.ndarray, place: tuple[int, ...], unit: float
    ) -> np.ndarray:
        """See `Filled.fill`."""
        everywhere, bent = corner_share(self.points), corner_bend(self.points, place[0])
        corner, other = landmarks[place[0]], landmarks[sum(MOUTH_CORNERS) - place[0]]
        out = (corner - other) / max(float(np.linalg.norm(corner - other)), 1e-3)
        rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]]
        beyond = ((columns - corner[0]) * out[0] + (rows - corner[1]) * out[1]) / unit
        share = np.maximum(everywhere, bent * ramp(beyond, OUTSIDE))
        return share[..., None].astype(np.float32) * stroke_fill(photo, corner, unit)


def corner_bend(points: MovedPoints, corner: int) -> float:
    """Return in [0, 1] how far a corner moves against the middle of the lips."""
    moved = points.after - points.before[:, :2]
    against = moved[corner] - moved[list(INNER_LIPS)].mean(0)
    return min(float(np.linalg.norm(against)) / points.unit / BENDS, 1.0) * _not_wider(points)


def corner_share(points: MovedPoints) -> float:
    """Return in [0, 1] how far an edit draws the corners of a mouth apart or together."""
    gap, next_gap = (lip_gap(one, points.unit) for one in (points.before, points.after))
    return min(abs(next_gap - gap) / MOVES, 1.0) * _not_wider(points)


def _not_wider(points: MovedPoints) -> float:
    """Return 1 for a mouth that does not become wider or opens with low corners, 0 for a smile."""
    width, next_width = (mouth_width(one, points.unit) for one in (points.before, points.after))
    lip, chin = (float(points.after[n, 1]) for n in INNER_MIDDLES)
    low = float(points.after[list(MOUTH_CORNERS), 1].mean()) - lip
    start, end = HANGS
    hangs = np.clip((low / max(chin - lip, 0.02 * points.unit) - start) / (end - start), 0, 1)
    hangs *= np.clip((chin - lip) / points.unit / MOVES - 1, 0, 1)
    return max(1 - max(next_width - width, 0.0) / WIDENS, float(hangs), 0.0)


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
    near = smoothstep(away, (FAR, NEAR))
    # What is as deep farther off, too, is pores and beards.
    beside = (away > FAR) & (away < FAR + 2 * STROKE)
    usual = TEXTURE * float(np.median(np.abs(missing[beside]))) if beside.any() else 0.0
    fill = missing - np.clip(missing, -usual, usual)
    # What is too deep to be filled has the skin's hue all the same, and does not glow.
    depth = fill.mean(2, keepdims=True)
    fill += np.clip(depth, -DEEPEST, DEEPEST) - depth
    return (LIFT * near[..., None] * fill).astype(np.float32)
