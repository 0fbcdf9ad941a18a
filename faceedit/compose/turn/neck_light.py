"""What a neck looks like that is drawn on behind a jaw.

A photo shows a neck where it is in the jaw's shade. What comes to be seen beside it begins in that
light; further up its light is halfway between all that is seen of the neck and the cheek's, but for
a soft shadow along the jaw: 159 portraits show that look aside by 15 to 40 degrees, whose necks are
darker than the cheek by 0.13 in the logarithm, and by 0.3 next to the jaw.
What is finer than light is that of the smoothest skin of the
face: what little is seen of a neck has folds, chains, hairs and the edge of cloth, all of which
would be seen again.
"""

import cv2
import numpy as np

from faceedit.compose.mesh_flow import fill
from faceedit.compose.turn.flow import looked_up, pixel_grid
from faceedit.compose.turn.head import Head, rise
from faceedit.compose.turn.outline import JAW
from faceedit.compose.turn.reach import HEIGHTS, STEPS, Line, sampled
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL
from faceedit.tones import muted

CHEEKS = ((116, 123, 137, 147), (345, 352, 366, 376))
"""Points of the mesh on the outer cheeks, above a beard."""
UNDER, RIM = 0.08, 0.03
"""Eye distances below the photo's jaw, where skin is the neck's, and within its outline, where
colours mix with the wall's."""
SKIN, NEAR, MIDDLE = 0.35, 0.02, 0.2
"""Share of skin from which on a photo shows a bare neck; over how much that is averaged; and from
the middle of the head, from where on it may end."""
LOWER, HIGH = 0.2, 0.1
"""Below the jaw, up to where it begins, and how high it is at least, to be shown."""
DARKEST = 0.03
"""Added to display values before the logarithm."""
FINE = 0.04
"""What differs over less is skin, and no light."""
LIKE_CHEEK, RISE = -0.13, (0.0, 0.35)
"""Log of a neck's light to the cheek's; and away from what is seen of it, over which that comes."""
SHADOW, SOFT, SHADES = -0.12, 0.1, (0.0, 0.12)
"""Log of the shadow next to the jaw, over how much it is soft; and away from what is seen, over
which it comes."""
GREY, HUE = (-0.9, 0.15), 0.3
"""Bounds of the log of a neck's light to the cheek's, and of its colour: beyond is cloth."""
EVEN = 0.08
"""Over which light that goes on is smooth."""
PATCH, LARGER = (0.08, 0.12), 2.0
"""Half the sides of the smoothest skin, and by how much it is drawn larger: patterns that come
again would be seen."""
MOST = 1.5
"""Bound of the log ratio."""


def bare_width(line: Line, head: Head, bare: np.ndarray) -> float:
    """Return how far out of a line a photo shows a bare neck below the jaw, in eye distances.

    Args:
        line: whose side is looked at.
        head: in the photo.
        bare: (S, S) float32 in [0, 1], where skin is bare.
    """
    edge = _edge(line, head, STEPS)
    shown = cv2.GaussianBlur(bare, (0, 0), NEAR * head.unit)
    found = (sampled(shown, line.places()) > SKIN) & (HEIGHTS[:, None] > edge)
    begin = found.argmax(0)
    ended = ~found & (np.arange(len(HEIGHTS))[:, None] > begin)
    ended[-1] = True
    first, last = HEIGHTS[begin], HEIGHTS[ended.argmax(0)]
    none = ~found.any(0) | (first > edge + LOWER) | (last - first < HIGH)
    none &= STEPS > MIDDLE
    return float(STEPS[none.argmax()] if none.any() else STEPS[-1])


def drawn_skin(
    line: Line, head: Head, pixels: np.ndarray, bare: np.ndarray, around: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return where skin comes from that is drawn, and its light: flow and log ratio of a layer.

    Args:
        line: whose side is looked at.
        head: in the photo.
        pixels: (S, S, 3) float32 RGB of the crop.
        bare: (S, S) float32 in [0, 1], where skin is bare.
        around: (S, S, 2) float32 flow of the person.
    """
    unit, places = np.float32(head.unit), pixel_grid(head.size)
    held = cv2.GaussianBlur(bare, (0, 0), FINE * head.unit)
    low = cv2.GaussianBlur(pixels * bare[..., None], (0, 0), FINE * head.unit)
    low /= np.maximum(held, 1e-3)[..., None]
    light = np.log(np.maximum(low, 0) + np.float32(DARKEST))
    points = head.landmarks[list(CHEEKS[int(line.out[0] > 0)]), :2]
    cheek = np.median(sampled(light, points[None])[0], axis=0)
    width = 2 * max(1, round(RIM * head.unit)) + 1
    neck = cv2.erode(bare, np.ones((width, width), np.uint8))
    neck = neck * (line.low(places) > _edge(line, head, line.far(places))) * (line.far(places) > 0)
    known = looked_up(neck.astype(np.float32), around)
    seen = _like_skin(sampled(light, places + around), cheek)
    usual = (seen * known[..., None]).sum((0, 1)) / max(float(known.sum()), 1e-3)
    first = usual + cv2.GaussianBlur(fill(seen - usual, known), (0, 0), EVEN * head.unit)
    away = cv2.distanceTransform((known < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / unit
    wanted = (usual + cheek + LIKE_CHEEK) / 2
    jaw = cv2.GaussianBlur(looked_up(_face(head), around), (0, 0), SOFT * head.unit)
    wanted = first + rise(away, RISE)[..., None] * (wanted - first)
    wanted += (SHADOW * np.minimum(2 * jaw, 1) * rise(away, SHADES))[..., None]
    middle = _smoothest(np.log(pixels + np.float32(DARKEST)) - light, head, bare)
    half = np.array(PATCH, np.float32)
    folded = np.mod((places - middle) / (LARGER * unit), 4 * half)
    source = (middle + unit * (np.abs(folded - 2 * half) - half)).astype(np.float32)
    ratio = np.clip(wanted - sampled(light, source), -MOST, MOST)
    return source - places, ratio.astype(np.float32)


def _edge(line: Line, head: Head, far: np.ndarray) -> np.ndarray:
    """Return the height below which skin is the neck's, at distances from a line."""
    jaw = head.landmarks[list(JAW), :2]
    order = np.argsort(line.far(jaw))
    return np.interp(far, line.far(jaw)[order], line.low(jaw)[order]) + UNDER


def _like_skin(seen: np.ndarray, cheek: np.ndarray) -> np.ndarray:
    """Return (..., 3) light on a neck, without what is none: of cloth, of the wall."""
    change = seen - cheek
    grey = muted(change, 0.0)
    return (cheek + np.clip(grey, *GREY) + np.clip(change - grey, -HUE, HUE)).astype(np.float32)


def _face(head: Head) -> np.ndarray:
    return fill_polygon(head.landmarks[list(FACE_OVAL), :2], head.depth.shape).astype(np.float32)


def _smoothest(fine: np.ndarray, head: Head, bare: np.ndarray) -> np.ndarray:
    """Return the middle of the smoothest part of a face, (2,) float32 pixels.

    Args:
        fine: (S, S, 3) float32, what differs on skin over little.
        head: in the photo.
        bare: (S, S) float32 in [0, 1], where skin is bare.
    """
    across, high = (2 * max(1, round(one * head.unit)) + 1 for one in PATCH)
    rough = cv2.blur(np.square(fine).sum(2), (across, high))
    clear = cv2.erode(np.minimum(_face(head), bare), np.ones((high, across), np.uint8))
    at = int(np.argmin(rough + 10 * (1 - clear)))
    return np.array([at % bare.shape[1], at // bare.shape[1]], np.float32)
