"""Strokes and pits of brightness on a map of the skin, given by places on its atlas."""

from collections.abc import Sequence

import numpy as np
from numba import njit

SIDE = 384
"""Of the maps in pixels: a fine line is a pixel and a half wide."""


def stroke(
    layer: np.ndarray,
    path: Sequence[tuple[float, float] | np.ndarray] | np.ndarray,
    depth: float,
    width: float,
    ridge: float = 0.35,
    taper: float = 2.0,
) -> None:
    """Add a stroke along a smooth path, with bulging skin on its left looking along the path.

    Args:
        layer: (SIDE, SIDE), changed.
        path: places on the atlas.
        depth: log ratio at the bottom, positive darkens.
        width: half width of the stroke.
        ridge: brightness of the bulge relative to the depth.
        taper: 1 fades from the middle to both ends, more keeps it even for longer.
    """
    curve = _smooth_curve(np.array(path, np.float64))
    _press(layer, curve, depth, width, ridge, taper)


@njit(cache=True)
def _press(layer, curve, depth, width, ridge, taper):
    """Add the profile of a stroke by each pixel's distance from a polyline (N, 2)."""
    side, spans = layer.shape[0], len(curve) - 1
    reach = 5.0 * width
    low_x, high_x = curve[:, 0].min() - reach, curve[:, 0].max() + reach
    low_y, high_y = curve[:, 1].min() - reach, curve[:, 1].max() + reach
    first, last = max(0, int(low_x * (side - 1))), min(side, int(high_x * (side - 1)) + 2)
    for row in range(max(0, int(low_y * (side - 1))), min(side, int(high_y * (side - 1)) + 2)):
        y = row / (side - 1)
        for column in range(first, last):
            x = column / (side - 1)
            best, position, left = reach * reach, 0.0, 0.0
            for k in range(spans):
                step_x, step_y = curve[k + 1, 0] - curve[k, 0], curve[k + 1, 1] - curve[k, 1]
                away_x, away_y = x - curve[k, 0], y - curve[k, 1]
                along = (away_x * step_x + away_y * step_y) / (step_x**2 + step_y**2)
                along = min(max(along, 0.0), 1.0)
                off_x, off_y = away_x - along * step_x, away_y - along * step_y
                square = off_x**2 + off_y**2
                if square < best:
                    best, position = square, 2.0 * (k + along) / spans - 1.0
                    left = np.sign(off_x * step_y - off_y * step_x)
            if best < reach * reach:
                distance = np.sqrt(best)
                envelope = 1.0 - np.abs(position) ** (2.0 * taper)
                bulge = np.exp(-(((left * distance - 2.0 * width) / (1.5 * width)) ** 2))
                profile = ridge * bulge - np.exp(-((distance / width) ** 2))
                layer[row, column] += depth * envelope * profile


def _smooth_curve(path: np.ndarray, per_span: int = 5) -> np.ndarray:
    """Return a Catmull-Rom curve through (N, 2) places."""
    ends = np.concatenate([[2 * path[0] - path[1]], path, [2 * path[-1] - path[-2]]])
    t = (np.arange(per_span) / per_span)[:, None]
    spans = []
    for a, b, c, d in zip(ends[:-3], ends[1:-2], ends[2:-1], ends[3:], strict=True):
        bend = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        spans.append(b + 0.5 * ((c - a) * t + bend))
    return np.concatenate([*spans, path[-1:]])


def pit(layer: np.ndarray, middle: np.ndarray, radii: tuple[float, float], depth: float) -> None:
    """Darken (or, with a negative depth, brighten) a soft ellipse."""
    x = np.exp(-(((columns() - middle[0]) / radii[0]) ** 2))
    y = np.exp(-(((columns() - middle[1]) / radii[1]) ** 2))
    layer -= np.float32(depth) * np.outer(y, x).astype(np.float32)


def columns() -> np.ndarray:
    """Return the places of the maps' columns, and of their rows, on the atlas: (SIDE,)."""
    return np.linspace(0.0, 1.0, SIDE)
