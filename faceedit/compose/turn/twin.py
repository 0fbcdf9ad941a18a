"""The far half of a head that is straightened: the mirror image of its near half.

What a photo from the side hides, an ear, hair, the outline of a cheek, is much the same on both
sides. So the near half, as it is seen in the mirrored pose, is reflected about the head's middle,
and where the person reached further than that the wall goes on.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.turn.flow import Layer, looked_up, pixel_grid
from faceedit.compose.turn.head import CHIN, Head, degrees_of, mesh_points, rise, rotation, turned
from faceedit.compose.turn.person import flow_around
from faceedit.compose.turn.reach import STEP, Line, extents, heights
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL, N_SURFACE, mirror

ASIDE, NEARER = 15.0, (8.0, 11.0)
"""Yaw in degrees from which on a head has a far half, and by which it turns to come to show it:
within little, as half of an ear is a ghost, but not at once, as clips would jump."""
STRAIGHT = 2.0
"""Yaw up to which a pose is its own mirror image."""
SEAM = (0.0, 0.12)
"""Eye distances from the middle of the face over which the mirror image comes in."""
LOBES, CHEEK = (-0.75, -0.55), 0.03
"""Below the chin, from where on only what is so close to the face is mirrored upon the wall: cloth
would be a ghost there."""
NECK = (-0.4, 0.0)
"""Below the chin, over which the mirror image ends."""
HELD = (-0.5, 0.0)
"""Below the chin, over which the outline comes to be the person's own."""
BRIM = (0.25, 0.5)
"""By how much a person reaches further, from where on that is a brim or a plait, and stays."""
WALL = 1.2
"""Beyond the outline, up to where the wall gives way."""


@dataclass(frozen=True)
class Half(Line):
    """Where the far half of a turned head is, from the line of reflection on.

    Attributes:
        face: (468, 2) float32, the turned face.
        seam: from the line to the middle of the face, in eye distances.
    """

    face: np.ndarray
    seam: float

    def below(self, places: np.ndarray) -> np.ndarray:
        """Return how far (..., 2) places are below the chin, in eye distances."""
        return (places - self.face[CHIN]) @ self.down / np.float32(self.unit)


def with_twin(head: Head, turn: np.ndarray, around: np.ndarray) -> tuple[np.ndarray, Layer | None]:
    """Return a person's flow whose far outline follows the near one, and the mirrored half over it.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        around: (S, S, 2) float32 backward flow of the person, as `flow_around` returns it.

    Returns:
        The same flow and None where the photo shows both halves as well as they will be seen.
    """
    after = turn @ rotation(head.pose)
    yaw = float(np.degrees(np.arctan2(after[0, 2], after[2, 2])))
    share = np.float32(rise(np.sign(head.pose.yaw) * (head.pose.yaw - yaw), NEARER))
    if abs(head.pose.yaw) < ASIDE or share == 0:
        return around, None
    half, other = _far_half(head, turn, after)
    image = around if degrees_of(other @ turn.T) < STRAIGHT else flow_around(head, other)
    places = pixel_grid(head.size)
    across = (-2 * half.unit * half.far(places))[..., None] * half.out
    twin = _after(image, across.astype(np.float32))
    person = head.matte * head.valid
    opacity = share * _solid(looked_up(person, twin))
    opacity *= _shown(half, _solid(looked_up(person, around)))
    own, mirrored = (extents(half, looked_up(person, one)) for one in (around, twin))
    around = _after(around, share * _held(half, own, mirrored, places))
    return around, Layer(twin, opacity.astype(np.float32))


def _far_half(head: Head, turn: np.ndarray, after: np.ndarray) -> tuple[Half, np.ndarray]:
    """Return where the far half will be, and the turn to the pose that is its mirror image.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        after: (3, 3) rotation of the head then.
    """
    down = (after[:2, 1] / np.linalg.norm(after[:2, 1])).astype(np.float32)
    out = np.float32(np.sign(head.pose.yaw)) * np.array([down[1], -down[0]], np.float32)
    reflection = np.eye(3)
    reflection[:2, :2] -= 2 * np.outer(out, out)
    other = reflection @ after @ np.diag([-1.0, 1.0, 1.0]) @ rotation(head.pose).T
    points = mesh_points(head.landmarks)[:N_SURFACE]
    whole = np.ones(len(points), np.float32)
    face, mirrored = (turned(head, points, one, whole)[:, :2] for one in (turn, other))
    across = mirror()[:N_SURFACE]
    middle = (face + mirrored[across]).mean(0) / 2
    seam = ((face + face[across]).mean(0) / 2 - middle) @ out / head.unit
    return Half(middle.astype(np.float32), out, down, head.unit, face, float(seam)), other


def _shown(half: Half, own: np.ndarray) -> np.ndarray:
    """Return where the mirrored half is shown, (S, S) float32 in [0, 1].

    Args:
        half: where it is.
        own: (S, S) float32 in [0, 1], where the person's own pixels are.
    """
    places = pixel_grid(own.shape[0])
    beyond = (fill_polygon(half.face[list(FACE_OVAL)], own.shape) < 0.5).astype(np.uint8)
    away = cv2.distanceTransform(beyond, cv2.DIST_L2, 5) / np.float32(CHEEK * half.unit)
    upon = np.maximum(np.clip(2 - away, 0, 1), own)
    below = half.below(places)
    shown = rise(half.far(places) - half.seam, SEAM) * (1 - rise(below, NECK))
    return shown * (1 - rise(below, LOBES) * (1 - upon))


def _held(half: Half, own: np.ndarray, mirrored: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the flow that draws a far outline in to where its image is, (S, S, 2) float32.

    Args:
        half: where it is.
        own: how far out the person reaches, as `extents` returns it.
        mirrored: of the mirror image.
        places: (S, S, 2) float32, each pixel's own.
    """
    low, far = half.low(places), half.far(places)
    here, there = (np.interp(low, heights(), one).astype(np.float32) for one in (own, mirrored))
    over = np.maximum(here - there, 0) * (1 - rise(half.below(places), HELD))
    there = np.maximum(here - over * (1 - rise(over, BRIM)), STEP)
    end = here + WALL
    beyond = here + (far - there) * (end - here) / (end - there)
    source = np.where(far < there, far * here / there, beyond)
    shift = np.where((far > 0) & (far < end), source - far, 0) * half.unit
    return cv2.GaussianBlur((shift[..., None] * half.out).astype(np.float32), (0, 0), 1.0)


def _after(flow: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return the flow that goes by one and then, from there, by another, (S, S, 2) float32."""
    return before + looked_up(flow, before)


def _solid(matte: np.ndarray) -> np.ndarray:
    """Return a matte without its faintest rim, where colours are the wall's."""
    return np.clip(1.6 * matte - 0.3, 0, 1)
