"""Another face's expression or light, read from its photo."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import numpy as np

from faceedit.editing.units import ReadsUnits
from faceedit.errors import PhotoError
from faceedit.faces.align import Crop, extract_crop
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
    UnitChange,
)

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

    Args:
        target: of any terms.
        finder: finds the faces of the reference.
        reader: reads their action units.

    Raises:
        PhotoError: the reference cannot be read, or has no such face.
    """
    terms: list[Term] = []
    for term in target.terms:
        alike = isinstance(term, Like) and term.part == Part.LIKE
        terms += _units_of(cast(Like, term), finder, reader) if alike else [term]
    return Target(tuple(terms))


def resolve_relight(target: Target, finder: FindsFaces, reader: ReadsLight) -> Target:
    """Replace a reference for light by the light that its face stands in.

    Args:
        target: of any terms.
        finder: finds the faces of the reference.
        reader: reads their light.

    Raises:
        PhotoError: the reference cannot be read, or has no such face.
    """
    terms: list[Term] = []
    for term in target.terms:
        if isinstance(term, RelightLike):
            pixels, face = open_reference(term, finder)
            crop = extract_crop(pixels, face.landmarks, reader.crop_size // 2, wide=True)
            terms.append(replace(reader.read_light(crop.wide), strength=term.strength))
        else:
            terms.append(term)
    return Target(tuple(terms))


def open_reference(like: Like, finder: FindsFaces) -> tuple[np.ndarray, Face]:
    """Return the pixels of a reference and the face that is meant."""
    path = Path(like.path)
    pixels = eight_bits(read_photo(path).pixels)
    faces = finder.find(pixels)
    if len(faces) < like.face:
        faces_of = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
        said = f"only {faces_of} found in it" if faces else "no face found in it"
        raise PhotoError(path, f"{said}; name another reference")
    return pixels, faces[like.face - 1]


def _units_of(like: Like, finder: FindsFaces, reader: ReadsUnits) -> Sequence[UnitChange]:
    pixels, face = open_reference(like, finder)
    (reading,) = reader.read([extract_crop(pixels, face.landmarks, SIZE)], 1)
    intensities = np.clip(reading, 0, MAX_INTENSITY)
    return [
        UnitChange(unit, round(round(float(one) / STEP) * STEP, 1), strength=like.strength)
        for unit, one in zip(ACTION_UNITS, intensities, strict=True)
    ]
