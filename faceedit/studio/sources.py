"""The photos that pairs are made from, with their landmarks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceedit.errors import MissingError, PhotoError, UsageError
from faceedit.photos import read_photo
from faceedit.studio.expressions import Ask, ExpressionTables
from faceedit.studio.photo import Sitter
from faceedit.training.labelled import SUFFIXES, LabelledPhoto, read_labelled

AMPLITUDE_OF_STRENGTH = {1: 0.6, 2: 1.0, 3: 1.3, -1: 1.0}
"""What the labels' strengths 1 to 3 mean; -1 is unknown."""
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
    """

    photo: LabelledPhoto
    landmarks: np.ndarray


def list_photos(folder: Path) -> list[LabelledPhoto]:
    """List the photos of a folder with what is known of them.

    Labels come from a CSV inside the folder or beside it under its name (see `read_labelled`), or
    from person/expression folders; photos without any are people of their own.

    Raises:
        UsageError: there are no photos.
    """
    beside = folder.with_name(f"{folder.name}.csv")
    if beside.is_file():
        return read_labelled(beside)
    try:
        return read_labelled(folder)
    except UsageError:
        if not folder.is_dir():
            raise
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise UsageError(f"no photos in {folder}")
    return [LabelledPhoto(p, p.stem, "", -1, "train") for p in paths]


def find_faces(
    photos: list[LabelledPhoto], cache: Path | None, tell: Callable[[str], None]
) -> tuple[list[SourcePhoto], dict[str, str]]:
    """Find the largest face of every photo with the project's own networks.

    Args:
        photos: to look at.
        cache: an npz file that keeps the landmarks for the next run, or None.
        tell: is told of progress.

    Returns:
        Photos with a face, and for each of the others its name and the reason.
    """
    known = _read_cache(cache)
    missing = [p for p in photos if _key(p.path) not in known]
    lost: dict[str, str] = {}
    if missing:
        from faceedit.faces.build import build_finder
        from faceedit.faces.finder import FindOptions
        from faceedit.registry import open_registry

        tell(f"finding faces in {len(missing)} photos")
        finder = build_finder(open_registry(), options=FindOptions(faces="largest"))
        for photo in missing:
            try:
                faces = finder.find(read_photo(photo.path).pixels)
            except PhotoError as error:
                lost[photo.path.name] = error.reason
                continue
            if faces:
                known[_key(photo.path)] = faces[0].landmarks.astype(np.float32)
            else:
                lost[photo.path.name] = "no face found"
        if cache is not None:
            cache.parent.mkdir(parents=True, exist_ok=True)
            keys = list(known)
            np.savez(cache, keys=np.array(keys), points=np.array([known[k] for k in keys]))
    found = [SourcePhoto(p, known[_key(p.path)]) for p in photos if _key(p.path) in known]
    if not found:
        raise MissingError("no photo has a face that could be found")
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
    if cache is None or not cache.is_file():
        return {}
    with np.load(cache, allow_pickle=False) as arrays:
        return {str(k): p for k, p in zip(arrays["keys"], arrays["points"], strict=True)}
