"""Faces of a photo, found and aligned."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from faceedit.faces.face_alignment import Aligner, refine
from faceedit.faces.types import Face
from faceedit.photos.pixels import eight_bits


class Finder(Protocol):
    """What finds faces; `FaceFinder` is one."""

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 RGB photo, the one in front first."""
        ...

    def find_many(self, photos: Sequence[np.ndarray]) -> Sequence[list[Face] | Exception]:
        """Find the faces of several photos; the exception of a photo stands in its place."""
        ...

    def sees_face(self, small: np.ndarray, scale: float) -> bool:
        """Whether a face could be found in a photo that is so many times larger than a copy."""
        ...


def find_faces(pixels: np.ndarray, finder: Finder, aligner: Aligner | None = None) -> list[Face]:
    """Return the faces of a photo, the one in front first.

    Args:
        pixels: (H, W, 3) uint8 or uint16 RGB, upright.
        finder: finds faces in 8 bits.
        aligner: corrects the finder's landmarks; None keeps them.
    """
    seen = eight_bits(pixels)
    faces = finder.find(seen)
    return faces if aligner is None else refine(aligner, seen, faces)
