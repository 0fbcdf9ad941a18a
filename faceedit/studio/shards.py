"""Pairs on disk: tar files of PNGs and JSON, as WebDataset has them, so that training streams them.

One record is `KEY.input.png`, `KEY.target.png`, `KEY.flow.png` (16 bit: x, y, opacity),
`KEY.ratio.png` (16 bit RGB), `KEY.paint.png`, `KEY.maps.png` (part, regions of input and target),
`KEY.masks.png` (valid, painted, shown eye), `KEY.teeth.png` (16 bit: u, v, 0), `KEY.landmarks.npy`
(2, 478, 3), `KEY.jaws.npy` (2, 20, 2) and `KEY.json`.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from faceedit.errors import UsageError
from faceedit.faces.tones import to_bytes
from faceedit.studio.expressions import Ask
from faceedit.studio.fields import Fields
from faceedit.studio.record import Choices, Labels, Pair

FLOW_STEP = 1 / 64
"""Pixels; sixteen bits hold ±512."""
RATIO_STEP = 1 / 4096
ZERO = 1 << 15
FULL = (1 << 16) - 1
_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_END = bytes(2 * tarfile.BLOCKSIZE)
_DAMAGE = (tarfile.TarError, cv2.error, LookupError, ValueError, TypeError, OSError, EOFError)
"""What reading other files, or damaged ones, ends with."""


def write_shard(path: Path, pairs: Iterable[tuple[str, Pair]]) -> int:
    """Write keyed pairs to a tar file that appears whole or not at all; returns how many."""
    part, count = part_of(path), 0
    try:
        with tarfile.open(part, "w") as archive:
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
        UsageError: the file is no shard, or is cut off.
    """
    try:
        _check_end(path)
        with tarfile.open(path) as archive:
            key, members = "", {}
            for entry in archive:
                name, _, kind = entry.name.partition(".")
                if key and name != key:
                    yield key, decode_pair(members)
                    members = {}
                key = name
                content = archive.extractfile(entry)
                members[kind] = content.read() if content else b""
            if key:
                yield key, decode_pair(members)
    except _DAMAGE as error:
        raise UsageError(f"{path} is not a whole shard of pairs: {error}") from error


def _check_end(path: Path) -> None:
    """Look for the mark at the end: tarfile takes a file cut off between entries for whole."""
    with path.open("rb") as file:
        file.seek(-len(_END), io.SEEK_END)
        if file.read() != _END:
            raise ValueError("it is cut off")


def encode_pair(pair: Pair) -> dict[str, bytes]:
    """Return the files of one record by what follows the key in their names."""
    fields = pair.fields
    flow = np.dstack([_quantise(fields.flow, FLOW_STEP), _share(fields.opacity)])
    masks = np.dstack([pair.valid, pair.painted, pair.shown_eye]).astype(np.float32)
    teeth = np.dstack([_share(pair.tooth_coordinates), np.zeros(pair.part.shape, np.uint16)])
    maps = np.dstack([pair.part.view(np.uint8), pair.regions_input, pair.regions_target])
    about = {"labels": asdict(pair.labels), "choices": asdict(pair.choices)}
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
    flow, ratio = _read_png(members["flow.png"]), _read_png(members["ratio.png"])
    maps, masks = _read_png(members["maps.png"]), _read_png(members["masks.png"])
    landmarks, jaws = (_read_npy(members[f"{name}.npy"]) for name in ("landmarks", "jaws"))
    about = json.loads(members["json"])
    teeth = _read_png(members["teeth.png"])[..., :2].astype(np.float32) / FULL
    return Pair(
        input=_read_png(members["input.png"]),
        target=_read_png(members["target.png"]),
        fields=Fields(
            flow=(flow[..., :2].astype(np.float32) - ZERO) * np.float32(FLOW_STEP),
            log_ratio=(ratio.astype(np.float32) - ZERO) * np.float32(RATIO_STEP),
            paint=_read_png(members["paint.png"]).astype(np.float32) / 255,
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
        choices=Choices(**about["choices"] | {"creases": tuple(about["choices"]["creases"])}),
    )


def _labels(stored: dict[str, Any]) -> Labels:
    tuples: dict[str, Any] = {k: tuple(v) for k, v in stored.items() if isinstance(v, list)}
    asks: dict[str, Any] = {k: _ask(stored[k]) for k in ("ask", "shown")}
    return Labels(**stored | tuples | asks)


def _ask(stored: dict) -> Ask:
    blend = tuple((name, amplitude) for name, amplitude in stored["blend"])
    return Ask(
        blend, tuple(stored["action_units"]), stored["lean"], stored["manner"], stored["share"]
    )


def _quantise(values: np.ndarray, step: float) -> np.ndarray:
    return np.clip(np.rint(values / step) + ZERO, 0, FULL).astype(np.uint16)


def _share(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * FULL).astype(np.uint16)


def _npy(before: np.ndarray, after: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.save(data, np.stack([before, after]).astype(np.float32))
    return data.getvalue()


def _read_npy(data: bytes) -> np.ndarray:
    return np.load(io.BytesIO(data), allow_pickle=False)


def _png(pixels: np.ndarray) -> bytes:
    done, data = cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]), _FAST)
    if not done:
        raise ValueError("a picture could not be encoded")
    return data.tobytes()


def _read_png(data: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("a picture cannot be decoded")
    return np.ascontiguousarray(pixels[..., ::-1])
