"""What the closed-form layer gets wrong in all faces: corners of open mouths, wide lids, lips."""

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from faceedit.compose.eyes.lids import CREASES
from faceedit.faces.topology import (
    LOWER_LIDS,
    MOUTH_CORNERS,
    UPPER_LIDS,
    eye_distance,
    mean_shape,
)
from faceedit.methods.fields.shape_layer import MovedFaces, face_frame

UPPER_LIP, LOWER_LIP = 13, 14
"""Middles of the inner lips."""
CORNER_HEIGHT, SMILE_HEIGHT = 0.4, 0.04
"""How far down an opening the corners come at least: medians of portraits are 0.5 (20 surprised)
and 0.04 (67 smiling); the naturalness network likes a little less of both."""
SMILES = (0.6, 0.68)
"""Widths of a mouth in eye distances between which its corners are those of a smile."""
OPENS = (0.06, 0.16)
"""Eye distances that a mouth opens by, between which its corners come to lie there."""
CORNER_REACH = 0.17
"""Eye distances about a corner that go with it."""
WIDE_LIDS, LEAST_RISE, BEYOND = 0.122, 0.008, 0.4
"""Openings of the lids in eye distances, and a rise, from which on only a share of more counts:
in portraits of surprise the median is 0.13, and one in ten exceeds 0.15."""
CREASE_SHARE = 0.5
"""Of a lid's correction that its fold has."""

OUTER_LIPS = (0, 17)
"""Middles of the upper lip's upper edge and the lower lip's lower one."""
SWELLS, SWOLLEN = 1.06, 0.3
"""Thickness of a lip over that in the photo, times what the mouth gets narrower by, from which on
only a share of more counts: lips do not swell where a face is disgusted."""
BESIDE_LIPS = 0.14
"""Eye distances above and below the lips, over which skin goes with their edges."""


def settled(before: Tensor, faces: MovedFaces) -> MovedFaces:
    """Return moved faces whose open mouths and wide eyes are as those of people.

    Args:
        before: (N, 478, 3) crop pixels, upright.
        faces: the same, moved.
    """
    _, unit = face_frame(before)
    start, unit = before[..., :2].to(faces.landmarks), unit[..., 0].to(faces.landmarks)
    landmarks = faces.landmarks + _lips_thinner(start, faces.landmarks)
    landmarks[..., 1] += _corners_down(start, faces.landmarks, unit)
    for eye in (0, 1):
        lid, fold = (list(ring[eye]) for ring in (UPPER_LIDS, CREASES))
        down = _lid_down(start, faces.landmarks, unit, eye)
        along = torch.linspace(-1, 1, len(lid), dtype=down.dtype, device=down.device)
        landmarks[:, lid, 1] += down * (1 - along**2)
        landmarks[:, fold, 1] += CREASE_SHARE * down * (1 - along[1:-1] ** 2)
    return replace(faces, landmarks=landmarks)


def _corners_down(start: Tensor, after: Tensor, unit: Tensor) -> Tensor:
    """Return by how many pixels each point goes down, (N, 478), where a mouth opens."""
    gap = after[:, LOWER_LIP, 1:] - after[:, UPPER_LIP, 1:]
    had = start[:, LOWER_LIP, 1:] - start[:, UPPER_LIP, 1:]
    low, high = OPENS
    opens = (((gap - had.clamp(min=0)) / unit - low) / (high - low)).clamp(0, 1)
    left, right = MOUTH_CORNERS
    width = (after[:, left] - after[:, right]).norm(dim=-1, keepdim=True) / unit
    smiles = ((width - SMILES[0]) / (SMILES[1] - SMILES[0])).clamp(0, 1)
    height = CORNER_HEIGHT + smiles * (SMILE_HEIGHT - CORNER_HEIGHT)
    wanted = after[:, UPPER_LIP, 1:] + height * gap
    total = torch.zeros_like(after[..., 0])
    for corner in MOUTH_CORNERS:
        down = opens * (wanted - after[:, corner, 1:]).clamp(min=0)
        away = (after - after[:, corner : corner + 1]).norm(dim=-1) / unit
        total = total + down * torch.exp(-((away / CORNER_REACH) ** 2))
    return total


def _lips_thinner(start: Tensor, after: Tensor) -> Tensor:
    """Return how points go where lips swell, (N, 478, 2) pixels."""
    shift = torch.zeros_like(after)
    left, right = MOUTH_CORNERS
    widths = [(p[:, left] - p[:, right]).norm(dim=-1, keepdim=True) for p in (start, after)]
    least = SWELLS * (widths[0] / widths[1].clamp(min=1e-3)).clamp(1, 2)
    for edge, inner, share in zip(OUTER_LIPS, (UPPER_LIP, LOWER_LIP), _lip_shares(), strict=True):
        had = (start[:, edge, 1:] - start[:, inner, 1:]).abs()
        has = after[:, edge, 1:] - after[:, inner, 1:]
        more = (1 - SWOLLEN) * (has.abs() - least * had).clamp(min=0) * torch.sign(has)
        shift[..., 1] -= more * share.to(after)
    return shift


@cache
def _lip_shares() -> tuple[Tensor, Tensor]:
    """Return how far points go with the outer edge of the upper and the lower lip, (478,) each."""
    points = mean_shape()[:, :2].astype(np.float64) / eye_distance(mean_shape())
    left, right = points[list(MOUTH_CORNERS)]
    middle, half = (left + right)[0] / 2, abs(right - left)[0] / 2
    along = np.clip(1.25 - np.abs(points[:, 0] - middle) / half, 0, 1)
    shares = []
    for edge, inner in zip(OUTER_LIPS, (UPPER_LIP, LOWER_LIP), strict=True):
        thick = points[edge, 1] - points[inner, 1]
        out = (points[:, 1] - points[inner, 1]) / thick
        beyond = np.maximum(out - 1, 0) * abs(thick) / BESIDE_LIPS
        share = np.clip(out, 0, 1) * np.exp(-(beyond**2)) * np.sqrt(along)
        shares.append(torch.from_numpy(share.astype(np.float32)))
    return shares[0], shares[1]


def _lid_down(start: Tensor, after: Tensor, unit: Tensor, eye: int) -> Tensor:
    """Return by how many pixels the middle of an upper lid is to go down, (N, 1)."""
    upper, lower = UPPER_LIDS[eye], LOWER_LIDS[eye]
    top, bottom = upper[len(upper) // 2], lower[len(lower) // 2]
    had, has = ((p[:, bottom, 1:] - p[:, top, 1:]) / unit for p in (start, after))
    limit = torch.maximum(torch.full_like(had, WIDE_LIDS), had + LEAST_RISE)
    return (1 - BEYOND) * (has - limit).clamp(min=0) * unit
