"""Proposals of faces from many looks at one photo."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from faceedit.faces.find.detector import Detection, Detector, overlap
from faceedit.faces.find.lockstep import Search
from faceedit.faces.find.view import Looks, View

SAME_FACE = 0.5
TILE_SIDE = 1024
"""Tiles are cut from a copy of the photo no larger than this, still finer than the detector."""
EDGE = 0.01
"""A box closer than this share of a tile's side to its edge counts as touching."""


def propose(
    detector: Detector, looks: Looks, views: Sequence[View], threshold: float | None = None
) -> Search[list[Detection]]:
    """Detect faces in views of a photo.

    A box that touches the edge of a view inside the photo is left out: it is a part of a face that
    another view shows whole.

    Args:
        detector: the network.
        looks: at a (H, W, 3) uint8 RGB photo.
        views: where to look.
        threshold: least score of a detection; None takes the detector's own.

    Returns:
        Detections in pixels of the photo, in no order.
    """
    rendered = [looks.render(view, detector.size) for view in views]
    seen = yield from detector.detect([square for square, _ in rendered], threshold)
    found = []
    for view, (_, to_photo), own in zip(views, rendered, seen, strict=True):
        placed = [_place(detection, to_photo) for detection in own]
        found += [one for one in placed if not _is_cut(one, view, looks.pixels)]
    return found


def shrunk(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """The copy of a photo that tiles are cut from.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        small: (h, w, 3) uint8 RGB with sides up to `TILE_SIDE`; the photo itself where it is small.
        factor: the photo's size over the copy's, 1 or more.
    """
    factor = max(1.0, max(pixels.shape[:2]) / TILE_SIDE)
    if factor == 1:
        return pixels, factor
    height, width = (max(1, round(side / factor)) for side in pixels.shape[:2])
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), factor


def distinct(detections: Sequence[Detection]) -> list[Detection]:
    """The best of each group of detections of one face, best first."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda d: -d.score):
        boxes = np.array([other.box for other in kept]).reshape(-1, 4)
        if not (overlap(detection.box, boxes) > SAME_FACE).any():
            kept.append(detection)
    return kept


def scaled(detection: Detection, factor: float) -> Detection:
    """The detection in a photo ``factor`` times as large."""
    shift = (factor - 1) / 2
    return replace(
        detection,
        box=detection.box * factor + shift,
        keypoints=detection.keypoints * factor + shift,
    )


def _place(detection: Detection, to_photo: np.ndarray) -> Detection:
    corners = detection.box.reshape(2, 2) @ to_photo[:, :2].T + to_photo[:, 2]
    keypoints = detection.keypoints @ to_photo[:, :2].T + to_photo[:, 2]
    box = np.concatenate([corners.min(0), corners.max(0)])
    return replace(detection, box=box.astype(np.float32), keypoints=keypoints.astype(np.float32))


def _is_cut(detection: Detection, view: View, pixels: np.ndarray) -> bool:
    height, width = pixels.shape[:2]
    edge = EDGE * max(view.width, view.height)
    left, top, right, bottom = detection.box
    return bool(
        (view.left > 0 and left < view.left + edge)
        or (view.top > 0 and top < view.top + edge)
        or (view.left + view.width < width and right > view.left + view.width - edge)
        or (view.top + view.height < height and bottom > view.top + view.height - edge)
    )
