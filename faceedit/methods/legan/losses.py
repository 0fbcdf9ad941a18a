"""Terms of LEGAN's objective: Eq. 3, 4 and 7; the others are in `methods.pictures.losses`."""

import torch
from torch import Tensor
from torch.nn import functional as F


def classification_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return either term of Eq. 3: -log D_cls(f | I), the mean over pictures and places.

    An expression and a light hold at once, and no light is named where it is the photo's own: each
    class is a question of its own, as StarGAN has it for attributes that go together.

    Args:
        logits: (N, K, h, w) of D_cls.
        labels: (N, K) strengths from 0; those above 1 count as 1.
    """
    wanted = labels.clamp(0, 1)[:, :, None, None].expand_as(logits)
    found = F.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none")
    return found.sum(1).mean()


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
