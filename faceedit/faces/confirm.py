"""Proposals that the mesh network confirms, and what makes a proposal doubtful."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from faceedit.faces.detector import FARTHEST, IOU_THRESHOLD, Detection, Detector, overlap
from faceedit.faces.lockstep import Search
from faceedit.faces.mesh import MARGIN, Mesh, Region, cut, region_of_detection, region_of_landmarks
from faceedit.faces.types import Face
from faceedit.numerics import check_answer

LEVEL = np.deg2rad(8)
MAX_PASSES = 5
DOUBT = 0.7
"""Small faces may score below this from afar; ears, knots and folds do so from near, too."""
NEAR = 3.5
"""The nearer look shows this many times the face's size."""


@dataclass(frozen=True, eq=False)
class FaceNetworks:
    """What finds faces.

    Attributes:
        short: detector of faces near the camera.
        full: detector of faces at any distance.
        mesh: landmarks.
    """

    short: Detector
    full: Detector
    mesh: Mesh


def confirmed(
    networks: FaceNetworks, pixels: np.ndarray, detections: Sequence[Detection], presence: float
) -> Search[list[Face]]:
    """The faces among some proposals.

    Args:
        networks: all three.
        pixels: (H, W, 3) uint8 RGB photo.
        detections: in pixels of the photo, each of another face.
        presence: least confidence of the mesh network.

    Returns:
        Faces, in no order. A doubtful one has the score of a nearer look.

    Raises:
        NetworkError: a face lies far outside the photo.
    """
    scores, regions = yield from _settle(networks.mesh, pixels, detections, presence)
    landmarks, sure = yield from networks.mesh.landmarks(pixels, regions)
    faces = [
        Face(landmarks=own, score=score, presence=present)
        for score, own, present in zip(scores, landmarks, sure, strict=True)
        if present >= presence
    ]
    for face in faces:
        check_answer(FARTHEST * max(pixels.shape), landmarks=face.landmarks)
    doubtful = [i for i, face in enumerate(faces) if face.score < DOUBT]
    regions = [region_of_landmarks(faces[i].landmarks) for i in doubtful]
    scores = yield from look_nearer(networks.short, pixels, regions)
    for i, score in zip(doubtful, scores, strict=True):
        faces[i] = replace(faces[i], score=score)
    return [face for face in faces if face.score > 0]


def _settle(
    mesh: Mesh, pixels: np.ndarray, detections: Sequence[Detection], presence: float
) -> Search[tuple[list[float], list[Region]]]:
    """Scores and final regions of the proposals that the coarse mesh confirms."""
    regions = [region_of_detection(detection) for detection in detections]
    pending = list(range(len(detections)))
    settled = []
    for _ in range(MAX_PASSES):
        landmarks, sure = yield from mesh.coarse(pixels, [regions[i] for i in pending])
        turning = []
        for i, own, present in zip(pending, landmarks, sure, strict=True):
            if present < presence:
                continue
            before, regions[i] = regions[i], region_of_landmarks(own)
            # The mesh is at its best on level faces, and says itself which way level is.
            turned = before.turn_to(regions[i]) > LEVEL
            (turning if turned else settled).append(i)
        pending = turning
        if not pending:
            break
    settled += pending
    return [detections[i].score for i in settled], [regions[i] for i in settled]


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
    size = short.size
    nearer = [replace(region, side=region.side * (NEAR / MARGIN)) for region in regions]
    squares = [cut(pixels, region, size) for region in nearer]
    seen = yield from short.detect(squares, threshold)
    expected = np.array([[1 - 1 / NEAR] * 2 + [1 + 1 / NEAR] * 2]) * size / 2
    return [
        max(
            (one.score for one in own if overlap(one.box, expected)[0] > IOU_THRESHOLD),
            default=0.0,
        )
        for own in seen
    ]
