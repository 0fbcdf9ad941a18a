"""Measures of an edit against the same person's own photo, and against the photo edited."""

import cv2
import numpy as np

from faceedit.faces.pose import fit_similarity3
from faceedit.faces.topology import LIPS, OUTER_EYE_CORNERS, STILL


def lip_error(landmarks: np.ndarray, real: np.ndarray) -> float:
    """Return the mean distance of the lips' landmarks to a real photo's, in eye distances.

    The real photo's landmarks are first brought into the other's head pose by the points that
    expressions leave still.

    Args:
        landmarks: (478, 3) of the edited photo.
        real: (478, 3) of the real photo with the expression.
    """
    still, lips = list(STILL), list(LIPS)
    brought = fit_similarity3(real[still].astype(np.float64), landmarks[still].astype(np.float64))
    target = brought.points(real.astype(np.float64))
    left, right = OUTER_EYE_CORNERS
    unit = np.linalg.norm(target[left, :2] - target[right, :2])
    return float(np.linalg.norm((landmarks - target)[lips, :2], axis=1).mean() / unit)


def sharpness_ratio(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> float:
    """Return the mean gradient magnitude inside a mask after an edit over that before it.

    Args:
        before: (H, W, 3) uint8 RGB.
        after: the same size.
        mask: (H, W) bool.
    """

    def energy(image: np.ndarray) -> float:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        x, y = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        return float(np.hypot(x, y)[mask].mean())

    return energy(after) / energy(before)
