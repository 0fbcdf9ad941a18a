"""A thin-plate spline that carries the fitted model exactly onto the landmarks.

Bookstein, Principal Warps (1989), with a ridge per point.
"""

import numpy as np
from numba import njit


class ThinPlateSpline:
    """A smooth map R² → Rᶜ through values at points.

    Args:
        points: (N, 2).
        values: (N, C).
        ridge: (N,) how little each point binds, with lengths in `unit`.
        unit: length in which `ridge` counts.
    """

    def __init__(self, points: np.ndarray, values: np.ndarray, ridge: np.ndarray, unit: float):
        self.unit = unit
        self.points = np.ascontiguousarray(points / unit, np.float64)
        n = len(points)
        squares = ((self.points[:, None] - self.points[None]) ** 2).sum(-1)
        system = np.zeros((n + 3, n + 3))
        system[:n, :n] = 0.5 * squares * np.log(squares + 1e-9) + np.diag(ridge)
        system[:n, n] = system[n, :n] = 1.0
        system[:n, n + 1 :] = self.points
        system[n + 1 :, :n] = self.points.T
        right = np.zeros((n + 3, values.shape[1]))
        right[:n] = values
        self.weights = np.linalg.solve(system, right)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Return the (M, C) float32 values at (M, 2) places."""
        scaled = np.ascontiguousarray(places / self.unit, np.float64)
        return _evaluate(scaled, self.points, self.weights).astype(np.float32)


@njit(cache=True, fastmath=True)
def _evaluate(places, points, weights):
    n, channels = len(points), weights.shape[1]
    values = np.zeros((len(places), channels))
    for i in range(len(places)):
        x, y = places[i, 0], places[i, 1]
        for c in range(channels):
            values[i, c] = weights[n, c] + x * weights[n + 1, c] + y * weights[n + 2, c]
        for j in range(n):
            dx, dy = x - points[j, 0], y - points[j, 1]
            square = dx * dx + dy * dy
            bump = 0.5 * square * np.log(square + 1e-9)
            for c in range(channels):
                values[i, c] += bump * weights[j, c]
    return values
