"""The nearer look: what the short-range detector says of a face that is level and of middle size.

It decides where the first look left a doubt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.faces.find.detector import IOU_THRESHOLD, Detection, Detector, overlap
from faceedit.faces.find.lockstep import Search
from faceedit.faces.find.mesh import MARGIN, Region, cut, region_of_detection

DOUBT = 0.7
"""Small faces may score below this from afar; ears, knots and folds do so from near, too."""


@dataclass(frozen=True)
class _Frame:
    """How a nearer look is framed.

    Attributes:
        times: so many times the face's size are shown.
        border: what lies outside the photo, as `cut` takes it.
        same: overlap over the union from which on a detection is of the face that is meant.
    """

    times: float
    border: int
    same: float


PLAIN = _Frame(3.5, cv2.BORDER_REPLICATE, 0.45)
"""A part of a face overlaps the whole by less than 0.4."""
CUT_OFF = _Frame(2.0, cv2.BORDER_CONSTANT, 0.45)
"""For faces that the photo's border cuts. Behind it lies a smear, which no detector knows; they
know black, and here it takes less of the square."""
ANY_WAY = _Frame(3.5, cv2.BORDER_REPLICATE, IOU_THRESHOLD)
"""For landmarks that may lie anywhere on the face."""


def look_nearer(
    short: Detector,
    pixels: np.ndarray,
    regions: Sequence[Region],
    threshold: float | None = None,
) -> Search[list[float]]:
    """The short-range detector's scores when each face is level and of middle size.

    Args:
        short: the detector.
        pixels: (H, W, 3) uint8 RGB photo.
        regions: of each face, as the mesh would look at it.
        threshold: least score of a detection; None takes the detector's own.

    Returns:
        For each face its score, 0 where the detector sees none.
    """
    seen = yield from _look(short, pixels, regions, threshold, PLAIN)
    scores = [0.0 if one is None else one.score for one in seen]
    unsure = [i for i, score in enumerate(scores) if score < DOUBT and _leaves(regions[i], pixels)]
    cut_off = [regions[i] for i in unsure]
    again = yield from _look(short, pixels, cut_off, threshold, CUT_OFF)
    for i, one in zip(unsure, again, strict=True):
        scores[i] = max(scores[i], 0.0 if one is None else one.score)
    return scores


def are_upright(
    short: Detector, pixels: np.ndarray, regions: Sequence[Region], most: float
) -> Search[list[bool]]:
    """Whether faces are turned as their regions are, and not by a quarter or a half more.

    Args:
        short: the short-range detector.
        pixels: (H, W, 3) uint8 RGB photo.
        regions: of each face.
        most: radians by which a face may lean in its region.
    """
    over = [replace(region, angle=region.angle + np.pi) for region in regions]
    seen = yield from _look(short, pixels, [*regions, *over], None, ANY_WAY)
    pairs = zip(seen[: len(regions)], seen[len(regions) :], strict=True)
    return [
        one is not None
        and abs(region_of_detection(one).angle) <= most
        and (other is None or other.score <= one.score)
        for one, other in pairs
    ]


def _look(
    short: Detector,
    pixels: np.ndarray,
    regions: Sequence[Region],
    threshold: float | None,
    frame: _Frame,
) -> Search[list[Detection | None]]:
    """The best detection of each face in pixels of its look, None where there is none."""
    size, times = short.size, frame.times
    wider = [replace(region, side=region.side * (times / MARGIN)) for region in regions]
    squares = [cut(pixels, region, size, frame.border) for region in wider]
    seen = yield from short.detect(squares, threshold)
    expected = np.array([[1 - 1 / times] * 2 + [1 + 1 / times] * 2]) * size / 2
    there = [[one for one in own if overlap(one.box, expected)[0] > frame.same] for own in seen]
    return [max(own, key=lambda one: one.score, default=None) for own in there]


def _leaves(region: Region, pixels: np.ndarray) -> bool:
    """Whether the photo's border cuts the square about a face."""
    x, y = region.centre
    height, width = pixels.shape[:2]
    return min(x, y, width - 1 - x, height - 1 - y) < region.side / 2
