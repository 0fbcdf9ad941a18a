"""What spectacles keep still."""

import cv2
import numpy as np

from faceedit.faces.topology import EYES

REACH = (0.40, 0.30)
"""Half axes of a lens with its frame, in eye distances."""
HELD = 0.9
"""Of the flow that is taken away there; lids behind lenses may move a little."""
SOFT = 0.05
"""Eye distances over which the hold fades."""
BROW_REACH, BROW_HELD, BROW_SOFT = (0.46, 0.46), 0.6, 0.10
"""The same about the brows: they could rise, but between a brow and a frame that stays skin and
hair are drawn out like fur."""


def spectacle_hold(landmarks: np.ndarray, unit: float, size: int) -> np.ndarray:
    """Return how firmly each pixel is held by spectacles, (S, S) float32 in [0, HELD].

    Cheeks beyond the frames stay free to move, brows in part.

    Args:
        landmarks: (478, >= 2) in crop pixels, upright.
        unit: the eye distance in pixels.
        size: side of the crop.
    """
    held, brows = np.zeros((2, size, size), np.float32)
    centres = np.array([landmarks[list(eye), :2].mean(0) for eye in EYES])
    for centre in centres:
        # Lenses hang lower than the eyes' middle.
        x, y = centre[0], centre[1] + 0.03 * unit
        axes = (REACH[0] * unit, REACH[1] * unit)
        box = ((float(x), float(y)), (2 * axes[0], 2 * axes[1]), 0.0)
        cv2.ellipse(held, box, 1.0, -1)
        about = (2 * BROW_REACH[0] * unit, 2 * BROW_REACH[1] * unit)
        cv2.ellipse(brows, ((float(x), float(y) - 0.15 * unit), about, 0.0), BROW_HELD, -1)
    bridge = tuple(round(float(v)) for v in centres.mean(0))
    reach = (int(0.2 * unit), int(0.10 * unit))
    cv2.ellipse(held, bridge, reach, 0, 0, 360, 1.0, -1)
    lenses = cv2.GaussianBlur(held, (0, 0), SOFT * unit) * np.float32(HELD)
    return np.maximum(lenses, cv2.GaussianBlur(brows, (0, 0), BROW_SOFT * unit))
