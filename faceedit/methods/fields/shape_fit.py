"""Solving the shape layer: Eq. 6 of RegGAN on landmarks, of the studio's faces or real ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.faces.topology import OUTER_EYE_CORNERS, mirror
from faceedit.methods.fields.condition import ConditionSpec
from faceedit.methods.fields.shape_layer import (
    MODES,
    N_POINTS,
    SHOWN,
    FaceFeatures,
    ShapeLayer,
    face_frame,
)

_MIRRORED_JAWS = np.concatenate([np.arange(5)[::-1] + k for k in (0, 5, 10, 15)])


@dataclass(frozen=True)
class Motions:
    """Where the points of N faces go, in crop pixels; displacements are of landmarks, then jaws.

    Attributes:
        landmarks: (N, 478, 3).
        jaws: (N, 20, 2).
        moved: (N, 498, 2) displacements by name of the condition; names that move nothing may be
            left out, both of what is `ConditionSpec.swapped` or neither.
        bare: (N, 498, 2) displacements each that take away what a face shows already.
    """

    landmarks: np.ndarray
    jaws: np.ndarray
    moved: Mapping[str, np.ndarray]
    bare: tuple[np.ndarray, ...] = ()


def fit_shape_layer(
    motions: Motions, spec: ConditionSpec, components: int = 160, ridge: float = 10.0
) -> ShapeLayer:
    """Solve the layer on faces and, where they say the same, their mirror images.

    Args:
        motions: of training people.
        spec: of the condition.
        components: of shape.
        ridge: weight of the squared norm of what is solved for, against the sum over faces, with
            lengths in eye distances; not on the constant.

    Raises:
        UsageError: there are too few faces.
    """
    count = len(motions.landmarks)
    layer = ShapeLayer(components, spec.width)
    whole, unit = fit_features(layer, motions.landmarks, motions.jaws, motions.bare, ridge)
    bends: dict[int, Tensor] = {}
    for number, name in enumerate(spec.names):
        if name not in motions.moved:
            continue
        wanted = torch.from_numpy(_both_sides(motions.moved, spec, number)).double() / unit
        rows = count if spec.partners[number] is None else len(whole)
        solved = solve(whole[:rows], wanted.flatten(1)[:rows], ridge)
        layer.weight[number].copy_(solved[: components + 1])
        bends[number] = solved[components + 1 :]
    if bends:
        modes = torch.linalg.svd(torch.cat([*bends.values()]), full_matrices=False)[2][:MODES]
        layer.modes[: len(modes)] = modes
        layer.bend[list(bends)] = torch.stack([*bends.values()]) @ layer.modes.T
    return layer


def fit_features(
    layer: FaceFeatures,
    landmarks: np.ndarray,
    jaws: np.ndarray,
    bare: Iterable[np.ndarray],
    ridge: float,
) -> tuple[Tensor, Tensor]:
    """Learn what the shapes of faces, and of their mirror images, say.

    Args:
        layer: takes mean, components, jaws, `shown` and hinges.
        landmarks: (N, 478, 3) crop pixels.
        jaws: (N, 20, 2) crop pixels.
        bare: (N, 498, 2) displacements each that take away what a face shows.
        ridge: as in `fit_shape_layer`.

    Returns:
        Features, products and hinges of faces and then of mirror images, (2 N, K + 1 + B) float64;
        and their eye distances, (2 N, 1, 1).

    Raises:
        UsageError: there are too few faces.
    """
    count, components = len(landmarks), len(layer.basis)
    if components >= 2 * count:
        raise UsageError(
            f"{count} faces do not tell {components} components of shape; "
            "faceedit studio shapes makes more of more photos, --set components=N takes fewer"
        )
    jaws = np.concatenate([jaws, _mirrored_jaws(jaws, landmarks)])
    faces = torch.from_numpy(both_landmarks(landmarks))
    middle, unit = face_frame(faces)
    shape = ((faces - middle) / unit).flatten(1).double()
    layer.mean.copy_(shape.mean(0))
    centred = shape - shape.mean(0)
    part = centred[:: max(1, len(centred) // 4000)]
    axes = torch.linalg.svd(part, full_matrices=False)[2]
    spread = (centred @ axes[:components].T).std(0)
    layer.basis.copy_(axes[:components] / spread[:, None])
    features = layer.features(faces).double()
    at = torch.from_numpy(jaws) - middle[..., :2]
    layer.jaws.copy_(solve(features, (at / unit).flatten(1).double(), ridge))
    sides = [np.concatenate([one, mirrored_vectors(one)]) for one in bare]
    if sides:
        away = [(torch.from_numpy(one).double() / unit).flatten(1) for one in sides]
        layer.shown.copy_(_shown(features, torch.cat(away, 1), ridge))
    layer.hinges.copy_(_hinges(features @ layer.shown.double(), layer.hinges.shape[1]))
    return torch.cat([features, layer.bent(features)], 1), unit


def _shown(features: Tensor, unexpressive: Tensor, ridge: float) -> Tensor:
    """Return what tells how much a face shows: where it would go to show nothing, (K + 1, 6).

    Args:
        features: (N, K + 1) linear ones.
        unexpressive: (N, P) displacements that take what is shown away.
        ridge: of `fit_shape_layer`.
    """
    away = solve(features, unexpressive, ridge).double()
    said = features @ away
    middle = said.mean(0)
    _, sizes, axes = torch.linalg.svd(said - middle, full_matrices=False)
    # Of faces that all move alike nothing is shown.
    spread = (sizes[:SHOWN] / len(said) ** 0.5).clamp(min=1e-4)
    away[0] -= middle
    shown = torch.zeros(features.shape[1], SHOWN, dtype=torch.float64)
    shown[:, : len(spread)] = away @ axes[:SHOWN].T / spread
    return shown.float()


def _hinges(shown: Tensor, count: int) -> Tensor:
    """Return random hinges, each with its mirror image, (7, count).

    Args:
        shown: (2 N, 6) of faces and then of their mirror images.
        count: how many, even.
    """
    rng = torch.Generator().manual_seed(0)
    directions = torch.randn(SHOWN, count // 2, generator=rng)
    directions = directions / directions.norm(dim=0)
    offsets = torch.randn(1, count // 2, generator=rng)
    faces, mirrored = shown.chunk(2)
    signs = torch.where((faces * mirrored).sum(0) < 0, -1.0, 1.0)[:, None]
    ways = [torch.cat([d, offsets]) for d in (directions, signs * directions)]
    return torch.cat(ways, 1)


def _both_sides(moved: Mapping[str, np.ndarray], spec: ConditionSpec, number: int) -> np.ndarray:
    """Return the displacements of one number, of faces and then of their mirror images.

    Those of mirror images are zeros where the number has none; they are not used then.
    """
    own, partner = moved[spec.names[number]], spec.partners[number]
    other = np.zeros_like(own) if partner is None else moved[spec.names[partner]]
    return np.concatenate([own, mirrored_vectors(other)])


@torch.no_grad()
def tune_shape_layer(
    layer: ShapeLayer,
    landmarks: Tensor,
    moved: Tensor,
    conditions: Tensor,
    ridge: float,
    numbers: Iterable[int] | None = None,
) -> None:
    """Solve a layer again for real faces, each number with a ridge towards what it was.

    What a face lacks is laid to the one of `numbers` that its condition asks for most.

    Args:
        layer: solved; changed in place.
        landmarks: (N, 478, 3) crop pixels.
        moved: (N, 478, 2) where they really went.
        conditions: (N, C).
        ridge: weight of the squared norm of the change, on the constant too.
        numbers: of the condition, that are solved again; None: all.
    """
    among = list(range(conditions.shape[1]) if numbers is None else numbers)
    unit = face_frame(landmarks)[1].double()
    missing = (moved - layer(landmarks, conditions).landmarks).double() / unit
    features = layer.features(landmarks).double()
    penalty = torch.eye(features.shape[1], dtype=torch.float64) * ridge
    most, place = conditions[:, among].max(1)
    for at, number in enumerate(among):
        rows = (place == at) & (most > 0)
        if not rows.any():
            continue
        x = features[rows] * most[rows, None].double()
        change = torch.linalg.solve(x.T @ x + penalty, x.T @ missing[rows].flatten(1))
        layer.weight[number, :, : 2 * N_POINTS] += change.float()


def solve(features: Tensor, wanted: Tensor, ridge: float) -> Tensor:
    """Solve Eq. 6 of RegGAN: (X^T X + ridge) W = X^T T."""
    penalty = torch.full((features.shape[1],), ridge, dtype=torch.float64)
    penalty[0] = 1e-6
    return torch.linalg.solve(features.T @ features + penalty.diag(), features.T @ wanted).float()


def both_landmarks(landmarks: np.ndarray) -> np.ndarray:
    """Return (N, 478, 3) faces and then their mirror images, (2 N, 478, 3)."""
    return np.concatenate([landmarks, _mirrored(landmarks)])


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


def mirrored_vectors(vectors: np.ndarray) -> np.ndarray:
    """Mirror (N, 498, 2) displacements."""
    order = np.concatenate([np.argsort(mirror()), N_POINTS + _MIRRORED_JAWS])
    return vectors[:, order] * np.array([-1, 1], vectors.dtype)
