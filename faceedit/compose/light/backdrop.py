"""What of a picture is person and what is behind: for light, a matte is not enough."""

import cv2
import numpy as np

SIDE = 64
"""Of the grid on which colours behind and of the person are spread."""
ALIKE = 0.05
"""Deviation in display RGB of what counts as the wall behind the person."""
REACH = 0.22
"""Eye distances over which the wall's colour is known."""
LEAST = 0.004
"""Linear luma."""


def person_share(
    pixels: np.ndarray, luma: np.ndarray, matte: np.ndarray, skin: np.ndarray, unit: float
) -> np.ndarray:
    """Return how much of each pixel's light comes from the person.

    A mixed pixel is opacity · hair + (1 − opacity) · background, and each takes another gain. Dark
    hair before a bright wall therefore goes with the wall, and shows no halo.

    Args:
        pixels: (S, S, 3) float32 RGB.
        luma: (S, S) float32, linear.
        matte: (S, S) float32 opacity of the person.
        skin: (S, S) float32 in [0, 1], what is surely the person.
        unit: distance of the outer eye corners in pixels.

    Returns:
        (S, S) float32 in [0, 1].
    """
    matte = _without_wall(matte, pixels, skin, unit)
    fore = matte * _mean_luma(luma, matte > 0.95)
    back = (1 - matte) * _mean_luma(luma, matte < 0.05)
    return fore / np.maximum(fore + back, 1e-6)


def _without_wall(
    matte: np.ndarray, pixels: np.ndarray, skin: np.ndarray, unit: float
) -> np.ndarray:
    """Take from the matte what looks like the background beside it: gaps in hair, mistakes.

    A wall that is lit as if it were the person shows more than a person lit as if a wall.
    """
    size = matte.shape[::-1]
    behind = (matte < 0.05).astype(np.float32)
    near = cv2.GaussianBlur(_grid(behind), (0, 0), REACH * unit * SIDE / size[0])
    wall = cv2.GaussianBlur(
        _grid(pixels * behind[..., None]), (0, 0), REACH * unit * SIDE / size[0]
    )
    wall = cv2.resize(wall / np.maximum(near, 1e-3)[..., None], size)
    away = cv2.GaussianBlur(pixels, (0, 0), 0.01 * unit) - wall
    square = np.einsum("ijk,ijk->ij", away, away)
    alike = np.exp(square * np.float32(-0.5 / ALIKE**2))
    alike *= np.minimum(cv2.resize(near, size) / np.float32(0.08), 1) * (1 - skin)
    return matte * (1 - cv2.GaussianBlur(alike, (0, 0), 0.012 * unit))


def _mean_luma(luma: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return the mean luma of the nearby pixels of one kind, (S, S) float32."""
    chosen = where.astype(np.float32)
    known, total = _grid(chosen), _grid(luma * chosen)
    overall = np.float32(total.sum() / max(float(known.sum()), 1e-3))
    near, total = (cv2.GaussianBlur(v, (0, 0), 3.0) for v in (known, total))
    faint = np.float32(1e-3)
    mean = (total + faint * overall) / (near + faint)
    return np.maximum(cv2.resize(mean, luma.shape[::-1]), LEAST)


def _grid(field: np.ndarray) -> np.ndarray:
    return cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
