"""Portraits as ``paper`` profiles learn from them: crops, people, and numbers that label them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol, Self

import cv2
import numpy as np
import torch

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.errors import UsageError
from faceedit.faces.align import Crop, extract_crop, resized
from faceedit.photos import read_photo
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.training.task import Batch, TrainingRequest
from faceedit.training.together import begin_together
from faceedit.untrusted import map_array

FOLDER = "portraits"
"""Of a run: where its crops are kept."""
AT_ONCE = 64
"""Crops that are labelled together."""
CROP_SIZE = 256
"""Side of the crops that they are made from."""
MESH = (478, 3)
"""Shape of a face's landmarks."""


class Labels(Protocol):
    """What portraits are labelled with.

    Attributes:
        width: numbers in a label.
    """

    width: int

    def knows(self, photo: LabelledPhoto) -> bool:
        """Say whether a photo's label can be known; the others are left out."""
        ...

    def read(self, photos: Sequence[LabelledPhoto], crops: Sequence[Crop]) -> np.ndarray:
        """Return the labels of photos, (n, width) float32, from crops of `CROP_SIZE` pixels."""
        ...


@dataclass(frozen=True)
class Portraits:
    """Aligned crops with what they show.

    Attributes:
        pictures: (N, S, S, 3) uint8 RGB.
        labels: (N, K) float32, what each shows.
        people: (N,) int64, the same for all photos of one person; training people come first, from
            0 on.
        validation: (N,) bool, of people that no training sees.
        landmarks: (N, 478, 3) float32 in pixels of the pictures; None where nobody asked for them.
    """

    pictures: np.ndarray
    labels: np.ndarray
    people: np.ndarray
    validation: np.ndarray
    landmarks: np.ndarray | None = None

    def save(self, folder: Path) -> None:
        """Write one .npy file per column."""
        folder.mkdir(parents=True, exist_ok=True)
        for column in fields(self):
            if (values := getattr(self, column.name)) is not None:
                np.save(folder / f"{column.name}.npy", values)

    @classmethod
    def load(cls, folder: Path, size: int, width: int, landmarks: bool = False) -> Self:
        """Read what `save` wrote; the pictures stay on the disk until they are used.

        Args:
            folder: of the files.
            size: side S that the pictures must have.
            width: numbers K that a label must have.
            landmarks: whether they are needed.

        Raises:
            UsageError: it is damaged, or of another size or width.
        """
        try:
            names = [f.name for f in fields(cls) if landmarks or f.name != "landmarks"]
            columns = {name: map_array(folder / f"{name}.npy") for name in names}
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder} holds no portraits: {error}; make them anew") from error
        n = len(columns["people"])
        shapes = ((n, size, size, 3), (n, width), (n,), (n,), (n, *MESH))
        wrong = [
            name
            for (name, c), shape in zip(columns.items(), shapes, strict=False)
            if c.shape != shape
        ]
        if wrong:
            raise UsageError(
                f"{folder}: {', '.join(wrong)} are not of {n} portraits of {size} pixels with "
                f"{width} labels each"
            )
        large = ("pictures", "landmarks")
        return cls(**{name: c if name in large else np.array(c) for name, c in columns.items()})


def find_portraits(
    request: TrainingRequest, size: int, labels: Labels, landmarks: bool = False
) -> Portraits:
    """Return the portraits of the data's folders, with crops made in the run's folder if need be.

    Args:
        request: its data are folders of photos (see `studio.sources.list_photos`), or one folder
            of crops that an earlier run made.
        size: side of the crops in pixels.
        labels: what they are labelled with.
        landmarks: whether these are needed, too.

    Raises:
        UsageError: there are no photos, or too few people.
    """
    made = [path for path in request.data if (path / "validation.npy").is_file()]
    folder = made[0] if made else request.folder / FOLDER

    def make() -> None:
        if not (folder / "validation.npy").is_file():
            _make(request, folder, size, labels)

    begin_together(request.rank, make)
    portraits = Portraits.load(folder, size, labels.width, landmarks)
    if len(np.unique(portraits.people[~portraits.validation])) < 2:
        raise UsageError(f"{folder}: portraits of at least two people are needed to train on")
    return portraits


def _make(request: TrainingRequest, folder: Path, size: int, labels: Labels) -> None:
    """Write the columns of `Portraits`; the last says that all are there."""
    found: list[SourcePhoto] = []
    for place in request.data:
        photos = list_photos(place, request.tell)
        known = [photo for photo in photos if labels.knows(photo)]
        if len(known) < len(photos):
            request.tell(f"left out: {len(photos) - len(known)} photos of {place} without a label")
        if not known:
            continue
        cache = request.folder / f"landmarks-{len(found)}.npz"
        here, lost = find_sources(known, place, cache, request.tell)
        found += here
        for name, reason in lost.items():
            request.tell(f"left out: {name}: {reason}")
    if not found:
        raise UsageError(f"no labelled photos in {', '.join(map(str, request.data))}")
    request.tell(f"cropping and labelling {len(found)} portraits")
    folder.mkdir(parents=True, exist_ok=True)
    # Hundreds of thousands of pictures do not fit in memory.
    shape = (len(found), size, size, 3)
    pictures = np.lib.format.open_memmap(folder / "pictures.npy", "w+", np.uint8, shape)
    shape = (len(found), *MESH)
    points = np.lib.format.open_memmap(folder / "landmarks.npy", "w+", np.float32, shape)
    read = []
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        crops = [_crop(one) for one in some]
        read.append(labels.read([one.photo for one in some], crops))
        for number, crop in enumerate(crops, start):
            pictures[number] = cv2.resize(
                crop.to_bytes(), (size, size), interpolation=cv2.INTER_AREA
            )
            points[number] = resized(crop.landmarks, CROP_SIZE, size)
    pictures.flush()
    points.flush()
    np.save(folder / "labels.npy", np.concatenate(read).astype(np.float32))
    validation = np.array([one.photo.split == "val" for one in found])
    names = sorted({(one.photo.split == "val", one.photo.person) for one in found})
    numbers = {name: number for number, name in enumerate(names)}
    people = [numbers[one.photo.split == "val", one.photo.person] for one in found]
    np.save(folder / "people.npy", np.array(people, np.int64))
    np.save(folder / "validation.npy", validation)


def _crop(source: SourcePhoto) -> Crop:
    return extract_crop(read_photo(source.photo.path).pixels, source.landmarks, CROP_SIZE)


@dataclass(frozen=True)
class PortraitSamples:
    """Training portraits by number.

    A sample has ``image`` (3, S, S) in [-1, 1], mirrored half of the time, its ``labels`` (K,) and
    ``person``, and as ``target`` the (K,) labels of another portrait.

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
            "labels": torch.from_numpy(np.array(self.portraits.labels[row])),
            "person": torch.tensor(int(self.portraits.people[row])),
            "target": torch.from_numpy(np.array(self.portraits.labels[other])),
        }


def to_signed(pictures: np.ndarray) -> torch.Tensor:
    """(N, S, S, 3) uint8 to (N, 3, S, S) float32 in [-1, 1]."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
