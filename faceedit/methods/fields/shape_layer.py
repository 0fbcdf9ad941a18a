"""Where a condition moves a face: ridge regression of displacements on the face's landmarks.

RegGAN regresses pixels on the pixels around them (its Eq. 4 to 6), which cannot move anything
further than a receptive field. Landmarks can move as far as they like, and one map from a face's
shape to its displacement serves every face; it is solved in the same closed form. What a face shows
already bends the map: a smile goes away in full, a closed mouth cannot close further. So shape is
joined by its products and by hinges (rectified random directions) in what is shown.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from faceedit.faces.topology import OUTER_EYE_CORNERS
from faceedit.ranges import check_ranges

N_POINTS = 478
N_JAWS = 20
MAX_WIDTH = 256
"""Numbers of a condition."""
PRODUCTS = 16
"""First components of shape whose products are features, too."""
SHOWN, HINGES = 6, 256
"""Dimensions of what a face shows, and hinges in it."""
MODES = 64
"""Rank of the displacements that products and hinges lead to."""
_FAR = 3.5
"""Standard deviations beyond which a face bends the map no further."""


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


class FaceFeatures(nn.Module):
    """What a face's shape says, as numbers that displacements can be linear in.

    Args:
        components: K, principal components of shape.
        products: first components whose products are features, too.
        hinges: in what a face shows.

    Attributes:
        mean: (1434,) mean shape, eyes' middle at 0, in eye distances.
        basis: (K, 1434) principal components over their standard deviations.
        jaws: (K + 1, 40) to the marks of the jaws.
        shown: (K + 1, 6) to what a face shows.
        hinges: (7, H) directions in it, and where they rise from 0.
        bent_width: B, how many products and hinges there are.
    """

    mean: Tensor
    basis: Tensor
    jaws: Tensor
    shown: Tensor
    hinges: Tensor

    def __init__(self, components: int, products: int = PRODUCTS, hinges: int = HINGES):
        super().__init__()
        check_ranges(components=(components, 1, 3 * N_POINTS))
        points, jaws = 3 * N_POINTS, 2 * N_JAWS
        self.register_buffer("mean", torch.zeros(points))
        self.register_buffer("basis", torch.zeros(components, points))
        self.register_buffer("jaws", torch.zeros(components + 1, jaws))
        self.register_buffer("shown", torch.zeros(components + 1, SHOWN))
        self.register_buffer("hinges", torch.zeros(SHOWN + 1, hinges))
        count = min(products, components)
        # No file keeps them, so they have memory even where the layer is built without.
        self._pairs = torch.triu_indices(count, count, device="cpu")
        self.bent_width = self._pairs.shape[1] + hinges

    def forward(self, landmarks: Tensor, condition: Tensor) -> MovedFaces:
        """Move faces.

        Args:
            landmarks: (N, 478, 3) crop pixels, upright.
            condition: (N, C).
        """
        raise NotImplementedError

    def features(self, landmarks: Tensor) -> Tensor:
        """Return 1 and the principal components of shape, (N, K + 1)."""
        middle, unit = face_frame(landmarks)
        shape = ((landmarks - middle) / unit).flatten(1) - self.mean.float()
        parts = shape @ self.basis.float().T
        return torch.cat([torch.ones_like(parts[:, :1]), parts], 1)

    def bent(self, features: Tensor) -> Tensor:
        """Return products and hinges of (N, K + 1) features, (N, B)."""
        parts = features[:, 1:].clamp(-_FAR, _FAR)
        first, second = self._pairs
        shown = (features @ self.shown.to(features)).clamp(-_FAR, _FAR)
        hinges = self.hinges.to(features)
        risen = torch.relu(shown @ hinges[:-1] + hinges[-1])
        return torch.cat([parts[:, first] * parts[:, second], risen], 1)

    def move(self, landmarks: Tensor, features: Tensor, moved: Tensor) -> MovedFaces:
        """Return faces whose points are displaced.

        Args:
            landmarks: (N, 478, 3) crop pixels.
            features: (N, K + 1) of them.
            moved: (N, 996) displacements in eye distances, landmarks then jaws.
        """
        middle, unit = face_frame(landmarks)
        moved = moved.view(len(landmarks), -1, 2) * unit
        jaws = (features @ self.jaws.float()).view(len(landmarks), -1, 2) * unit + middle[..., :2]
        return MovedFaces(
            landmarks[..., :2] + moved[:, :N_POINTS], jaws, jaws + moved[:, N_POINTS:]
        )


class ShapeLayer(FaceFeatures):
    """Linear in features of a face's shape; solved by `shape_fit.fit_shape_layer`.

    Args:
        components: K, principal components of shape.
        width: C, numbers of the condition.

    Attributes:
        weight: (C, K + 1, 996) to the displacement of each number, landmarks then jaws.
        bend: (C, B, 64) from products and hinges to `modes`.
        modes: (64, 996) displacements.
    """

    weight: Tensor
    bend: Tensor
    modes: Tensor

    def __init__(self, components: int, width: int):
        super().__init__(components)
        check_ranges(width=(width, 1, MAX_WIDTH))
        shape = (width, components + 1, 2 * (N_POINTS + N_JAWS))
        self.register_buffer("weight", torch.zeros(shape))
        self.register_buffer("bend", torch.zeros(width, self.bent_width, MODES))
        self.register_buffer("modes", torch.zeros(MODES, shape[-1]))

    def forward(self, landmarks: Tensor, condition: Tensor) -> MovedFaces:
        """Move faces; see `FaceFeatures.forward`."""
        features = self.features(landmarks)
        condition = condition.to(features)
        moved = torch.einsum("nb,nf,bfp->np", condition, features, self.weight.float())
        bent = torch.einsum("nb,nf,bfm->nm", condition, self.bent(features), self.bend.float())
        return self.move(landmarks, features, moved + bent @ self.modes.float())


def face_frame(landmarks: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eyes' middle (N, 1, 3) and the eye distance (N, 1, 1)."""
    left, right = (landmarks[:, i : i + 1] for i in OUTER_EYE_CORNERS)
    unit = (right - left)[..., :2].norm(dim=-1, keepdim=True)
    return (left + right) / 2, unit
