"""A mouth as points and as pixels: the lips' lines, the jaws, and the opening between the lips."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import INNER_LIPS, LOWER_INNER_LIP, MOUTH_CORNERS, UPPER_INNER_LIP
from faceedit.ramps import ramp, smoothstep

Box = tuple[slice, slice]
EVERYWHERE: Box = (slice(None), slice(None))

CLOSED = 0.02
"""Gaps of the lips below this, in eye distances, are an error of the landmarks."""
AROUND = 0.16
"""Eye distances of skin about the lips that a mouth's edit may touch."""
SLIVER = (0.004, 0.012)
"""Eye distances: lips less far apart meet, from the second on they are as far apart as they are."""
WEB, WEB_FROM, WEB_TO = 0.1, 0.05, 0.15
"""Share of the lips' length at each corner that stays together where a mouth opens wide, and the
gaps in eye distances between which it does."""
ROUND_WEB, ROUND, ROUND_FROM, ROUND_TO = 0.02, 0.2, 0.2, 0.36
"""Shares of that length that stay together in a mouth that is round, and within which its ends are;
and the gaps over that length between which it becomes so. What fear draws wide is not."""
HELD = 0.1
"""Of their distance by which lips part that corners still hold together."""
LOW_CORNERS = (0.06, 0.2)
"""Heights of an opening that its corners lie below the upper lip's middle by, between which a mouth
comes to be one that does not smile."""
PARTED = (0.02, 0.06)
"""Openings in eye distances between which a mouth with low corners comes to hang open."""
THINNEST = 1.5
"""Pixels: no opening is drawn thinner than about one. What is narrower at its widest place shows
ever less instead, so that a mouth neither opens nor closes from one frame to the next."""
EDGE = 0.35
"""Pixels by which the border of the opening is blurred."""
_FINER = 4
"""Points drawn between two landmarks."""


@dataclass(frozen=True)
class MouthPoints:
    """Where a mouth is in a picture.

    Attributes:
        landmarks: (>= 468, >= 2) mesh points in pixels.
        upper: (U, 2) pixels of marks on the front of the upper teeth.
        lower: (L, 2) the same of the lower teeth.
    """

    landmarks: np.ndarray
    upper: np.ndarray
    lower: np.ndarray

    @property
    def lips(self) -> tuple[np.ndarray, np.ndarray]:
        """Inner lines of the upper and the lower lip, (11, 2) each, corner to corner."""
        upper, lower = (list(line) for line in (UPPER_INNER_LIP, LOWER_INNER_LIP))
        return self.landmarks[upper, :2], self.landmarks[lower, :2]

    @property
    def ring(self) -> np.ndarray:
        """The inner lips as a polygon, (20, 2)."""
        return self.landmarks[list(INNER_LIPS), :2]


@dataclass(frozen=True)
class Opening:
    """What is between the lips, in a box about them.

    Attributes:
        box: slices of the picture.
        places: (h, w, 2) float32 pixels x, y of the picture.
        coverage: (h, w) float32 in [0, 1], share of each pixel that is between the lips.
        mouth_pixels: (h, w) float32, the same with slivers and before softening.
        unit: the eye distance in pixels.
        visible: in [0, 1], how much of it shows; less than 1 where it is thinner than `THINNEST`.
    """

    box: Box
    places: np.ndarray
    coverage: np.ndarray
    mouth_pixels: np.ndarray
    unit: float
    visible: float = 1.0

    def seen(self, margin: int = 0) -> Box:
        """Return the slices of the box within so many pixels of what is between the lips."""
        return box_of(self.coverage > 0, margin)

    def distance(self) -> np.ndarray:
        """Return pixels to the opening's line, (h, w) float32; negative inside."""
        inside = (self.coverage > 0.5).astype(np.uint8)
        if not inside.any():
            return np.full(inside.shape, 1e3, np.float32)
        out = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
        deep = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
        return np.where(inside > 0, 0.5 - deep, out - 0.5).astype(np.float32)


def box_of(pixels: np.ndarray, margin: int = 0) -> Box:
    """Return the slices within so many pixels of those that are not 0, of (h, w)."""
    x, y, width, height = cv2.boundingRect(pixels.astype(np.uint8))
    rows, columns = (
        slice(max(start - margin, 0), start + length + margin)
        for start, length in ((y, height), (x, width))
    )
    return rows, columns


def mouth_width(landmarks: np.ndarray, unit: float) -> float:
    """Return how far the corners of a mouth are apart, in eye distances."""
    left, right = landmarks[list(MOUTH_CORNERS), :2]
    return float(np.linalg.norm(left - right)) / unit


def lip_gap(landmarks: np.ndarray, unit: float) -> float:
    """Return the mean opening of the inner lips in eye distances, at least 0.

    Args:
        landmarks: (>= 468, >= 2) in pixels, upright.
        unit: the eye distance in pixels.
    """
    upper = landmarks[list(UPPER_INNER_LIP[1:-1]), 1]
    lower = landmarks[list(LOWER_INNER_LIP[1:-1]), 1]
    return float(np.maximum(lower - upper, 0.0).mean() / unit)


def hanging(points: MouthPoints, unit: float) -> float:
    """Return in [0, 1] how far a mouth opens with corners that hang, and does not smile."""
    upper, lower = points.lips
    middle = len(upper) // 2
    lip = float(upper[middle, 1])
    gap = max(float(lower[middle, 1]) - lip, 1e-3)
    corners = (float(upper[[0, -1], 1].mean()) - lip) / gap
    opened = ramp(gap / unit, PARTED)
    return float(ramp(corners, LOW_CORNERS) * opened)


def mouth_box(rings: list[np.ndarray], unit: float, size: tuple[int, int]) -> Box:
    """Return the slices of a picture about some lips.

    Args:
        rings: (N, 2) pixels each.
        unit: the eye distance in pixels.
        size: height and width of the picture.
    """
    points, margin = np.concatenate(rings), AROUND * unit
    limit = np.array(size[::-1])
    low = np.clip(np.floor(points.min(0) - margin), 0, limit - 2).astype(int)
    high = np.clip(np.ceil(points.max(0) + margin) + 1, low + 2, limit).astype(int)
    return (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))


def draw_opening(points: MouthPoints, box: Box, unit: float) -> Opening:
    """Draw the opening between lines through the inner lips' points.

    Args:
        points: of the mouth, upright.
        box: slices of the picture.
        unit: the eye distance in pixels.
    """
    rows, columns = np.mgrid[box]
    corner = np.array([box[1].start, box[0].start])
    upper, lower = (_rounded(line - corner) for line in points.lips)
    gap = np.linalg.norm(lower - upper, axis=1) * np.sign((lower - upper)[:, 1])
    low, high = SLIVER
    middle = (upper + lower) / 2
    left = np.clip((gap / unit - low) / (high - low), 0.0, 1.0)[:, None]
    left = left * _parted(middle, gap / unit, unit)
    met = [middle + left * (line - middle) for line in (upper, lower)]
    size = rows.shape
    coverage = np.zeros(size, np.float32)
    if (left > HELD).any():
        # What is no wider than a line would be drawn as one.
        parts = np.flatnonzero(left > HELD)
        first, last = max(int(parts[0]) - 1, 0), int(parts[-1]) + 2
        open_at = [line[first:last] for line in met]
        coverage = fill_polygon(np.concatenate([open_at[0], open_at[1][-2:0:-1]]), size)
    parted = np.concatenate([upper, np.maximum(lower, upper)[-2:0:-1]])
    return Opening(
        box=box,
        places=np.stack([columns, rows], axis=-1).astype(np.float32),
        coverage=cv2.GaussianBlur(coverage, (0, 0), EDGE),
        mouth_pixels=fill_polygon(parted, size) if (gap > 0).any() else coverage,
        unit=unit,
        visible=min(float(np.linalg.norm(met[1] - met[0], axis=1).max()) / THINNEST, 1.0),
    )


def _parted(middle: np.ndarray, gap: np.ndarray, unit: float) -> np.ndarray:
    """Return how far lips part along their lines, (N, 1): skin at the corners holds them.

    Args:
        middle: (N, 2) points between them, corner to corner.
        gap: (N,) eye distances from lip to lip.
        unit: the eye distance in pixels.
    """
    wide = np.clip((gap.max() - WEB_FROM) / (WEB_TO - WEB_FROM), 0.0, 1.0)
    along = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1)))
    length = max(along[-1], 1e-6)
    along /= length
    near = np.minimum(along, 1 - along)
    held = smoothstep(near / WEB)
    free = np.clip((near - ROUND_WEB) / ROUND, 0.0, 1.0)
    tall = float(gap.max()) * unit / length
    share = np.clip((tall - ROUND_FROM) / (ROUND_TO - ROUND_FROM), 0.0, 1.0)
    held = held + share * (np.sqrt(free * (2 - free)) - held)
    return (1 - wide * (1 - held))[:, None]


def _rounded(line: np.ndarray) -> np.ndarray:
    """Draw a smooth curve through (N, 2) points (Catmull and Rom, 1974)."""
    ends = 2 * line[[0, -1]] - line[[1, -2]]
    padded = np.concatenate([ends[:1], line, ends[1:]]).astype(np.float64)
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.arange(_FINER)[:, None, None] / _FINER
    curve = (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    ) / 2
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, 2), line[-1:]])
