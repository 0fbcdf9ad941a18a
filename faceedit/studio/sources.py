"""The photos that pairs are made from, with their landmarks."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceedit.datasets import read_collection, recognise
from faceedit.datasets.labelled import SUFFIXES, LabelledPhoto, find_table, read_labelled
from faceedit.errors import FaceEditError, NetworkError, PhotoError, UsageError
from faceedit.outputs import REPLACE, write_atomic
from faceedit.photos import read_photo
from faceedit.studio.arrays import pack
from faceedit.studio.expressions import Ask, ExpressionTables
from faceedit.studio.photo import Sitter
from faceedit.untrusted import read_arrays

AMPLITUDE_OF_STRENGTH = {1: 0.6, 2: 1.0, 3: 1.3, -1: 1.0}
"""What the labels' strengths 1 to 3 mean; -1 is unknown."""
_KNOWN = sorted((amplitude, s) for s, amplitude in AMPLITUDE_OF_STRENGTH.items() if s > 0)
CLEAR_SMILE = 0.3
"""Smile weight beyond the mean neutral face from which an unlabelled photo counts as happy."""
PER_SMILE = 0.42
"""Smile weight of a happy face at amplitude 1."""


@dataclass(frozen=True)
class SourcePhoto:
    """A photo with one face found.

    Attributes:
        photo: path and labels.
        landmarks: (478, 3) float32 mesh points in its pixels.
        name: tells it from the other photos, wherever their folder lies; "" takes the file's name.
    """

    photo: LabelledPhoto
    landmarks: np.ndarray
    name: str = ""

    def __post_init__(self):
        if not self.name:
            object.__setattr__(self, "name", self.photo.path.name)


def list_photos(folder: Path, tell: Callable[[str], None] | None = None) -> list[LabelledPhoto]:
    """List the photos of a folder with what is known of them.

    Labels come from a CSV inside the folder or beside it under its name, from the names of a
    public set's files or from person/expression folders (see `read_collection`); photos without
    any are people of their own.

    Args:
        folder: the photos', or a CSV.
        tell: is told what was found in a public set and what was left out.

    Raises:
        UsageError: there are no photos.
    """
    # "." and ".." have no name of their own.
    place = folder.resolve() if folder.name in ("", "..") else folder
    beside = place.with_name(f"{place.name}.csv")
    if place.is_dir() and beside.is_file():
        return read_labelled(beside)
    try:
        return read_collection(folder, tell=tell)
    except UsageError:
        # Labels that make no sense are no reason to forget who is kept for validation.
        if not folder.is_dir() or find_table(folder) or recognise(folder):
            raise
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise UsageError(f"no photos in {folder}")
    return [LabelledPhoto(p, photo_name(p, folder), "", -1, "train") for p in paths]


def photo_name(path: Path, folder: Path) -> str:
    """Return what tells a photo from others of its folder: its path below it, if it lies there."""
    path, folder = path.parent.resolve() / path.name, folder.resolve()
    for below in (folder, folder.with_suffix(""), folder.parent):
        if path.is_relative_to(below):
            return path.relative_to(below).as_posix()
    return path.name


def find_sources(
    photos: list[LabelledPhoto], folder: Path, cache: Path | None, tell: Callable[[str], None]
) -> tuple[list[SourcePhoto], dict[str, str]]:
    """Find the largest face of every photo with the project's own networks.

    Args:
        photos: to look at.
        folder: that they were listed from; their names are paths below it.
        cache: an npz file that keeps the landmarks for the next run, or None.
        tell: is told of progress.

    Returns:
        Photos with a face, and for each of the others its name and the reason.

    Raises:
        FaceEditError: there is no face in any photo.
        UsageError: there is another file where the cache would be.
        WriteError: the cache cannot be written.
    """
    known = _read_cache(cache)
    missing = [p for p in photos if _key(p.path) not in known]
    lost: dict[str, str] = {}
    if missing:
        from faceedit.faces.find.build import build_finder
        from faceedit.faces.find.finder import FindOptions
        from faceedit.registry import open_registry

        tell(f"finding faces in {len(missing)} photo{'s' * (len(missing) != 1)}")
        finder = build_finder(open_registry(), options=FindOptions(faces="largest"))
        for photo in missing:
            try:
                faces = finder.find(read_photo(photo.path).pixels)
            except PhotoError as error:
                lost[photo_name(photo.path, folder)] = error.reason
                continue
            except NetworkError as error:
                lost[photo_name(photo.path, folder)] = str(error)
                continue
            if faces:
                known[_key(photo.path)] = faces[0].landmarks.astype(np.float32)
            else:
                lost[photo_name(photo.path, folder)] = "no face found"
        if cache is not None:
            arrays = {"keys": np.array(list(known)), "points": np.array(list(known.values()))}
            write_atomic(cache, pack(arrays, compressed=False), REPLACE)
    found = [
        SourcePhoto(p, known[key], photo_name(p.path, folder))
        for p in photos
        if (key := _key(p.path)) in known
    ]
    if not found:
        name, reason = next(iter(lost.items()))
        raise FaceEditError(f"none of {len(photos)} photos can be used; {name}: {reason}")
    return found, lost


def shown_expression(tables: ExpressionTables, sitter: Sitter, photo: LabelledPhoto) -> Ask | None:
    """Return what a photo shows: by its label, else happy where its fit smiles; None if neutral."""
    if photo.expression in tables.expressions and photo.strength != 0:
        return Ask(((photo.expression, AMPLITUDE_OF_STRENGTH[photo.strength]),))
    smile = tables.smile(sitter.subject.expression)
    if photo.expression == "" and smile > CLEAR_SMILE:
        return Ask((("happy", round(min(smile / PER_SMILE, 1.6), 2)),))
    return None


def _key(path: Path) -> str:
    """Name a file so that a changed one is looked at again."""
    try:
        seen = path.stat()
    except OSError:
        return str(path)
    return f"{path.resolve()}|{seen.st_size}|{seen.st_mtime_ns}"


def _read_cache(cache: Path | None) -> dict[str, np.ndarray]:
    if cache is None or not os.path.lexists(cache):
        return {}
    try:
        arrays = read_arrays(cache)
        keys, points = arrays["keys"], arrays["points"]
        if len(keys) and (points.shape != (len(keys), 478, 3) or points.dtype != np.float32):
            raise ValueError(f"it has {len(keys)} names and points of {points.shape}")
        return {str(key): own for key, own in zip(keys, points, strict=True)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{cache}: is not the cache of landmarks that goes there: {error}"
        ) from error


def strength_of(amplitude: float) -> float:
    """Return the strength, 0 to 3, that labels give an expression made at an amplitude."""
    amplitudes, strengths = zip((0.0, 0), *_KNOWN, strict=True)
    return float(np.interp(amplitude, amplitudes, strengths))
