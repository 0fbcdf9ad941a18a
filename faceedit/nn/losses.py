"""Losses that more than one method uses."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def hinge_discriminator_loss(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Hinge loss of discriminators at several scales: Eq. 15 of RegGAN.

    Args:
        real: logits of real images, one tensor of any shape per scale.
        fake: logits of generated images, likewise.

    Returns:
        Scalar: mean over samples and patches, sum over scales.
    """
    terms = [F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in zip(real, fake, strict=True)]
    return torch.stack(terms).sum()


def hinge_generator_loss(fake: Sequence[Tensor]) -> Tensor:
    """The generator's side of the hinge loss: Eq. 12 of RegGAN.

    Args:
        fake: logits of generated images, one tensor of any shape per scale.

    Returns:
        Scalar: mean over samples and patches, sum over scales.
    """
    return torch.stack([-f.mean() for f in fake]).sum()


def feature_distance(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of features, summed over layers: Eq. 13 and 14 of RegGAN.

    Args:
        fake: features of generated images, one tensor (N, ...) per layer.
        real: features of the targets, of the same shapes; no gradient flows into them.

    Returns:
        Scalar.
    """
    terms = [F.l1_loss(f, r.detach()) for f, r in zip(fake, real, strict=True)]
    return torch.stack(terms).sum()
