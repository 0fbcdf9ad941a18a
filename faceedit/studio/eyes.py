"""What lies on and between the lids when they move.

The eyeball stands still; a lid's edge and lashes move as one; what an opening lid uncovers is
continued from the eye that the photo shows; what a closing lid unfolds is skin of the lid's own
colour.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.studio.fields import grid
from faceedit.studio.lids import Lids, find_lids, reach, skin_sources, smooth_step
from faceedit.studio.lidskin import closed_line, unfolded_skin
from faceedit.studio.subject import Pose, Subject

BOX = (0.42, 0.34)
"""Half the width and height of what an eye's edit may touch, in eye distances."""
FOLLOW = 0.016
"""How far inside the opening the eye's picture follows the lid: lash roots and wet rim."""
HIDDEN = (0.010, 0.022)
"""Below a lid's edge the photo shows lashes up to the first, shadow up to the second."""
MOVED = 0.008
"""Eye distances of a lid's movement from which on it counts in full."""
NARROW = (0.025, 0.05)
"""Openings in eye distances: below the first too little is seen of an eye to open it."""
LID_SHADOW = (0.28, 0.030)
"""Depth in log units and reach in eye distances of the shadow under a lid."""
IRIS_RIM = 1.08
"""Radii of the iris within which it counts as iris."""


@dataclass(frozen=True)
class EyeEdit:
    """The fields of both eyes.

    Attributes:
        flow: (S, S, 2) float32 pixels, the given one corrected about the eyes.
        log_ratio: (S, S, 3) float32.
        paint: (S, S, 3) float32 RGB in [0, 1].
        opacity: (S, S) float32 in [0, 1].
        shown: (S, S) float32 in [0, 1], eye that the photo's lids hid.
    """

    flow: np.ndarray
    log_ratio: np.ndarray
    paint: np.ndarray
    opacity: np.ndarray
    shown: np.ndarray


def edit_eyes(subject: Subject, target: Pose, flow: np.ndarray) -> EyeEdit:
    """Correct a flow at the eyes and paint what it cannot bring.

    Args:
        subject: the photo.
        target: the pose wanted.
        flow: (S, S, 2) float32 backward flow from the photo to it.
    """
    size = subject.crop.size
    edit = EyeEdit(
        flow=flow.copy(),
        log_ratio=np.zeros((size, size, 3), np.float32),
        paint=np.zeros((size, size, 3), np.float32),
        opacity=np.zeros((size, size), np.float32),
        shown=np.zeros((size, size), np.float32),
    )
    for eye in (0, 1):
        lids = find_lids(subject, target, eye)
        if not lids.still:
            _edit_eye(edit, lids, subject.crop.pixels)
    return edit


def _edit_eye(edit: EyeEdit, lids: Lids, pixels: np.ndarray) -> None:
    """Write one eye's fields into `edit`."""
    size = len(pixels)
    low = np.maximum(np.floor(lids.origin - np.multiply(BOX, lids.unit)), 0).astype(int)
    high = np.minimum(np.ceil(lids.origin + np.multiply(BOX, lids.unit)), size).astype(int)
    box = (slice(low[1], high[1]), slice(low[0], high[0]))
    if (high - low).min() < 4:
        return
    places = grid((size, size))[box]
    x, y = np.moveaxis((places - lids.origin) @ lids.axes.T / lids.unit, -1, 0)
    near = reach(lids, x, y)
    edge, rim = lids.at(lids.upper.target, x), lids.at(lids.lower.target, x)
    inside = (y >= edge) & (y < rim)

    def look(at_x: np.ndarray, at_y: np.ndarray) -> np.ndarray:
        where = lids.places(at_x, at_y)
        return np.clip(_sample(pixels, where), 0.0, 1.0)

    skin_x, skin_y = skin_sources(lids, x, y)
    own = np.where(inside[..., None], 0.0, lids.places(skin_x, skin_y) - places)
    given = edit.flow[box]
    edit.flow[box] = given + near[..., None] * (own - given)

    counts = near * smooth_step(_movement(lids, x) / MOVED)
    eye_paint, eye_opacity, shown = _between(lids, x, y, counts, look)
    skin_paint, skin_opacity = unfolded_skin(lids, x, y, look)
    skin_opacity = skin_opacity * near
    opacity = np.where(inside, eye_opacity, skin_opacity)
    paint = np.where(inside[..., None], eye_paint, skin_paint)
    edit.paint[box] = np.where(opacity[..., None] > 0, paint, 0.0)
    edit.opacity[box] = opacity
    edit.shown[box] = np.where(inside, shown, 0.0)

    lowered = np.maximum(lids.at(lids.upper.move, x), 0.0)
    depth, length = LID_SHADOW
    shadow = -depth * smooth_step(lowered / 0.06) * np.exp(-(((y - edge) / length) ** 2))
    lashes = closed_line(lids, x, y, look)
    ratio = np.where(inside, shadow * near, 0.0)[..., None] + lashes * near[..., None]
    edit.log_ratio[box] = ratio
    edit.paint[box] *= np.exp(lashes * near[..., None])


def _movement(lids: Lids, x: np.ndarray) -> np.ndarray:
    """Return how far the lids move at each place, in eye distances."""
    return lids.at(np.maximum(np.abs(lids.upper.move), np.abs(lids.lower.move)), x)


def _between(lids, x, y, counts, look):
    """Return paint (h, w, 3), opacity (h, w) and newly shown eye (h, w) between the lids."""
    upper, lower = lids.upper, lids.lower
    edge, rim = lids.at(upper.target, x), lids.at(lower.target, x)
    # The photo's edges over the very places, since the eyeball stands still.
    edge_then, rim_then = lids.photo_line(upper, x), lids.photo_line(lower, x)
    by_upper = counts * np.exp(-((np.maximum(y - edge, 0) / FOLLOW) ** 2))
    by_lower = counts * np.exp(-((np.maximum(rim - y, 0) / FOLLOW) ** 2)) * (1 - by_upper)
    first, last = HIDDEN
    seen_below = smooth_step((y - edge_then - first) / (last - first))
    seen_above = smooth_step((rim_then - y - first / 2) / (last - first))
    opened = smooth_step(np.maximum(lids.at(-upper.move, x), lids.at(lower.move, x)) / MOVED)
    hidden = counts * opened * (1 - seen_below * seen_above)

    with_upper = look(x + lids.at(upper.along, x), y - lids.at(upper.move, x))
    with_lower = look(x + lids.at(lower.along, x), y - lids.at(lower.move, x))
    behind = _continued(lids, x, y, look)
    depth, length = LID_SHADOW
    behind = behind * np.exp(-depth * np.exp(-((np.maximum(y - edge, 0) / length) ** 2)))[..., None]
    of_eye = (1 - by_upper - by_lower) * hidden
    opacity = by_upper + by_lower + of_eye
    total = (
        by_upper[..., None] * with_upper
        + by_lower[..., None] * with_lower
        + of_eye[..., None] * behind
    )
    paint = total / np.maximum(opacity, 1e-6)[..., None]
    uncovered = smooth_step((edge_then - y) / 0.01 + 1) + smooth_step((y - rim_then) / 0.01 + 1)
    return paint, opacity, np.clip(uncovered, 0, 1) * counts * opened


def _continued(lids, x, y, look):
    """Return the eye behind the photo's lids, (h, w, 3).

    Mirrored up and down about the iris' centre where that is in sight, else turned about it until
    it comes in sight: both keep the iris a disc and the white white.
    """
    centre_x, centre_y, _ = lids.iris
    margin = HIDDEN[1]
    mirrored = 2 * centre_y - y
    free = np.minimum(
        lids.photo_line(lids.lower, x) - mirrored, mirrored - lids.photo_line(lids.upper, x)
    )
    sure = smooth_step((free - 0.5 * margin) / margin)[..., None]
    radius = np.hypot(x - centre_x, y - centre_y)
    sides = []
    for side in (-1.0, 1.0):
        at_x = x.copy()
        at_y = y
        for _ in range(3):
            top = lids.photo_line(lids.upper, at_x) + margin
            bottom = lids.photo_line(lids.lower, at_x) - 0.5 * margin
            at_y = np.minimum(np.maximum(y, top), np.maximum(bottom, (top + bottom) / 2))
            at_x = centre_x + side * np.sqrt(np.maximum(radius**2 - (at_y - centre_y) ** 2, 0.0))
        sides.append(look(at_x, at_y))
    span = 0.5 * lids.iris[2]
    right = smooth_step((x - centre_x) / (2 * span) + 0.5)[..., None]
    turned = (1 - right) * sides[0] + right * sides[1]
    return sure * look(x, mirrored) + (1 - sure) * turned


def _sample(pixels: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Read (S, S, 3) pixels at (h, w, 2) places."""
    return cv2.remap(
        pixels, where[..., 0], where[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
