"""Eyes that go on looking where they look while the head turns."""

from dataclasses import replace

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
    face: Layer, landmarks: np.ndarray, turn: np.ndarray, unit: float
) -> tuple[Layer, np.ndarray]:
    """Return the layer of a face and its landmarks with irises moved back between the lids.

    Args:
        face: as turned, the eyes with it.
        landmarks: (478, 3) pixels, as turned.
        turn: (3, 3) rotation.
        unit: distance of the outer eye corners in pixels.
    """
    # An eyeball that does not turn along, seen from the head that does.
    shift = RADIUS * unit * (np.array([0.0, 0.0, 1.0]) - turn[:, 2])[:2]
    flow, moved = face.flow.copy(), landmarks.copy()
    for eye, iris in zip(EYES, IRISES, strict=True):
        ring = landmarks[list(eye), :2].astype(np.float64)
        centre = landmarks[iris[0], :2].astype(np.float64)
        radius = float(np.linalg.norm(landmarks[list(iris[1:]), :2] - centre, axis=1).mean())
        own = _bounded(shift, ring, centre, radius)
        flow -= _share(ring, centre + own, radius, unit, flow.shape[0])[..., None] * own.astype(
            np.float32
        )
        moved[list(iris), :2] += own
    return replace(face, flow=flow), moved


def _bounded(shift: np.ndarray, ring: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """Keep an iris away from the corners of its eye."""
    along = ring[np.argmax(ring[:, 0])] - ring[np.argmin(ring[:, 0])]
    along /= max(float(np.linalg.norm(along)), 1e-3)
    corners = (ring - centre) @ along
    ends = np.array([-corners.min(), corners.max()])
    room = LARGEST * np.maximum(ends - radius, (1 - CORE) * ends)
    across = float(shift @ along)
    bound = room[1] if across > 0 else room[0]
    return shift * min(1.0, bound / max(abs(across), 1e-3))


def _share(
    ring: np.ndarray, centre: np.ndarray, radius: float, unit: float, size: int
) -> np.ndarray:
    """Return how far each pixel moves with the iris, (S, S) float32: not at all at the corners."""
    places = np.arange(size, dtype=np.float32)
    x, y = places[None], places[:, None]
    along = ring[np.argmax(ring[:, 0])] - ring[np.argmin(ring[:, 0])]
    along /= max(float(np.linalg.norm(along)), 1e-3)
    across = (x - centre[0]) * along[0] + (y - centre[1]) * along[1]
    corners = (ring - centre) @ along
    end = np.where(across > 0, corners.max(), -corners.min())
    # The iris as a whole, then ever less to the corner.
    core = np.minimum(radius, CORE * end)
    rise = np.clip((end - np.abs(across)) / np.maximum(end - core, 1e-3), 0, 1)
    opening = fill_polygon(ring, (size, size)) > 0.5
    away = cv2.distanceTransform((~opening).astype(np.uint8), cv2.DIST_L2, 5) / (LIDS * unit)
    return (rise * np.exp(-(away**2))).astype(np.float32)
