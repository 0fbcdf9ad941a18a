"""How the skin about an eye follows its lids, column by column."""

import numpy as np
from numba import njit

from faceedit.studio.lids import LASHES, THIN, Columns, Lids, Line, smooth_step

FADE = 0.07
"""Eye distances beyond corners and cheek over which the given flow takes over again."""
RIMS = (0.004, 0.018)
"""Eye distances that the upper and lower lid of a shut eye hide of their edges."""


def skin_sources(columns: Columns, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where in the photo the skin of either lid comes from.

    Args:
        columns: the lines at the places of the target.
        x: (h, w) places of the target, in the eye's frame.
        y: (h, w).

    Returns:
        (2, h, w) for the upper and for the lower lid's skin, x and y, each beyond its lid's edge.
    """
    brow, crease, edge = (_knot(n) for n in (columns.brow, columns.crease, columns.upper))
    low, under = _knot(columns.lower), _knot(columns.under)
    roots, tips = _moved(edge, -LASHES), _moved(low, 2 * LASHES)
    # Where lids meet, nothing of the eye between must be left on them.
    upper_rim, lower_rim = RIMS
    edge = edge[0], edge[1] - upper_rim * columns.closed, edge[2]
    low = low[0], low[1] + lower_rim * columns.closed, low[2]
    crease = _apart(crease, roots, -1)
    brow = _apart(brow, crease, -1)
    under = _apart(under, tips, 1)
    upper = _through((brow, crease, roots, edge), x, y)
    return upper, _through((low, tips, under, _moved(under, FADE)), x, y)


def reach(lids: Lids, columns: Columns, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far the lids' own flow counts at (h, w) places of the target, in [0, 1]."""
    brow, crease = columns.brow.target, columns.crease.target
    above = smooth_step((y - brow) / np.maximum(crease - brow, THIN))
    below = 1 - smooth_step((y - columns.under.target) / FADE)
    beside = np.maximum(np.maximum(lids.ends[0] - x, x - lids.ends[1]), 0.0)
    return above * below * (1 - smooth_step(beside / FADE))


_Knot = tuple[np.ndarray, np.ndarray, np.ndarray]


def _knot(line: Line) -> _Knot:
    return line.target, line.source, line.along


def _moved(knot: _Knot, by: float) -> _Knot:
    return knot[0] + by, knot[1] + by, knot[2]


def _apart(knot: _Knot, other: _Knot, side: int) -> _Knot:
    """Keep a knot on its side of another, in the target and in the photo."""
    keep = np.minimum if side < 0 else np.maximum
    return keep(knot[0], other[0] + side * THIN), keep(knot[1], other[1] + side * THIN), knot[2]


def _through(knots: tuple[_Knot, ...], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Map places by the monotone cubic through knots, of slope 1 beyond.

    Fritsch and Carlson, Monotone Piecewise Cubic Interpolation (1980).

    Returns:
        (2, h, w) x and y in the photo.
    """
    flat = [np.stack([v.ravel() for v in values]) for values in zip(*knots, strict=True)]
    target, source, along = flat
    return _cubic(target, source, along, x.ravel(), y.ravel()).reshape(2, *x.shape)


@njit(cache=True)
def _cubic(target, source, along, x, y):
    n = len(target)
    found = np.empty((2, len(x)))
    for i in range(len(x)):
        if y[i] < target[0, i]:
            found[0, i] = x[i] + along[0, i]
            found[1, i] = y[i] - target[0, i] + source[0, i]
            continue
        if y[i] >= target[n - 1, i]:
            found[0, i] = x[i] + along[n - 1, i]
            found[1, i] = y[i] - target[n - 1, i] + source[n - 1, i]
            continue
        k = 0
        while y[i] >= target[k + 1, i]:
            k += 1
        # A slope of at most three times either secant keeps the cubic monotone.
        secant = np.empty(3)
        for j in range(3):
            m = min(max(k - 1 + j, 0), n - 2)
            width = max(target[m + 1, i] - target[m, i], 1e-6)
            secant[j] = (source[m + 1, i] - source[m, i]) / width
        left = min(1.0, 3 * min(secant[0], secant[1]))
        right = min(1.0, 3 * min(secant[1], secant[2]))
        width = max(target[k + 1, i] - target[k, i], 1e-6)
        t = (y[i] - target[k, i]) / width
        value = (2 * t**3 - 3 * t**2 + 1) * source[k, i]
        value += (3 * t**2 - 2 * t**3) * source[k + 1, i]
        value += width * ((t**3 - 2 * t**2 + t) * left + (t**3 - t**2) * right)
        found[0, i] = x[i] + along[k, i] + t * (along[k + 1, i] - along[k, i])
        found[1, i] = value
    return found
