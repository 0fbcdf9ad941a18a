"""The strip of a face that spectacles sit on, as a picture."""

import cv2
import numpy as np

from faceedit.faces.topology import OUTER_EYE_CORNERS

STRIP_SIZE = (32, 96)
"""Height and width in pixels."""
SPAN = 1.9
"""Width in eye distances: as far as the hinges of spectacles."""
CENTRE = 0.36
"""Where the eyes lie, as a share of the height: lenses hang lower."""


def eye_strip(pixels: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Cut the strip about both eyes out, eyes level.

    Args:
        pixels: (S, S, 3) of a crop, uint8 or float32.
        landmarks: (478, >= 2) in its pixels.

    Returns:
        (32, 96, 3) of the same dtype; beyond the crop its border is repeated.
    """
    left, right = (landmarks[i, :2].astype(np.float64) for i in OUTER_EYE_CORNERS)
    height, width = STRIP_SIZE
    # From the strip's pixels to the crop's.
    along = (right - left) * (SPAN / width)
    across = np.array([-along[1], along[0]])
    corner = (left + right) / 2 - along * (width - 1) / 2 - across * (height - 1) * CENTRE
    affine = np.column_stack([along, across, corner])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        pixels, affine, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE
    )
