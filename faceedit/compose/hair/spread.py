"""Hair that is found is spread to where its colours end, down locks that lie over a face."""

import cv2
import numpy as np

from faceedit.compose.hair.segment import touching
from faceedit.compose.outline import outline_matte

BELIEVED = (0.5, 0.9, 0.9)
"""Weights of colours, each time that hair's outline is moved to where they end, a little way."""
HOLE, TOLD = 0.05, 0.5
"""Squares of the eye distance of the largest hole that is filled, and chance of hair there."""
BROW, HIDDEN = 0.3, 0.5
"""Chance of brows from which on a pixel is one's, and share of a brow that is hair from which on
locks hide it: dark brows look like hair."""


def spread_hair(
    found: np.ndarray,
    pixels: np.ndarray,
    photo: np.ndarray,
    told: tuple[np.ndarray, np.ndarray],
    unit: float,
) -> np.ndarray:
    """Spread hair to where its colours end.

    Args:
        found: (S, S) float32 in [0, 1], of `find_hair`.
        pixels: (S, S, 3) float32 RGB in [0, 1].
        photo: (S, S) bool, what of it is not beyond the photo.
        told: chances of hair and of brows by the parser, (S, S) float32 each.
        unit: the eye distance in pixels.

    Returns:
        (S, S) float32 in [0, 1].
    """
    hair, valid = found, photo.astype(np.float32)
    for believed in BELIEVED:
        hair = outline_matte(hair, pixels, valid, unit, believed)
    return _filled(touching(_off_brows(hair, found, told[1]), found > 0.5), told[0], unit)


def _filled(hair: np.ndarray, told: np.ndarray, unit: float) -> np.ndarray:
    """Fill holes that the parser sees hair in: light catches it there; see `spread_hair`."""
    hair = hair.copy()
    _, parts, stats, _ = cv2.connectedComponentsWithStats((hair < 0.5).astype(np.uint8))
    for part in np.nonzero(stats[:, cv2.CC_STAT_AREA] < HOLE * unit * unit)[0]:
        hole = parts == part
        if part and float(told[hole].mean()) > TOLD:
            hair[cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0] = 1
    return hair


def _off_brows(hair: np.ndarray, found: np.ndarray, brows: np.ndarray) -> np.ndarray:
    """Return hair that has not spread over brows, but where locks hide them; see `spread_hair`."""
    kept = hair
    parts = np.asarray(cv2.connectedComponents((brows > BROW).astype(np.uint8))[1])
    for part in range(1, int(parts.max()) + 1):
        own = parts == part
        if float(hair[own].mean()) < HIDDEN:
            about = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            kept = np.where(about, np.minimum(kept, found), kept)
    return kept
