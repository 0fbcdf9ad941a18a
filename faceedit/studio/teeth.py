"""Where the model's teeth are: the front of both jaws, and a chart of what is behind the lips."""

from functools import cached_property

import numpy as np

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
    total, back = cost.copy(), np.zeros((height, width), np.int8)
    for x in range(1, width):
        before = total[:, x - 1]
        choices = np.stack([np.roll(before, 1) + 0.04, before, np.roll(before, -1) + 0.04])
        choices[0, 0] = choices[2, -1] = 1e9
        pick = choices.argmin(0)
        back[:, x] = pick - 1
        total[:, x] += choices[pick, np.arange(height)]
    path = np.empty(width, np.float32)
    row = int(total[:, -1].argmin())
    for x in range(width - 1, -1, -1):
        path[x] = row
        row = min(max(row + int(back[row, x]), 0), height - 1)
    return path
