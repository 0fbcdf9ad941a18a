"""Neck, collar and hair below a far jaw: the jaw comes before them, and they stay."""

import cv2
import numpy as np

from faceedit.compose.turn.flow import pixel_grid
from faceedit.compose.turn.half import Half
from faceedit.compose.turn.head import CHIN, Head
from faceedit.compose.turn.outline import JAW, rolled_back
from faceedit.compose.turn.reach import sampled
from faceedit.ramps import ramp

CLEAR = 0.04
"""Eye distances below the photo's jaw from where on it is not skin of the face."""
ABOVE = (0.4, 0.6)
"""Above the photo's jaw, up to where a neck goes on if the jaw is there no more."""
SHRUNK = 0.4
"""Height of what is seen of a neck for that of what goes on above: no streaks."""
NEARER, LOW = (-0.5, -0.3), (-0.5, -0.3)
"""From the middle outwards, and from the chin down, over which what is there comes to stay."""
BESIDE, BELOW = (0.15, 0.25), (0.15, 0.25)
"""Beside and below the photo's chin, up to where what is no skin is a beard."""
SOFT, SHARP = 0.04, (0.3, 0.7)
"""Eye distances over which its edge is smoothed, and what is left of that: nothing hangs between
what stays and what goes."""


def with_body(head: Head, half: Half, around: np.ndarray) -> np.ndarray:
    """Return a person's flow that leaves a body below the far jaw in place.

    Where the photo has the chin before it, the neck goes on upwards from where it is seen.

    Args:
        head: in the photo.
        half: where the far half will be.
        around: (S, S, 2) float32 backward flow of the person.
    """
    size, unit = head.size, np.float32(half.unit)
    rows = slice(_first_row(half, size), size)
    places = pixel_grid(size)[rows]
    at = rolled_back(head, half.turn, places)
    beside, below = _from_chin(head, half, at)
    across, deep = _from_chin(head, half, head.landmarks[list(JAW), :2])
    order = np.argsort(across)
    across, deep = across[order], deep[order] + CLEAR
    edge = np.interp(beside, across, deep, left=-np.inf, right=-np.inf)
    up = np.maximum(edge - below, 0).astype(np.float32)
    # A beard turns along.
    x, y = np.moveaxis(pixel_grid(size) - head.landmarks[CHIN, :2], -1, 0) / unit
    chin = (1 - ramp(np.abs(x), BESIDE)) * (1 - ramp(y, BELOW))
    person = (head.matte * head.valid * (1 - chin * (1 - head.skin))).astype(np.float32)
    under = across[:, None] * half.out + (deep + CLEAR)[:, None] * half.down
    jaw = head.landmarks[None, CHIN, :2] + unit * under[:, None]
    neck = sampled(person, jaw.astype(np.float32))[:, 0]
    # A neck is one: what lies further out than its edge is none.
    middle = int(np.searchsorted(across, 0))
    neck[middle:] = np.minimum.accumulate(neck[middle:])
    neck = np.interp(beside, across, neck) * (1 - ramp(up, ABOVE))
    stays = np.where(up > 0, neck, sampled(person, at.astype(np.float32))) * ramp(below, LOW)
    stays = cv2.GaussianBlur(stays.astype(np.float32), (0, 0), SOFT * half.unit)
    stays = ramp(stays, SHARP) * half.share
    stays *= ramp(half.far(places) - half.seam, NEARER) * ramp(half.below(places), LOW)
    under = at + ((1 + SHRUNK) * unit * up)[..., None] * half.down
    body = cv2.GaussianBlur(under, (0, 0), 1.0) - places
    around = around.copy()
    around[rows] += stays[..., None] * (body - around[rows])
    return around


def _first_row(half: Half, size: int) -> int:
    """Return the row above which nothing is so low that it stays."""
    chin, down = half.face[CHIN, :2], half.down
    sides = (np.array([0, size - 1]) - chin[0]) * down[0]
    rows = chin[1] + (LOW[0] * half.unit - sides) / down[1]
    return int(np.clip(rows.min(), 0, size - 1))


def _from_chin(head: Head, half: Half, places: np.ndarray) -> list[np.ndarray]:
    """Return how far out and how far below the photo's chin (..., 2) places are."""
    away = (places - head.landmarks[CHIN, :2]) / np.float32(half.unit)
    return [away @ one for one in (half.out, half.down)]
