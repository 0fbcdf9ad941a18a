"""The side of a head that turns towards the camera, in depth.

A mesh is flat where a face ends, and the surface around takes an ear for a steep edge: turned, it
would be drawn out. Here the face reaches back to the ear, and that is a plate beside it.
"""

from dataclasses import replace

import cv2
import numpy as np

from faceedit.compose.turn.head import Head, rotation
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL

EARS = ((234, 93, 127), (454, 323, 356))
"""Points of the mesh before the ears."""
TEMPLE = 0.64
"""Distance from the middle from which on a mesh is set back."""
OPEN = 0.36
"""Sine of the yaw from which on a side is seen well enough to be where the mesh says, or hidden."""
OPENING = 0.12
"""Change of that sine from which on a side turns towards the camera in full."""
FRONT, SLOPE, BACK = 0.05, 0.4, -0.1
"""Of an ear: how far before the axis it begins at the face's edge, by how much it goes back for
each step away from it, and where that ends."""
HEIGHT, SOFT = (-0.9, 0.5), 0.3
"""Below the axis, between which there are ears, and over which that begins and ends."""
WIDE = 0.45
"""Beyond the face's edge, over which ears and the hair beside them end."""
OUTLINE = 0.045
"""Within a person's outline, where depth is not sure and colours mix with the wall's."""
ASIDE = 0.5
"""From where on, likewise, what is beside a face and not above it begins."""
INNER, NOSE = 0.08, 4
"""Share of the way from an ear to a point of the mesh, the nose's tip, where skin shows that the
ear is bare."""
MIDDLE = 0.3
"""Over which, from the middle on, a side begins."""


def with_side(head: Head, turn: np.ndarray) -> Head:
    """Return a head whose side that turns towards the camera reaches back to its ear.

    All lengths above are in eye distances.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
    """
    right, down, forward = rotation(head.pose).astype(np.float32).T
    side = np.sign((turn @ right - right)[2])
    opening = min(1.0, abs(float((turn @ right - right)[2])) / OPENING)
    opening *= max(0.0, 1 - abs(float(right[2])) / OPEN)
    if opening < 1e-4:
        return head
    unit, axis = np.float32(head.unit), head.axis.astype(np.float32)
    ear = list(EARS[int(side > 0)])
    points = (head.landmarks * np.array([1, 1, -1], np.float32) - axis) / unit
    opening *= _bare(head, ear)
    edge = float(side * (points[ear] @ right).mean())
    too_near = opening * max(0.0, float((points[ear] @ forward).mean()) - FRONT) / forward[2]

    def set_back(lateral: np.ndarray) -> np.ndarray:
        return too_near * np.clip((side * lateral - TEMPLE) / max(edge - TEMPLE, 0.05), 0, 1)

    landmarks = head.landmarks.copy()
    landmarks[:, 2] += unit * set_back(points @ right)
    size = np.arange(head.size, dtype=np.float32)
    x, y = (size[None] - axis[0]) / unit, (size[:, None] - axis[1]) / unit
    depth = (head.depth - axis[2]) / unit
    beyond = fill_polygon(head.landmarks[list(FACE_OVAL), :2], depth.shape) < 0.5
    away = cv2.distanceTransform(beyond.astype(np.uint8), cv2.DIST_L2, 5) / unit
    plate = np.maximum(FRONT - SLOPE * away, BACK) - forward[0] * x - forward[1] * y
    plate /= forward[2]
    below = down[0] * x + down[1] * y + down[2] * plate
    lateral = side * (right[0] * x + right[1] * y + right[2] * depth)
    share = opening * np.clip(lateral / MIDDLE, 0, 1)
    level = _level_rim(depth, (head.matte > 0.5) & head.valid, head.unit)
    depth = depth + share * (level - depth)
    share = share * np.clip((lateral - ASIDE) / MIDDLE, 0, 1)
    share *= np.clip((below - HEIGHT[0]) / SOFT + 0.5, 0, 1)
    share *= np.clip((HEIGHT[1] - below) / SOFT + 0.5, 0, 1)
    share *= np.clip((WIDE - away) / SOFT + 0.5, 0, 1)
    inside = depth - set_back(side * lateral)
    depth = np.where(beyond, depth + share * (plate - depth), inside)
    return replace(head, landmarks=landmarks, depth=depth * unit + axis[2])


def _bare(head: Head, ear: list[int]) -> float:
    """Return how far skin, and not hair, is before an ear: 0 to 1."""
    inner = head.landmarks[ear, :2]
    inner = inner + INNER * (head.landmarks[NOSE, :2] - inner)
    x, y = np.clip(inner.round().astype(int), 0, head.size - 1).T
    return float(np.clip(2 * head.skin[y, x].mean() - 0.6, 0, 1))


def _level_rim(depth: np.ndarray, person: np.ndarray, unit: float) -> np.ndarray:
    """Return a depth that goes on level to a person's outline: what moves as one stays sharp."""
    width = 2 * max(1, round(OUTLINE * unit)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    inner = cv2.erode(person.astype(np.uint8), kernel)
    if not inner.any():
        return depth
    _, found = cv2.distanceTransformWithLabels(
        1 - inner, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = found.astype(np.intp)
    nearest = np.zeros(labels.max() + 1, np.float32)
    nearest[labels[inner > 0]] = depth[inner > 0]
    rim = cv2.dilate(person.astype(np.uint8), kernel) > inner
    return np.where(rim, nearest[labels], depth)
