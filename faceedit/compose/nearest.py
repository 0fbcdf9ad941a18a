"""The nearest of some pixels."""

import cv2
import numpy as np


def nearest(where: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each pixel's distance from the nearest of some, and the value there.

    Args:
        where: (H, W) bool, some of it True.
        values: (H, W) or (H, W, C) float32.

    Returns:
        (H, W) float32 pixels, and float32 of the shape of `values`.

    >>> where = np.zeros((5, 5), bool)
    >>> where[2, 0] = True
    >>> away, found = nearest(where, np.full((5, 5), 7, np.float32))
    >>> bool(away[2, 3] > 2.5), float(found[2, 3])
    (True, 7.0)
    """
    away, found = cv2.distanceTransformWithLabels(
        1 - where.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = np.asarray(found).astype(np.intp)
    held = np.zeros((labels.max() + 1, *values.shape[2:]), np.float32)
    held[labels[where]] = values[where]
    return away, held[labels]
