"""How natural people found pictures: tables of ratings, and the rated faces as crops.

The LEGAN Perceptual Dataset is described by its authors as about 37,000 pictures with the mean and
the standard deviation of the scores that three people gave each, 0 to 10 (section 3 of LEGAN);
what its files look like has not been published. Read here is the plainest table that holds that:
a CSV with one row per picture and the columns file, mean and std, under these or usual other names.
"""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from faceedit.datasets.labelled import read_table
from faceedit.errors import PhotoError, UsageError
from faceedit.faces.align import extract_crop
from faceedit.faces.types import Face
from faceedit.photos.read import read_photo
from faceedit.recognisers.naturalness import HIGHEST
from faceedit.training.recognisers.faces import SIZE

COLUMNS = {
    "file": ("file", "filename", "file_name", "image", "picture", "name", "path"),
    "mean": ("mean", "mu", "mos", "mean_score", "mean_rating", "rating", "score"),
    "std": ("std", "sigma", "sd", "stddev", "std_dev", "deviation"),
}
"""Names of the columns, the first being ours; capitals do not matter."""


@dataclass(frozen=True)
class Rating:
    """What people said of one picture.

    Attributes:
        path: the picture.
        mean: of their ratings, 0 (unnatural) to 10 (hyper-realistic).
        deviation: standard deviation of their ratings, 0 or more.
    """

    path: Path
    mean: float
    deviation: float


@dataclass(frozen=True)
class RatedFaces:
    """Faces with their ratings.

    Attributes:
        pictures: (N, SIZE, SIZE, 3) uint8 RGB, standard aligned crops.
        means: (N,) float32.
        deviations: (N,) float32.
        files: (N,) names of the pictures.
    """

    pictures: np.ndarray
    means: np.ndarray
    deviations: np.ndarray
    files: np.ndarray

    def __len__(self) -> int:
        """How many faces."""
        return len(self.files)

    def take(self, index: np.ndarray) -> "RatedFaces":
        """Return the faces at `index`, an array of numbers or of truth values."""
        return RatedFaces(
            self.pictures[index], self.means[index], self.deviations[index], self.files[index]
        )


def read_ratings(table: Path, pictures: Path) -> list[Rating]:
    """Read a table of ratings.

    Args:
        table: a CSV with a header.
        pictures: the folder that its files lie in, or in folders of it as the table names them.

    Raises:
        UsageError: no such file, a column is missing, a value is no rating, a picture is missing
            or is rated twice; each with the line.
    """
    if not table.is_file():
        raise UsageError(f"there is no table of ratings at {table}")
    with read_table(table) as file:
        reader = csv.DictReader(file)
        columns = _columns(reader.fieldnames or [], table)
        found: dict[Path, Rating] = {}
        for row in reader:
            place = f"{table}, line {reader.line_num}"
            path = pictures / (row[columns["file"]] or "")
            if not path.is_file():
                raise UsageError(f"{place}: there is no picture {path}")
            if path in found:
                raise UsageError(f"{place}: {path.name} is rated a second time")
            mean = _number(row, columns["mean"], HIGHEST, place)
            deviation = _number(row, columns["std"], HIGHEST, place)
            found[path] = Rating(path, mean, deviation)
    if not found:
        raise UsageError(f"{table} rates no picture")
    return list(found.values())


def crop_rated(
    ratings: Sequence[Rating],
    find: Callable[[np.ndarray], list[Face]],
    skip: Callable[[Path, str], None],
) -> RatedFaces:
    """Cut the largest face out of every rated picture.

    Args:
        ratings: of pictures.
        find: finds the faces of (H, W, 3) uint8 RGB pixels, largest first.
        skip: called with each picture that cannot be used, and why.

    Raises:
        UsageError: no picture can be used.
    """
    crops, kept = [], []
    for rating in ratings:
        try:
            pixels = read_photo(rating.path).pixels
        except PhotoError as error:
            skip(rating.path, error.reason)
            continue
        if pixels.dtype == np.uint16:
            pixels = cv2.convertScaleAbs(pixels, alpha=1 / 257)
        faces = find(pixels)
        if not faces:
            skip(rating.path, "no face found")
            continue
        crop = extract_crop(pixels, faces[0].landmarks, SIZE)
        crops.append(crop.to_bytes())
        kept.append(rating)
    if not kept:
        raise UsageError("none of the rated pictures can be used")
    return RatedFaces(
        np.stack(crops),
        np.array([rating.mean for rating in kept], np.float32),
        np.array([rating.deviation for rating in kept], np.float32),
        np.array([rating.path.name for rating in kept]),
    )


def split_rated(faces: RatedFaces, seed: int = 0) -> tuple[RatedFaces, RatedFaces]:
    """Return 80% of the faces to learn from and the others to measure on (section 3 of LEGAN)."""
    order = np.random.default_rng(seed).permutation(len(faces))
    learned = max(1, round(0.8 * len(faces)))
    return faces.take(order[:learned]), faces.take(order[learned:])


def _columns(header: Sequence[str], table: Path) -> dict[str, str]:
    """Return how the table calls each of `COLUMNS`."""
    known = {name.strip().lower(): name for name in header}
    found = {}
    for column, names in COLUMNS.items():
        own = next((known[name] for name in names if name in known), None)
        if own is None:
            raise UsageError(f"{table} has no column {column}; it has {', '.join(header)}")
        found[column] = own
    return found


def _number(row: dict[str, str], column: str, most: float, place: str) -> float:
    try:
        value = float(row[column] or "")
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise UsageError(f"{place}: {column} {row[column]!r} is no number from 0 to {most:g}")
    return value
