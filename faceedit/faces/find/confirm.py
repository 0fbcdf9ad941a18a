"""Proposals that the mesh network confirms, and what makes a proposal doubtful."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from faceedit.faces.find.detector import FARTHEST, Detection, Detector
from faceedit.faces.find.lockstep import Search
from faceedit.faces.find.mesh import Mesh, Region, region_of_detection, region_of_landmarks
from faceedit.faces.find.nearer import DOUBT, are_upright, look_nearer
from faceedit.faces.types import Face
from faceedit.numerics import check_answer

LEVEL = np.deg2rad(8)
LEANING = np.deg2rad(30)
"""Faces that lean less are taken as they are found."""
MAX_PASSES = 5
CLEAR = 0.72
"""What is faint from afar must score so much from near, as 99 of 100 faces do."""


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
    faces = yield from _without_misread(networks.short, pixels, faces)
    doubtful = [i for i, face in enumerate(faces) if face.score < DOUBT]
    regions = [region_of_landmarks(faces[i].landmarks) for i in doubtful]
    scores = yield from look_nearer(networks.short, pixels, regions)
    for i, score in zip(doubtful, scores, strict=True):
        faces[i] = replace(faces[i], score=score)
    return [face for face in faces if face.score > 0]


def _without_misread(
    short: Detector, pixels: np.ndarray, faces: Sequence[Face]
) -> Search[list[Face]]:
    """The faces that are turned as their landmarks say.

    Views that are turned for photos that are turned show faces upside down, or lying; detector and
    mesh take some of these for upright ones, and the landmarks lie anywhere. The nearer look knows
    better which way up a face is.
    """
    regions = {i: region_of_landmarks(face.landmarks) for i, face in enumerate(faces)}
    leaning = {i: region for i, region in regions.items() if abs(region.angle) > LEANING}
    upright = yield from are_upright(short, pixels, list(leaning.values()), LEANING)
    wrong = {i for i, right in zip(leaning, upright, strict=True) if not right}
    return [face for i, face in enumerate(faces) if i not in wrong]


def clear_from_near(
    short: Detector, pixels: np.ndarray, detections: Sequence[Detection]
) -> Search[list[Detection]]:
    """The faint proposals that score `CLEAR` when looked at from near.

    Args:
        short: the short-range detector.
        pixels: (H, W, 3) uint8 RGB photo.
        detections: in pixels of the photo.

    Returns:
        Detections with the scores of the nearer look, in the same order.
    """
    regions = [region_of_detection(detection) for detection in detections]
    scores = yield from look_nearer(short, pixels, regions)
    pairs = zip(detections, scores, strict=True)
    return [replace(one, score=score) for one, score in pairs if score >= CLEAR]


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
