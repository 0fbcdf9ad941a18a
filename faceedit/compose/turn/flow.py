"""Where the pixels of a turned head come from."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.mesh_flow import fill
from faceedit.compose.turn.head import Head, mesh_points, rotation, turned
from faceedit.compose.turn.outline import outline
from faceedit.faces.raster import MeshRaster, fill_polygon, rasterize_mesh
from faceedit.faces.topology import EYES, FACE_OVAL, INNER_LIPS, N_SURFACE, mirror

COARSE = 256
"""Side of the grid on which hair, ears and neck move."""
BEHIND = 0.1
"""Eye distances by which a point lies behind another that hides it."""
GRAZING = (0.05, 0.22)
"""z of normals in the photo from which on skin is shown well enough to be used."""
OUTLINE = 0.035
"""Eye distances within which a person's outline is not sure."""
SMOOTH = 0.022
"""Eye distances over which the flow of the face is smoothed."""
INSIDE = 0.03
"""Of the mesh's outline, which no landmark finds exactly."""


WHOLE = 0.6
"""Share of a turn from which on a point is the head's, and has a mirror image."""
ASIDE, NEARER = 15.0, 10.0
"""Yaw in degrees from which on a head has a far side, and by which it turns to show it."""
CLEARER = (0.1, 0.3)
"""By how much more a mirror image faces the camera, from where on it is better."""
BARELY = 0.02
"""Opacity that is not seen."""
SPOT = 0.08
"""Radius below which a part that is not seen is not worth a mirror image."""
FACING = (0.22, 0.45)
"""z of normals in the photo from which on a mirror image is used, and is not needed."""
RIM = 0.08
"""Eye distances beyond a face within which a mirrored side is skin like it."""
BETTER = (0.1, 0.3)
"""Pixels that the mirror shows more for each pixel of the result, from where on and in full."""


@dataclass(frozen=True)
class Layer:
    """A part of the turned head.

    Attributes:
        flow: (S, S, 2) float32 pixels: where it comes from, less its own place.
        opacity: (S, S) float32 in [0, 1].
        log_ratio: (S, S, 3) float32, of brightness; None changes none.
    """

    flow: np.ndarray
    opacity: np.ndarray
    log_ratio: np.ndarray | None = None


def flow_around(head: Head, turn: np.ndarray) -> tuple[np.ndarray, Layer | None]:
    """Return how the whole person moves, and what of its head only a mirror shows.

    Each pixel of the person goes where its depth takes it, and hides what is behind; the outline of
    hair goes where `outline` says.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.

    Returns:
        The backward flow, (S, S, 2) float32, smooth everywhere, and the mirrored layer over it;
        None where the photo shows both sides as well as they will be seen.
    """
    size = head.size
    places = _grid(size)
    share = head.share(places)
    points = np.dstack([places, head.depth])
    moved = turned(head, points, turn, share)
    person = (head.matte > 0.5) & head.valid
    density, backward = _scatter(
        moved[person], (places - moved[..., :2])[person], size, BEHIND * head.unit
    )
    weight = np.minimum(density, 1)
    fixed, held = outline(head, turn, COARSE)
    total = weight + fixed
    mean = weight[..., None] * backward + fixed[..., None] * held
    mean /= np.maximum(total, 1e-6)[..., None]
    field = fill(mean, np.minimum(total, 1))
    around = _smoothed(field, head, turn)
    return around, _far_side(head, turn, density, around)


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


def _far_side(
    head: Head, turn: np.ndarray, density: np.ndarray, around: np.ndarray
) -> Layer | None:
    """Return the side of a head that turns towards the camera, from its other side.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        density: (G, G) pixels of the photo for each of the result.
        around: (S, S, 2) flow of the person.
    """
    far = head.pose.yaw
    forward = turn @ rotation(head.pose)[:, 2]
    nearer = abs(far) - abs(float(np.degrees(np.arctan2(forward[0], forward[2]))))
    if abs(far) < ASIDE or nearer < NEARER:
        return None
    size, places = head.size, _grid(head.size)
    share = head.share(places)
    points = np.dstack([places, head.depth])
    across = (points - head.axis.astype(np.float32)) @ head.right
    moved = turned(head, points - 2 * across[..., None] * head.right, turn, share)
    # The near side, without long hair and the neck.
    chosen = (head.matte > 0.5) & head.valid & (share > WHOLE) & (across * far < 0)
    other, back = _scatter(
        moved[chosen], (places - moved[..., :2])[chosen], size, BEHIND * head.unit
    )
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
    # Skin that goes on beyond the face; upon hair, or apart, it would be a ghost.
    seen = head.matte * head.valid
    skin = np.clip(1.6 * _looked_up(seen * head.skin, flow) - 0.4, 0, 1)
    skin *= 1 - np.clip(2 * _looked_up(seen * (1 - head.skin), around), 0, 1)
    oval = mesh_points(head.landmarks[list(FACE_OVAL)])
    oval = turned(head, oval, turn, np.ones(len(oval), np.float32))[:, :2]
    beyond = (fill_polygon(oval, (size, size)) < 0.5).astype(np.uint8)
    away = cv2.distanceTransform(beyond, cv2.DIST_L2, 5) / np.float32(RIM * head.unit)
    skin *= np.clip(2 - away, 0, 1)
    return Layer(flow, (opacity * skin).astype(np.float32))


def face_layers(
    head: Head, turn: np.ndarray, around: np.ndarray, towards: np.ndarray
) -> tuple[Layer, Layer]:
    """Return the face as the mesh shows it, and what only its mirror image shows.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        around: as `flow_around` returns it.
        towards: (468,) float32, as `facing` returns it of the photo's landmarks.
    """
    size, skin = head.size, head.landmarks[:N_SURFACE]
    source = mesh_points(skin)
    target = turned(head, source, turn, head.share(source[:, :2]))
    photo = rasterize_mesh(skin, (size, size), hide=True)
    drawn = rasterize_mesh(mesh_points(target), (size, size), hide=True)
    front = photo.interpolate(source[:, 2:])[..., 0]
    front = np.where(photo.inside, front, -1e4).astype(np.float32)
    rings = [fill_polygon(target[list(ring), :2], (size, size)) for ring in (*EYES, INNER_LIPS)]
    holes = np.max(rings, axis=0) > 0
    own, shown = _layer(source, towards, drawn, front, head, around, holes)
    other = mirror()[:N_SURFACE]
    reflected, seen = _layer(source[other], towards[other], drawn, front, head, around, holes)
    here, there = np.moveaxis(drawn.interpolate(np.column_stack([towards, towards[other]])), -1, 0)
    # At the far edge of a face what lies behind would show; the other side knows better.
    seen *= _rise(there, FACING)
    shown *= 1 - seen * _rise(there - here, CLEARER) * (1 - _rise(here, FACING))
    # What is hidden by little is stretched: its mirror image would be a spot.
    width = 2 * round(SPOT * head.unit) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    shown = cv2.morphologyEx(shown, cv2.MORPH_CLOSE, kernel)
    # The mirror image lies under the face, and nothing shows between them.
    seen *= cv2.dilate((shown < 1 - BARELY).astype(np.uint8), np.ones((3, 3), np.uint8))
    inside = _inside(mesh_points(target), drawn, head.unit)
    return Layer(own, inside * shown), Layer(reflected, inside * seen)


def _layer(
    source: np.ndarray,
    towards: np.ndarray,
    drawn: MeshRaster,
    front: np.ndarray,
    head: Head,
    around: np.ndarray,
    holes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the flow of the drawn face from where its points are, and how far these are seen."""
    here = _grid(head.size)
    # What lies behind would show through eyes and mouth: they go with what is around them.
    known = drawn.inside & ~holes
    values = drawn.interpolate(np.column_stack([source, towards]))
    own = np.where(known[..., None], values[..., :2] - here, 0).astype(np.float32)
    flow = np.where(known[..., None], own, around)
    flow[holes] = fill(own, known.astype(np.float32))[holes]
    at = here + flow
    met = cv2.remap(
        front, at[..., 0], at[..., 1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    clear = (values[..., 2] > met - BEHIND * head.unit).astype(np.float32)
    clear *= np.clip((values[..., 3] - GRAZING[0]) / (GRAZING[1] - GRAZING[0]), 0, 1)
    person = (head.matte * head.valid).astype(np.float32)
    # Skin seen at a grazing angle is mixed with the wall behind it.
    width = 2 * max(1, round(OUTLINE * head.unit)) + 1
    inner = cv2.erode(person, np.ones((width, width), np.uint8))
    matte = np.where(values[..., 3] > 0.5, _looked_up(person, flow), _looked_up(inner, flow))
    clear = cv2.morphologyEx(
        np.where(known, clear, 1).astype(np.float32), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)
    )
    clear = cv2.GaussianBlur(clear, (0, 0), 0.012 * head.unit) * np.clip(1.4 * matte - 0.2, 0, 1)
    return _smooth_within(flow, known | holes, SMOOTH * head.unit), clear


def _rise(values: np.ndarray, between: tuple[float, float]) -> np.ndarray:
    return np.clip((values - between[0]) / (between[1] - between[0]), 0, 1)


def _inside(target: np.ndarray, drawn: MeshRaster, unit: float) -> np.ndarray:
    """Return the drawn face without its outermost rim, soft, eyes and mouth too."""
    hull = cv2.morphologyEx(
        drawn.inside.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    )
    oval = fill_polygon(target[list(FACE_OVAL), :2], hull.shape) > 0.5
    depth = cv2.distanceTransform(np.maximum(hull, oval).astype(np.uint8), cv2.DIST_L2, 5)
    rise = np.clip(depth / (INSIDE * unit), 0, 1).astype(np.float32)
    return cv2.GaussianBlur(rise, (0, 0), 0.6)


def _smooth_within(flow: np.ndarray, known: np.ndarray, over: float) -> np.ndarray:
    """Smooth a flow where it is known, from what is known."""
    share = known.astype(np.float32)
    held = cv2.GaussianBlur(share, (0, 0), over)[..., None]
    smooth = cv2.GaussianBlur(flow * share[..., None], (0, 0), over)
    return np.where(held > 0.05, smooth / np.maximum(held, 1e-3), flow).astype(np.float32)


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


def _looked_up(field: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return a (S, S) field at each pixel's own place plus flow."""
    at = _grid(field.shape[0]) + flow
    return cv2.remap(field, at[..., 0], at[..., 1], cv2.INTER_LINEAR)


def _grid(size: int) -> np.ndarray:
    """Return each pixel's own place, (S, S, 2) float32."""
    steps = np.arange(size, dtype=np.float32)
    return np.dstack(np.meshgrid(steps, steps))
