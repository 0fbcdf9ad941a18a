"""Brightness of display values, and pictures as bytes."""

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Rec. 601 weights of display red, green and blue; `lights.LUMA` is for linear light."""


def muted(values: np.ndarray, share: float) -> np.ndarray:
    """Return (..., 3) RGB colours, or logs of them, with a share of their colour left.

    >>> muted(np.array([1.0, 0.0, 0.0]), 0.0).round(3).tolist()
    [0.299, 0.299, 0.299]
    """
    grey = (values @ LUMA)[..., None]
    return grey + np.float32(share) * (values - grey)


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Return values in [0, 1], clipped to it, as uint8.

    >>> to_bytes(np.array([-0.1, 0.5, 2.0])).tolist()
    [0, 128, 255]
    """
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
