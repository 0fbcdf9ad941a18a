"""Skin that a closing upper lid unfolds, and the line of lashes where lids meet."""

from collections.abc import Callable

import cv2
import numpy as np

from faceedit.studio.lids import LASHES, THIN, Lids, smooth_step

Look = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Reads the photo at x, y (h, w) of an eye's frame: (h, w, 3) RGB in [0, 1]."""

STRETCH = (1.3, 2.4)
"""Stretching of the lid's skin from which on, and above which only, it is painted."""
THICK = (0.015, 0.045)
"""Heights of the lid's visible skin from which on, and above which only, its colour is trusted."""
COLOUR_REACH = 0.05
"""Eye distances along the lid over which its colour is evened."""
BULGE, HOLLOW = 0.07, 0.12
"""Log units by which the middle of a closed lid is lighter, its crease and lash roots darker."""
GRAIN = 0.014
"""Eye distances: structure finer than this is the skin's texture."""
GRAIN_LIMIT = 0.05
_TAPS = 7


def unfolded_skin(
    lids: Lids, x: np.ndarray, y: np.ndarray, look: Look
) -> tuple[np.ndarray, np.ndarray]:
    """Return paint (h, w, 3) and opacity (h, w) of the upper lid's skin where it is stretched.

    Args:
        lids: of the eye.
        x, y: (h, w) places in its frame.
        look: reads the photo.
    """
    crease = lids.at(lids.crease.target, x)
    roots = lids.at(lids.upper.target, x) - LASHES
    height = np.maximum(roots - crease, THIN)
    had = np.maximum(lids.upper.source - LASHES - lids.crease.source, THIN)
    stretch = np.maximum(lids.upper.target - LASHES - lids.crease.target, THIN) / had
    stretched = smooth_step((lids.at(stretch, x) - STRETCH[0]) / (STRETCH[1] - STRETCH[0]))
    along = (y - crease) / height
    window = smooth_step(along / 0.35) * smooth_step((roots + 0.4 * LASHES - y) / (0.8 * LASHES))

    colour = _lid_colour(lids, look)
    base = np.stack([lids.at(colour[:, c], x) for c in range(3)], axis=-1)
    relief = BULGE * np.sin(np.pi * np.clip(along, 0, 1)) - HOLLOW * (
        smooth_step((along - 0.6) / 0.5) + 0.5 * smooth_step(1 - along / 0.3)
    )
    paint = base * np.exp(relief)[..., None] + _grain(lids, x, y, look)
    return np.clip(paint, 0.0, 1.0), stretched * window


def _lid_colour(lids: Lids, look: Look) -> np.ndarray:
    """Return the skin's colour per column of the grid, (N, 3): without lashes and shadows."""
    steps = np.linspace(0.1, 0.9, _TAPS)[:, None]
    x = np.broadcast_to(lids.grid, (_TAPS, len(lids.grid)))
    crease, roots = lids.crease.source, lids.upper.source - LASHES
    bare = np.maximum(roots - crease, THIN)
    fold = np.minimum(crease, roots)
    of_lid = _lighter_half(look(x, crease + steps * bare))
    of_brow = _lighter_half(look(x, fold - steps * 0.6 * np.maximum(fold - lids.brow.source, THIN)))
    trust = smooth_step((bare - THICK[0]) / (THICK[1] - THICK[0]))[:, None]
    colour = trust * of_lid + (1 - trust) * of_brow
    sigma = COLOUR_REACH / (lids.grid[1] - lids.grid[0])
    # Beyond the corners the columns show other things.
    inside = (lids.grid > lids.ends[0]) & (lids.grid < lids.ends[1])
    weight = inside.astype(np.float64)
    blurred = _blur(colour * weight[:, None], sigma)
    return blurred / np.maximum(_blur(weight[:, None], sigma), 1e-3)


def _blur(values: np.ndarray, sigma: float) -> np.ndarray:
    """Blur (N, C) values along their first axis."""
    return (
        cv2.GaussianBlur(np.ascontiguousarray(values.T, np.float64), (0, 0), sigma, sigmaY=1e-3)
        .reshape(values.shape[1], -1)
        .T
    )


def _lighter_half(taps: np.ndarray) -> np.ndarray:
    """Return the mean of the lighter half of (T, N, 3) colours, (N, 3)."""
    order = np.argsort(taps.sum(-1), axis=0)[len(taps) // 2 :]
    return np.take_along_axis(taps, order[..., None], axis=0).mean(0)


def _grain(lids: Lids, x: np.ndarray, y: np.ndarray, look: Look) -> np.ndarray:
    """Return fine texture (h, w, 3) of the skin below the eye, laid over the lid."""
    below = lids.at(lids.under.source, x) + (lids.at(lids.upper.target, x) - y)
    patch = look(x, below).astype(np.float32)
    fine = patch - cv2.GaussianBlur(patch, (0, 0), max(GRAIN * lids.unit, 0.8))
    return np.clip(fine, -GRAIN_LIMIT, GRAIN_LIMIT)


def closed_line(lids: Lids, x: np.ndarray, y: np.ndarray, look: Look) -> np.ndarray:
    """Return the log ratio (h, w, 3) by which lashes darken the line where lids meet."""
    return np.zeros((*x.shape, 3), np.float32)
