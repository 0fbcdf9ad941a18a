"""Where mixes of action units move a face: ridge regression on its shape, solved at once.

`fields.shape_layer` solves one number of a condition after the other, each from faces that move by
it alone. Muscles do not add up, so here all terms of a condition (`condition.terms_of`) are solved
together, from random mixes: the features are products of a term and of what a face's shape says.
"""

import numpy as np
import torch
from torch import Tensor

from faceedit.faces.topology import (
    LOWER_INNER_LIP,
    LOWER_LIDS,
    N_SURFACE,
    UPPER_INNER_LIP,
    UPPER_LIDS,
)
from faceedit.methods.eggan.condition import N_TERMS, SPEC, terms_of
from faceedit.methods.fields.shape_fit import both_landmarks, fit_features, mirrored_vectors
from faceedit.methods.fields.shape_layer import (
    N_JAWS,
    N_POINTS,
    FaceFeatures,
    MovedFaces,
    face_frame,
)
from faceedit.studio.unit_shapes import UnitShapes
from faceedit.targets import MAX_INTENSITY

MODES = 64
"""Rank of the displacements."""
PRODUCTS, HINGES = 8, 32
"""Of the features; fewer than of the shape layer, as they count once for every term."""
_FAR = 3.5
"""Standard deviations beyond which an opening counts no further."""


class UnitLayer(FaceFeatures):
    """Linear in products of a condition's terms and features of a face's shape.

    Args:
        components: K, principal components of shape.

    Attributes:
        gaps: (2, 3) mean and deviation of `face_gaps`.
        weight: (118, 1 + K + B + 6, 64) to `modes`.
        modes: (64, 996) displacements in eye distances, landmarks then jaws.
    """

    gaps: Tensor
    weight: Tensor
    modes: Tensor

    def __init__(self, components: int):
        super().__init__(components, PRODUCTS, HINGES)
        features = 1 + components + self.bent_width + 6
        self.register_buffer("gaps", torch.tensor([[0.0] * 3, [1.0] * 3]))
        self.register_buffer("weight", torch.zeros(N_TERMS, features, MODES))
        self.register_buffer("modes", torch.zeros(MODES, 2 * (N_POINTS + N_JAWS)))

    def forward(self, landmarks: Tensor, condition: Tensor) -> MovedFaces:
        """Move faces; see `FaceFeatures.forward`."""
        features = self.features(landmarks)
        whole = torch.cat([features, self.bent(features), self.open_features(landmarks)], 1)
        terms = terms_of(condition.to(features))
        moved = torch.einsum("nt,nf,tfm->nm", terms, whole, self.weight.float())
        return self.move(landmarks, features, moved @ self.modes.float())

    def open_features(self, landmarks: Tensor) -> Tensor:
        """Return how far eyes and mouth are open, and its squares, (N, 6).

        A lid closes by as much as it was open, which hardly shows in components of whole shapes.
        """
        gaps = (face_gaps(landmarks) - self.gaps[0]) / self.gaps[1]
        gaps = gaps.clamp(-_FAR, _FAR)
        return torch.cat([gaps, gaps.square()], 1)

    def acting(self) -> Tensor:
        """Return how far each number of the condition moves the mean face, (34, 468), 0 to 1.

        It is what the paper's reader would draw as the map of a muscle: the displacement of every
        point of the mesh over that of the one which moves furthest.
        """
        condition = torch.eye(SPEC.width)
        moved = terms_of(condition) @ self.weight[:, 0].float() @ self.modes.float()
        length = moved.view(SPEC.width, -1, 2)[:, :N_SURFACE].norm(dim=2)
        return length / length.amax(1, keepdim=True).clamp(min=1e-6)


def face_gaps(landmarks: Tensor) -> Tensor:
    """Return how far right eye, left eye and lips are open in the mean, (N, 3) eye distances.

    Args:
        landmarks: (N, 478, 2 or 3) in pixels of upright faces.
    """
    unit = face_frame(landmarks)[1][:, 0]
    between = [
        (landmarks[:, list(low[1:-1]), 1] - landmarks[:, list(high[1:-1]), 1]).mean(1, keepdim=True)
        for high, low in (
            *zip(UPPER_LIDS, LOWER_LIDS, strict=True),
            (UPPER_INNER_LIP, LOWER_INNER_LIP),
        )
    ]
    return torch.cat(between, 1) / unit


@torch.no_grad()
def fit_unit_layer(shapes: UnitShapes, components: int, ridge: float) -> UnitLayer:
    """Solve the layer on faces and their mirror images (Eq. 6 of RegGAN on landmarks).

    Args:
        shapes: of training people.
        components: of shape.
        ridge: weight of the squared norm of what is solved for, against the sum over mixes, with
            lengths in eye distances; hardly any on the mean face's own displacements.

    Raises:
        UsageError: there are too few faces.
    """
    layer = UnitLayer(components)
    neutral = shapes.neutral.astype(np.float32)
    features, unit = fit_features(layer, shapes.landmarks, shapes.jaws, [neutral], ridge)
    seen = torch.from_numpy(both_landmarks(shapes.landmarks))
    gaps = face_gaps(seen)
    layer.gaps.copy_(torch.stack([gaps.mean(0), gaps.std(0) + 1e-4]))
    features = torch.cat([features, layer.open_features(seen).double()], 1)
    faces = torch.from_numpy(np.concatenate([shapes.face, shapes.face + len(shapes.landmarks)]))
    changes = torch.from_numpy(shapes.changes / MAX_INTENSITY)
    terms = terms_of(torch.cat([changes, changes.flip(1)]).flatten(1)).double()
    moved = shapes.moved.astype(np.float32)
    both = torch.from_numpy(np.concatenate([moved, mirrored_vectors(moved)]))
    wanted = (both / unit[faces]).flatten(1)
    matrix, right = _normal_equations(terms, features[faces], wanted)
    penalty = torch.full((features.shape[1],), ridge, dtype=torch.float64)
    penalty[0] = 1e-2
    matrix.diagonal().add_(penalty.repeat(N_TERMS))
    solved = torch.cholesky_solve(right, torch.linalg.cholesky(matrix)).float()
    modes = torch.linalg.eigh(solved.T @ solved).eigenvectors[:, -MODES:].flip(1).T
    layer.modes.copy_(modes)
    layer.weight.copy_((solved @ modes.T).view(N_TERMS, -1, MODES))
    return layer


def _normal_equations(terms: Tensor, features: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Return X^T X (T F, T F) and X^T T (T F, P) of rows x = term ⊗ feature, block by block.

    A mix has few terms, so that most products of two terms are nothing nearly everywhere.

    Args:
        terms: (M, T) float64.
        features: (M, F) float64.
        wanted: (M, P) float32.
    """
    count, width = terms.shape[1], features.shape[1]
    matrix = torch.zeros(count, width, count, width, dtype=torch.float64)
    right = torch.zeros(count, width, wanted.shape[1], dtype=torch.float64)
    for one in range(count):
        rows = terms[:, one].nonzero()[:, 0]
        if not len(rows):
            continue
        own, scaled = terms[rows], features[rows] * terms[rows, one, None]
        right[one] = scaled.T @ wanted[rows].double()
        for other in range(one, count):
            both = own[:, other].nonzero()[:, 0]
            if len(both):
                block = scaled[both].T @ (features[rows[both]] * own[both, other, None])
                matrix[one, :, other] = block
                matrix[other, :, one] = block.T
    side = count * width
    return matrix.view(side, side), right.view(side, -1)
