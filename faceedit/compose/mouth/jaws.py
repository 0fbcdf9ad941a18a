"""How teeth move: each jaw as one smooth plate, parted along the upper teeth's lower edge."""

from operator import itemgetter

import numpy as np


class SmoothMap:
    """A quadratic map of the plane through matching points, least squares.

    A jaw is rigid and seen from nearly one direction: its front moves between two pictures as
    one smooth plate, whatever the teeth of the model and the person have between them.

    Args:
        points: (N, 2), N >= 1; with few points it is affine or a shift.
        values: (N, 2).
    """

    def __init__(self, points: np.ndarray, values: np.ndarray):
        self.middle = points.mean(0)
        self.spread = max(float(points.std(0).max()), 1e-6)
        basis = self._basis(points)
        ridge = np.full(basis.shape[1], 1e-3 * len(points))
        ridge[0] = 0
        start = (values - values.mean(0)) - (points - self.middle)
        normal = basis.T @ basis + np.diag(ridge)
        self.shift = values.mean(0)
        self.weights = np.linalg.solve(normal, basis.T @ start)

    def _basis(self, points: np.ndarray) -> np.ndarray:
        x, y = ((points - self.middle) / self.spread).reshape(-1, 2).T.astype(np.float64)
        return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Take (..., 2) points through the map; returns the same shape, float32."""
        moved = self._basis(points.reshape(-1, 2)) @ self.weights
        carried = points - self.middle + self.shift + moved.reshape(points.shape)
        return carried.astype(np.float32)

    def on_grid(self, places: np.ndarray, step: int = 6) -> np.ndarray:
        """Map a regular (H, W, 2) grid, exactly at every few places and bilinearly between."""
        height, width = places.shape[:2]
        rows = np.unique(np.append(np.arange(0, height, step), height - 1))
        columns = np.unique(np.append(np.arange(0, width, step), width - 1))
        if len(rows) < 2 or len(columns) < 2:
            return self(places)
        coarse = self(places[np.ix_(rows, columns)])
        down, across = _between(rows, height), _between(columns, width)
        # cv2's own interpolation rounds places to 1/32, of six pixels here.
        return np.einsum("yr,rcv,xc->yxv", down, coarse, across, optimize=True)


def _between(knots: np.ndarray, length: int) -> np.ndarray:
    """Return the (length, K) float32 matrix that interpolates from K places to all."""
    at = np.interp(np.arange(length), knots, np.arange(len(knots)))
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(len(knots)))).astype(np.float32)


MARKS = 10
"""Marks on a jaw, half of them along the edge of its teeth."""
TURN = 0.04
"""What a row up or down costs the path."""


def incisal_edge(luma: np.ndarray, inside: np.ndarray, start: np.ndarray, reach: float):
    """Find the lower edge of the upper teeth: a smooth path with light above and dark below.

    Args:
        luma: (H, W) in [0, 1].
        inside: (H, W) bool or in [0, 1], pixels between the lips.
        start: (W,) rows where the model has the edge.
        reach: how many rows the path may leave `start` by.

    Returns:
        (W,) float32 rows.
    """
    height, width = luma.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    thick = max(1, round(reach / 4))
    summed = np.cumsum(np.pad(luma, ((thick + 1, thick), (0, 0)), mode="edge"), axis=0)
    means = (summed[thick:] - summed[:-thick]) / thick
    above, below = means[: height + 1][:height], means[thick:][:height]
    step = (above - below) / max(float(np.percentile(luma, 90)), 1e-3) * np.asarray(inside)
    off = (rows - start[None]) / reach
    cost = -step + 0.25 * off**2 + np.where(np.abs(off) > 1, 1e3, 0.0)
    costs = np.ascontiguousarray(cost.T)
    # What the best path to each place costs, with a row that none takes above and below.
    totals, best = np.full((width, height + 2), 1e9), np.empty(height)
    totals[0, 1:-1] = costs[0]
    for x in range(1, width):
        np.minimum(totals[x - 1, :-2], totals[x - 1, 2:], out=best)
        best += TURN
        np.minimum(best, totals[x - 1, 1:-1], out=best)
        np.add(costs[x], best, out=totals[x, 1:-1])
    path = np.empty(width, np.float32)
    row = int(totals[-1, 1:-1].argmin())
    for x in range(width - 1, -1, -1):
        path[x] = row
        if x:
            higher, same, lower = totals[x - 1, row : row + 3].tolist()
            steps = ((higher + TURN, -1), (same, 0), (lower + TURN, 1))
            row = min(max(row + min(steps, key=itemgetter(0))[1], 0), height - 1)
    return path


def edge_of_teeth(upper: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the rows (W,) float32 of the upper incisal edge at some columns.

    Args:
        upper: (U, 2) pixels of the front of the upper teeth; ten are the marks of a jaw.
        columns: (W,).
    """
    if len(upper) == MARKS:
        return _edge_of_marks(upper, columns)
    low, high = upper[:, 0].min(), upper[:, 0].max()
    centres = np.linspace(low, high, 15)
    reach = max((high - low) / 20, 0.5)
    tips = [upper[np.abs(upper[:, 0] - c) <= reach, 1].max(initial=-np.inf) for c in centres]
    found = np.isfinite(tips)
    # Models of a few vertices may have one column of teeth.
    degree = min(4, int(found.sum()) - 1) if high - low > 1e-3 else 0
    scale = max(float(high - low), 1e-6)
    curve = np.polyfit((centres[found] - low) / scale, np.array(tips)[found], degree)
    return np.polyval(curve, (np.clip(columns, low, high) - low) / scale).astype(np.float32)


def _edge_of_marks(upper: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the edge along the last five of ten marks.

    In a face seen from a side they do not lie below the first five, those along the gum.
    """
    x, y = upper[MARKS // 2 :].astype(np.float64).T
    middle, scale = x.mean(), max(float(np.ptp(x)), 1e-6)
    # Models of a few vertices may have one column of teeth.
    curve = np.polyfit((x - middle) / scale, y, 2 if scale > 1e-3 else 0)
    at = (np.clip(columns, x.min(), x.max()) - middle) / scale
    return np.polyval(curve, at).astype(np.float32)
