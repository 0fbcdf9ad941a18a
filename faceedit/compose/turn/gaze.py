"""Eyes that go on looking where they look while the head turns."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.compose.turn.flow import Layer
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import EYES, IRISES

RADIUS = 0.124
"""Of an eyeball, in eye distances: 12 mm."""
LIDS = 0.02
"""Beyond the lids' edges over which they follow the eye a little: no edge tears."""
CORE = 0.7
"""Share of the way from an iris's middle to the eye's corner that moves as a whole, at most."""
LARGEST = 0.4
"""Share of the white beside an iris that it may take up: no more, or the white folds."""


def keep_gaze(
    layers: tuple[Layer, Layer],
    landmarks: np.ndarray,
    turn: np.ndarray,
    unit: float,
    far: int | None = None,
) -> tuple[Layer, Layer, np.ndarray]:
    """Return the layers of a face and its landmarks with irises moved back between the lids.

    Args:
        layers: the face as turned, the eyes with it, and its mirror image.
        landmarks: (478, 3) pixels, as turned.
        turn: (3, 3) rotation.
        unit: distance of the outer eye corners in pixels.
        far: which eye the mirror image shows, None for neither: it looks where the other looks.
    """
    # An eyeball that does not turn along, seen from the head that does.
    shift = RADIUS * unit * (np.array([0.0, 0.0, 1.0]) - turn[:, 2])[:2]
    flows, moved = [one.flow.copy() for one in layers], landmarks.copy()
    eyes = [_Eye.of(landmarks, k, unit, flows[0].shape[0]) for k in range(len(EYES))]
    steps = [eye.bounded(shift) for eye in eyes]
    if far is not None:
        near, other = eyes[1 - far], eyes[far]
        looks = near.centre + steps[1 - far] - near.ring.mean(0)
        steps[far] = other.bounded(other.ring.mean(0) + looks - other.centre)
    for k, (eye, step, iris) in enumerate(zip(eyes, steps, IRISES, strict=True)):
        flows[int(k == far)] -= (eye.share(eye.centre + step)[..., None] * step).astype(np.float32)
        moved[list(iris), :2] += step
    face, mirrored = (replace(one, flow=flow) for one, flow in zip(layers, flows, strict=True))
    return face, mirrored, moved


@dataclass(frozen=True)
class _Eye:
    """An eye in a crop.

    Attributes:
        ring: (N, 2) pixels of its lids' edges.
        centre: (2,) of its iris.
        radius: of its iris.
        unit: distance of the outer eye corners in pixels.
        size: side of the crop.
    """

    ring: np.ndarray
    centre: np.ndarray
    radius: float
    unit: float
    size: int

    @classmethod
    def of(cls, landmarks: np.ndarray, number: int, unit: float, size: int) -> "_Eye":
        """Return one of the two by its number."""
        ring = landmarks[list(EYES[number]), :2].astype(np.float64)
        centre, *edge = landmarks[list(IRISES[number]), :2].astype(np.float64)
        return cls(ring, centre, float(np.linalg.norm(edge - centre, axis=1).mean()), unit, size)

    @property
    def along(self) -> np.ndarray:
        """From corner to corner, (2,) unit."""
        along = self.ring[np.argmax(self.ring[:, 0])] - self.ring[np.argmin(self.ring[:, 0])]
        return along / max(float(np.linalg.norm(along)), 1e-3)

    def bounded(self, shift: np.ndarray) -> np.ndarray:
        """Return a shift of the iris that keeps it away from the corners."""
        corners = (self.ring - self.centre) @ self.along
        ends = np.array([-corners.min(), corners.max()])
        room = LARGEST * np.maximum(ends - self.radius, (1 - CORE) * ends)
        across = float(shift @ self.along)
        bound = room[1] if across > 0 else room[0]
        return shift * min(1.0, bound / max(abs(across), 1e-3))

    def share(self, centre: np.ndarray) -> np.ndarray:
        """Return how far each pixel moves with an iris that comes to be at a centre.

        (S, S) float32: not at all at the corners.
        """
        places = np.arange(self.size, dtype=np.float32)
        x, y = places[None], places[:, None]
        across = (x - centre[0]) * self.along[0] + (y - centre[1]) * self.along[1]
        corners = (self.ring - centre) @ self.along
        end = np.where(across > 0, corners.max(), -corners.min())
        # The iris as a whole, then ever less to the corner.
        core = np.minimum(self.radius, CORE * end)
        rise = np.clip((end - np.abs(across)) / np.maximum(end - core, 1e-3), 0, 1)
        opening = fill_polygon(self.ring, (self.size, self.size)) > 0.5
        away = cv2.distanceTransform((~opening).astype(np.uint8), cv2.DIST_L2, 5)
        return (rise * np.exp(-((away / (LIDS * self.unit)) ** 2))).astype(np.float32)
