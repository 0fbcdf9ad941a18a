"""Solving the shape layer: Eq. 6 of the paper on landmarks, of the studio's faces or real ones.

Apart from the layer, so that editing photos loads nothing of the studio.
"""

import numpy as np
import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.faces.topology import OUTER_EYE_CORNERS, mirror
from faceedit.methods.reggan.shape_layer import (
    BLOCKS,
    HINGES,
    MODES,
    N_POINTS,
    ONE_SIDED,
    SHOWN,
    ShapeLayer,
    face_frame,
)
from faceedit.studio.shapes import LEVELS, ShapeTable
from faceedit.targets import EXPRESSIONS

_MIRRORED_JAWS = np.concatenate([np.arange(5)[::-1] + k for k in (0, 5, 10, 15)])


def fit_shape_layer(
    table: ShapeTable, amplitudes: dict[str, float], components: int = 160, ridge: float = 10.0
) -> ShapeLayer:
    """Solve the layer on faces and, where they say the same, their mirror images.

    Args:
        table: of training people.
        amplitudes: the studio's amplitude that strength 1 of each expression stands for.
        components: of shape.
        ridge: weight of the squared norm of what is solved for, against the sum over faces, with
            lengths in eye distances; not on the constant.

    Raises:
        UsageError: there are too few faces.
    """
    if components >= 2 * len(table.photo):
        raise UsageError(
            f"{len(table.photo)} faces do not tell {components} components of shape; "
            "faceedit studio shapes makes more of more photos, --set components=N takes fewer"
        )
    landmarks = np.concatenate([table.landmarks, _mirrored(table.landmarks)])
    jaws = np.concatenate([table.jaws, _mirrored_jaws(table.jaws, table.landmarks)])
    layer = ShapeLayer(components)
    middle, unit = face_frame(torch.from_numpy(landmarks))
    shape = ((torch.from_numpy(landmarks) - middle) / unit).flatten(1).double()
    layer.mean.copy_(shape.mean(0))
    centred = shape - shape.mean(0)
    part = centred[:: max(1, len(centred) // 4000)]
    axes = torch.linalg.svd(part, full_matrices=False)[2]
    spread = (centred @ axes[:components].T).std(0)
    layer.basis.copy_(axes[:components] / spread[:, None])
    features = layer.features(torch.from_numpy(landmarks)).double()
    at = torch.from_numpy(jaws) - middle[..., :2]
    layer.jaws.copy_(_solve(features, (at / unit).flatten(1).double(), ridge))
    wanted = {
        name: (torch.from_numpy(_both_sides(table, name, amplitudes)).double() / unit).flatten(1)
        for name in BLOCKS
    }
    unexpressive = torch.cat([wanted["calm"], wanted["neutral"]], 1)
    layer.shown.copy_(_shown(features, unexpressive, ridge))
    layer.hinges.copy_(_hinges(features @ layer.shown.double()))
    whole = torch.cat([features, layer.bent(features)], 1)
    bends = []
    for block, name in enumerate(BLOCKS):
        rows = len(table.photo) if name in ONE_SIDED else len(whole)
        solved = _solve(whole[:rows], wanted[name][:rows], ridge)
        layer.weight[block].copy_(solved[: components + 1])
        bends.append(solved[components + 1 :])
    modes = torch.linalg.svd(torch.cat(bends), full_matrices=False)[2][:MODES]
    layer.modes[: len(modes)] = modes
    layer.bend.copy_(torch.stack(bends) @ layer.modes.T)
    return layer


def _shown(features: Tensor, unexpressive: Tensor, ridge: float) -> Tensor:
    """Return what tells how much a face shows: where it would go to show nothing, (K + 1, 6).

    Args:
        features: (N, K + 1) linear ones.
        unexpressive: (N, P) displacements that take what is shown away.
        ridge: of `fit_shape_layer`.
    """
    away = _solve(features, unexpressive, ridge).double()
    said = features @ away
    middle = said.mean(0)
    _, sizes, axes = torch.linalg.svd(said - middle, full_matrices=False)
    # Of faces that all move alike nothing is shown.
    spread = (sizes[:SHOWN] / len(said) ** 0.5).clamp(min=1e-4)
    away[0] -= middle
    shown = torch.zeros(features.shape[1], SHOWN, dtype=torch.float64)
    shown[:, : len(spread)] = away @ axes[:SHOWN].T / spread
    return shown.float()


def _hinges(shown: Tensor) -> Tensor:
    """Return random hinges, each with its mirror image, (7, 256).

    Args:
        shown: (2 N, 6) of faces and then of their mirror images.
    """
    rng = torch.Generator().manual_seed(0)
    directions = torch.randn(SHOWN, HINGES // 2, generator=rng)
    directions = directions / directions.norm(dim=0)
    offsets = torch.randn(1, HINGES // 2, generator=rng)
    faces, mirrored = shown.chunk(2)
    signs = torch.where((faces * mirrored).sum(0) < 0, -1.0, 1.0)[:, None]
    ways = [torch.cat([d, offsets]) for d in (directions, signs * directions)]
    return torch.cat(ways, 1)


def _both_sides(table: ShapeTable, name: str, amplitudes: dict[str, float]) -> np.ndarray:
    """Return the displacements of one block, of faces and then of their mirror images."""
    moved = _displacement(table, name, amplitudes)
    return np.concatenate([moved, _mirrored_vectors(moved)])


@torch.no_grad()
def tune_shape_layer(
    layer: ShapeLayer, landmarks: Tensor, moved: Tensor, shares: Tensor, ridge: float
) -> None:
    """Solve a layer again for real faces, each target's block with a ridge towards what it was.

    Args:
        layer: solved; changed in place.
        landmarks: (N, 478, 3) crop pixels.
        moved: (N, 478, 2) where they really went.
        shares: (N, 9), each with one target in full.
        ridge: weight of the squared norm of the change, on the constant too.
    """
    unit = face_frame(landmarks)[1].double()
    missing = (moved - layer(landmarks, shares).landmarks).double() / unit
    features = layer.features(landmarks).double()
    penalty = torch.eye(features.shape[1], dtype=torch.float64) * ridge
    for block in range(1, len(BLOCKS)):
        rows = shares[:, block] > 0
        if not rows.any():
            continue
        x = features[rows]
        change = torch.linalg.solve(x.T @ x + penalty, x.T @ missing[rows].flatten(1))
        layer.weight[block, :, : 2 * N_POINTS] += change.float()


def _solve(features: Tensor, wanted: Tensor, ridge: float) -> Tensor:
    """Solve Eq. 6: (X^T X + ridge) W = X^T T."""
    penalty = torch.full((features.shape[1],), ridge, dtype=torch.float64)
    penalty[0] = 1e-6
    return torch.linalg.solve(features.T @ features + penalty.diag(), features.T @ wanted).float()


def _displacement(table: ShapeTable, name: str, amplitudes: dict[str, float]) -> np.ndarray:
    """Return the (N, 498, 2) displacement of one block."""
    calm = table.calm.astype(np.float32)
    if name == "calm":
        return calm
    if name == "neutral":
        return table.neutral.astype(np.float32)
    at_one, beyond = (
        table.moved[:, EXPRESSIONS.index(name) - 1, k].astype(np.float32) for k in range(2)
    )
    part = (amplitudes[name] - LEVELS[0]) / (LEVELS[1] - LEVELS[0])
    return at_one + part * (beyond - at_one) - calm


def _mirrored(landmarks: np.ndarray) -> np.ndarray:
    """Mirror (N, 478, 3) faces about the middle of their eyes."""
    middle = landmarks[:, list(OUTER_EYE_CORNERS), :1].mean(1, keepdims=True)
    seen = landmarks[:, np.argsort(mirror())].copy()
    seen[..., :1] = 2 * middle - seen[..., :1]
    return seen


def _mirrored_jaws(jaws: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    middle = landmarks[:, list(OUTER_EYE_CORNERS), :1].mean(1, keepdims=True)
    seen = jaws[:, _MIRRORED_JAWS].copy()
    seen[..., :1] = 2 * middle - seen[..., :1]
    return seen


def _mirrored_vectors(vectors: np.ndarray) -> np.ndarray:
    """Mirror (N, 498, 2) displacements."""
    order = np.concatenate([np.argsort(mirror()), N_POINTS + _MIRRORED_JAWS])
    return vectors[:, order] * np.array([-1, 1], vectors.dtype)
