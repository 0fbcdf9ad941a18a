"""Attribute vectors y: which expression, how much light, and how far aside a head looks."""

import numpy as np

from faceedit.errors import UsageError
from faceedit.targets import EXPRESSIONS, Expression, LightChange, Target, Turn

LIGHTS = ("normal", "weak", "dark")
"""Of Fig. 2b, keys of `lights.LEVELS`."""
ANGLES = (0, 15, 30, 45)
"""Degrees of yaw to either side (Fig. 2a): a mirrored picture keeps its label."""
GROUPS = (len(EXPRESSIONS), len(LIGHTS), len(ANGLES))
WIDTH = sum(GROUPS)
"""n_y, numbers in a vector: one of each group is 1."""
TARGETS = (*EXPRESSIONS, *(f"light={name}" for name in LIGHTS), "turn")
"""What a target may ask for."""


def vector_of(expression: int, light: int, yaw: float) -> np.ndarray:
    """Return y of what is shown, (15,) float32.

    Args:
        expression: its number in `targets.EXPRESSIONS`.
        light: its number in `LIGHTS`.
        yaw: degrees.

    >>> vector_of(1, 0, -20.0).nonzero()[0].tolist()
    [1, 8, 12]
    """
    y = np.zeros(WIDTH, np.float32)
    angle = int(np.abs(np.array(ANGLES) - abs(yaw)).argmin())
    y[[expression, GROUPS[0] + light, GROUPS[0] + GROUPS[1] + angle]] = 1
    return y


def with_group(y: np.ndarray, group: int, value: int) -> np.ndarray:
    """Return a vector with another value in one of `GROUPS`.

    >>> with_group(vector_of(1, 0, 0), 1, 2).nonzero()[0].tolist()
    [1, 10, 11]
    """
    start = sum(GROUPS[:group])
    changed = y.copy()
    changed[start : start + GROUPS[group]] = 0
    changed[start + value] = 1
    return changed


def asked_vector(target: Target, shown: np.ndarray, yaw: float) -> np.ndarray:
    """Return y of what a face is to show: what a target does not name stays.

    Args:
        target: of the names of `TARGETS`.
        shown: (15,) what it shows.
        yaw: degrees of the face.

    Raises:
        UsageError: it asks for several expressions, or for a turn up, down or sideways.
    """
    y = shown
    if len(target.expressions) > 1:
        raise UsageError("lssl (paper) knows one expression at a time")
    for term in target.terms:
        if isinstance(term, Expression):
            y = with_group(y, 0, EXPRESSIONS.index(term.name))
        elif isinstance(term, LightChange):
            y = with_group(y, 1, LIGHTS.index(term.light))
        elif isinstance(term, Turn):
            if term.pitch or term.roll or term.up is not None or term.tilt is not None:
                raise UsageError("lssl (paper) turns heads to the side alone: write yaw or to")
            wanted = yaw + term.yaw if term.to is None else term.to
            angle = int(np.abs(np.array(ANGLES) - abs(wanted)).argmin())
            y = with_group(y, 2, angle)
    return y
