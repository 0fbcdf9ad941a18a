"""Where the linear reading starts: directions in which people differ more than their pictures."""

import torch
from torch import Tensor
from torch.nn import functional as F

MOST = 20
"""Pictures of one person count as so many at most, so that no president decides what varies."""


def discriminants(
    features: Tensor,
    people: Tensor,
    dimensions: int,
    *,
    variants: int = 1,
    parts: int = 2000,
    shrink: float = 0.05,
) -> dict[str, Tensor]:
    """Fit linear discriminants on whitened principal components: Fisherfaces.

    Belhumeur et al. 1997, "Eigenfaces vs. Fisherfaces", Eq. 4 and 5. With all variance scaled
    to 1, a direction whose variance within people is w has 1 - w between them; here it is weighted
    by the root of their ratio.

    Args:
        features: (N, F) float32; changed in place.
        people: (N,) int64 numbers of people.
        dimensions: of the result.
        variants: rows that come of each picture.
        parts: principal components that are kept.
        shrink: how far variances within people are drawn to their mean, against chance.

    Returns:
        State of a linear layer: weight (dimensions, F) and bias (dimensions,). Its outputs are
        about of length 1.
    """
    parts = min(parts, len(features) - 1, features.shape[1])
    mean = features.mean(0)
    features -= mean
    variance, axes = torch.linalg.eigh(features.T @ features / len(features))
    floor = variance[-1] * 1e-6
    whiten = axes[:, -parts:] / variance[-parts:].clamp(min=floor).sqrt()
    parted = features @ whiten
    people = people.unique(return_inverse=True)[1]
    counts = torch.bincount(people)
    centres = torch.zeros(len(counts), parts).index_add_(0, people, parted) / counts[:, None]
    several = counts[people] > variants
    count = counts[people][several] / variants
    weight = (MOST / count).clamp(max=1)
    rest = (parted - centres[people])[several]
    # Means of n pictures take 1/n of what varies with them.
    rest = rest * (weight * count / (count - 1)).sqrt()[:, None]
    within, turn = torch.linalg.eigh(rest.T @ rest / weight.sum())
    within = (1 - shrink) * within + shrink * within.mean()
    within, turn = within[:dimensions].clamp(min=1e-3), turn[:, :dimensions]
    gain = ((1 - within).clamp(min=1e-3) / within).sqrt()
    weights = (whiten @ (turn * gain)).T
    length = F.linear(features[:4096], weights).norm(dim=1).mean()
    weights = weights / length
    return {"weight": weights.contiguous(), "bias": -weights @ mean}
