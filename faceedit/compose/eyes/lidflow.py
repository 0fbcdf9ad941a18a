"""How the skin about an eye follows its lids, column by column."""

import numpy as np

from faceedit.compose.eyes.lids import LASHES, THIN, Columns, Lids, Line
from faceedit.ramps import smoothstep

FADE = 0.07
"""Eye distances beyond corners and cheek over which the given flow takes over again."""
RIMS = (0.004, 0.018)
"""Eye distances that the upper and lower lid of a shut eye hide of their edges."""


def skin_sources(
    columns: Columns, x: np.ndarray, y: np.ndarray, beyond: float = np.inf
) -> tuple[np.ndarray, np.ndarray]:
    """Return where in the photo the skin of either lid comes from.

    Args:
        columns: the lines at the places of the target.
        x: (h, w) places of the target, in the eye's frame.
        y: (h, w).
        beyond: eye distances past its lid's edge as far as which each is wanted.

    Returns:
        (2, h, w) for the upper and for the lower lid's skin, x and y; elsewhere anything.
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
    of_upper = rows_of(y < columns.upper.target + beyond)
    of_lower = rows_of(y > columns.lower.target - beyond)
    upper, lower = np.stack([x, y]), np.stack([x, y])
    upper[:, of_upper] = _through((brow, crease, roots, edge), x, y, of_upper)
    lower[:, of_lower] = _through((low, tips, under, _moved(under, FADE)), x, y, of_lower)
    return upper, lower


def reach(lids: Lids, columns: Columns, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far the lids' own flow counts at (h, w) places of the target, in [0, 1]."""
    brow, crease = columns.brow.target, columns.crease.target
    above = smoothstep((y - brow) / np.maximum(crease - brow, THIN))
    below = 1 - smoothstep((y - columns.under.target) / FADE)
    beside = np.maximum(np.maximum(lids.ends[0] - x, x - lids.ends[1]), 0.0)
    return above * below * (1 - smoothstep(beside / FADE))


def rows_of(pixels: np.ndarray) -> slice:
    """Return the rows between the first and the last that have one of some (h, w) bool pixels."""
    rows = np.flatnonzero(pixels.any(1))
    return slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0)


def reach_box(lids: Lids) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest pixels x, y, (2,) each, between which `reach` is not 0."""
    lines = lids.lines
    x = np.array([lids.ends[0] - FADE, lids.ends[1] + FADE])
    y = np.array([lines.brow.target.min(), lines.under.target.max() + FADE])
    corners = lids.places(x[[0, 1, 0, 1]], y[[0, 0, 1, 1]])
    return corners.min(0), corners.max(0)


_Knot = tuple[np.ndarray, np.ndarray, np.ndarray]


def _knot(line: Line) -> _Knot:
    return line.target, line.source, line.along


def _moved(knot: _Knot, by: float) -> _Knot:
    return knot[0] + by, knot[1] + by, knot[2]


def _apart(knot: _Knot, other: _Knot, side: int) -> _Knot:
    """Keep a knot on its side of another, in the target and in the photo."""
    keep = np.minimum if side < 0 else np.maximum
    return keep(knot[0], other[0] + side * THIN), keep(knot[1], other[1] + side * THIN), knot[2]


def _through(knots: tuple[_Knot, ...], x: np.ndarray, y: np.ndarray, part: slice) -> np.ndarray:
    """Map some rows of places by the monotone cubic through knots, of slope 1 beyond.

    Fritsch and Carlson, Monotone Piecewise Cubic Interpolation (1980).

    Returns:
        (2, h, w) x and y in the photo.
    """
    x, y = x[part], y[part]
    kinds = zip(*knots, strict=True)
    target, source, along = (np.stack([one[part] for one in values]) for values in kinds)
    width = np.maximum(np.diff(target, axis=0), 1e-6)
    secant = np.diff(source, axis=0) / width
    # A slope of at most three times either secant keeps the cubic monotone.
    bent = np.minimum(1.0, 3 * np.minimum(secant[:-1], secant[1:]))
    end = np.minimum(1.0, 3 * secant[[0, -1]])
    slope = np.concatenate([end[:1], bent, end[1:]])
    moved, found = along[-1].copy(), y - target[-1] + source[-1]
    for k in range(len(knots) - 2, -1, -1):
        within = (y >= target[k]) & (y < target[k + 1])
        rows = rows_of(within)
        at, wide, (first, last) = y[rows] - target[k][rows], width[k][rows], slope[k : k + 2, rows]
        t = np.minimum(at / wide, 1.0)
        part = wide * (t * (1 - t) ** 2 * first + t * t * (t - 1) * last)
        smooth = smoothstep(t)
        (start, end), (left, right) = source[k : k + 2, rows], along[k : k + 2, rows]
        np.copyto(found[rows], start + smooth * (end - start) + part, where=within[rows])
        np.copyto(moved[rows], left + t * (right - left), where=within[rows])
    above = y < target[0]
    found = np.where(above, y - target[0] + source[0], found)
    return np.stack([x + np.where(above, along[0], moved), found])
