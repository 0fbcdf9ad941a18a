"""Shadows that a face casts on itself, from its height field."""

import cv2
import numpy as np

from faceedit.ramps import smoothstep

REACH = 7.0
"""Centimetres of surface that a ray is followed over; a nose is 2 to 3 high."""
STEPS = 26
NEAR = 0.25
"""Where a ray starts, cm: closer by, the normal says it better."""
NOTHING = 1e4
"""Depth in cm of what holds no light back."""


def cast_shadows(
    height: np.ndarray,
    wanted: np.ndarray,
    direction: tuple[float, float, float],
    scale: float,
    softness: float,
) -> np.ndarray:
    """Return how much of a distant light each pixel sees.

    A ray is followed from each pixel to the light. How far it clears the surface, relative to the
    way it has come, says which part of a light of some breadth is visible; the worst place counts.

    Args:
        height: (S, S) float32 depth of the surface in cm, larger nearer the camera.
        wanted: (S, S) bool; elsewhere 1 is returned.
        direction: unit vector to the light, x right, y up, z to the camera.
        scale: pixels per cm.
        softness: half the breadth of the light as seen from the face, 0 to 1 (radians, about).

    Returns:
        (S, S) float32 in [0, 1].
    """
    along = np.hypot(direction[0], direction[1])
    if along < 1e-3:
        return np.ones(height.shape, np.float32)
    clear = np.full(height.shape, NOTHING, np.float32)
    steps = NEAR + (REACH - NEAR) * (np.arange(STEPS) / (STEPS - 1)) ** 1.4
    for step in steps:
        # Beyond the picture nothing stands in the way.
        shift = step * scale / along * np.array([direction[0], -direction[1]])
        to = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        met = cv2.warpAffine(
            height,
            to,
            height.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=-NOTHING,
        )
        np.minimum(clear, (height - met) / np.float32(step), out=clear)
    share = (clear + np.float32(direction[2] / along)) / np.float32(0.14 + softness)
    return np.where(wanted, smoothstep(0.5 * share + 0.5), np.float32(1))
