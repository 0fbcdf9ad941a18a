"""Cloth below a face, which a map of skin takes for a neck: told by its colours."""

import cv2
import numpy as np

from faceedit.compose.hair.looks import colour_bins, colour_odds, hue_bins, hue_odds
from faceedit.compose.turn.head import CHIN, Head, rise
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL

FACE, WITHIN = (-1.2, -0.25), 0.06
"""Eye distances from the chin down, between which the look of skin is learned, and how far within
the edge of the face."""
THROAT, NARROW = (0.1, 0.3), 0.25
"""Likewise where a neck is in the shade, and how far from the middle."""
SHOULDERS, ASIDE = 0.1, 0.85
"""Below the chin, and from the middle, from where on the look of cloth is learned."""
FEWEST = 0.02
"""Square eye distances of cloth below which nothing is learned."""
ODDS = (0.0, 3.0)
"""Log odds from which on a look is cloth's."""


def cloth(head: Head, pixels: np.ndarray) -> np.ndarray:
    """Return how far what is below a face looks like cloth and not like skin, (S, S) float32.

    Args:
        head: in the photo.
        pixels: (S, S, 3) float32 RGB of the crop.
    """
    size, unit = head.size, np.float32(head.unit)
    chin = head.landmarks[CHIN, :2]
    down = (chin - head.axis[:2]).astype(np.float32)
    down /= max(float(np.linalg.norm(down)), 1e-3)
    steps = np.arange(size, dtype=np.float32)
    x, y = (steps[None] - chin[0]) / unit, (steps[:, None] - chin[1]) / unit
    low, aside = down[0] * x + down[1] * y, np.abs(down[1] * x - down[0] * y)
    oval = fill_polygon(head.landmarks[list(FACE_OVAL), :2], (size, size)) > 0.5
    within = cv2.distanceTransform(oval.astype(np.uint8), cv2.DIST_L2, 3) > WITHIN * unit
    skin = (within & (low > FACE[0]) & (low < FACE[1])).astype(np.float32)
    shade = (low > THROAT[0]) & (low < THROAT[1]) & (aside < NARROW)
    skin = np.maximum(skin, shade * head.skin * head.valid)
    other = ((aside > ASIDE) & (low > SHOULDERS)) * (head.matte > 0.9) * head.valid
    if other.sum() < FEWEST * unit * unit:
        return np.zeros_like(head.skin)
    other = (other * np.float32(skin.sum() / other.sum())).astype(np.float32)
    odds = colour_odds(colour_bins(pixels), other, skin)
    odds += hue_odds(hue_bins(pixels)[0], other, skin)
    return rise(cv2.GaussianBlur(odds, (0, 0), 0.8), ODDS).astype(np.float32)
