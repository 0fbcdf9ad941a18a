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
    inside = inside[:, columns]
    top, bottom = inside.argmax(0), len(inside) - 1 - inside[::-1].argmax(0)
    gap = float((bottom - top)[inside.any(0)].max() + 1)
    aside = 2 * (columns - columns.mean()) / max(float(np.ptp(columns)), 1.0)
    share = np.sqrt(np.clip(1 - aside**2, 0, 1)) * inside.any(0)
    share *= np.clip((gap / unit - WIDE_FROM) / (WIDE_TO - WIDE_FROM), 0, 1)
    low, high = max(int(np.flatnonzero(inside.any(1))[0]) - 1, 0), int(bottom.max()) + 2
    part, rows = (slice(low, high), columns), np.arange(len(inside))[low:high, None]
    laid, margin = painted[part], max(1, round(LOOKED_AT * unit))
    sides = ((top - margin, rows - top), (bottom + margin, bottom - rows))
    for (at, depth), reach, shade in zip(sides, REACHES, SHADES, strict=True):
        seen = lips[np.clip(at, 0, len(lips) - 1), columns][None]
        seen = cv2.GaussianBlur(
            seen, (0, 0), max(EVENED * unit, 0.5), borderType=cv2.BORDER_REFLECT
        )
        deep = (np.maximum(depth, 0) / min(reach * unit, OF_GAP * gap))[..., None]
        alpha = (share[:, None] * np.exp(-(deep**2))).astype(np.float32)
        colour = seen * INNER * (shade * np.exp(-0.5 * deep)).astype(np.float32)
        laid = laid + alpha * (colour - laid)
    result = painted.copy()
    result[part] = laid
    return result
