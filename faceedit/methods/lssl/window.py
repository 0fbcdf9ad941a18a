"""The part of a wide crop that the refinement of turned heads sees: head, hair and neck."""

import cv2
import numpy as np

from faceedit.faces.align import Crop
from faceedit.faces.landmark_maps import draw_landmark_maps

WIDE = 512
"""Side of the wide crop in pixels in which the window is measured."""
SIDE = 320
"""Of the window, 3.5 distances of the outer eye corners."""
CORNER = (96, 76)
"""Left and top of the window."""
MAPS_SIDE = 80
"""At which landmark maps are drawn for it."""


def window_affine(affine: np.ndarray, size: int) -> np.ndarray:
    """Return the (2, 3) similarity from a photo's pixels to the window's.

    Args:
        affine: (2, 3), from the photo's pixels to those of a wide crop.
        size: side of that crop.
    """
    ratio = WIDE / size
    shift = (affine[:, 2:] + 0.5) * ratio - 0.5 - np.array(CORNER, np.float64)[:, None]
    return np.hstack([affine[:, :2] * ratio, shift])


def in_window(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return (478, 3) landmarks of a wide crop of a side in the window's pixels."""
    ratio, half = np.float32(WIDE / size), np.array([0.5, 0.5, 0], np.float32)
    corner = np.array([*CORNER, 0], np.float32)
    return ((landmarks + half) * ratio - half - corner).astype(np.float32)


def cut_window(crop: Crop) -> np.ndarray:
    """Return the window of a wide crop of any size, (320, 320, 3) float32 RGB in [0, 1]."""
    to_window = window_affine(np.eye(2, 3), crop.size)
    flags = cv2.INTER_AREA if crop.size > WIDE else cv2.INTER_CUBIC
    if crop.size == WIDE:
        x, y = CORNER
        return crop.pixels[y : y + SIDE, x : x + SIDE]
    return np.clip(cv2.warpAffine(crop.pixels, to_window, (SIDE, SIDE), flags=flags), 0, 1)


def into_crop(field: np.ndarray) -> np.ndarray:
    """Return a (320, 320, ...) field of the window as one of the whole crop, 0 elsewhere."""
    x, y = CORNER
    whole = np.zeros((WIDE, WIDE, *field.shape[2:]), np.float32)
    whole[y : y + SIDE, x : x + SIDE] = field
    return whole


def window_maps(landmarks: np.ndarray) -> np.ndarray:
    """Return `landmark_maps` of landmarks in the window, (80, 80, 12) float32 in [0, 1]."""
    return draw_landmark_maps(landmarks, SIDE, MAPS_SIDE)
