"""Shadows that a face casts on itself, from its height field."""

import numpy as np
from numba import njit

REACH = 7.0
"""Centimetres of surface that a ray is followed over; a nose is 2 to 3 high."""
STEPS = 26
NEAR = 0.25
"""Where a ray starts, cm: closer by, the normal says it better."""


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
    steps = NEAR + (REACH - NEAR) * (np.arange(STEPS) / (STEPS - 1)) ** 1.4
    return _march(
        np.ascontiguousarray(height, np.float32),
        wanted,
        (steps * scale * direction[0] / along).astype(np.float32),
        (-steps * scale * direction[1] / along).astype(np.float32),
        steps.astype(np.float32),
        np.float32(direction[2] / along),
        np.float32(0.14 + softness),
    )


@njit(cache=True, fastmath=True)
def _march(height, wanted, right, down, steps, rise, breadth):
    rows, columns = height.shape
    seen = np.ones((rows, columns), np.float32)
    for y in range(rows):
        for x in range(columns):
            if not wanted[y, x]:
                continue
            start = height[y, x]
            clear = np.float32(1e3)
            for k in range(len(steps)):
                u, v = x + right[k], y + down[k]
                if u < 0 or v < 0 or u > columns - 1 or v > rows - 1:
                    break
                i, j = min(int(v), rows - 2), min(int(u), columns - 2)
                fy, fx = v - i, u - j
                top = height[i, j] * (1 - fx) + height[i, j + 1] * fx
                bottom = height[i + 1, j] * (1 - fx) + height[i + 1, j + 1] * fx
                met = top * (1 - fy) + bottom * fy
                clear = min(clear, (start - met) / steps[k] + rise)
            share = min(max(clear / breadth * np.float32(0.5) + np.float32(0.5), 0.0), 1.0)
            seen[y, x] = share * share * (3 - 2 * share)
    return seen
