"""Semantic masks: one channel a segment, and their loss (Eq. 10 to 12)."""

import torch
from torch import Tensor

from faceedit.regions import Region

SEGMENTS = len(Region)
"""Channels of a mask. Ours tell background from clothes, and no ear rings."""
LEAST = 1e-6
"""Probability below which a segment is no less likely."""


def one_hot(chances: Tensor) -> Tensor:
    """Return (N, K, H, W) probabilities as masks with 1 for the likeliest: no gradient passes."""
    return torch.zeros_like(chances).scatter_(1, chances.argmax(1, keepdim=True), 1.0)


def mask_loss(wanted: Tensor, chances: Tensor) -> Tensor:
    """Return the cross entropy of masks: Eq. 10, 11 and 12.

    Args:
        wanted: (N, K, H, W) with 1 for the segment of each pixel, without gradient.
        chances: (N, K, H, W) probabilities of segments.
    """
    return -(wanted * chances.clamp(min=LEAST).log()).sum(1).mean()
