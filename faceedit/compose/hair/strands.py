"""Strands: a pattern that runs along hair, where a photo is too dark to show any."""

from functools import cache

import cv2
import numpy as np

from faceedit.compose.edit import sample_field
from faceedit.ramps import ramp

FINEST = 130.0
"""Eye distance in pixels at which the pattern is drawn, if the photo is not coarser."""
CELLS = (0.011, 0.05)
"""Eye distances between independent strands and locks."""
SEEN, SMOOTH = 0.03, 0.12
"""Eye distances over which the direction of strands is measured, and made smooth."""
HANGING = 2e-5
"""Weight of straight down beside the directions that the photo shows."""
ALIKE = (0.35, 0.75)
"""How alike directions are nearby where hair has no common one, and where all of it has."""
DOUBLINGS, CURLED = 5, 1
"""Rounds in which the pattern is averaged along strands, each over twice the way; and along
curls."""
FRIZZ = 0.6
"""Of the spread of strands, that of curls."""
STEP = 0.012
"""Eye distances of the first."""
SIDE = 640
"""Cells of the noise that strands are drawn from."""


def strands(
    light: np.ndarray, matte: np.ndarray, unit: float, to_crop: np.ndarray, size: int
) -> np.ndarray:
    """Draw strands along the hair of a window.

    Args:
        light: (H, W) float32 log lightness.
        matte: (H, W) float32 opacity of hair.
        unit: the eye distance in pixels of the window.
        to_crop: (2, 3) similarity from the window's pixels to the crop's.
        size: side of the crop in crop pixels.

    Returns:
        (H, W, 2) float32, of mean about 0 and variance up to 1: strands, and locks of them.
    """
    shape = light.shape
    share = min(1.0, FINEST / unit)
    grid = (max(2, round(shape[0] * share)), max(2, round(shape[1] * share)))
    stretch = np.array([shape[1] / grid[1], shape[0] / grid[0]])
    coarse = np.column_stack(
        [to_crop[:, :2] * stretch, to_crop[:, 2] + to_crop[:, :2] @ ((stretch - 1) / 2)]
    )
    small, opacity = (
        cv2.resize(one, grid[::-1], interpolation=cv2.INTER_AREA) for one in (light, matte)
    )
    unit = unit / float(stretch.mean())
    way, alike = _direction(small, opacity, unit)
    pattern = np.dstack([_noise(cell, coarse, unit, size, grid) for cell in CELLS])
    y, x = np.mgrid[: grid[0], : grid[1]].astype(np.float32)
    for round_ in range(DOUBLINGS):
        step = np.float32(STEP * unit * 2**round_)
        ahead, behind = (
            cv2.remap(
                pattern,
                x + sign * step * way[..., 0],
                y + sign * step * way[..., 1],
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT,
            )
            for sign in (1, -1)
        )
        pattern = (ahead + behind) * np.float32(0.5)
        if round_ == CURLED - 1:
            curls = np.float32(FRIZZ) * _even(pattern, opacity)
    pattern = curls + alike[..., None] * (_even(pattern, opacity) - curls)
    return cv2.resize(pattern, shape[::-1], interpolation=cv2.INTER_LINEAR)


def _even(pattern: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return a pattern of variance 1 where it has weight, in each of its channels."""
    spread = np.sqrt((pattern * pattern * weight[..., None]).sum((0, 1)) / (weight.sum() + 1e-6))
    return pattern / np.maximum(spread, 1e-6)


def _direction(light: np.ndarray, matte: np.ndarray, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors along strands, either way, (H, W, 2), and how alike neighbours' are.

    They are those of the structure tensor; curls have no common one.
    """
    fine = cv2.GaussianBlur(light, (0, 0), max(0.7, 0.3 * SEEN * unit))
    across, down = cv2.Sobel(fine, cv2.CV_32F, 1, 0), cv2.Sobel(fine, cv2.CV_32F, 0, 1)
    # Outlines of hair are no strands.
    weight = matte * matte
    pair = np.dstack([down * down - across * across, -2 * across * down]) * weight[..., None]
    near = cv2.GaussianBlur(pair, (0, 0), SEEN * unit)
    length = np.linalg.norm(near, axis=2, keepdims=True)
    root = np.sqrt(length + 1e-8)
    far = cv2.GaussianBlur(np.dstack([near / root, root]), (0, 0), SMOOTH * unit)
    alike = np.linalg.norm(far[..., :2], axis=2) / np.maximum(far[..., 2], 1e-6)
    alike = ramp(alike, ALIKE)
    far[..., 0] -= HANGING
    angle = 0.5 * np.arctan2(far[..., 1], far[..., 0])
    return np.dstack([np.cos(angle), np.sin(angle)]), alike


def _noise(
    cell: float, to_crop: np.ndarray, unit: float, size: int, grid: tuple[int, int]
) -> np.ndarray:
    """Return noise of a cell's size in eye distances, in place on the face: (H, W) float32."""
    crop_unit = unit * float(np.hypot(to_crop[0, 0], to_crop[1, 0]))
    side = int(np.clip(size / (cell * crop_unit), 8, SIDE))
    return sample_field(_drawn(side), size, to_crop, grid)


@cache
def _drawn(side: int) -> np.ndarray:
    return np.random.default_rng(side).normal(size=(side, side)).astype(np.float32)
