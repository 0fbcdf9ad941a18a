"""How the whole person moves when its head turns."""

import cv2
import numpy as np

from faceedit.compose.mesh_flow import fill
from faceedit.compose.turn.flow import BEHIND, pixel_grid
from faceedit.compose.turn.head import Head, nearer, turned
from faceedit.compose.turn.outline import beard, hold, outline
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL

STEPS, COARSEST = 10, 32
"""On each grid, in which what follows its surroundings settles; side of the first one."""
COARSE = 256
"""Side of the grid on which hair, ears and neck move."""
SURE = 0.03
"""Over which skin is averaged before it counts as sure."""


def flow_around(head: Head, turn: np.ndarray, held: np.ndarray | None = None) -> np.ndarray:
    """Return how the whole person moves: a backward flow, (S, S, 2) float32, smooth everywhere.

    Skin goes where its depth takes it, and hides what is behind; outlines go where `outline` says.
    Hair, hats, clothes and the wall follow what is around them, as smoothly as they can: strands
    stay strands.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        held: (S, S) float32 in [0, 1], as `near_hold` returns it; None if nothing is.
    """
    places = pixel_grid(head.size)
    firm = (head.matte > 0.5) & head.valid & _firm(head)
    points = places[firm]
    moved = turned(head, np.column_stack([points, head.depth[firm]]), turn, head.share(points))
    if held is not None:
        moved = hold(head, turn, points, moved, held[firm])
    back = points - moved[:, :2]
    weight, backward = _scatter(moved, back, head.size, BEHIND * head.unit)
    fixed, there = outline(head, turn, COARSE)
    weight = (1 - fixed) * np.minimum(weight, 1)
    total = weight[..., None] * backward + fixed[..., None] * there
    field = _settled(total, weight + fixed)
    return _smoothed(field, head, turn)


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


def _smoothed(field: np.ndarray, head: Head, turn: np.ndarray) -> np.ndarray:
    """Smooth a flow: little where a head's side opens, more where one part slides over another."""
    side = np.float32(np.sign(nearer(head, turn)) / head.unit)
    across = side * (np.arange(head.size, dtype=np.float32) - np.float32(head.axis[0]))
    opens = np.clip((across - 0.2) / 0.3, 0, 1)[None, :, None]
    fine, soft = (
        cv2.resize(cv2.GaussianBlur(field, (0, 0), sigma), (head.size, head.size))
        for sigma in (1.5, 3.6)
    )
    return soft + opens * (fine - soft)


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
