"""The folds of a smile that is taken back: found in the photo, and filled from the skin beside."""

import cv2
import numpy as np

from faceedit.compose.blur import blur_wide
from faceedit.compose.details import MovedPoints
from faceedit.compose.filled import Filled
from faceedit.compose.mouth.opening import mouth_width
from faceedit.faces.topology import INNER_LIPS, MOUTH_CORNERS, NOSE, OUTER_LIPS
from faceedit.ramps import ramp
from faceedit.tones import LUMA

COURSES = ((129, 203, 206, 216, 212), (358, 423, 426, 436, 432))
"""Points from the wings of the nose to beside the mouth, where smiles fold."""
NEAR, FAR = 0.08, 0.17
"""Eye distances from a course up to which folds are lifted, and from which on nothing is."""
CORNER, CORNER_OF = (0.03, 0.08), {129: MOUTH_CORNERS[0], 358: MOUTH_CORNERS[1]}
"""The same from a corner of the mouth, and which one belongs to the course from a point."""
FINE, BROAD = 0.006, 0.075
"""Eye distances: blurs between whose lightness a fold is darker than the skin about it. Pores are
finer and stay."""
SMILES = (0.57, 0.63)
"""Widths of a mouth in eye distances between which it comes to be a smile's."""
CLOSES = (0.0, 0.05)
"""Eye distances by which a mouth becomes narrower, between which its smile's folds go."""
DEEPEST, REDDEST, RECOLOURED = 0.7, 0.3, 0.8
"""Log ratio of the deepest fold that is filled, by how much its colour may differ, and the share of
that which goes: what is lighter and still as red is a scar."""
COLOURED = 0.05
"""Log ratio of a fold from which on its colour is that of the skin about it."""
FLUSHED, PALER = 0.1, 0.45
"""Log ratio of red over blue by which skin is redder than that beside it from which on it is paled
in full, and the share of that which goes."""
BLACK = (0.05, 0.16)
"""Luma from which on a shadow is a fold, and is one for sure."""
LIFT = 0.6
"""Of a fold's depth that is filled: more leaves pale scars."""


class FoldsDetail(Filled):
    """A `Detail`: what a smile folds is smooth without it."""

    places, reach = COURSES, FAR + BROAD

    def share(self) -> float:
        """See `Filled.share`."""
        return smile_lost(self.points)

    def fill(
        self, photo: np.ndarray, landmarks: np.ndarray, place: tuple[int, ...], unit: float
    ) -> np.ndarray:
        """See `Filled.fill`."""
        return fold_fill(photo, landmarks, place, unit)


def smile_lost(points: MovedPoints) -> float:
    """Return in [0, 1] how much of a smile an edit takes back."""
    was, now = (mouth_width(one, points.unit) for one in (points.before, points.after))
    smiled = ramp(was, SMILES)
    closes = ramp(was - now, CLOSES)
    return float(smiled * closes)


def fold_fill(
    photo: np.ndarray, landmarks: np.ndarray, course: tuple[int, ...], unit: float
) -> np.ndarray:
    """Return the log ratio, (h, w, 3) float32, that fills the fold along a course.

    Args:
        photo: (h, w, 3) float32 RGB in [0, 1].
        landmarks: (>= 468, 2) in its pixels.
        course: points along the fold.
        unit: the eye distance in pixels.
    """
    size = photo.shape[:2]
    line, mouth = np.ones(size, np.uint8), np.ones(size, np.uint8)
    path = np.rint(landmarks[list(course)]).astype(np.int32)
    cv2.polylines(line, [path], False, 0)
    for ring in (OUTER_LIPS, INNER_LIPS, NOSE):
        cv2.fillPoly(mouth, [np.rint(landmarks[list(ring)]).astype(np.int32)], 0)
    away = cv2.distanceTransform(line, cv2.DIST_L2, 5) / unit
    skin = cv2.distanceTransform(mouth, cv2.DIST_L2, 5) / unit
    near = np.clip((FAR - away) / (FAR - NEAR), 0, 1) * np.clip((skin - 0.005) / 0.025, 0, 1)
    # The dark of a mouth's corner reaches beyond its lips.
    corner = landmarks[CORNER_OF[course[0]]]
    far = np.hypot(
        *(grid - c for grid, c in zip(np.mgrid[: size[0], : size[1]], corner[::-1], strict=True))
    )
    near = np.maximum(near, np.clip((CORNER[1] - far / unit) / (CORNER[1] - CORNER[0]), 0, 1))
    # Neither lips nor nostrils are skin to fill a fold with.
    known = (mouth > 0).astype(np.float32)[..., None]
    log = np.log(np.maximum(photo, 0.02)) * known

    def blurred(sigma: float) -> np.ndarray:
        both = blur_wide(np.dstack([log, known]), max(sigma * unit, 0.5))
        return both[..., :3] / np.maximum(both[..., 3:], 1e-3)

    fine, broad = blurred(FINE), blurred(BROAD)
    missing = broad - fine
    luma = (missing @ LUMA)[..., None]
    fold = np.clip(luma, 0, DEEPEST)
    hue = RECOLOURED * np.clip(missing - luma, -REDDEST, REDDEST) * np.clip(fold / COLOURED, 0, 1)
    hue = hue + _paler(broad, (away > NEAR) & (mouth > 0))
    # What is black has no colour that could be brought back.
    low, high = BLACK
    there = np.clip((np.exp(fine @ LUMA) - low) / (high - low), 0, 1)[..., None]
    return (near[..., None] * (LIFT * there * fold + hue)).astype(np.float32)


def _paler(log: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Return the log ratio, (h, w, 3), that takes from skin what is redder than the skin beside.

    A cheek that a smile lifts is flushed and lies in its own red light: at rest it would be a scar.

    Args:
        log: (h, w, 3) log of RGB, without pores.
        beside: (h, w) bool, skin to compare with.
    """
    if not beside.any():
        return np.zeros_like(log)
    chroma = log - (log @ LUMA)[..., None]
    more = chroma - np.median(chroma[beside], axis=0)
    redder = np.clip((more[..., :1] - more[..., 2:]) / FLUSHED, 0, 1)
    return -PALER * redder * np.clip(more, -REDDEST, REDDEST)
