"""Skin that a closing upper lid unfolds, and the line of lashes where lids meet."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from faceedit.compose.eyes.lids import (
    GRID,
    LASHES,
    THIN,
    Columns,
    Lids,
    along_grid,
    blur_along,
)
from faceedit.ramps import smoothstep

Sampler = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Reads the photo at x, y (h, w) of an eye's frame: (h, w, 3) RGB in [0, 1]."""

STRETCH = (1.3, 2.4)
"""Stretching of the lid's skin from which on, and above which only, it is painted."""
LASH_DARK = (0.3, 0.5)
"""Darker than the lid's colour by the first share is skin, by the second lashes."""
LASH_SPREAD = 0.02
"""Eye distances along the lid over which that is evened."""
LOWERED = 0.015
"""Eye distances of the lid's descent from which on paint is laid in full."""
THICK = (0.015, 0.045)
"""Heights of the lid's visible skin from which on, and above which only, its colour is trusted."""
LID_SHARE = 0.65
"""Of the visible lid in that colour, the rest the skin below the brow's: a lid that bulges out of
its fold catches more light than the rim that shows of an open one."""
CHEEK = 0.06
"""Eye distances below the eye's lower fold that are taken for the skin of the cheek."""
LIFTED = 0.25
"""Share of the way, in log, to that skin's colour where it is lighter."""
COLOUR_REACH = 0.05
"""Eye distances along the lid over which its colour is evened."""
BULGE, HOLLOW = 0.09, 0.12
"""Log units by which the middle of a closed lid is lighter, its crease and lash roots darker."""
GRAIN = 0.014
"""Eye distances: structure finer than this is the skin's texture."""
GRAIN_LIMIT = 0.05
LASH_STRIP = (-0.012, 0.008)
"""About the upper lid's edge, where the photo is searched for the lashes' darkness."""
LASH_SHARE = 0.5
"""Of that darkness, laid over the line where lids have met."""
LASH_WIDTH = (0.006, 0.009)
"""Eye distances that the line reaches up and down."""
LASH_TIPS = (0.022, 0.45)
"""Eye distances that single lashes hang down, and their share of the line's darkness."""
DARKEST = 0.02
_TAPS = 7


def unfolded_skin(
    columns: Columns,
    x: np.ndarray,
    y: np.ndarray,
    colour: np.ndarray,
    grain: np.ndarray,
    lashes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return paint (h, w, 3) and opacity (h, w) of the upper lid's skin where it is stretched.

    Args:
        columns: the lines at the places.
        x: (h, w) places in the eye's frame.
        y: (h, w).
        colour: (N, 3) of `lid_colour`.
        grain: (h, w, 3) of `skin_grain`.
        lashes: (N,) of `lashes_over_lid`.
    """
    crease, roots = columns.crease.target, columns.upper.target - LASHES
    height = np.maximum(roots - crease, THIN)
    had = np.maximum(columns.upper.source - LASHES - columns.crease.source, THIN)
    much = smoothstep(height / had, STRETCH)
    along = (y - crease) / height
    window = smoothstep(along / 0.35) * smoothstep((roots + 0.4 * LASHES - y) / (0.8 * LASHES))
    base = np.moveaxis(along_grid(colour.T, x), 0, -1)
    # Lashes that reach over the lid would be drawn out long before its skin is.
    some = smoothstep((height / had - 1) / (STRETCH[0] - 1)) * along_grid(lashes[None], x)[0]
    lowered = smoothstep(columns.upper.move / LOWERED)
    relief = BULGE * np.sin(np.pi * np.clip(along, 0, 1)) - HOLLOW * (
        smoothstep((along - 0.6) / 0.5) + 0.5 * smoothstep(1 - along / 0.3)
    )
    paint = base * np.exp(relief)[..., None] + grain
    return np.clip(paint, 0.0, 1.0), np.maximum(much, some) * lowered * window


def may_unfold(columns: Columns, y: np.ndarray) -> np.ndarray:
    """Return where `unfolded_skin` may have any opacity, (h, w) bool."""
    end = columns.upper.target - LASHES + 0.4 * LASHES
    return (y > columns.crease.target) & (y < end) & (columns.upper.move > 0)


def lid_colour(lids: Lids, look: Sampler) -> np.ndarray:
    """Return the upper lid's colour at `GRID`, (N, 3): without its lashes and shadows."""
    steps = np.linspace(0.1, 0.9, _TAPS)[:, None]
    lines = lids.lines
    x = np.broadcast_to(GRID, (_TAPS, len(GRID)))
    crease, roots = lines.crease.source, lines.upper.source - LASHES
    bare = np.maximum(roots - crease, THIN)
    fold = np.minimum(crease, roots)
    below_brow = np.maximum(fold - lines.brow.source, THIN)
    of_lid = _lighter_half(look(x, crease + steps * bare))
    of_brow = _lighter_half(look(x, fold - steps * 0.4 * below_brow))
    # Where brows hang low, what lies above the fold is hair.
    darker = (of_brow.sum(-1) < of_lid.sum(-1))[:, None]
    of_brow = np.where(darker, of_lid, of_brow)
    trust = LID_SHARE * smoothstep(bare, THICK)[:, None]
    colour = np.maximum(of_lid, 1e-3) ** trust * np.maximum(of_brow, 1e-3) ** (1 - trust)
    # A shut lid fills the socket, whose shadow lay on all that is seen above an open eye.
    of_cheek = np.maximum(_lighter_half(look(x, lines.under.source + steps * CHEEK)), 1e-3)
    darker = (colour.sum(-1) < of_cheek.sum(-1))[:, None]
    colour = np.where(darker, colour ** (1 - LIFTED) * of_cheek**LIFTED, colour)
    # Beyond the corners the columns show other things.
    weight = ((lids.ends[0] < GRID) & (lids.ends[1] > GRID)).astype(np.float64)
    evened = blur_along(colour.T * weight, COLOUR_REACH)
    return (evened / np.maximum(blur_along(weight[None], COLOUR_REACH), 1e-3)).T


def lashes_over_lid(lids: Lids, colour: np.ndarray, look: Sampler) -> np.ndarray:
    """Return how surely lashes or liner reach up over the lid at `GRID`, (N,) in [0, 1]."""
    lines = lids.lines
    crease, roots = lines.crease.source, lines.upper.source - LASHES
    steps = np.linspace(0.5, 1.0, _TAPS)[:, None]
    taps = look(np.broadcast_to(GRID, (_TAPS, len(GRID))), crease + steps * (roots - crease))
    darker = 1 - taps.sum(-1) / np.maximum(colour.sum(-1), DARKEST)
    dark = smoothstep(darker.max(0), LASH_DARK)
    return blur_along(dark[None], LASH_SPREAD)[0]


def _lighter_half(taps: np.ndarray) -> np.ndarray:
    """Return the mean of the lighter half of (T, N, 3) colours, (N, 3)."""
    order = np.argsort(taps.sum(-1), axis=0)[len(taps) // 2 :]
    return np.take_along_axis(taps, order[..., None], axis=0).mean(0)


def skin_grain(lids: Lids, x: np.ndarray, y: np.ndarray, look: Sampler) -> np.ndarray:
    """Return fine texture (h, w, 3) of the skin below the eye, laid over the lid."""
    lines = lids.lines
    under, upper = along_grid(np.stack([lines.under.source, lines.upper.target]), x)
    patch = look(x, under + upper - y).astype(np.float32)
    fine = patch - cv2.GaussianBlur(patch, (0, 0), _grain_blur(lids.unit))
    return np.clip(fine, -GRAIN_LIMIT, GRAIN_LIMIT)


def grain_margin(unit: float) -> int:
    """Return how many pixels about it say what grain a pixel has."""
    return math.ceil(4 * _grain_blur(unit)) + 2


def _grain_blur(unit: float) -> float:
    return max(GRAIN * unit, 0.8)


def met_lashes(
    lids: Lids, columns: Columns, x: np.ndarray, y: np.ndarray, colour: np.ndarray, look: Sampler
) -> np.ndarray | None:
    """Return the log ratio (h, w, 3), at most 0, of lashes along the line where lids meet.

    As dark as the lashes that the photo shows against the lid; None where no lids meet.

    Args:
        lids: of the eye.
        columns: the lines at the places.
        x: (h, w) places in the eye's frame.
        y: (h, w).
        colour: (N, 3) of `lid_colour`.
        look: reads the photo.
    """
    met = smoothstep((columns.closed - 0.6) / 0.4)
    at = np.nonzero(met)
    if not len(at[0]):
        return None
    log_ratio = np.zeros((*x.shape, 3))
    x, y, upper, lower = x[at], y[at], columns.upper.target[at], columns.lower.target[at]
    steps = np.linspace(*LASH_STRIP, _TAPS)[:, None]
    taps = look(np.broadcast_to(GRID, (_TAPS, len(GRID))), lids.lines.upper.source + steps)
    darkest = taps[taps.sum(-1).argmin(0), np.arange(len(GRID))]
    ratio = np.log(np.maximum(darkest, DARKEST) / np.maximum(colour, DARKEST))
    ratio = blur_along(np.minimum(ratio, 0.0).T, 0.02)
    below = y - (upper + lower) / 2
    width = np.where(below < 0, *LASH_WIDTH)
    length, share = LASH_TIPS
    # Lashes fan out from the middle of the lid; their spacing is that of waves out of step.
    fan = x * (1 - 4 * np.maximum(below, 0))
    strands = 0.5 + 0.25 * (np.sin(fan * 420) + np.sin(fan * 611 + 1.3))
    tips = share * strands * np.exp(-((np.maximum(below, 0) / length) ** 2)) * (below >= 0)
    line = np.maximum(np.exp(-((below / width) ** 2)), tips)
    middle, half = sum(lids.ends) / 2, (lids.ends[1] - lids.ends[0]) / 2
    ends = smoothstep((half - np.abs(x - middle)) / 0.06)
    log_ratio[at] = along_grid(ratio, x).T * (LASH_SHARE * met[at] * ends * line)[..., None]
    return log_ratio
