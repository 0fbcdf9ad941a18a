"""Losses between a score and people's ratings of a picture, of which they agree only so far."""

from torch import Tensor
from torch.nn import functional as F


def margin_loss(found: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return the loss of Eq. 1 of LEGAN: mean of (σ − (μ − Q)²)².

    As printed, σ is compared with the squared distance: the loss is least where |μ − Q| = √σ, on
    either side, and its gradient at Q = μ is 0.

    Args:
        found: (N,) Q's predictions.
        mean: (N,) μ, of people's ratings.
        deviation: (N,) σ, of their ratings.
    """
    return (deviation - (mean - found).square()).square().mean()


def hinge_loss(found: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return the hinge version of section 9 of LEGAN: mean of max(0, (μ − Q)² − σ)."""
    return F.relu((mean - found).square() - deviation).mean()
