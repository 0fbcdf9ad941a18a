"""The operators by which the attention mesh looks closer at lips and eyes.

A region is a 2×3 matrix that maps the grid of a part (``size`` cells a side, cell centres at .5)
to the feature map it is sampled from. Written from the description of MediaPipe's own operators
(Grishchenko et al. 2020, "Attention Mesh"), in torch so that gradients pass.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def region(
    landmarks: Tensor,
    *,
    points: Sequence[int],
    left: int,
    right: int,
    margin: float,
    size: int,
    scale: float,
) -> Tensor:
    """The turned box round some landmarks.

    Args:
        landmarks: (N, 468, 3) in pixels of the network's input.
        points: the landmarks that the box holds.
        left: landmark from which the part's horizontal runs.
        right: landmark to which it runs.
        margin: the box is this many times larger than the points' own.
        size: cells a side of the part's grid.
        scale: side of the feature map over side of the input.

    Returns:
        (N, 2, 3) T(centre)·R·S(margin·extent/size)·T(−size/2).
    """
    xy = landmarks[..., :2] * scale
    along = xy[:, right] - xy[:, left]
    cos, sin = functional.normalize(along, dim=1).unbind(1)
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    level = xy[:, list(points)] @ turn
    low, high = level.amin(1), level.amax(1)
    matrix = turn * (margin * (high - low) / size).unsqueeze(1)
    centre = turn @ ((low + high) / 2).unsqueeze(2)
    shift = centre - matrix.sum(2, keepdim=True) * (size / 2)
    return torch.cat([matrix, shift], 2)


def sample(features: Tensor, matrix: Tensor, *, size: int) -> Tensor:
    """Read a region out of a feature map, bilinearly; zero outside the map.

    Args:
        features: (N, C, H, W).
        matrix: (N, 2, 3) from `region`.
        size: cells a side.

    Returns:
        (N, C, size, size).
    """
    height, width = features.shape[-2:]
    centres = torch.arange(size, device=matrix.device, dtype=matrix.dtype) + 0.5
    rows, columns = torch.meshgrid(centres, centres, indexing="ij")
    grid = torch.stack([columns, rows, torch.ones_like(rows)], -1)
    at = torch.einsum("nij,hwj->nhwi", matrix, grid) - 0.5
    last = torch.tensor([width - 1, height - 1], device=at.device, dtype=at.dtype)
    inside = ((at >= 0) & (at <= last)).all(-1).unsqueeze(1)
    out = functional.grid_sample(
        features, at * (2 / last) - 1, mode="bilinear", padding_mode="zeros", align_corners=True
    )
    return out * inside


def to_mesh(points: Tensor, matrix: Tensor, *, scale: float) -> Tensor:
    """Map a part's points back to the network's input.

    Args:
        points: (N, K, 2) in the part's grid times ``scale``.
        matrix: (N, 2, 3) from `region`.
        scale: side of the input over side of the feature map.

    Returns:
        (N, K, 2) in pixels of the network's input.
    """
    return points @ matrix[:, :, :2].transpose(1, 2) + scale * matrix[:, None, :, 2]
