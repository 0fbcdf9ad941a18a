"""Rises from 0 to 1: straight, or with level ends."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def ramp(values: Any, between: Sequence[float]) -> Any:
    """Return numbers or an array of them as they rise from 0 to 1 between two, which may fall.

    >>> float(ramp(2.0, (1.0, 5.0))), float(ramp(2.0, (3.0, 1.0)))
    (0.25, 0.5)
    """
    return np.clip((values - between[0]) / (between[1] - between[0]), 0, 1)


def smoothstep(values: Any, between: Sequence[float] = (0.0, 1.0)) -> Any:
    """Return the same with level ends, 3 x^2 - 2 x^3.

    >>> float(smoothstep(0.5)), float(smoothstep(2.0, (1.0, 5.0)))
    (0.5, 0.15625)
    """
    rise = ramp(values, between)
    return rise * rise * (3 - 2 * rise)
