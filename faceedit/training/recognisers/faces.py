"""Labelled faces as aligned crops in memory: one table for photos and studio pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.targets import ACTION_UNITS, ATTRIBUTES
from faceedit.tones import LUMA
from faceedit.untrusted import map_array

SIZE = 160
"""Side of the crops in pixels."""
UNKNOWN = -1
"""Of whole numbers; measures that are not known are NaN."""
NO_REGION = 255
"""Of a pixel whose region is not known."""


@dataclass(frozen=True)
class FaceTable:
    """Faces with what is known of each.

    Attributes:
        pictures: (N, SIZE, SIZE, 3) uint8 RGB, standard aligned crops.
        regions: (N, SIZE, SIZE) uint8 of `regions.Region`, `NO_REGION` where not known;
            (0, SIZE, SIZE) for a table without any.
        landmarks: (N, 478, 2) float32, pixels of the pictures.
        files: (N,) names of the photos.
        people: (N,) the same for all pictures of one person; "" where not known.
        studio: (N,) bool, made by the studio and no photo.
        validation: (N,) bool, of people kept for validation.
        expression: (N,) int64 in `targets.EXPRESSIONS`; UNKNOWN for blends, action units and faces
            without a label.
        strength: (N,) float32 of the expression, 0 to 3; NaN where not known.
        action_units: (N, 17) float32 intensities 0 to 5; NaN where not known.
        light: (N,) int64 in `lights.LIGHT_ORDER`, UNKNOWN for any other light.
        light_vector: (N, 3) float32, direction to the light (x right, y up, z to the camera) times
            its share of all light, 0 to 1; NaN where not known.
        attributes: (N, 13) float32 0 or 1 in the order of `targets.ATTRIBUTES`; NaN where unknown.
    """

    pictures: np.ndarray
    regions: np.ndarray
    landmarks: np.ndarray
    files: np.ndarray
    people: np.ndarray
    studio: np.ndarray
    validation: np.ndarray
    expression: np.ndarray
    strength: np.ndarray
    action_units: np.ndarray
    light: np.ndarray
    light_vector: np.ndarray
    attributes: np.ndarray

    def __len__(self) -> int:
        """How many faces."""
        return len(self.files)

    def take(self, index: np.ndarray) -> Self:
        """Return the faces at `index`, an array of numbers or of truth values."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        bare = len(self.regions) == 0
        return type(self)(
            **{k: v if k == "regions" and bare else v[index] for k, v in columns.items()}
        )

    def save(self, folder: Path) -> None:
        """Write one .npy file per column; the pictures can then be mapped into memory."""
        folder.mkdir(parents=True, exist_ok=True)
        for column in fields(self):
            np.save(folder / f"{column.name}.npy", getattr(self, column.name))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; pictures and regions stay on the disk until they are used.

        Raises:
            UsageError: there is no such table, or it is of another version.
        """
        try:
            columns = {f.name: map_array(folder / f"{f.name}.npy") for f in fields(cls)}
            for name in columns.keys() - {"pictures", "regions"}:
                columns[name] = np.array(columns[name])
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder} is no table of faces: {error}; make it anew") from error
        return cls(**columns)


def grey_pictures(table: FaceTable) -> Tensor:
    """Return all pictures as (N, 1, SIZE, SIZE) uint8, with the weights of `base.grey`."""
    found = torch.empty((len(table), 1, SIZE, SIZE), dtype=torch.uint8)
    for start in range(0, len(table), 512):
        part = np.rint(table.pictures[start : start + 512] @ LUMA).astype(np.uint8)
        found[start : start + 512, 0] = torch.from_numpy(part)
    return found


def to_tensor(pictures: np.ndarray | Sequence[np.ndarray]) -> Tensor:
    """(N, S, S, 3) uint8 RGB to (N, 3, S, S) float32 in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2) / 127.5 - 1


def make_table(
    pictures: Sequence[np.ndarray],
    landmarks: Sequence[np.ndarray],
    files: Sequence[str],
    people: Sequence[str],
    validation: Sequence[bool],
    *,
    regions: Sequence[np.ndarray] = (),
    studio: bool = False,
) -> FaceTable:
    """Return a table in which no label is known yet; its arrays of labels are for filling in."""
    n = len(files)
    return FaceTable(
        pictures=np.stack(pictures) if n else np.zeros((0, SIZE, SIZE, 3), np.uint8),
        regions=np.stack(regions) if regions else np.zeros((0, SIZE, SIZE), np.uint8),
        landmarks=np.array([p[:, :2] for p in landmarks], np.float32).reshape(n, 478, 2),
        files=np.array(files, str),
        people=np.array(people, str),
        studio=np.full(n, studio),
        validation=np.array(validation, bool),
        expression=np.full(n, UNKNOWN, np.int64),
        strength=np.full(n, np.nan, np.float32),
        action_units=np.full((n, len(ACTION_UNITS)), np.nan, np.float32),
        light=np.full(n, UNKNOWN, np.int64),
        light_vector=np.full((n, 3), np.nan, np.float32),
        attributes=np.full((n, len(ATTRIBUTES)), np.nan, np.float32),
    )


def join(tables: Sequence[FaceTable]) -> FaceTable:
    """Return all faces of several tables, in order; regions only where every table has them."""
    columns = {
        f.name: np.concatenate([getattr(t, f.name) for t in tables])
        for f in fields(FaceTable)
        if f.name != "regions"
    }
    whole = all(len(t.regions) == len(t) for t in tables)
    regions = [t.regions if whole else t.regions[:0] for t in tables]
    return FaceTable(**columns, regions=np.concatenate(regions))
