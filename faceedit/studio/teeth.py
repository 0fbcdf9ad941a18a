"""Where the model's teeth are: the front of both jaws, and a chart of what is behind the lips."""

from functools import cached_property

import numpy as np

from faceedit.compose.mouth.jaws import SmoothMap
from faceedit.faces.topology import INNER_LIPS
from faceedit.studio.model import MOUTH_PARTS, FaceModel, Part

FRONT = 2.6
"""Half the width in cm of the arch that a smile shows, molars left out."""
FACING = 0.25
"""Least share of a tooth's normal that looks to the camera for its front."""
LIP_REACH = 1.6
"""Skin within this many cm of the lips can hide what is behind them."""
ARCH_TURN = 0.75 * np.pi
"""Largest angle of the chart, from the midline, about the middle of the arch."""


class MouthAnatomy:
    """Which vertices and triangles make a mouth.

    Attributes:
        model: the face model.
        upper: front vertices of the upper teeth, (U,) int.
        lower: the same of the lower teeth.
        near: the model with only the triangles that can show or hide the mouth.
        chart: (V, 2) float32 in [0, 1] for the vertices behind the lips, 0 for others. First the
            position along the dental arch: the angle about the vertical axis through the arch's
            middle, 0.5 at the midline, larger on the person's left. Then the height: 0 at the
            lowest point of the mean face's closed mouth, 1 at its highest. Both come from the
            model's neutral mean face, so that a point keeps its coordinates in every pose of
            every person.

    Args:
        model: the face model.
    """

    def __init__(self, model: FaceModel):
        self.model = model
        neutral = model.neutral
        teeth = np.unique(model.triangles[model.part == Part.TEETH])
        falls = -model.expression[model.index("jawOpen"), teeth, 1]
        of_lower = falls > 0.4 * falls.max() if falls.max() > 0 else np.zeros(len(teeth), bool)
        middle = neutral[teeth].mean(0)
        outward = neutral[teeth] - middle
        depth = np.ptp(neutral[teeth, 2])
        # A tooth's front is on the outer side of the arch's middle line.
        turn = np.arctan2(np.abs(outward[:, 0]), outward[:, 2] + 0.2 * depth)
        radius = np.hypot(outward[:, 0], outward[:, 2] + 0.2 * depth)
        front = (np.abs(neutral[teeth, 0]) < FRONT) & (turn < np.pi / 3)
        for band in range(12):
            near = front & (np.abs(turn - (band + 0.5) * np.pi / 36) < np.pi / 60)
            if near.any():
                front[near] &= radius[near] >= np.median(radius[near])
        self.upper, self.lower = teeth[front & ~of_lower], teeth[front & of_lower]
        # Models of a few vertices have one plate of teeth.
        self.upper = self.upper if len(self.upper) else teeth
        self.lower = self.lower if len(self.lower) else self.upper

        mouth = np.isin(model.part, MOUTH_PARTS)
        lips = neutral[model.landmark_vertices[list(INNER_LIPS)]]
        low, high = lips.min(0) - LIP_REACH, lips.max(0) + LIP_REACH
        corner = model.triangles[:, 0]
        beside = ((neutral[corner, :2] > low[:2]) & (neutral[corner, :2] < high[:2])).all(1)
        kept = mouth | ((model.part == Part.SKIN) & beside)
        self.near = FaceModel(
            model.neutral,
            model.identity,
            model.expression,
            model.expression_names,
            model.triangles[kept],
            model.part[kept],
            model.landmark_vertices,
            model.landmark_weights,
        )
        self.chart = _chart(neutral, np.unique(model.triangles[mouth]), middle)

    @cached_property
    def jaw_marks(self) -> tuple[np.ndarray, np.ndarray]:
        """Marks on the fronts of the upper and the lower teeth, (10, 2) cm each, x right, y down.

        Five along the upper edge of the front, image-left to image-right, and five along its lower
        edge, on the mean face seen from before.
        """
        return _marks(self._front(self.upper)), _marks(self._front(self.lower))

    def jaw_points(self, places: np.ndarray) -> np.ndarray:
        """Return where the marks of both jaws lie in a picture, (20, 2) float32, upper first.

        Args:
            places: (V, 2) of the model's vertices in the picture.
        """
        jaws = zip((self.upper, self.lower), self.jaw_marks, strict=True)
        points = [SmoothMap(self._front(of), places[of])(marks) for of, marks in jaws]
        return np.concatenate(points)

    def _front(self, vertices: np.ndarray) -> np.ndarray:
        return self.model.neutral[vertices, :2].astype(np.float64) * (1.0, -1.0)


def _marks(front: np.ndarray) -> np.ndarray:
    (left, top), (right, bottom) = np.percentile(front, (3, 97), axis=0)
    return np.array([[x, y] for y in (top, bottom) for x in np.linspace(left, right, 5)])


def _chart(neutral: np.ndarray, behind: np.ndarray, middle: np.ndarray) -> np.ndarray:
    chart = np.zeros((len(neutral), 2), np.float32)
    places = neutral[behind]
    angle = np.arctan2(places[:, 0] - middle[0], places[:, 2] - middle[2])
    low, high = places[:, 1].min(), places[:, 1].max()
    chart[behind, 0] = np.clip(0.5 + 0.5 * angle / ARCH_TURN, 0, 1)
    chart[behind, 1] = (places[:, 1] - low) / max(high - low, 1e-6)
    return chart
