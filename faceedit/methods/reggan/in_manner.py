"""Faces that show an expression in one of several manners: each part in its own strength."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from faceedit.compose.mouth.traits import traits_of
from faceedit.faces.topology import EYES, MOUTH_CORNERS, NOSE, eye_distance, mean_shape
from faceedit.methods.fields.shape_layer import MovedFaces
from faceedit.methods.reggan.condition import BLOCKS
from faceedit.ramps import smoothstep
from faceedit.targets import Target
from faceedit.targets.manners import PARTS, Manner, manners_of

LIDS = 0.13
"""Eye distances from the middle of an eye within which all goes with its lids."""
BETWEEN = 0.12
"""Eye distances over which one part goes over into another."""
SMIRK = BLOCKS.index("contemptuous")
ASIDE, SMIRKS = (-0.15, 1.0), (0.45, 0.95)
"""Halves of a mouth, towards the corner that smirks, between which points come to take part, and
how far they then go across and down of what was learned, which drags the whole mouth aside."""
NAMED = tuple[str, Manner]


def move_in_manner(
    layer: Callable[[Tensor, Tensor], MovedFaces],
    landmarks: Tensor,
    asked: Tensor,
    manners: Sequence[Sequence[NAMED]],
) -> MovedFaces:
    """Move faces, each part by the strengths that a manner has for it.

    Args:
        layer: of the method.
        landmarks: (N, 478, 3) crop pixels, upright.
        asked: (C,) condition.
        manners: of each face, for expressions by name; those that are not named are as usual.
    """
    conditions = torch.stack([_condition(asked, part, own) for part in PARTS for own in manners])
    # All parts in one go: the layer unpacks its weights at each call.
    faces = layer(landmarks.repeat(len(PARTS), 1, 1), conditions.to(landmarks))
    start, many = landmarks[..., :2], len(landmarks)
    moved = (faces.landmarks.unflatten(0, (len(PARTS), many)) - start).mul_(
        part_shares().to(landmarks)[:, None, :, None]
    )
    # The last part's jaws are the mouth's.
    after = start + moved.sum(0) - _dragged(layer, landmarks, asked)
    return MovedFaces(after, faces.jaws[-many:], faces.jaws_moved[-many:])


def _dragged(
    layer: Callable[[Tensor, Tensor], MovedFaces], landmarks: Tensor, asked: Tensor
) -> Tensor:
    """Return what a smirk moves of the lips' middle and the other side, (N, 478, 2) pixels."""
    alone = torch.zeros_like(asked)
    alone[SMIRK] = asked[SMIRK]
    if not alone.any():
        return torch.zeros_like(landmarks[..., :2])
    faces = layer(landmarks, alone.expand(len(landmarks), -1).to(landmarks))
    return (1 - smirk_shares().to(landmarks)) * (faces.landmarks - landmarks[..., :2])


@cache
def smirk_shares() -> Tensor:
    """Return the share of a smirk that each point goes by, across and down, (478, 2)."""
    across = mean_shape()[:, 0] / mean_shape()[MOUTH_CORNERS[1], 0]
    first, whole = ASIDE
    share = smoothstep((across - first) / (whole - first))
    return torch.from_numpy(share[:, None] * np.array(SMIRKS, np.float32))


def _condition(asked: Tensor, part: str, manners: Sequence[NAMED]) -> Tensor:
    condition = asked.clone()
    for name, manner in manners:
        at = BLOCKS.index(name)
        condition[at] += (getattr(manner, part) - 1) * asked[at]
        for where, other, share in manner.mixed:
            if where == part:
                condition[BLOCKS.index(other)] += share * asked[at]
    return condition


def manners_for(landmarks: np.ndarray, target: Target) -> list[NAMED]:
    """Return the manner of each expression of a target: what is asked for, else the face's own.

    Args:
        landmarks: (478, 3) of the face before the edit.
        target: what it is to show.
    """
    own = (traits_of(landmarks).course + 1) / 2
    named = []
    for one in target.expressions:
        manners = manners_of(one.name)
        at = one.manner - 1 if one.manner else min(int(own * len(manners)), len(manners) - 1)
        named.append((one.name, manners[at]))
    return named


@cache
def part_shares() -> Tensor:
    """Return how far each point belongs to each of `PARTS`, (3, 478), 1 in all."""
    points = mean_shape()[:, :2].astype(np.float64) / eye_distance(mean_shape())
    eyes = [points[list(eye)].mean(0) for eye in EYES]
    down = np.sign(points[NOSE[11], 1] - eyes[0][1])
    away = np.min([np.linalg.norm(points - eye, axis=1) for eye in eyes], axis=0)
    lids = smoothstep((LIDS + BETWEEN - away) / BETWEEN)
    below = down * (points[:, 1] - eyes[0][1])
    mouth = (1 - lids) * smoothstep(below / BETWEEN)
    return torch.from_numpy(np.stack([1 - lids - mouth, lids, mouth]))
