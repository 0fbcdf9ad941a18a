"""Lines and folds that a photo already shows: how many, and what they look like."""

import cv2
import numpy as np

from faceedit.faces.align import Crop
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import eye_distance
from faceedit.tones import LUMA

TEXTURE = (0.006, 0.014)
"""Eye distances: the band of brightness that grows most with age."""
LINES = (0.008, 0.035)
"""The band of lines and narrow folds."""
FOLDS = (0.008, 0.09)
"""The band of all folds."""
LINED_ZONES = (
    (103, 67, 109, 10, 338, 297, 332, 334, 296, 336, 9, 107, 66, 105),
    (111, 117, 118, 119, 120, 121, 128, 233, 232, 231, 230, 229, 228, 31),
    (340, 346, 347, 348, 349, 350, 357, 453, 452, 451, 450, 449, 448, 261),
    (129, 203, 206, 216, 207, 205, 36),
    (358, 423, 426, 436, 427, 425, 266),
)
"""Forehead, under the eyes, beside nose and mouth: outlines of mesh points."""
SMOOTH, LINED = -5.4, -3.9
"""Log texture of most young faces, and of most old ones, among the labelled portraits."""


def log_luma(pixels: np.ndarray) -> np.ndarray:
    """Return the log brightness of (S, S, 3) RGB in [0, 1], (S, S) float32."""
    return np.log(np.maximum(pixels @ LUMA, np.float32(0.03)))


def luma_band(luma: np.ndarray, unit: float, band: tuple[float, float]) -> np.ndarray:
    """Return what of a picture lies between two blurs of `band` eye distances."""
    fine, wide = band[0] * unit, band[1] * unit
    return cv2.GaussianBlur(luma, (0, 0), fine) - cv2.GaussianBlur(luma, (0, 0), wide)


def lined_ness(crop: Crop) -> float:
    """Judge how lined a person's skin is, in [0, 1].

    The fine contrast of skin where age shows; the smoothest three of five zones count, so that a
    fringe, a beard or a frown says nothing. On labelled portraits it tells old from young with an
    area under the curve of 0.89.

    Args:
        crop: aligned, with its landmarks.
    """
    texture = np.abs(luma_band(log_luma(crop.pixels), eye_distance(crop.landmarks), TEXTURE))
    levels = []
    for zone in LINED_ZONES:
        points = crop.landmarks[list(zone), :2].astype(np.float64)
        inside = fill_polygon(points, (crop.size, crop.size)) > 0.5
        if inside.any():
            levels.append(float(np.log(np.median(texture[inside]) + 1e-4)))
    if not levels:
        return 0.0
    level = float(np.mean(sorted(levels)[:3]))
    return float(np.clip((level - SMOOTH) / (LINED - SMOOTH), 0.0, 1.0))
