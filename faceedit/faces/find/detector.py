"""BlazeFace: boxes and six keypoints of faces in square pictures (Bazarevsky et al. 2019)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from faceedit.faces.batching import Batching
from faceedit.faces.find.graph import GraphModule
from faceedit.faces.find.lockstep import NetworkCall, Search
from faceedit.numerics import check_answer

IOU_THRESHOLD = 0.3
SCORE_CLIP = 100.0
FARTHEST = 16
"""Sides of its square within which a network may see a face or a part of one."""


@dataclass(frozen=True)
class Anchors:
    """Where a detector's boxes are centred.

    Attributes:
        layers: (stride, anchors per cell) of each output, in order.
        threshold: least score of a detection.
    """

    layers: tuple[tuple[int, int], ...]
    threshold: float

    def centres(self, size: int) -> np.ndarray:
        """(A, 2) float32 x, y in units of the input's side, ordered by y, x, anchor."""
        parts = []
        for stride, count in self.layers:
            cells = size // stride
            along = (np.arange(cells, dtype=np.float32) + 0.5) / cells
            y, x = np.meshgrid(along, along, indexing="ij")
            parts.append(np.repeat(np.stack([x, y], -1).reshape(-1, 2), count, axis=0))
        return np.concatenate(parts)


SHORT = Anchors(layers=((8, 2), (16, 6)), threshold=0.5)
FULL = Anchors(layers=((4, 1),), threshold=0.6)
"""By the detector's profile; both come from MediaPipe's graphs."""


@dataclass(frozen=True)
class Detection:
    """A box in the pixels of whatever was looked at.

    Attributes:
        box: (4,) float32 left, top, right, bottom.
        keypoints: (6, 2) float32: the two eyes (the left one in the picture first), nose, mouth
            and the two ears.
        score: 0 to 1.
        is_sure: the score reaches the detector's own threshold.
    """

    box: np.ndarray
    keypoints: np.ndarray
    score: float
    is_sure: bool = True


class Detector:
    """A BlazeFace network with its anchors.

    Args:
        network: the converted network.
        anchors: `SHORT` or `FULL`, as the network is.
        batching: how many squares the network takes at once.
        at_least: so many at once where ``batching`` says less and a search asks for several.
    """

    def __init__(
        self,
        network: GraphModule,
        anchors: Anchors,
        batching: Batching | None = None,
        at_least: int = 1,
    ):
        self.network = network.eval()
        self.size = network.size
        self.threshold = anchors.threshold
        self.batching = batching or Batching()
        self.at_least = at_least
        self._centres = anchors.centres(network.size)

    def detect(
        self, squares: Sequence[np.ndarray], threshold: float | None = None
    ) -> Search[list[list[Detection]]]:
        """Find faces.

        Args:
            squares: (size, size, 3) uint8 RGB each.
            threshold: least score of a detection; None takes the network's own. A lower one adds
                detections and changes none of the others.

        Returns:
            For each square its detections in its own pixels, best first.

        Raises:
            NetworkError: the network's answer is not finite, or far outside its square.
        """
        if not squares:
            return []
        # A square that no other goes with would be filled up to as many, in company or not.
        seen = yield NetworkCall(self.look if len(squares) > 1 else self.look_alone, squares)
        least = self.threshold if threshold is None else threshold
        return [self._decode(raw, scores, least) for raw, scores in seen]

    @torch.inference_mode()
    def look(self, squares: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """The network's answers.

        Args:
            squares: (size, size, 3) uint8 RGB each.

        Returns:
            For each square (A, 16) float32 raw values, as `decode` takes them, and (A,) float32
            scores, 0 to 1.
        """
        enough = self.batching.size >= self.at_least
        batching = self.batching if enough else Batching(self.at_least)
        return batching.run(squares, self._run)

    @torch.inference_mode()
    def look_alone(self, squares: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """As `look`, for squares of searches that ask for one each."""
        return self.batching.run(squares, self._run)

    def _run(self, squares: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        out = self.network(self.network.prepare(squares))
        check_answer(math.inf, boxes=out["boxes"], scores=out["scores"])
        scores = out["scores"][..., 0].clamp(-SCORE_CLIP, SCORE_CLIP).sigmoid()
        return list(zip(out["boxes"].cpu().numpy(), scores.cpu().numpy(), strict=True))

    def _decode(self, raw: np.ndarray, scores: np.ndarray, threshold: float) -> list[Detection]:
        sure = self._merge(raw, scores, scores >= max(threshold, self.threshold))
        fainter = (scores >= threshold) & (scores < self.threshold)
        if not fainter.any():
            return sure
        boxes = np.array([one.box for one in sure]).reshape(-1, 4)
        faint = [
            replace(one, is_sure=False)
            for one in self._merge(raw, scores, fainter)
            if not (overlap(one.box, boxes) > IOU_THRESHOLD).any()
        ]
        return sure + faint

    def _merge(self, raw: np.ndarray, scores: np.ndarray, kept: np.ndarray) -> list[Detection]:
        check_answer(FARTHEST * self.size, boxes=raw[kept])
        points = decode(raw[kept], self._centres[kept], self.size)
        return weighted_nms(points, scores[kept])


def decode(raw: np.ndarray, centres: np.ndarray, size: int) -> np.ndarray:
    """Raw outputs to points.

    Args:
        raw: (K, 16) centre x, y, width, height and six keypoints, in pixels relative to anchors.
        centres: (K, 2) anchors in units of the side.
        size: the network's input side.

    Returns:
        (K, 8, 2) left top, right bottom, keypoints, in pixels of the input with pixel centres at
        integers.
    """
    pairs = raw.reshape(-1, 8, 2)
    anchors = centres[:, None] * size - 0.5
    centre, extent = pairs[:, :1] + anchors, pairs[:, 1:2]
    return np.concatenate([centre - extent / 2, centre + extent / 2, pairs[:, 2:] + anchors], 1)


def overlap(box: np.ndarray, boxes: np.ndarray, *, over_smaller: bool = False) -> np.ndarray:
    """Overlap of one box with others.

    Args:
        box: (4,) left, top, right, bottom.
        boxes: (K, 4).
        over_smaller: divide by the smaller area rather than by the union.

    Returns:
        (K,) 0 to 1.
    """
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    area = np.prod(box[2:] - box[:2])
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    whole = np.minimum(area, areas) if over_smaller else area + areas - shared
    return shared / np.maximum(whole, 1e-9)


def weighted_nms(points: np.ndarray, scores: np.ndarray) -> list[Detection]:
    """Merge overlapping detections, each weighted by its score.

    Args:
        points: (K, 8, 2) as `decode` gives them.
        scores: (K,).

    Returns:
        Detections, best first; each has the best score of those it was made from.
    """
    boxes = points[:, :2].reshape(-1, 4)
    left = np.argsort(-scores, kind="stable")
    found = []
    while left.size:
        best = left[0]
        same = overlap(boxes[best], boxes[left]) > IOU_THRESHOLD
        same[0] = True
        group = left[same]
        weights = (scores[group] / scores[group].sum())[:, None, None]
        merged = (points[group] * weights).sum(0).astype(np.float32)
        found.append(Detection(merged[:2].reshape(4), merged[2:], float(scores[best])))
        left = left[~same]
    return found
