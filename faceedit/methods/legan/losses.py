"""Terms of LEGAN's objective: Eq. 4 and 7; the others are in `methods.pictures.losses`."""

import torch
from torch import Tensor
from torch.nn import functional as F


def identity_loss(own: Tensor, made: Tensor) -> Tensor:
    """Eq. 4: the cosine distance of (N, D) features of T, the mean over pictures."""
    return (1 - F.cosine_similarity(own.float(), made.float())).mean()


def variation_loss(pictures: Tensor) -> Tensor:
    """Return L_tv of Eq. 7: the sum of differences of neighbours, the mean over pictures.

    Its weight of 1e-7 is meant for a sum.

    Args:
        pictures: (N, C, H, W).
    """
    down, across = pictures.diff(dim=2).abs(), pictures.diff(dim=3).abs()
    return torch.stack([down.sum(), across.sum()]).sum() / len(pictures)
