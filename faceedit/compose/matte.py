"""A person's matte at the photo's own resolution."""

import cv2
import numpy as np

from faceedit.compose.edit import sample_field
from faceedit.compose.guided import colour_slopes

RADIUS = 3
"""Pixels of the matte over which it follows the photo's edges."""
EPS = 3e-4
"""Of the guided filter, see there."""
SURE = (0.3, 0.9)
"""Opacities that count as none and as whole: strands fade in and out, walls must not."""


def draw_matte(
    matte: np.ndarray, pixels: np.ndarray, top: float, to_crop: np.ndarray, crop_size: int
) -> np.ndarray:
    """Draw a matte in a window of a photo, along the edges that the photo has there.

    Args:
        matte: (h, w) float32 in [0, 1] that covers a crop.
        pixels: (H, W, 3) of the window.
        top: what white is in them.
        to_crop: (2, 3) similarity from the window's pixels to the crop's.
        crop_size: side of the crop in crop pixels.

    Returns:
        (H, W) float32 in [0, 1].
    """
    size = pixels.shape[:2]
    scale = float(np.hypot(to_crop[0, 0], to_crop[1, 0])) * matte.shape[0] / crop_size
    step = max(1, int(1.0 / scale))
    grid = (max(1, size[0] // step), max(1, size[1] // step))
    stretch = np.array([size[1] / grid[1], size[0] / grid[0]])
    # A pixel of the small picture is centred on the block that it averages.
    linear = to_crop[:, :2] * stretch
    coarse = np.column_stack([linear, to_crop[:, 2] + to_crop[:, :2] @ ((stretch - 1) / 2)])
    small = cv2.resize(pixels, grid[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    field = sample_field(matte, crop_size, coarse, grid)
    slopes, offset = colour_slopes(small / np.float32(top), field, RADIUS, EPS)
    drawn = cv2.resize(offset, size[::-1], interpolation=cv2.INTER_LINEAR)
    for channel in range(3):
        slope = cv2.resize(slopes[..., channel], size[::-1], interpolation=cv2.INTER_LINEAR)
        slope *= pixels[..., channel]
        drawn += slope * np.float32(1 / top)
    drawn -= np.float32(SURE[0])
    drawn *= np.float32(1 / (SURE[1] - SURE[0]))
    return np.clip(drawn, 0, 1, out=drawn)
