"""Turns the head of a photo to the side.

The fitted model, with the photo on it, is turned about a vertical axis through the head; the neck
twists and the shoulders stay. Three layers lie over each other: the face, drawn by the model; hair,
ears and clothes, which follow smoothly, while the outline of the hair stays where it is, as a head
is about as deep as wide; and what is behind, continued where the head uncovers it.

How far it holds: within 15 degrees pictures pass as photographs. To 25 degrees the face does; ears
and the hair on the near side are stretched, since nothing behind them is known. At 30 degrees, or
if the photo is turned the same way already, the far cheek and nose depend on the model's depth and
long loose hair on the near side shows that it was stretched. `TurnEdit.trust` says so in a number.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.faces.topology import FACE_OVAL, IRISES, N_SURFACE
from faceedit.studio.fields import Fields, grid, warp
from faceedit.studio.model import Part
from faceedit.studio.relief import COARSE, Relief, build_relief, continue_smoothly, outline
from faceedit.studio.subject import Pose, Subject

AXIS = (0.0, 2.0, -1.0)
"""A point of the axis, between the ears, in the model's cm."""
NECK = (-15.0, -9.0)
"""y in the model's cm over which the neck twists: the shoulders do not turn at all."""
HIDDEN = 0.35
"""Depth in cm by which a point lies behind what the photo shows there."""
GRAZING = 0.12
"""Least z of a normal in the photo whose texture is used."""
LARGEST = 30.0
"""Degrees."""
FREE_TRUST = 60.0
"""Degrees of the turned face from the camera at which nothing is trusted any more."""
RIM = 0.08
"""Eye distances from the end of the skin over which hair is tied to it."""
EXACT = 0.008
"""Differences that need no paint."""


@dataclass(frozen=True)
class TurnEdit:
    """A photo with its head turned, as fields.

    Attributes:
        pose: the model as turned; its places carry the snap along.
        pixels: (S, S, 3) float32 RGB.
        flow: (S, S, 2) float32 pixels.
        paint: (S, S, 3) float32 RGB.
        opacity: (S, S) float32 in [0, 1], of paint.
        known: (S, S) bool, shows what the photo shows: neither mirrored nor made up.
        landmarks: (478, 3) float32 crop pixels.
        trust: 0 to 1; below about 0.5 it does not pass as a photo.
    """

    pose: Pose
    pixels: np.ndarray
    flow: np.ndarray
    paint: np.ndarray
    opacity: np.ndarray
    known: np.ndarray
    landmarks: np.ndarray
    trust: float


def turn_head(subject: Subject, yaw_degrees: float, matte: np.ndarray) -> TurnEdit:
    """Turn the head.

    Args:
        subject: the fitted face.
        yaw_degrees: positive to the picture's right, within ±30.
        matte: (S, S) float32 opacity of the person.

    Raises:
        ValueError: the angle is larger.
    """
    if abs(yaw_degrees) > LARGEST:
        raise ValueError(f"{yaw_degrees} degrees is beyond the {LARGEST:g} that a turn can do")
    pixels = subject.crop.pixels
    source, target = subject.pose, turned_pose(subject, yaw_degrees)
    relief = build_relief(source, pixels, matte, subject.unit)
    skin = _skin(source, relief)

    around = _hair_flow(source, target, relief, skin, matte, subject)
    behind = _behind(pixels, matte)
    follows = warp(matte, around, cv2.INTER_LINEAR)
    wide = cv2.dilate(skin, np.ones((2 * round(0.04 * subject.unit) + 1,) * 2, np.uint8))
    follows *= 1 - _turned_away(target, warp(wide, around, cv2.INTER_LINEAR), yaw_degrees)
    follows = follows[..., None]
    person = warp(pixels, around)
    # What stays where it is needs no layers, and would lose its finest hair to them.
    moves = np.clip(np.linalg.norm(around, axis=2, keepdims=True) / 1.5, 0, 1)
    layers = person + moves * (1 - follows) * (behind - person)

    moved, face, mirrored, mirrored_face = _face(source, target, skin, matte, subject.unit)
    picture = layers + mirrored_face[..., None] * (
        _toned(warp(pixels, mirrored), layers, mirrored_face, subject.unit) - layers
    )
    picture += face[..., None] * (warp(pixels, moved) - picture)
    picture = np.clip(picture, 0, 1)

    flow = around + face[..., None] * (moved - around)
    missed = np.abs(warp(pixels, flow) - picture).max(2)
    wrong = cv2.dilate(np.clip((missed - EXACT) / (2 * EXACT), 0, 1), np.ones((3, 3), np.uint8))
    opacity = np.maximum(wrong, cv2.GaussianBlur(wrong, (0, 0), 1.0)).astype(np.float32)
    uncovered = (1 - follows[..., 0]) * matte * (1 - face)
    known = (mirrored_face < 0.5) & (uncovered < 0.5)
    fields = Fields(flow.astype(np.float32), np.zeros_like(picture), picture, opacity)
    return TurnEdit(
        pose=target,
        pixels=fields.compose(pixels),
        flow=fields.flow,
        paint=fields.paint,
        opacity=opacity,
        known=known,
        landmarks=_moved_landmarks(subject, target),
        trust=_trust(target, face, yaw_degrees),
    )


def turned_pose(subject: Subject, yaw_degrees: float) -> Pose:
    """Return the model turned about the vertical through the head, its shoulders not."""
    source = subject.pose
    rotation = source.camera.rotation
    seen = source.vertices @ rotation.T
    axis = rotation @ np.array(AXIS)
    rise = np.clip((source.vertices[:, 1] - NECK[0]) / (NECK[1] - NECK[0]), 0, 1)
    angle = np.radians(yaw_degrees) * rise * rise * (3 - 2 * rise)
    cosine, sine = np.cos(angle), np.sin(angle)

    def turn(x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return cosine * x + sine * z, cosine * z - sine * x

    x, z = turn(seen[:, 0] - axis[0], seen[:, 2] - axis[2])
    turned = np.stack([x + axis[0], seen[:, 1], z + axis[2]], axis=1)
    vertices = (turned @ rotation).astype(np.float32)
    places, depth = source.camera.project(vertices)
    # The snap is a displacement of the surface across the view, and turns with it.
    projected, _ = source.camera.project(source.vertices)
    snap = source.places - projected
    across, _ = turn(snap[:, 0], np.zeros(len(snap)))
    places += np.stack([across, snap[:, 1]], axis=1).astype(np.float32)
    return replace(source, vertices=vertices, places=places, depth=depth)


def _skin(source: Pose, relief: Relief) -> np.ndarray:
    """Return what goes with the model, eyes and mouth too, (S, S) float32."""
    oval = np.zeros(relief.skin.shape, np.uint8)
    cv2.fillPoly(oval, [np.round(source.landmarks()[list(FACE_OVAL)]).astype(np.int32)], 1)
    oval = cv2.erode(oval, np.ones((3, 3), np.uint8))
    return np.maximum(relief.skin, cv2.GaussianBlur(oval.astype(np.float32), (0, 0), 1.5))


def _hair_flow(
    source: Pose,
    target: Pose,
    relief: Relief,
    skin: np.ndarray,
    matte: np.ndarray,
    subject: Subject,
) -> np.ndarray:
    """Return the backward flow of all that has no model, (S, S, 2) float32.

    It comes from where the rim of the skin that the photo shows has gone, seen or not, and is 0 at
    the outline of the person. Where ears, jaw or neck are the outline it goes with them.
    """
    size = source.size
    drawing = source.drawing
    core = cv2.erode((skin > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8))
    inside = cv2.distanceTransform(core, cv2.DIST_L2, 3) / subject.unit
    # Cheeks and nose come forward much further than the edge that hair is tied to.
    visible = skin * matte * np.exp(-((inside / RIM) ** 2)) * (drawing.part == Part.SKIN)
    rim = visible > 0.05
    forward = drawing.interpolate(target.places - source.places)[rim]
    weight, values = _scatter(grid((size, size))[rim] + forward, -forward, visible[rim], size)

    still, _ = outline(matte)
    rows = (np.arange(COARSE, dtype=np.float32) + 0.5) * size / COARSE
    points = source.landmarks()
    brows, eyes = points[[105, 334], 1].mean(), points[[33, 263], 1].mean()
    above = np.clip((eyes - rows) / max(eyes - brows, 1.0), 0, 1)[:, None]
    beside = np.clip(6 * cv2.GaussianBlur(_grid(visible), (0, 0), 1.5), 0, 1)
    still *= 1 - beside * (1 - above)
    still[-2:] = 1.0
    still = np.maximum(still, (_grid(matte) < 0.02) * 0.02)
    total = weight + still
    mixed = weight[..., None] * values / np.maximum(total, 1e-6)[..., None]
    field = continue_smoothly(mixed.astype(np.float32), total.astype(np.float32))
    # Where few pixels are stretched over many, unevenness of the cells would show as a comb.
    field = cv2.GaussianBlur(field, (0, 0), 1.8)
    return cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC)


def _turned_away(target: Pose, skin: np.ndarray, yaw_degrees: float) -> np.ndarray:
    """Return where skin beyond the far outline of the face is of a side that is hidden now.

    Args:
        target: the turned face.
        skin: (S, S) skin as it would follow the hair.
        yaw_degrees: of the turn.
    """
    points = target.landmarks()
    unit = float(np.linalg.norm(points[33] - points[263]))
    middle, chin = points[[234, 454], 0].mean(), points[152, 1]
    far = np.sign(yaw_degrees) * (np.arange(target.size) - middle) / (0.15 * unit)
    above = (chin - np.arange(target.size)) / (0.1 * unit) + 1
    side = np.clip(far, 0, 1)[None] * np.clip(above, 0, 1)[:, None]
    side *= min(1.0, abs(yaw_degrees) / 8)
    model = (target.drawing.part >= 0).astype(np.float32)
    beyond = 1 - cv2.GaussianBlur(model, (0, 0), 1.0)
    return (side * beyond * skin).astype(np.float32)


def _scatter(
    places: np.ndarray, values: np.ndarray, weights: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Average (N, 2) values of (N, 2) pixel places in the cells of the coarse grid.

    Returns:
        (G, G) weight, up to 1, and (G, G, 2) means.
    """
    cells = np.floor((places + 0.5) * COARSE / size).astype(np.int64)
    within = ((cells >= 0) & (cells < COARSE)).all(1)
    index = cells[within, 1] * COARSE + cells[within, 0]
    count = COARSE * COARSE
    weighted = np.column_stack([weights, weights * values[:, 0], weights * values[:, 1]])[within]
    sums = np.stack([np.bincount(index, w, count) for w in weighted.T], axis=-1)
    # Where places move apart some cells get none.
    sums = cv2.GaussianBlur(sums.reshape(COARSE, COARSE, 3), (0, 0), 1.0)
    means = sums[..., 1:] / np.maximum(sums[..., :1], 1e-6)
    return np.minimum(sums[..., 0] * (COARSE / size) ** 2, 1.0), means


def _behind(pixels: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Return the picture without the person: its background, smoothly continued."""
    free = np.clip(1 - matte / 0.05, 0, 1).astype(np.float32)
    sure = cv2.erode(free, np.ones((3, 3), np.uint8))
    weight = _grid(sure)
    values = _grid(pixels * sure[..., None]) / np.maximum(weight, 1e-4)[..., None]
    filled = continue_smoothly(values.astype(np.float32), weight)
    filled = cv2.resize(filled, pixels.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return filled + free[..., None] * (pixels - filled)


def _face(
    source: Pose, target: Pose, skin: np.ndarray, matte: np.ndarray, unit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw the model: flow and opacity of its own texture, and of that of its other side."""
    drawing = target.drawing
    here = grid((target.size, target.size))
    drawn = (drawing.part >= 0) & (drawing.part != Part.HEAD)
    edge = cv2.erode(drawn.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    mirror = source.model.mirror_vertices

    def layer(vertices: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        facing = source.normals[vertices][:, 2]
        facing = np.where(source.normals[vertices].any(1), facing, 1.0)
        values = np.column_stack([source.places[vertices], source.depth[vertices], facing])
        seen = drawing.interpolate(values)
        flow = np.where(drawn[..., None], seen[..., :2] - here, 0).astype(np.float32)
        front = warp(source.drawing.depth, flow, cv2.INTER_NEAREST)
        clear = (seen[..., 2] > front - HIDDEN) * np.clip((seen[..., 3] - GRAZING) / 0.15, 0, 1)
        share = warp(np.ascontiguousarray(skin * matte), flow, cv2.INTER_LINEAR)
        share = np.clip(1.4 * share - 0.2, 0, 1)
        open_ = cv2.morphologyEx(
            (clear * edge).astype(np.float32), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)
        )
        return flow, cv2.GaussianBlur(open_, (0, 0), 0.008 * unit) * share * drawn

    own, shown = layer(slice(None))
    other, reflected = layer(mirror)
    return own, shown, other, np.clip(reflected - shown, 0, 1)


def _toned(reflected: np.ndarray, beside: np.ndarray, where: np.ndarray, unit: float) -> np.ndarray:
    """Give a reflected piece the brightness of what lies around it."""
    if not (where > 0.05).any():
        return reflected
    reach = 0.25 * unit
    rest = np.clip(1 - 4 * where, 0, 1)[..., None]
    near = cv2.GaussianBlur(rest, (0, 0), reach)[..., None] + 1e-3
    ratio = cv2.GaussianBlur(beside * rest, (0, 0), reach) / near
    ratio = (ratio + 0.02) / (cv2.GaussianBlur(reflected * rest, (0, 0), reach) / near + 0.02)
    return np.clip(reflected * np.clip(ratio, 0.6, 1.6), 0, 1)


def _moved_landmarks(subject: Subject, target: Pose) -> np.ndarray:
    """Return the photo's landmarks carried along, irises with the eyeballs."""
    source = subject.pose
    moved = subject.crop.landmarks.copy()
    points = source.model.landmark_vertices
    moved[:N_SURFACE, :2] += (target.places - source.places)[points]
    moved[:N_SURFACE, 2] -= source.camera.scale * (target.depth - source.depth)[points]
    part = source.model.vertex_part
    for iris, eye in zip(IRISES, (Part.RIGHT_EYE, Part.LEFT_EYE), strict=True):
        ball = np.flatnonzero(part == eye)
        if not len(ball):
            continue
        front = ball[source.depth[ball] > np.median(source.depth[ball])]
        away = np.linalg.norm(source.places[front] - moved[iris[0], :2], axis=1)
        nearest = front[away.argmin()]
        moved[list(iris), :2] += (target.places - source.places)[nearest]
        moved[list(iris), 2] -= source.camera.scale * (target.depth - source.depth)[nearest]
    return moved


def _trust(target: Pose, face: np.ndarray, yaw_degrees: float) -> float:
    """Say how far a turn holds: how much of the face the photo shows, and how far it is turned."""
    oval = np.zeros(face.shape, np.uint8)
    ring = cv2.convexHull(np.round(target.landmarks()[list(FACE_OVAL)]).astype(np.int32))
    cv2.fillConvexPoly(oval, ring, 1)
    drawn = (oval > 0) & (target.drawing.part >= 0)
    shown = float(face[drawn].mean()) if drawn.any() else 0.0
    x, _, z = target.camera.rotation[:, 2]
    away = np.degrees(np.arctan2(x, z)) + yaw_degrees
    turned = max(0.0, 1 - (away / FREE_TRUST) ** 2) * (1 - (yaw_degrees / FREE_TRUST) ** 2)
    return float(np.clip(shown * turned, 0, 1))


def _grid(field: np.ndarray) -> np.ndarray:
    return cv2.resize(field, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
