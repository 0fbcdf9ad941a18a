"""What RegGAN trains on: aligned faces, and pairs of one person in one frame."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.pose import head_pose, to_mean_face
from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import OUTER_EYE_CORNERS
from faceedit.methods.reggan.generator import CROP_SIZE
from faceedit.methods.reggan.mouth import eye_distance, mouth_patch
from faceedit.methods.reggan.prior import Pair, in_neutral_frame, mouth_gap
from faceedit.methods.reggan.supervision import mesh_flow
from faceedit.photos.labelled import LabelledPhoto

MARGIN = 32
"""Pixels kept around each crop, so that turned and shifted crops see real ones."""
TEETH_GAP = (0.05, 0.25)
"""Mouth gaps in eye distances between which a smile shows its teeth."""
FRONTAL = 12.0
"""Degrees of yaw up to which a mouth is seen from the front."""
FINE_MOUTH = 110.0
"""Eye distance in pixels from which a mouth is worth learning from."""


@dataclass(frozen=True)
class AlignedFace:
    """A training photo, aligned.

    Attributes:
        photo: its labels.
        pixels: (S + 2 MARGIN, S + 2 MARGIN, 3) uint8 RGB, S the crop size.
        landmarks: (478, 3) float32 in pixels of `pixels`.
        mouth: pixels and coverage of an open mouth as `mouth.mouth_patch` gives them, from the
            photo at its own resolution; None where the mouth is closed, hidden or small.
    """

    photo: LabelledPhoto
    pixels: np.ndarray
    landmarks: np.ndarray
    mouth: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True)
class AlignedPair:
    """One person without and with an expression, the second photo brought into the first's frame.

    Attributes:
        neutral: the first.
        expressive: the second, in its own frame.
        expressive_pixels: the second in the first's frame and head pose, like `neutral.pixels`.
        expressive_landmarks: (478, 3) in that frame.
        neutral_pixels: the first in the second's frame and head pose.
        neutral_landmarks: (478, 3) in that frame.
        displacement: (478, 3) of the mesh, in the frame of the mean face.
    """

    neutral: AlignedFace
    expressive: AlignedFace
    expressive_pixels: np.ndarray
    expressive_landmarks: np.ndarray
    neutral_pixels: np.ndarray
    neutral_landmarks: np.ndarray
    displacement: np.ndarray

    def raw(self) -> Pair:
        """Return the pair as `prior.fit_prior` takes it."""
        return Pair(
            self.neutral.pixels,
            self.neutral.landmarks,
            self.expressive.pixels,
            self.expressive.landmarks,
        )


def align_face(photo: LabelledPhoto, pixels: np.ndarray, landmarks: np.ndarray) -> AlignedFace:
    """Cut a face out with a margin; what lies outside the photo is reflected."""
    affine = crop_affine(landmarks, CROP_SIZE)
    affine[:, 2] += MARGIN
    mouth = mouth_patch(pixels, landmarks) if _shows_teeth(landmarks) else None
    finer = 1.0 / float(np.hypot(affine[0, 0], affine[1, 0]))
    if finer > 1:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.4 * finer)
    side = CROP_SIZE + 2 * MARGIN
    wide = cv2.warpAffine(
        pixels, affine, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return AlignedFace(photo, wide, transform_landmarks(landmarks, affine), mouth)


def _shows_teeth(landmarks: np.ndarray) -> bool:
    return (
        TEETH_GAP[0] < mouth_gap(landmarks) < TEETH_GAP[1]
        and abs(head_pose(landmarks).yaw) < FRONTAL
        and eye_distance(landmarks) > FINE_MOUTH
    )


def pair_people(faces: list[AlignedFace], expression: str) -> list[AlignedPair]:
    """Return a pair for every person who has a neutral photo and one with the expression."""
    neutral = {f.photo.person: f for f in faces if f.photo.expression == "neutral"}
    return [
        make_pair(neutral[face.photo.person], face)
        for face in faces
        if face.photo.expression == expression and face.photo.person in neutral
    ]


def make_pair(neutral: AlignedFace, expressive: AlignedFace) -> AlignedPair:
    """Bring each photo of a pair into the other's frame and head pose."""
    there = Pair(neutral.pixels, neutral.landmarks, expressive.pixels, expressive.landmarks)
    back = Pair(expressive.pixels, expressive.landmarks, neutral.pixels, neutral.landmarks)
    moved, moved_back = in_neutral_frame(there), in_neutral_frame(back)
    pose = to_mean_face(neutral.landmarks)
    return AlignedPair(
        neutral=neutral,
        expressive=expressive,
        expressive_pixels=_bring(expressive.pixels, expressive.landmarks, moved),
        expressive_landmarks=moved.astype(np.float32),
        neutral_pixels=_bring(neutral.pixels, neutral.landmarks, moved_back),
        neutral_landmarks=moved_back.astype(np.float32),
        displacement=pose.vectors(moved - neutral.landmarks),
    )


def _bring(pixels: np.ndarray, landmarks: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Warp a photo so that its landmarks lie at `places`; turns of the head are small."""
    size = pixels.shape[:2]
    left, right = OUTER_EYE_CORNERS
    unit = float(np.linalg.norm(places[left, :2] - places[right, :2]))
    raster = rasterize_mesh(places, size)
    flow = mesh_flow(landmarks.astype(np.float64), places, raster, unit, still_eyes=False)
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    return cv2.remap(
        pixels,
        columns + flow[..., 0],
        rows + flow[..., 1],
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
