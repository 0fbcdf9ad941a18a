"""From photos to edits that can be measured: edited here, or lying in two folders."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceedit.compose.edit import Edit
from faceedit.compose.mask import REGIONS, Region, draw_mask, in_frame, region_mask
from faceedit.editing.editor import FaceEditor
from faceedit.errors import PhotoError, explain
from faceedit.evaluation.edits import SIZE, Album, Asked
from faceedit.evaluation.match import Failure, PicturePair
from faceedit.evaluation.pairs import sharpness_ratio
from faceedit.faces.align import (
    Crop,
    crop_affine,
    extract_crop,
    sample_crop,
    transform_landmarks,
    widened,
)
from faceedit.faces.finding import Finder, find_faces
from faceedit.faces.types import Face
from faceedit.photos import read_photo
from faceedit.photos.pixels import eight_bits
from faceedit.targets import Target

NEAR = 0.5
"""A face found after an edit is the one before it if it lies within so many eye distances."""
SAME_SHAPE = 0.01
"""Two pictures are of one shape if their sides' ratios differ by less."""


@dataclass(frozen=True)
class Input:
    """A photo to edit.

    Attributes:
        path: the photo.
        name: in reports.
        person: the same for all photos of one person.
        expression: what it shows for certain; "" where that is not known.
        targets: what it is edited to; none for a photo that others are compared with.
        rival: a copy that was edited elsewhere, to compare with; only with one target.
    """

    path: Path
    name: str
    person: str
    expression: str = ""
    targets: tuple[Target, ...] = ()
    rival: Path | None = None


@dataclass(frozen=True)
class Reach:
    """What of a face's surroundings an edit may change.

    Attributes:
        region: see `compose.edit.Edit`.
        wide: likewise.
    """

    region: Region = "face"
    wide: bool = False


FACE = Reach()


def gather_edited(
    editor: FaceEditor, inputs: Sequence[Input], album: Album
) -> Iterator[Failure | None]:
    """Edit photos in memory, as ``faceedit apply`` does, and collect them.

    Args:
        editor: networks, loaded.
        inputs: what to edit.
        album: where everything goes.

    Yields:
        For each photo why it could not be measured, or None.
    """
    for one in inputs:
        try:
            reason = _edit(editor, one, album)
        # One photo that breaks something costs the others nothing.
        except Exception as error:
            reason = explain(error, one.path)
        yield Failure(one.name, reason) if reason else None


def _edit(editor: FaceEditor, one: Input, album: Album) -> str:
    pixels = read_photo(one.path).pixels
    rival = None if one.rival is None else _read_copy(one.rival, pixels)
    start = time.perf_counter()
    faces = editor.find(pixels)
    finding = time.perf_counter() - start
    if not faces:
        return "no face was found"
    before = _Before(pixels, faces, editor.crop_size, album, one.person, one.expression)
    for target in one.targets:
        start = time.perf_counter()
        edited = editor.edit_faces(pixels, faces, target)
        seconds = finding + time.perf_counter() - start
        reach = widest(edit for edits in edited.edits for edit in edits)
        after = edited.pixels
        before.add_after(after, editor.finder, Asked(target), one.name, seconds, reach=reach)
        if rival is not None:
            before.add_after(rival, editor.finder, Asked(target), one.name, rival=True)
    return ""


def gather_pictures(
    finder: Finder, pairs: Sequence[PicturePair], asked: Asked, album: Album
) -> Iterator[Failure | None]:
    """Collect photos and their edited copies; arguments and yields as in `gather_edited`."""
    for pair in pairs:
        try:
            reason = _compare(finder, pair, asked, album)
        except Exception as error:
            reason = explain(error, pair.before)
        yield Failure(pair.name, reason) if reason else None


def _compare(finder: Finder, pair: PicturePair, asked: Asked, album: Album) -> str:
    pixels = read_photo(pair.before).pixels
    copies = [_read_copy(path, pixels) for path in (pair.after, pair.rival) if path is not None]
    faces = find_faces(pixels, finder)
    if not faces:
        return "no face was found"
    # People of a folder are not known; photos stand for them.
    before = _Before(pixels, faces, SIZE, album, pair.name, "")
    for copy, rival in zip(copies, (False, True), strict=False):
        before.add_after(copy, finder, asked, pair.name, rival=rival)
    return ""


def _read_copy(path: Path, photo: np.ndarray) -> np.ndarray:
    """Read an edited copy; PhotoError where it has another shape than its photo."""
    pixels = read_photo(path).pixels
    ratio = np.divide(pixels.shape[:2], photo.shape[:2])
    if abs(ratio[0] / ratio[1] - 1) > SAME_SHAPE:
        raise PhotoError(path, f"{_size(pixels)} has not the shape of its photo, {_size(photo)}")
    return pixels


class _Before:
    """A photo's faces, for comparing edits with; masks are drawn in crops of `crop_size`."""

    def __init__(
        self,
        pixels: np.ndarray,
        faces: Sequence[Face],
        crop_size: int,
        album: Album,
        person: str,
        expression: str,
    ):
        self.pixels, self.faces, self.crop_size, self.album = pixels, faces, crop_size, album
        self.masks = self._drawn(FACE)
        self.crops = [extract_crop(pixels, face.landmarks, SIZE) for face in faces]
        self.people = [person if i == 0 else f"{person}#{i + 1}" for i in range(len(faces))]
        self.numbers = [
            album.add_picture(crop, who, expression)
            for crop, who in zip(self.crops, self.people, strict=True)
        ]

    def add_after(
        self,
        after: np.ndarray,
        finder: Finder,
        asked: Asked,
        name: str,
        seconds: float = np.nan,
        rival: bool = False,
        reach: Reach = FACE,
    ) -> None:
        """Collect what one edit, which may change so much, made of every face."""
        found = find_faces(after, finder)
        scale = after.shape[1] / self.pixels.shape[1]
        same_size = after.shape == self.pixels.shape
        outside = self._changed_outside(after, reach) if same_size else np.nan
        for at, face in enumerate(self.faces):
            affine = _scaled(self.crops[at].affine, scale)
            picture = sample_crop(after, affine, SIZE)
            own = _nearest(found, face, scale)
            points = np.full((478, 3), np.nan, np.float32)
            if own is not None:
                points = transform_landmarks(own.landmarks, affine)
            crop = Crop(picture, points, affine)
            sharpness = np.nan
            if same_size:
                mask = self.masks[at] > 0.5
                sharpness = sharpness_ratio(eight_bits(self.pixels), eight_bits(after), mask)
            self.album.add_edit(
                name if at == 0 else f"{name}#{at + 1}",
                asked,
                self.numbers[at],
                self.album.add_picture(crop, self.people[at]),
                sharpness=sharpness,
                changed_outside=outside,
                seconds=seconds,
                rival=rival,
            )

    def _drawn(self, reach: Reach) -> list[np.ndarray]:
        size = self.pixels.shape
        return [native_mask(face, size, self.crop_size, reach) for face in self.faces]

    def _changed_outside(self, after: np.ndarray, reach: Reach) -> float:
        masks = self.masks if reach == FACE else self._drawn(reach)
        inside = np.maximum.reduce(masks) > 0
        before = self.pixels
        if before.dtype != after.dtype:
            before, after = eight_bits(before), eight_bits(after)
        return float((after != before)[~inside].any(-1).sum())


def widest(edits: Iterable[Edit]) -> Reach:
    """Return what some edits may change together; the face where there are none."""
    made = list(edits)
    found: list[Region] = ["face", *(edit.region for edit in made)]
    return Reach(max(found, key=REGIONS.index), any(edit.wide for edit in made))


def native_mask(
    face: Face, size: tuple[int, ...], crop_size: int = SIZE, reach: Reach = FACE
) -> np.ndarray:
    """Draw the mask of a face in its photo, as `compose.compose` does.

    Args:
        face: in the photo.
        size: height and width of the photo.
        crop_size: of the method, whose pixels the mask is drawn in.
        reach: of the edit.

    Returns:
        (height, width) float32 in [0, 1].
    """
    affine = crop_affine(face.landmarks, crop_size)
    side = crop_size
    if reach.wide:
        affine, side = widened(affine, crop_size), 2 * crop_size
    mask = region_mask(reach.region, transform_landmarks(face.landmarks, affine), side)
    return draw_mask(*in_frame(mask, affine, crop_size), (size[0], size[1]))


def _nearest(found: Sequence[Face], face: Face, scale: float) -> Face | None:
    """Return the face that is the same after an edit, or None."""
    middle = face.landmarks[:, :2].mean(0) * scale
    away = [float(np.linalg.norm(one.landmarks[:, :2].mean(0) - middle)) for one in found]
    if not away or min(away) > NEAR * face.eye_distance * scale:
        return None
    return found[int(np.argmin(away))]


def _scaled(affine: np.ndarray, scale: float) -> np.ndarray:
    """Return the map to the crop from a photo that is `scale` times as large."""
    if scale == 1:
        return affine
    # Pixel centres lie at integers: x' + 1/2 = scale (x + 1/2).
    linear = affine[:, :2] / scale
    shift = affine[:, 2] + affine[:, :2] @ np.full(2, 0.5 / scale - 0.5)
    return np.column_stack([linear, shift])


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
