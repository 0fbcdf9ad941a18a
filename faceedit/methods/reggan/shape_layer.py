"""Where an expression moves a face: the expression layer's ridge regression on its landmarks.

The paper regresses pixels on the pixels around them (Eq. 4 to 6), which cannot move anything
further than a receptive field. Landmarks can move as far as they like, and one linear map from a
face's shape to its displacement serves every face; it is solved in the same closed form.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from faceedit.faces.topology import OUTER_EYE_CORNERS
from faceedit.targets import EXPRESSIONS

N_POINTS = 478
N_JAWS = 20
BLOCKS = ("calm", *EXPRESSIONS)
"""What is regressed: how points move where the face's own expression goes, and to each target at
strength 1 (neutral in full, the others beyond calm)."""
ONE_SIDED = ("contemptuous",)
"""Expressions that are not the same in a mirror."""


@dataclass(frozen=True)
class MovedFaces:
    """What a `ShapeLayer` says of N faces, in crop pixels.

    Attributes:
        landmarks: (N, 478, 2) after the edit.
        jaws: (N, 20, 2) marks of the jaws before.
        jaws_moved: (N, 20, 2) after.
    """

    landmarks: Tensor
    jaws: Tensor
    jaws_moved: Tensor


class ShapeLayer(nn.Module):
    """Linear in a face's principal components of shape; solved by `shape_fit.fit_shape_layer`.

    Attributes:
        mean: (1434,) mean shape, eyes' middle at 0, in eye distances.
        basis: (K, 1434) principal components over their standard deviations.
        jaws: (K + 1, 40) to the marks of the jaws.
        weight: (9, K + 1, 996) to the displacement of each of `BLOCKS`, landmarks then jaws.
    """

    mean: Tensor
    basis: Tensor
    jaws: Tensor
    weight: Tensor

    def __init__(self, components: int):
        super().__init__()
        points, jaws = 3 * N_POINTS, 2 * N_JAWS
        self.register_buffer("mean", torch.zeros(points))
        self.register_buffer("basis", torch.zeros(components, points))
        self.register_buffer("jaws", torch.zeros(components + 1, jaws))
        shape = (len(BLOCKS), components + 1, 2 * N_POINTS + jaws)
        self.register_buffer("weight", torch.zeros(shape))

    def forward(self, landmarks: Tensor, shares: Tensor) -> MovedFaces:
        """Move faces.

        Args:
            landmarks: (N, 478, 3) crop pixels, upright.
            shares: (N, 9) of `BLOCKS`, see `block_shares`.
        """
        middle, unit = face_frame(landmarks)
        features = self.features(landmarks)
        moved = torch.einsum("nb,nf,bfp->np", shares.to(features), features, self.weight.float())
        moved = moved.view(len(landmarks), -1, 2) * unit
        jaws = (features @ self.jaws.float()).view(len(landmarks), -1, 2) * unit + middle[..., :2]
        return MovedFaces(
            landmarks[..., :2] + moved[:, :N_POINTS], jaws, jaws + moved[:, N_POINTS:]
        )

    def features(self, landmarks: Tensor) -> Tensor:
        """Return 1 and the principal components of shape, (N, K + 1)."""
        middle, unit = face_frame(landmarks)
        shape = ((landmarks - middle) / unit).flatten(1) - self.mean.float()
        parts = shape @ self.basis.float().T
        return torch.cat([torch.ones_like(parts[:, :1]), parts], 1)


def block_shares(strengths: Tensor) -> Tensor:
    """Return how much of each of `BLOCKS` is asked for, (N, 9), by (N, 8) strengths from 0.

    A face's own expression goes as far as the strengths together reach 1, whichever come instead.
    """
    gone = strengths.sum(1).clamp(max=1.0)
    return torch.cat([(gone - strengths[:, 0]).clamp(min=0)[:, None], strengths], 1)


def face_frame(landmarks: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eyes' middle (N, 1, 3) and the eye distance (N, 1, 1)."""
    left, right = (landmarks[:, i : i + 1] for i in OUTER_EYE_CORNERS)
    unit = (right - left)[..., :2].norm(dim=-1, keepdim=True)
    return (left + right) / 2, unit
