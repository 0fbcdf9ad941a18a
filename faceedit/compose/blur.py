"""Wide blurs that cost no more than narrow ones."""

import cv2
import numpy as np

COARSE = 3.0
"""Pixels that a blur has at least where it is drawn."""


def blur_wide(values: np.ndarray, sigma: float) -> np.ndarray:
    """Blur (H, W) or (H, W, C <= 4) float32 values as a Gaussian does, coarsely where that serves.

    Args:
        values: of each pixel.
        sigma: of the Gaussian in pixels.

    Returns:
        float32 of the same shape.
    """
    step = max(1, int(sigma / COARSE))
    height, width = values.shape[:2]
    if step == 1:
        return cv2.GaussianBlur(values, (0, 0), sigma)
    size = (-(-width // step), -(-height // step))
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / step), (width, height))
