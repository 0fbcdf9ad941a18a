"""Closing lips: the gap between pairs of points of the inner lips, and how skin follows."""

import numpy as np

from faceedit.faces.topology import LOWER_INNER_LIP, UPPER_INNER_LIP
from faceedit.studio.model import FaceModel

UPPER_SHARE = 0.35
"""Of the gap; the lower lip takes the rest."""
REACH = (0.06, 0.10)
"""Eye distances along and across the lips over which skin follows."""
END_REACH = 0.08
"""Beyond the mouth's corners."""
_INNER = slice(1, -1)
"""All but the corners, which belong to both lips."""


class LipSeal:
    """Which vertices move when lips are closed.

    Args:
        model: the face model.
    """

    def __init__(self, model: FaceModel):
        self.upper_points = model.landmark_vertices[list(UPPER_INNER_LIP[_INNER])]
        self.lower_points = model.landmark_vertices[list(LOWER_INNER_LIP[_INNER])]
        skin = model.neutral[: model.n_skin]
        middle = (model.neutral[self.upper_points[4]] + model.neutral[self.lower_points[4]]) / 2
        near = (((skin - middle) / (3.6, 1.9, 4.0)) ** 2).sum(1) < 1
        # The jaw carries the lower lip with it, and little of the upper.
        falls = model.expression[model.index("jawOpen"), : model.n_skin, 1]
        lip = falls[self.lower_points[4]]
        self.lower = np.flatnonzero(near & (falls < 0.5 * lip))
        self.upper = np.flatnonzero(near & (falls >= 0.5 * lip))

    def close(self, places: np.ndarray, unit: float, gap: float = 0.0) -> np.ndarray:
        """Bring the lips to a gap.

        Args:
            places: (V, 2) pixels of the vertices, upright.
            unit: the eye distance in pixels.
            gap: wanted, in eye distances; negative presses them together.

        Returns:
            (V, 2) places, those near the lips moved up or down.
        """
        sealed = places.copy()
        upper, lower = places[self.upper_points], places[self.lower_points]
        excess = (lower - upper)[:, 1] - gap * unit
        for group, points, share in (
            (self.upper, upper, UPPER_SHARE),
            (self.lower, lower, UPPER_SHARE - 1),
        ):
            along = (places[group, None, 0] - points[None, :, 0]) / unit
            near = np.exp(-((along / REACH[0]) ** 2))
            near /= near.sum(1, keepdims=True) + 1e-9
            across = (places[group, 1] - near @ points[:, 1]) / unit
            end = np.abs(along).min(1) / END_REACH
            fade = np.exp(-((across / REACH[1]) ** 2) - end**2)
            sealed[group, 1] += share * (near @ excess) * fade
        return sealed
