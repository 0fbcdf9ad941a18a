"""Dark moustaches over the upper lip: how far one covers it, and its hairs before the teeth."""

import cv2
import numpy as np

from faceedit.compose.mouth.lips import rows_at
from faceedit.compose.mouth.opening import MouthPoints, Opening
from faceedit.faces.raster import squares_about
from faceedit.faces.topology import (
    CHEEKS,
    LOWER_INNER_LIP,
    SUBNASALE,
    UPPER_INNER_LIP,
    eye_distance,
)
from faceedit.ramps import ramp
from faceedit.tones import LUMA

UPPER_EDGE, LOWER_EDGE = (37, 0, 267), (84, 17, 314)
"""Points about the middles of the outer edges of both lips."""
SPOT = 0.025
"""Half the side in eye distances of the squares that are looked at."""
HAIR_DARKER, LIP_DARKER = (0.5, 1.1), (0.35, 0.75)
"""Log luma by which what is above a lip is darker than cheeks, and that lip than the lower one,
between which hair comes to cover it."""
DARKEST = 0.02
HANG, OF_GAP = (0.01, 0.045), 0.3
"""Eye distances by which hairs hang below the lip's line, the shortest and the longest; of the
height of an opening that this is at most."""
STRANDS = 0.02
"""Eye distances beside which a hair is darker than what lies there."""


def hair_over_lip(photo: np.ndarray, landmarks: np.ndarray) -> float:
    """Return in [0, 1] how far a dark moustache covers the upper lip.

    Args:
        photo: (H, W, 3) float32 RGB in [0, 1], upright.
        landmarks: (>= 468, >= 2) in its pixels.
    """
    points = landmarks[:, :2]
    upper, lower = (points[list(line)] for line in (UPPER_EDGE, LOWER_EDGE))
    inner, other = (points[list(line[4:7])] for line in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    above = upper + 0.4 * (points[SUBNASALE] - upper) * (0, 1)
    reach = max(1, round(SPOT * eye_distance(points)))
    spots = (above, (upper + inner) / 2, (lower + other) / 2, points[list(CHEEKS)])
    hair, lip, bare, cheeks = (_log_luma(photo, one, reach) for one in spots)
    pairs = ((cheeks - hair, HAIR_DARKER), (bare - lip, LIP_DARKER))
    shares = [ramp(darker, between) for darker, between in pairs]
    return float(np.nan_to_num(np.prod(shares)))


def _log_luma(photo: np.ndarray, spots: np.ndarray, reach: int) -> float:
    """Return the median over squares about (N, 2) spots; NaN where none lies in the photo."""
    seen = [float(np.median(one @ LUMA)) for one in squares_about(photo, spots, reach)]
    return float(np.log(max(np.median(seen), DARKEST))) if seen else float("nan")


def hang_hairs(
    painted: np.ndarray, carried: np.ndarray, after: MouthPoints, opening: Opening, hair: float
) -> np.ndarray:
    """Return what is between lips, (h, w, 3), with the hairs of a moustache before its upper edge.

    Args:
        painted: (h, w, 3) float32 RGB in [0, 1], in the opening's box.
        carried: (h, w, 3) the photo as the target shows it about the opening.
        after: the mouth in the target.
        opening: of it.
        hair: of `hair_over_lip`.
    """
    part = opening.seen(2)
    if not hair > 0 or not opening.coverage.any():
        return painted
    places, unit = opening.places, opening.unit
    columns, rows = np.arange(places.shape[1])[part[1]], np.arange(len(places))[part[0], None]
    top = rows_at(after.lips[0], places[0, part[1], 0]) - places[0, 0, 1]
    # Hairs go on below the lip's line as they come from above it.
    depth = rows - top
    x, y = np.broadcast_to(columns, depth.shape), np.where(depth > 0, top - depth, rows)
    x, y = (np.ascontiguousarray(at, np.float32) for at in (x, y))
    seen = cv2.remap(carried, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    gap = float(opening.coverage.sum(0).max())
    shortest, longest = (min(one * unit, OF_GAP * gap) for one in HANG)
    near = cv2.remap(
        carried @ LUMA,
        np.broadcast_to(columns, (3, len(columns))).astype(np.float32),
        (top - longest * np.array([[0.2], [0.6], [1.0]])).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    line = np.log(np.maximum(near.mean(0), DARKEST))[None]
    fine, broad = (
        cv2.GaussianBlur(line, (0, 0), max(share * STRANDS * unit, 0.6))[0] for share in (0.2, 1.0)
    )
    strand = (broad - fine) / max(float((broad - fine).std()), 1e-3)
    long = shortest + (longest - shortest) * np.clip(0.5 + 0.4 * strand, 0, 1)
    alpha = hair * np.clip((long - depth) / np.maximum(0.6 * long, 0.7), 0, 1)
    laid = painted.copy()
    laid[part] += alpha[..., None].astype(np.float32) * (seen - laid[part])
    return laid
