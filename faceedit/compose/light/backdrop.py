"""What of a picture is person and what is behind: for light, a matte is not enough."""

import cv2
import numpy as np

SIDE = 64
"""Of the grid on which colours behind and of the person are spread."""
NEAR, FAR = (0.22, 0.05), (0.8, 0.1)
"""Eye distances over which the wall's colour is known, and the deviation in display RGB of what
counts as the wall behind the person; where a matte is told with doubt, too."""
DOUBT = (0.995, 0.945)
"""Opacity that a network says of what is surely the person, and from which on it is a guess."""
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
    return light_share(matte * (1 - _like_wall(matte, pixels, skin, unit, NEAR)), luma)


def light_share(matte: np.ndarray, luma: np.ndarray) -> np.ndarray:
    """Return how much of the light of mixed pixels comes from the person, (S, S) float32.

    Half a bright cheek before a dark wall is nearly all cheek.

    Args:
        matte: (S, S) float32 opacity of the person.
        luma: (S, S) float32, linear.
    """
    fore = matte * _mean_luma(luma, matte > 0.95)
    back = (1 - matte) * _mean_luma(luma, matte < 0.05)
    return fore / np.maximum(fore + back, 1e-6)


def without_wall(
    matte: np.ndarray, told: np.ndarray, pixels: np.ndarray, skin: np.ndarray, unit: float
) -> np.ndarray:
    """Take from a matte what is told with doubt and looks like the wall: beside shoulders, most.

    Args:
        matte: (S, S) float32 opacity of the person.
        told: (S, S) float32 in [0, 1], what a network says of it.
        pixels: (S, S, 3) float32 RGB.
        skin: (S, S) float32 in [0, 1].
        unit: distance of the outer eye corners in pixels.

    Returns:
        (S, S) float32 in [0, 1].
    """
    doubt = np.clip((DOUBT[0] - told) / np.float32(DOUBT[0] - DOUBT[1]), 0, 1)
    doubt = cv2.GaussianBlur(doubt, (0, 0), 0.04 * unit)
    return matte * (1 - doubt * _like_wall(matte, pixels, skin, unit, FAR))


def _like_wall(
    matte: np.ndarray,
    pixels: np.ndarray,
    skin: np.ndarray,
    unit: float,
    wall: tuple[float, float],
) -> np.ndarray:
    """Return what looks like the background beside it, gaps in hair and mistakes, (S, S) float32.

    A wall that is lit as if it were the person shows more than a person lit as if a wall.
    """
    size = matte.shape[::-1]
    reach, alike = wall[0] * unit * SIDE / size[0], wall[1]
    behind = (matte < 0.05).astype(np.float32)
    near = cv2.GaussianBlur(_grid(behind), (0, 0), reach)
    colour = cv2.GaussianBlur(_grid(pixels * behind[..., None]), (0, 0), reach)
    colour = cv2.resize(colour / np.maximum(near, 1e-3)[..., None], size)
    away = cv2.GaussianBlur(pixels, (0, 0), 0.01 * unit) - colour
    square = np.einsum("ijk,ijk->ij", away, away)
    like = np.exp(square * np.float32(-0.5 / alike**2))
    like *= np.minimum(cv2.resize(near, size) / np.float32(0.08), 1) * (1 - skin)
    return cv2.GaussianBlur(like, (0, 0), 0.012 * unit)


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
