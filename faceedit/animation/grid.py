"""Sheets of one face at intensities of action units: two units by each other, or all in rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from faceedit.animation.frames import Reel
from faceedit.errors import UsageError
from faceedit.faces.align import crop_affine, invert, sample_crop
from faceedit.sheets import draw_table
from faceedit.targets import (
    ACTION_UNITS,
    MAX_INTENSITY,
    UNIT_NAMES,
    LightChange,
    Target,
    UnitChange,
)

GAP = 6
TYPE = 1 / 12
"""Size of labels as a share of a cell's side."""
LEAST_TYPE = 13.0


@dataclass(frozen=True)
class Plan:
    """What a sheet shows.

    Attributes:
        targets: of each cell, row by row.
        columns: labels.
        rows: labels; one for each of the targets' rows.
        axes: what columns and rows are.
    """

    targets: tuple[tuple[Target, ...], ...]
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    axes: tuple[str, str]


def plan_grid(units: Sequence[int], steps: int) -> Plan:
    """Return a sheet of one unit in a row, or of two by each other; intensities go from 0 to 5.

    Args:
        units: one or two, of `ACTION_UNITS`; the first one's intensities are the columns.
        steps: from 0 to 5, 1 or more.

    Raises:
        UsageError: an unknown unit, one that is named twice, or another number of them.

    >>> plan = plan_grid([12, 4], 2)
    >>> [[str(target) for target in row] for row in plan.targets][1]
    ['au=12=0,4=2.5', 'au=12=2.5,4=2.5', 'au=12=5,4=2.5']
    >>> plan.axes, plan.columns
    (('AU 12 lip corner puller', 'AU 4 brow lowerer'), ('0', '2.5', '5'))
    """
    if not 1 <= len(units) <= 2 or len(set(units)) < len(units):
        raise UsageError("name one action unit or two, such as --au 12 --au 4, or --all")
    levels = _levels(steps)
    labels = tuple(f"{level:.3g}" for level in levels)
    across = [UnitChange(units[0], level) for level in levels]
    if len(units) == 1:
        return Plan((tuple(Target((one,)) for one in across),), labels, (), (_name(units[0]), ""))
    down = [UnitChange(units[1], level) for level in levels]
    targets = tuple(tuple(Target((one, other)) for one in across) for other in down)
    return Plan(targets, labels, labels, (_name(units[0]), _name(units[1])))


def plan_all(steps: int) -> Plan:
    """Return a sheet with a row for each unit, intensities from 0 to 5."""
    levels = _levels(steps)
    targets = tuple(
        tuple(Target((UnitChange(unit, level),)) for level in levels) for unit in ACTION_UNITS
    )
    labels = tuple(f"{level:.3g}" for level in levels)
    return Plan(targets, labels, tuple(map(_name, ACTION_UNITS)), ("intensity", ""))


def plan_lights(names: Sequence[str]) -> dict[str, Target]:
    """Return a target for each named light and, last, for even light, by their captions."""
    return {name: Target((LightChange(name),)) for name in (*names, "flat")}


def frame_of_person(landmarks: np.ndarray, shape: Sequence[int], size: int) -> np.ndarray:
    """Return the (2, 3) map to a square about a face, up to twice its crop, that the photo fills.

    Args:
        landmarks: (478, 3) in pixels of the photo.
        shape: height and width of the photo.
        size: side of the square in pixels.
    """
    affine = crop_affine(landmarks, size)
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]]) - 0.5
    for span in np.linspace(2, 1, 21):
        middle = (size - 1) / 2
        wide = np.hstack([affine[:, :2], affine[:, 2:] - middle]) / span
        wide[:, 2] += middle
        back = invert(wide)
        seen = corners @ back[:, :2].T + back[:, 2]
        if (seen >= -1).all() and (seen <= np.array(shape[1::-1])).all():
            return wide
    return affine


def draw_grid(plan: Plan, reel: Reel, size: int) -> Image.Image:
    """Draw a sheet of the first face of a photo.

    Args:
        plan: of the sheet.
        reel: the frames of its targets, row by row.
        size: side of a cell in pixels.
    """
    affine = crop_affine(reel.scene.faces[0].landmarks, size)
    cells = [np.rint(255 * sample_crop(one, affine, size)).astype(np.uint8) for one in reel]
    width = len(plan.columns)
    rows = [cells[at : at + width] for at in range(0, len(cells), width)]
    type_size = max(LEAST_TYPE, TYPE * size)
    return draw_table(rows, plan.columns, plan.rows, plan.axes, GAP, type_size)


def _levels(steps: int) -> list[float]:
    return [MAX_INTENSITY * step / steps for step in range(steps + 1)]


def _name(unit: int) -> str:
    return f"AU {unit} {UNIT_NAMES[unit]}"
