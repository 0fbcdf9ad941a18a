"""What follows a turned head without a model: hair, ears, clothes, and the wall behind."""

import cv2
import numpy as np

from faceedit.faces.topology import eye_distance
from faceedit.studio.fields import grid, warp
from faceedit.studio.model import Part
from faceedit.studio.relief import COARSE, continue_smoothly, outline
from faceedit.studio.subject import Pose, Subject

RIM = 0.08
"""Eye distances from the end of the skin over which hair is tied to it."""
EARS_HIDDEN = 30.0
"""Degrees from which on the far ear lies behind the cheek."""
LINEAR = cv2.INTER_LINEAR


def hair_flow(
    source: Pose,
    target: Pose,
    skin: np.ndarray,
    matte: np.ndarray,
    subject: Subject,
) -> np.ndarray:
    """Return the backward flow of all that has no model, (S, S, 2) float32.

    It comes from where the rim of the skin that the photo shows has gone, seen or not, and is 0 at
    the outline of the person. Where ears, jaw or neck are the outline it goes with them.

    Args:
        source: the face in the photo.
        target: the face as turned.
        skin: (S, S) float32, what of the photo goes with the model.
        matte: (S, S) float32 opacity of the person in the photo.
        subject: the fitted face.
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
    # In half profile the face itself is the outline, forehead, nose and all.
    oval = face_hull(source).astype(np.float32)
    profile = np.clip(6 * cv2.GaussianBlur(_grid(oval * matte), (0, 0), 1.0), 0, 1)
    still *= 1 - np.maximum(beside * (1 - above), profile)
    still[-2:] = 1.0
    # The wall stands still; close by the flow is still that of the outline.
    wall = cv2.dilate(_grid(matte), np.ones((5, 5), np.uint8)) < 0.02
    still = np.maximum(still, wall.astype(np.float32))
    total = weight + still
    mixed = weight[..., None] * values / np.maximum(total, 1e-6)[..., None]
    field = continue_smoothly(mixed.astype(np.float32), total.astype(np.float32))
    # Where few pixels are stretched over many, unevenness of the cells would show as a comb.
    field = cv2.GaussianBlur(field, (0, 0), 1.8)
    return cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC)


def behind_person(pixels: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Return the picture without the person: its background, smoothly continued."""
    free = np.clip(1 - matte / 0.05, 0, 1).astype(np.float32)
    sure = cv2.erode(free, np.ones((3, 3), np.uint8))
    weight = _grid(sure)
    values = _grid(pixels * sure[..., None]) / np.maximum(weight, 1e-4)[..., None]
    filled = continue_smoothly(values.astype(np.float32), weight)
    filled = cv2.resize(filled, pixels.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return filled + free[..., None] * (pixels - filled)


def stray_pieces(
    source: Pose, target: Pose, skin: np.ndarray, around: np.ndarray, yaw_degrees: float
) -> np.ndarray:
    """Return where a piece of the face has followed the hair to where no face is, (S, S) float32.

    The face is where the model has it. On the side that has turned away so is other skin, but for
    ears, which look out behind the cheek until `EARS_HIDDEN`.

    Args:
        source: the face in the photo.
        target: the face as turned.
        skin: (S, S) float32, what of the photo goes with the model.
        around: (S, S, 2) flow of the hair.
        yaw_degrees: of the turn, positive to the picture's right.
    """
    model = (target.drawing.part >= 0).astype(np.float32)
    beyond = 1 - cv2.GaussianBlur(model, (0, 0), 1.0)
    points = target.landmarks()
    unit = eye_distance(points)
    middle, chin, nose = points[[234, 454], 0].mean(), points[152, 1], points[2, 1]
    columns = rows = np.arange(target.size)
    far = np.clip(np.sign(yaw_degrees) * (columns - middle) / (0.15 * unit), 0, 1)
    above = np.clip((chin - rows) / (0.1 * unit) + 1, 0, 1)
    ears = np.clip((nose - rows) / (0.1 * unit), 0, 1)
    above *= 1 - ears * np.clip((EARS_HIDDEN - abs(yaw_degrees)) / 8, 0, 1)
    hidden = far[None] * above[:, None] * warp(_widened(skin, 0.025 * unit), around, LINEAR)
    face = cv2.erode(face_hull(source), np.ones((3, 3), np.uint8)).astype(np.float32)
    face = warp(_widened(face, 0.06 * unit), around, LINEAR)
    return (np.maximum(hidden, face) * beyond * min(1.0, abs(yaw_degrees) / 8)).astype(np.float32)


def replace_stray(
    picture: np.ndarray, stray: np.ndarray, behind: np.ndarray, target: Pose, unit: float
) -> np.ndarray:
    """Put in place of stray pieces the hair or wall beside them, or else what is behind."""
    if not (stray > 0.02).any():
        return picture
    sure = 1 - _widened(np.clip(4 * stray, 0, 1), 0.01 * unit)
    sure *= target.drawing.part < 0
    near = cv2.GaussianBlur(sure, (0, 0), 0.05 * unit)[..., None]
    beside = cv2.GaussianBlur(picture * sure[..., None], (0, 0), 0.05 * unit)
    beside = (beside + 0.01 * behind) / (near + 0.01)
    return picture + stray[..., None] * (beside - picture)


def face_hull(pose: Pose) -> np.ndarray:
    """Return the hull of the landmarks of a face, its nose in profile too, (S, S) uint8."""
    oval = np.zeros((pose.size, pose.size), np.uint8)
    hull = cv2.convexHull(np.round(pose.landmarks()).astype(np.int32))
    cv2.fillConvexPoly(oval, hull, 1)
    return oval


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


def _widened(share: np.ndarray, reach: float) -> np.ndarray:
    side = 2 * max(1, round(reach)) + 1
    return cv2.dilate(share, np.ones((side, side), np.uint8))


def _grid(field: np.ndarray) -> np.ndarray:
    return cv2.resize(field, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
