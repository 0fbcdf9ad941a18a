"""The side of a straightened head that turns towards the camera, in depth.

A mesh is flat where a face ends, and the surface around takes an ear for a steep edge: turned, it
would be drawn out. Here the face reaches back to the ear, and that is a plate beside it.
"""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from faceedit.compose.nearest import nearest
from faceedit.compose.turn.head import Head, nearer, rotation
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL
from faceedit.ramps import ramp

EARS = ((234, 93, 127), (454, 323, 356))
"""Points of the mesh before the ears."""
EDGE = 0.95
"""Share of a face's half width at which an ear begins."""
SLANT = 3.5
"""How steep the face before an ear is: a cheek is round, and its skin not stretched by much."""
WIDTHS = (0.1, 0.3, 0.43, 0.61, 0.76, 0.87), (1.07, 1.0, 1.0, 0.93, 0.83, 0.74)
"""Below the axis, where that is, for its width: further out beside the eyes, for spectacles."""
CHIN = (0.45, 0.8)
"""Below the axis, over which that ends."""
OPEN = 0.36
"""Sine of the yaw from which on a side is seen well enough to be where the mesh says, or hidden."""
OPENING = 0.12
"""Change of that sine from which on a side turns towards the camera in full."""
FRONT, SLOPE, FALL = 0.2, 1.0, 10.0
"""Of an ear: how far before the axis it begins at the face's edge, and by how much it goes back for
each step away from it; and by how much the head does where the edge is further before."""
ABOVE, BELOW = (-1.05, -0.75), (0.35, 0.65)
"""Below the axis, over which ears and the hair over them begin and end."""
BESIDE, MIDDLE = (0.5, 0.8), 0.3
"""From the middle, over which what is beside a face begins, and a side at all."""
BEYOND = (0.35, 0.55)
"""From the face's edge, over which ears end."""
OUTER, NOSE = (-0.04, 0.12), 4
"""Share of the way from an ear to a point of the mesh, the nose's tip, where skin shows that the
ear is bare."""
OUTLINE, FAR_OUTLINE = 0.045, 0.35
"""Within a person's outline, where depth is not sure and colours mix with the wall's: of a side
that is seen, and of one that is not, with frames of spectacles and beards."""
FACE = (-0.5, -0.3)
"""Below the axis, over which a face begins, and no hair above it."""
HIDDEN = (0.17, 0.34)
"""Sine of the yaw over which a side gets out of sight."""


def with_side(head: Head, turn: np.ndarray, share: float) -> Head:
    """Return a head whose side that turns towards the camera has the depth that it shows then.

    All lengths above are in eye distances.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        share: how far it straightens the head: the sides of others are held by their outline.
    """
    right, comes = rotation(head.pose)[:, 0], nearer(head, turn)
    side, opening = float(np.sign(comes)), share * min(1.0, abs(comes) / OPENING)
    if opening < 1e-4:
        return head
    hidden = float(ramp(-side * float(right[2]), HIDDEN))
    if hidden > 0:
        x, y = _places(head)
        down = rotation(head.pose)[:, 1].astype(np.float32)
        below = ramp(down[0] * x + down[1] * y, FACE)
        head = _with_rim(head, side, opening * hidden * below, FAR_OUTLINE)
    return _with_ear(head, side, opening * max(0.0, 1 - abs(float(right[2])) / OPEN))


def _with_ear(head: Head, side: float, opening: float) -> Head:
    """Return a head whose mesh reaches back to an ear, a plate beside it.

    Args:
        head: in the photo.
        side: 1 for the ear at the picture's right, -1 for the other.
        opening: how far that is so, 0 to 1.
    """
    ear = list(EARS[int(side > 0)])
    opening *= _bare(head, ear)
    if opening < 1e-4:
        return head
    head = _with_rim(head, side, opening, OUTLINE)
    right, down, forward = rotation(head.pose).astype(np.float32).T
    unit, axis = np.float32(head.unit), head.axis.astype(np.float32)
    points = (head.landmarks * np.array([1, 1, -1], np.float32) - axis) / unit
    edge = float(side * (points[ear] @ right).mean())

    def set_back(points_of: tuple[Any, Any, Any]) -> Any:
        lateral, below, before = points_of
        slant = FRONT + SLANT * (EDGE * edge * np.interp(below, *WIDTHS) - lateral)
        too_near = np.maximum(before - np.maximum(slant, FRONT), 0)
        return opening * (1 - ramp(below, CHIN)) * too_near / forward[2]

    landmarks = head.landmarks.copy()
    landmarks[:, 2] += unit * set_back((side * (points @ right), points @ down, points @ forward))
    x, y = _places(head)
    depth = (head.depth - axis[2]) / unit
    lateral = side * (right[0] * x + right[1] * y + right[2] * depth)
    below = down[0] * x + down[1] * y + down[2] * depth
    before = forward[0] * x + forward[1] * y + forward[2] * depth
    inside = depth - set_back((lateral, below, before))
    face = fill_polygon(head.landmarks[list(FACE_OVAL), :2], depth.shape) > 0.5
    away, edges = nearest(face, before + forward[2] * (inside - depth))
    plate = np.maximum(FRONT - SLOPE * away / unit, edges - FALL * away / unit)
    plate = (plate - forward[0] * x - forward[1] * y) / forward[2]
    below = down[0] * x + down[1] * y + down[2] * plate
    share = opening * ramp(lateral, BESIDE) * ramp(below, ABOVE)
    share = share * (1 - ramp(below, BELOW)) * (1 - ramp(away / unit, BEYOND))
    depth = np.where(face, inside, depth + share * (plate - depth)).astype(np.float32)
    return replace(head, landmarks=landmarks, depth=depth * unit + axis[2])


def _with_rim(head: Head, side: float, share: float | np.ndarray, width: float) -> Head:
    """Return a head whose depth goes on level to a side's outline: what moves as one stays sharp.

    Args:
        head: in the photo.
        side: as in `_with_ear`.
        share: how far that is so, 0 to 1; one number or (S, S).
        width: eye distances within the outline where depth is not sure.
    """
    person = ((head.matte > 0.5) & head.valid).astype(np.uint8)
    size = 2 * max(1, round(width * head.unit)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    inner = cv2.erode(person, kernel) > 0
    if not inner.any():
        return head
    _, level = nearest(inner, head.depth)
    x, y = _places(head)
    right = head.right
    lateral = side * (right[0] * x + right[1] * y)
    lateral = lateral + side * right[2] * (head.depth - head.axis[2]) / head.unit
    change = share * ramp(lateral, (0.0, MIDDLE)) * (level - head.depth)
    rim = cv2.dilate(person, kernel) > inner
    return replace(head, depth=(head.depth + rim * change).astype(np.float32))


def _places(head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Return x as (1, S) and y as (S, 1), from the axis in eye distances."""
    steps = np.arange(head.size, dtype=np.float32)
    x, y = (steps - np.float32(middle) for middle in head.axis[:2])
    return x[None] / np.float32(head.unit), y[:, None] / np.float32(head.unit)


def _bare(head: Head, ear: list[int]) -> float:
    """Return how far skin, and not hair, is before an ear: 0 to 1."""
    middle = head.landmarks[NOSE, :2]
    steps = np.linspace(*OUTER, 4)[:, None, None]
    places = head.landmarks[ear, :2] + steps * (head.landmarks[ear, :2] - middle)
    x, y = np.clip(places.round().astype(int), 0, head.size - 1).reshape(-1, 2).T
    return float(np.clip(1.6 - 2 * head.hair[y, x].mean(), 0, 1))
