"""Another face's expression, pose or light, read from its photo."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import numpy as np

from faceedit.compose.turn.head import level_roll
from faceedit.editing.units import ReadsUnits
from faceedit.errors import PhotoError, UsageError
from faceedit.faces.align import Crop, extract_crop
from faceedit.faces.pose import head_pose
from faceedit.faces.types import Face
from faceedit.photos import read_photo
from faceedit.photos.pixels import eight_bits
from faceedit.targets import (
    ACTION_UNITS,
    MAX_INTENSITY,
    LightChange,
    Like,
    Part,
    RelightLike,
    Target,
    Term,
    Turn,
    UnitChange,
)
from faceedit.targets.turn import PITCH, ROLL, YAW

SIZE = 256
"""Side in pixels of the crop that is read."""
STEP = 0.1
"""Of intensities, so that the same reference gives the same target on every machine."""


class FindsFaces(Protocol):
    """What finds faces; `FaceFinder` is one."""

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 RGB photo, the one in front first."""
        ...


@runtime_checkable
class ReadsLight(Protocol):
    """A method that says in which light a face stands; `legan` is one."""

    crop_size: int

    def read_light(self, crop: Crop) -> LightChange:
        """Return the light of a wide crop of `crop_size`."""
        ...


def resolve_like(target: Target, finder: FindsFaces, reader: ReadsUnits) -> Target:
    """Replace a reference for expressions by the action units that its face shows.

    One for landmarks becomes its pose, too: what of landmarks is no shape of a face.

    Args:
        target: of any terms.
        finder: finds the faces of the reference.
        reader: reads their action units.

    Raises:
        UsageError: the reference cannot be read, or has no such face.
    """
    terms: list[Term] = []
    for term in target.terms:
        alike = isinstance(term, Like) and term.part in (Part.LIKE, Part.LANDMARKS_LIKE)
        terms += _read_like(cast(Like, term), finder, reader) if alike else [term]
    return replace(target, terms=tuple(terms))


def resolve_relight(target: Target, finder: FindsFaces, reader: ReadsLight) -> Target:
    """Replace a reference for light by the light that its face stands in.

    Args:
        target: of any terms.
        finder: finds the faces of the reference.
        reader: reads their light.

    Raises:
        UsageError: the reference cannot be read, or has no such face.
    """
    terms: list[Term] = []
    for term in target.terms:
        if isinstance(term, RelightLike):
            pixels, face = open_reference(term, finder)
            crop = extract_crop(pixels, face.landmarks, reader.crop_size // 2, wide=True)
            terms.append(replace(reader.read_light(crop.wide), strength=term.strength))
        else:
            terms.append(term)
    return replace(target, terms=tuple(terms))


def open_reference(like: Like, finder: FindsFaces) -> tuple[np.ndarray, Face]:
    """Return the pixels of a reference and the face that is meant.

    Raises:
        UsageError: it cannot be read, or has no such face.
    """
    path = Path(like.path)
    try:
        pixels = eight_bits(read_photo(path).pixels)
    except PhotoError as error:
        raise UsageError(f"{error}; name another reference") from error
    faces = finder.find(pixels)
    if len(faces) < like.face:
        faces_of = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
        said = f"only {faces_of} found in it" if faces else "no face found in it"
        raise UsageError(f"{path}: {said}; name another reference")
    return pixels, faces[like.face - 1]


def _read_like(like: Like, finder: FindsFaces, reader: ReadsUnits) -> Sequence[Term]:
    pixels, face = open_reference(like, finder)
    crop = extract_crop(pixels, face.landmarks, SIZE)
    (reading,) = reader.read([crop], 1)
    intensities = np.clip(reading, 0, MAX_INTENSITY)
    units = [
        UnitChange(unit, round(round(float(one) / STEP) * STEP, 1), strength=like.strength)
        for unit, one in zip(ACTION_UNITS, intensities, strict=True)
    ]
    if like.part == Part.LIKE:
        return units
    return [replace(pose_of(crop), strength=like.strength), *units]


def pose_of(crop: Crop) -> Turn:
    """Return the turn that gives a head the pose of a crop's face, to whole degrees.

    A pose beyond those that heads are turned to becomes the nearest one.
    """
    pose = head_pose(crop.landmarks)

    def within(angle: float, largest: float) -> float:
        return float(np.round(np.clip(angle, -largest, largest))) + 0.0

    tilt = (pose.roll - level_roll(crop.affine) + 180) % 360 - 180
    return Turn(to=within(pose.yaw, YAW), up=within(pose.pitch, PITCH), tilt=within(tilt, ROLL))
