"""Real pairs: photos of one person with and without an expression, as fields lead between them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from faceedit.compose.mesh_flow import mesh_flow
from faceedit.datasets import read_collection
from faceedit.datasets.labelled import LabelledPhoto
from faceedit.errors import PhotoError, UsageError
from faceedit.faces.align import extract_crop
from faceedit.faces.find.build import build_finder
from faceedit.faces.find.finder import FindOptions
from faceedit.faces.pose import fit_similarity3
from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import IRISES, STILL, eye_distance
from faceedit.methods.fields.drawn import FIELD_SIZE
from faceedit.methods.fields.generator import CROP_SIZE
from faceedit.photos import read_photo
from faceedit.photos.pixels import eight_bits
from faceedit.registry import open_registry
from faceedit.targets import EXPRESSIONS

NEUTRAL = EXPRESSIONS[0]
DARKEST = 6.0
"""Of 255: darker than this a logarithm measures noise."""
LARGEST_RATIO = 0.6
"""Log ratios of a pair beyond this are hair, shadows or spectacles, not skin."""
SMOOTHNESS = 0.02
"""Eye distances over which log ratios are evened: two photos never quite agree in detail."""
FEWEST_PAIRS = 4


@dataclass(frozen=True)
class RealFace:
    """A photo's face, aligned.

    Attributes:
        photo: its labels.
        pixels: (256, 256, 3) uint8 RGB.
        landmarks: (478, 3) float32 crop pixels.
    """

    photo: LabelledPhoto
    pixels: np.ndarray
    landmarks: np.ndarray


@dataclass(frozen=True)
class RealPair:
    """One person's face, and where it goes to show what another photo of it shows.

    Attributes:
        face: the input.
        target: the expression that the other photo shows.
        moved: (478, 2) float32 crop pixels of the input.
        flow: (128, 128, 2) float32 crop pixels.
        log_ratio: (128, 128, 3) float32.
        trusted: (128, 128) float32 in [0, 1], skin that both photos show.
    """

    face: RealFace
    target: str
    moved: np.ndarray
    flow: np.ndarray
    log_ratio: np.ndarray
    trusted: np.ndarray


def read_faces(data: list[Path], tell: Callable[[str], None]) -> list[RealFace]:
    """Find and align the faces of labelled photos.

    Args:
        data: each as `datasets.read_collection` takes it.
        tell: is told which photos are left out.
    """
    finder = build_finder(open_registry(), options=FindOptions(faces="largest"))
    faces = []
    for photo in (photo for path in data for photo in read_collection(path, tell=tell)):
        try:
            pixels = eight_bits(read_photo(photo.path).pixels)
        except PhotoError as error:
            tell(f"left out: {error}")
            continue
        found = finder.find(pixels)
        if not found:
            tell(f"left out: {photo.path}: no face found")
            continue
        crop = extract_crop(pixels, found[0].landmarks, CROP_SIZE)
        faces.append(RealFace(photo, crop.to_bytes(), crop.landmarks.astype(np.float32)))
    return faces


def pair_faces(faces: list[RealFace]) -> list[RealPair]:
    """Pair every person's neutral photos with the others, both ways.

    Raises:
        UsageError: there are fewer than `FEWEST_PAIRS`.
    """
    pairs = []
    for neutral in (f for f in faces if f.photo.expression == NEUTRAL):
        for other in faces:
            same = other.photo.person == neutral.photo.person
            if same and other.photo.expression in EXPRESSIONS[1:]:
                pairs += [make_pair(neutral, other), make_pair(other, neutral)]
    if len(pairs) < 2 * FEWEST_PAIRS:
        raise UsageError(
            f"{len(pairs) // 2} pairs of one person's neutral face and an expression among the "
            f"photos; {FEWEST_PAIRS} are the least"
        )
    return pairs


def make_pair(face: RealFace, goal: RealFace) -> RealPair:
    """Lead one photo to what another one of the same person shows."""
    moved = in_frame_of(face.landmarks, goal.landmarks)
    grid, scale = (FIELD_SIZE, FIELD_SIZE), FIELD_SIZE / CROP_SIZE
    before, after, there = (
        (points[:, :2].astype(np.float64) + 0.5) * scale - 0.5
        for points in (face.landmarks, moved, goal.landmarks)
    )
    unit = eye_distance(before)
    raster = rasterize_mesh(after, grid)
    flow = mesh_flow(before, after, raster, unit)
    # The other photo in this one's frame and head pose.
    across = mesh_flow(there, after, raster, unit, still_eyes=False)
    here, real = (
        np.maximum(_warped(picture, field), DARKEST)
        for picture, field in ((face.pixels, flow), (goal.pixels, across))
    )
    inside = cv2.GaussianBlur(raster.inside.astype(np.float32), (0, 0), 1.0)
    ratio = _even(np.log(real / here) * inside[..., None], inside, SMOOTHNESS * unit)
    # Exposure and tint of the two photos differ beyond what an expression does.
    ratio -= np.median(ratio[raster.inside], axis=0)
    sane = np.abs(ratio).max(-1) < LARGEST_RATIO
    return RealPair(
        face=face,
        target=goal.photo.expression,
        moved=moved.astype(np.float32),
        flow=(flow / scale).astype(np.float32),
        log_ratio=ratio.astype(np.float32),
        trusted=inside * sane,
    )


def in_frame_of(landmarks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return other landmarks of the same person in a photo's frame and head pose, (478, 2).

    Args:
        landmarks: (478, 3) pixels of the photo.
        others: (478, 3) pixels of another photo.
    """
    still = list(STILL)
    here, there = landmarks.astype(np.float64), others.astype(np.float64)
    moved = fit_similarity3(there[still], here[still]).points(there)
    # Gaze is not part of an expression.
    for iris in IRISES:
        moved[list(iris)] = here[list(iris)]
    return moved[:, :2]


def _warped(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    small = cv2.resize(picture, (FIELD_SIZE, FIELD_SIZE), interpolation=cv2.INTER_AREA)
    x = flow[..., 0] + np.arange(FIELD_SIZE, dtype=np.float32)
    y = flow[..., 1] + np.arange(FIELD_SIZE, dtype=np.float32)[:, None]
    return cv2.remap(
        small.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def _even(field: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    blurred = cv2.GaussianBlur(field, (0, 0), max(sigma, 0.5))
    share = cv2.GaussianBlur(weight, (0, 0), max(sigma, 0.5))
    return blurred / np.maximum(share, 0.05)[..., None] * (weight > 0.5)[..., None]
