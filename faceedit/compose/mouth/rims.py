"""Lips that roll inwards: their own colour runs round their inner edges and is lost in the dark."""

import cv2
import numpy as np

from faceedit.compose.mouth.cavity import WIDE_FROM, WIDE_TO
from faceedit.compose.mouth.opening import Opening

REACHES = (0.012, 0.024)
"""Eye distances inside an opening over which the upper and the lower lip are lost to sight."""
OF_GAP = 0.16
"""Of the height of an opening that this is at most."""
SHADES = (0.5, 0.85)
"""Light on their inner sides over that outside: the upper one looks down."""
LOOKED_AT, EVENED = 0.012, 0.02
"""Eye distances outside an opening where its lips show their colour, and along it over which this
is evened."""
INNER = np.array([1.0, 0.88, 0.9], np.float32)
"""RGB of a lip's inner side over that of its outer one."""


def roll_in(painted: np.ndarray, lips: np.ndarray, opening: Opening) -> np.ndarray:
    """Return what is between lips, (h, w, 3), with the lips' inner sides before it.

    Args:
        painted: (h, w, 3) float32 RGB in [0, 1], in the opening's box.
        lips: (h, w, 3) the lips about it as the target shows them.
        opening: of the target.
    """
    inside, unit = opening.coverage > 0.5, opening.unit
    if not inside.any():
        return painted
    found = np.flatnonzero(inside.any(0))
    columns = np.arange(found[0], found[-1] + 1)
    covered = opening.coverage[:, columns]
    inside, high = covered > 0.5, covered.sum(0)
    there = np.asarray(inside.any(0))
    # Edges between pixels: whole rows would show stairs.
    middle = (covered * np.arange(len(covered))[:, None]).sum(0) / np.maximum(high, 1e-3)
    top, bottom = (
        cv2.GaussianBlur(edge[None].astype(np.float32), (0, 0), 1.0)[0]
        for edge in (middle - high / 2, middle + high / 2)
    )
    gap = float(high.max())
    aside = 2 * (columns - columns.mean()) / max(float(np.ptp(columns)), 1.0)
    share = np.sqrt(np.clip(1 - aside**2, 0, 1)) * there
    share *= np.clip((gap / unit - WIDE_FROM) / (WIDE_TO - WIDE_FROM), 0, 1)
    first, last = np.flatnonzero(inside.any(1))[[0, -1]]
    part = (slice(max(first - 1, 0), last + 2), columns)
    rows = np.arange(len(inside))[part[0], None]
    laid, margin = painted[part], max(1.0, LOOKED_AT * unit)
    sides = ((top - margin, rows - top), (bottom + margin, bottom - rows))
    for (at, depth), reach, shade in zip(sides, REACHES, SHADES, strict=True):
        seen = lips[np.clip(np.rint(at).astype(int), 0, len(lips) - 1), columns][None]
        seen = cv2.GaussianBlur(
            seen, (0, 0), max(EVENED * unit, 1.5), borderType=cv2.BORDER_REFLECT
        )
        deep = (np.maximum(depth, 0) / min(reach * unit, OF_GAP * gap))[..., None]
        alpha = (share[:, None] * np.exp(-(deep**2))).astype(np.float32)
        colour = seen * INNER * (shade * np.exp(-0.5 * deep)).astype(np.float32)
        laid = laid + alpha * (colour - laid)
    result = painted.copy()
    result[part] = laid
    return result
