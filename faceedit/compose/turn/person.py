"""How the whole person moves when its head turns, and what only a mirror shows of its far side."""

import cv2
import numpy as np

from faceedit.compose.mesh_flow import fill
from faceedit.compose.turn.flow import BEHIND, Layer, looked_up, pixel_grid
from faceedit.compose.turn.head import Head, mesh_points, rotation, turned
from faceedit.compose.turn.outline import beard, outline
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL

STEPS, COARSEST = 10, 32
"""On each grid, in which what follows its surroundings settles; side of the first one."""
COARSE = 256
"""Side of the grid on which hair, ears and neck move."""
WHOLE = 0.6
"""Share of a turn from which on a point is the head's, and has a mirror image."""
ASIDE, NEARER = 15.0, 10.0
"""Yaw in degrees from which on a head has a far side, and by which it turns to show it."""
CROWN = (-0.2, 0.1)
"""Below the axis, in eye distances, to where hair and hats have a mirror image."""
RIM = 0.08
"""Eye distances beyond a face within which a mirrored side is skin like it."""
SURE = 0.03
"""Over which skin is averaged before it counts as sure."""
BETTER = (0.1, 0.3)
"""Pixels that the mirror shows more for each pixel of the result, from where on and in full."""


def flow_around(head: Head, turn: np.ndarray) -> tuple[np.ndarray, Layer | None]:
    """Return how the whole person moves, and what of its head only a mirror shows.

    Skin goes where its depth takes it, and hides what is behind; outlines go where `outline` says.
    Hair, hats, clothes and the wall follow what is around them, as smoothly as they can: strands
    stay strands.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.

    Returns:
        The backward flow, (S, S, 2) float32, smooth everywhere, and the mirrored layer over it;
        None where the photo shows both sides as well as they will be seen.
    """
    places = pixel_grid(head.size)
    moved = turned(head, np.dstack([places, head.depth]), turn, head.share(places))
    person = (head.matte > 0.5) & head.valid
    weight, backward = _scattered(head, moved, person & _firm(head))
    fixed, held = outline(head, turn, COARSE)
    weight = (1 - fixed) * np.minimum(weight, 1)
    total = weight[..., None] * backward + fixed[..., None] * held
    field = _settled(total, weight + fixed)
    around = _smoothed(field, head, turn)
    return around, _far_side(head, turn, around)


def _settled(total: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return a field that is as smooth as what is known of it allows, from coarse to fine.

    Args:
        total: (G, G, 2) float32, the field times how far it is known.
        known: (G, G) float32 in [0, 1].
    """
    if known.shape[0] <= COARSEST:
        return fill(total / np.maximum(known, 1e-6)[..., None], known)
    half = (known.shape[1] // 2, known.shape[0] // 2)
    parts = (cv2.resize(one, half, interpolation=cv2.INTER_AREA) for one in (total, known))
    field = cv2.resize(_settled(*parts), known.shape[::-1], interpolation=cv2.INTER_LINEAR)
    free = (1 - known)[..., None]
    for _ in range(STEPS):
        cv2.blur(field, (3, 3), dst=field, borderType=cv2.BORDER_REPLICATE)
        field *= free
        field += total
    return field


def _firm(head: Head) -> np.ndarray:
    """Return what has a shape of its own: the face, skin and a beard, (S, S) bool."""
    oval = fill_polygon(head.landmarks[list(FACE_OVAL), :2], head.depth.shape) > 0.5
    near = cv2.GaussianBlur(head.skin, (0, 0), SURE * head.unit) > 0.6
    return (oval & (head.hair < 0.5)) | near | (beard(head) > 0.5)


def _scattered(head: Head, moved: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what `_scatter` says of the backward flow of chosen pixels."""
    back = pixel_grid(head.size) - moved[..., :2]
    return _scatter(moved[chosen], back[chosen], head.size, BEHIND * head.unit)


def _smoothed(field: np.ndarray, head: Head, turn: np.ndarray) -> np.ndarray:
    """Smooth a flow: little where a head's side opens, more where one part slides over another."""
    right = rotation(head.pose)[:, 0]
    side = np.float32(np.sign((turn @ right - right)[2]) / head.unit)
    across = side * (np.arange(head.size, dtype=np.float32) - np.float32(head.axis[0]))
    opens = np.clip((across - 0.2) / 0.3, 0, 1)[None, :, None]
    fine, soft = (
        cv2.resize(cv2.GaussianBlur(field, (0, 0), sigma), (head.size, head.size))
        for sigma in (1.5, 3.6)
    )
    return soft + opens * (fine - soft)


def _far_side(head: Head, turn: np.ndarray, around: np.ndarray) -> Layer | None:
    """Return the side of a head that turns towards the camera, from its other side.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        around: (S, S, 2) flow of the person.
    """
    far = head.pose.yaw
    forward = turn @ rotation(head.pose)[:, 2]
    nearer = abs(far) - abs(float(np.degrees(np.arctan2(forward[0], forward[2]))))
    if abs(far) < ASIDE or nearer < NEARER:
        return None
    size, places = head.size, pixel_grid(head.size)
    share = head.share(places)
    points = np.dstack([places, head.depth])
    across = (points - head.axis.astype(np.float32)) @ head.right
    person = (head.matte > 0.5) & head.valid
    density, _ = _scattered(head, turned(head, points, turn, share), person)
    # The near side, without long hair and the neck.
    moved = turned(head, points - 2 * across[..., None] * head.right, turn, share)
    chosen = person & (share > WHOLE) & (across * far < 0)
    other, back = _scattered(head, moved, chosen)
    known = np.minimum(other, 1)
    gain = cv2.GaussianBlur(known - density, (0, 0), 1.2)
    opacity = np.clip((gain - BETTER[0]) / (BETTER[1] - BETTER[0]), 0, 1) * np.clip(2 * other, 0, 1)
    flow, opacity = (
        cv2.resize(one.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
        for one in (
            cv2.GaussianBlur(fill(back, known), (0, 0), 1.0),
            cv2.GaussianBlur(opacity, (0, 0), 0.8),
        )
    )
    return Layer(flow, (opacity * _mirrored_where(head, turn, flow, around)).astype(np.float32))


def _mirrored_where(
    head: Head, turn: np.ndarray, flow: np.ndarray, around: np.ndarray
) -> np.ndarray:
    """Return where a mirror image may go on beyond the face, (S, S) float32 in [0, 1].

    Above the brows that is within the outline that the person has now; below, skin close to the
    face alone: upon hair and clothes, or apart, it would be a ghost.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        flow: (S, S, 2) of the mirror image.
        around: likewise, of the person.
    """
    size, seen = head.size, head.matte * head.valid
    skin = np.clip(1.6 * looked_up(seen * head.skin, flow) - 0.4, 0, 1)
    skin *= 1 - np.clip(2 * looked_up(seen * (1 - head.skin), around), 0, 1)
    oval = mesh_points(head.landmarks[list(FACE_OVAL)])
    oval = turned(head, oval, turn, np.ones(len(oval), np.float32))[:, :2]
    beyond = (fill_polygon(oval, (size, size)) < 0.5).astype(np.uint8)
    away = cv2.distanceTransform(beyond, cv2.DIST_L2, 5) / np.float32(RIM * head.unit)
    skin *= np.clip(2 - away, 0, 1)
    person = np.clip(1.6 * looked_up(seen, flow) - 0.4, 0, 1)
    person *= np.clip(1.6 * looked_up(seen, around) - 0.4, 0, 1)
    down = rotation(head.pose)[:2, 1].astype(np.float32)
    below = (pixel_grid(size) - head.axis[:2].astype(np.float32)) @ down / np.float32(head.unit)
    upper = np.clip((CROWN[1] - below) / (CROWN[1] - CROWN[0]), 0, 1)
    return skin + upper * (person - skin)


def _scatter(
    points: np.ndarray, values: np.ndarray, size: int, behind: float
) -> tuple[np.ndarray, np.ndarray]:
    """Average the values of the nearest points of each coarse cell.

    Args:
        points: (N, 3) x, y and depth.
        values: (N, 2).
        size: side of the square that the points lie in.
        behind: depth by which a point is hidden.

    Returns:
        (G, G) weight, up to 1, and (G, G, 2) means.
    """
    cells = np.floor((points[:, :2] + 0.5) * COARSE / size).astype(np.int64)
    within = ((cells >= 0) & (cells < COARSE)).all(1)
    index = (cells[:, 1] * COARSE + cells[:, 0])[within]
    depth, values = points[within, 2], values[within]
    nearest = np.full(COARSE * COARSE, -np.inf, np.float32)
    np.maximum.at(nearest, index, depth)
    nearest = cv2.dilate(nearest.reshape(COARSE, COARSE), np.ones((5, 5), np.uint8)).reshape(-1)
    seen = depth > nearest[index] - behind
    index, values = index[seen], values[seen]
    sums = np.stack(
        [np.bincount(index, w, COARSE * COARSE) for w in (None, values[:, 0], values[:, 1])], -1
    )
    sums = cv2.GaussianBlur(sums.reshape(COARSE, COARSE, 3).astype(np.float32), (0, 0), 0.7)
    weight = np.minimum(sums[..., 0] * (COARSE / size) ** 2, 1)
    return weight, sums[..., 1:] / np.maximum(sums[..., :1], 1e-6)
