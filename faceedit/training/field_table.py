"""Studio pairs packed for training of composed edits: random access, at the fields' resolution.

A table is a folder of npy files, one row per pair, which any number of processes map into memory.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from faceedit.errors import UsageError
from faceedit.studio.model import Part
from faceedit.studio.record import AS_PHOTOGRAPHED, Pair
from faceedit.studio.shards import read_shard
from faceedit.targets import ACTION_UNITS, EXPRESSIONS
from faceedit.tones import LUMA
from faceedit.untrusted import map_array, parse_json, read_text

FIELD_SIZE = 128
FEWEST_TEETH = 30
"""Newly painted pixels of teeth that say how they are lit."""
BRIGHT = 65
"""Percentile of their luma from which on they are the lit ones."""
_ABOUT = "table.json"
_VERSION = 1


@dataclass(frozen=True)
class FieldTable:
    """Columns of N pairs; a crop has S pixels a side, fields h.

    Attributes:
        pictures: (N, S, S, 3) uint8 RGB, the inputs.
        targets: (N, h, h, 3) uint8 RGB.
        flow: (N, h, h, 2) float16 crop pixels.
        log_ratio: (N, h, h, 3) float16.
        trusted: (N, h, h) uint8, 255 where the fields are known, 0 beyond the photo and on paint.
        landmarks: (N, 2, 478, 3) float32 crop pixels, before and after.
        jaws: (N, 2, 20, 2) float32 crop pixels, before and after.
        amplitudes: (N, 8) float32 of what was asked, in the order of `EXPRESSIONS`; neutral is 1
            where nothing else was asked for.
        action_units: (N, 17) float32 of what was asked, 0 to 5.
        share: (N,) float32 of the way.
        tone: (N, 3) float32 RGB in [0, 1] of newly shown teeth, NaN where there are few.
        eyeglasses: (N,) bool.
        real_target: (N,) bool, the target is a photo and not made.
        validation: (N,) bool, the person belongs to the validation people.
        person: (N,) int64.
    """

    pictures: np.ndarray
    targets: np.ndarray
    flow: np.ndarray
    log_ratio: np.ndarray
    trusted: np.ndarray
    landmarks: np.ndarray
    jaws: np.ndarray
    amplitudes: np.ndarray
    action_units: np.ndarray
    share: np.ndarray
    tone: np.ndarray
    eyeglasses: np.ndarray
    real_target: np.ndarray
    validation: np.ndarray
    person: np.ndarray

    def __len__(self) -> int:
        return len(self.pictures)

    @classmethod
    def load(cls, folder: Path) -> "FieldTable":
        """Map a table's files into memory, for reading.

        Raises:
            UsageError: the folder holds no table, or one of another version.
        """
        try:
            about = parse_json(read_text(folder / _ABOUT))
            if about["version"] != _VERSION:
                raise ValueError(f"its version is {about['version']}")
            columns = {f.name: map_array(folder / f"{f.name}.npy") for f in fields(cls)}
            check_columns(columns)
            return cls(**columns)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{folder} holds no table of pairs: {error}; make it anew") from error


def check_columns(columns: Mapping[str, np.ndarray]) -> None:
    """Check that columns are numbers, a row for each of the same pairs.

    Raises:
        ValueError: one is not; it is named.
    """
    lengths = {name: len(column) if column.ndim else -1 for name, column in columns.items()}
    for name, column in columns.items():
        if column.dtype.kind not in "biuf" or lengths[name] != next(iter(lengths.values())):
            raise ValueError(f"its column {name} is no column of numbers as long as the others")


def is_table(folder: Path) -> bool:
    """Tell whether a folder holds a whole table."""
    return (folder / _ABOUT).is_file()


def pack_shards(
    shards: list[Path], folder: Path, tell: Callable[[str], None] = lambda line: None
) -> FieldTable:
    """Write the pairs of shards as a table and load it.

    Args:
        shards: tar files of ``faceedit studio pairs``; pairs with turned heads or other light are
            left out.
        folder: takes the table; what lies there is written over.
        tell: takes a line of progress.

    Raises:
        UsageError: a shard is damaged, or none holds a pair of an expression.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ABOUT).unlink(missing_ok=True)
    files = {f.name: (folder / f"{f.name}.part").open("wb") for f in fields(FieldTable)}
    count, first = 0, {}
    try:
        for number, shard in enumerate(shards, 1):
            for row in _rows(shard):
                first = first or row
                for name, value in row.items():
                    files[name].write(np.ascontiguousarray(value).tobytes())
                count += 1
            if number % 50 == 0:
                tell(f"packed {count} pairs of {number} of {len(shards)} shards")
    finally:
        for file in files.values():
            file.close()
    if not count:
        raise UsageError("no pair of an expression in the shards")
    for name, value in first.items():
        _finish(folder, name, (count, *value.shape), value.dtype)
    (folder / _ABOUT).write_text(json.dumps({"version": _VERSION, "pairs": count}))
    return FieldTable.load(folder)


def _finish(folder: Path, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Put the header of an npy file before the rows that were written."""
    part, path = folder / f"{name}.part", folder / f"{name}.npy"
    rows = np.memmap(part, dtype, "r", shape=shape)
    whole = np.lib.format.open_memmap(path, "w+", dtype, shape)
    whole[:] = rows
    whole.flush()
    del rows
    part.unlink()


def _rows(shard: Path) -> Iterator[dict[str, np.ndarray]]:
    for _, pair in read_shard(shard):
        labels = pair.labels
        as_lit = labels.light == AS_PHOTOGRAPHED and np.allclose(labels.light_colour, 1)
        if as_lit and not labels.turn:
            yield row_of(pair)


def row_of(pair: Pair) -> dict[str, np.ndarray]:
    """Return one pair's row by the columns of `FieldTable`."""
    labels, given = pair.labels, pair.fields
    painted = np.maximum(given.opacity, pair.painted)
    trusted = cv2.erode((pair.valid & (painted < 0.05)).astype(np.float32), np.ones((3, 3)))
    amplitudes = np.zeros(len(EXPRESSIONS), np.float32)
    for name, amplitude in labels.ask.blend:
        if name in EXPRESSIONS:
            amplitudes[EXPRESSIONS.index(name)] = amplitude
    if not labels.ask.blend and not labels.ask.of_units:
        amplitudes[0] = 1.0
    return {
        "pictures": pair.input,
        "targets": _reduce(pair.target),
        "flow": _reduce(given.flow).astype(np.float16),
        "log_ratio": _reduce(given.log_ratio).astype(np.float16),
        "trusted": np.rint(255 * _reduce(trusted)).astype(np.uint8),
        "landmarks": np.stack([pair.landmarks_input, pair.landmarks_target]).astype(np.float32),
        "jaws": np.stack([pair.jaws_input, pair.jaws_target]).astype(np.float32),
        "amplitudes": amplitudes,
        "action_units": np.array(labels.action_units, np.float32).reshape(len(ACTION_UNITS)),
        "share": np.array(labels.ask.share, np.float32),
        "tone": tooth_tone(pair),
        "eyeglasses": np.array(labels.eyeglasses),
        "real_target": np.array(labels.real == "target"),
        "validation": np.array(labels.split == "val"),
        "person": np.array(hash_of(labels.person), np.int64),
    }


def tooth_tone(pair: Pair) -> np.ndarray:
    """Return the (3,) float32 RGB of a pair's newly shown lit teeth, NaN where there are few."""
    teeth = pair.fields.paint[(pair.painted > 0.9) & (pair.part == Part.TEETH)]
    if len(teeth) < FEWEST_TEETH:
        return np.full(3, np.nan, np.float32)
    luma = teeth @ LUMA
    return teeth[luma >= np.percentile(luma, BRIGHT)].mean(0).astype(np.float32)


def hash_of(person: str) -> int:
    """Return a number that is the same for one person everywhere."""
    return zlib.crc32(person.encode())


def _reduce(field: np.ndarray) -> np.ndarray:
    return cv2.resize(field, (FIELD_SIZE, FIELD_SIZE), interpolation=cv2.INTER_AREA)
