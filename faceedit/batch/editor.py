"""The editor: the pixels of one photo and a target in, the edited pixels out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from faceedit.batch.masks import disjoint_masks
from faceedit.errors import FaceEditError
from faceedit.faces.align import extract_crop
from faceedit.faces.compose import compose
from faceedit.faces.edit import Edit
from faceedit.faces.face_alignment import Aligner, refine
from faceedit.faces.types import Face
from faceedit.methods.base import Method
from faceedit.photos.pixels import eight_bits
from faceedit.targets import Target

if TYPE_CHECKING:
    from faceedit.faces.align import Crop

BATCH = 16
"""Most faces that go through a method at once."""


class Finder(Protocol):
    """What finds faces; `FaceFinder` is one."""

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 RGB photo, the one in front first."""
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


@dataclass(frozen=True, eq=False)
class EditedPhoto:
    """What became of a photo.

    Attributes:
        pixels: (H, W, 3) of the photo's own type. Where nothing was edited it is the very array
            that was given.
        faces: the faces found.
        edits: what was applied to each of them; empty where nothing was.
    """

    pixels: np.ndarray
    faces: tuple[Face, ...]
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class FaceEditor:
    """Networks, loaded, that edit one photo after another.

    Attributes:
        finder: finds faces.
        method: makes edits.
        aligner: corrects the finder's landmarks; None keeps them.
        device: where the networks run, as torch writes it.
        weights_sha256: hash of the method's checkpoint, for the record.
    """

    finder: Finder
    method: Method
    aligner: Aligner | None = None
    device: str = "cpu"
    weights_sha256: str | None = None

    def edit_pixels(self, pixels: np.ndarray, target: Target) -> EditedPhoto:
        """Find the faces of a photo and edit them all.

        Args:
            pixels: (H, W, 3) uint8 or uint16 RGB, upright. It is not changed.
            target: what the faces are to show. Where all its strengths are 0, faces are found but
                the method does not run.

        Raises:
            UsageError: the target asks for what the method does not know.
            FaceEditError: the method's answer cannot be used.
        """
        return self.edit_faces(pixels, self.find(pixels), target)

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Return the faces of a photo; arguments as in `edit_pixels`."""
        return find_faces(pixels, self.finder, self.aligner)

    def edit_faces(self, pixels: np.ndarray, faces: Sequence[Face], target: Target) -> EditedPhoto:
        """Edit given faces of a photo; arguments and errors as in `edit_pixels`.

        Faces are composed one after the other. Their masks share no pixel, see `disjoint_masks`.
        """
        if not faces or not any(one.strength for one in target.expressions):
            return EditedPhoto(pixels, tuple(faces))
        crops = [extract_crop(pixels, face.landmarks, self.method.crop_size) for face in faces]
        edits = self._edits(crops, target)
        result = pixels
        for crop, edit, mask in zip(crops, edits, disjoint_masks(crops), strict=True):
            result = compose(result, edit, crop.affine, mask)
        return EditedPhoto(result, tuple(faces), tuple(edits))

    def _edits(self, crops: "Sequence[Crop]", target: Target) -> list[Edit]:
        edits: list[Edit] = []
        for start in range(0, len(crops), BATCH):
            with torch.inference_mode():
                edits += self.method.edit(crops[start : start + BATCH], target)
        fields = (field for e in edits for field in (e.flow, e.log_ratio, e.opacity))
        if not all(np.isfinite(field).all() for field in fields):
            raise FaceEditError(f"{self.method.name} gave fields that are not numbers")
        return edits
