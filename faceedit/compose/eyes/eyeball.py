"""The eye between the lids: it stands still, and what the photo's lids hid is continued."""

from dataclasses import dataclass

import numpy as np

from faceedit.compose.eyes.lidflow import rows_of
from faceedit.compose.eyes.lids import Columns, Lids
from faceedit.compose.eyes.lidskin import Sampler
from faceedit.ramps import smoothstep

FOLLOW = 0.016
"""How far inside the opening the picture follows a lid: lash roots, wet rim."""
HIDDEN = (0.010, 0.022)
"""Below a lid's edge the photo shows lashes up to the first, their shadow up to the second."""
OPENED = 0.008
"""Eye distances of a lid's opening from which on what it uncovers is painted in full."""
LID_SHADOW = (0.28, 0.030)
"""Depth in log units and reach in eye distances of the shadow under a lid."""


@dataclass(frozen=True)
class Between:
    """What to paint between the lids.

    Attributes:
        paint: (h, w, 3) RGB in [0, 1].
        opacity: (h, w) in [0, 1].
        revealed: (h, w) in [0, 1], eye that the photo's lids hid.
    """

    paint: np.ndarray
    opacity: np.ndarray
    revealed: np.ndarray


def between_lids(
    lids: Lids, columns: Columns, x: np.ndarray, y: np.ndarray, counts: np.ndarray, look: Sampler
) -> Between:
    """Paint the rims that follow the lids, and the eye that they uncover.

    Args:
        lids: of the eye.
        columns: the lines at the places.
        x: (h, w) places in the eye's frame.
        y: (h, w).
        counts: (h, w) in [0, 1], how far the edit counts.
        look: reads the photo.
    """
    upper, lower = columns.upper, columns.lower
    inner, outer = np.maximum(y - upper.target, 0.0), np.maximum(lower.target - y, 0.0)
    by_upper = counts * np.exp(-((inner / FOLLOW) ** 2))
    by_lower = counts * np.exp(-((outer / FOLLOW) ** 2)) * (1 - by_upper)
    # The photo's edges over the very places, since the eyeball stands still.
    edge, rim = lids.photo_edges(x)
    first, last = HIDDEN
    seen = smoothstep((y - edge - first) / (last - first))
    seen = seen * smoothstep((rim - y - first / 2) / (last - first))
    opened = smoothstep(np.maximum(-upper.move, lower.move) / OPENED)
    behind = (1 - by_upper - by_lower) * counts * opened * (1 - seen)

    total = by_upper[..., None] * look(x + upper.along, y - upper.move)
    total += by_lower[..., None] * look(x + lower.along, y - lower.move)
    part = rows_of(behind > 0)
    if part.start < part.stop:
        depth, length = LID_SHADOW
        shade = np.exp(-depth * np.exp(-((inner[part] / length) ** 2)))
        total[part] += (behind[part] * shade)[..., None] * _continued(lids, x[part], y[part], look)
    opacity = by_upper + by_lower + behind
    uncovered = np.clip(np.maximum(edge - y, y - rim) * lids.unit + 0.5, 0.0, 1.0)
    paint = total / np.maximum(opacity, 1e-6)[..., None]
    return Between(paint, opacity, uncovered * counts * opened)


def _continued(lids: Lids, x: np.ndarray, y: np.ndarray, look: Sampler) -> np.ndarray:
    """Return the eye behind the photo's lids, (h, w, 3).

    Mirrored up and down about the iris' centre where that is in sight, else turned about it until
    it comes in sight: both keep the iris a disc and the white white.
    """
    centre_x, centre_y, iris = lids.iris
    margin = HIDDEN[1]
    mirrored = 2 * centre_y - y
    edge, rim = lids.photo_edges(x)
    free = np.minimum(rim - mirrored, mirrored - edge)
    sure = smoothstep((free - 0.5 * margin) / margin)[..., None]
    square = (x - centre_x) ** 2 + (y - centre_y) ** 2
    sides = []
    for side in (-1.0, 1.0):
        at_x, at_y = x, y
        # The farther it turns, the lower the lid that it must clear.
        for _ in range(3):
            edge, rim = lids.photo_edges(at_x)
            top, bottom = edge + margin, rim - 0.5 * margin
            at_y = np.minimum(np.maximum(y, top), np.maximum(bottom, (top + bottom) / 2))
            at_x = centre_x + side * np.sqrt(np.maximum(square - (at_y - centre_y) ** 2, 0.0))
        sides.append(look(at_x, at_y))
    right = smoothstep((x - centre_x) / iris + 0.5)[..., None]
    turned = (1 - right) * sides[0] + right * sides[1]
    return sure * look(x, mirrored) + (1 - sure) * turned
