"""The studio's pairs, packed for training: any row by its number, at the fields' resolution.

A table is a folder of npy files, one row per pair, which any number of processes map into memory.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from faceedit.errors import UsageError
from faceedit.lights import LIGHT_ORDER
from faceedit.names import unknown
from faceedit.studio.model import Part
from faceedit.studio.record import AS_PHOTOGRAPHED, Labels, Pair
from faceedit.studio.shards import read_shard
from faceedit.targets import ACTION_UNITS, ATTRIBUTES, EXPRESSIONS
from faceedit.tones import LUMA
from faceedit.untrusted import map_array, parse_json, read_text

FIELD_SIZE = 128
FEWEST_TEETH = 30
"""Newly painted pixels of teeth that say how they are lit."""
BRIGHT = 65
"""Percentile of their luma from which on they are the lit ones."""
_ABOUT = "table.json"
_VERSION = 2
_READ = (1, 2)
"""Versions that are read. The first had no optional columns, and no relit or turned pairs."""
OWN_LIGHT = -1
"""Number of the photo's own light."""


@dataclass(frozen=True)
class PairTable:
    """Columns of N pairs; a crop has S pixels a side, fields h. ``table[row]`` is one pair.

    Columns from `light` on are optional: None where a table has none.

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
        light: (N,) int64, number in `lights.LIGHT_ORDER` of the target's light, or `OWN_LIGHT`.
        light_colour: (N, 3) float32 linear RGB of its key light.
        input_light: (N, 3) float32, estimated direction of the photo's light (x right, y up, z to
            the camera) times its strength.
        turn: (N,) float32 degrees that the head was turned, positive to the image's right.
        regions: (N, 2, h, h) uint8 of `regions.Region`, of input and target.
        measured: (N,) bool, `action_units` were measured on a photo and not asked for.
        unit_changes: (N, 2, 17) float32, how much each action unit of the person's left and right
            side was to change; 0 where something else was asked for.
        attributes: (N, 13) float32 0 or 1 in the order of `ATTRIBUTES`, NaN where unknown.
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
    light: np.ndarray | None = None
    light_colour: np.ndarray | None = None
    input_light: np.ndarray | None = None
    turn: np.ndarray | None = None
    regions: np.ndarray | None = None
    measured: np.ndarray | None = None
    unit_changes: np.ndarray | None = None
    attributes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, row: int) -> dict[str, np.ndarray]:
        """Return one pair by the names of the columns that the table has."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: column[row] for name, column in columns.items() if column is not None}

    def as_photographed(self) -> np.ndarray:
        """Return which pairs keep the photo's light and the head's pose, (N,) bool."""
        kept = np.ones(len(self), bool)
        if self.light is not None:
            kept &= np.asarray(self.light) == OWN_LIGHT
        if self.light_colour is not None:
            kept &= np.isclose(self.light_colour, 1).all(1)
        if self.turn is not None:
            kept &= np.asarray(self.turn) == 0
        return kept

    @classmethod
    def load(cls, folder: Path) -> "PairTable":
        """Map a table's files into memory, for reading.

        Raises:
            UsageError: the folder holds no table, or one of another version.
        """
        try:
            about = parse_json(read_text(folder / _ABOUT))
            if about["version"] not in _READ:
                raise ValueError(f"its version is {about['version']}")
            files = {f.name: folder / f"{f.name}.npy" for f in fields(cls)}
            needed = {f.name for f in fields(cls) if f.default is MISSING}
            columns = {k: map_array(p) for k, p in files.items() if k in needed or p.is_file()}
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
) -> PairTable:
    """Write the pairs of shards as a table and load it.

    Args:
        shards: tar files of ``faceedit studio pairs``.
        folder: takes the table; what lies there is written over.
        tell: takes a line of progress.

    Raises:
        UsageError: a shard is damaged, or none holds a pair.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ABOUT).unlink(missing_ok=True)
    files = {f.name: (folder / f"{f.name}.part").open("wb") for f in fields(PairTable)}
    count, first = 0, {}
    try:
        for number, shard in enumerate(shards, 1):
            for _, pair in read_shard(shard):
                row = row_of(pair)
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
        raise UsageError("no pair in the shards")
    for name, value in first.items():
        _finish(folder, name, (count, *value.shape), value.dtype)
    (folder / _ABOUT).write_text(json.dumps({"version": _VERSION, "pairs": count}))
    return PairTable.load(folder)


def _finish(folder: Path, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Put the header of an npy file before the rows that were written."""
    part, path = folder / f"{name}.part", folder / f"{name}.npy"
    rows = np.memmap(part, dtype, "r", shape=shape)
    whole = np.lib.format.open_memmap(path, "w+", dtype, shape)
    whole[:] = rows
    whole.flush()
    del rows
    part.unlink()


def row_of(pair: Pair) -> dict[str, np.ndarray]:
    """Return one pair's row by the columns of `PairTable`.

    Raises:
        UsageError: its light is unknown.
    """
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
        "light": np.array(_light_number(labels.light), np.int64),
        "light_colour": np.array(labels.light_colour, np.float32),
        "input_light": np.array(labels.input_light, np.float32),
        "turn": np.array(labels.turn, np.float32),
        "regions": np.stack([_nearest(pair.regions_input), _nearest(pair.regions_target)]),
        "measured": np.array(labels.measured),
        "unit_changes": np.array(labels.ask.side_units, np.float32),
        "attributes": _attributes(labels),
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


def _nearest(labels: np.ndarray) -> np.ndarray:
    return cv2.resize(labels, (FIELD_SIZE, FIELD_SIZE), interpolation=cv2.INTER_NEAREST)


def _light_number(name: str) -> int:
    if name == AS_PHOTOGRAPHED:
        return OWN_LIGHT
    if name not in LIGHT_ORDER:
        raise UsageError(unknown("light", name, LIGHT_ORDER))
    return LIGHT_ORDER.index(name)


def _attributes(labels: Labels) -> np.ndarray:
    """Return what labels tell of the attributes."""
    known = {"eyeglasses": float(labels.eyeglasses)}
    return np.array([known.get(name, np.nan) for name in ATTRIBUTES], np.float32)
