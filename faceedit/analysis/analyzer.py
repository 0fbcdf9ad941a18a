"""The analyzer: the pixels of photos in, a reading of every face out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from faceedit.analysis.reading import FaceReading
from faceedit.device import pick_device
from faceedit.faces.align import Crop, extract_crop
from faceedit.faces.face_alignment import Aligner, check_landmarks, load_aligner
from faceedit.faces.find.build import build_finder
from faceedit.faces.find.finder import FindOptions
from faceedit.faces.finding import Finder, find_faces
from faceedit.faces.pose import HeadPose, head_pose
from faceedit.faces.sharpness import Sharpness, face_sharpness
from faceedit.faces.types import Face
from faceedit.recognisers.base import Recogniser
from faceedit.recognisers.bundle import CropReading, Recognisers
from faceedit.registry import open_registry

NEEDED = ("expression", "units", "appearance", "naturalness")


@dataclass(frozen=True)
class FoundFace:
    """A face before any network has looked at it.

    Attributes:
        face: where it is.
        crop: what the networks will see.
        pose: of the head.
        sharpness: in the photo.
    """

    face: Face
    crop: Crop
    pose: HeadPose
    sharpness: Sharpness


@dataclass(frozen=True, eq=False)
class FaceAnalyzer:
    """Networks, loaded, that read one photo after another.

    Attributes:
        finder: finds faces.
        recognisers: those of `NEEDED` at least.
        aligner: corrects the finder's landmarks; None keeps them.
        device: where the networks run, as torch writes it.
    """

    finder: Finder
    recognisers: Recognisers
    aligner: Aligner | None = None
    device: str = "cpu"

    def analyze_pixels(self, pixels: np.ndarray) -> list[FaceReading]:
        """Read the faces of one photo, the one in front first.

        Args:
            pixels: (H, W, 3) uint8 or uint16 RGB, upright.
        """
        return self.read(self.find(pixels))

    def find(self, pixels: np.ndarray) -> list[FoundFace]:
        """Find the faces of one photo and measure what needs the photo itself."""
        faces = find_faces(pixels, self.finder, self.aligner)
        return [
            FoundFace(
                face,
                extract_crop(pixels, face.landmarks, Recogniser.crop_size),
                head_pose(face.landmarks),
                face_sharpness(pixels, face.landmarks),
            )
            for face in faces
        ]

    def read(self, found: Sequence[FoundFace]) -> list[FaceReading]:
        """Let the networks look at faces of one photo or several, in batches."""
        seen = self.recognisers.read([one.crop for one in found])
        return [_reading(one, what) for one, what in zip(found, seen, strict=True)]


def open_analyzer(
    find: FindOptions | None = None,
    *,
    identity: bool = False,
    landmarks: Literal["mesh", "face-alignment"] = "mesh",
    weights: Path | None = None,
    device: str = "auto",
) -> FaceAnalyzer:
    """Load the networks.

    Args:
        find: which faces.
        identity: also give identity vectors.
        landmarks: ``mesh`` for the built-in ones, ``face-alignment`` for that package's.
        weights: a folder searched before all others, or a recogniser's checkpoint.
        device: as `pick_device` takes it.

    Raises:
        UsageError: landmarks of no known kind.
        DeviceError: the device is not there.
        WeightsError: weights are missing or not what their card says.
        MissingError: a package is missing.
    """
    check_landmarks(landmarks)
    place = pick_device(device)
    registry = open_registry(weights)
    names = (*NEEDED, "identity") if identity else NEEDED
    recognisers = Recognisers.load(registry, place, names)
    aligner = load_aligner(str(place)) if landmarks == "face-alignment" else None
    return FaceAnalyzer(build_finder(registry, place, find), recognisers, aligner, str(place))


def _reading(found: FoundFace, seen: CropReading) -> FaceReading:
    # Analyzers are opened with all of `NEEDED`.
    assert seen.expression is not None
    assert seen.units is not None
    assert seen.appearance is not None
    assert seen.naturalness is not None
    return FaceReading(
        found.face,
        found.pose,
        found.sharpness,
        seen.expression,
        seen.units,
        seen.appearance,
        seen.naturalness.score,
        seen.identity,
    )
