"""Proposals of faces from many looks at one photo."""

from collections.abc import Sequence

import numpy as np

from faceedit.faces.detector import Detection, Detector, overlap
from faceedit.faces.view import View, render

SAME_FACE = 0.5
EDGE = 0.01
"""A box closer than this share of a tile's side to its edge counts as touching."""


def propose(detector: Detector, pixels: np.ndarray, views: Sequence[View]) -> list[Detection]:
    """Detect faces in views of a photo.

    A box that touches the edge of a view inside the photo is left out: it is a part of a face that
    another view shows whole.

    Args:
        detector: the network.
        pixels: (H, W, 3) uint8 RGB.
        views: where to look, in one batch.

    Returns:
        Detections in pixels of the photo, in no order.
    """
    looks = [render(pixels, view, detector.size) for view in views]
    found = []
    for view, (_, to_photo), own in zip(
        views, looks, detector.detect([square for square, _ in looks]), strict=True
    ):
        placed = [_place(detection, to_photo) for detection in own]
        found += [one for one in placed if not _is_cut(one, view, pixels)]
    return found


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
    return Detection(
        detection.box * factor + shift, detection.keypoints * factor + shift, detection.score
    )


def _place(detection: Detection, to_photo: np.ndarray) -> Detection:
    corners = detection.box.reshape(2, 2) @ to_photo[:, :2].T + to_photo[:, 2]
    keypoints = detection.keypoints @ to_photo[:, :2].T + to_photo[:, 2]
    box = np.concatenate([corners.min(0), corners.max(0)])
    return Detection(box.astype(np.float32), keypoints.astype(np.float32), detection.score)


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
