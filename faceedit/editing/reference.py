"""Another face's expression, read from its photo as action units."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from faceedit.editing.units import ReadsUnits
from faceedit.errors import PhotoError
from faceedit.faces.align import extract_crop
from faceedit.faces.types import Face
from faceedit.photos import read_photo
from faceedit.photos.pixels import eight_bits
from faceedit.targets import ACTION_UNITS, MAX_INTENSITY, Like, Target, Term, UnitChange

SIZE = 256
"""Side in pixels of the crop that is read."""
STEP = 0.1
"""Of intensities, so that the same reference gives the same target on every machine."""


class FindsFaces(Protocol):
    """What finds faces; `FaceFinder` is one."""

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 RGB photo, the one in front first."""
        ...


def resolve_like(target: Target, finder: FindsFaces, reader: ReadsUnits) -> Target:
    """Replace the reference of a target by the action units that its face shows.

    Args:
        target: of any terms.
        finder: finds the faces of the reference.
        reader: reads their action units.

    Raises:
        PhotoError: the reference cannot be read, or has no such face.
    """
    terms: list[Term] = []
    for term in target.terms:
        terms += _units_of(term, finder, reader) if isinstance(term, Like) else [term]
    return Target(tuple(terms))


def _units_of(like: Like, finder: FindsFaces, reader: ReadsUnits) -> Sequence[UnitChange]:
    path = Path(like.path)
    pixels = eight_bits(read_photo(path).pixels)
    faces = finder.find(pixels)
    if len(faces) < like.face:
        faces_of = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
        said = f"only {faces_of} found in it" if faces else "no face found in it"
        raise PhotoError(path, f"{said}; name another reference")
    (reading,) = reader.read([extract_crop(pixels, faces[like.face - 1].landmarks, SIZE)], 1)
    intensities = np.clip(reading, 0, MAX_INTENSITY)
    return [
        UnitChange(unit, round(round(float(one) / STEP) * STEP, 1), strength=like.strength)
        for unit, one in zip(ACTION_UNITS, intensities, strict=True)
    ]
