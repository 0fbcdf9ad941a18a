"""Losses that pull a person's pictures together and push people apart."""

import torch
from torch import Tensor
from torch.nn import functional as F

OUT_OF_SIGHT = -1e4
"""Logit of what must not be chosen."""


def margin_softmax(
    vectors: Tensor, centres: Tensor, people: Tensor, scale: float, margin: float
) -> Tensor:
    """Cross entropy over cosines with a margin: CosFace (Wang et al. 2018), Eq. 4.

        L = −log  exp(s (cos θ_y − m)) / (exp(s (cos θ_y − m)) + Σ_{j≠y} exp(s cos θ_j))

    A picture must be nearer to its own person's centre than to any other's by m.

    Args:
        vectors: (N, D) of length 1.
        centres: (P, D) of any length, one for each person.
        people: (N,) int64 numbers of the right centres.
        scale: s.
        margin: m.
    """
    cosines = vectors @ F.normalize(centres, dim=1).T
    away = torch.zeros_like(cosines).scatter_(1, people[:, None], margin)
    return F.cross_entropy(scale * (cosines - away), people)


def contrast(vectors: Tensor, people: Tensor, scale: float) -> Tensor:
    """Supervised contrastive loss inside a batch (Khosla et al. 2020), Eq. 2.

        L = mean_i −1/|P(i)| Σ_{p∈P(i)} log  exp(s z_i·z_p) / Σ_{a≠i} exp(s z_i·z_a)

    P(i) are the other pictures of i's person; s is 1/τ.

    Args:
        vectors: (N, D) of length 1.
        people: (N,) int64.
        scale: s.

    Returns:
        The mean over the pictures with others of their person in the batch; 0 if there are none.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    chances = (scale * vectors @ vectors.T).masked_fill(itself, OUT_OF_SIGHT).log_softmax(1)
    friends = ((people[:, None] == people) & ~itself).to(chances.dtype)
    count = friends.sum(1)
    losses = -(chances * friends).sum(1) / count.clamp(min=1)
    return losses.sum() / (count > 0).sum().clamp(min=1)
