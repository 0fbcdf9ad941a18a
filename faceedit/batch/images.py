"""Pictures in memory, edited one by one or many at once: what `faceedit.Editor` does."""

import os
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import cached_property, partial
from typing import Literal

import numpy as np
from PIL import Image

from faceedit.batch.crew import pace_of
from faceedit.batch.picture import ImageLike, Picture, open_picture
from faceedit.batch.pipeline import Ended, Pipeline
from faceedit.batch.result import FaceResult, faces_of, why_unedited
from faceedit.editing.editor import FaceEditor
from faceedit.editing.types import FaceEdits
from faceedit.errors import UsageError
from faceedit.machine import cores
from faceedit.photos import Budget
from faceedit.targets import Target


class EditResult:
    """An edited picture and what became of its faces. A notebook shows the picture.

    Attributes:
        faces: what became of each face: its box, outcome, reason, strengths and scores.
        reason: why nothing was changed, or why the picture failed; empty where it was edited.
        error: why the picture failed; None where it did not.
    """

    def __init__(
        self,
        picture: Picture | None,
        pixels: np.ndarray | None = None,
        faces: Sequence[FaceResult] = (),
        reason: str = "",
        error: Exception | None = None,
    ):
        self._picture, self._pixels = picture, pixels
        self.faces, self.reason, self.error = tuple(faces), reason, error

    @property
    def outcome(self) -> Literal["edited", "unchanged", "failed"]:
        """What became of the picture."""
        if self.error is not None:
            return "failed"
        return "unchanged" if self.reason else "edited"

    @property
    def changed(self) -> bool:
        """Whether any face was edited."""
        return self.outcome == "edited"

    @property
    def is_array(self) -> bool:
        """Whether the picture was given as an array."""
        return self._picture is not None and self._picture.is_array

    @property
    def pixels(self) -> np.ndarray:
        """(H, W, 3) RGB of the picture's own depth, uint8 or uint16, upright.

        Raises:
            Exception: `error`, where there is one.
        """
        return self._edited[1]

    @cached_property
    def image(self) -> Image.Image:
        """The picture as a PIL image of 8 bits, with its transparency, colour profile and EXIF.

        Pillow has no 16-bit colour: a picture of 16 bits is rounded, with a warning.

        Raises:
            Exception: `error`, where there is one.
        """
        if self.pixels.dtype == np.uint16:
            warnings.warn(
                "a picture of 16 bits was rounded to the 8 that a PIL image has; "
                "ask for an array (as_array=True) to keep them",
                stacklevel=3,
            )
        return self._image()

    def _image(self) -> Image.Image:
        picture, pixels = self._edited
        return picture.with_pixels(pixels)

    @property
    def _edited(self) -> tuple[Picture, np.ndarray]:
        if self._picture is None or self._pixels is None:
            raise self.error or UsageError("the picture failed")
        return self._picture, self._pixels

    def _repr_png_(self) -> bytes | None:
        return None if self.error is not None else self._image()._repr_png_()

    def __repr__(self) -> str:
        """Say in a line what became of the picture."""
        if self._pixels is None:
            return f"<EditResult failed: {self.reason}>"
        height, width = self._pixels.shape[:2]
        edited = sum(face.outcome == "edited" for face in self.faces)
        why = f": {self.reason}" if self.reason else ""
        faces = f"{edited} of {len(self.faces)} faces edited"
        return f"<EditResult {self.outcome}, {width} x {height}, {faces}{why}>"


def edit_picture(image: ImageLike, editor: FaceEditor, target: Target) -> EditResult:
    """Edit one picture.

    Raises:
        UsageError: a picture of a kind that is not taken, or an unknown target.
        PhotoError: the file cannot be read.
    """
    picture = open_picture(image)
    ((edits,),) = editor.look([picture.pixels], [[target]])
    if isinstance(edits, Exception):
        raise edits
    return _compose(picture, edits, editor)


def check_many(images: object) -> None:
    """Refuse one picture where many are taken.

    Raises:
        UsageError: it is no collection of pictures.
    """
    is_one = isinstance(images, str | bytes | os.PathLike | Image.Image)
    is_one |= isinstance(images, np.ndarray) and images.ndim < 4
    if is_one or not isinstance(images, Iterable):
        raise UsageError(
            "many pictures are taken here, such as a list of paths, "
            f"not one of type {type(images).__name__}"
        )


def edit_pictures(
    images: Iterable[ImageLike], editor: FaceEditor, target: Target
) -> Generator[EditResult, None, None]:
    """Edit pictures, several at once: while one is composed, the next are read and looked at.

    Args:
        images: read ahead by a few.
        editor: finds and edits faces.
        target: what they are to show.

    Yields:
        One result per picture, in order; one that failed has an error.
    """
    io_threads = 1 if editor.device == "cpu" else cores()
    pace = pace_of(io_threads, editor.batching.size)
    pipeline = Pipeline(
        partial(_read, memory=pace.memory),
        partial(_look, editor=editor, target=target),
        partial(_finish, editor=editor),
        pace,
    )
    with pipeline:
        yield from pipeline.in_order(images)


def _compose(picture: Picture, edits: FaceEdits, editor: FaceEditor) -> EditResult:
    edited = editor.compose(picture.pixels, edits)
    # What was given stays the caller's own.
    pixels = edited.pixels.copy() if edited.pixels is picture.pixels else edited.pixels
    return EditResult(picture, pixels, faces_of(edited), why_unedited(edited))


def _failed(error: Exception) -> EditResult:
    return EditResult(None, reason=str(error) or type(error).__name__, error=error)


# Nothing that one picture brings about may cost the others their results.


def _read(
    image: ImageLike, room: Callable[[int], None], memory: int
) -> Picture | Ended[EditResult]:
    try:
        return open_picture(image, Budget(memory=memory, reserve=room))
    except Exception as error:
        return Ended(_failed(error))


def _look(
    pictures: Sequence[Picture], editor: FaceEditor, target: Target
) -> list[tuple[Picture, FaceEdits] | Ended[EditResult]]:
    try:
        seen = editor.look([one.pixels for one in pictures], [[target]] * len(pictures))
    except Exception as error:
        seen = [[error]] * len(pictures)
    return [
        Ended(_failed(edits)) if isinstance(edits, Exception) else (picture, edits)
        for picture, (edits,) in zip(pictures, seen, strict=True)
    ]


def _finish(looked: tuple[Picture, FaceEdits], editor: FaceEditor) -> EditResult:
    try:
        return _compose(*looked, editor)
    except Exception as error:
        return _failed(error)
