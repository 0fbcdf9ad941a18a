"""Where the outline of a turned person is.

A head is about as deep as it is wide, and so is a neck: turned to the side, the outline of hair and
neck stays where it is. Only what turns in the picture's plane, a roll, takes it along. Where else
skin is the outline, as at the far jaw, its depth says where it goes; the near side is held by its
outline.
"""

import cv2
import numpy as np

from faceedit.compose.turn.head import CHIN, Head, nearer
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import BROWS, FACE_OVAL
from faceedit.ramps import ramp

BESIDE = 0.35
"""Eye distances around the jaw within which skin, and not hair, is the person's outline."""
MIDDLE = (-0.2, 0.2)
"""From the middle of the head, over which the side that turns away becomes the other."""
PROFILE = 0.08
"""Around the face, within which it is the outline itself."""
FOREHEAD = 0.6
"""Above the brows, over which hair takes the place of skin."""
BEARD = 0.8
"""Below the chin, to where what hangs from it is no hair beside the neck."""
JAW = (58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288)
"""Points of the mesh along the jaw."""
JAW_CORNERS = (58, 288)
LOWER = 0.15
"""Below these, over which a neck takes the place of ears."""
UNDER = 0.3
"""Below the chin, where a beard would be seen if there is one."""
WITHIN = (0.0, 0.15)
"""Of the edge of a face, over which its rim comes to move as what is around."""
HELD = (0.0, 0.3)
"""Within the outline of the near side, over which skin comes to move as its depth says."""
FORWARD, JAWS = (0.1, 0.6), (-0.1, 0.25)
"""Before the axis, and below the corners of the jaw, over which it comes to be held no more: from
there to the chin it goes along, or it would be a box."""
OPENING = 0.05
"""Change of the sine of the yaw from which on a near side is held in full: none is by a nod."""
WALL = 0.3
"""Beyond the outline, from where on the wall stands still."""


def outline(head: Head, turn: np.ndarray, coarse: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where it is known how the outline, the wall and the border move.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        coarse: G.

    Returns:
        (G, G) float32 weight in [0, 1], and (G, G, 2) float32 backward flow in crop pixels.
    """
    size = head.size
    steps = (np.arange(coarse, dtype=np.float32) + 0.5) * size / coarse - 0.5
    places = np.dstack(np.meshgrid(steps, steps))
    source = rolled_back(head, turn, places)
    at = (source + 0.5) * np.float32(coarse / size) - 0.5

    def rolled(field: np.ndarray) -> np.ndarray:
        return cv2.remap(
            field, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )

    person = _coarse(((head.matte > 0.1) | ~head.valid).astype(np.float32), coarse)
    free = (np.maximum(person, rolled(person)) < 0.5).astype(np.uint8)
    away = cv2.distanceTransform(free, cv2.DIST_L2, 5) * size / coarse
    still = (away > WALL * head.unit) | (_coarse((~head.valid).astype(np.float32), coarse) > 0.99)
    still[[0, -1]] = still[:, [0, -1]] = True
    edge = rolled(_hair_edge(head, near_side(head, turn), coarse))
    flow = np.where(still[..., None], 0, source - places)
    return np.maximum(edge, still).astype(np.float32), flow.astype(np.float32)


def rolled_back(head: Head, turn: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return (..., 2) places before the part of a turn that lies in the picture's plane."""
    roll = float(np.arctan2(turn[1, 0] - turn[0, 1], turn[0, 0] + turn[1, 1]))
    angle = -roll * head.share(places)
    centre = head.axis[:2].astype(np.float32)
    x, y = np.moveaxis(places - centre, -1, 0)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1) + centre


def far_rim(head: Head, turn: np.ndarray) -> np.ndarray:
    """Return the rim of a face on the side that turns away, (S, S) float32 in [0, 1].

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
    """
    oval = fill_polygon(head.landmarks[list(FACE_OVAL), :2], (head.size, head.size)) > 0.5
    within = cv2.distanceTransform(oval.astype(np.uint8), cv2.DIST_L2, 5) / np.float32(head.unit)
    return ((1 - ramp(within, WITHIN)) * (1 - near_side(head, turn))).astype(np.float32)


def near_hold(head: Head, turn: np.ndarray) -> np.ndarray:
    """Return how far the near side is held by its outline, (S, S) float32 in [0, 1], in the photo.

    The corner of a jaw that turned away from its outline would bare a neck that no photo shows:
    skin is drawn out instead, as it is seen less and less from the side.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
    """
    person = ((head.matte > 0.5) | ~head.valid).astype(np.uint8)
    within = cv2.distanceTransform(person, cv2.DIST_L2, 5) / np.float32(head.unit)
    held = 1 - np.sin(np.pi / 2 * ramp(within, HELD))
    forward = ramp((head.depth - head.axis[2]) / np.float32(head.unit), FORWARD)
    corner = head.landmarks[list(JAW_CORNERS), 1].mean()
    jaw = forward * ramp((np.arange(head.size)[:, None] - corner) / head.unit, JAWS)
    opening = min(1.0, abs(nearer(head, turn)) / OPENING)
    return (opening * held * (1 - jaw) * near_side(head, turn)).astype(np.float32)


def hold(
    head: Head, turn: np.ndarray, points: np.ndarray, moved: np.ndarray, held: np.ndarray
) -> np.ndarray:
    """Return where points go that the near side's outline holds, (N, 3) float32.

    They may slide along it, up and down the head, as in a nod.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        points: (N, 2) pixels in the photo, or more.
        moved: (N, 3) float32 x, y and depth, where a turn takes them.
        held: (N,) float32 in [0, 1], as `near_hold` returns it there.
    """
    across = head.right[:2] / np.linalg.norm(head.right[:2])
    back = (rolled_back(head, turn.T, points[:, :2]) - moved[:, :2]) @ across
    places = moved[:, :2] + (held * back)[:, None] * across
    return np.column_stack([places, moved[:, 2:]]).astype(np.float32)


def near_side(head: Head, turn: np.ndarray) -> np.ndarray:
    """Return how far a place is on the side that turns towards the camera, (1, S) in [0, 1]."""
    across = (np.arange(head.size) - head.axis[0]) / head.unit
    return ramp(np.sign(nearer(head, turn)) * across, MIDDLE)[None]


def _hair_edge(head: Head, near: np.ndarray, coarse: int) -> np.ndarray:
    """Return where the outline is hair's, or clothes', (G, G) float32 in [0, 1].

    Args:
        head: in the photo.
        near: (1, S), as `near_side` returns it.
        coarse: G.
    """
    size, unit, points = head.size, head.unit, head.landmarks
    soft = cv2.GaussianBlur(
        _coarse(head.matte, coarse), (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE
    )
    right = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    edge = np.clip(np.hypot(right, down) / 0.08, 0, 1) * (soft < 0.6)
    oval = fill_polygon(points[list(FACE_OVAL), :2], (size, size)) < 0.5
    away = cv2.distanceTransform(oval.astype(np.uint8), cv2.DIST_L2, 5) / unit
    brows = points[[i for brow in BROWS for i in brow], 1].mean()
    above = np.clip((brows - np.arange(size)) / (FOREHEAD * unit), 0, 1)[:, None]
    # A neck is round: its outline stays. An ear that turns away does, too, and hides behind its
    # cheek. One that turns towards the camera and the jaw itself do not.
    corner = points[list(JAW_CORNERS), 1].mean()
    lower = np.clip((np.arange(size) - corner) / (LOWER * unit), 0, 1)[:, None]
    reach = PROFILE + (1 - lower) * near * (BESIDE - PROFILE)
    skin = np.clip(2 - away / reach, 0, 1) * (1 - above)
    skin = np.maximum(skin, beard(head))
    # In half profile the face itself is the outline.
    skin = np.maximum(skin, np.clip(2 - away / PROFILE, 0, 1))
    return (edge * (1 - _coarse(skin.astype(np.float32), coarse))).astype(np.float32)


def beard(head: Head) -> np.ndarray:
    """Return where below the face a beard hangs, which turns along, (S, S) float32 in [0, 1]."""
    down = head.landmarks[CHIN, :2] - head.axis[:2]
    down *= BEARD * head.unit / max(float(np.linalg.norm(down)), 1e-3)
    jaw = head.landmarks[list(JAW), :2]
    hull = cv2.convexHull(np.vstack([jaw, jaw + down]).astype(np.float32))[:, 0]
    beyond = (fill_polygon(hull, (head.size, head.size)) < 0.5).astype(np.uint8)
    away = cv2.distanceTransform(beyond, cv2.DIST_L2, 5) / head.unit
    chin = head.landmarks[CHIN, :2]
    middle = np.round(chin + down * (UNDER / BEARD)).astype(int)
    reach = max(1, round(0.5 * UNDER * head.unit))
    x, y = np.clip(middle, reach, head.size - 1 - reach)
    skin = head.skin[y - reach : y + reach, x - reach : x + reach].mean()
    return np.clip(2 - away / PROFILE, 0, 1) * np.clip(1.5 - 2 * skin, 0, 1)


def _coarse(field: np.ndarray, coarse: int) -> np.ndarray:
    return cv2.resize(field, (coarse, coarse), interpolation=cv2.INTER_AREA)
