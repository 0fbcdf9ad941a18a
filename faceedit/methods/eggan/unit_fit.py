"""Solving the unit layer: ridge regression of all terms at once, from random mixes.

`fields.shape_fit` solves one number of a condition after the other, each from faces that move by it
alone, which tells nothing of what two muscles do together.
"""

import numpy as np
import torch
from torch import Tensor

from faceedit.methods.eggan.condition import N_TERMS, SPEC, terms_of
from faceedit.methods.eggan.unit_layer import MODES, UnitLayer, face_gaps
from faceedit.methods.fields.shape_fit import both_landmarks, fit_features, mirrored_vectors
from faceedit.studio.unit_shapes import UnitShapes
from faceedit.targets import MAX_INTENSITY

_RISEN, _FALLEN = slice(SPEC.width), slice(SPEC.width, 2 * SPEC.width)
_FALL_RIDGE = 100.0
"""How much more a fall costs that is not a rise undone: photos are calm, and what one shows falls
together, which tells little of each unit."""


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
    # A fall is solved for as a rise undone and a difference from that.
    terms[:, _RISEN] -= terms[:, _FALLEN]
    moved = shapes.moved.astype(np.float32)
    both = torch.from_numpy(np.concatenate([moved, mirrored_vectors(moved)]))
    wanted = (both / unit[faces]).flatten(1)
    matrix, right = _normal_equations(terms, features[faces], wanted)
    penalty = torch.full((features.shape[1],), ridge, dtype=torch.float64)
    penalty[0] = 1e-2
    penalties = penalty.repeat(N_TERMS, 1)
    penalties[_FALLEN] *= _FALL_RIDGE
    matrix.diagonal().add_(penalties.flatten())
    solved = torch.cholesky_solve(right, torch.linalg.cholesky(matrix)).float()
    weight = solved.view(N_TERMS, features.shape[1], -1)
    weight[_FALLEN] -= weight[_RISEN]
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
