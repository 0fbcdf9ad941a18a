"""Portraits as EGGAN's ``paper`` profile learns from them: crops, people, action units."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import torch

from faceedit.errors import UsageError
from faceedit.faces.align import Crop, extract_crop
from faceedit.photos import read_photo
from faceedit.recognisers.units import UnitReader
from faceedit.registry import open_registry
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.targets import ACTION_UNITS
from faceedit.training.task import Batch, TrainingRequest
from faceedit.training.together import begin_together
from faceedit.untrusted import map_array

FOLDER = "portraits"
"""Of a run: where its crops are kept."""
AT_ONCE = 64
"""Crops that are read together."""


@dataclass(frozen=True)
class Portraits:
    """Aligned crops with what they show.

    Attributes:
        pictures: (N, S, S, 3) uint8 RGB.
        units: (N, 17) float32 intensities 0 to 5 in the order of `targets.ACTION_UNITS`.
        people: (N,) int64, the same for all photos of one person; training people come first, from
            0 on.
        validation: (N,) bool, of people that no training sees.
    """

    pictures: np.ndarray
    units: np.ndarray
    people: np.ndarray
    validation: np.ndarray

    def save(self, folder: Path) -> None:
        """Write one .npy file per column."""
        folder.mkdir(parents=True, exist_ok=True)
        for column in fields(self):
            np.save(folder / f"{column.name}.npy", getattr(self, column.name))

    @classmethod
    def load(cls, folder: Path, size: int) -> Self:
        """Read what `save` wrote; the pictures stay on the disk until they are used.

        Args:
            folder: of the files.
            size: side S that the pictures must have.

        Raises:
            UsageError: it is damaged, or of another size.
        """
        try:
            columns = {f.name: map_array(folder / f"{f.name}.npy") for f in fields(cls)}
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder} holds no portraits: {error}; make them anew") from error
        n = len(columns["people"])
        shapes = ((n, size, size, 3), (n, len(ACTION_UNITS)), (n,), (n,))
        wrong = [
            name
            for (name, c), shape in zip(columns.items(), shapes, strict=True)
            if c.shape != shape
        ]
        if wrong:
            raise UsageError(
                f"{folder}: {', '.join(wrong)} are not of {n} portraits of {size} pixels"
            )
        small = {name: np.array(c) for name, c in columns.items() if name != "pictures"}
        return cls(columns["pictures"], **small)


def find_portraits(request: TrainingRequest, size: int) -> Portraits:
    """Return the portraits of the data's folders, with crops made in the run's folder if need be.

    Args:
        request: its data are folders of photos (see `studio.sources.list_photos`), or one folder
            of crops that an earlier run made.
        size: side of the crops in pixels.

    Raises:
        UsageError: there are no photos, or too few people.
    """
    made = [path for path in request.data if (path / "validation.npy").is_file()]
    folder = made[0] if made else request.folder / FOLDER

    def make() -> None:
        if not (folder / "validation.npy").is_file():
            _make(request, size).save(folder)

    begin_together(request.rank, make)
    portraits = Portraits.load(folder, size)
    if len(np.unique(portraits.people[~portraits.validation])) < 2:
        raise UsageError(f"{folder}: portraits of at least two people are needed to train on")
    return portraits


def _make(request: TrainingRequest, size: int) -> Portraits:
    found: list[SourcePhoto] = []
    for place in request.data:
        photos = list_photos(place, request.tell)
        cache = request.folder / f"landmarks-{len(found)}.npz"
        here, lost = find_sources(photos, place, cache, request.tell)
        found += here
        for name, reason in lost.items():
            request.tell(f"left out: {name}: {reason}")
    request.tell(f"reading the action units of {len(found)} portraits")
    checkpoint = open_registry().checkpoint(UnitReader.name)
    reader = UnitReader.load(checkpoint, request.device)
    pictures, units = [], []
    for start in range(0, len(found), AT_ONCE):
        crops = [_crop(one, reader.crop_size) for one in found[start : start + AT_ONCE]]
        units += reader.read(crops)
        pictures += [_shrunk(crop, size) for crop in crops]
    validation = np.array([one.photo.split == "val" for one in found])
    names = sorted({(one.photo.split == "val", one.photo.person) for one in found})
    numbers = {name: number for number, name in enumerate(names)}
    people = [numbers[one.photo.split == "val", one.photo.person] for one in found]
    columns = np.stack(pictures), np.stack(units).astype(np.float32), np.array(people, np.int64)
    return Portraits(*columns, validation)


def _crop(source: SourcePhoto, size: int) -> Crop:
    return extract_crop(read_photo(source.photo.path).pixels, source.landmarks, size)


def _shrunk(crop: Crop, size: int) -> np.ndarray:
    return cv2.resize(crop.to_bytes(), (size, size), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class PortraitSamples:
    """Training portraits by number.

    A sample has ``image`` (3, S, S) in [-1, 1], mirrored half of the time, its ``units`` (17,) and
    ``person``, and as ``target`` the (17,) units of another portrait.

    Attributes:
        portraits: all of them.
        rows: those of training people.
        seed: of all samples.
    """

    portraits: Portraits
    rows: np.ndarray
    seed: int

    def __getitem__(self, number: int) -> Batch:
        """Draw the `number`-th sample."""
        rng = np.random.default_rng([self.seed, number])
        row, other = (int(r) for r in rng.choice(self.rows, 2, replace=False))
        image = to_signed(self.portraits.pictures[row : row + 1])[0]
        return {
            "image": image.flip(2) if rng.random() < 0.5 else image,
            "units": torch.from_numpy(np.array(self.portraits.units[row])),
            "person": torch.tensor(int(self.portraits.people[row])),
            "target": torch.from_numpy(np.array(self.portraits.units[other])),
        }


def to_signed(pictures: np.ndarray) -> torch.Tensor:
    """(N, S, S, 3) uint8 to (N, 3, S, S) float32 in [-1, 1]."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
