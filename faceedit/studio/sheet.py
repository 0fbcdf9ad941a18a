"""One person drawn through everything the studio does, for people to look at."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from faceedit.errors import UsageError
from faceedit.lights import LIGHTS
from faceedit.outputs import NEW_ONLY, Permit, write_atomic
from faceedit.studio.expressions import Ask
from faceedit.studio.pairs import make_pair
from faceedit.studio.record import Pair
from faceedit.studio.rig import Rig
from faceedit.studio.sampling import Order
from faceedit.studio.sitting import take_sitting
from faceedit.studio.sources import SourcePhoto
from faceedit.targets import ACTION_UNITS
from faceedit.tones import to_bytes

AMPLITUDES = (0.3, 0.6, 1.0, 1.3, 1.6)
INTENSITIES = (1, 2, 3, 4, 5)
SUFFIXES = (".png", ".jpg")
TURNS = (-30.0, -20.0, -10.0, 10.0, 20.0, 30.0)
BLENDS = 10
COLUMNS = 10
REGION_COLOURS = np.array(
    [(90, 90, 90), (230, 180, 150), (240, 150, 110), (110, 70, 40), (80, 160, 255), (40, 220, 220),
     (250, 200, 60), (120, 20, 40), (220, 60, 90), (200, 140, 110), (70, 40, 20), (60, 110, 70)],
    np.uint8,
)  # fmt: skip


def count_pictures(rig: Rig) -> int:
    """Return how many pictures `draw_person` draws."""
    expressions = len(AMPLITUDES) * (len(rig.tables.names) - 1)
    units = len(INTENSITIES) * len(ACTION_UNITS)
    return 2 + expressions + BLENDS + units + 2 * len(LIGHTS) + len(TURNS)


def draw_person(
    rig: Rig,
    source: SourcePhoto,
    path: Path,
    size: int,
    seed: int,
    permit: Permit = NEW_ONLY,
    step: Callable[[], object] = lambda: None,
) -> None:
    """Write a sheet: expressions by amplitude, action units, lights, both, turns, what is recorded.

    Args:
        rig: model, tables, folds and mouths.
        source: the photo.
        path: a .png or .jpg file.
        size: side of each picture in pixels.
        seed: of all choices; each row is drawn with the same.
        permit: what may be replaced.
        step: called with each picture that is drawn, see `count_pictures`.

    Raises:
        UsageError: the path ends otherwise.
        PhotoError: the photo cannot be read, or the sheet not be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: sheets are written as {' or '.join(SUFFIXES)}")
    sitting = take_sitting(rig, source, size)

    def show(order: Order) -> Pair:
        pair = make_pair(rig, sitting, order, seed)
        step()
        return pair

    photo = sitting.sitter.subject.crop.to_bytes()
    rows: list[list[tuple[str, np.ndarray]]] = [[("photo", photo)]]
    neutral = show(Order(Ask()))
    rows[0].append(("neutral", neutral.target))
    rows[0] += _recorded(show(Order(Ask((("happy", 1.0),)))))
    by_amplitude = [(name, a) for name in rig.tables.names[1:] for a in AMPLITUDES]
    rows.append([(f"{n} {a:g}", show(Order(Ask(((n, a),)))).target) for n, a in by_amplitude])
    pairs = [("happy", "surprised"), ("sad", "angry"), ("afraid", "disgusted")]
    happy = Ask((("happy", 1.0),))
    blends = {f"{a} + {b}": Ask(((a, 0.6), (b, 0.6))) for a, b in pairs}
    blends |= {f"happy, lean {lean:g}": replace(happy, lean=lean) for lean in (-0.4, 0.4)}
    blends |= {f"happy, manner {m}": replace(happy, manner=m) for m in range(1, 6)}
    rows.append([(title, show(Order(ask)).target) for title, ask in blends.items()])
    by_unit = [(n, i) for n in range(len(ACTION_UNITS)) for i in INTENSITIES]
    rows.append(
        [
            (f"AU{ACTION_UNITS[n]}: {i}", show(Order(_one_unit(n, float(i)))).target)
            for n, i in by_unit
        ]
    )
    rows.append([(name, show(Order(light=name)).target) for name in LIGHTS])
    rows.append([(f"happy {n}", show(Order(happy, n)).target) for n in LIGHTS])
    rows.append([(f"turn {t:g}", show(Order(turn=t)).target) for t in TURNS])
    _write(path, rows, permit)


def _one_unit(number: int, level: float) -> Ask:
    levels = [0.0] * len(ACTION_UNITS)
    levels[number] = level
    return Ask((), tuple(levels))


def _recorded(pair: Pair) -> list[tuple[str, np.ndarray]]:
    """Return pictures of what a pair records."""
    fields = pair.fields
    flow = np.dstack([fields.flow / 16 + 0.5, np.full(fields.opacity.shape, 0.5, np.float32)])
    teeth = np.dstack([pair.tooth_coordinates, pair.painted])
    grey = np.dstack([fields.opacity] * 3)
    return [
        ("happy", pair.target),
        ("flow", to_bytes(flow)),
        ("log ratio", to_bytes(fields.log_ratio + 0.5)),
        ("opacity", to_bytes(grey)),
        ("teeth", to_bytes(teeth)),
        ("regions", REGION_COLOURS[pair.regions_input]),
        ("regions after", REGION_COLOURS[pair.regions_target]),
    ]


def _write(path: Path, rows: list[list[tuple[str, np.ndarray]]], permit: Permit) -> None:
    strips = []
    for row in rows:
        for start in range(0, len(row), COLUMNS):
            part = row[start : start + COLUMNS]
            cells = [_titled(name, picture) for name, picture in part]
            cells += [np.full_like(cells[0], 255)] * (COLUMNS - len(cells))
            strips.append(np.hstack(cells))
    _, data = cv2.imencode(path.suffix, np.vstack(strips)[..., ::-1])
    write_atomic(path, data.tobytes(), permit)


def _titled(name: str, picture: np.ndarray) -> np.ndarray:
    head = np.full((18, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(head, name, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([head, picture])
