"""How the hairs of fuller brows lie on a face."""

import numpy as np

from faceedit.compose.growth.beard import POINTS

EDGES = (
    ((107, 66, 105, 63, 70), (55, 65, 52, 53, 46)),
    ((336, 296, 334, 293, 300), (285, 295, 282, 283, 276)),
)
"""Mesh points of each brow's upper and lower edge, the inner end first."""
SPREAD = (-0.12, 1.28)
"""Where roots stand, from the lower edge at 0 to the upper one at 1."""
ENDS = (0.0, 0.97)
"""Where they stand along a brow."""
JITTER = 0.2
"""Radians by which neighbours differ."""


def grow_brow(
    landmarks: np.ndarray, brow: int, count: int, length: float, draw: np.random.Generator
) -> np.ndarray:
    """Lay hairs along a brow: up at its inner end, outwards along it, together at its tail.

    Args:
        landmarks: (478, >= 2) mesh points in pixels.
        brow: 0 for the picture's left one.
        count: of hairs.
        length: of the longest, in pixels.
        draw: what is by chance.

    Returns:
        (count, POINTS, 2) float32 curves in pixels, from root to tip.
    """
    upper, lower = (landmarks[list(edge), :2].astype(np.float64) for edge in EDGES[brow])
    along = draw.uniform(*ENDS, count)
    # Fewer at the edges than in the middle.
    high = SPREAD[0] + (SPREAD[1] - SPREAD[0]) * draw.beta(1.6, 1.6, count)
    top, base = _at(upper, along), _at(lower, along)
    root = base + high[:, None] * (top - base)
    forward = _unit(_at(upper, along + 0.08) - _at(upper, along - 0.08))
    up = _unit(top - base)
    # Hairs of the upper half lean down towards the tail, those of the lower half up.
    rise = np.interp(along, [0, 0.15, 0.4, 0.7, 1], [1.5, 1.0, 0.45, 0.1, -0.1])
    rise = rise - (high - 0.5) * np.interp(along, [0, 0.3, 1], [0.1, 0.6, 0.9])
    angle = np.arctan(rise) + draw.normal(0, JITTER, count)
    way = np.cos(angle)[:, None] * forward + np.sin(angle)[:, None] * up
    reach = (
        length
        * draw.uniform(0.5, 1.0, count)
        * np.interp(along, [0, 0.2, 0.7, 1], [0.8, 1, 1, 0.6])
    )
    t = np.linspace(0, 1, POINTS)[:, None, None]
    bend = 0.35 * (forward - way) + draw.normal(0, 0.08, (count, 1)) * up
    curves = root + (way * t + bend * t * t) * reach[:, None]
    return curves.transpose(1, 0, 2).astype(np.float32)


def _at(edge: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return points of an edge, 0 at its inner end and 1 at its outer one."""
    knots = np.linspace(0, 1, len(edge))
    return np.column_stack([np.interp(np.clip(along, 0, 1), knots, edge[:, k]) for k in (0, 1)])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
