"""Action units that a target sets, as changes of those that a face shows."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from faceedit.faces.align import Crop
from faceedit.targets import Target, relative_units, unit_changes

STEP = 0.1
"""Of what is read, so that the same photo gives the same edit on every machine."""
SURE = (0.3, 1.0)
"""Intensity from which on a unit may be there, and is: a reading of a calm face is seldom 0."""


class ReadsUnits(Protocol):
    """What reads action units; `UnitReader` is one."""

    def read(self, crops: Sequence[Crop], batch: int) -> list[np.ndarray]:
        """Return (17,) intensities of each crop, looking at so many at a time."""
        ...


def count_shown(
    targets: Sequence[Target], crops: Sequence[Crop], reader: ReadsUnits, batch: int
) -> list[Target]:
    """Return what each target changes of its face: relative action units alone.

    Args:
        targets: of expressions and action units.
        crops: of the faces.
        reader: reads action units.
        batch: so many at a time.
    """
    readings = reader.read(crops, batch)
    pairs = zip(targets, readings, strict=True)
    return [relative_units(unit_changes(target, shown(one))) for target, one in pairs]


def shown(intensities: np.ndarray) -> list[float]:
    """Return (17,) intensities in steps, without what is no more than a reading's doubt."""
    start, end = SURE
    share = np.clip((intensities - start) / (end - start), 0.0, 1.0)
    return (np.round(intensities * share / STEP) * STEP).tolist()
