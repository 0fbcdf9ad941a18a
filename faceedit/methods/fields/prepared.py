"""Training pairs as the network is shown them, made once and kept on disk."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch

from faceedit.compose.eye_strip import eye_strip
from faceedit.errors import UsageError
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import EYES, INNER_LIPS
from faceedit.methods.fields.drawn import FIELD_SIZE, WORKING_SIZE, draw_face
from faceedit.methods.fields.generator import CROP_SIZE, FieldGenerator
from faceedit.tones import to_bytes
from faceedit.training.pair_table import PairTable, check_columns
from faceedit.untrusted import map_array, parse_json, read_text

DRAWN_BY_DETAILS = 5
"""Field pixels about lids and inner lips that `compose.details` draws and no field needs to."""
_ABOUT = "prepared.json"


@dataclass(frozen=True)
class Prepared:
    """Columns of N pairs.

    Attributes:
        picture: (N, 64, 64, 3) uint8 RGB.
        strip: (N, 32, 96, 3) uint8 RGB, `compose.eye_strip` of the photo.
        moved: (N, 128, 128, 3) uint8 RGB, and the next three as `drawn.Drawn` has them.
        maps: (N, 64, 64, 12) uint8.
        drawn_flow: (N, 128, 128, 2) float16.
        drawn_shade: (N, 128, 128, 3) float16.
        flow: (N, 128, 128, 2) float16 crop pixels, what the studio did.
        log_ratio: (N, 128, 128, 3) float16.
        trusted: (N, 128, 128) uint8, 255 where a field is to say it.
        condition: (N, C) float32.
        tone: (N, 3) float32, NaN where no teeth tell.
        eyeglasses: (N,) bool.
        validation: (N,) bool.
        acting: (N, 64, 64, P) int8 in units of 1 / 127, as `drawn.Drawn` has it; None where the
            condition acts everywhere.
    """

    picture: np.ndarray
    strip: np.ndarray
    moved: np.ndarray
    maps: np.ndarray
    drawn_flow: np.ndarray
    drawn_shade: np.ndarray
    flow: np.ndarray
    log_ratio: np.ndarray
    trusted: np.ndarray
    condition: np.ndarray
    tone: np.ndarray
    eyeglasses: np.ndarray
    validation: np.ndarray
    acting: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.picture)

    @classmethod
    def load(cls, folder: Path) -> "Prepared":
        """Map what `prepare` wrote into memory.

        Raises:
            UsageError: it is not there.
        """
        try:
            parse_json(read_text(folder / _ABOUT))
            files = {f.name: folder / f"{f.name}.npy" for f in fields(cls)}
            has_acting = files["acting"].is_file()
            columns = {k: map_array(p) for k, p in files.items() if k != "acting" or has_acting}
            check_columns(columns)
            return cls(**columns)
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder} holds no prepared pairs: {error}") from error


def is_prepared(folder: Path) -> bool:
    """Tell whether a folder holds what `prepare` writes."""
    return (folder / _ABOUT).is_file()


def prepare(
    table: PairTable,
    rows: np.ndarray,
    conditions: np.ndarray,
    generator: FieldGenerator,
    folder: Path,
    tell: Callable[[str], None] = lambda line: None,
) -> Prepared:
    """Draw pairs as the layers see them.

    Args:
        table: of pairs.
        rows: numbers of the pairs.
        conditions: (N, C) of every pair of the table.
        generator: on the CPU, its layers of shape and shade fitted.
        folder: takes the columns.
        tell: takes a line of progress.

    Raises:
        UsageError: there are no rows.
    """
    if not len(rows):
        raise UsageError("no pair can be learned from; faceedit studio pairs makes them")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ABOUT).unlink(missing_ok=True)
    columns: dict[str, np.ndarray] = {}
    for place, row in enumerate(rows):
        for name, value in _row(table, row, conditions[row], generator).items():
            if name not in columns:
                path = folder / f"{name}.npy"
                columns[name] = np.lib.format.open_memmap(
                    path, "w+", value.dtype, (len(rows), *value.shape)
                )
            columns[name][place] = value
        if (place + 1) % 1000 == 0:
            tell(f"prepared {place + 1} of {len(rows)} pairs")
    for column in columns.values():
        column.flush()  # pyright: ignore[reportAttributeAccessIssue]
    (folder / _ABOUT).write_text(json.dumps({"pairs": len(rows)}))
    return Prepared.load(folder)


def _row(
    table: PairTable, row: int, condition: np.ndarray, generator: FieldGenerator
) -> dict[str, np.ndarray]:
    """Return a row of `Prepared` by its columns."""
    pair = table[row]
    landmarks = np.array(pair["landmarks"][0])
    given, by_details = draw_row(pair["pictures"], landmarks, condition, generator)
    trusted = np.asarray(pair["trusted"]) * (1 - by_details)
    kept = ("flow", "log_ratio", "tone", "eyeglasses", "validation")
    return (
        given
        | {"trusted": np.rint(trusted).astype(np.uint8)}
        | {name: np.asarray(pair[name]) for name in kept}
    )


@torch.no_grad()
def draw_row(
    pixels: np.ndarray, landmarks: np.ndarray, condition: np.ndarray, generator: FieldGenerator
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw what the layers make of one face.

    Args:
        pixels: (256, 256, 3) uint8 RGB.
        landmarks: (478, 3) float32 crop pixels.
        condition: (C,) float32.
        generator: on the CPU, its layers of shape and shade fitted.

    Returns:
        What a row of `Prepared` shows the network: picture, strip, moved, maps, drawn_flow,
        drawn_shade, condition, and acting where the condition acts somewhere; and what
        `of_details` says of the face.
    """
    asked = torch.from_numpy(condition[None])
    picture = pixels.astype(np.float32) / 255
    moved = generator.shape_layer(torch.from_numpy(landmarks[None]), asked).landmarks[0].numpy()
    shades = np.ascontiguousarray(generator.shade_layer(asked)[0].permute(1, 2, 0).numpy())
    drawn = draw_face(picture, landmarks, moved, shades, generator.acting_at(asked[0]))
    small = cv2.resize(picture, (WORKING_SIZE, WORKING_SIZE), interpolation=cv2.INTER_AREA)
    columns = {
        "picture": to_bytes(small),
        "strip": eye_strip(pixels, landmarks),
        "moved": to_bytes(drawn.moved),
        "maps": to_bytes(drawn.maps),
        "drawn_flow": drawn.flow.astype(np.float16),
        "drawn_shade": drawn.shade.astype(np.float16),
        "condition": condition,
    }
    if drawn.acting is not None:
        columns["acting"] = np.rint(127 * drawn.acting.clip(-1, 1)).astype(np.int8)
    return columns, of_details(landmarks, moved)


def of_details(landmarks: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Return what `compose.details` draws of a face, (128, 128) float32 in [0, 1]."""
    drawn = np.zeros((FIELD_SIZE, FIELD_SIZE), np.float32)
    scale = FIELD_SIZE / CROP_SIZE
    for points in (landmarks[:, :2], moved):
        places = (points.astype(np.float64) + 0.5) * scale - 0.5
        for ring in (*EYES, INNER_LIPS):
            drawn = np.maximum(drawn, fill_polygon(places[list(ring)], drawn.shape))
    return cv2.dilate(drawn, np.ones((DRAWN_BY_DETAILS, DRAWN_BY_DETAILS)))
