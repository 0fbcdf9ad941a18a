"""Where mixes of action units move a face; solved in `unit_fit`.

Muscles do not add up, so displacements are linear in products of a condition's terms
(`condition.terms_of`) and of features of the face's shape.
"""

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
from faceedit.methods.fields.shape_layer import (
    N_JAWS,
    N_POINTS,
    FaceFeatures,
    MovedFaces,
    face_frame,
)

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
