"""Neck, collar and hair below a far jaw: the jaw comes before them, and they stay."""

import cv2
import numpy as np

from faceedit.compose.turn.flow import looked_up, pixel_grid
from faceedit.compose.turn.half import Half
from faceedit.compose.turn.head import CHIN, Head, rise
from faceedit.compose.turn.outline import JAW, beard, rolled_back

CLEAR = 0.04
"""Eye distances below the photo's jaw from where on it is not skin of the face."""
ABOVE = (0.4, 0.6)
"""Above the photo's jaw, up to where a neck goes on if the jaw is there no more."""
NEARER, LOW = (-0.5, -0.3), (-0.5, -0.3)
"""From the middle outwards, and from the chin down, over which what is there comes to stay."""
BESIDE, BELOW = (0.15, 0.25), (0.15, 0.25)
"""Beside and below the photo's chin, up to where what is no skin is a beard."""
SOFT, SHARP = 0.04, (0.3, 0.7)
"""Eye distances over which its edge is smoothed, and what is left of that: nothing hangs between
what stays and what goes."""


def with_neck(head: Head, half: Half, around: np.ndarray) -> np.ndarray:
    """Return a person's flow that leaves a body below the far jaw in place.

    Where the photo has the chin before it, the neck goes on upwards from where it is seen.

    Args:
        head: in the photo.
        half: where the far half will be.
        around: (S, S, 2) float32 backward flow of the person.
    """
    places, unit = pixel_grid(head.size), np.float32(half.unit)
    beside, below = _from_chin(head, half, places)
    across, deep = _from_chin(head, half, head.landmarks[list(JAW), :2])
    order = np.argsort(across)
    across, deep = across[order], deep[order] + CLEAR
    edge = np.interp(beside, across, deep, left=-np.inf, right=-np.inf)
    up = np.maximum(edge - below, 0).astype(np.float32)
    # A beard turns along.
    chin = (1 - rise(np.abs(beside), BESIDE)) * (1 - rise(below, BELOW))
    hangs = np.maximum(beard(head), chin * (1 - head.skin))
    person = (head.matte * head.valid * (1 - hangs)).astype(np.float32)
    under = across[:, None] * half.out + (deep + CLEAR)[:, None] * half.down
    at = head.landmarks[CHIN, :2] + unit * under
    neck = cv2.remap(person, at[:, :1], at[:, 1:], cv2.INTER_LINEAR)[:, 0]
    neck = np.interp(beside, across, neck) * (1 - rise(up, ABOVE))
    stays = np.where(up > 0, neck, person) * rise(below, LOW)
    roll = rolled_back(head, half.turn, places) - places
    stays = looked_up(stays.astype(np.float32), roll)
    stays = rise(cv2.GaussianBlur(stays, (0, 0), SOFT * half.unit), SHARP)
    stays *= rise(half.far(places) - half.seam, NEARER) * rise(half.below(places), LOW)
    source = looked_up(places + (unit * up)[..., None] * half.down, roll)
    body = cv2.GaussianBlur(source, (0, 0), 1.0) - places
    return around + half.share * stays[..., None] * (body - around)


def _from_chin(head: Head, half: Half, places: np.ndarray) -> list[np.ndarray]:
    """Return how far out and how far below the photo's chin (..., 2) places are."""
    away = (places - head.landmarks[CHIN, :2]) / np.float32(half.unit)
    return [away @ one for one in (half.out, half.down)]
