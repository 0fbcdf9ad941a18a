"""Pairs on disk: tar files of PNGs and JSON, as WebDataset has them, so that training streams them.

One record is `KEY.input.png`, `KEY.target.png`, `KEY.flow.png` (16 bit: x, y, opacity),
`KEY.ratio.png` (16 bit RGB), `KEY.paint.png`, `KEY.maps.png` (part, regions of input and target),
`KEY.masks.png` (valid, painted, shown eye), `KEY.teeth.png` (16 bit: u, v, 0), `KEY.landmarks.npy`
(2, 478, 3), `KEY.jaws.npy` (2, 20, 2) and `KEY.json`.
"""

import io
import json
import struct
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import cv2
import numpy as np

from faceedit.errors import UsageError
from faceedit.outputs import open_new
from faceedit.ranges import short
from faceedit.studio.expressions import Ask
from faceedit.studio.fields import Fields
from faceedit.studio.record import Choices, Labels, Pair
from faceedit.tones import to_bytes
from faceedit.untrusted import open_regular, parse_json

T = TypeVar("T")

FLOW_STEP = 1 / 64
"""Pixels; sixteen bits hold ±512."""
RATIO_STEP = 1 / 4096
ZERO = 1 << 15
FULL = (1 << 16) - 1
_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_PNG = b"\x89PNG\r\n\x1a\n"
_END = bytes(2 * tarfile.BLOCKSIZE)
_DAMAGE = (
    tarfile.TarError, cv2.error, LookupError, ValueError, TypeError, AttributeError, OSError,
    EOFError, OverflowError, RecursionError,
)  # fmt: skip
"""What reading other files, or damaged ones, ends with."""
LARGEST, MOST_FILES = 1 << 34, 1_000_000
"""Bytes and files of a shard."""
LARGEST_FILE = 1 << 26
LARGEST_SIDE = 4096
"""Bytes of a file in it, and pixels of a picture's side."""
_NAMES = {"folds": "creases", "fold_gain": "crease_gain"}
"""What shards call these choices."""
_SHAPES = {"landmarks.npy": (2, 478, 3), "jaws.npy": (2, 20, 2)}
_KINDS = {
    "input.png", "target.png", "flow.png", "ratio.png", "paint.png", "maps.png", "masks.png",
    "teeth.png", "json", *_SHAPES,
}  # fmt: skip


def write_shard(path: Path, pairs: Iterable[tuple[str, Pair]]) -> int:
    """Write keyed pairs to a tar file that appears whole or not at all; returns how many."""
    part, count = part_of(path), 0
    try:
        # A killed run left it.
        part.unlink(missing_ok=True)
        with open_new(part) as file, tarfile.open(fileobj=file, mode="w") as archive:
            for key, pair in pairs:
                for name, data in encode_pair(pair).items():
                    entry = tarfile.TarInfo(f"{key}.{name}")
                    entry.size = len(data)
                    archive.addfile(entry, io.BytesIO(data))
                count += 1
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return count


def part_of(path: Path) -> Path:
    """Return where a shard is written before it is whole."""
    return path.with_suffix(".part")


def read_shard(path: Path) -> Iterator[tuple[str, Pair]]:
    """Yield the keyed pairs of a tar file in order.

    Raises:
        UsageError: the file is no shard, is cut off, or holds what no shard does.
    """
    try:
        with open_regular(path, LARGEST) as file:
            _check_end(file)
            # Not "r": that unpacks what is compressed, to any size.
            with tarfile.open(fileobj=file, mode="r:", tarinfo=_File) as archive:
                key, members = "", {}
                for number, entry in enumerate(archive):
                    name, _, kind = entry.name.partition(".")
                    if key and name != key:
                        yield key, decode_pair(members)
                        members = {}
                    key = name
                    if number >= MOST_FILES or entry.size > LARGEST_FILE:
                        raise ValueError("it holds more than a shard does")
                    content = archive.extractfile(entry)
                    if content is not None and kind in _KINDS:
                        members[kind] = content.read()
                if key:
                    yield key, decode_pair(members)
    except _DAMAGE as error:
        raise UsageError(f"{path} is not a whole shard of pairs: {error}") from error


class _File(tarfile.TarInfo):
    """An entry of a shard: a plain file, whose header alone says all about it."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # Long names, links, sparse files and the like say themselves how large they become.
        if self.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
            raise tarfile.ReadError("it holds something else than plain files")
        return super()._proc_member(archive)  # pyright: ignore[reportAttributeAccessIssue]


def _check_end(file: BinaryIO) -> None:
    """Look for the mark at the end: tarfile takes a file cut off between entries for whole."""
    file.seek(-len(_END), io.SEEK_END)
    if file.read() != _END:
        raise ValueError("it is cut off")
    file.seek(0)


def encode_pair(pair: Pair) -> dict[str, bytes]:
    """Return the files of one record by what follows the key in their names."""
    fields = pair.fields
    flow = np.dstack([_quantise(fields.flow, FLOW_STEP), _share(fields.opacity)])
    masks = np.dstack([pair.valid, pair.painted, pair.shown_eye]).astype(np.float32)
    teeth = np.dstack([_share(pair.tooth_coordinates), np.zeros(pair.part.shape, np.uint16)])
    maps = np.dstack([pair.part.view(np.uint8), pair.regions_input, pair.regions_target])
    about = {"labels": asdict(pair.labels), "choices": _in_file(pair.choices)}
    return {
        "input.png": _png(pair.input),
        "target.png": _png(pair.target),
        "flow.png": _png(flow),
        "ratio.png": _png(_quantise(fields.log_ratio, RATIO_STEP)),
        "paint.png": _png(to_bytes(fields.paint * (fields.opacity > 0)[..., None])),
        "maps.png": _png(maps),
        "masks.png": _png(to_bytes(masks)),
        "teeth.png": _png(teeth),
        "landmarks.npy": _npy(pair.landmarks_input, pair.landmarks_target),
        "jaws.npy": _npy(pair.jaws_input, pair.jaws_target),
        "json": json.dumps(about).encode(),
    }


def decode_pair(members: dict[str, bytes]) -> Pair:
    """Return the pair of the files that `encode_pair` gave.

    Raises:
        KeyError: a file is missing.
        ValueError: a file is not what its name says.
    """
    given = _read_png(members["input.png"], np.uint8)
    side = len(given)

    def picture(name: str, kind: type) -> np.ndarray:
        return _read_png(members[f"{name}.png"], kind, side)

    flow, ratio = picture("flow", np.uint16), picture("ratio", np.uint16)
    maps, masks = picture("maps", np.uint8), picture("masks", np.uint8)
    landmarks, jaws = (_read_npy(members[name], shape) for name, shape in _SHAPES.items())
    about = parse_json(members["json"])
    teeth = picture("teeth", np.uint16)[..., :2].astype(np.float32) / FULL
    return Pair(
        input=given,
        target=picture("target", np.uint8),
        fields=Fields(
            flow=(flow[..., :2].astype(np.float32) - ZERO) * np.float32(FLOW_STEP),
            log_ratio=(ratio.astype(np.float32) - ZERO) * np.float32(RATIO_STEP),
            paint=picture("paint", np.uint8).astype(np.float32) / 255,
            opacity=flow[..., 2].astype(np.float32) / FULL,
        ),
        part=maps[..., 0].copy().view(np.int8),
        regions_input=maps[..., 1].copy(),
        regions_target=maps[..., 2].copy(),
        valid=masks[..., 0] > 127,
        painted=masks[..., 1].astype(np.float32) / 255,
        shown_eye=masks[..., 2].astype(np.float32) / 255,
        tooth_coordinates=teeth,
        landmarks_input=landmarks[0],
        landmarks_target=landmarks[1],
        jaws_input=jaws[0],
        jaws_target=jaws[1],
        labels=_labels(about["labels"]),
        choices=_choices(about["choices"]),
    )


def _in_file(choices: Choices) -> dict[str, Any]:
    return {_NAMES.get(name, name): value for name, value in asdict(choices).items()}


def _choices(stored: dict[str, Any]) -> Choices:
    back = {in_file: name for name, in_file in _NAMES.items()}
    named = {back.get(name, name): value for name, value in stored.items()}
    return _like(Choices(0), named, "folds")


def _labels(stored: dict[str, Any]) -> Labels:
    asks = {name: _ask(stored[name]) for name in ("ask", "shown")}
    rest = {name: value for name, value in stored.items() if name not in asks}
    return replace(_like(Labels(Ask()), rest), **asks)


def _ask(stored: dict[str, Any]) -> Ask:
    blend = tuple((name, amplitude) for name, amplitude in stored["blend"])
    for name, amplitude in blend:
        if not isinstance(name, str) or not _is_number(amplitude):
            raise ValueError(f"an expression is {name!r} by {amplitude!r}")
    rest = {name: value for name, value in stored.items() if name != "blend"}
    return replace(_like(Ask(), rest), blend=blend)


def _like(pattern: T, stored: dict[str, Any], free: str = "") -> T:
    """Return a dataclass with stored values, each of the kind that the pattern's has.

    Args:
        pattern: has a value of the right kind, and lists of the right length.
        stored: values by name, lists for tuples.
        free: name of a list of any length.
    """
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
    for name, value in values.items():
        kind = getattr(pattern, name)
        if isinstance(kind, tuple):
            sound = isinstance(value, tuple) and all(map(_is_number, value))
            sound = sound and (name == free or len(value) == len(kind))
        else:
            text = isinstance(kind, str | bool)
            sound = type(value) is type(kind) if text else _is_number(value)
        if not sound:
            raise ValueError(f"its {name} is {short(value)}")
    return replace(pattern, **values)  # pyright: ignore[reportArgumentType]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _quantise(values: np.ndarray, step: float) -> np.ndarray:
    return np.clip(np.rint(values / step) + ZERO, 0, FULL).astype(np.uint16)


def _share(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * FULL).astype(np.uint16)


def _npy(before: np.ndarray, after: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.save(data, np.stack([before, after]).astype(np.float32))
    return data.getvalue()


def _read_npy(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array is of another version")
    found, _, dtype = np.lib.format.read_array_header_1_0(file)
    # The header alone would make an array of any size.
    if found != shape or dtype != np.float32:
        raise ValueError(f"an array is {found} of {dtype}, not {shape}")
    array = np.frombuffer(data, dtype, offset=file.tell()).reshape(shape)
    if not np.isfinite(array).all():
        raise ValueError("points are not finite")
    return array.copy()


def _png(pixels: np.ndarray) -> bytes:
    done, data = cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]), _FAST)
    if not done:
        raise ValueError("a picture could not be encoded")
    return data.tobytes()


def _read_png(data: bytes, kind: type, side: int | None = None) -> np.ndarray:
    """Decode a square of three channels, of `side` pixels or any that is allowed."""
    # Its size stands at its start; a few bytes can become gigabytes.
    sides = struct.unpack_from(">8s8xII", data) if len(data) > 24 else (b"", 0, 0)
    if sides[0] != _PNG or not 1 <= sides[1] == sides[2] <= LARGEST_SIDE:
        raise ValueError(f"a picture is no PNG of at most {LARGEST_SIDE} pixels a side")
    if side is not None and sides[1] != side:
        raise ValueError(f"a picture has {sides[1]} pixels a side where others have {side}")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != kind:
        raise ValueError("a picture cannot be decoded, or has other channels")
    return np.ascontiguousarray(pixels[..., ::-1])
