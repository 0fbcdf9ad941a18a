"""Noses that disgust squashes: lips that rise to them, and their wings."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from faceedit.faces.topology import eye_distance, mean_shape

LIPS = (13, 14)
"""Middles of the inner lips."""
NOSE_BASE, CUPID = 2, 0
"""Foot of a nose, and the middle of the upper lip's edge."""
SHORT, SHORTER = 0.75, 0.5
"""Distance of these over that in the photo below which only a share of less counts: lips that rise
to a nose squash it."""
WINGS, WINGS_RISE, MORE_RISE, WING_REACH = (98, 327), 0.085, 0.6, 0.13
"""Wings of a nose, eye distances by which they rise, beyond which only a share of more counts, and
eye distances about them that go with them."""
MOUTH_REACH = (0.5, 0.32)
"""Eye distances about a mouth, across and down, that go with it."""


def nose_held(start: Tensor, after: Tensor, unit: Tensor) -> Tensor:
    """Return by how many pixels each point goes down, (N, 478), where a nose is squashed.

    Args:
        start: (N, 478, 2) crop pixels, upright.
        after: (N, 478, 2), the same, moved.
        unit: (N, 1) eye distances in pixels.
    """
    had, has = (p[:, CUPID, 1:] - p[:, NOSE_BASE, 1:] for p in (start, after))
    mouth, *wings = (share.to(after) for share in _nose_shares())
    down = (1 - SHORTER) * (SHORT * had - has).clamp(min=0) * mouth
    for wing, share in zip(WINGS, wings, strict=True):
        rises = start[:, wing, 1:] - after[:, wing, 1:] - WINGS_RISE * unit
        down = down + (1 - MORE_RISE) * rises.clamp(min=0) * share
    return down


@cache
def _nose_shares() -> tuple[Tensor, Tensor, Tensor]:
    """Return how far points go with the mouth, and with either wing of the nose, (478,) each."""
    points = mean_shape()[:, :2].astype(np.float64) / eye_distance(mean_shape())
    middle, (_, base), (_, lip) = (
        points[list(LIPS)].mean(0),
        *points[[NOSE_BASE, CUPID]],
    )
    off = np.linalg.norm((points - middle) / MOUTH_REACH, axis=1)
    mouth = np.exp(-(off**2)) * np.clip((points[:, 1] - base) / (lip - base), 0, 1)
    away = [np.linalg.norm(points - points[wing], axis=1) / WING_REACH for wing in WINGS]
    shares = (mouth, *(np.exp(-(one**2)) for one in away))
    first, second, third = (torch.from_numpy(one.astype(np.float32)) for one in shares)
    return first, second, third
